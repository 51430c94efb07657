/* How far a network tells images apart before it has learnt anything: binary codes, one an image,
 * of which of its units are on, and their kernel K_ij = bits - Hamming distance (Mellor et al.,
 * "Neural architecture search without training", ICML 2021). */
#ifndef MEASURE_CODES_H
#define MEASURE_CODES_H
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

struct codes {
    size_t n;         /* images */
    uint64_t bits;    /* so far */
    uint32_t *differ; /* [n, n]: in how many of them two images differ; owned */
};
int codes_new(struct codes *c, size_t n, struct error *e);
void codes_free(struct codes *c);

/* Adds `bits` bits a code: those of image i are in word[i * words] on; bits past their count are
 * the same for all. */
void codes_add(struct codes *c, const uint32_t *word, size_t words, uint64_t bits);

/* log det K; -INFINITY where K is singular, as it is when two images have the same code. */
int codes_score(const struct codes *c, double *score, struct error *e);
/* The mean of K_ij / bits over i != j: the share of their units that two images have in common.
 * NaN of one image. */
double codes_overlap(const struct codes *c);

#endif
