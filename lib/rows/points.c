#include "rows/points.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

static int view_pixels(struct points *p, const struct table *t, struct error *e)
{
    const struct column *image = table_column(t, "image", ELEMENT_U8, 3, e);
    size_t all;
    if (!image)
        return -1;
    p->dimension = image->stride;
    if (!p->dimension || size_multiply(p->count, p->dimension, &all))
        return error_set(e, "images of %zu numbers", p->dimension);
    if (!(p->own = array_new(all, sizeof *p->own, "pixels", e)))
        return -1;
    const uint8_t *pixels = image->data;
    for (size_t i = 0; i < all; i++)
        p->own[i] = pixels[i] / 255.f;
    p->at = p->own;
    return 0;
}

static int view_latents(struct points *p, const struct table *t, struct error *e)
{
    const struct column *z = table_column(t, "z", ELEMENT_F32, 1, e);
    if (!z)
        return -1;
    p->dimension = z->stride;
    p->at = z->data;
    if (!p->dimension)
        return error_set(e, "z: no numbers");
    for (size_t i = 0; i < p->count * p->dimension; i++)
        if (!isfinite(p->at[i]))
            return error_set(e, "row %zu: z is not finite", i / p->dimension + 1);
    return 0;
}

int points_view(struct points *p, const struct table *t, struct error *e)
{
    *p = (struct points){.count = t->rows};
    if (header_require_kind(&t->header, "latents|samples", e))
        return -1;
    if (!t->rows)
        return error_set(e, "no rows");
    return strcmp(t->header.kind, "latents") ? view_pixels(p, t, e) : view_latents(p, t, e);
}

void points_free(struct points *p)
{
    free(p->own);
    *p = (struct points){0};
}
