/* MessagePack below the stream (within stream): checked tokens, the extent of an untrusted object,
 * and value trees to and from msgpack-c. */
#ifndef STREAM_CODEC_H
#define STREAM_CODEC_H
#include <msgpack.h>
#include "stream/stream.h"

enum {
    HEADER_MOST_BYTES = 16 << 20, /* of a packed header or trailer */
    HEADER_MOST_VALUES = 1 << 20, /* in it, at all levels */
    HEADER_MOST_LEVELS = 30,      /* msgpack-c's own stack holds 32 */
    HEADER_MOST_MEMBERS = 1024,   /* of a map */
    HEADER_MOST_FIELDS = 1024,
    HEADER_MOST_HISTORY = 10000,
    TENSOR_EXTENSION = 1,
    TENSOR_MOST_HEAD = 4 + 4 * STREAM_MAX_RANK, /* bytes before the elements */
};
#define HEADER_MAGIC_KEY "tensor-stream"

enum token_type {
    TOKEN_NIL,
    TOKEN_BOOL,
    TOKEN_INT,
    TOKEN_REAL,
    TOKEN_TEXT,
    TOKEN_BINARY,
    TOKEN_ARRAY,
    TOKEN_MAP,
    TOKEN_EXTENSION
};

struct token {
    enum token_type type;
    union {
        int64_t integer;
        double real;
    };
    bool large;       /* an integer above INT64_MAX */
    int extension;    /* type of a TOKEN_EXTENSION */
    size_t head;      /* bytes of the token itself */
    size_t length;    /* bytes after the head: texts, binaries, extensions */
    uint32_t members; /* arrays and maps */
};

/* The token at `at`: 1, 0 where `size` bytes are too few for its head, -1 where it is none. */
int token_read(const uint8_t *at, size_t size, struct token *t);
const char *token_name(const struct token *t);

/* Finds the end of one object, which may arrive in pieces: reset to {0}, call with the object's
 * first byte and all the bytes there are. Nothing is allocated. */
struct walk {
    size_t at; /* bytes found good so far; at last the object's size */
    size_t values;
    int levels;
    uint64_t left[HEADER_MOST_LEVELS]; /* values still to come at each level */
};
/* 1: whole; 0: more bytes are needed; -1: refused, with the error set. */
int walk_object(struct walk *w, const uint8_t *bytes, size_t size, struct error *e);

/* Bytes that walk_object has found whole. Numbers, texts, arrays and maps of text keys only. */
struct value *value_unpack(const uint8_t *bytes, size_t size, struct error *e);
/* -1 where v is nested too deep for a reader to take. */
int value_pack(msgpack_packer *to, const struct value *v, int levels);
void text_pack(msgpack_packer *to, const char *text);

/* The header as a map, and back. */
int header_pack(const struct header *h, msgpack_sbuffer *to, struct error *e);
int header_unpack(struct header *h, const uint8_t *bytes, size_t size, struct error *e);
/* Fails unless b's kind and fields are a's, and of meta classes, void and scores; then joins the
 * histories. */
int header_join(struct header *a, const struct header *b, struct error *e);
/* a's history becomes that of both, each entry once: b's, where that holds all of a's, else what b's
 * has beside it comes behind. */
int history_join(struct header *a, const struct header *b, struct error *e);
bool history_has(const struct value *history, const struct value *entry);
/* "image u8 [28,28,?]" */
void field_text(const struct field *f, char *text, size_t size);

#endif
