/* The training of an auto-encoder on samples, as files know it: header and meta of the weights, and
 * checkpoints that a run goes on from. Meta holds `network` (network.h),
 *
 *     training   {loss "mse"|"contractive"|"triplet", rate, batch, seed, samples (their digest),
 *                 lambda (contractive only), margin (triplet only)}
 *     report     [{loss, mse, and "jacobian" or "triplet"} an epoch]
 *
 * and what samples_bequeath() leaves. */
#ifndef SEARCH_ENCODER_TRAINING_H
#define SEARCH_ENCODER_TRAINING_H
#include "network/train_autoencoder.h"
#include "rows/samples.h"

#define ENCODER_LOSSES "mse|contractive|triplet"

struct encoder_training {
    struct autoencoder_settings settings;
    const struct samples *samples;
    struct autoencoder_trainer *trainer; /* owned */
    struct header header;                /* of all that it writes; owned */
    struct value *report;                /* in the header's meta */
};

/* One of the words of ENCODER_LOSSES. */
enum autoencoder_loss encoder_loss(const char *word);

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
int encoder_training_save(const struct encoder_training *t, const struct call *c, const char *path,
                          struct error *e);
/* Writes the weights to a writer that was made with the header, before the training perhaps, and
 * commits it. */
int encoder_training_finish(const struct encoder_training *t, struct stream_writer *w,
                            struct error *e);

#endif
