/* Furthest-neighbour search in a kd-tree, exact by default: which live point is furthest from a
 * query, ties going to the lowest id. Nodes keep tight boxes; a box whose far corner is nearer than
 * the best answer is skipped. (Spec of DDS-NAS, section 5.)
 *
 * A tree is nothing but the order of its points: a node over n points has the first n/2 as its left
 * child and the rest as its right one, down to leaves of at most KDTREE_LEAF. So a stored tree is
 * two arrays, points and ids; the boxes are had back in one pass that also checks the points, and
 * no stored order, however hostile, can make an answer wrong: at worst it makes it slow. */
#ifndef SELECT_KDTREE_H
#define SELECT_KDTREE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

enum {
    KDTREE_LEAF = 16, /* most points in a leaf */
    KDTREE_SCAN = 16, /* up to so many points for each dimension a plain scan is the faster search
                         (tests/unit/kdtree.c measures it) and replaces it */
};

struct kdtree {
    size_t points;
    int dimension;
    float *point; /* [points, dimension], in the tree's order */
    int64_t *id;  /* [points], distinct */
    bool *barred; /* [points]: not to be found */
    size_t nodes; /* in preorder: a node's left child comes right after it */
    struct kdtree_node *node;
    float *box; /* [nodes, 2, dimension]: lower corner, upper corner */
};

struct kdtree_node {
    size_t begin, end; /* its points */
    size_t right;      /* its right child; 0: a leaf */
    size_t live;       /* its points that are not barred */
};

struct kdtree_answer {
    size_t place; /* in point and id */
    int64_t id;
    double squared; /* distance from the query */
};

/* What searches cost; summed over them. */
struct kdtree_visits {
    uint64_t queries, nodes, points;
};

/* Orders n >= 1 finite points: split at the median of the widest dimension, ties by id, so that
 * the tree does not depend on the order in which the points came. Copies what it is given. */
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
/* The place of the k-th live point in the tree's order, k < node[0].live. */
size_t kdtree_live(const struct kdtree *t, size_t k);

/* The k live points furthest from the query, furthest first, equal ones by id; returns how many
 * there are, at most k. With epsilon > 0 each is at least its true distance / (1 + epsilon), found
 * sooner. Meant for small k (an answer costs O(k)). `visits` may be NULL. */
size_t kdtree_furthest(const struct kdtree *t, const float *query, size_t k, double epsilon,
                       struct kdtree_answer *answer, struct kdtree_visits *visits);

/* Sum over the dimensions, in order, in double: the distance that all answers are compared by. */
double kdtree_squared(const float *a, const float *b, int dimension);

#endif
