/* A network with all that is needed to build it again, as the meta `network` of a weights stream:
 *
 *     type            "supernet" or "discrete"
 *     space           "darts"
 *     image           [height, width, channels]
 *     classes, cells, channels
 *     normalisation   {mean: [..], sd: [..]}
 *     genotype        discrete only: DARTS Genotype text
 *     auxiliary       discrete only: whether there is an auxiliary head
 *
 * So a search state, a checkpoint and a trained network all run with nothing but their file. */
#ifndef SEARCH_MODEL_H
#define SEARCH_MODEL_H
#include "base/value.h"
#include "image/prepare.h"
#include "network/network.h"

struct model {
    bool supernet;
    struct image_shape image;
    int classes, cells, channels;
    struct normalisation normalisation;
    struct graph *graph;        /* owned */
    struct node *x, *label;     /* inputs */
    struct node *logits, *loss; /* logits are kept, the loss where it is planned */
};

/* The settings of a super-net, or of the discrete network of a genotype (not NULL); n may be NULL
 * where sizes are all that is asked. NULL where memory is out. The caller owns the map. */
struct value *model_settings(struct image_shape image, int classes, int cells, int channels,
                             const struct normalisation *n, const struct genotype *genotype,
                             bool auxiliary);
/* Builds the graph of such a map, which may come from a file: everything in it is checked. */
int model_build(struct model *m, const struct value *settings, struct error *e);
void model_free(struct model *m);

/* Prints the sizes of a network and of what a step with this batch needs, for --describe: type,
 * cells, channels, classes, weights, architecture, macs (one image's forward pass), flops (2 macs),
 * nodes, batch, arena_bytes; a line each, or as JSON. */
int model_describe(const struct value *settings, int batch, bool json, FILE *to, struct error *e);
/* Prints what each kind of op has taken since graph_profile(m->graph, true). */
void model_print_profile(const struct model *m, FILE *to);

/* "28x28x1": height, width, channels. */
int model_parse_image(const char *text, struct image_shape *image, struct error *e);

#endif
