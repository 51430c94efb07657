/* Samples through a trained network, batch by batch, by its running statistics. */
#ifndef SEARCH_INFERENCE_H
#define SEARCH_INFERENCE_H
#include "search/batches.h"
#include "search/model.h"

/* Takes one image's logits (model.classes of them, or so many for every pixel; or depths), in the
 * order of the samples; -1 ends it all. */
typedef int inference_take(void *to, size_t row, const real *logits, struct error *e);

/* `batch` is at most what the graph was planned for. */
int inference_run(const struct model *m, const struct samples *s, int batch, inference_take *take,
                  void *to, struct error *e);

#endif
