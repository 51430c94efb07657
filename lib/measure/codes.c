#include "measure/codes.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/clones.h"
#include "base/memory.h"

int codes_new(struct codes *c, size_t n, struct error *e)
{
    size_t pairs;
    *c = (struct codes){.n = n};
    if (size_multiply(n, n, &pairs))
        return error_set(e, "codes of %zu images are too many", n);
    c->differ = array_new(pairs, sizeof *c->differ, "a kernel", e);
    return c->differ ? 0 : -1;
}

void codes_free(struct codes *c)
{
    free(c->differ);
    *c = (struct codes){0};
}

FAST static uint32_t distance(const uint32_t *a, const uint32_t *b, size_t words)
{
    uint64_t x, y, sum = 0;
    size_t i = 0;
    for (; i + 2 <= words; i += 2) {
        memcpy(&x, a + i, sizeof x);
        memcpy(&y, b + i, sizeof y);
        sum += (uint64_t)__builtin_popcountll(x ^ y);
    }
    return (uint32_t)sum + (i < words ? (uint32_t)__builtin_popcount(a[i] ^ b[i]) : 0);
}

void codes_add(struct codes *c, const uint32_t *word, size_t words, uint64_t bits)
{
    c->bits += bits;
#pragma omp parallel for schedule(dynamic, 4)
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < i; k++)
            c->differ[i * c->n + k] += distance(word + i * words, word + k * words, words);
}

/* By Cholesky's decomposition, as K is positive semidefinite: X X' + (1 - X)(1 - X)'. */
int codes_score(const struct codes *c, double *score, struct error *e)
{
    const size_t n = c->n;
    autofree double *l = array_new(n * n, sizeof *l, "a kernel", e);
    if (!l)
        return -1;
    const double all = (double)c->bits, least = (double)n * DBL_EPSILON * all;
    *score = 0;
    for (size_t i = 0; i < n; i++) {
        double *row = l + i * n, pivot = all;
        for (size_t k = 0; k < i; k++) {
            const double *other = l + k * n;
            double sum = all - c->differ[i * n + k];
            for (size_t m = 0; m < k; m++)
                sum -= row[m] * other[m];
            row[k] = sum / other[k];
            pivot -= row[k] * row[k];
        }
        if (!(pivot > least)) {
            *score = -INFINITY;
            return 0;
        }
        row[i] = sqrt(pivot);
        *score += log(pivot);
    }
    return 0;
}

double codes_overlap(const struct codes *c)
{
    double sum = 0;
    if (c->n < 2)
        return NAN;
    for (size_t i = 0; i < c->n; i++)
        for (size_t k = 0; k < i; k++)
            sum += c->differ[i * c->n + k];
    return 1 - sum / ((double)c->n * (double)(c->n - 1) / 2) / (double)c->bits;
}
