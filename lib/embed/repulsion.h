/* What pushes the points of a t-SNE map apart: all with all, or, where they are many, by fast
 * Fourier transforms of charges on a grid (Linderman et al., "Fast interpolation-based t-SNE",
 * Nature Methods 2019), whose cost grows with the map's area and only linearly with the points. */
#ifndef EMBED_REPULSION_H
#define EMBED_REPULSION_H
#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

struct repulsion;

/* Of n points; exact: all with all however many they are. NULL with the error set. */
struct repulsion *repulsion_new(size_t n, bool exact, struct error *e);
void repulsion_free(struct repulsion *r); /* NULL is fine */
bool repulsion_is_exact(const struct repulsion *r);

/* With q_ij = 1 / (1 + |y_i - y_j|^2) of points y [n, 2]: push [n, 2] = sum over j of q_ij^2
 * (y_i - y_j), and *sum = that of q_ij over all pairs of two. The same for any number of threads.
 * -1 with the error set where memory is out. */
int repulsion_run(struct repulsion *r, const float *y, float *push, double *sum, struct error *e);

#endif
