/* Optimisers over a parameter group's flat arrays, and the schedules of their learning rate.
 * Rules are PyTorch's, so that its trajectories are the oracle. All take the gradient as it stands
 * (clip it first) and add weight decay to it. */
#ifndef GRAPH_OPTIMISER_H
#define GRAPH_OPTIMISER_H
#include "graph/graph.h"

struct sgd {
    double rate, momentum, decay;
    bool nesterov;
};
/* One step; velocity has g.count elements and starts at zero. */
void sgd_step(const struct sgd *o, struct group g, real *velocity);

struct adam {
    double rate, beta1, beta2, epsilon, decay;
};
/* Step t counts from 1; first and second moments have g.count elements and start at zero. */
void adam_step(const struct adam *o, struct group g, real *first, real *second, long t);

/* The Euclidean norm, summed in a fixed order in double. */
double group_norm(const real *x, size_t n);
/* Scales the gradient down to norm `most` where it is longer (torch.nn.utils.clip_grad_norm_:
 * factor most / (norm + 1e-6)). Returns the norm before. */
double clip_gradient(struct group g, double most);

/* least .. most by half a cosine over `total` steps: most at 0, least at total and after it. */
double cosine_rate(double most, double least, double at, double total);
/* Triangle of period 2 * half: least at 0, most at half, least at 2 * half (Smith, WACV 2017). */
double triangle_rate(double most, double least, double at, double half);

#endif
