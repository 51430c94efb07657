/* From samples to the batches of a step: images drawn, augmented and normalised in parallel into
 * arrays of the batch's own, so that one batch can be shown to a graph several times. */
#ifndef SEARCH_BATCHES_H
#define SEARCH_BATCHES_H
#include "image/augment.h"
#include "network/network.h"
#include "rows/samples.h"

/* Where batches come from. Borrows the samples. */
struct source {
    const struct samples *samples;
    struct normalisation normalisation;
    struct augment augment; /* all zero: none */
    uint64_t seed;          /* of the augmentation, with epoch and id */
};

struct batch {
    int n, most;
    size_t pixels;   /* elements an image */
    float *x;        /* n * pixels, owned */
    int *label;      /* owned */
    uint8_t *target; /* n * height * width, the class of every pixel, UINT8_MAX beyond the image;
                        owned, and so is the next; NULL where this is not the task */
    float *depth;    /* the same: how far away every pixel is, 0 where that is unknown */
    int64_t *id;     /* owned */
};

/* For this task the samples must then have what it asks for. */
int batch_new(struct batch *b, int most, struct image_shape shape, enum task task, struct error *e);
void batch_free(struct batch *b);
/* Rows index[0..n), n <= most, in the variant that they have in this epoch. */
void batch_fill(struct batch *b, const struct source *s, uint64_t epoch, const size_t *index,
                int n);
/* A random order of the samples' rows, malloc'd, keyed by seed, purpose and epoch. It depends on
 * which images they are, never on the order that they came in. */
size_t *batch_order(const struct samples *s, uint64_t seed, const char *purpose, uint64_t epoch,
                    struct error *e);
/* Copies the batch into a graph's two inputs. */
void batch_show(const struct batch *b, struct node *x, struct node *label);

/* Softmax over a row of logits, in double: probability of class k. */
double batch_probability(const real *logits, int classes, int k);
/* The class of the largest logit, ties to the lower. */
int batch_best(const real *logits, int classes);

#endif
