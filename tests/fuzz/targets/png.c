/* PNG: the size that is told without decoding is that of the pixels. */
#include "fuzz/fuzz.h"
#include "image/picture.h"

enum { MOST_PIXELS = 1 << 20 };

int fuzz_one(const uint8_t *bytes, size_t size)
{
    struct error e;
    struct picture told = {0}, p = {0};
    int probed = png_decode(&told, bytes, size, 0, &e);
    must(!told.pixels);
    if (png_decode(&p, bytes, size, MOST_PIXELS, &e)) {
        must(!p.pixels);
        return 0;
    }
    must(probed == 0 && told.height == p.height && told.width == p.width &&
         told.channels == p.channels);
    unsigned sum = 0; /* every pixel is there and is set */
    for (size_t i = 0; i < (size_t)p.height * p.width * p.channels; i++)
        sum += p.pixels[i];
    must(sum <= 255u * MOST_PIXELS && picture_make_colour(&p, &e) == 0);
    free(p.pixels);
    return 1;
}
