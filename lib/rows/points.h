/* Rows as points of a space: latents by their z, samples by their pixels. */
#ifndef ROWS_POINTS_H
#define ROWS_POINTS_H
#include "stream/table.h"

struct points {
    size_t count, dimension;
    const float *at; /* [count, dimension] */
    float *own;      /* where they had to be made: pixels in 0 .. 1; owned */
};

/* Of a table of kind "latents" or "samples" with at least one row. An error names the row that is
 * not finite. at may lie in the table, which must outlive it. */
int points_view(struct points *p, const struct table *t, struct error *e);
void points_free(struct points *p);

#endif
