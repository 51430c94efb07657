#include "embed/pca.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/clones.h"
#include "base/memory.h"
#include "embed/eigen.h"

enum {
    DEEP = 1024, /* products that an int32_t sums */
    TILE = 32,   /* rows that meet as many others while both are in the cache */
};
/* Less of the largest variance than this is rounding. */
static const double NOTHING = 1e-12;

/* ---- all inner products ---- */

/* Rows of bytes: number k of row i is at[i * row + k * step]. */
struct bytes {
    const uint8_t *at;
    size_t rows, length, row, step;
};

FAST static int32_t product(const int16_t *a, const int16_t *b, size_t n)
{
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void add_tile(const int16_t *packed, size_t n, size_t rows, size_t first, size_t second,
                     double *to)
{
    for (size_t i = first; i < rows && i < first + TILE; i++)
        for (size_t j = second; j <= i && j < second + TILE; j++)
            to[i * rows + j] += product(packed + i * DEEP, packed + j * DEEP, n);
}

/* to, zero: [rows, rows]. A sum of fewer than 2^37 products of bytes is exact in a double. */
static int multiply(const struct bytes *b, double *to, struct error *e)
{
    const size_t tiles = (b->rows + TILE - 1) / TILE;
    autofree int16_t *packed = array_new(b->rows * DEEP, sizeof *packed, "pixels", e);
    if (!packed)
        return -1;
    for (size_t from = 0; from < b->length; from += DEEP) {
        const size_t n = b->length - from < DEEP ? b->length - from : DEEP;
#pragma omp parallel for schedule(static)
        for (size_t i = 0; i < b->rows; i++)
            for (size_t k = 0; k < n; k++)
                packed[i * DEEP + k] = b->at[i * b->row + (from + k) * b->step];
#pragma omp parallel for schedule(dynamic)
        for (size_t first = 0; first < tiles; first++)
            for (size_t second = 0; second <= first; second++)
                add_tile(packed, n, b->rows, first * TILE, second * TILE, to);
    }
    for (size_t i = 0; i < b->rows; i++)
        for (size_t j = 0; j < i; j++)
            to[j * b->rows + i] = to[i * b->rows + j];
    return 0;
}

/* ---- fitting ---- */

/* The eigenvalues other than 0 of X^T X, of numbers, and of X X^T, of images, are the same, and
 * their vectors tell each other: the smaller matrix will do. */
static int find_axes(struct pca *p, size_t n, const uint8_t *image, const double *sum,
                     struct error *e)
{
    const size_t d = p->dimension, order = n < d ? n : d, k = p->count;
    const struct bytes of_numbers = {image, d, n, 1, d}, of_images = {image, n, d, d, 1};
    autofree double *matrix = array_new(order * order, sizeof *matrix, "a covariance", e);
    autofree double *vector = matrix ? array_new(k * order, sizeof *vector, "axes", e) : NULL;
    autofree double *row = vector ? array_new(order, sizeof *row, "sums", e) : NULL;
    if (!row || multiply(n < d ? &of_images : &of_numbers, matrix, e))
        return -1;
    double all = 0;
    for (size_t i = 0; i < order; i++)
        for (size_t j = 0; j < order; j++)
            row[i] += matrix[i * order + j];
    for (size_t i = 0; i < order; i++)
        all += row[i] / (double)order;
    for (size_t i = 0; i < order; i++)
        for (size_t j = 0; j < order; j++) {
            double *x = &matrix[i * order + j];
            *x = n < d ? *x - (row[i] + row[j] - all) / (double)n
                       : (*x * (double)n - sum[i] * sum[j]) / (double)n;
            *x /= 255. * 255 * (double)n;
        }
    for (size_t i = 0; i < order; i++)
        p->total += matrix[i * order + i];
    if (eigen_largest(order, matrix, k, 0, p->variance, vector, e))
        return -1;
    for (size_t c = 0; c < k; c++) {
        const double *v = vector + c * order;
        if (!(p->variance[c] > NOTHING * p->variance[0])) {
            p->variance[c] = 0;
            continue;
        }
        for (size_t j = 0; n >= d && j < d; j++)
            p->axis[j * k + c] = v[j];
    }
    if (n >= d)
        return 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++) {
            const double offset = image[i * d + j] / 255. - p->mean[j];
            for (size_t c = 0; c < k; c++)
                if (p->variance[c] > 0)
                    p->axis[j * k + c] +=
                        vector[c * n + i] * offset / sqrt(p->variance[c] * (double)n);
        }
    return 0;
}

