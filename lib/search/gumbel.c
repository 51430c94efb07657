#include "search/gumbel.h"
#include <float.h>
#include <math.h>

/* -log(-log(u)), u uniform in (0, 1], finite. */
static double noise(struct random *r)
{
    return -log(fmax(-log1p(-random_uniform(r)), DBL_MIN));
}

/* p = softmax(p / temperature); the largest. */
static int soften(double *p, int count, double temperature)
{
    double sum = 0;
    int best = 0;
    for (int i = 1; i < count; i++)
        best = p[i] > p[best] ? i : best;
    const double most = p[best];
    for (int i = 0; i < count; i++)
        sum += p[i] = exp((p[i] - most) / temperature);
    for (int i = 0; i < count; i++)
        p[i] /= sum;
    return best;
}

int gumbel_draw(struct random *r, const real *logit, int count, double temperature, double *p)
{
    for (int i = 0; i < count; i++)
        p[i] = (double)logit[i] + noise(r);
    return soften(p, count, temperature);
}

void gumbel_softmax(const real *logit, int count, double *p)
{
    for (int i = 0; i < count; i++)
        p[i] = (double)logit[i];
    soften(p, count, 1);
}

/* One of those that are not `but`, by p; where rounding leaves none, the last. */
static int draw_by(struct random *r, const double *p, int count, int but)
{
    double sum = 0, at;
    int last = 0;
    for (int i = 0; i < count; i++)
        sum += i == but ? 0 : p[i];
    at = random_uniform(r) * sum;
    for (int i = 0; i < count; i++) {
        if (i == but)
            continue;
        last = i;
        if ((at -= p[i]) < 0)
            break;
    }
    return last;
}

unsigned gumbel_keep_two(struct random *r, double *p, int count)
{
    const int one = draw_by(r, p, count, -1), other = draw_by(r, p, count, one);
    const double sum = p[one] + p[other];
    for (int i = 0; i < count; i++)
        p[i] = i == one || i == other ? p[i] / sum : 0;
    return 1u << one | 1u << other;
}

void gumbel_soft_gradient(const double *p, int count, double temperature, const real *slope,
                          real *to)
{
    double mean = 0;
    for (int i = 0; i < count; i++)
        mean += p[i] * (double)slope[i];
    for (int i = 0; i < count; i++)
        to[i] = (real)(p[i] * ((double)slope[i] - mean) / temperature);
}

void gumbel_gradient(const double *p, int count, int drawn, double temperature, double slope,
                     real *to)
{
    for (int i = 0; i < count; i++)
        to[i] = (real)(slope * p[drawn] * ((i == drawn) - p[i]) / temperature);
}
