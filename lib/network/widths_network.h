/* Residual networks of chosen widths and depths: the super-net of Transformable Architecture Search
 * (Dong and Yang, NeurIPS 2019), the networks that are found, and what these cost. Names and
 * structure: AutoDL-Projects, shape_searchs/SearchCifarResNet.py, SoftSelect.py and
 * shape_infers/InferCifarResNet.py.
 *
 * The largest network: a 3x3 convolution of `channels`, then three stages of equally many blocks of
 * two 3x3 convolutions each; each stage but the first halves the image, rounding up, and doubles the
 * channels, its shortcut a mean of 2x2 and a 1x1 convolution; the mean over the pixels, a linear
 * layer.
 *
 * Tables of the super-net: width_attentions, a row a convolution (the stem's first), 3 to 10 tenths
 * of its channels; depth_attentions, a row a stage, the depths of widths_depth. A convolution is run
 * once, by the part of its weights that its inputs and the widest of its candidates have; each
 * candidate is the first of these channels, batch-normalised by parameters of its own, then
 * interpolated along the channels to as many as the widest has; what comes out is their sum by the
 * table. The shortcut's 1x1 convolution goes by the row of the block's second convolution. A residual
 * sum adds the channels that both have. A stage gives the sum, by the other table, of what its
 * candidate depths give, interpolated likewise.
 *
 * What is found: a shortcut between blocks of different widths is a 1x1 convolution, normalised, as
 * that program makes it. */
#ifndef NETWORK_WIDTHS_NETWORK_H
#define NETWORK_WIDTHS_NETWORK_H
#include "network/network.h"
#include "network/search_space.h"

/* The super-net, or a path of it: edge_ops.also mixes further candidates with a row's. */
int widths_supernet_build(const struct search_space *space, struct supernet *s, struct graph *g,
                          struct error *e);
int widths_build(struct discrete *d, struct graph *g, const struct widths *w, struct error *e);
int widths_print_network_dot(const struct discrete *d, const struct widths *w, FILE *to);

/* The multiply-adds of an image through the network that is found, expected where each row's choice
 * is drawn by its probabilities, [rows, columns] of each table, independently. The publication's
 * cost, but exact: it leaves out the shortcuts that what is found has between different widths, and
 * that what goes into a stage depends on the depth of the one before. It is linear in each row. */
double widths_macs(const struct search_space *space, const struct image_shape *image, int channels,
                   int classes, const double *const p[SPACE_MOST_TABLES]);

#endif
