#include "rows/dataset.h"

enum { MOST_FIELDS = 6 };

int dataset_header(const struct dataset *d, struct header *h, struct error *e)
{
    if (header_init(h, "samples", e))
        return -1;
    value_free(h->meta);
    h->meta = value_copy(d->meta);
    if (!h->meta)
        return error_set(e, "out of memory");
    const int64_t clip[] = {d->frames, d->extent[0], d->extent[1], d->extent[2]};
    if (header_add_field(h, "id", ELEMENT_I64, 0, NULL, e) < 0 ||
        header_add_field(h, "label", ELEMENT_I32, 0, NULL, e) < 0 ||
        (d->frames ? header_add_field(h, "clip", ELEMENT_U8, 4, clip, e)
                   : header_add_field(h, "image", ELEMENT_U8, 3, d->extent, e)) < 0 ||
        (d->dense && header_add_field(h, "target", ELEMENT_U8, 2, d->extent, e) < 0) ||
        (d->coarse && header_add_field(h, "coarse", ELEMENT_I32, 0, NULL, e) < 0) ||
        (d->file && header_add_field(h, "file", ELEMENT_STR, 0, NULL, e) < 0))
        return -1;
    return 0;
}

int dataset_write(const struct dataset *d, const struct image *image, struct stream_writer *w,
                  struct error *e)
{
    const uint32_t extent[] = {image->frames, image->height, image->width, image->channels};
    struct cell row[MOST_FIELDS] = {
        cell_int(ELEMENT_I64, image->id),
        cell_int(ELEMENT_I32, image->label),
        d->frames ? cell_tensor(ELEMENT_U8, 4, extent, image->pixels)
                  : cell_tensor(ELEMENT_U8, 3, extent + 1, image->pixels),
    };
    int fields = 3;
    if (d->dense)
        row[fields++] = cell_tensor(ELEMENT_U8, 2, extent + 1, image->target);
    if (d->coarse)
        row[fields++] = cell_int(ELEMENT_I32, image->coarse);
    if (d->file)
        row[fields++] = cell_text(image->file);
    return stream_write(w, row, e);
}
