/* The discrete network of a densely connected cell, as NAS-Bench-201 trains it. Names and
 * structure: AutoDL-Projects, cell_infers/tiny_network.py and cell_operations.py. */
#ifndef NETWORK_DENSE_NETWORK_H
#define NETWORK_DENSE_NETWORK_H
#include "network/dense.h"
#include "network/network.h"

/* d->cells in so many stages of equally many, with a residual block between two that halves the
 * image, rounding up, and doubles the channels. d's settings are checked already. */
int dense_build(struct discrete *d, struct graph *g, const struct dense_cell *cell, int stages,
                struct error *e);
/* The whole of it in DOT, as discrete_print_dot. */
int dense_print_network_dot(const struct discrete *d, const struct dense_cell *cell, int stages,
                            FILE *to);

#endif
