/* Where results came from, and whether they come out again: the streams of a run, known by their
 * digests, and the commands in their histories. A history is as hostile as any other input: only
 * programs that write a stream are run, what they would write lands in a scratch folder, and a file
 * that a command read is found by its digest, wherever it lies now. */
#ifndef ROWS_PROVENANCE_H
#define ROWS_PROVENANCE_H
#include "stream/stream.h"

struct found_stream {
    char *path;
    struct header header;
    int64_t rows;
    char digest[17];
    struct error damage; /* text "": the stream is whole */
};

/* A state that a later one took the place of: an array of {digest, history} in the later one's
 * history tells how it was made, up to and with the member `at`. */
struct past {
    const struct value *states;
    size_t at;
};

struct provenance {
    struct found_stream *stream; /* in the order of their paths */
    size_t streams, capacity;
    struct past *past;
    size_t pasts, past_capacity;
    struct value *past_of; /* by digest: which of past */
    struct stream_limits limits;
    char replayed[17]; /* digest of the state that was made again last, in the scratch folder */
};

/* Reads the file, or every stream in the folder and below it; other files are passed by. */
int provenance_add(struct provenance *p, const char *path, struct error *e);
void provenance_free(struct provenance *p);
/* Whether a file whose digest is another than it was has changed: it is there, and is no stream, which
 * may be the one that was read under another name, and whose digest is not that of its bytes. */
bool provenance_changed(const char *path);
/* The whole stream of this digest, or NULL. */
const struct found_stream *provenance_find(const struct provenance *p, const char *digest);
/* How the state of this digest was made, or NULL. */
const struct past *provenance_past(const struct provenance *p, const char *digest);

/* What is known of a stream: file, kind, rows, digest, and steps: [{command, version, inputs:
 * [{name, digest, file (nil where none is here)}]}]; or file and damage. NULL where memory is
 * out or such a file cannot be read. */
struct value *provenance_value(const struct provenance *p, const struct found_stream *of,
                               struct error *e);
void provenance_print(const struct value *stream, FILE *to);

/* Runs the commands again with the programs in the folder `programs`, in a scratch folder that is
 * nobody else's and the same for all streams of p, and compares rows, fields and meta (but for
 * `seconds`, and for digests, which cover histories). A state that a search went on from, and that
 * is not here any more, is made again first, from the last such if that came before it. Unless it
 * is the same, e tells why; impossible: something that a command read is not here. */
enum rerun { RERUN_SAME, RERUN_DIFFERS, RERUN_FAILED, RERUN_IMPOSSIBLE };
enum rerun provenance_rerun(struct provenance *p, const struct found_stream *of, const char *programs,
                            const char *scratch, struct error *e);
const char *rerun_name(enum rerun r); /* "the same", ... */
#endif
