/* What a space of latents is worth to mining: whether images of a class lie together, whether
 * classes lie apart, and whether furthest neighbours are many or always the same. Points are rows
 * of z [n, dimension], each with its class in label, 0 .. classes - 1; each class has a point. */
#ifndef MEASURE_SPACE_H
#define MEASURE_SPACE_H
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

struct space {
    size_t n;
    int dimension, classes;
    const float *z;
    const int64_t *label;
};

/* purity[i]: of the k nearest neighbours of point i, k of whose `of` are in index from i * of on,
 * the share of its own class. */
void space_purity(const struct space *s, const uint32_t *index, size_t of, size_t k,
                  double *purity);

/* value[i]: the silhouette of point i (Rousseeuw 1987), by Euclidean distances: (b - a) / max(a, b)
 * with a the mean distance from the others of its class, b that from the nearest other class; 0
 * alone in its class. NaN where there is one class. In time n^2. -1 where memory is out. */
int space_silhouette(const struct space *s, double *value, struct error *e);

/* Squared distances between the centres of all pairs of classes; NaN of one class. */
struct space_centres {
    double least, most, mean;
};

struct space_classes {
    double radius;  /* mean squared distance of a point from the mean of its class */
    double scatter; /* between classes by within: sum over points of the squared distance of their
                       class's mean from the mean of all, by that from their class's mean */
    struct space_centres means, medians; /* centres: means, or medians coordinate by coordinate */
};
int space_classes(const struct space *s, struct space_classes *to, struct error *e);

/* Of n points of which point i was the answer count[i] times. */
struct space_hubs {
    double answers, distinct;
    double top_ten;  /* share of the answers that the ten most frequent are; NaN: none */
    double largest;  /* answers of the most frequent */
    double skewness; /* of count: 0 where all are alike, large where hubs are (Radovanovic et al.,
                        JMLR 2010); NaN where all are equal */
};
int space_hubs(const uint32_t *count, size_t n, struct space_hubs *to, struct error *e);

#endif
