/* The pool as a stream of kind "forest": a row a tree, `label` i32 (-1: over all classes), `points`
 * f32 [n, dimension] in the tree's order, `ids` i64 [n] and, where label is -1, `labels` i32 [n];
 * meta `dimension`, `trees`, `images`. */
#ifndef ROWS_FOREST_H
#define ROWS_FOREST_H
#include "select/forest.h"
#include "stream/stage.h"

/* From a table of kind "latents", at least one row; `single`: one tree over all classes. */
int forest_plant(struct forest *f, const struct table *latents, bool single, struct error *e);
/* Reads path and notes it in *inputs. An error names the row; f is to be freed in any case. */
int forest_read(struct forest *f, const struct call *c, const char *path, struct value **inputs,
                struct error *e);
/* Writes the call's output, which keeps the meta and the history of the latents. */
int forest_write(const struct forest *f, const struct call *c, const struct header *latents,
                 struct error *e);

#endif
