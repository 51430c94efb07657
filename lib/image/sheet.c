#include "image/sheet.h"
#include <math.h>
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

/* Of the tiles that there are: the height and width of the largest. Grey where all are. */
static void measure_tiles(const struct tile *tile, size_t tiles, struct picture *p,
                          uint64_t *height, uint64_t *width)
{
    *p = (struct picture){.channels = 1};
    *height = *width = 0;
    for (size_t i = 0; i < tiles; i++) {
        const struct tile *t = &tile[i];
        if (!t->pixels)
            continue;
        *height = t->height > *height ? t->height : *height;
        *width = t->width > *width ? t->width : *width;
        if (t->channels >= 3)
            p->channels = 3;
    }
}

static int allocate(struct picture *p, uint64_t height, uint64_t width, uint8_t background,
                    size_t most_bytes, struct error *e)
{
    if (height > UINT32_MAX || width > UINT32_MAX)
        return error_set(e, "a sheet of %llu x %llu pixels is too large",
                         (unsigned long long)height, (unsigned long long)width);
    p->height = (uint32_t)height;
    p->width = (uint32_t)width;
    if (picture_allocate(p, most_bytes, e))
        return -1;
    memset(p->pixels, background, (size_t)p->height * p->width * p->channels);
    return 0;
}

int sheet_draw(const struct sheet *s, struct picture *p, size_t most_bytes, struct error *e)
{
    size_t tiles = s->rows * s->columns;
    uint64_t height, width; /* of a place */
    measure_tiles(s->tile, tiles, p, &height, &width);
    if (!height || !width)
        return error_set(e, "no images to show");
    height *= s->scale;
    width *= s->scale;
    if (allocate(p, row_top(s, height, s->rows), s->gap + s->columns * (width + s->gap),
                 s->background, most_bytes, e))
        return -1;
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

int sheet_draw_map(const struct sheet_map *m, struct picture *p, size_t most_bytes, struct error *e)
{
    uint64_t height, width;
    measure_tiles(m->tile, m->tiles, p, &height, &width);
    height *= m->scale;
    width *= m->scale;
    if (!height || !width)
        return error_set(e, "no images to show");
    if (height > m->side || width > m->side)
        return error_set(e, "images of %llu x %llu pixels are larger than a map of %u",
                         (unsigned long long)height, (unsigned long long)width, m->side);
    if (allocate(p, m->side, m->side, m->background, most_bytes, e))
        return -1;
    double low[2] = {m->at[0], m->at[1]}, high[2] = {m->at[0], m->at[1]};
    for (size_t i = 0; i < 2 * m->tiles; i++) {
        low[i % 2] = fmin(low[i % 2], m->at[i]);
        high[i % 2] = fmax(high[i % 2], m->at[i]);
    }
    const double span = fmax(high[0] - low[0], high[1] - low[1]);
    const double room = (double)m->side - (double)(height > width ? height : width);
    const double unit = span > 0 ? room / span : 0;
    for (size_t i = 0; i < m->tiles; i++) {
        const struct tile *t = &m->tile[i];
        const double right = (m->at[2 * i] - (low[0] + high[0]) / 2) * unit;
        const double down = ((low[1] + high[1]) / 2 - m->at[2 * i + 1]) * unit;
        const double left = (m->side - (double)t->width * m->scale) / 2 + right;
        const double top = (m->side - (double)t->height * m->scale) / 2 + down;
        if (t->pixels)
            draw_tile(t, m->scale, p, (size_t)fmax(0, top), (size_t)fmax(0, left));
    }
    return 0;
}
