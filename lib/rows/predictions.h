/* Predictions, read into their metrics. A classifier's: a stream of kind "predictions", a row an
 * image: `label` i32, `scores` f32 [classes], with meta `classes` (names) and `scores` ("logits" or
 * "probabilities"); or the table as text of measure/tsv.h. Of networks that tell the class of every
 * pixel: `target` and `prediction`, u8 [height, width], with meta `classes`. And metrics as a
 * stream of kind "results", a row a number: `metric` str, `value` f64. */
#ifndef ROWS_PREDICTIONS_H
#define ROWS_PREDICTIONS_H
#include "measure/classification.h"
#include "measure/segmentation.h"
#include "measure/tsv.h"
#include "stream/stage.h"

struct predictions {
    struct classification metrics;
    struct segmentation pixels; /* in its place where there are classes of pixels */
    bool dense;                 /* are there? */
    struct header header;       /* of the stream; of a table, an empty one */
    struct tsv table;
    const char **name; /* [classes], into header or table; NULL where there are none */
};

/* Reads path ("-": standard input), at least one row, whichever of the two it is. `scores` says
 * what they are where it is not NULL, else the stream does, else they are logits. An error names
 * the row; free p whatever is returned. */
int predictions_read(struct predictions *p, const struct call *c, const char *path,
                     const char *scores, struct error *e);
void predictions_free(struct predictions *p);

/* Writes every number of the report's first level to the call's output, which keeps the meta and
 * the history of the predictions. */
int results_write(const struct value *report, const struct call *c,
                  const struct header *predictions, struct error *e);

#endif
