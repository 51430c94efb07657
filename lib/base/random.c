#include "base/random.h"
#include <math.h>
#include <xxhash.h>
#include <Random123/philox.h>

struct random random_stream(uint64_t seed, const char *purpose, uint64_t step)
{
    return (struct random){.key = XXH3_64bits_withSeed(purpose, __builtin_strlen(purpose), seed),
                           .step = step};
}

/* Block b of the stream: counter {b, step}, each its low word first. */
static philox4x32_ctr_t random_block(const struct random *r, uint64_t b)
{
    philox4x32_ctr_t counter = {
        {(uint32_t)b, (uint32_t)(b >> 32), (uint32_t)r->step, (uint32_t)(r->step >> 32)}};
    philox4x32_key_t key = {{(uint32_t)r->key, (uint32_t)(r->key >> 32)}};
    return philox4x32_R(10, counter, key);
}

/* A block holds two elements. */
static uint64_t element(philox4x32_ctr_t block, int which)
{
    return (uint64_t)block.v[2 * which + 1] << 32 | block.v[2 * which];
}

uint64_t random_u64_at(const struct random *r, uint64_t i)
{
    return element(random_block(r, i / 2), (int)(i % 2));
}

static double unit(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

double random_uniform_at(const struct random *r, uint64_t i)
{
    return unit(random_u64_at(r, i));
}

void random_uniforms_at(const struct random *r, uint64_t first, size_t n, double *to)
{
    for (size_t i = 0; i < n;) {
        const philox4x32_ctr_t block = random_block(r, (first + i) / 2);
        for (int which = (int)((first + i) % 2); which < 2 && i < n; which++)
            to[i++] = unit(element(block, which));
    }
}

/* Elements 2k and 2k + 1 are the two normals of the two uniforms of block k. */
double random_normal_at(const struct random *r, uint64_t i)
{
    philox4x32_ctr_t block = random_block(r, i / 2);
    double radius = sqrt(-2 * log(1 - unit(element(block, 0))));
    double angle = 2 * M_PI * unit(element(block, 1));
    return radius * (i % 2 ? sin(angle) : cos(angle));
}

uint64_t random_u64(struct random *r)
{
    return random_u64_at(r, r->at++);
}

double random_uniform(struct random *r)
{
    return random_uniform_at(r, r->at++);
}

double random_normal(struct random *r)
{
    return random_normal_at(r, r->at++);
}

/* The high half of x * n is uniform once the first 2^64 mod n low halves are refused (Lemire, "Fast
 * random integer generation in an interval", 2019). */
uint64_t random_below(struct random *r, uint64_t n)
{
    uint64_t refused = -n % n;
    unsigned __int128 product;
    do
        product = (unsigned __int128)random_u64(r) * n;
    while ((uint64_t)product < refused);
    return (uint64_t)(product >> 64);
}

/* A Feistel network (Luby and Rackoff 1988) permutes the numbers of 2 h bits; it is gone through
 * again until it leads to one below n (Black and Rogaway, "Ciphers with arbitrary finite domains",
 * 2002).
 */
uint64_t random_place_at(const struct random *r, uint64_t n, uint64_t i)
{
    enum { ROUNDS = 8 };
    int h = 1;
    while (h < 32 && (n - 1) >> 2 * h)
        h++;
    const uint64_t mask = (UINT64_C(1) << h) - 1;
    do {
        uint64_t left = i >> h, right = i & mask;
        for (uint64_t round = 0; round < ROUNDS; round++) {
            uint64_t mixed = left ^ (random_u64_at(r, round << 32 | right) & mask);
            left = right;
            right = mixed;
        }
        i = left << h | right;
    } while (i >= n);
    return i;
}

void random_shuffle(struct random *r, size_t *index, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = random_below(r, i), last = index[i - 1];
        index[i - 1] = index[j];
        index[j] = last;
    }
}

void random_permutation(struct random *r, size_t *index, size_t n)
{
    for (size_t i = 0; i < n; i++)
        index[i] = i;
    random_shuffle(r, index, n);
}
