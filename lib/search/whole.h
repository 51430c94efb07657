/* The steps of strategies that train the super-net as a whole: those of darts.h, on s->training and
 * s->held_out. */
#ifndef SEARCH_WHOLE_H
#define SEARCH_WHOLE_H
#include "search/search.h"

/* Of a strategy's begin. */
void whole_begin(struct search *s, int order);
/* A step of the architecture parameters, where they move, and one of the weights. */
void whole_step(struct search *s, bool architecture);

#endif
