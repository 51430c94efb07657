/* Pictures made worse by as much as another was, but in another way: what a codec takes away is
 * compared with what a blur, or noise, of the same squared error does; and without what lies beside
 * what. */
#ifndef IMAGE_DEGRADE_H
#define IMAGE_DEGRADE_H
#include <stdint.h>
#include "base/error.h"
#include "base/random.h"

/* Mean squared error of two arrays of so many bytes. */
double degrade_error(const uint8_t *a, const uint8_t *b, size_t count);

/* Writes to `to` what a Gaussian leaves of height x width x channels, edges continued, or white
 * normal noise added to each byte, both rounded and clipped; the Gaussian's or the noise's
 * deviation is the one, found by bisection, whose mean squared error comes nearest `square` from
 * below. An error larger than any deviation up to 64 pixels, or 1024 levels, makes gives that one,
 * and 1 is returned. The noise is that of the stream, from its first element on. -1 where memory is
 * out. */
int degrade_blur(const uint8_t *pixels, uint32_t height, uint32_t width, uint32_t channels,
                 double square, uint8_t *to, struct error *e);
int degrade_noise(const uint8_t *pixels, size_t count, double square, const struct random *noise,
                  uint8_t *to);

/* Pixel i of `to`, of `count`, is pixel order[i], with all of its channels. */
void degrade_shuffle(const uint8_t *pixels, const size_t *order, size_t count, uint32_t channels,
                     uint8_t *to);

#endif
