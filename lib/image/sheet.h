/* A contact sheet: pictures in a grid; or a map: pictures where they belong in the plane. */
#ifndef IMAGE_SHEET_H
#define IMAGE_SHEET_H
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "image/picture.h"

struct tile {
    uint32_t height, width, channels; /* 1 to 4; alpha is left out */
    const uint8_t *pixels;            /* NULL: an empty place */
};

struct sheet {
    size_t rows, columns;
    size_t together; /* so many rows stand close (an image and its reconstruction): 1 or 2 */
    uint32_t scale;  /* pixels a pixel */
    uint32_t gap;    /* pixels around the grid and between places */
    uint8_t background;
    const struct tile *tile; /* rows x columns of them */
};

/* Draws into *p (owned by the caller; grey where all tiles are), of at most most_bytes. All places
 * are as large as the largest tile, and a smaller one stands in the middle of its place. */
int sheet_draw(const struct sheet *s, struct picture *p, size_t most_bytes, struct error *e);

struct sheet_map {
    size_t tiles;
    const struct tile *tile;
    const float *at; /* [tiles, 2]: the middles, to the right and up, in units of any size */
    uint32_t side;   /* of the map, which is square, in pixels */
    uint32_t scale;
    uint8_t background;
};

/* The same of a map, in which all tiles lie whole; of two that meet the later one is seen. */
int sheet_draw_map(const struct sheet_map *m, struct picture *p, size_t most_bytes,
                   struct error *e);
#endif
