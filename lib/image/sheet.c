#include "image/sheet.h"
#include <stdbool.h>
#include <string.h>

/* Where a row of places begins; for row == rows, where the sheet ends. */
static uint64_t row_top(const struct sheet *s, uint64_t place, size_t row)
{
    uint64_t close = s->gap / 4, groups = row / s->together, within = row % s->together;
    uint64_t group = s->together * place + (s->together - 1) * close + s->gap;
    return s->gap + groups * group + within * (place + close);
}

static void draw_tile(const struct tile *t, uint32_t scale, struct picture *p, size_t top,
                      size_t left)
{
    bool grey = t->channels < 3;
    for (size_t y = 0; y < (size_t)t->height * scale; y++) {
        uint8_t *to = p->pixels + ((top + y) * p->width + left) * p->channels;
        const uint8_t *row = t->pixels + y / scale * t->width * t->channels;
        for (size_t x = 0; x < (size_t)t->width * scale; x++)
            for (size_t c = 0; c < p->channels; c++)
                *to++ = row[x / scale * t->channels + (grey ? 0 : c)];
    }
}

int sheet_draw(const struct sheet *s, struct picture *p, size_t most_bytes, struct error *e)
{
    size_t tiles = s->rows * s->columns;
    uint64_t height = 0, width = 0; /* of a place */
    *p = (struct picture){.channels = 1};
    for (size_t i = 0; i < tiles; i++) {
        const struct tile *t = &s->tile[i];
        if (!t->pixels)
            continue;
        height = t->height > height ? t->height : height;
        width = t->width > width ? t->width : width;
        if (t->channels >= 3)
            p->channels = 3;
    }
    if (!height || !width)
        return error_set(e, "no images to show");
    height *= s->scale;
    width *= s->scale;
    uint64_t whole_height = row_top(s, height, s->rows);
    uint64_t whole_width = s->gap + s->columns * (width + s->gap);
    if (whole_height > UINT32_MAX || whole_width > UINT32_MAX)
        return error_set(e, "a sheet of %llu x %llu pixels is too large",
                         (unsigned long long)whole_height, (unsigned long long)whole_width);
    p->height = (uint32_t)whole_height;
    p->width = (uint32_t)whole_width;
    if (picture_allocate(p, most_bytes, e))
        return -1;
    memset(p->pixels, s->background, (size_t)p->height * p->width * p->channels);
    for (size_t i = 0; i < tiles; i++) {
        const struct tile *t = &s->tile[i];
        size_t top = row_top(s, height, i / s->columns);
        size_t left = s->gap + i % s->columns * (width + s->gap);
        if (t->pixels)
            draw_tile(t, s->scale, p, top + (height - (uint64_t)t->height * s->scale) / 2,
                      left + (width - (uint64_t)t->width * s->scale) / 2);
    }
    return 0;
}
