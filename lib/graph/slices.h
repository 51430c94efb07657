/* Gradients of parameters, gathered by slices: each slice of images sums into its own scratch, and
 * the slices are then added in order, so that no result depends on the number of threads. */
#ifndef GRAPH_SLICES_H
#define GRAPH_SLICES_H
#include <omp.h>
#include "graph/op.h"
#include "graph/simd.h"

INLINE bool slice_empty(const struct context *c, int s)
{
    return slice_first(c->n, s) == slice_first(c->n, s + 1);
}

/* Work of one image at a time goes here: a thread's own (there are no more threads than slices), and
 * the same for all its slices and ops, so that it stays in the core's cache. */
INLINE real *thread_work(const struct context *c)
{
    return c->work + (size_t)omp_get_thread_num() * c->work_stride;
}
/* The same in the scratch of an op that has no work: what slices gather must lie elsewhere. */
INLINE real *thread_scratch(const struct context *c)
{
    return slice_scratch(c, omp_get_thread_num());
}

/* out = or += the sum over slices of `count` elements at `offset` of each slice's scratch. */
static inline void slices_reduce(const struct context *c, real *out, size_t offset, size_t count,
                                 bool accumulate)
{
    if (!accumulate)
        memset(out, 0, count * sizeof *out);
    enum { CHUNK = 4096 };
    long chunks = (long)((count + CHUNK - 1) / CHUNK);
#pragma omp taskloop default(shared) grainsize(1) if (chunks > 1)
    for (long k = 0; k < chunks; k++) {
        size_t from = (size_t)k * CHUNK, to = from + CHUNK < count ? from + CHUNK : count;
        for (int s = 0; s < GRAPH_SLICES; s++) {
            const real *part = slice_scratch(c, s) + offset;
            if (!slice_empty(c, s))
                for (size_t i = from; i < to; i++)
                    out[i] += part[i];
        }
    }
}

/* The same for rows of `narrow` reals, kept as rows of `channels`. */
static inline void slices_reduce_narrow(const struct context *c, real *out, size_t offset, int rows,
                                        int channels, int narrow, bool accumulate)
{
    if (channels == narrow) {
        slices_reduce(c, out, offset, (size_t)rows * (size_t)narrow, accumulate);
        return;
    }
    for (int i = 0; i < rows; i++)
        slices_reduce(c, out + i * narrow, offset + (size_t)i * (size_t)channels, (size_t)narrow,
                      accumulate);
}

/* The same for a small sum that may stay in slice 0's scratch, whose part must be set even where
 * that slice is empty. */
static inline real *slices_sum(const struct context *c, size_t offset, size_t count)
{
    real *sum = slice_scratch(c, 0) + offset;
    for (int s = 1; s < GRAPH_SLICES; s++)
        if (!slice_empty(c, s))
            for (size_t i = 0; i < count; i++)
                sum[i] += slice_scratch(c, s)[offset + i];
    return sum;
}
#endif
