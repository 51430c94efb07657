#include "measure/space.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

enum { TOP = 10 };

void space_purity(const struct space *s, const uint32_t *index, size_t of, size_t k, double *purity)
{
    for (size_t i = 0; i < s->n; i++) {
        size_t same = 0;
        for (size_t j = 0; j < k; j++)
            same += s->label[index[i * of + j]] == s->label[i];
        purity[i] = (double)same / (double)k;
    }
}

static double squared_distance(const float *a, const float *b, int dimension)
{
    double sum = 0;
    for (int d = 0; d < dimension; d++)
        sum += ((double)a[d] - b[d]) * ((double)a[d] - b[d]);
    return sum;
}

static const float *point(const struct space *s, size_t i)
{
    return s->z + i * (size_t)s->dimension;
}

/* How many points each class has; the caller's to free. */
static size_t *count_classes(const struct space *s, struct error *e)
{
    size_t *count = array_new((size_t)s->classes, sizeof *count, "classes", e);
    for (size_t i = 0; count && i < s->n; i++)
        count[s->label[i]]++;
    return count;
}

/* ---- silhouettes ---- */

/* far: sums of the distances of point i from those of each class. */
static double silhouette(const struct space *s, const size_t *count, size_t i, const double *far)
{
    const int64_t own = s->label[i];
    double other = INFINITY;
    if (s->classes < 2)
        return NAN;
    if (count[own] == 1)
        return 0;
    for (int64_t c = 0; c < s->classes; c++)
        if (c != own && count[c])
            other = fmin(other, far[c] / (double)count[c]);
    const double within = far[own] / (double)(count[own] - 1), larger = fmax(within, other);
    return larger > 0 ? (other - within) / larger : 0;
}

int space_silhouette(const struct space *s, double *value, struct error *e)
{
    int failed = 0;
    autofree size_t *count = count_classes(s, e);
    if (!count)
        return -1;
#pragma omp parallel
    {
        struct error own;
        autofree double *far = array_new((size_t)s->classes, sizeof *far, "classes", &own);
        if (!far)
#pragma omp critical(space)
        {
            *e = own;
            failed = -1;
        }
#pragma omp for
        for (size_t i = 0; i < s->n; i++) {
            if (!far)
                continue;
            memset(far, 0, (size_t)s->classes * sizeof *far);
            for (size_t j = 0; j < s->n; j++)
                far[s->label[j]] += sqrt(squared_distance(point(s, i), point(s, j), s->dimension));
            value[i] = silhouette(s, count, i, far);
        }
    }
    return failed;
}

/* ---- centres ---- */

static double between(const double *a, const double *b, int dimension)
{
    double sum = 0;
    for (int d = 0; d < dimension; d++)
        sum += (a[d] - b[d]) * (a[d] - b[d]);
    return sum;
}

/* centre: [classes, dimension], of classes that have points. */
static struct space_centres compare_centres(const struct space *s, const size_t *count,
                                            const double *centre)
{
    struct space_centres of = {INFINITY, -INFINITY, 0};
    const size_t dimension = (size_t)s->dimension;
    double pairs = 0;
    for (size_t a = 0; a < (size_t)s->classes; a++)
        for (size_t b = 0; b < a; b++) {
            if (!count[a] || !count[b])
                continue;
            const double apart =
                between(centre + a * dimension, centre + b * dimension, s->dimension);
            of.least = fmin(of.least, apart);
            of.most = fmax(of.most, apart);
            of.mean += apart;
            pairs++;
        }
    of.mean /= pairs;
    return pairs > 0 ? of : (struct space_centres){NAN, NAN, NAN};
}

static void find_means(const struct space *s, const size_t *count, double *mean)
{
    const size_t dimension = (size_t)s->dimension;
    for (size_t i = 0; i < s->n; i++)
        for (size_t d = 0; d < dimension; d++)
            mean[(size_t)s->label[i] * dimension + d] +=
                point(s, i)[d] / (double)count[s->label[i]];
}

static int ascending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* column: room for n. */
static void find_medians(const struct space *s, float *column, double *median)
{
    const size_t dimension = (size_t)s->dimension;
    for (int64_t c = 0; c < s->classes; c++)
        for (size_t d = 0; d < dimension; d++) {
            size_t n = 0;
            for (size_t i = 0; i < s->n; i++)
                if (s->label[i] == c)
                    column[n++] = point(s, i)[d];
            qsort(column, n, sizeof *column, ascending);
            if (n)
                median[(size_t)c * dimension + d] =
                    ((double)column[(n - 1) / 2] + column[n / 2]) / 2;
        }
}

/* Sums over points of squared distances: within, from their class's mean; between, of that from
 * the mean of all. */
static void sum_scatter(const struct space *s, const size_t *count, const double *mean,
                        double *within, double *apart)
{
    const size_t dimension = (size_t)s->dimension;
    *within = *apart = 0;
    for (size_t d = 0; d < dimension; d++) {
        double all = 0;
        for (size_t c = 0; c < (size_t)s->classes; c++)
            all += mean[c * dimension + d] * (double)count[c] / (double)s->n;
        for (size_t c = 0; c < (size_t)s->classes; c++)
            *apart += (double)count[c] * pow(mean[c * dimension + d] - all, 2);
        for (size_t i = 0; i < s->n; i++)
            *within += pow(point(s, i)[d] - mean[(size_t)s->label[i] * dimension + d], 2);
    }
}

int space_classes(const struct space *s, struct space_classes *to, struct error *e)
{
    const size_t numbers = (size_t)s->classes * (size_t)s->dimension;
    double within, apart;
    autofree size_t *count = count_classes(s, e);
    autofree double *centre = count ? array_new(numbers, sizeof *centre, "centres", e) : NULL;
    autofree float *column = centre ? array_new(s->n, sizeof *column, "a column", e) : NULL;
    if (!column)
        return -1;
    find_means(s, count, centre);
    to->means = compare_centres(s, count, centre);
    sum_scatter(s, count, centre, &within, &apart);
    to->radius = within / (double)s->n;
    to->scatter = apart / within;
    find_medians(s, column, centre);
    to->medians = compare_centres(s, count, centre);
    return 0;
}

/* ---- hubs ---- */

static int descending(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x < y) - (x > y);
}

int space_hubs(const uint32_t *count, size_t n, struct space_hubs *to, struct error *e)
{
    autofree uint32_t *sorted = array_new(n, sizeof *sorted, "answers", e);
    double sum = 0, square = 0, cube = 0, top = 0;
    if (!sorted)
        return -1;
    memcpy(sorted, count, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, descending);
    *to = (struct space_hubs){.largest = sorted[0]};
    for (size_t i = 0; i < n; i++) {
        sum += sorted[i];
        to->distinct += sorted[i] > 0;
        top += i < TOP ? sorted[i] : 0;
    }
    for (size_t i = 0; i < n; i++) {
        const double offset = sorted[i] - sum / (double)n;
        square += offset * offset / (double)n;
        cube += offset * offset * offset / (double)n;
    }
    to->answers = sum;
    to->top_ten = top / sum; /* NaN: no answers */
    to->skewness = square > 0 ? cube / pow(square, 1.5) : NAN;
    return 0;
}
