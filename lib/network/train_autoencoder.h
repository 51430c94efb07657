/* The training of the auto-encoder: arrays in, weights out; no streams, no options. */
#ifndef NETWORK_TRAIN_AUTOENCODER_H
#define NETWORK_TRAIN_AUTOENCODER_H
#include "network/encoder_losses.h"

struct autoencoder_settings {
    struct autoencoder network;
    struct encoder_objective objective;
    double rate; /* Adam's, betas 0.9 and 0.999 */
    int batch;
    uint64_t seed;
};

/* Where images come from. `fetch` writes image i, side x side x channels in [-1, 1], to `pixels`;
 * it may be called from several threads at once. */
struct autoencoder_data {
    size_t count;
    /* For objectives that need labels: two classes or more; images with label -1 are left out. */
    const int64_t *label;
    void (*fetch)(const void *context, size_t i, float *pixels);
    const void *context;
};

struct autoencoder_report {      /* means over the images of one epoch */
    double loss;                 /* what was minimised */
    double term[ENCODER_LOSSES]; /* each loss of the objective, unweighted */
};

struct autoencoder_trainer; /* graph, data, Adam's moments, epochs done */

/* Builds, plans and initialises for `data`, which must outlive it (as must what it points to). */
struct autoencoder_trainer *autoencoder_trainer_new(const struct autoencoder_settings *settings,
                                                    const struct autoencoder_data *data,
                                                    struct error *e);
void autoencoder_trainer_free(struct autoencoder_trainer *t); /* NULL is fine */
/* One pass over the data in an order keyed by seed and epoch. `progress`, may be NULL, is called
 * with the images done after every batch. An error where the loss is no longer a number. */
int autoencoder_epoch(struct autoencoder_trainer *t, struct autoencoder_report *report,
                      void (*progress)(void *to, size_t images), void *to, struct error *e);

/* What a checkpoint holds: the graph's weights and buffers, the two moments (as many elements as
 * graph_group(g, GRAPH_WEIGHTS)), and the epochs done. */
struct graph *autoencoder_graph(struct autoencoder_trainer *t);
real *autoencoder_moment(struct autoencoder_trainer *t, int which); /* 0 and 1 */
int *autoencoder_epochs(struct autoencoder_trainer *t);

#endif
