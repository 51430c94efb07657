/* Furthest-neighbour search in a kd-tree, exact by default: which live point is furthest from a
 * query, ties going to the lowest id. A part of the tree whose far corner is nearer than the best
 * answer is skipped. (Spec of DDS-NAS, section 5.)
 *
 * A tree is nothing but the order of its points: each run of 16 is a leaf, each run of 16 leaves a
 * node above them, and so on, the last of each as long as there are points. So a stored tree is two
 * arrays, points and ids; the boxes are had back in one pass that also checks the points, and no
 * stored order, however hostile, can make an answer wrong: at worst it makes it slow.
 *
 * Boxes lie along the points' principal axes (select/axes.h), in float; what they leave over is in
 * one more number, the length of the rest. They and the points themselves, which are boxes of no
 * width, are kept in blocks of 16, of which a search has the 16 far corners at once. A point that
 * may be an answer, rounding considered, is then compared by kdtree_squared. */
#ifndef SELECT_KDTREE_H
#define SELECT_KDTREE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "select/axes.h"
#include "select/corners.h"

enum {
    KDTREE_LEVELS = 16, /* 16^16 points */
    KDTREE_HUBS = 64,
};

struct kdtree {
    size_t points, live; /* live: not barred */
    int dimension;
    float *point; /* [points, dimension], in the tree's order */
    int64_t *id;  /* [points], distinct */
    bool *barred; /* [points]: not to be found */
    struct axes axes;
    corners_kernel *far_corners;
    int levels; /* level 0: the points; the last has at most CORNERS entries */
    struct kdtree_level {
        size_t entries;
        float *block; /* theirs, one after the other */
        size_t *live; /* [entries]: points that are not barred; NULL at level 0 */
    } level[KDTREE_LEVELS];
    bool flat;   /* boxes hardly save anything: all points are scanned as they lie */
    size_t hubs; /* points that are the furthest from many others, to begin a search with */
    size_t *hub; /* their places */
    float *hub_block;
};

struct kdtree_answer {
    size_t place; /* in point and id */
    int64_t id;
    double squared; /* distance from the query */
};

/* What searches cost, summed over them: nodes above the leaves, and points in the leaves, whose
 * bounds were asked. */
struct kdtree_visits {
    uint64_t queries, nodes, points;
};

/* Orders n >= 1 finite points: split at the axis along which the bounds are the loosest, ties by
 * id, so that the tree does not depend on the order in which the points came. Copies what it is
 * given. */
int kdtree_build(struct kdtree *t, size_t n, int dimension, const float *point, const int64_t *id,
                 struct error *e);
/* The tree whose ordered points and ids were stored; copies them. */
int kdtree_restore(struct kdtree *t, size_t n, int dimension, const float *point, const int64_t *id,
                   struct error *e);
void kdtree_free(struct kdtree *t);

/* Bars a point, or admits it again. */
void kdtree_bar(struct kdtree *t, size_t place, bool barred);
/* Admits all points. */
void kdtree_admit_all(struct kdtree *t);
/* The place of the k-th live point in the tree's order, k < live. */
size_t kdtree_live(const struct kdtree *t, size_t k);

/* The k live points furthest from the query, furthest first, equal ones by id; returns how many
 * there are, at most k. With epsilon > 0 each is at least its true distance / (1 + epsilon), found
 * sooner. Meant for small k (an answer costs O(k)). `visits` may be NULL. Several threads may
 * search one tree. */
size_t kdtree_furthest(const struct kdtree *t, const float *query, size_t k, double epsilon,
                       struct kdtree_answer *answer, struct kdtree_visits *visits);

/* The furthest live point, of which there must be one, from each of n queries; threads share them.
 * In a flat tree several queries share a scan, as in a product of matrices. */
void kdtree_furthest_each(const struct kdtree *t, size_t n, const float *const *query,
                          struct kdtree_answer *answer, struct kdtree_visits *visits);

/* Sum over the dimensions, in order, in double: the distance that all answers are compared by. */
double kdtree_squared(const float *a, const float *b, int dimension);

#endif
