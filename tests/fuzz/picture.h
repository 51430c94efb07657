/* Of a decoder of pictures: the size that is told without decoding is that of the pixels. */
#ifndef TESTS_FUZZ_PICTURE_H
#define TESTS_FUZZ_PICTURE_H
#include "fuzz/fuzz.h"
#include "image/picture.h"

enum { MOST_BYTES = 1 << 20 };

typedef int decoder(struct picture *p, const uint8_t *bytes, size_t size, size_t most_bytes,
                    struct error *e);

static int fuzz_picture(decoder *decode, const uint8_t *bytes, size_t size)
{
    struct error e;
    struct picture told = {0}, p = {0};
    int probed = decode(&told, bytes, size, 0, &e);
    must(!told.pixels);
    if (decode(&p, bytes, size, MOST_BYTES, &e)) {
        must(!p.pixels);
        return 0;
    }
    must(probed == 0 && told.height == p.height && told.width == p.width &&
         told.channels == p.channels);
    unsigned sum = 0; /* every pixel is there and is set */
    for (size_t i = 0; i < (size_t)p.height * p.width * p.channels; i++)
        sum += p.pixels[i];
    must(sum <= 255u * MOST_BYTES && picture_make_colour(&p, &e) == 0);
    free(p.pixels);
    return 1;
}
#endif
