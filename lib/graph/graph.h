/* The engine: a network is a static graph, built once by plain calls, planned once, run thousands
 * of times without allocating.
 *
 *     struct graph *g = graph_new(&error);
 *     struct node *x = graph_input(g, "image", 28, 28, 1);
 *     struct node *w = graph_weight(g, "conv", GRAPH_WEIGHTS, 4, (int[]){3, 3, 1, 16}, init);
 *     struct node *y = conv2d(x, w, (struct window){.kernel = 3, .stride = 1, .pad = 1});
 *     ...
 *     graph_plan(g, loss, 64, GRAPH_TRAIN, &error);
 *     graph_forward(g, &run); graph_backward(g, &run);
 *
 * Layout. A value that has one entry an image ("batched") is n x height x width x channels,
 * channels innermost (NHWC); a vector an image is 1 x 1 x channels. Parameters and scalars are not
 * batched. The batch extent is outermost everywhere, so one plan for `batch` images runs any
 * n <= batch. Convolution weights are [kernel height, kernel width, in, out], depthwise weights
 * [kernel height, kernel width, channels], linear weights [in, out].
 *
 * Errors. A builder call (conv2d, ...) that is given NULL, or shapes that do not fit, returns NULL
 * and notes the first such error in the graph; graph_plan reports it. So a network is built without
 * a check at each line.
 *
 * Determinism. A result depends on inputs, seeds and, in its last digits, on the instruction set
 * (graph_processor), never on the number of threads: work is cut into slices of images whose number
 * is fixed (GRAPH_SLICES), and reductions over slices run in order.
 *
 * `real` is float; the same sources compiled with -DGRAPH_F64 make it double, which is how the
 * gradient checks run. */
#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/random.h"

#ifdef GRAPH_F64
typedef double real;
#else
typedef float real;
#endif

enum { GRAPH_SLICES = 16 };

struct graph;
struct node;

/* Parameters live in flat arrays, one a group, so that an optimiser or a finite difference is one
 * loop over one array. BUFFERS are state without a gradient (running statistics). */
enum graph_group { GRAPH_WEIGHTS, GRAPH_ARCHITECTURE, GRAPH_BUFFERS, GRAPH_GROUPS };

struct initial { /* how a parameter starts: N(mean, deviation) or U(-bound, bound) or a constant */
    enum { INITIAL_CONSTANT, INITIAL_NORMAL, INITIAL_UNIFORM } type;
    double mean;      /* the constant, or the mean */
    double deviation; /* standard deviation, or the bound */
};
/* PyTorch's default for convolutions and linear layers: U(-1/sqrt(fan in), +1/sqrt(fan in)). */
struct initial initial_fan_in(int fan_in);

struct group { /* a group's flat arrays */
    real *value;
    real *gradient; /* NULL for GRAPH_BUFFERS */
    size_t count;
};

/* ---- building ---- */
struct graph *graph_new(struct error *e);
void graph_free(struct graph *g);
/* The first builder error: 0, or -1 with e set. */
int graph_check(const struct graph *g, struct error *e);

/* A batched input, filled by the caller through node_value before each run. */
struct node *graph_input(struct graph *g, const char *name, int height, int width, int channels);
/* A parameter; names are unique in the graph and become the names in weights streams. Layers that
 * share a parameter share the node. */
struct node *graph_weight(struct graph *g, const char *name, enum graph_group group, int rank,
                          const int *extent, struct initial initial);
/* Keeps a node's value readable after graph_forward (losses, logits, latents): without this the
 * plan may reuse its memory. The planned loss is kept. */
void graph_keep(struct node *n);
/* Backward makes the value anew by the op's own forward, so that it need not be kept from one pass
 * to the other: for the outputs of cheap ops whose inputs are kept anyway (Chen et al. 2016,
 * "Training deep nets with sublinear memory cost"). NULL is left alone; returns n. */
struct node *graph_remake(struct node *n);
/* Makes an input differentiable: after graph_backward its gradient is in node_gradient. */
void graph_differentiate(struct node *input);

