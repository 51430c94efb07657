/* log(sum(exp(x / temperature))) of `count` values, none too large for exp. */
#ifndef GRAPH_LOG_SUM_EXP_H
#define GRAPH_LOG_SUM_EXP_H
#include <math.h>
#include "graph/graph.h"

static inline double log_sum_exp_at(const real *x, size_t count, double temperature)
{
    double most = (double)x[0];
    for (size_t i = 1; i < count; i++)
        most = fmax(most, (double)x[i]);
    double sum = exp(((double)x[0] - most) / temperature);
    for (size_t i = 1; i < count; i++)
        sum += exp(((double)x[i] - most) / temperature);
    return most / temperature + log(sum);
}
static inline double log_sum_exp(const real *x, size_t count)
{
    return log_sum_exp_at(x, count, 1);
}
#endif
