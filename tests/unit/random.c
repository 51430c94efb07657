/* Philox against Random123's own vectors, the distributions, independence of order. */
#include "base/random.h"
#include <string.h>
#include <Random123/philox.h>
#include "tap.h"

/* From Random123's examples/kat_vectors: "philox4x32 10". */
static void known_answers(void)
{
    static const uint32_t vector[3][10] = {
        /* counter, key, answer */
        {0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x408f276d,
         0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09,
         0x94fdcceb, 0x5001e420, 0x24126ea1},
    };
    for (int i = 0; i < 3; i++) {
        const uint32_t *v = vector[i];
        philox4x32_ctr_t counter = {{v[0], v[1], v[2], v[3]}};
        philox4x32_key_t key = {{v[4], v[5]}};
        counter = philox4x32(counter, key);
        ok(memcmp(counter.v, v + 6, sizeof counter.v) == 0, "known answer %d", i);
    }
}

/* Our elements are those numbers: a block's words, low first, under counter {block, step}. */
static void elements(void)
{
    struct random zero = {.key = 0};
    ok(random_u64_at(&zero, 0) == 0xe169c58d6627e8d5 &&
           random_u64_at(&zero, 1) == 0x9b00dbd8bc57ac4c,
       "the first known answer is elements 0 and 1");
    struct random r = {.key = 0x299f31d0a4093822, .step = 0x0370734413198a2e};
    philox4x32_ctr_t counter = {{0x243f6a88, 0x05a308d3, 0x13198a2e, 0x03707344}};
    philox4x32_key_t key = {{0xa4093822, 0x299f31d0}};
    counter = philox4x32(counter, key);
    uint64_t first = 2 * 0x05a308d3243f6a88;
    ok(random_u64_at(&r, first) == ((uint64_t)counter.v[1] << 32 | counter.v[0]) &&
           random_u64_at(&r, first + 1) == ((uint64_t)counter.v[3] << 32 | counter.v[2]),
       "every word of counter and key has its place");
}

static void streams_differ(void)
{
    struct random a = random_stream(1, "weights", 0), b = random_stream(1, "shuffle", 0);
    struct random c = random_stream(2, "weights", 0), d = random_stream(1, "weights", 1);
    struct random again = random_stream(1, "weights", 0);
    uint64_t x = random_u64_at(&a, 5);
    ok(x != random_u64_at(&b, 5), "another purpose, other numbers");
    ok(x != random_u64_at(&c, 5), "another seed, other numbers");
    ok(x != random_u64_at(&d, 5), "another step, other numbers");
    ok(x == random_u64_at(&again, 5), "the same names, the same number");
    bool same = true;
    for (uint64_t i = 0; i < 100; i++)
        same = same && random_u64(&again) == random_u64_at(&a, i);
    ok(same, "in order or at once: the same elements");
    for (uint64_t i = 0; i < 100; i++) {
        double many[10];
        const size_t n = 1 + i % 10;
        random_uniforms_at(&a, i, n, many);
        for (size_t k = 0; k < n; k++)
            same = same && many[k] == random_uniform_at(&a, i + k);
    }
    ok(same, "one by one or many: the same uniforms");
}

/* Moments of n draws, within five standard errors. */
static void distributions(void)
{
    enum { N = 200000 };
    struct random r = random_stream(7, "test", 0);
    double sum = 0, squares = 0, normal = 0, normal_squares = 0, product = 0;
    bool inside = true;
    for (uint64_t i = 0; i < N; i++) {
        double u = random_uniform_at(&r, i), z = random_normal_at(&r, i);
        inside = inside && u >= 0 && u < 1;
        sum += u;
        squares += u * u;
        normal += z;
        normal_squares += z * z;
        if (i % 2)
            product += z * random_normal_at(&r, i - 1);
    }
    ok(inside, "uniform in [0, 1)");
    ok(fabs(sum / N - 0.5) < 5 * sqrt(1. / 12 / N), "uniform mean %g", sum / N);
    ok(fabs(squares / N - 1. / 3) < 5 * sqrt(4. / 45 / N), "uniform second moment");
    ok(fabs(normal / N) < 5 / sqrt(N), "normal mean %g", normal / N);
    ok(fabs(normal_squares / N - 1) < 5 * sqrt(2. / N), "normal variance %g", normal_squares / N);
    ok(fabs(product / N) < 5 / sqrt(N), "the two normals of a pair are uncorrelated");
}

static void below(void)
{
    struct random r = random_stream(3, "below", 0);
    int count[7] = {0};
    bool inside = true;
    for (int i = 0; i < 70000; i++) {
        uint64_t k = random_below(&r, 7);
        inside = inside && k < 7;
        count[k % 7]++;
    }
    ok(inside, "random_below stays below");
    double chi = 0;
    for (int i = 0; i < 7; i++)
        chi += (count[i] - 10000.) * (count[i] - 10000.) / 10000;
    ok(chi < 30, "random_below is even: chi squared %.2f of 6", chi);
    uint64_t huge = 3ull << 62, high = 0;
    for (int i = 0; i < 3000; i++)
        high += random_below(&r, huge) >= 1ull << 63;
    ok(high > 800 && high < 1200, "no bias where n is most of the range: %d of 3000", (int)high);
    ok(random_below(&r, 1) == 0, "below one there is zero");
}

static void permutations(void)
{
    size_t index[100], seen[100] = {0}, moved = 0;
    struct random r = random_stream(5, "permutation", 0);
    random_permutation(&r, index, 100);
    for (size_t i = 0; i < 100; i++) {
        seen[index[i] % 100]++;
        moved += index[i] != i;
    }
    bool each_once = true;
    for (size_t i = 0; i < 100; i++)
        each_once = each_once && seen[i] == 1;
    ok(each_once && moved > 80, "a permutation holds each index once");
    random_permutation(&r, index, 0);
    ok(true, "of nothing, nothing");
}

int main(void)
{
    known_answers();
    elements();
    streams_differ();
    distributions();
    below();
    permutations();
    return tap_done();
}
