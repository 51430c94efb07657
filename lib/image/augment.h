/* Random variants of a training image. What is drawn depends on (seed, epoch, id) alone, never on
 * the order of the images or on the number of threads. Geometry works on bytes with background 0,
 * then the image is normalised, then cutout writes zeros: the order of the PyTorch originals. */
#ifndef IMAGE_AUGMENT_H
#define IMAGE_AUGMENT_H
#include <stdbool.h>
#include <stdint.h>
#include "base/error.h"
#include "image/prepare.h"

struct augment {
    int pad;            /* crop at random from the image padded by so many pixels; 0: no crop */
    bool flip;          /* left and right, with probability 1/2 */
    bool vertical_flip; /* top and bottom, with probability 1/2 */
    float rotate;       /* affine, about the centre: up to so many degrees either way */
    float shift;        /* up to this fraction of each side */
    float scale;        /* a factor from 1 - scale to 1 + scale */
    float shear;        /* x += s y, |s| up to this */
    int cutout;         /* side of a square of zeros, centred anywhere, clipped; 0: none */
};

#define AUGMENT_WORDS "auto|none|crop-flip|affine|affine-flip"

/* Fills *a by one of AUGMENT_WORDS: crop-flip is CIFAR's (pad 4, flip left and right), affine that
 * of the DARTS port to MNIST and Fashion-MNIST (15 degrees, 10 %, 0.9 to 1.1, shear 0.1),
 * affine-flip adds that port's vertical flip. "auto" goes by meta's `source` (NULL is fine):
 * cifar10 and cifar100 crop-flip, mnist and fashion-mnist affine, anything else none. cutout is
 * left 0 for the caller. */
int augment_choose(struct augment *a, const char *word, const char *source, struct error *e);

/* out (float, normalised) = one variant of the image, of the same size; a all zero: the image. */
void augment_image(const struct augment *a, const struct normalisation *n, uint64_t seed,
                   uint64_t epoch, int64_t id, const uint8_t *image, int height, int width,
                   int channels, float *out);
/* The same variant of a map that has an element of `size` bytes a pixel, which is a class, or
 * something else that has no means: each pixel takes the element that is nearest, *outside beyond
 * the edges. Nothing is cut out of it. */
void augment_map(const struct augment *a, uint64_t seed, uint64_t epoch, int64_t id,
                 const void *map, size_t size, int height, int width, const void *outside,
                 void *out);
#endif
