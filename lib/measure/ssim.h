/* Structural similarity (Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004) of planes, pictures
 * of one channel on the scale 0 .. 255: Gaussian window of 11 x 11, sigma 1.5, K 0.01 and 0.03,
 * where it fits wholly. What depends on one plane alone is measured once. */
#ifndef MEASURE_SSIM_H
#define MEASURE_SSIM_H
#include <stddef.h>
#include "base/error.h"

enum { SSIM_WINDOW = 11 };

struct ssim_plane {
    size_t height, width;
    const double *pixel;   /* borrowed */
    double *mean, *square; /* under each window, of the pixels and of their squares; owned */
};

/* Numbers of room that planes of this size need; each at least SSIM_WINDOW a side. */
size_t ssim_room(size_t height, size_t width);

/* room: of ssim_room() numbers, as below. Free the plane whatever is returned. */
int ssim_measure(struct ssim_plane *p, size_t height, size_t width, const double *pixel,
                 double *room, struct error *e);
void ssim_free(struct ssim_plane *p);

/* Means over all windows: of the similarity, and of its part of contrast and structure. Of planes
 * of the same size. */
struct ssim {
    double whole, structure;
};
struct ssim ssim_compare(const struct ssim_plane *a, const struct ssim_plane *b, double *room);

#endif
