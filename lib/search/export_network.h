/* Weights as a network for other programs, in the form of rows/export.h.
 *
 * onnx: what train or train-encoder wrote as an ONNX model: input `pixels` [n, channels, height,
 * width] on the scale 0 to 255, normalised within; output `logits` [n, classes], or, of an
 * auto-encoder, the encoder's `z` [n, latent]. Metadata hold the meta `network` and `classes` as
 * JSON. dot: a picture of what train wrote. */
#ifndef SEARCH_EXPORT_NETWORK_H
#define SEARCH_EXPORT_NETWORK_H
#include "rows/export.h"

#define EXPORT_NETWORK_WORDS "onnx|dot" /* their names */
const struct export_format *export_network_find(const char *name); /* NULL: there is none */

/* ---- for the table ---- */
extern const struct export_format EXPORT_ONNX, EXPORT_DOT;
#endif
