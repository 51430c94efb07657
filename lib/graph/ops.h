/* The builder calls: every op of the engine, as a function from nodes to a node. Shapes are written
 * without the batch extent; x is height x width x channels. Each op's file in ops/ holds its shape
 * rule, forward, backward and tangent. */
#ifndef GRAPH_OPS_H
#define GRAPH_OPS_H
#include "graph/graph.h"

/* A sliding window. Output extent (h + 2 pad - dilation (kernel - 1) - 1) / stride + 1, unless
 * `extent` says otherwise (rows and columns past the edge read as padding); a pad of -1 begins at
 * row and column 1, which is DARTS' shifted branch of factorised reduce. */
struct window {
    int kernel;   /* height and width; 0 means 1 */
    int stride;   /* 0 means 1 */
    int pad;
    int dilation; /* 0 means 1 */
    int groups;   /* conv2d; 0 means 1 */
    int extent;   /* 0: by the formula; else output height and width are ceil(h / stride) */
    bool relu;    /* the input passes max(x, 0) first, fused */
};

/* ---- convolutions (ops/convolution.c, pointwise.c, depthwise.c, separable.c) ---- */
struct node *conv2d(struct node *x, struct node *w, struct window window);
/* Adjoint of conv2d: w is [k, k, out, in] seen from here, i.e. the same array that conv2d would
 * take to map this op's output to its input. Output (h - 1) stride - 2 pad + kernel. */
struct node *conv_transpose2d(struct node *x, struct node *w, struct window window);
struct node *depthwise(struct node *x, struct node *w, struct window window);
/* ReLU, depthwise, pointwise in one pass over each image, with the input normalised on the way in
 * by statistics s (NULL: not): pointwise(depthwise(relu(normalise(x, s)))). The intermediate is
 * recomputed by the backward pass instead of being kept. w [k, k, c], p [1, 1, c, out]. */
struct node *separable(struct node *x, struct node *s, struct node *w, struct node *p,
                       struct window window);

/* ---- normalisation (ops/norm.c) ---- */
/* Batch statistics: row 0 the mean, row 1 the reciprocal standard deviation 1/sqrt(var + 1e-5) of
 * each channel over the batch, [2, c], not batched. `running` is a GRAPH_BUFFERS parameter [2, c],
 * means and variances, of which graph_initialise makes all alike: that variances begin at 1 is the
 * caller's to see to (network_initialise, network/network.h). In inference the
 * statistics come from it; with run.track it moves by 0.1 (PyTorch's rule: unbiased variance).
 * running may be NULL: then inference, too, uses the batch. */
struct node *statistics(struct node *x, struct node *running);
/* (x - mean) * reciprocal * scale + shift; scale and shift are [c] or both NULL. s may be NULL
 * (only scale and shift). activation: ACT_IDENTITY, ACT_RELU or ACT_LEAKY, fused. */
struct node *normalise(struct node *x, struct node *s, struct node *scale, struct node *shift,
                       int activation);
/* into + the same; into: NULL, or the sum so far, which must have no other user: its memory becomes
 * the result's. No tangent rule. */
struct node *normalise_onto(struct node *into, struct node *x, struct node *s, struct node *scale,
                            struct node *shift, int activation);
/* t * reciprocal * scale: the tangent of normalise before its activation. s is held constant. */
struct node *normalise_tangent(struct node *t, struct node *s, struct node *scale);

/* ---- pooling (ops/pool.c) ---- */
struct node *max_pool(struct node *x, struct window window);
/* x, of the extents of `pool`, to those of what was pooled: each value goes where the pool, a
 * max_pool of windows that lie side by side, found its maximum; all else is 0. */
struct node *max_unpool(struct node *x, struct node *pool);
struct node *avg_pool(struct node *x, struct window window); /* padding is not counted */
struct node *global_avg_pool(struct node *x);                /* 1 x 1 x c */

/* ---- element by element (ops/elementwise.c) ---- */
enum activation { ACT_IDENTITY, ACT_RELU, ACT_LEAKY, ACT_SIGMOID, ACT_TANH, ACT_SOFTPLUS, ACT_EXP,
                  ACT_GELU, ACT_HARDSWISH, ACT_SWISH };
struct node *activate(struct node *x, enum activation a); /* leaky slope 0.2; GELU by erf */
/* t * f'(x): the tangent of activate; its own derivative with respect to x is taken as zero for
 * the piecewise-linear activations, which are the only ones it accepts. */
struct node *activate_tangent(struct node *x, struct node *t, enum activation a);
struct node *add(struct node *a, struct node *b);          /* equal shapes */
struct node *multiply(struct node *a, struct node *b);     /* equal shapes */
struct node *scale_by(struct node *x, double factor);
/* Per image: the whole of it survives with probability 1 - run.drop_path, then divided by that;
 * identity in inference. Keyed by the node's place in the graph. */
struct node *drop_path(struct node *x);
/* Each element survives with probability 1 - rate, then divided by that; identity in inference. A
 * rate of -1 stands for run.dropout. */
struct node *dropout(struct node *x, double rate);
/* Value passes, gradient stops. */
struct node *stop_gradient(struct node *x);

/* ---- shapes and products (ops/linear.c) ---- */
struct node *concat(int count, struct node *const *x);      /* along channels */
/* The first channels of an image, and 0 in those that it has not. (ops/channels.c) */
struct node *fit_channels(struct node *x, int channels);
/* The same of both last extents of a parameter: of a convolution's weights [k, k, in, out]. */
struct node *fit_weights(struct node *w, int in, int out);
/* Channel t of `channels` is the mean of x's from floor(t c / channels) to ceil((t + 1) c / channels)
 * - 1, c those of x: adaptive average pooling along channels (ops/channels.c). */
