/* The kernel of furthest-neighbour search: the far corners of 16 boxes at once.
 *
 * A box is the points within a lower and an upper corner along some axes, with a rest of at most
 * some length beside these. 16 boxes are a block, in rows of 16 floats: the length of the rest,
 * then an axis a row the lower corners, then the upper ones; points are boxes whose upper corners
 * are their lower ones, so they do without those rows. Blocks are 64-byte aligned. */
#ifndef SELECT_CORNERS_H
#define SELECT_CORNERS_H
#include "base/error.h"

enum { CORNERS = 16 };

/* Fills in the squared distance of each box's far corner from a query with these coordinates and
 * this rest; returns a bit for each that is at least `need`. `up`: rows from a lower corner to its
 * upper one, the number of axes, or 0 for points. `squared` is 64-byte aligned. */
typedef unsigned corners_kernel(const float *block, int axes, int up, const float *query,
                                float rest, float need, float *squared);

/* The kernel for this processor (base/processor.h), or NULL. */
corners_kernel *corners_choose(struct error *e);

#endif
