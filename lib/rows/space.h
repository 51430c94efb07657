/* The report on a table of latents: measure/space.h, and what mining among them would find. */
#ifndef ROWS_SPACE_H
#define ROWS_SPACE_H
#include "stream/table.h"

enum { SPACE_SILHOUETTES = 2000, SPACE_SUBSET = 10, SPACE_SUBSETS = 100 };

/* A map: rows, dimension, classes; purity1, purity5, silhouette (of at most SPACE_SILHOUETTES rows
 * drawn at random) with the ends of their 95 % bootstrap intervals unless draws is 0; scatter;
 * radius; centroids {least, most, mean}, median_centroids, and both `_by_radius`; hubs and
 * hubs_unbarred {answers, distinct, top_ten, largest, skewness}: SPACE_SUBSETS times, subsets of
 * SPACE_SUBSET of each class drawn at random are replaced as mine replaces easy images, by its
 * rule, and with none barred. All draws are keyed by seed. What is not defined is left out. Of a
 * table of kind "latents" with labels >= 0 and distinct ids, at least 2 rows. The caller frees it;
 * NULL with the error set. */
struct value *space_report(const struct table *latents, int draws, uint64_t seed, struct error *e);
/* That map to read; -1 after a write error. */
int space_print(const struct value *report, FILE *to);

#endif
