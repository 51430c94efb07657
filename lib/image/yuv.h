/* Frames as video keeps them, brightness and colour apart, and as RGB; 8 bits. Integers alone, so
 * equal results on every machine.
 *
 * To RGB a colour sample serves all of its pixels; from RGB it is their mean. So a frame that came
 * out of yuv_to_rgb without clipping goes back to the same bytes in the limited range: the way
 * through RGB costs nothing. */
#ifndef IMAGE_YUV_H
#define IMAGE_YUV_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct yuv {
    uint32_t height, width;
    int across, down; /* pixels a colour sample; 2 and 2: 4:2:0; 0 and 0: grey, no colour */
    bool full;        /* brightness 0 .. 255, as JPEG's; else 16 .. 235 */
    bool bt709;       /* the matrix of BT.709, else that of BT.601 */
    uint8_t *plane[3];
    size_t stride[3];
};

/* Rows of the planes; the colour's of an odd side are rounded up. */
uint32_t yuv_rows(const struct yuv *f, int plane);
uint32_t yuv_columns(const struct yuv *f, int plane);

/* pixels: height x width x 3, or x 1 where the frame is grey. */
void yuv_to_rgb(const struct yuv *f, uint8_t *pixels);
void yuv_from_rgb(const struct yuv *f, const uint8_t *pixels);

#endif
