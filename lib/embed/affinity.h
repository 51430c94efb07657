/* How near points are to each other as t-SNE sees it (van der Maaten and Hinton, JMLR 2008): each
 * point's neighbours under a Gaussian whose width gives the perplexity asked for, made symmetric.
 * Of further points it knows nothing, as three times the perplexity in neighbours hold nearly all
 * there is (van der Maaten, JMLR 2014); with n - 1 neighbours it is exact. */
#ifndef EMBED_AFFINITY_H
#define EMBED_AFFINITY_H
#include "embed/neighbours.h"

/* p_ij = (p_j|i + p_i|j) / 2n by rows: of row i, column[first[i]] .. column[first[i + 1] - 1],
 * ascending. All p together are 1. Owned. */
struct affinity {
    size_t points;
    size_t *first; /* [points + 1] */
    uint32_t *column;
    float *p;
};

/* perplexity: at least 1, below k. */
int affinity_of(struct affinity *to, const struct neighbours *of, double perplexity,
                struct error *e);
void affinity_free(struct affinity *a);

/* p_j|i of one point from the squared distances of its k neighbours; its perplexity, 2 to the power
 * of its entropy in bits, is the one asked for but for 1e-5 of it, or as near as the distances
 * allow. */
void affinity_conditional(const float *squared, size_t k, double perplexity, float *p);

#endif
