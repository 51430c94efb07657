/* Networks built from ops. Each builder adds nodes to a graph and returns the handles a trainer
 * needs. Parameter names are those of the PyTorch programs that define these networks, so that
 * weights can be carried over by name. Spec: Poyser 2023, ch. 4; DARTS, Liu et al., ICLR 2019;
 * GANomaly, Akcay et al., ACCV 2018. */
#ifndef NETWORK_NETWORK_H
#define NETWORK_NETWORK_H
#include "graph/ops.h"
#include "image/shape.h"
#include "network/genotype.h"

/* What the builders take; each checks its settings. */
enum { NETWORK_MOST_CELLS = 100, NETWORK_MOST_CHANNELS = 1024, NETWORK_MOST_CLASSES = 100000 };

/* Starts every parameter of a planned graph by its initial, keyed by the seed and the names, and
 * running statistics at mean 0 and variance 1 (layer.c). */
void network_initialise(struct graph *g, uint64_t seed);

/* ---- a super-net: every edge of its cells the mixture of a space's operations ---- */
struct edge_ops; /* search_space.h */
struct kept_ops; /* kept_ops.h */
struct supernet {
    struct image_shape image;
    int channels, cells, classes;
    /* 0: as in DARTS. Else partial channel connections (Xu et al., ICLR 2020): of what goes into a
     * node the first of so many equal parts of the channels goes through the operations, the rest
     * passes by (a 2x2 max pool where those halve the image), and both are shuffled; and the edges
     * of a node have weights of their own. Not of a path. */
    int partial;
    /* NULL: all that the space has. Else the operations that edges have left, with as many columns in
     * the tables, and behind each identity dropout at the rate of the run (Chen et al., ICCV 2019).
     * Of darts alone, and not of a path. */
    const struct kept_ops *kept;
    /* NULL: all of it; else the operations of these edges alone, every sum plain, with parameters
     * of the same names, but none of the architecture. */
    const struct edge_ops *path;
    /* Of a path: each operation is multiplied by its element of the architecture parameters, as it
     * stands there. */
    bool gated;
    struct node *x, *label; /* inputs */
    /* Architecture parameters, the tables of the space, whose softmax by rows mixes; NULL where there
     * are none. And those of the edges of cells connected in part, whose softmax over a node's weighs
     * them. */
    struct node *table[2], *edge_table[2];
    struct node *logits, *loss; /* cross-entropy, mean over the batch */
};
/* DARTS' (supernet.c). Fills the handles from the settings above them. Reduction cells at cells/3
 * and 2*cells/3. */
int supernet_build(struct supernet *s, struct graph *g, struct error *e);

/* ---- a discrete network of a genotype (discrete.c) ---- */
struct discrete {
    struct image_shape image;
    int channels, cells, classes;
    bool auxiliary;                /* the auxiliary head after cell 2*cells/3 */
    bool drop_path;                /* paths may be dropped (graph_run.drop_path) */
    double auxiliary_weight;       /* 0.4 */
    struct node *x, *label;
    struct node *logits, *loss;    /* loss includes the auxiliary head's share */
};
int discrete_build(struct discrete *d, struct graph *g, const struct genotype *genotype,
                   struct error *e);

/* The whole of it in DOT, a cluster a cell, with what each cell makes of an image; of d the settings
 * alone are looked at, which are valid. -1 after a write error. (discrete_dot.c) */
int discrete_print_dot(const struct discrete *d, const struct genotype *genotype, FILE *to);

/* ---- published designs, told by a name, a width and a depth (design.c lists them) ---- */
struct designed {
    struct image_shape image;
    int channels;           /* of the first layer */
    int depth;              /* what it counts is the design's to say */
    int classes;            /* 1 where depth is told */
    struct node *x, *label; /* inputs */
    struct node *logits, *loss;
};
/* What a network tells: by that go its inputs and outputs, how it is trained, and what its
 * predictions are. */
