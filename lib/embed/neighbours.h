/* The k nearest neighbours of each point among the others, exactly, by comparing all with all: what
 * t-SNE starts from, and what a space is judged by. */
#ifndef EMBED_NEIGHBOURS_H
#define EMBED_NEIGHBOURS_H
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

struct neighbours {
    size_t points, k;
    uint32_t *index; /* [points, k], the nearest first, of equals the lower index; owned */
    float *squared;  /* [points, k], squared Euclidean distances; owned */
};

/* Of n finite points [n, dimension], n < 2^32, 1 <= k < n. Takes O(n^2 dimension) time and
 * O(n (k + dimension)) memory; the same for any number of threads. `progress`, may be NULL, is
 * called by one thread with the points done. */
int neighbours_find(struct neighbours *to, size_t n, size_t dimension, const float *point, size_t k,
                    void (*progress)(void *context, size_t points), void *context, struct error *e);
void neighbours_free(struct neighbours *of);

#endif
