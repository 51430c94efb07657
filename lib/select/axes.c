#include "select/axes.h"
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

enum {
    SWEEPS = 6,
    SAMPLE = 4096,    /* most points to judge directions by */
    VALUES = 1 << 20, /* most numbers of these points, and of the directions: points of many
                         dimensions cost no more than others */
    NARROW = 32, /* a direction with less than a NARROW-th of the largest variance is left out */
};

struct sample {
    size_t points;
    int dimension;
    double *offset; /* [points, dimension], from the centre, scaled */
};

/* In eight sums, which do not wait for each other. */
static double product(const double *a, const double *b, int n)
{
    enum { LANES = 8 };
    double lane[LANES] = {0}, sum = 0;
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += a[i + l] * b[i + l];
    for (; i < n; i++)
        sum += a[i] * b[i];
    for (int l = 0; l < LANES; l++)
        sum += lane[l];
    return sum;
}

static void add(double *to, double factor, const double *x, int n)
{
    for (int i = 0; i < n; i++)
        to[i] += factor * x[i];
}

/* Makes rows of length 1, each orthogonal to those before it; returns how many, up to the first of
 * which nothing is left. */
static int orthonormalise(double *row, int rows, int dimension)
{
    for (int k = 0; k < rows; k++) {
        double *own = row + (size_t)k * dimension;
        const double before = product(own, own, dimension);
        for (int pass = 0; pass < 2; pass++) /* twice is enough */
            for (int i = 0; i < k; i++) {
                const double *other = row + (size_t)i * dimension;
                add(own, -product(own, other, dimension), other, dimension);
            }
        const double left = product(own, own, dimension);
        if (!(left > 1e-12 * before))
            return k;
        for (int j = 0; j < dimension; j++)
            own[j] /= sqrt(left);
    }
    return rows;
}

/* ---- the sample ---- */

static int draw(struct sample *s, struct axes *a, size_t n, const float *point, const size_t *order,
                struct error *e)
{
    const int d = a->dimension;
    double reach = 0;
    s->dimension = d;
    s->points = n < SAMPLE ? n : SAMPLE;
    if (s->points > VALUES / (size_t)d + 1)
        s->points = VALUES / (size_t)d + 1;
    if (!(s->offset = array_new(s->points * d, sizeof *s->offset, "a sample of points", e)))
        return -1;
    for (size_t i = 0; i < s->points; i++) {
        const size_t place = i * n / s->points;
        const float *x = point + (order ? order[place] : place) * d;
        for (int j = 0; j < d; j++) {
            s->offset[i * d + j] = x[j];
            a->centre[j] += (double)x[j] / s->points;
        }
    }
    for (size_t i = 0; i < n; i++) {
        double squared = 0;
        for (int j = 0; j < d; j++) {
            double offset = point[i * d + j] - a->centre[j];
            squared += offset * offset;
        }
        reach = squared > reach ? squared : reach;
    }
    a->scale = reach > 0 ? 1 / sqrt(reach) : 1;
    for (size_t i = 0; i < s->points * d; i++)
        s->offset[i] = (s->offset[i] - a->centre[i % d]) * a->scale;
    return 0;
}

/* ---- directions ---- */

/* The `rows` dimensions of the largest variance, as rows of directions. */
static int begin(const struct sample *s, double *row, int rows, struct error *e)
{
    const int d = s->dimension;
    autofree double *variance = array_new(d, sizeof *variance, "variances", e);
    if (!variance)
        return -1;
    for (size_t i = 0; i < s->points; i++)
        for (int j = 0; j < d; j++)
            variance[j] += s->offset[i * d + j] * s->offset[i * d + j];
    for (int k = 0; k < rows; k++) {
        int widest = 0;
        for (int j = 1; j < d; j++)
            if (variance[j] > variance[widest])
                widest = j;
        variance[widest] = -1;
        row[(size_t)k * d + widest] = 1;
    }
    return 0;
}

/* Adds to every row of `next` the sample's covariance times that of `row`, and to `along` the
 * variance along it. */
static void multiply(const struct sample *s, const double *row, int rows, double *next,
                     double *along)
{
    const int d = s->dimension;
#pragma omp parallel for schedule(static)
    for (int k = 0; k < rows; k++)
        for (size_t i = 0; i < s->points; i++) {
            const double *offset = s->offset + i * d;
            double y = product(offset, row + (size_t)k * d, d);
            add(next + (size_t)k * d, y, offset, d);
            along[k] += y * y;
        }
}

/* As columns of directions. */
static int keep_widest(struct axes *a, const double *row, const double *along, int rows,
                       struct error *e)
{
    const int d = a->dimension;
    int kept[AXES_MOST];
    double most = 0;
    for (int k = 0; k < rows; k++)
        most = along[k] > most ? along[k] : most;
    for (int k = 0; k < rows; k++)
        if (along[k] > 0 && along[k] * NARROW >= most)
            kept[a->count++] = k;
    if (!(a->direction = array_new((size_t)a->count * d, sizeof *a->direction, "directions", e)))
        return -1;
    for (int j = 0; j < d; j++)
        for (int k = 0; k < a->count; k++)
            a->direction[(size_t)j * a->count + k] = row[(size_t)kept[k] * d + j];
    return 0;
}

/* Orthogonal iteration. */
static int find_directions(struct axes *a, const struct sample *s, size_t n, struct error *e)
{
    const int d = a->dimension;
    int rows = VALUES / d < AXES_MOST ? VALUES / d : AXES_MOST;
    rows = d < rows ? d : rows;
    rows = n - 1 < (size_t)rows ? (int)n - 1 : rows;
    double along[AXES_MOST];
    autofree double *row = array_new((size_t)rows * d, sizeof *row, "directions", e);
    autofree double *next = array_new((size_t)rows * d, sizeof *next, "directions", e);
    if (!row || !next || begin(s, row, rows, e))
        return -1;
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        memset(next, 0, (size_t)rows * d * sizeof *next);
        multiply(s, row, rows, next, along);
        rows = orthonormalise(next, rows, d);
        memcpy(row, next, (size_t)rows * d * sizeof *row);
    }
    memset(along, 0, sizeof along);
    multiply(s, row, rows, next, along);
    return keep_widest(a, row, along, rows, e);
}

int axes_fit(struct axes *a, size_t n, int dimension, const float *point, const size_t *order,
             struct error *e)
{
    struct sample s = {0};
    *a = (struct axes){.dimension = dimension};
    if (!(a->centre = array_new(dimension, sizeof *a->centre, "a centre", e)) ||
        draw(&s, a, n, point, order, e) || find_directions(a, &s, n, e)) {
        free(s.offset);
        axes_free(a);
        return -1;
    }
    free(s.offset);
    return 0;
}

void axes_free(struct axes *a)
{
    free(a->centre);
    free(a->direction);
    *a = (struct axes){0};
}

double axes_project(const struct axes *a, const float *point, double *along)
{
    double squared = 0, found = 0;
    memset(along, 0, a->count * sizeof *along);
    for (int j = 0; j < a->dimension; j++) {
        double offset = (point[j] - a->centre[j]) * a->scale;
        squared += offset * offset;
        add(along, offset, a->direction + (size_t)j * a->count, a->count);
    }
    for (int k = 0; k < a->count; k++)
        found += along[k] * along[k];
    /* what rounding may have taken away */
    double rest = squared - found, lost = 4 * DBL_EPSILON * a->dimension * squared;
    return sqrt((rest > 0 ? rest : 0) + lost);
}
