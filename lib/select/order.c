#include "select/order.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include "base/memory.h"
#include "select/axes.h"
#include "select/corners.h"

enum { TASK = 4096 }; /* points that are worth another thread */

struct sorting {
    const int64_t *id;
    const float *along; /* [points, axes] */
    int axes, axis;     /* the one sorted by */
    float *width;       /* [axes] of all points */
};

static int by_id(const void *a, const void *b, void *context)
{
    const int64_t *id = context;
    int64_t x = id[*(const size_t *)a], y = id[*(const size_t *)b];
    return (x > y) - (x < y);
}

static bool before(const struct sorting *s, size_t i, size_t j)
{
    float x = s->along[i * s->axes + s->axis], y = s->along[j * s->axes + s->axis];
    return x != y ? x < y : s->id[i] < s->id[j];
}

/* Puts the k that come first before the others (Hoare's quickselect). */
static void select_first(const struct sorting *s, size_t *order, size_t n, size_t k)
{
    size_t from = 0, to = n; /* the k-th is in between */
    while (to - from > 1) {
        const size_t pivot = order[from + (to - from) / 2];
        size_t i = from, j = to - 1;
        while (true) {
            while (before(s, order[i], pivot))
                i++;
            while (before(s, pivot, order[j]))
                j--;
            if (i >= j)
                break;
            size_t swapped = order[i];
            order[i++] = order[j];
            order[j--] = swapped;
        }
        if (k < i)
            to = i;
        else
            from = i + (i == j); /* where they meet is the pivot, in its place */
    }
}

/* How far the points spread along each axis. */
static void measure_widths(const struct sorting *s, const size_t *order, size_t n, float *width)
{
    float low[AXES_MOST], high[AXES_MOST];
    for (int k = 0; k < s->axes; k++) {
        low[k] = INFINITY;
        high[k] = -INFINITY;
    }
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < s->axes; k++) {
            float x = s->along[order[i] * s->axes + k];
            low[k] = x < low[k] ? x : low[k];
            high[k] = x > high[k] ? x : high[k];
        }
    for (int k = 0; k < s->axes; k++)
        width[k] = high[k] - low[k];
}

/* A far corner is too far by the width of its box times the distance from the query, along each
 * axis; and queries are as far away as the points are wide. */
static int loosest(const struct sorting *s, const size_t *order, size_t n)
{
    float width[AXES_MOST];
    int best = 0;
    measure_widths(s, order, n, width);
    for (int k = 1; k < s->axes; k++)
        if (width[k] * s->width[k] > width[best] * s->width[best])
            best = k;
    return best;
}

/* Of n points the first go to children of `child` points each, halved until one child is left. The
 * halves do not meet again, so that threads share them. */
static void arrange(struct sorting s, size_t *order, size_t n, size_t child)
{
    while (n <= child)
        child /= CORNERS;
    if (n <= CORNERS || s.axes == 0) {
        qsort_r(order, n, sizeof *order, by_id, (void *)s.id);
        return;
    }
    const size_t first = (n + child - 1) / child / 2 * child;
    s.axis = loosest(&s, order, n);
    select_first(&s, order, n, first);
#pragma omp task if (first > TASK)
    arrange(s, order, first, child);
    arrange(s, order + first, n - first, child);
}

int order_points(size_t *order, size_t n, int dimension, const float *point, const int64_t *id,
                 struct error *e)
{
    struct axes axes;
    float width[AXES_MOST];
    size_t child = 1;
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    qsort_r(order, n, sizeof *order, by_id, (void *)id);
    if (axes_fit(&axes, n, dimension, point, order, e))
        return -1;
    const int count = axes.count;
    autofree float *coordinate = array_new(n * count, sizeof *coordinate, "coordinates", e);
    if (!coordinate) {
        axes_free(&axes);
        return -1;
    }
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i++) {
        double along[AXES_MOST];
        axes_project(&axes, point + i * dimension, along);
        for (int k = 0; k < count; k++)
            coordinate[i * count + k] = (float)along[k];
    }
    axes_free(&axes);
    const struct sorting s = {.id = id, .along = coordinate, .axes = count, .width = width};
    measure_widths(&s, order, n, width);
    while (child < n)
        child *= CORNERS;
#pragma omp parallel if (n > TASK)
#pragma omp single
    arrange(s, order, n, child);
    return 0;
}
