/* Principal components of images: the orthonormal directions along which their pixels, on the scale
 * 0 .. 1, vary most (Pearson 1901). The covariance is exact, of whole numbers; its eigenvectors are
 * those of embed/eigen.h, signs included. */
#ifndef EMBED_PCA_H
#define EMBED_PCA_H
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

enum { PCA_MOST = 16384 }; /* images or numbers of an image, whichever are fewer: 2 GiB */

struct pca {
    size_t dimension, count; /* numbers of an image; components */
    double *mean;            /* [dimension] */
    double *axis;            /* [dimension, count]; 0 where nothing varies any more */
    double *variance;        /* [count], along each, falling */
    double total;            /* variance of the images: the mean squared distance from the mean */
};

/* Of n images [n, dimension]; count is at most n and dimension. Free it whatever is returned. */
int pca_fit(struct pca *p, size_t n, size_t dimension, const uint8_t *image, size_t count,
            struct error *e);
void pca_free(struct pca *p);

/* The share of the total that the components have; 1 where nothing varies. */
double pca_explained(const struct pca *p);

/* z: [count], the image's coordinates from the mean. */
void pca_project(const struct pca *p, const uint8_t *image, float *z);
/* The nearest image that has these coordinates: rounded, cut to 0 .. 255. */
void pca_restore(const struct pca *p, const float *z, uint8_t *image);

#endif
