#include "embed/affinity.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

enum { MOST_HALVINGS = 200 };

/* Weights exp(-beta d) of distances less the least, so that one of them is 1; returns the entropy
 * of what they are as shares, in nats, and their sum. */
static double weigh(const float *squared, size_t k, double beta, float *weight, double *sum)
{
    double all = 1, mean = 0;
    weight[0] = 1;
    for (size_t j = 1; j < k; j++) {
        const double offset = (double)squared[j] - squared[0];
        const double w = exp(-beta * offset);
        weight[j] = (float)w;
        all += w;
        mean += w * offset;
    }
    *sum = all;
    return log(all) + beta * mean / all;
}

void affinity_conditional(const float *squared, size_t k, double perplexity, float *p)
{
    const double wanted = log(perplexity);
    double least = 0, most = INFINITY, beta = 1, sum;
    for (int i = 0; i < MOST_HALVINGS; i++) {
        const double excess = weigh(squared, k, beta, p, &sum) - wanted;
        if (fabs(excess) < 1e-6 || beta > FLT_MAX || beta < FLT_MIN)
            break;
        if (excess > 0)
            least = beta;
        else
            most = beta;
        beta = isinf(most) ? 2 * beta : (least + most) / 2;
    }
    for (size_t j = 0; j < k; j++)
        p[j] = (float)(p[j] / sum);
}

/* A place for each share in its own row and in that of the neighbour. */
static void scatter(const struct affinity *a, const struct neighbours *of, const float *p,
                    size_t *next)
{
    const size_t n = of->points, k = of->k;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i * k; j < (i + 1) * k; j++) {
            const uint32_t other = of->index[j];
            const float half = p[j] / (float)(2 * n);
            a->column[next[i]] = other;
            a->p[next[i]++] = half;
            a->column[next[other]] = (uint32_t)i;
            a->p[next[other]++] = half;
        }
}

struct share {
    uint32_t column;
    float p;
};

static int by_column(const void *a, const void *b)
{
    const struct share *x = a, *y = b;
    return (x->column > y->column) - (x->column < y->column);
}

/* Sorts a row and adds what is of the same two points; returns how many are left. */
static size_t tidy(const struct affinity *a, size_t row, struct share *share)
{
    const size_t at = a->first[row], count = a->first[row + 1] - at;
    size_t left = 0;
    for (size_t j = 0; j < count; j++)
        share[j] = (struct share){a->column[at + j], a->p[at + j]};
    qsort(share, count, sizeof *share, by_column);
    for (size_t j = 0; j < count; j++)
        if (left && share[left - 1].column == share[j].column)
            share[left - 1].p += share[j].p;
        else
            share[left++] = share[j];
    for (size_t j = 0; j < left; j++) {
        a->column[at + j] = share[j].column;
        a->p[at + j] = share[j].p;
    }
    return left;
}

/* Closes the gaps that tidying leaves. */
static void close_up(struct affinity *a, const size_t *count)
{
    size_t to = 0;
    for (size_t i = 0; i < a->points; i++) {
        const size_t from = a->first[i];
        memmove(a->column + to, a->column + from, count[i] * sizeof *a->column);
        memmove(a->p + to, a->p + from, count[i] * sizeof *a->p);
        a->first[i] = to;
        to += count[i];
    }
    a->first[a->points] = to;
}

static int gather(struct affinity *a, const struct neighbours *of, const float *p, struct error *e)
{
    const size_t n = of->points, all = 2 * n * of->k;
    size_t longest = 0;
    a->first = array_new(n + 1, sizeof *a->first, "affinities", e);
    a->column = a->first ? array_new(all, sizeof *a->column, "affinities", e) : NULL;
    a->p = a->column ? array_new(all, sizeof *a->p, "affinities", e) : NULL;
    autofree size_t *count = a->p ? array_new(n, sizeof *count, "affinities", e) : NULL;
    if (!count)
        return -1;
    for (size_t j = 0; j < n * of->k; j++)
        count[of->index[j]]++;
    for (size_t i = 0; i < n; i++) {
        count[i] += of->k;
        longest = count[i] > longest ? count[i] : longest;
        a->first[i + 1] = a->first[i] + count[i];
    }
    autofree struct share *share = array_new(longest, sizeof *share, "affinities", e);
    if (!share)
        return -1;
    memcpy(count, a->first, n * sizeof *count);
    scatter(a, of, p, count);
    for (size_t i = 0; i < n; i++)
        count[i] = tidy(a, i, share);
    close_up(a, count);
    return 0;
}

int affinity_of(struct affinity *to, const struct neighbours *of, double perplexity,
                struct error *e)
{
    const size_t n = of->points, k = of->k;
    size_t all;
    *to = (struct affinity){.points = n};
    if (size_multiply(n, 2 * k, &all))
        return error_set(e, "%zu points are too many", n);
    autofree float *p = array_new(n * k, sizeof *p, "affinities", e);
    if (!p)
        return -1;
#pragma omp parallel for
    for (size_t i = 0; i < n; i++)
        affinity_conditional(of->squared + i * k, k, perplexity, p + i * k);
    if (!gather(to, of, p, e))
        return 0;
    affinity_free(to);
    return -1;
}

void affinity_free(struct affinity *a)
{
    free(a->first);
    free(a->column);
    free(a->p);
    *a = (struct affinity){0};
}