/* The number of an axis that is largest, of equals the first, is positive. */
static void choose_signs(struct pca *p)
{
    for (size_t c = 0; c < p->count; c++) {
        size_t largest = 0;
        for (size_t j = 1; j < p->dimension; j++)
            if (fabs(p->axis[j * p->count + c]) > fabs(p->axis[largest * p->count + c]))
                largest = j;
        for (size_t j = 0; p->axis[largest * p->count + c] < 0 && j < p->dimension; j++)
            p->axis[j * p->count + c] *= j == largest ? 1 : -1;
        p->axis[largest * p->count + c] = fabs(p->axis[largest * p->count + c]);
    }
}

int pca_fit(struct pca *p, size_t n, size_t dimension, const uint8_t *image, size_t count,
            struct error *e)
{
    const size_t order = n < dimension ? n : dimension;
    *p = (struct pca){.dimension = dimension, .count = count};
    if (count > order)
        return error_set(e, "%zu components of %zu images of %zu numbers, expected at most %zu",
                         count, n, dimension, order);
    if (order > PCA_MOST)
        return error_set(e, "%zu images of %zu numbers: expected one of them to be at most %d", n,
                         dimension, PCA_MOST);
    autofree double *sum = array_new(dimension, sizeof *sum, "sums", e);
    if (!sum || !(p->mean = array_new(dimension, sizeof *p->mean, "a mean", e)) ||
        !(p->axis = array_new(dimension * count, sizeof *p->axis, "axes", e)) ||
        !(p->variance = array_new(count, sizeof *p->variance, "variances", e)))
        return -1;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < dimension; j++)
            sum[j] += image[i * dimension + j];
    for (size_t j = 0; j < dimension; j++)
        p->mean[j] = sum[j] / (255. * (double)n);
    if (find_axes(p, n, image, sum, e))
        return -1;
    choose_signs(p);
    return 0;
}

void pca_free(struct pca *p)
{
    free(p->mean);
    free(p->axis);
    free(p->variance);
    *p = (struct pca){0};
}

double pca_explained(const struct pca *p)
{
    double sum = 0;
    for (size_t c = 0; c < p->count; c++)
        sum += p->variance[c];
    return p->total > 0 ? sum / p->total : 1;
}

/* ---- there and back ---- */

enum { TOGETHER = 16 }; /* components at a time */

void pca_project(const struct pca *p, const uint8_t *image, float *z)
{
    for (size_t c = 0; c < p->count; c += TOGETHER) {
        const size_t most = p->count - c < TOGETHER ? p->count - c : TOGETHER;
        double sum[TOGETHER] = {0};
        for (size_t j = 0; j < p->dimension; j++) {
            const double offset = image[j] / 255. - p->mean[j];
            for (size_t k = 0; k < most; k++)
                sum[k] += offset * p->axis[j * p->count + c + k];
        }
        for (size_t k = 0; k < most; k++)
            z[c + k] = (float)sum[k];
    }
}

void pca_restore(const struct pca *p, const float *z, uint8_t *image)
{
    for (size_t j = 0; j < p->dimension; j++) {
        double x = p->mean[j];
        for (size_t c = 0; c < p->count; c++)
            x += p->axis[j * p->count + c] * z[c];
        x = 255 * x + 0.5;
        image[j] = x >= 255 ? 255 : x >= 0 ? (uint8_t)x : 0; /* NaN fails both */
    }
}
