/* What every filter does with its streams, once: the call's limits on the way in, the call's entry
 * in the history on the way out. */
#ifndef STREAM_STAGE_H
#define STREAM_STAGE_H
#include "base/program.h"
#include "stream/table.h"

struct stream_limits stage_limits(const struct call *c);

/* stream_open and table_read under the call's limits. */
struct stream_reader *stage_open(const struct call *c, const char *path, struct error *e);
int stage_table(const struct call *c, struct table *t, const char *path, struct error *e);

/* Notes in *inputs (an array value, made on first use; the caller frees it) that the call read the
 * stream `name` with this digest, for the history of what it writes. */
int stage_note_input(struct value **inputs, const char *name, const char *digest, struct error *e);
/* The same of a regular file that is no stream, by its bytes; of anything else nothing. */
int stage_note_file(struct value **inputs, const char *path, struct error *e);

/* Creates the call's output: `h` with this call's history entry added, or with no history at all
 * under --no-history. inputs may be NULL. */
struct stream_writer *stage_create(const struct call *c, const struct header *h,
                                   const struct value *inputs, struct error *e);
/* The same to a path of its own (a program with two outputs). */
struct stream_writer *stage_create_at(const struct call *c, const char *path,
                                      const struct header *h, const struct value *inputs,
                                      struct error *e);
/* Adds a member to the call's own entry in the history of what it writes, where there is one;
 * before the first row. The value is copied. */
int stage_note(const struct call *c, struct stream_writer *w, const char *key,
               const struct value *what, struct error *e);
#endif
