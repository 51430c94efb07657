/* The tensor stream: what every program reads and writes (format: man 5 winnow-stream).
 *
 *     header  row  row ...  trailer        and, after a trailer, another header of the same kind
 *
 * A reader hands out rows as views into its own buffer, valid until the next row is read; a writer
 * packs into one large buffer. All input is taken to be hostile: rank, extents, their product and
 * every length are checked before anything is allocated, and a truncated or altered stream is an
 * error that names the row it happened after. */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/value.h"
#include "base/file.h"

enum { STREAM_MAX_RANK = 8 };

enum element { /* element types and, in a tensor's first byte, their codes */
               ELEMENT_U8 = 0,
               ELEMENT_I32 = 1,
               ELEMENT_I64 = 2,
               ELEMENT_F32 = 3,
               ELEMENT_F64 = 4,
               ELEMENT_STR = 5, /* scalars only */
               ELEMENT_ANY = 6, /* in a header only: each tensor says its own */
};
size_t element_size(enum element e);      /* 0 for STR and ANY */
const char *element_name(enum element e); /* "u8", ... */

/* One column. rank 0 is a scalar; an extent of -1 is free; rank -1 is a tensor of any
 * rank (0 too: one element, handed out as data). */
struct field {
    char *name;
    enum element element;
    int rank;
    int64_t extent[STREAM_MAX_RANK];
};

struct header {
    char *kind; /* "samples", "latents", ... */
    struct field *field;
    int fields;
    struct value *meta;    /* a map */
    struct value *history; /* an array of maps, oldest first */
};

/* One cell of a row. */
struct cell {
    enum element element;
    int rank;
    uint32_t extent[STREAM_MAX_RANK];
    size_t count; /* elements: the product of the extents; 1 for a scalar; bytes of a text */
    union {
        int64_t integer;  /* scalar u8, i32, i64 */
        double real;      /* scalar f32, f64 */
        const void *data; /* tensor elements, aligned for their type, or the text, NUL-terminated */
    };
};

/* ---- headers ---- */
int header_init(struct header *h, const char *kind, struct error *e);
/* Adds a column; `extent` has `rank` members (NULL for rank 0 and -1). Returns its index or -1. */
int header_add_field(struct header *h, const char *name, enum element element, int rank,
                     const int64_t *extent, struct error *e);
bool field_equal(const struct field *a, const struct field *b); /* name, type and extents */
int header_find(const struct header *h, const char *name); /* column index, or -1 */
/* The column, which must exist with that element type and rank, or -1 with a message that says
 * what was expected and what was found. rank -1 and ELEMENT_ANY accept whatever is there. */
int header_require(const struct header *h, const char *name, enum element element, int rank,
                   struct error *e);
/* Fails unless the kind is one of the words in `kinds` (parted by '|'). */
int header_require_kind(const struct header *h, const char *kinds, struct error *e);
int header_copy(struct header *to, const struct header *from, struct error *e);
void header_free(struct header *h);

/* ---- reading ---- */
struct stream_reader;
struct stream_limits {
    size_t most_tensor_bytes; /* 0: 1 GiB */
};

/* Opens path ("-" or NULL: standard input) and reads the header. The reader owns what it returns.
 * NULL with the error set, which names the path. */
struct stream_reader *stream_open(const char *path, const struct stream_limits *limits,
                                  struct error *e);
/* The same where path was opened as fd already and its first `size` bytes (at most 64) were read
 * from it, to tell a stream from another format. The reader closes fd. */
struct stream_reader *stream_open_after(const char *path, int fd, const void *head, size_t size,
                                        const struct stream_limits *limits, struct error *e);
const struct header *stream_header(const struct stream_reader *r);
const char *stream_path(const struct stream_reader *r); /* for messages: "standard input" */
/* 1 and *row filled (one cell a field, valid until the next call), 0 at a proper end, -1 on error.
 */
int stream_read(struct stream_reader *r, const struct cell **row, struct error *e);
int64_t stream_rows(const struct stream_reader *r); /* rows read so far */
/* After the end, for histories, 16 hexadecimal digits: the digest in the trailer; of a stream of
 * several parts, the XXH3-64 of all their digests one after the other. */
const char *stream_digest(const struct stream_reader *r);
void stream_close(struct stream_reader *r); /* NULL is fine */
/* The raw MessagePack bytes of the row last read, so that a stage that passes rows on unchanged
 * can hand them to stream_write_raw. */
const void *stream_raw_row(const struct stream_reader *r, size_t *size);

/* ---- writing ---- */
struct stream_writer;

/* Writes to output path (NULL or "-": standard output; refuses a terminal). The header is copied
 * and sent with the first row or the commit, so meta may still be changed through
 * stream_writer_header until then. */
struct stream_writer *stream_create(const char *path, const struct header *h, struct error *e);
struct header *stream_writer_header(struct stream_writer *w);
/* What is written comes of r's rows; r must live until the commit. The header goes out before r has
 * come to its last part: what the histories of later ones tell beside is then told by a last part
 * without rows. */
void stream_follow(struct stream_writer *w, const struct stream_reader *r);
/* One cell a field, in the header's order; types, ranks and extents are checked. */
int stream_write(struct stream_writer *w, const struct cell *row, struct error *e);
int stream_write_raw(struct stream_writer *w, const void *bytes, size_t size, struct error *e);
/* Trailer, flush, and for a file: sync and rename. Frees the writer whatever happens. */
int stream_commit(struct stream_writer *w, struct error *e);
/* No trailer; a file does not appear. NULL is fine. */
void stream_abandon(struct stream_writer *w);

/* Cells for writing; data are not copied until stream_write. */
struct cell cell_int(enum element element, int64_t integer);
struct cell cell_real(enum element element, double real);
struct cell cell_scalar(enum element element, const void *data); /* one number, aligned */
struct cell cell_text(const char *text);
struct cell cell_tensor(enum element element, int rank, const uint32_t *extent, const void *data);

/* ---- history ---- */
/* Appends this program's entry {program, version, arguments, seed, inputs} to h->history.
 * `arguments` is an array value (copied). `inputs`, an array of {name, digest} maps for every other
 * stream read, may be NULL. */
int history_add(struct header *h, const char *program, const struct value *arguments, uint64_t seed,
                const struct value *inputs, struct error *e);

#endif
