#include "image/hash.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "image/prepare.h"

enum { REDUCED = 32 };
static const double NOTHING = 1e-3;

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* wave[u][x]: frequency u + 1, of length 1. */
static void make_waves(int side, double wave[HASH_MOST_SIDE][REDUCED])
{
    for (int u = 0; u < side; u++)
        for (int x = 0; x < REDUCED; x++)
            wave[u][x] = sqrt(2. / REDUCED) * cos((2 * x + 1) * (u + 1) * M_PI / (2 * REDUCED));
}

void hash_perceptual(const uint8_t *image, int height, int width, int channels, int side,
                     float *bit)
{
    float reduced[REDUCED * REDUCED * 3];
    double wave[HASH_MOST_SIDE][REDUCED], across[REDUCED][HASH_MOST_SIDE] = {0};
    double strength[HASH_MOST_SIDE * HASH_MOST_SIDE] = {0}, sorted[HASH_MOST_SIDE * HASH_MOST_SIDE];
    const int count = side * side;
    make_waves(side, wave);
    prepare_resize(image, height, width, channels, REDUCED, REDUCED, reduced);
    for (int y = 0; y < REDUCED; y++)
        for (int x = 0; x < REDUCED; x++) {
            const float *p = reduced + (y * REDUCED + x) * channels;
            const double luma = channels == 3 ? 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2] : p[0];
            for (int u = 0; u < side; u++)
                across[y][u] += luma * wave[u][x];
        }
    for (int v = 0; v < side; v++)
        for (int u = 0; u < side; u++)
            for (int y = 0; y < REDUCED; y++)
                strength[v * side + u] += across[y][u] * wave[v][y];
    memcpy(sorted, strength, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, ascending);
    const double median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
    for (int i = 0; i < count; i++)
        bit[i] = strength[i] > median + NOTHING;
}
