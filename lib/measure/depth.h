/* Metrics of networks that tell how far away every pixel is, d of a true d*, gathered image by
 * image over the pixels whose depth is known (Eigen et al., "Depth map prediction from a single
 * image using a multi-scale deep network", NIPS 2014). */
#ifndef MEASURE_DEPTH_H
#define MEASURE_DEPTH_H
#include <stddef.h>
#include <stdio.h>
#include "base/error.h"
#include "base/value.h"

/* Depths lie in 0 .. 1; one that is less than this is unknown and counts for nothing. */
#define DEPTH_LEAST 1e-3f

struct depth_error {
    size_t images, pixels;             /* pixels that count */
    double relative, squared_relative; /* sums over them of |d - d*| / d* and (d - d*)^2 / d*, */
    double squared;                    /* and of (d - d*)^2 */
};

/* One image of so many pixels; an error where a number is not finite, or a true one beyond 0 .. 1.
 */
int depth_add(struct depth_error *m, const float *truth, const float *told, size_t pixels,
              struct error *e);

/* Lower is better; NaN where no pixel counts. */
struct depth_summary {
    double abs_rel; /* mean of |d - d*| / d* */
    double sq_rel;  /* mean of (d - d*)^2 / d* */
    double rmse;    /* root of the mean of (d - d*)^2 */
};
struct depth_summary depth_summary(const struct depth_error *m);

/* A map: images, pixels and the summary; NULL with the error set. */
struct value *depth_report(const struct depth_error *m, struct error *e);
/* The same to read; -1 after a write error, errno set. */
int depth_print(const struct value *report, FILE *to);

#endif
