/* Clips cut into pictures: rows of `clip`, u8 [frames, height, width, channels], to rows of
 * `image`, u8 [height, width, channels], so many of each clip, evenly spaced. They keep all of its
 * other fields, its id too, by which what is told of them can be put together again. */
#ifndef ROWS_CLIPS_H
#define ROWS_CLIPS_H
#include "stream/stage.h"

struct clips {
    int64_t pictures; /* of a clip */
    int window;       /* frames that one is made of */
    int channels;     /* of a picture; 0: as many as the frames have */
    /* Makes a picture of `window` frames; any thread. */
    int (*make)(const struct clips *c, const uint8_t *frames, int height, int width, int channels,
                uint8_t *picture, struct error *e);
    double range;                             /* for `make` alone */
    const struct value *flow, *normalisation; /* meta of these names; NULL: as it was */
};

/* All rows of the call's operand, or of standard input, to the call's output. */
int clips_run(const struct clips *c, const struct call *call, struct error *e);

#endif
