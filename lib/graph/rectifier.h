/* Where a graph takes max(x, 0), however that is fused: which elements are above 0 for an image is
 * its code (Mellor et al., "Neural architecture search without training", ICML 2021). */
#ifndef GRAPH_RECTIFIER_H
#define GRAPH_RECTIFIER_H
#include "graph/graph.h"

/* What is rectified on the paths by which a gradient comes down from `of`, in the order in which it
 * was built; a value that several layers rectify is there as often. Keeps them, so plan afterwards.
 * *list is malloc'd; the count, or -1. */
int graph_rectified(struct graph *g, struct node *of, const struct node ***list, struct error *e);

/* 32-bit words of the code of one image. */
size_t rectified_words(const struct node *n);
/* After a forward pass: the code of image i, in an order of the elements that is the same for all
 * images; bits past their count are 0. */
void rectified_code(const struct node *n, int i, uint32_t *word);

#endif
