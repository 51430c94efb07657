/* Images: a PNG a row, clips as YUV4MPEG2, the files that a codec made of them, or the IDX files of
 * MNIST. */
#include <search.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/memory.h"
#include "image/codec.h"
#include "image/dataset.h"
#include "image/idx.h"
#include "image/picture.h"
#include "image/video.h"
#include "rows/export.h"

/* ---- a file a row ---- */

/* How many rows have had the id: frames of a clip have one. */
struct times {
    int64_t id, rows;
};

static int by_id(const void *a, const void *b)
{
    const struct times *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static void free_times(void *own)
{
    tdestroy(*(void **)own, free);
}

static int begin_files(struct export *x, struct error *e)
{
    x->own = array_new(1, sizeof(void *), "ids", e);
    x->own_free = free_times;
    return x->own ? folder_make(x->to, e) : -1;
}

/* Of the rows of this id so far, this one included; -1. */
static int64_t count_row(struct export *x, int64_t id, struct error *e)
{
    struct times *new = array_new(1, sizeof *new, "ids", e), **found;
    if (!new)
        return -1;
    new->id = id;
    found = tsearch(new, x->own, by_id);
    if (!found || *found != new)
        free(new);
    return found ? ++(*found)->rows : error_set(e, "out of memory: ids");
}

/* The row's own file, by its id or, without ids, its place; of an id that came before, with a
 * number behind it. */
static int open_file(struct export *x, const struct cell *row, const char *ending, struct error *e)
{
    const int64_t id = x->id >= 0 ? row[x->id].integer : x->row;
    const int64_t times = x->id >= 0 ? count_row(x, id, e) : 1;
    char name[64];
    if (times < 0)
        return -1;
    int length = snprintf(name, sizeof name, "%lld", (long long)id);
    if (times > 1)
        length += snprintf(name + length, sizeof name - (size_t)length, "-%lld", (long long)times);
    snprintf(name + length, sizeof name - (size_t)length, ".%s", ending);
    autofree char *path = path_join(x->to, name, e);
    if (!path || output_open(x->file, path, e))
        return -1;
    x->file->unsynced = true;
    return 0;
}

static int end_files(struct export *x, struct error *e)
{
    return folder_sync(x->to, e);
}

/* ---- png ---- */

static int require_images(struct export *x, struct error *e)
{
    return (x->image = header_require(x->header, "image", ELEMENT_U8, 3, e)) < 0;
}

static int begin_png(struct export *x, struct error *e)
{
    return require_images(x, e) || begin_files(x, e);
}

static int row_png(struct export *x, const struct cell *row, struct error *e)
{
    const struct cell *image = &row[x->image];
    if (open_file(x, row, "png", e))
        return -1;
    if (png_write(x->file, image->extent[0], image->extent[1], image->extent[2], image->data, e))
        return -1;
    return output_commit(x->file, e);
}

/* ---- y4m ---- */

static int begin_y4m(struct export *x, struct error *e)
{
    x->image = header_require(x->header, "clip", ELEMENT_U8, 4, e);
    return x->image < 0 || begin_files(x, e);
}

static int row_y4m(struct export *x, const struct cell *row, struct error *e)
{
    const struct cell *clip = &row[x->image];
    const uint32_t *extent = clip->extent;
    const size_t size = (size_t)extent[1] * extent[2] * extent[3];
    int64_t rate[2];
    video_rate(x->header->meta, rate);
    if (!clip->count || (extent[3] != 1 && extent[3] != 3))
        return error_set(
            e, "y4m takes 1 or 3 channels and at least one pixel, found %u x %u x %u x %u",
            extent[0], extent[1], extent[2], extent[3]);
    if (open_file(x, row, "y4m", e) ||
        y4m_write_header(x->file, extent[1], extent[2], extent[3], rate, e))
        return -1;
    for (uint32_t f = 0; f < extent[0]; f++)
        if (y4m_write_frame(x->file, extent[1], extent[2], extent[3],
                            (const uint8_t *)clip->data + f * size, e))
            return -1;
    return output_commit(x->file, e);
}

/* ---- coded ---- */

static int begin_coded(struct export *x, struct error *e)
{
    x->image = header_require(x->header, "coded", ELEMENT_U8, 1, e);
    return x->image < 0 || begin_files(x, e);
}

static int row_coded(struct export *x, const struct cell *row, struct error *e)
{
    const struct cell *coded = &row[x->image];
    const char *ending = coded_ending(coded->data, coded->count);
    if (!ending)
        return error_set(e, "coded by none of " CODEC_WORDS);
    if (open_file(x, row, ending, e) || output_write(x->file, coded->data, coded->count, e))
        return -1;
    return output_commit(x->file, e);
}

/* ---- idx: x->file[0] the images, x->file[1] the labels ---- */

static int begin_idx(struct export *x, struct error *e)
{
    const uint8_t none[4 + 4 * IDX_MAX_RANK] = {0}; /* the head's place */
    if (require_images(x, e))
        return -1;
    const struct field *f = &x->header->field[x->image];
    if (!export_is_fixed(f))
        return error_set(e, "images of varying sizes: idx cannot hold them");
    for (int i = 0; i < 3; i++)
        x->extent[i] = (uint32_t)f->extent[i];
    int rank = x->extent[2] == 1 ? 3 : 4;
    autofree char *images =
        export_path(x, rank == 3 ? "images-idx3-ubyte" : "images-idx4-ubyte", "", e);
    autofree char *labels = export_path(x, "labels-idx1-ubyte", "", e);
    if (!images || !labels || folder_make(x->to, e) || output_open(&x->file[0], images, e) ||
        (x->label >= 0 && output_open(&x->file[1], labels, e)))
        return -1;
    return output_write(&x->file[0], none, 4 + 4 * (size_t)rank, e) ||
           (x->label >= 0 && output_write(&x->file[1], none, 8, e));
}

static int row_idx(struct export *x, const struct cell *row, struct error *e)
{
    if (x->row >= UINT32_MAX)
        return error_set(e, "more rows than idx can hold");
    if (x->label >= 0) {
        int64_t label = row[x->label].integer;
        if (label < 0 || label > 255)
            return error_set(e, "label %lld: idx can hold 0 to 255", (long long)label);
        if (array_grow((void **)&x->labels, &x->labels_capacity, (size_t)x->row + 1, 1, "labels",
                       e))
            return -1;
        x->labels[x->row] = (uint8_t)label;
    }
    return output_write(&x->file[0], row[x->image].data, row[x->image].count, e);
}

static int end_idx(struct export *x, struct error *e)
{
    uint32_t rows = (uint32_t)x->row;
    uint32_t extent[] = {rows, x->extent[0], x->extent[1], x->extent[2]};
    if (idx_write_header(&x->file[0], extent[3] == 1 ? 3 : 4, extent, e) ||
        (x->label >= 0 && (idx_write_header(&x->file[1], 1, &rows, e) ||
                           output_write(&x->file[1], x->labels, rows, e))))
        return -1;
    return output_commit(&x->file[0], e) || (x->label >= 0 && output_commit(&x->file[1], e));
}

const struct export_format EXPORT_PNG = {"png", true, begin_png, row_png, end_files, false};
const struct export_format EXPORT_Y4M = {"y4m", true, begin_y4m, row_y4m, end_files, false};
const struct export_format EXPORT_CODED = {"coded", true, begin_coded, row_coded, end_files, false};
const struct export_format EXPORT_IDX = {"idx", true, begin_idx, row_idx, end_idx, false};
