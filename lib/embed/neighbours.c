#include "embed/neighbours.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "base/clones.h"
#include "base/memory.h"

/* Points lie in blocks of LANES, dimension by dimension; QUERIES of them meet a block at once, so
 * that each number loaded serves as often, and GROUP of them meet it while it is in the cache. */
enum { LANES = 16, QUERIES = 8, GROUP = 64 };

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

/* The nearest so far, the furthest of them on top. */
struct heap {
    float *squared;
    uint32_t *index;
    size_t count, capacity;
};

static bool further(const struct heap *h, size_t a, size_t b)
{
    return h->squared[a] > h->squared[b] ||
           (h->squared[a] == h->squared[b] && h->index[a] > h->index[b]);
}

static void swap(struct heap *h, size_t a, size_t b)
{
    float squared = h->squared[a];
    uint32_t index = h->index[a];
    h->squared[a] = h->squared[b];
    h->index[a] = h->index[b];
    h->squared[b] = squared;
    h->index[b] = index;
}

static void sink(struct heap *h, size_t at, size_t count)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && further(h, child + 1, child))
            child++;
        if (!further(h, child, at))
            return;
        swap(h, child, at);
    }
}

/* Indices come in ascending order, so that of equals the first stays. */
static void offer(struct heap *h, float squared, uint32_t index)
{
    if (h->count < h->capacity) {
        size_t at = h->count++;
        h->squared[at] = squared;
        h->index[at] = index;
        for (size_t up; at && further(h, at, up = (at - 1) / 2); at = up)
            swap(h, at, up);
    } else if (squared < *h->squared) {
        *h->squared = squared;
        *h->index = index;
        sink(h, 0, h->count);
    }
}

static void sort(struct heap *h)
{
    for (size_t count = h->count; count > 1;) {
        swap(h, 0, --count);
        sink(h, 0, count);
    }
}

/* query: [dimension, QUERIES]. */
FAST static void measure(const float *query, const lanes *block, size_t dimension,
                         lanes distance[QUERIES])
{
    lanes sum[QUERIES] = {0};
    for (size_t d = 0; d < dimension; d++)
        for (size_t q = 0; q < QUERIES; q++) {
            const lanes offset = block[d] - query[d * QUERIES + q];
            sum[q] += offset * offset;
        }
    memcpy(distance, sum, sizeof sum);
}

static void pack(lanes *to, size_t n, size_t dimension, const float *point)
{
    for (size_t i = 0; i < n; i++)
        for (size_t d = 0; d < dimension; d++)
            to[i / LANES * dimension + d][i % LANES] = point[i * dimension + d];
}

/* The neighbours of points first .. first + GROUP - 1. query: room for GROUP of them. */
static void search_group(struct neighbours *to, const lanes *block, size_t dimension,
                         const float *point, size_t first, float *query)
{
    const size_t n = to->points, most = n - first < GROUP ? n - first : GROUP;
    struct heap heap[GROUP];
    lanes distance[QUERIES];
    memset(query, 0, GROUP * dimension * sizeof *query);
    for (size_t q = 0; q < most; q++) {
        const size_t at = (first + q) * to->k;
        heap[q] = (struct heap){to->squared + at, to->index + at, 0, to->k};
        for (size_t d = 0; d < dimension; d++)
            query[(q / QUERIES * dimension + d) * QUERIES + q % QUERIES] =
                point[(first + q) * dimension + d];
    }
    for (size_t b = 0; b < n; b += LANES)
        for (size_t q = 0; q < most; q++) {
            if (q % QUERIES == 0)
                measure(query + q * dimension, block + b / LANES * dimension, dimension, distance);
            for (size_t l = 0; l < LANES && b + l < n; l++)
                if (b + l != first + q)
                    offer(&heap[q], distance[q % QUERIES][l], (uint32_t)(b + l));
        }
    for (size_t q = 0; q < most; q++)
        sort(&heap[q]);
}

static int search(struct neighbours *to, size_t dimension, const float *point,
                  void (*progress)(void *context, size_t points), void *context, struct error *e)
{
    const size_t n = to->points;
    size_t done = 0;
    int failed = 0;
    autofree lanes *block =
        array_new((n + LANES - 1) / LANES * dimension, sizeof *block, "points", e);
    if (!block)
        return -1;
    pack(block, n, dimension, point);
#pragma omp parallel
    {
        struct error own;
        autofree float *query = array_new(GROUP * dimension, sizeof *query, "points", &own);
        if (!query)
#pragma omp critical(neighbours)
        {
            failed = -1;
            *e = own;
        }
#pragma omp barrier
#pragma omp for schedule(dynamic)
        for (size_t first = 0; first < n; first += GROUP) {
            if (failed)
                continue;
            search_group(to, block, dimension, point, first, query);
            if (progress)
#pragma omp critical(neighbours)
            {
                done += n - first < GROUP ? n - first : GROUP;
                progress(context, done);
            }
        }
    }
    return failed;
}

int neighbours_find(struct neighbours *to, size_t n, size_t dimension, const float *point, size_t k,
                    void (*progress)(void *context, size_t points), void *context, struct error *e)
{
    size_t count;
    *to = (struct neighbours){.points = n, .k = k};
    if (size_multiply(n, k, &count))
        return error_set(e, "%zu points are too many", n);
    to->index = array_new(count, sizeof *to->index, "neighbours", e);
    to->squared = to->index ? array_new(count, sizeof *to->squared, "neighbours", e) : NULL;
    int failed = !to->squared || search(to, dimension, point, progress, context, e);
    for (size_t i = 1; i <= n && !failed; i++) /* the furthest of each */
        if (!isfinite(to->squared[i * k - 1]))
            failed = error_set(e, "distances too large for a float");
    if (failed)
        neighbours_free(to);
    return failed ? -1 : 0;
}

void neighbours_free(struct neighbours *of)
{
    free(of->index);
    free(of->squared);
    *of = (struct neighbours){0};
}
