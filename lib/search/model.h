/* A network with all that is needed to build it again, as the meta `network` of a weights stream:
 *
 *     type            "supernet", "discrete" or the name of a design
 *     image           [height, width, channels]
 *     classes, channels
 *     normalisation   {mean: [..], sd: [..]}
 *     depth           a design's only
 *     space, cells    of the other two: the search space (where there is none: darts); how many
 *     partial         supernet only, where its cells are connected in part: into how many parts
 *                     the channels are split (network.h)
 *     operations      supernet only, where edges drop some: what they have left (kept_ops.h)
 *     most_skips      beside that: of how many derive lets the normal cell have
 *     genotype        discrete only: the text of the architecture
 *     auxiliary       discrete only: whether there is an auxiliary head
 *     drop_path       discrete only: whether paths may be dropped
 *
 * So a search state, a checkpoint and a trained network all run with nothing but their file. */
#ifndef SEARCH_MODEL_H
#define SEARCH_MODEL_H
#include "base/program.h"
#include "image/prepare.h"
#include "network/kept_ops.h"
#include "network/network.h"
#include "network/search_space.h"
#include "network/weights.h"
#include "rows/samples.h"

/* What a program is told of a network. */
struct model_options {
    const char *design; /* its name, and its depth or 0 for the usual one; NULL: cells */
    int64_t depth;
    int64_t cells, channels, batch;
    bool describe, profile; /* what is to be printed */
    const char *image;      /* the images and classes to describe: otherwise the samples tell */
    int64_t classes;
    /* not in MODEL_OPTIONS; of a super-net: */
    const char *space;  /* NULL: darts */
    int64_t partial;    /* 0: not connected in part */
    bool staged;        /* its edges are to drop operations */
    int64_t most_skips; /* of a staged one: that derive lets the normal cell have */
    /* and of a discrete network: */
    bool auxiliary, drop_path;
};

/* Rows of an option table; o holds the defaults. */
/* clang-format off */
#define MODEL_OPTIONS(o)                                                                           \
    {"cells", 0, OPTION_INT, &(o).cells, "N", "cells of the network", 1, NETWORK_MOST_CELLS, NULL},\
    {"channels", 0, OPTION_INT, &(o).channels, "N", "channels of its first cell", 1,               \
     NETWORK_MOST_CHANNELS, NULL},                                                                 \
    {"batch", 0, OPTION_INT, &(o).batch, "N",                                                      \
     "images a step; they share the statistics that normalise them, so that the gradient of a "    \
     "batch is not the mean of its halves'",                                                       \
     1, 65536, NULL},                                                                              \
    {"describe", 0, OPTION_FLAG, &(o).describe, NULL,                                              \
     "print the network's sizes and read no samples; see --image, --classes", 0, 0, NULL},         \
    {"image", 0, OPTION_TEXT, &(o).image, "HxWxC", "with --describe: the images (28x28x1)", 0, 0,  \
     NULL},                                                                                        \
    {"classes", 0, OPTION_INT, &(o).classes, "N", "with --describe: the classes", 1,               \
     SAMPLES_MOST_CLASSES, NULL},                                                                  \
    {"profile", 0, OPTION_FLAG, &(o).profile, NULL,                                                \
     "print the time of each kind of op to stderr, and how far it is from this machine's best", 0, \
     0, NULL}
/* clang-format on */

struct model {
    const struct search_space *space; /* of a super-net; NULL: it is none */
    const struct design *design;      /* NULL: cells */
    struct image_shape image;
    int classes, channels;
    int cells, depth; /* the one that there is */
    int partial;      /* of a super-net, as are these */
    bool staged;
    struct kept_ops kept; /* where it is staged */
    enum task task;
    struct normalisation normalisation;
    struct graph *graph;        /* owned */
    struct node *x, *label;     /* inputs */
    struct node *logits, *loss; /* logits are kept, the loss where it is planned */
};

/* The settings of a super-net, of the discrete network of an architecture (not NULL), or of a
 * design that o names, for such images and, where it tells any, classes; n may be NULL where sizes
 * are all that is asked. NULL where memory is out. The caller owns the map. */
struct value *model_settings(const struct model_options *o, struct image_shape image, int classes,
                             const struct normalisation *n, const struct architecture *a);
/* Builds the graph of such a map, which may come from a file: everything in it is checked. */
int model_build(struct model *m, const struct value *settings, struct error *e);
/* The architecture of such a map of a discrete network. */
int model_architecture(struct architecture *a, const struct value *settings, struct error *e);
/* The network of weights, which tell it in their meta: planned for inference and filled. */
int model_load(struct model *m, const struct weights *w, int batch, struct error *e);
/* The same of the weights in a file, or of standard input ("-"). `from` and `digest` (may be NULL)
 * get their header, which the caller frees, and their digest. */
int model_read(struct model *m, const char *path, const struct stream_limits *limits, int batch,
               struct header *from, char digest[17], struct error *e);
void model_free(struct model *m);

/* 0, or -1 with what is wrong with the call: --describe and its company. */
int model_check_options(const struct model_options *o, const struct call *c, struct error *e);
/* Prints the sizes of the network of such settings, and of what a step needs: type, cells or depth,
 * channels, classes, weights, architecture, macs (one image's forward pass), flops (2
 * macs), nodes, batch, arena_bytes; a line each, or as JSON, to the call's output. */
int model_describe(const struct model_options *o, const struct architecture *a,
                   const struct call *c, struct error *e);

/* "28x28x1": height, width, channels. */
int model_parse_image(const char *text, struct image_shape *image, struct error *e);

#endif
