/* The two steps of DARTS (Liu et al., ICLR 2019): architecture parameters a by Adam on the
 * validation loss, weights w by SGD with momentum on the training loss. Both see the network as
 * flat arrays and a function that differentiates a loss at whatever the arrays hold, so the same
 * code drives a super-net and a two-parameter toy.
 *
 * Architecture gradient, first order: dLval(w, a)/da. Second order, with learning rate xi,
 * momentum buffer v, momentum m and weight decay l:
 *
 *     w' = w - xi (m v + dLtrain(w, a)/dw + l w)
 *     g  = dLval(w', a)/dw',  eps = 0.01 / |g|,  w+- = w +- eps g
 *     dLval(w', a)/da - xi (dLtrain(w+, a)/da - dLtrain(w-, a)/da) / (2 eps)
 *
 * i.e. 5 forward-backward passes with the weight step, against 2. The difference also sees the
 * kinks of ReLU and max pooling that lie within eps of w, which the exact product, taken almost
 * everywhere, does not: on the super-net of the tests they are far apart at 0.01 and agree to ten
 * digits at 1e-6 (in double; float leaves no room for so small a step). */
#ifndef SEARCH_DARTS_H
#define SEARCH_DARTS_H
#include "graph/optimiser.h"

enum darts_batch { DARTS_TRAINING, DARTS_VALIDATION };

/* Differentiates the loss of the current batch at the present w and a: overwrites the gradients of
 * the groups asked (bit 1 << group). `step`: this is the pass of the weight step, whose outputs and
 * batch statistics count; the others only probe. */
typedef void darts_differentiate(void *context, enum darts_batch batch, unsigned groups, bool step);

struct darts {
    struct group weights, architecture; /* the caller's */
    darts_differentiate *differentiate;
    void *context;
    int order;      /* 1 or 2 */
    double reach;   /* |eps g| of the second order: 0.01 */
    double clip;    /* most norm of the weight gradient */
    double architecture_clip; /* and of the architecture's; 0: as it is */
    struct sgd sgd; /* its rate is given at each step */
    struct adam adam;
    real *velocity;       /* of the weights; owned, as are those below */
    real *first, *second; /* moments of the architecture */
    int64_t steps;        /* Adam's so far; of strategies without it, of weights: the key of draws */
    real *weights_kept, *direction, *architecture_kept; /* for the second order */
};

/* DARTS' constants, order 2, buffers zeroed; context and differentiate are the caller's to set. */
int darts_init(struct darts *d, struct group weights, struct group architecture, struct error *e);
void darts_free(struct darts *d);

/* Leaves the architecture gradient in architecture.gradient; w and a are as before. */
void darts_gradient(struct darts *d, double rate);
void darts_architecture_step(struct darts *d, double rate);
void darts_weight_step(struct darts *d, double rate);

#endif
