/* How noisy the weight steps of a search are (Poyser 2023, 4.4.3, who takes the deviation of losses
 * within a batch for it, and expects that the loss falls by more with every step where gradients
 * agree). A row a step, of numbers by batch statistics, all in double:
 *
 *     epoch, images   the epoch, from 0; images of the batch
 *     loss, deviation mean and sample standard deviation over the batch's images, before the step
 *     fall            by how much the mean is less after it, on the same images in the same variant
 *     other, other_fall   the same of a batch of validation images, the first of NOISE_BATCHES that
 *                     the seed draws once for all, not augmented
 *
 * and, where `gradients` is 1, not 0, of g, the mean of the gradients g1 and g2 of the batch's
 * halves:
 *
 *     norm            |g|
 *     spread          |g1 - g2| / 2, whose square's mean is the variance of g
 *     halves          cosine of g1 and g2
 *     aligned         cosine of g and the mean gradient of the validation batches
 *
 * before the step; cosines with 0 are 0. */
#ifndef SEARCH_NOISE_H
#define SEARCH_NOISE_H
#include "search/batches.h"

enum { NOISE_BATCHES = 16 };
enum noise_column {
    NOISE_EPOCH,
    NOISE_IMAGES,
    NOISE_LOSS,
    NOISE_DEVIATION,
    NOISE_FALL,
    NOISE_OTHER,
    NOISE_OTHER_FALL,
    NOISE_GRADIENTS,
    NOISE_NORM,
    NOISE_SPREAD,
    NOISE_HALVES,
    NOISE_ALIGNED,
    NOISE_WIDTH
};

struct search;

struct noise {
    int every;          /* steps from one whose gradients are looked at to the next; 0: no rows */
    size_t count, room; /* rows; elements of row */
    double *row;        /* count * NOISE_WIDTH; owned, as are those below */
    struct batch other; /* the validation batches, one behind the other */
    real *first, *mean; /* gradients */
};

/* With every > 0: of batches of so many images, and so many weights. */
int noise_init(struct noise *n, int every, int batch, struct image_shape image, size_t weights,
               struct error *e);
void noise_free(struct noise *n);
/* Takes so many rows. */
int noise_restore(struct noise *n, const double *row, size_t count, struct error *e);

/* What the weight steps of an epoch call; all do nothing where there are no rows. At its beginning,
 * with the validation samples; before each step, which begins a row; with its logits, batch by
 * batch; and after it. */
int noise_begin_epoch(struct noise *n, const struct source *validation, struct error *e);
int noise_before(struct search *s, struct error *e);
void noise_note(struct noise *n, const struct batch *b, const real *logits, int classes);
int noise_after(struct search *s, struct error *e);

#endif
