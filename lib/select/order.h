/* The order of points that makes a furthest-neighbour tree (select/kdtree.h) a good one: what is
 * near each other stays together, in runs of 16, of 16 runs, and so on. */
#ifndef SELECT_ORDER_H
#define SELECT_ORDER_H
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

/* Fills in order[n], n >= 1, from finite points and their distinct ids; it does not depend on the
 * order in which they come. Runs are parted where the bounds of a search are the loosest; within
 * the shortest the ids ascend. */
int order_points(size_t *order, size_t n, int dimension, const float *point, const int64_t *id,
                 struct error *e);

#endif
