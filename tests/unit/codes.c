/* Kernels of binary codes: against their definition, in closed form, and degenerate ones. */
#include "measure/codes.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/random.h"
#include "tap.h"

/* log |det| of [n, n] by Gaussian elimination with pivots. */
static double log_determinant(double *k, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        int best = i;
        for (int r = i; r < n; r++)
            best = fabs(k[r * n + i]) > fabs(k[best * n + i]) ? r : best;
        for (int c = 0; c < n; c++) {
            double swap = k[i * n + c];
            k[i * n + c] = k[best * n + c];
            k[best * n + c] = swap;
        }
        sum += log(fabs(k[i * n + i]));
        for (int r = i + 1; r < n; r++) {
            const double factor = k[r * n + i] / k[i * n + i];
            for (int c = i; c < n; c++)
                k[r * n + c] -= factor * k[i * n + c];
        }
    }
    return sum;
}

/* By the definition: X X' + (1 - X)(1 - X)'. */
static void against_definition(int n, int bits, int words)
{
    struct codes c;
    struct error e;
    struct random r = random_stream(1, "bits", (uint64_t)bits);
    double *k = calloc((size_t)(n * n), sizeof *k), score, overlap = 0;
    codes_new(&c, (size_t)n, &e);
    for (int layer = 0; layer < 3; layer++) {
        uint32_t *word = calloc((size_t)(n * words), sizeof *word);
        for (int i = 0; i < n; i++)
            for (int b = 0; b < bits; b++)
                word[i * words + b / 32] |= (uint32_t)(random_u64(&r) & 1) << b % 32;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                for (int b = 0; b < bits; b++) {
                    int x = word[i * words + b / 32] >> b % 32 & 1;
                    int y = word[j * words + b / 32] >> b % 32 & 1;
                    k[i * n + j] += x * y + (1 - x) * (1 - y);
                }
        codes_add(&c, word, (size_t)words, (uint64_t)bits);
        free(word);
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            overlap += i == j ? 0 : k[i * n + j] / (3 * bits) / (n * (n - 1));
    const double wanted = log_determinant(k, n);
    const bool scored = !codes_score(&c, &score, &e);
    ok(scored && fabs(score - wanted) < 1e-9 * fabs(wanted),
       "%d codes of 3 x %d bits: %.12g, by elimination %.12g", n, bits, score, wanted);
    ok(fabs(codes_overlap(&c) - overlap) < 1e-12 && c.bits == 3 * (uint64_t)bits,
       "and %.6f of the bits in common", overlap);
    codes_free(&c);
    free(k);
}

int main(void)
{
    struct codes c;
    struct error e;
    double score;
    against_definition(7, 100, 4);
    against_definition(40, 997, 32);
    against_definition(33, 64, 3);

    const uint32_t two[] = {0xf0f0f0f0, 0, 0xf0f0f0ff, 0x10};
    codes_new(&c, 2, &e);
    codes_add(&c, two, 2, 40);
    ok(!codes_score(&c, &score, &e) && fabs(score - log(5. * (2 * 40 - 5))) < 1e-12,
       "two codes at distance 5: log(d (2 N - d))");
    ok(fabs(codes_overlap(&c) - 35. / 40) < 1e-15, "35 of 40 bits in common");
    codes_free(&c);

    const uint32_t three[] = {1, 6, 1}, all[] = {1, 2, 4, 8, 9};
    codes_new(&c, 3, &e);
    codes_add(&c, three, 1, 32);
    ok(!codes_score(&c, &score, &e) && score == -INFINITY, "two the same: -inf");
    codes_free(&c);
    codes_new(&c, 5, &e); /* more codes than a rank of 4 bits + 1 can tell apart */
    codes_add(&c, all, 1, 4);
    ok(!codes_score(&c, &score, &e) && isfinite(score), "5 codes of 4 bits may be independent");
    codes_free(&c);
    uint32_t many[16];
    for (uint32_t i = 0; i < 16; i++)
        many[i] = i;
    codes_new(&c, 16, &e);
    codes_add(&c, many, 1, 4);
    ok(!codes_score(&c, &score, &e) && score == -INFINITY, "16 of them cannot: singular, -inf");
    codes_free(&c);
    codes_new(&c, 1, &e);
    codes_add(&c, two, 1, 20);
    ok(!codes_score(&c, &score, &e) && fabs(score - log(20)) < 1e-12 && isnan(codes_overlap(&c)),
       "one image: log N, and nobody to have bits in common with");
    codes_free(&c);
    return tap_done();
}
