/* The few orthonormal directions along which points vary most, near enough to their principal axes:
 * any orthonormal set serves, a good one only makes a search faster. A point then is its
 * coordinates along them and one length, that of the rest of it; so the distance of two points is
 * at most that of their coordinates and the sum of the two lengths, taken together. */
#ifndef SELECT_AXES_H
#define SELECT_AXES_H
#include <stddef.h>
#include "base/error.h"

enum { AXES_MOST = 64 };

struct axes {
    int dimension;
    int count;         /* directions, at most AXES_MOST; 0 is allowed */
    double scale;      /* brings all points within 1 of the centre */
    double *centre;    /* [dimension] */
    double *direction; /* [dimension, count]: a direction is a column */
};

/* From n >= 1 finite points, in the order given by `order` (NULL: as they lie), on which the last
 * digits depend. Directions along which they hardly vary are left out. */
int axes_fit(struct axes *a, size_t n, int dimension, const float *point, const size_t *order,
             struct error *e);
/* The point's coordinates, `count` of them, and what it has besides, never too short. */
double axes_project(const struct axes *a, const float *point, double *along);
void axes_free(struct axes *a);

#endif
