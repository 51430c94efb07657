/* Stages that write a row for every row they read: what such a stage does not know, be it meta,
 * history or a field, passes on. Its `own` fields (names, NULL-terminated) do not: those that it
 * takes out and those that it puts in. */
#ifndef ROWS_FOLLOW_H
#define ROWS_FOLLOW_H
#include "stream/stage.h"

/* Initialises h as a header of this kind with from's meta and history, and no fields yet. Free h
 * whatever is returned. */
int follow_header(struct header *h, const char *kind, const struct header *from, struct error *e);
/* The same with from's fields but its own, the others to be added. */
int follow_fields(struct header *h, const char *kind, const struct header *from,
                  const char *const *own, struct error *e);
bool follow_passes(const char *name, const char *const *own); /* whether a field is not own */
/* The same of a table. A row then begins with follow_cells(), which returns how many cells they
 * are. */
int follow_table(struct header *h, const char *kind, const struct table *t, const char *const *own,
                 struct error *e);
int follow_cells(const struct table *t, const char *const *own, size_t row, struct cell *cells);

/* ---- a whole stage, from the call's operand to its output, one field put in, by the batch ---- */

struct follow {
    const struct call *call;
    const char *const *own;
    int64_t batch;
    struct stream_reader *from;
    struct stream_writer *to;
    struct table table; /* the rows at hand; none at the end */
    struct cell *cell;  /* of the row being written */
};

/* Opens the operand, or standard input, of that kind and reads the first `batch` rows (-1: all). */
int follow_open(struct follow *f, const struct call *c, const char *kind, const char *const *own,
                int64_t batch, struct error *e);
/* Creates the output by a header of follow_table() and the field put in, its last. */
int follow_create(struct follow *f, const struct header *h, const struct value *inputs,
                  struct error *e);
/* Numbers of row `row` of those at hand, to be read or written: an error where one is not finite.
 */
int follow_check(const struct follow *f, size_t row, const char *what, const float *x, size_t count,
                 struct error *e);
/* Writes what follows row `row` of those at hand. */
int follow_write(struct follow *f, size_t row, struct cell put_in, struct error *e);
/* Says before the message which rows are at hand; returns -1. */
int follow_blame(const struct follow *f, struct error *e);
/* Commits the output. */
int follow_commit(struct follow *f, struct error *e);
/* Hands all rows, a batch at a time, to `convert`, which writes what follows them or says what is
 * wrong; then commits. */
int follow_all(struct follow *f, int (*convert)(struct follow *f, void *context, struct error *e),
               void *context, struct error *e);
void follow_close(struct follow *f);

#endif
