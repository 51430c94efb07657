/* A network trained from scratch, as DARTS does in its evaluation phase: by SGD (momentum 0.9,
 * weight decay 3e-4, gradient norm at most 5), its learning rate falling by half a cosine to 0,
 * drop-path rising in a straight line from 0. DARTS, Liu et al., ICLR 2019. A teacher, a network that
 * is trained already, may stand beside it: then the loss is (1 - distil) times the one by the labels
 * and distil times that by the teacher's outputs on the same variants of the images (Hinton et al.
 * 2015). What is to be repeated exactly stands in the map `network` (model.h) and in
 *
 *     settings   {seed, epochs, batch, rate, drop_path, cutout, augment (AUGMENT_WORDS), source;
 *                 balance, where classes of pixels are told: "median" or "none";
 *                 teacher, the digest of its weights, distil, temperature, where there is one}
 */
#ifndef SEARCH_TRAINING_H
#define SEARCH_TRAINING_H
#include "search/batches.h"
#include "search/model.h"

struct training {
    struct value *network, *settings; /* owned copies */
    uint64_t seed;
    int epochs, batch;
    double rate, drop_path; /* at their highest */
    struct augment augment;

    struct model model;
    real *velocity;      /* owned */
    int epoch;           /* epochs done */
    struct value *curve; /* array, one map an epoch: loss, accuracy (of classes), rate; owned */
    double seconds;
    struct batch images; /* at work */

    struct model teacher; /* owned; no graph: there is none */
    struct node *taught;  /* the input that takes its logits */
    struct batch shown;   /* the images at work as it has them */
};

/* Builds, plans and initialises by the settings' seed. */
int training_new(struct training *t, const struct value *network, const struct value *settings,
                 struct error *e);
void training_free(struct training *t);
/* Of a network just made that tells classes of pixels: weighs the classes by their frequencies
 * (samples_balance). */
int training_balance(struct training *t, const struct samples *samples, struct error *e);
/* Of a network just made whose settings tell of a teacher: takes it over, also where it fails,
 * planned for as many images as a step has. It must tell as many classes of images as large. */
int training_teach(struct training *t, struct model *teacher, struct error *e);
/* Trains one epoch; `progress` (may be NULL) is called with the images done of it. An error where
 * the loss is no longer a number. */
int training_epoch(struct training *t, const struct samples *samples,
                   void (*progress)(void *to, size_t images), void *to, struct error *e);

/* Writes the weights to path (NULL: standard output) or, `checkpoint`, all that is needed to go on.
 * Meta: `network`, `training` {settings, epoch, curve, and, where the call keeps a history,
 * seconds}; `classes`, `source` and the history are those of the samples. */
int training_save(const struct training *t, const struct call *c, const char *path, bool checkpoint,
                  const struct samples *samples, const struct value *inputs, struct error *e);
/* Goes on from a checkpoint, which must be of the same network, settings and samples, as if there
 * had been no break. `variants`: the samples need only be the same by id and label, so that each
 * epoch can have pixels of its own; a normalisation that was measured stays that of the first. */
int training_resume(struct training *t, const struct call *c, const char *path, bool variants,
                    const struct samples *samples, struct error *e);

#endif
