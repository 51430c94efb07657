/* Any pair of IDX files: images of rank 3 (grey) or 4 (height, width, channels), labels of rank 1.
 * An image's id is its row. format_mnist.c builds on this. */
#include "image/format_idx.h"
#include <stdlib.h>
#include "base/memory.h"
#include "image/prepare.h"

int idx_pair_open(struct dataset *d, const char *images, const char *labels, int classes,
                  int64_t first, struct error *e)
{
    struct idx_pair *p = d->state = array_new(1, sizeof *p, "data set", e);
    if (!p)
        return -1;
    p->classes = classes;
    p->first = first;
    if (idx_open(&p->images, images, 3, 4, d->request.most_bytes, e) ||
        dataset_note_file(d, images, e) ||
        (labels && (idx_open(&p->labels, labels, 1, 1, 1, e) || dataset_note_file(d, labels, e))))
        return -1;
    const uint32_t *extent = p->images.extent;
    if (labels && p->labels.extent[0] != extent[0])
        return error_set(e, "%s: expected %u labels, one an image, found %u", labels, extent[0],
                         p->labels.extent[0]);
    d->rows = extent[0];
    d->extent[0] = extent[1];
    d->extent[1] = extent[2];
    d->extent[2] = p->images.rank == 4 ? extent[3] : 1;
    if (d->extent[2] > IMAGE_MAX_CHANNELS)
        return error_set(e, "%s: images of %lld channels, expected 1 to %d", images,
                         (long long)d->extent[2], IMAGE_MAX_CHANNELS);
    p->pixels = array_new(p->images.item, 1, "image", e);
    return p->pixels ? 0 : -1;
}

int idx_pair_next(struct dataset *d, struct image *image, struct error *e)
{
    struct idx_pair *p = d->state;
    int64_t row = p->images.at;
    uint8_t label = 0;
    int got = idx_read(&p->images, p->pixels, e);
    if (p->labels.file && got >= 0 && idx_read(&p->labels, &label, e) < 0)
        return -1;
    if (got != 1)
        return got;
    if (p->classes && label >= p->classes)
        return error_set(e, "%s: item %lld: expected a label below %d, found %d", p->labels.path,
                         (long long)row, p->classes, label);
    image->id = p->first + row;
    image->label = p->labels.file ? label : -1;
    image->height = p->images.extent[1];
    image->width = p->images.extent[2];
    image->channels = p->images.rank == 4 ? p->images.extent[3] : 1;
    image->pixels = p->pixels;
    return 1;
}

void idx_pair_close(struct dataset *d)
{
    struct idx_pair *p = d->state;
    idx_close(&p->images);
    idx_close(&p->labels);
    free(p->pixels);
    free(p);
}

static int open_idx(struct dataset *d, struct error *e)
{
    return idx_pair_open(d, d->request.file[0], d->request.file[1], 0, 0, e);
}

const struct format FORMAT_IDX = {
    .name = "idx",
    .operands = "IMAGES [LABELS]",
    .files = true,
    .open = open_idx,
    .next = idx_pair_next,
    .close = idx_pair_close,
};
