/* How near pictures are to those that they were made from.
 *
 * psnr        10 lg(255^2 / mean squared error), over all channels
 * ssim        structural similarity (measure/ssim.h), mean over channels; of pictures of at least
 *             11 x 11
 * ms_ssim     the same on five scales (Wang, Simoncelli, Bovik, Asilomar 2003); of at least
 *             176 x 176
 * entropy     plug-in, in bits, of the 8-bit histograms of all pictures: Y, Cb and Cr as JPEG has
 *             them, or of grey ones the values themselves
 * r2          1 - squared errors / those of the mean reference: the share of what pictures differ
 * by that is told; of pictures that are all of one size. Its interval: bootstrap of the errors over
 * pictures, the spread of the reference taken as it is */
#ifndef MEASURE_QUALITY_H
#define MEASURE_QUALITY_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "base/error.h"
#include "base/value.h"

/* The three of one picture; NaN where it is too small, infinity where nothing differs. */
struct quality_of {
    double square; /* mean squared error */
    double psnr, ssim, ms_ssim;
};

/* Both height x width x channels. -1 where memory is out. */
int quality_measure(const uint8_t *reference, const uint8_t *picture, uint32_t height,
                    uint32_t width, uint32_t channels, struct quality_of *q, struct error *e);

/* Of many; zeroed at first, to be freed. */
struct quality {
    int64_t rows, pictures; /* a clip is a row of several pictures */
    int64_t same;           /* pictures in which nothing differs */
    double samples, pixels;
    double square;                              /* summed over samples */
    double psnr, ssim, ms_ssim;                 /* summed over pictures that have one, */
    int64_t with_psnr, with_ssim, with_ms_ssim; /* so many */
    int64_t histogram[2][3][256];               /* reference, other */
    bool colour, grey;
    bool coded; /* bytes are known */
    double bytes, scan;
    uint32_t extent[3]; /* of the first picture, */
    bool unlike;        /* which not all others have */
    double *sum;        /* of the reference, by number of a picture */
    double squares;     /* of the reference, summed over samples */
    double *error;      /* [pictures], squared, summed over a picture's samples */
    size_t capacity;    /* of error */
};
int quality_add(struct quality *q, const uint8_t *reference, const uint8_t *picture,
                uint32_t height, uint32_t width, uint32_t channels, struct error *e);

void quality_free(struct quality *q);

/* A map of all of it; what no picture has is left out, and so is the interval where draws are 0.
 * NULL where memory is out. */
struct value *quality_report(const struct quality *q, int draws, uint64_t seed, struct error *e);
/* That map to read. */
int quality_print(const struct value *report, FILE *to);

#endif
