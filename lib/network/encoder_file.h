/* The auto-encoder's weights and checkpoints as streams of kind "weights"; stands on the stream, as
 * weights.h does. */
#ifndef NETWORK_ENCODER_FILE_H
#define NETWORK_ENCODER_FILE_H
#include "network/train_autoencoder.h"
#include "network/weights.h"

/* All parameters and running statistics; a checkpoint has Adam's moments too ("adam.first",
 * "adam.second", flat) and meta `epochs`. */
int encoder_file_write(struct stream_writer *w, struct autoencoder_trainer *t, bool checkpoint,
                       struct error *e);
/* Makes t what it was when the checkpoint was written. */
int encoder_file_restore(struct autoencoder_trainer *t, const struct weights *w, struct error *e);

/* One half of a trained auto-encoder, planned for inference by its running statistics. */
struct encoder_half {
    struct autoencoder network;
    struct graph *graph;
    struct node *input, *output; /* image and code, or code and image */
    char digest[17];             /* of the weights */
};
/* Reads weights from path and builds the encoder, or the decoder. */
int encoder_half_open(struct encoder_half *h, const char *path, bool decoder, int batch,
                      const struct stream_limits *limits, struct error *e);
/* The same of weights that are in memory already. */
int encoder_half_load(struct encoder_half *h, const struct weights *w, bool decoder, int batch,
                      struct error *e);
/* Input i .. i + n - 1 is in node_value(h->input) beforehand, output in node_value(h->output). */
void encoder_half_run(struct encoder_half *h, int n);
void encoder_half_close(struct encoder_half *h);

#endif
