/* The stages of a staged search, each a deeper super-net with fewer operations an edge, as a text:
 * CELLS:OPERATIONS:DROPOUT, parted by commas; dropout: the rate behind skips that the stage begins
 * with (P-DARTS: Chen et al., ICCV 2019). */
#ifndef SEARCH_STAGES_H
#define SEARCH_STAGES_H
#include "base/error.h"

enum { STAGES_MOST = 9, STAGES_LEAST_OPS = 3 };
struct stage {
    int cells, ops;
    double dropout;
};
struct stages {
    int count;
    struct stage stage[STAGES_MOST];
};

/* The first has all `ops` operations; each other no more than the one before, and three at least,
 * so that derive has another than none and skip on every edge. */
int stages_parse(struct stages *s, const char *text, int ops, struct error *e);

/* The rate at `epoch` of a stage of so many: from `first` on in a straight line that would meet 0
 * at the last, while the architecture parameters are frozen; then anew from `first` on, by
 * exp(-0.2) an epoch. */
double stages_dropout(double first, int epoch, int frozen, int epochs);

#endif
