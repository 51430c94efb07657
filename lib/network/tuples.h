/* Images in groups for the losses that compare them: an anchor with others that are drawn at
 * random, by class alone (no mining of hard ones). Draws are made one after the other from the
 * caller's stream of random numbers, so they depend on seed and step and never on threads. */
#ifndef NETWORK_TUPLES_H
#define NETWORK_TUPLES_H
#include "base/error.h"
#include "base/random.h"

/* The images, sorted by label; those of a class are places first .. last - 1. */
struct tuples {
    struct place {
        size_t image;
        int64_t label;
        size_t first, last;
        int class; /* 0, 1, ... in the order of labels */
    } * place;     /* owned */
    size_t count;
    int classes;
};

/* Images 0 .. count - 1; those with label -1 are left out. label NULL: all of one class. */
int tuples_new(struct tuples *t, size_t count, const int64_t *label, struct error *e);
void tuples_free(struct tuples *t);

/* For each of n anchors, all of them places: another image of its class (itself where it is alone)
 * and one of another class. There must be two classes. */
void tuples_draw_triplets(const struct tuples *t, struct random *r, const size_t *anchor, int n,
                          size_t *positive, size_t *negative);
/* ... one other image: with probability 1/2 of its class, else of another. */
void tuples_draw_pairs(const struct tuples *t, struct random *r, const size_t *anchor, int n,
                       size_t *other);

#endif