/* ---- what a graph is made of ---- */
struct shape {
    bool batched;
    int rank;
    int extent[4]; /* batched: rank 3, height, width, channels of one image */
};
const struct shape *node_shape(const struct node *n);
size_t node_count(const struct node *n); /* elements, an image where batched */
/* Valid after graph_plan. Batched: image i at node_value(n) + i * node_count(n). */
real *node_value(const struct node *n);
/* Parameters, differentiated inputs, the planned loss; NULL elsewhere. */
real *node_gradient(const struct node *n);
const char *node_name(const struct node *n);
struct node *graph_find(const struct graph *g, const char *name); /* parameter or input, or NULL */
int graph_weights(const struct graph *g, enum graph_group group); /* number of parameter nodes */
struct node *graph_weight_at(const struct graph *g, enum graph_group group, int i);
struct group graph_group(const struct graph *g, enum graph_group group); /* after graph_plan */

/* Fills every parameter of the group by its initial, keyed by the seed and the parameter's name. */
void graph_initialise(struct graph *g, enum graph_group group, uint64_t seed);

/* ---- planning ---- */
enum graph_use {
    GRAPH_TRAIN, /* forward and backward */
    GRAPH_INFER, /* forward alone: values are dropped as soon as they are used */
};
/* Orders the nodes that `loss` (or, for inference, the kept nodes) needs, decides what lives when,
 * and allocates one arena and the parameter arrays. loss is a scalar that is not batched; NULL for
 * inference. (It may be any node: then the caller writes node_gradient(loss), the vector of a
 * vector-Jacobian product, between graph_forward and graph_backward.) Parameters are counted and
 * allocated even where planning finds them unused. Planning again keeps the parameters' values and
 * drops all else; node_value, node_gradient and graph_group must be asked again. */
int graph_plan(struct graph *g, struct node *loss, int batch, enum graph_use use, struct error *e);
/* Counts without allocating: valid after building, for --describe. */
struct graph_size {
    size_t weights;      /* elements of GRAPH_WEIGHTS */
    size_t architecture; /* elements of GRAPH_ARCHITECTURE */
    double macs;         /* multiply-adds of one image's forward pass: convolutions and linear */
    size_t arena_bytes;  /* activations, gradients and scratch for the batch asked */
    size_t nodes;
};
int graph_measure(struct graph *g, struct node *loss, int batch, enum graph_use use,
                  struct graph_size *size, struct error *e);

/* ---- running ---- */
struct graph_run {
    int n;               /* images in this run, 1 .. batch */
    bool inference;      /* batch norm by running statistics, dropout off */
    bool track;          /* update the running statistics (the w step of training) */
    unsigned gradients;  /* bit 1 << group: which parameter gradients are wanted */
    uint64_t seed, step; /* random numbers of dropout and drop-path */
    double drop_path;    /* probability, for drop_path nodes */
    double dropout;      /* the rate of dropout nodes that have none of their own */
};
void graph_forward(struct graph *g, const struct graph_run *run);
/* After graph_forward with the same run. Overwrites the gradients of the wanted groups. */
void graph_backward(struct graph *g, const struct graph_run *run);

/* Seconds, multiply-adds and bytes by op since the last reset, for --profile; a backward pass
 * counts as twice the forward pass, whichever gradients were wanted. */
struct op_profile {
    const char *name;
    double forward_seconds, backward_seconds, macs, bytes;
    long calls;
};
void graph_profile(struct graph *g, bool on);
int graph_profile_rows(const struct graph *g, const struct op_profile **rows);

/* Forward-mode: the directional derivative of `of` along the tangents given for some nodes (pairs
 * at[i], tangent[i]), built as further nodes of the same graph, so that reverse mode goes through
 * it. Batch statistics are held constant. NULL where an op on the way has no tangent rule. */
struct node *graph_tangent(struct node *of, int pairs, struct node *const *at,
                           struct node *const *tangent);

/* Names the instruction set whose kernels run: "baseline", "avx2", "avx512"; "none" where
 * WINNOW_CPU names another. Chosen from the processor, or forced by the environment variable
 * WINNOW_CPU. Of avx512 those of few channels are avx2's (struct op, by_channels). */
const char *graph_processor(void);

#endif
