/* A choice at random by logits that has a gradient (Gumbel-softmax; Jang et al., Maddison et al.,
 * ICLR 2017), made hard: the choice is taken whole, its gradient is the soft one's. */
#ifndef SEARCH_GUMBEL_H
#define SEARCH_GUMBEL_H
#include "base/random.h"
#include "graph/graph.h"

/* Draws one of `count` by the softmax of their logits, taking so many elements of r. p gets
 * softmax((logit + Gumbel noise) / temperature), of which the choice has the largest. */
int gumbel_draw(struct random *r, const real *logit, int count, double temperature, double *p);
/* to[i] = slope dp[drawn]/dlogit[i], with the noise as it fell: slope p[drawn] ([i is drawn] -
 * p[i]) / temperature. */
void gumbel_gradient(const double *p, int count, int drawn, double temperature, double slope,
                     real *to);

#endif
