/* What an auto-encoder is trained by: a set of losses, which are the rows of one table, and how
 * much each counts. Of images x with latents z and reconstructions y (Poyser 2023, section 4.2.2):
 *
 *   - mse: (x - y)^2, mean over the numbers of an image
 *   - contractive: |J n|^2, n ~ N(0, 1), J the encoder's Jacobian: by one tangent pass, statistics
 *     of batches held constant; its mean is |J|^2 (Rifai et al., ICML 2011)
 *   - vae: KL(N(z, v) | N(0, 1)), log v from a second head; what is decoded is then z + sqrt(v) n
 *     (Kingma and Welling, ICLR 2014)
 *   - second: (z - z')^2, mean over the latent, z' being what a second encoder makes of y (Akcay et
 *     al., ACCV 2018, without the adversary)
 *   - triplet: max(d(z, p) - d(z, q) + margin, 0), p of z's class, q of another (Schroff et al.,
 *     CVPR 2015; no mining)
 *   - cosine: 1 - cos(z, o) for an o of z's class, max(cos(z, o) - margin, 0) for another
 *   - contrastive: d(z, o)^2 / 2, and max(margin - d(z, o), 0)^2 / 2 (Hadsell et al., CVPR 2006)
 *   - circle: ops.h; z/|z| against p/|p| of the whole batch (Sun et al., CVPR 2020)
 *
 * All are means over the images. What other images p, q and o are: tuples.h. */
#ifndef NETWORK_ENCODER_LOSSES_H
#define NETWORK_ENCODER_LOSSES_H
#include "network/network.h"

#define ENCODER_LOSS_WORDS "mse|contractive|vae|second|triplet|cosine|contrastive|circle"
enum { ENCODER_LOSSES = 8 };

struct building;
struct encoder_loss {
    const char *name;
    enum { NEEDS_LABELS = 1, NEEDS_VARIANCE = 2, NEEDS_GAMMA = 4 } needs;
    double weight; /* in a sum; NAN: one over the numbers of an image, as mse is their mean */
    double margin; /* NAN: it has none */
    struct node *(*term)(struct building *b); /* adds it to the graph */
};

struct encoder_objective {
    int count;
    const struct encoder_loss *loss[ENCODER_LOSSES]; /* in the order given */
    /* Learned uncertainties s (Kendall, Gal, Cipolla, CVPR 2018) weight them, each as a regression:
     * exp(-s) L / 2 + s / 2, s a parameter "kendall.NAME" that begins at 0; not the weights. */
    bool kendall;
    double weight[ENCODER_LOSSES]; /* NAN: the loss's own */
    double margin;                 /* of all that have one; NAN: their own */
    double gamma;                  /* of circle: 80 */
};

/* "mse+triplet"; weights are the losses' own. */
int encoder_losses_parse(struct encoder_objective *o, const char *text, struct error *e);
/* "kendall", "sum" (their own) or numbers "1,0.5", as many as losses. */
int encoder_weights_parse(struct encoder_objective *o, const char *text, struct error *e);
/* Of loss i, as it counts for this network; NAN: learned, or that it has none. */
double encoder_objective_weight(const struct encoder_objective *o, int i,
                                const struct autoencoder *a);
double encoder_objective_margin(const struct encoder_objective *o, int i);
/* Whether one of its losses needs that. */
bool encoder_objective_needs(const struct encoder_objective *o, unsigned needs);

/* The graph of an objective: inputs, NULL where none of its losses has a use for them, and outputs.
 */
struct encoder_graph {
    struct node *x;                           /* images in [-1, 1] */
    struct node *positive, *negative, *other; /* images, by tuples.h */
    struct node *same;                        /* 1: other is of x's class, -1: it is not */
    struct node *class;                       /* of x, a number */
    struct node *direction, *noise;           /* N(0, 1) */
    struct node *term[ENCODER_LOSSES],
        *loss; /* in the objective's order, kept; what is minimised */
    struct node *uncertainty[ENCODER_LOSSES]; /* NULL but under Kendall's weighting */
};
/* Parameters are all those of encoder and decoder, which an objective may leave as they started,
 * then those of its losses. What does not fit is noted in the graph. */
void encoder_objective_build(const struct encoder_objective *o, const struct autoencoder *a,
                             struct graph *g, struct encoder_graph *to);

#endif
