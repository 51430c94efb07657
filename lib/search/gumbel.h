/* A choice at random by logits that has a gradient (Gumbel-softmax; Jang et al., Maddison et al.,
 * ICLR 2017), made hard: the choice is taken whole, its gradient is the soft one's. */
#ifndef SEARCH_GUMBEL_H
#define SEARCH_GUMBEL_H
#include "base/random.h"
#include "graph/graph.h"

/* Draws one of `count` by the softmax of their logits, taking so many elements of r. p gets
 * softmax((logit + Gumbel noise) / temperature), of which the choice has the largest. */
int gumbel_draw(struct random *r, const real *logit, int count, double temperature, double *p);
/* softmax(logit) */
void gumbel_softmax(const real *logit, int count, double *p);
/* Draws two different ones of a softmax p, without replacement: their bits. p becomes the softmax of
 * these two alone, 0 elsewhere. */
unsigned gumbel_keep_two(struct random *r, double *p, int count);
/* Of p = softmax((logit + noise) / temperature), of some alone where the others are 0, all taken as
 * soft as they are: to[i] = sum over k of slope[k] dp[k]/dlogit[i]. */
void gumbel_soft_gradient(const double *p, int count, double temperature, const real *slope,
                          real *to);
/* to[i] = slope dp[drawn]/dlogit[i], with the noise as it fell: slope p[drawn] ([i is drawn] -
 * p[i]) / temperature. */
void gumbel_gradient(const double *p, int count, int drawn, double temperature, double slope,
                     real *to);

#endif
