/* How far every pixel of a frame has moved in the next one: by the shift that explains what is seen
 * of a neighbourhood best, found by least squares, and again with what was found, three times, from
 * coarse to fine over halved frames. What is seen of a pixel is, of
 * FARNEBACK: a quadratic fitted around it, weighted by a Gaussian; a shift of a quadratic is read off
 *     its coefficients (two-frame motion estimation by polynomial expansion; G. Farnebäck, SCIA 2003);
 * LUCAS_KANADE: its brightness and how steeply that rises (B. Lucas and T. Kanade, IJCAI 1981), the
 *     slopes being those of that fit. */
#ifndef IMAGE_FLOW_H
#define IMAGE_FLOW_H
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

enum flow_method { FARNEBACK, LUCAS_KANADE };
#define FLOW_WORDS "farneback|lucas-kanade" /* their names */
enum flow_method flow_method_of(const char *name); /* one of these */

/* Frames of height x width x channels (1, or 3 of which the luma is taken); motion, height x width
 * x 2: so many pixels to the right and down. -1 where memory is out. Safe to call from many
 * threads. */
int flow_between(enum flow_method method, const uint8_t *from, const uint8_t *to, int height,
                 int width, int channels, float *motion, struct error *e);

/* Motions as bytes: 128 is none, 1 and 255 are `range` pixels or more to the left and right, up and
 * down. */
void flow_to_bytes(const float *motion, size_t count, double range, uint8_t *bytes);

#endif
