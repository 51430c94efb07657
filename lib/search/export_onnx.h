/* Weights that train or train-encoder wrote as an ONNX model, in the form of rows/export.h: input
 * `pixels` [n, channels, height, width] on the scale 0 to 255, normalised within; output `logits`
 * [n, classes], or, of an auto-encoder, the encoder's `z` [n, latent]. Metadata hold the meta
 * `network` and `classes` as JSON. */
#ifndef SEARCH_EXPORT_ONNX_H
#define SEARCH_EXPORT_ONNX_H
#include "rows/export.h"

extern const struct export_format EXPORT_ONNX;
#endif
