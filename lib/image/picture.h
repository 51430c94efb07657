/* Pictures as files: PNG and JPEG read, PNG written. Decoders are given bytes that may be hostile:
 * they read the header, check the size it tells of, and only then allocate; whatever libpng or
 * libjpeg complains of that costs pixels is an error, never a guessed picture. */
#ifndef IMAGE_PICTURE_H
#define IMAGE_PICTURE_H
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/file.h"

struct picture {
    uint32_t height, width, channels; /* 1 (grey) or 3 (red, green, blue) */
    uint8_t *pixels;                  /* owned; free() */
};

/* Fills in the size alone, without decoding. */
int picture_probe(struct picture *p, const uint8_t *bytes, size_t size, struct error *e);
/* Decodes PNG or JPEG, told apart by their first bytes, to 8 bits grey or colour; alpha is left
 * out, 16 bits are cut to 8, gamma is not applied. At most most_bytes of pixels. */
int picture_decode(struct picture *p, const uint8_t *bytes, size_t size, size_t most_bytes,
                   struct error *e);
/* Grey to colour in place (a new array); nothing where it has colour. */
int picture_make_colour(struct picture *p, struct error *e);

/* A PNG of 1 to 4 channels (grey, grey + alpha, RGB, RGBA), in memory or written. */
struct coded;
int png_encode(struct coded *to, uint32_t height, uint32_t width, uint32_t channels,
               const uint8_t *pixels, struct error *e);
int png_write(struct output *o, uint32_t height, uint32_t width, uint32_t channels,
              const uint8_t *pixels, struct error *e);

/* ---- the decoders; pixels of *p are allocated only where most_bytes is not 0 ---- */
int png_decode(struct picture *p, const uint8_t *bytes, size_t size, size_t most_bytes,
               struct error *e);
int jpeg_decode(struct picture *p, const uint8_t *bytes, size_t size, size_t most_bytes,
                struct error *e);
/* Allocates p->pixels by its size, which must be positive and take at most most_bytes. */
int picture_allocate(struct picture *p, size_t most_bytes, struct error *e);
#endif
