/* The training of an auto-encoder on samples, as files know it: header and meta of the weights, and
 * checkpoints that a run goes on from. Meta holds `network` (network.h),
 *
 *     training   {loss "mse+triplet", weight "kendall"|[1, ...], rate, batch, seed, samples
 *                 (their digest), margin {NAME: 1} of losses that have one, gamma where one has}
 *     report     [{loss (what was minimised), NAME of each loss (unweighted)} an epoch]
 *
 * and what samples_bequeath() leaves. */
#ifndef SEARCH_ENCODER_TRAINING_H
#define SEARCH_ENCODER_TRAINING_H
#include "network/train_autoencoder.h"
#include "rows/samples.h"

struct encoder_training {
    struct autoencoder_settings settings;
    const struct samples *samples;
    struct autoencoder_trainer *trainer; /* owned */
    struct header header;                /* of all that it writes; owned */
    struct value *report;                /* in the header's meta */
};

/* The samples, and their table, must outlive it. */
int encoder_training_new(struct encoder_training *t, const struct autoencoder_settings *settings,
                         const struct samples *samples, struct error *e);
void encoder_training_free(struct encoder_training *t);
int encoder_training_epochs(const struct encoder_training *t); /* done so far */

/* Goes on from the checkpoint at path, which must be of this very training and have no more than
 * `most` epochs. */
int encoder_training_resume(struct encoder_training *t, const struct call *c, const char *path,
                            int64_t most, struct error *e);
/* Trains one epoch; progress and report as in train_autoencoder.h. */
int encoder_training_epoch(struct encoder_training *t, struct autoencoder_report *report,
                           void (*progress)(void *to, size_t images), void *to, struct error *e);
/* One line of the report: "loss 0.61 (mse 0.2, triplet 0.9)". */
void encoder_training_note(const struct encoder_training *t,
                           const struct autoencoder_report *report, char *text, size_t size);
int encoder_training_save(const struct encoder_training *t, const struct call *c, const char *path,
                          struct error *e);
/* Writes the weights to a writer that was made with the header, before the training perhaps, and
 * commits it. */
int encoder_training_finish(const struct encoder_training *t, struct stream_writer *w,
                            struct error *e);

#endif
