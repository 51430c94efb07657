/* Images in memory, as networks take them: a checked view of a table of kind "samples", whose
 * arrays it borrows. */
#ifndef ROWS_SAMPLES_H
#define ROWS_SAMPLES_H
#include "image/prepare.h"
#include "image/shape.h"
#include "measure/depth.h"
#include "stream/stage.h"

enum { SAMPLES_MOST_CLASSES = 100000 };

struct samples {
    const struct table *table;
    size_t count;             /* images, at least 1 */
    struct image_shape shape; /* of every image */
    const int64_t *id, *label;
    const uint8_t *image;  /* count * height * width * channels */
    const uint8_t *target; /* count * height * width: the class of every pixel; or NULL */
    const float *depth;    /* the same: how far away every pixel is; or NULL */
    int classes;           /* members of meta's `classes`, or the largest label + 1 */
};

/* Errors name the row: no image, an image of no pixels or of more than IMAGE_MAX_CHANNELS channels,
 * and, where labels are wanted, a label that is missing or not below `classes`. */
int samples_view(struct samples *s, const struct table *t, bool labelled, struct error *e);

/* The same of a stream ("-" or NULL: standard input), read into t, which must outlive the view. */
int samples_read(const struct call *c, const char *path, bool labelled, struct table *t,
                 struct samples *s, struct error *e);

/* For networks that tell the class of every pixel: those of `target` must be below `classes`, which
 * meta must tell, or what it calls `void`. Errors name the row. */
int samples_check_targets(struct samples *s, struct error *e);
/* For those that tell the depth of every pixel: that of `depth` must lie in 0 .. 1. What is below
 * DEPTH_LEAST is unknown. `classes` becomes 1. */
int samples_check_depths(struct samples *s, struct error *e);
/* Weights of the classes by their frequencies, so that rare ones count: the median of all over that
 * of the class among the pixels of the images that have it (Eigen and Fergus, ICCV 2015); 0 of a
 * class that is nowhere. weight: [classes]. */
int samples_balance(const struct samples *s, double *weight, struct error *e);

/* Whether the images have the shape and (where labels matter) no more classes than wanted: 0, or
 * -1 with a message that begins with `what`. */
int samples_fit(const struct samples *s, const char *what, struct image_shape shape, int classes,
                struct error *e);

/* A digest of which images they are and what they show, ids, labels, targets and depths, whatever
 * their pixels. */
uint64_t samples_identity(const struct samples *s);

/* What meta says, or, where it says nothing, what the images themselves have. */
int samples_normalisation(const struct samples *s, struct normalisation *n, struct error *e);

/* What the weights that were trained on samples keep of their header: meta's `classes` and
 * `source`, and the history. -1 where memory is out. */
int samples_bequeath(const struct header *samples, struct header *weights);

#endif
