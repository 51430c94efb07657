/* Points in a space of few dimensions whose distances are near given dissimilarities: classical
 * scaling of some landmarks, by which all others are placed (de Silva and Tenenbaum, "Sparse
 * multidimensional scaling using landmark points", Stanford 2004). */
#ifndef EMBED_LANDMARKS_H
#define EMBED_LANDMARKS_H
#include <stddef.h>
#include "base/error.h"

struct landmarks {
    size_t count, dimension;
    double *mean; /* [count]: of a landmark's squared dissimilarities from all */
    double *axis; /* [count, dimension]; 0 where there is no such dimension: what is left of the
                     dissimilarities is no distance */
};

/* squared: [count, count], symmetric, 0 on its diagonal; dimension is at most count. Free it
 * whatever is returned. */
int landmarks_fit(struct landmarks *l, size_t count, const double *squared, size_t dimension,
                  struct error *e);
void landmarks_free(struct landmarks *l);

/* squared: [count], from the landmarks; z: [dimension]. A landmark itself comes to its place. */
void landmarks_place(const struct landmarks *l, const double *squared, float *z);

#endif
