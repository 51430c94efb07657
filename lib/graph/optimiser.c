#include "graph/optimiser.h"
#include <math.h>

/* Each element stands alone, so the loops may be shared out by any number of threads without a bit
 * of difference. Short arrays are not worth waking them for. Large arrays begin at equal places of
 * a page, where a load waits for the store before it: so all loads come first. */
#define EACH(i, count)                                                                            \
    _Pragma("omp parallel for schedule(static) if (count > 65536)") for (size_t i = 0; i < count; \
                                                                         i++)

void sgd_step(const struct sgd *o, struct group g, real *velocity)
{
    size_t count = g.count;
    real rate = (real)o->rate, momentum = (real)o->momentum, decay = (real)o->decay;
    EACH(i, count)
    {
        real x = g.value[i], slope = g.gradient[i] + decay * x;
        real v = momentum * velocity[i] + slope;
        velocity[i] = v;
        g.value[i] = x - rate * (o->nesterov ? slope + momentum * v : v);
    }
}

void adam_step(const struct adam *o, struct group g, real *first, real *second, long t)
{
    size_t count = g.count;
    double correct1 = 1 - pow(o->beta1, (double)t), correct2 = 1 - pow(o->beta2, (double)t);
    real step = (real)(o->rate / correct1), root = (real)(1 / sqrt(correct2));
    real beta1 = (real)o->beta1, beta2 = (real)o->beta2;
    real epsilon = (real)o->epsilon, decay = (real)o->decay;
    EACH(i, count)
    {
        real x = g.value[i], slope = g.gradient[i] + decay * x;
        real mean = beta1 * first[i] + (1 - beta1) * slope;
        real square = beta2 * second[i] + (1 - beta2) * slope * slope;
        first[i] = mean;
        second[i] = square;
        g.value[i] = x - step * mean / ((real)sqrt(square) * root + epsilon);
    }
}

/* Eight sums side by side, so that the adder's latency is hidden; their order is fixed. */
double group_norm(const real *x, size_t n)
{
    double sum[8] = {0};
    for (size_t i = 0; i < n; i++)
        sum[i % 8] += (double)x[i] * (double)x[i];
    return sqrt(((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7])));
}

double clip_gradient(struct group g, double most)
{
    size_t count = g.count;
    double norm = group_norm(g.gradient, g.count), factor = most / (norm + 1e-6);
    if (factor < 1)
        EACH(i, count)
    g.gradient[i] *= (real)factor;
    return norm;
}

double cosine_rate(double most, double least, double at, double total)
{
    return at < total ? least + (most - least) * (1 + cos(M_PI * at / total)) / 2 : least;
}

double triangle_rate(double most, double least, double at, double half)
{
    double down = fabs(fmod(at, 2 * half) / half - 1);
    return least * down + most * (1 - down); /* both ends exactly */
}
