/* t-SNE (van der Maaten and Hinton, JMLR 2008): a map of points to the plane that keeps who is near
 * whom. Gradient descent of KL(P || Q) as in the original's program: momentum 0.5, then 0.8, steps
 * that grow by 0.2 where the direction stays and shrink to 0.8 of themselves where it turns,
 * exaggeration at first, a random start of deviation 1e-4 (Poyser 2023, section 4.4). */
#ifndef EMBED_TSNE_H
#define EMBED_TSNE_H
#include "embed/affinity.h"
#include "embed/repulsion.h"

struct tsne_settings {
    int exaggerated; /* the first so many, 250, attract more, 12 times, at momentum 0.5 */
    double exaggeration;
    double rate; /* of learning: 200; 0: that, or n / 12 where it is more */
    bool exact;  /* repulsion all with all, however many points there are */
    uint64_t seed;
};

struct tsne {
    struct tsne_settings settings;
    const struct affinity *p;
    struct repulsion *repulsion;
    float *y;               /* [n, 2]: the map; owned, as the rest */
    float *gradient, *push; /* [n, 2] */
    float *velocity, *gain;
    double *share; /* [n]: of the divergence */
    double sum;    /* of all q_ij of the map at hand */
    int iteration; /* steps done */
};

/* The affinities must outlive it. -1 with the error set: nothing to free. */
int tsne_begin(struct tsne *t, const struct affinity *p, const struct tsne_settings *s,
               struct error *e);
int tsne_step(struct tsne *t, struct error *e);
/* To t->gradient that of KL(P || Q), P times `exaggeration`. */
int tsne_gradient(struct tsne *t, double exaggeration, struct error *e);
/* KL(P || Q) of the map, in nats, over the pairs that P knows. */
int tsne_divergence(struct tsne *t, double *kl, struct error *e);
void tsne_free(struct tsne *t);

#endif
