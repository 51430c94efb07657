/* Scenes made of real things on real grounds: what few data sets tell of every pixel, its class and
 * how far away it is, is known of them, and so is what moves how. Everything is drawn by (seed, id)
 * alone. Stand-ins for Cityscapes, SYNTHIA and UCF101 where these are too large. */
#ifndef IMAGE_SCENE_H
#define IMAGE_SCENE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "image/shape.h"

enum {
    SCENE_THRESHOLD = 32, /* pixels of a thing that are no brighter are not of it */
    SCENE_MOTIONS = 8     /* to the right, right and down, down, ..., right and up */
};
extern const char *const scene_motions[SCENE_MOTIONS]; /* their names */

/* Images back to back, all of one shape; borrowed. */
struct scene_images {
    const uint8_t *image;
    const int64_t *label; /* of things: each 0 to 253 */
    size_t count;         /* 0: none */
    struct image_shape shape;
};

struct scene {
    struct scene_images things, grounds; /* no grounds: cloudy grey ones */
    int side;                            /* of the square canvas */
    int channels;                        /* of the canvas: the most of both */
    int most;                            /* things in a picture */
    double habit; /* of clips: how likely a motion is made by a thing of its own class */
    uint64_t seed;

    size_t *of_motion[SCENE_MOTIONS]; /* things of class k; owned */
    size_t count[SCENE_MOTIONS];
    float *ground; /* side * side * channels; owned */
};

/* Completes s, of which things, grounds, side, most, habit and seed are set; `clips`: there must be
 * a thing of each class 0 to SCENE_MOTIONS - 1. Free it whatever is returned. */
int scene_init(struct scene *s, bool clips, struct error *e);
void scene_free(struct scene *s);

/* 1 to s->most things, each at a depth drawn from 0.3 to 0.8, so large (a fifth of the side over
 * its depth) and so bright (1.1 - 0.8 depth) as it is near, the nearer in front; the ground is at
 * depth 0.9. image: side * side * channels; class, of each pixel: 0 is ground, else 1 + the label;
 * depth, of each pixel. */
void scene_picture(struct scene *s, int64_t id, uint8_t *image, uint8_t *class, float *depth);
/* One thing on a ground that stays, moved by one to two 64ths of the side a frame in one of
 * SCENE_MOTIONS directions, which is returned; the middle of its way is near the middle of the
 * canvas. clip: frames * side * side * channels. */
int scene_clip(struct scene *s, int64_t id, int frames, uint8_t *clip);

#endif