struct node *interpolate(struct node *x, int channels);
struct node *linear(struct node *x, struct node *w, struct node *b); /* flattens x; b may be NULL */
struct node *softmax(struct node *x);                       /* over the last extent */
struct node *log_softmax(struct node *x);
struct node *l2_normalise(struct node *x);                  /* each image's vector; eps 1e-12 */

/* ---- the mixed node of a DARTS cell (ops/mix.c) ---- */
/* into + weights[row][column] * normalise(x, s); weights is not batched, rank 2 (a softmax over
 * architecture parameters). s: statistics of x, or NULL. into: NULL, or the sum so far, which must
 * have no other user: its memory becomes the result's. */
struct node *mix(struct node *into, struct node *weights, int row, int column, struct node *x,
                 struct node *s);

/* ---- partial channel connections of a cell (ops/partial.c, linear.c) ---- */
/* So many of x's channels, from `first` on. */
struct node *slice_channels(struct node *x, int first, int count);
/* Along channels, which are then dealt out anew: side by side they are `groups` groups of equally
 * many; the output has the first of each group, then the second of each, ... Each input must have
 * whole groups. (torch.nn.functional.channel_shuffle of the concatenation.) */
struct node *concat_shuffled(int count, struct node *const *x, int groups);
/* What mix is to weigh a cell's edges and operations by, [edges, operations + 1]: p, [edges,
 * operations], each row multiplied by the weight of its edge, which is the last column: the softmax
 * of b, [edges], over the edges of each node; the first node has `first`, each further one one more.
 */
struct node *weigh_edges(struct node *p, struct node *b, int first);

/* ---- losses: scalars, means over the batch (ops/loss.c) ---- */
/* label: a 1x1x1 input holding the class index; one that is no class makes the loss NaN. smoothing
 * as PyTorch's label_smoothing. */
struct node *cross_entropy(struct node *logits, struct node *label, double smoothing);
/* Hinton, Vinyals, Dean 2015: temperature^2 KL(softmax(teacher / temperature) | softmax(logits /
 * temperature)), mean over the batch; the teacher's logits are constant. */
struct node *distillation(struct node *logits, struct node *teacher, double temperature);
/* label: height x width x 1, the class of every pixel; one that is no class leaves its pixel out.
 * weights: [classes], constant, or NULL for 1 each. The mean over the pixels of the batch by the
 * weights of their classes, as PyTorch's with `weight` and `ignore_index`; 0 where none counts
 * (ops/pixels.c). */
struct node *pixel_cross_entropy(struct node *logits, struct node *label, struct node *weights);
/* target: of x's shape; one that is not positive leaves its element out. The mean of |x - target|
 * over the elements of the batch that count; 0 where none does (ops/pixels.c). */
struct node *pixel_absolute_error(struct node *x, struct node *target);
struct node *mean_squared_error(struct node *x, struct node *y); /* mean over elements and batch */
struct node *mean_absolute_error(struct node *x, struct node *y);
/* beta 1 (Girshick 2015); mean over elements and batch. */
struct node *smooth_l1(struct node *x, struct node *y);
/* target: of x's shape, 0 to 1; mean over elements and batch. */
struct node *bce_with_logits(struct node *x, struct node *target);
/* mean over images of max(d(a,p) - d(a,n) + margin, 0), Euclidean, eps 1e-6 added to differences
 * as PyTorch does. */
struct node *triplet_margin(struct node *a, struct node *p, struct node *n, double margin);
/* same: 1x1x1, positive for a pair of one class: 1 - cos then, else max(cos - margin, 0); mean over
 * images. */
struct node *cosine_embedding(struct node *a, struct node *b, struct node *same, double margin);
/* same: as above. d^2 / 2 for a pair of one class, else max(margin - d, 0)^2 / 2; d
 * Euclidean (Hadsell, Chopra, LeCun, CVPR 2006). */
struct node *contrastive(struct node *a, struct node *b, struct node *same, double margin);
/* Sun et al., CVPR 2020, eq. 6, for each a of the batch, by its products s with every b of it; an a
 * and a b of equal label (1x1x1) are of one class. softplus(lse(-gamma w (s - 1 + margin)) +
 * lse(gamma w (s - margin))), log-sum-exps over the b of its class and over the others, with weights
 * w = max(1 + margin - s, 0) and max(s + margin, 0), constants to the gradient; 0 where either class
 * has no b. a and b are meant to be of length 1 (ops/circle.c). */
struct node *circle(struct node *a, struct node *b, struct node *label, double margin, double gamma);
/* KL(N(mean, exp(log_variance)) | N(0, 1)), mean over elements and batch. */
struct node *normal_divergence(struct node *mean, struct node *log_variance);
/* mean over images of the sum of squares of x's elements: |J n|^2 of the contractive loss. */
struct node *mean_square_norm(struct node *x);
/* Scalars: exp(-s) L / 2 + s / 2 (regression) or exp(-s) L + s / 2 (classification); Kendall, Gal,
 * Cipolla, CVPR 2018. s is a parameter of one element. */
struct node *kendall(struct node *loss, struct node *s, bool classification);
struct node *add_scalars(struct node *a, struct node *b, double weight_of_b); /* a + weight b */

#endif
