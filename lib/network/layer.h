/* What the networks of this room share: layers whose parameters are named as PyTorch names them.
 * A layer whose parameters the graph has already (the same names) shares them. NULL goes through
 * as NULL; the graph notes the first error. */
#ifndef NETWORK_LAYER_H
#define NETWORK_LAYER_H
#include "network/network.h"

/* A name made in place: layer_weight(..., name_of("%s.%d.weight", module, i).text, ...). */
struct name {
    char text[96];
};
struct name name_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The parameter of that name, made where the graph has none. */
struct node *layer_weight(struct graph *g, const char *name, enum graph_group group, int rank,
                          const int *extent, struct initial initial);
/* Weights [kernel, kernel, in, out] and, for a depthwise convolution, [kernel, kernel, channels],
 * started as PyTorch starts them. */
struct node *layer_kernel(struct graph *g, const char *name, int kernel, int in, int out);
struct node *layer_depthwise_kernel(struct graph *g, const char *name, int kernel, int channels);

/* Batch statistics of x with the buffer "MODULE.running" [2, c]. */
struct node *layer_statistics(struct graph *g, struct node *x, const char *module);
/* Batch normalisation, then the activation; affine: with MODULE.weight, started at N(1,
 * deviation), and MODULE.bias. */
struct node *layer_batch_norm(struct graph *g, struct node *x, const char *module, bool affine,
                              double deviation, enum activation activation);
/* Adds that to `into` (NULL: none), whose memory it takes over. */
struct node *layer_batch_norm_onto(struct graph *g, struct node *into, struct node *x,
                                   const char *module, bool affine, double deviation,
                                   enum activation activation);

/* A convolution by that kernel, padded so that at stride 1 the extents stay. */
struct node *layer_convolution(struct graph *g, struct node *x, const char *name, int kernel,
                               int stride, int channels);
/* ReLU, a convolution, normalised and added to `into` (NULL: none), whose memory it takes over:
 * MODULE.op.1.weight, MODULE.op.2. */
struct node *layer_relu_conv_norm(struct graph *g, struct node *into, struct node *x,
                                  const char *module, int kernel, int stride, int channels);
/* A convolution of 3x3, normalised, then ReLU: MODULE.conv.weight, MODULE.bn. */
struct node *layer_unit(struct graph *g, struct node *x, struct name module, int channels);
/* Fully connected: MODULE.weight [in, out], MODULE.bias. */
struct node *layer_linear(struct graph *g, struct node *x, const char *module, int out);
/* The end of a classifier: the mean over x's pixels, a linear layer, cross-entropy with the label
 * of an image. */
void layer_classify(struct designed *d, struct graph *g, struct node *x, const char *module);
/* DARTS' factorised reduce without its normalisation: ReLU, then side by side two 1x1 convolutions
 * of stride 2 with half of the outputs each, the second one shifted by a pixel. */
struct node *layer_factorised_reduce(struct graph *g, struct node *x, int out, const char *first,
                                     const char *second);

struct search_space;
/* A super-net's architecture parameters, s->table and s->edge_table, and what operations are to be
 * multiplied by, of each table: their softmax, of a gated path they themselves, of another path
 * nothing, NULL. Of cells connected in part the softmax is weighed by the edges, which are one
 * column more (weigh_edges); the first node has first_edges. */
void layer_tables(struct supernet *s, struct graph *g, const struct search_space *space,
                  int first_edges, struct node *mixing[2]);

/* Of an image. */
int layer_channels(const struct node *x);

/* A state, or a sum on its way to one, of a cell connected in part. */
struct parts {
    struct node *seen, *rest; /* rest: NULL where there is but one part */
};
/* x for the operations, and what passes them by; partial 0: all of it for them. stride: theirs. */
struct parts layer_part(struct node *x, int partial, int stride);
/* sum->rest + what of x passes by, weighed by the edge. */
void layer_pass_by(struct parts *sum, const struct parts *x, struct node *mixing, int edge);
/* The state that the parts make. */
struct node *layer_join(const struct parts *sum, int partial);

/* sum (NULL: none yet) + an operation's outcome y, normalised by the statistics s (NULL: as it is) and
 * multiplied by an element of mixing (NULL: by nothing). The sum is not written over where a state is
 * all of it. */
struct node *layer_add_operation(struct node *sum, bool sum_is_state, struct node *mixing, int edge,
                                 int op, struct node *y, struct node *s);

/* Whether this cell of so many halves the image: those after one and two thirds. */
bool layer_is_reduction(int index, int cells);

/* A network's picture in DOT as it begins: the image, and what the stem makes of it, a node of this
 * name. (discrete_dot.c) */
void dot_begin(FILE *to, const struct image_shape *image, const char *stem,
               const struct image_shape *made);

/* Settings may come from a file: refuses one that is out of bounds. */
int layer_check_setting(const char *what, int value, int least, int most, struct error *e);
/* Those that all networks have in common. */
int layer_check_images(const struct image_shape *image, int channels, struct error *e);
/* Those that cell networks have in common. */
int layer_check_network(const struct image_shape *image, int channels, int cells, int classes,
                        struct error *e);
#endif
