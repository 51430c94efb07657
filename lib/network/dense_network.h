/* The discrete network of a densely connected cell, as NAS-Bench-201 trains it. Names and
 * structure: AutoDL-Projects, cell_infers/tiny_network.py and cell_operations.py. */
#ifndef NETWORK_DENSE_NETWORK_H
#define NETWORK_DENSE_NETWORK_H
#include "network/dense.h"
#include "network/network.h"
#include "network/search_space.h"

/* What networks of dense cells have in common: a stem, cells in so many stages of equally many,
 * with a residual block between two, and a classifier, whose logits it returns. build(g, x, module,
 * of) adds a cell named by its module. */
typedef struct node *dense_cell_build(struct graph *g, struct node *x, const char *module,
                                      const void *of);
struct node *dense_frame(struct graph *g, struct node *image, int channels, int cells, int stages,
                         int classes, dense_cell_build *build, const void *of);

/* The super-net of a space of dense cells, or a path of it. Each edge of a cell is the mixture of
 * the space's operations, by one table for all cells; normalisation on edges has no parameters.
 * Names: AutoDL-Projects, cell_searchs/search_cells.py; the frame's are those of the discrete
 * network. */
int dense_supernet_build(const struct search_space *space, struct supernet *s, struct graph *g,
                         struct error *e);

/* d->cells in so many stages of equally many, with a residual block between two that halves the
 * image, rounding up, and doubles the channels. d's settings are checked already. */
int dense_build(struct discrete *d, struct graph *g, const struct dense_cell *cell, int stages,
                struct error *e);
/* The whole of it in DOT, as discrete_print_dot. */
int dense_print_network_dot(const struct discrete *d, const struct dense_cell *cell, int stages,
                            FILE *to);

#endif