enum task {
    TASK_CLASS,  /* the class of the image: classes logits */
    TASK_PIXELS, /* the class of every pixel: classes logits each; a label that is none is void */
    TASK_DEPTH   /* how far away every pixel is, in 0 .. 1; a label that is not positive: unknown */
};
struct design {
    const char *name;
    enum task task;
    const char *depth;             /* what its depth counts */
    int least, most, step, usual;  /* depths: least, least + step, ... */
    /* Fills the handles from the settings above them, which are valid. */
    int (*build)(struct designed *d, struct graph *g, struct error *e);
};
#define DESIGN_WORDS "cnn|resnet|segnet|unet" /* their names */
const struct design *design_find(const char *name); /* NULL: there is none */
/* Checks the settings, then builds. */
int design_build(const struct design *design, struct designed *d, struct graph *g,
                 struct error *e);

/* Two convolutions of 3x3, a max pool that halves, the channels doubled after each pair; then the
 * mean over the pixels and a linear layer (cnn.c). Names as in torchvision's VGG. */
extern const struct design DESIGN_CNN;
/* He et al., CVPR 2016, section 4.2: 6 n + 2 layers in three stages of n blocks, channels doubled
 * and sides halved from one to the next, where a 1x1 convolution carries the shortcut (resnet.c).
 * Names as in torchvision's ResNet. */
extern const struct design DESIGN_RESNET;
/* Badrinarayanan et al., TPAMI 2017: VGG-16's convolutions of 3x3 and its max pools, then the same in
 * mirror image, which unpools to where the maxima were; a class for every pixel. Depth: so many of
 * the five levels. The weights of the classes in the loss are the buffer "balance", 1 each
 * (segnet.c). */
extern const struct design DESIGN_SEGNET;
/* Ronneberger et al., MICCAI 2015, padded and batch-normalised: levels of two 3x3 convolutions and
 * a max pool, then as many that double the sides by a 2x2 transposed convolution and go on with
 * what the level had before its pool beside it; a sigmoid of one number a pixel, its depth. The
 * loss is the mean absolute error over the pixels whose depth is known. Depth: levels, 1 to 8; the
 * sides must be multiples of 2 to that power (unet.c). */
extern const struct design DESIGN_UNET;

/* ---- GANomaly's encoder and decoder (autoencoder.c) ---- */
struct autoencoder {
    int side;      /* power of two, 16 or more: 32 */
    int channels;  /* of the image */
    int width;     /* of the first layer: 64 (reference), 16 (small) */
    int latent;
};
int autoencoder_check(const struct autoencoder *a, struct error *e); /* are the settings valid? */
/* To and from the map {type: "autoencoder", side, channels, width, latent}, the meta `network` of
 * its weights; what is read is checked. NULL where memory is out. */
struct value *autoencoder_value(const struct autoencoder *a);
int autoencoder_from_value(struct autoencoder *a, const struct value *v, struct error *e);
/* x (side x side x channels in [-1, 1]) to 1 x 1 x latent. Parameters "enc.N.weight", ... are
 * created at the first call on a graph and shared by later ones. */
struct node *encoder_build(const struct autoencoder *a, struct graph *g, struct node *x);
/* The same with a second head on the last feature map, "variance.N.weight": log_variance is 1 x 1 x
 * latent, what is returned the mean. Whoever reads the weights as an encoder's has the mean. */
struct node *encoder_build_variational(const struct autoencoder *a, struct graph *g,
                                       struct node *x, struct node **log_variance);
/* Another encoder of the same shape, for reconstructions: parameters "second.N.weight", ... */
struct node *second_encoder_build(const struct autoencoder *a, struct graph *g, struct node *y);
/* 1 x 1 x latent to side x side x channels in (-1, 1); parameters "dec.N.weight", ... */
struct node *decoder_build(const struct autoencoder *a, struct graph *g, struct node *z);

#endif
