#include "search/gumbel.h"
#include <float.h>
#include <math.h>

/* -log(-log(u)), u uniform in (0, 1], finite. */
static double noise(struct random *r)
{
    return -log(fmax(-log1p(-random_uniform(r)), DBL_MIN));
}

int gumbel_draw(struct random *r, const real *logit, int count, double temperature, double *p)
{
    double sum = 0;
    int best = 0;
    for (int i = 0; i < count; i++) {
        p[i] = (double)logit[i] + noise(r);
        best = p[i] > p[best] ? i : best;
    }
    const double most = p[best];
    for (int i = 0; i < count; i++)
        sum += p[i] = exp((p[i] - most) / temperature);
    for (int i = 0; i < count; i++)
        p[i] /= sum;
    return best;
}

void gumbel_gradient(const double *p, int count, int drawn, double temperature, double slope,
                     real *to)
{
    for (int i = 0; i < count; i++)
        to[i] = (real)(slope * p[drawn] * ((i == drawn) - p[i]) / temperature);
}
