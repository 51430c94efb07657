/* Moving pictures as files, read frame by frame, and written as YUV4MPEG2. What is read may be
 * hostile: sizes are checked before anything is allocated. */
#ifndef IMAGE_VIDEO_H
#define IMAGE_VIDEO_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/error.h"
#include "base/file.h"
#include "base/value.h"

struct video {
    uint32_t height, width, channels; /* of every frame; 1 (grey) or 3 (RGB) */
    int64_t rate[2];                  /* frames a second, a fraction; 0 and 0: not told */
    /* The next frame to `pixels`: 1, 0 at the end, -1 on error. */
    int (*read)(struct video *v, uint8_t *pixels, struct error *e);
    void (*close)(struct video *v); /* but not the file */
    void *own;
};

/* What a stream's meta says in `rate`; 0 and 0: nothing. */
void video_rate(const struct value *meta, int64_t rate[2]);

/* An opener reads the header; frames of at most most_bytes. Nothing to close after an error. */
typedef int video_open(struct video *v, FILE *from, size_t most_bytes, struct error *e);

/* YUV4MPEG2, 8 bits a sample, progressive: 4:2:0, 4:2:2, 4:4:4 or grey. BT.601; the brightness
 * from 16 to 235 unless the header says XCOLORRANGE=FULL. */
video_open y4m_open;

/* Writes YUV4MPEG2: grey, or 4:2:0. rate {0, 0}: not told. */
int y4m_write_header(struct output *o, uint32_t height, uint32_t width, uint32_t channels,
                     const int64_t rate[2], struct error *e);
int y4m_write_frame(struct output *o, uint32_t height, uint32_t width, uint32_t channels,
                    const uint8_t *pixels, struct error *e);

#endif
