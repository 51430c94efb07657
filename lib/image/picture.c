#include "image/picture.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

int picture_decode(struct picture *p, const uint8_t *bytes, size_t size, size_t most_bytes,
                   struct error *e)
{
    *p = (struct picture){0};
    if (size >= 8 && !memcmp(bytes, "\x89PNG\r\n\x1a\n", 8))
        return png_decode(p, bytes, size, most_bytes, e);
    if (size >= 3 && !memcmp(bytes, "\xff\xd8\xff", 3))
        return jpeg_decode(p, bytes, size, most_bytes, e);
    return error_set(e, "neither PNG nor JPEG");
}

int picture_probe(struct picture *p, const uint8_t *bytes, size_t size, struct error *e)
{
    return picture_decode(p, bytes, size, 0, e);
}

int picture_allocate(struct picture *p, size_t most_bytes, struct error *e)
{
    size_t count;
    if (size_multiply(p->height, p->width, &count) || size_multiply(count, p->channels, &count) ||
        !count || count > most_bytes)
        return error_set(e, "a picture of %u x %u x %u, more than the %zu bytes allowed",
                         p->height, p->width, p->channels, most_bytes);
    p->pixels = array_new(count, 1, "picture", e);
    return p->pixels ? 0 : -1;
}

int picture_make_colour(struct picture *p, struct error *e)
{
    if (p->channels == 3)
        return 0;
    size_t count = (size_t)p->height * p->width;
    uint8_t *colour = array_new(count, 3, "picture", e);
    if (!colour)
        return -1;
    for (size_t i = 0; i < count; i++)
        memset(colour + 3 * i, p->pixels[i], 3);
    free(p->pixels);
    p->pixels = colour;
    p->channels = 3;
    return 0;
}
