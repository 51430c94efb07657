#include "embed/landmarks.h"
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"
#include "embed/eigen.h"

/* Less of the largest eigenvalue than this is rounding. */
static const double NOTHING = 1e-9;

int landmarks_fit(struct landmarks *l, size_t count, const double *squared, size_t dimension,
                  struct error *e)
{
    double all = 0;
    *l = (struct landmarks){.count = count, .dimension = dimension};
    if (dimension > count)
        return error_set(e, "%zu dimensions of %zu landmarks, expected at most as many", dimension,
                         count);
    autofree double *matrix = array_new(count * count, sizeof *matrix, "dissimilarities", e);
    autofree double *vector =
        matrix ? array_new(dimension * count, sizeof *vector, "axes", e) : NULL;
    autofree double *value = vector ? array_new(dimension, sizeof *value, "axes", e) : NULL;
    if (!value || !(l->mean = array_new(count, sizeof *l->mean, "landmarks", e)) ||
        !(l->axis = array_new(count * dimension, sizeof *l->axis, "landmarks", e)))
        return -1;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            l->mean[i] += squared[i * count + j] / (double)count;
    for (size_t i = 0; i < count; i++)
        all += l->mean[i] / (double)count;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            matrix[i * count + j] = (l->mean[i] + l->mean[j] - squared[i * count + j] - all) / 2;
    if (eigen_largest(count, matrix, dimension, -INFINITY, value, vector, e))
        return -1;
    for (size_t k = 0; k < dimension; k++)
        for (size_t i = 0; i < count && value[k] > NOTHING * fabs(value[0]); i++)
            l->axis[i * dimension + k] = vector[k * count + i] / sqrt(value[k]);
    return 0;
}

void landmarks_free(struct landmarks *l)
{
    free(l->mean);
    free(l->axis);
    *l = (struct landmarks){0};
}

enum { TOGETHER = 16 }; /* dimensions at a time */

void landmarks_place(const struct landmarks *l, const double *squared, float *z)
{
    for (size_t k = 0; k < l->dimension; k += TOGETHER) {
        const size_t most = l->dimension - k < TOGETHER ? l->dimension - k : TOGETHER;
        double sum[TOGETHER] = {0};
        for (size_t i = 0; i < l->count; i++)
            for (size_t c = 0; c < most; c++)
                sum[c] += (l->mean[i] - squared[i]) / 2 * l->axis[i * l->dimension + k + c];
        for (size_t c = 0; c < most; c++)
            z[k + c] = (float)sum[c];
    }
}
