/* From bytes to what a network eats, and back. Images are height x width x channels,
 * row-major, 0 the background; every function is pure and safe to call from many threads. */
#ifndef IMAGE_PREPARE_H
#define IMAGE_PREPARE_H
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/value.h"

enum { IMAGE_MAX_CHANNELS = 32 }; /* of ten frames' optical flow there are 20 */

/* Mean and standard deviation of each channel on the scale 0 .. 1. */
struct normalisation {
    int channels;
    float mean[IMAGE_MAX_CHANNELS], sd[IMAGE_MAX_CHANNELS];
};

/* Reads meta's "normalisation" {mean: [..], sd: [..]}: 1 where it is there and fits, 0 where there
 * is none, -1 where it is of another number of channels or has a deviation that is not positive. */
int normalisation_from_meta(struct normalisation *n, const struct value *meta, int channels,
                            struct error *e);
/* The same map, for a header's meta; NULL where memory is out. */
struct value *normalisation_value(const struct normalisation *n);
/* Measures `images` images of `pixels` pixels that lie back to back (exact integer sums, so the
 * order of the images does not matter). A channel without spread, or no images at all, gets sd 1.
 */
void normalisation_measure(struct normalisation *n, const uint8_t *data, size_t images,
                           size_t pixels, int channels);

/* out = (image / 255 - mean) / sd, per channel. */
void prepare_normalise(const struct normalisation *n, const uint8_t *image, size_t pixels,
                       float *out);

/* The auto-encoder's view: side x side x channels on [-1, 1]. An image that fits and fills at
 * least three quarters of each side (28 in 32) is centred on background; any other is resized, by
 * area where an axis shrinks, bilinear between pixel centres where it grows. */
void prepare_encoder_input(const uint8_t *image, int height, int width, int channels, int side,
                           float *out);
/* [-1, 1] to 0 .. 255, rounded to nearest, clamped; NaN becomes 0. */
void prepare_encoder_output(const float *x, size_t count, uint8_t *out);
/* The way back of prepare_encoder_input: a side x side x channels view, as bytes, to the image's
 * own size: cut out of its background, or resized. -1 where memory is out. */
int prepare_encoder_restore(const uint8_t *view, int side, int channels, int height, int width,
                            uint8_t *image, struct error *e);

/* The luma of so many pixels of red, green, blue (BT.601, as JPEG and PNM have it), rounded to nearest:
 * 0.299 R + 0.587 G + 0.114 B. grey may be where the pixels are. */
void prepare_luma(const uint8_t *pixels, size_t count, uint8_t *grey);

/* The resize alone: float on the scale of the input, out_height x out_width x channels. */
void prepare_resize(const uint8_t *image, int height, int width, int channels, int out_height,
                    int out_width, float *out);
#endif
