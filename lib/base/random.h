/* Counter-based random numbers (Philox 4x32-10; Salmon et al., "Parallel random numbers: as easy
 * as 1, 2, 3", SC 2011), so that a value depends on what it is for and never on the order of the
 * calls, on the number of threads or on an interruption. A stream of numbers is named by a seed, a
 * purpose and a step; element i of it is had at once. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H
#include <stddef.h>
#include <stdint.h>

struct random {
    uint64_t key;  /* from seed and purpose */
    uint64_t step; /* epoch, training step, ...: high words of the counter */
    uint64_t at;   /* the next element, for the sequential calls below */
};

/* purpose: a short name, e.g. "weights", "shuffle"; streams of different purposes never meet. */
struct random random_stream(uint64_t seed, const char *purpose, uint64_t step);

uint64_t random_u64_at(const struct random *r, uint64_t i);
double random_uniform_at(const struct random *r, uint64_t i); /* [0, 1), 53 bits */
double random_normal_at(const struct random *r, uint64_t i);  /* N(0, 1), Box-Muller */
/* Uniforms first, first + 1, ...: many for half of what they cost one by one. */
void random_uniforms_at(const struct random *r, uint64_t first, size_t n, double *to);

/* The same, taking the elements in order. */
uint64_t random_u64(struct random *r);
double random_uniform(struct random *r);
double random_normal(struct random *r);
/* Uniform over 0 .. n-1, n > 0, without modulo bias. */
uint64_t random_below(struct random *r, uint64_t n);

/* Where a random permutation of 0 .. n-1 puts i < n: so a sample without repetition, of however
 * many, needs no memory. */
uint64_t random_place_at(const struct random *r, uint64_t n, uint64_t i);

/* Fisher-Yates over n indices. */
void random_shuffle(struct random *r, size_t *index, size_t n);
/* index[0..n) = a random permutation of 0 .. n-1. */
void random_permutation(struct random *r, size_t *index, size_t n);

#endif
