/* A perceptual hash: whether the lowest frequencies of a picture are strong or weak (Zauner,
 * Implementation and Benchmarking of Perceptual Image Hash Functions, 2010; with 8 x 8 of them the
 * DCT hash of pHash, whose blur before the reduction is that of the reduction itself here). */
#ifndef IMAGE_HASH_H
#define IMAGE_HASH_H
#include <stdint.h>

enum { HASH_MOST_SIDE = 16 };

/* Of a picture of 1 or 3 channels, whose luma is brought to 32 x 32: bit[v * side + u] is 1 where
 * the coefficient of frequencies u + 1 across and v + 1 down of its cosine transform is above the
 * median of all side x side, by more than a thousandth of a grey level, else 0. So the squared
 * Euclidean distance of two hashes is their Hamming distance. */
void hash_perceptual(const uint8_t *image, int height, int width, int channels, int side,
                     float *bit);

#endif
