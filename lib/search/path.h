/* One path through a super-net, an operation an edge, as a network of its own that shares the
 * super-net's weights: they are brought here, and taken back. */
#ifndef SEARCH_PATH_H
#define SEARCH_PATH_H
#include "search/model.h"

struct path {
    struct graph *graph;
    struct supernet net;
    struct shared *shared; /* a parameter each; owned */
    int count;
    real *velocity; /* of its weights; owned */
};

/* Planned, with the weights and running statistics of model, a super-net, and their share of
 * `velocity`, which has one for each weight of the model; NULL: only the loss is asked for. The
 * model must outlive the path. */
int path_new(struct path *p, const struct model *model, const struct edge_ops *ops,
             const real *velocity, int batch, struct error *e);
/* The same with gates of 1 in p->net.table, for the gradient by them. */
int path_new_gated(struct path *p, const struct model *model, const struct edge_ops *ops,
                   const real *velocity, int batch, struct error *e);
/* Takes all of it back into the model, and the velocity. */
void path_give_back(const struct path *p, real *velocity);
void path_free(struct path *p);

#endif
