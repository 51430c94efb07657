/* Predictions, read into their metrics. A classifier's: a stream of kind "predictions", a row an
 * image: `label` i32, `scores` f32 [classes], with meta `classes` (names) and `scores` ("logits" or
 * "probabilities"); or the table as text of measure/tsv.h. Of networks that tell the class of every
 * pixel: `target` and `prediction`, u8 [height, width], with meta `classes`. Of those that tell how
 * far away it is: `depth` and `prediction`, f32 [height, width]. And metrics as a stream of kind
 * "results", a row a number: `metric` str, `value` f64. */
#ifndef ROWS_PREDICTIONS_H
#define ROWS_PREDICTIONS_H
#include "measure/classification.h"
#include "measure/depth.h"
#include "measure/segmentation.h"
#include "measure/tsv.h"
#include "stream/stage.h"

struct predictions {
    enum { PREDICTED_CLASS, PREDICTED_PIXELS, PREDICTED_DEPTH } what;
    struct classification metrics; /* the first of the three that goes with it */
    struct segmentation pixels;
    struct depth_error depth;
    struct header header; /* of the stream; of a table, an empty one */
    struct tsv table;
    const char **name; /* [classes], into header or table; NULL where there are none */
};

/* Reads path ("-": standard input), at least one row, whichever of them it is. `scores` says
 * what they are where it is not NULL, else the stream does, else they are logits. An error names
 * the row; free p whatever is returned. */
int predictions_read(struct predictions *p, const struct call *c, const char *path,
                     const char *scores, struct error *e);
/* What they are worth, as a tree of values; of a classifier with intervals (measure/report.h). The
 * caller frees it; NULL with the error set. */
struct value *predictions_report(const struct predictions *p, int draws, uint64_t seed,
                                 struct error *e);
/* The same to read; -1 after a write error, errno set. */
int predictions_print(const struct predictions *p, const struct value *report, FILE *to);
void predictions_free(struct predictions *p);

/* Writes every number of the report's first level to the call's output, which keeps the meta and
 * the history of the predictions. */
int results_write(const struct value *report, const struct call *c,
                  const struct header *predictions, struct error *e);

#endif
