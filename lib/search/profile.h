/* Where the time of a training goes, op by op, beside what this machine could do at best. */
#ifndef SEARCH_PROFILE_H
#define SEARCH_PROFILE_H
#include <stdio.h>
#include "graph/graph.h"

struct profile {
    struct graph *graph; /* the caller's */
    double macs, bytes;  /* a second, at best */
    double began;        /* clock_seconds() */
};

/* Measures the two ceilings on the present number of threads, by the engine's own product of
 * matrices of 512 x 512 and its sum of two arrays too large for any cache (a moment, 100 MB), and
 * counts ops from now on. */
int profile_begin(struct profile *p, struct graph *g, struct error *e);

/* A table of what has run since, the longest first: calls, seconds, their share of the time that
 * went by, GFLOP (of products alone, a backward pass counted as two forward ones: an op without a
 * share of that ceiling has none) and GB (inputs and outputs, each once), and the shares of the
 * ceilings that they make of those seconds. Bytes that were found in a cache can make more than
 * 100 %. The last lines are the time outside all ops (batches, optimisers, files), the whole, and
 * the ceilings. Or the same numbers as JSON. */
int profile_print(const struct profile *p, bool json, FILE *to, struct error *e);

#endif
