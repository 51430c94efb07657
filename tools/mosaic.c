/* A contact sheet of a samples stream. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/memory.h"
#include "base/program.h"
#include "image/sheet.h"
#include "stream/stage.h"

static int64_t columns = 16, scale = 2, most = -1, gap = 4, background = 24;
static bool by_class;
static const char *pairs_path;

static const struct option options[] = {
    {"columns", 'c', OPTION_INT, &columns, "N", "images a row", 1, 4096, NULL},
    {"most", 'n', OPTION_INT, &most, "N", "show at most N images (256; 65536 with --by-class)", 1,
     65536, NULL},
    {"scale", 's', OPTION_INT, &scale, "N", "pixels of the sheet a pixel of an image", 1, 64, NULL},
    {"gap", 0, OPTION_INT, &gap, "N", "pixels between images", 0, 256, NULL},
    {"background", 0, OPTION_INT, &background, "GREY", "brightness between images", 0, 255, NULL},
    {"by-class", 0, OPTION_FLAG, &by_class, NULL,
     "a row for each class, with the first images of it that fit", 0, 0, NULL},
    {"pairs", 0, OPTION_FILE, &pairs_path, "FILE",
     "second samples stream: below each image the one of the same id there", 0, 0, NULL},
    {0},
};

static const struct program program = {
    .name = "mosaic",
    .summary = "draw a contact sheet of images",
    .operands = "[STREAM]",
    .most_operands = 1,
    .description =
        "Writes a PNG to standard output or to the file of -o: the stream's first images in "
        "rows, in their order, or a row a class. Images of different sizes are centred in "
        "places as large as the largest. The stream is read to its end.",
    .examples = "load fashion-mnist test | mosaic --by-class -o classes.png\n"
                "# originals above their reconstructions\n"
                "decode-latent --weights enc < latents | mosaic --pairs - -o sheet.png samples",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_STREAM,
};

struct shown {
    int64_t id;
    int32_t label;
    size_t order, row, column;
    struct tile tile, pair;
};

struct gallery {
    struct shown *shown;
    size_t count, capacity;
    size_t bytes, most_bytes; /* of pixels held */
};

struct fields {
    int image, id, label;
};

static int find_fields(const struct header *h, bool id, bool label, struct fields *f,
                       struct error *e)
{
    f->image = header_require(h, "image", ELEMENT_U8, 3, e);
    f->id = id ? header_require(h, "id", ELEMENT_I64, 0, e) : -1;
    f->label = label ? header_require(h, "label", ELEMENT_I32, 0, e) : -1;
    return f->image < 0 || (id && f->id < 0) || (label && f->label < 0) ? -1 : 0;
}

static int copy_tile(struct gallery *g, struct tile *t, const struct cell *image, struct error *e)
{
    if (!image->count || image->extent[2] > 4)
        return error_set(e, "expected an image of 1 to 4 channels, found %u x %u x %u",
                         image->extent[0], image->extent[1], image->extent[2]);
    if (image->count > g->most_bytes - g->bytes)
        return error_set(e, "images of more than %zu bytes together: show fewer", g->most_bytes);
    uint8_t *pixels = array_new(image->count, 1, "image", e);
    if (!pixels)
        return -1;
    memcpy(pixels, image->data, image->count);
    g->bytes += image->count;
    *t = (struct tile){image->extent[0], image->extent[1], image->extent[2], pixels};
    return 0;
}

/* Whether the sheet still has room: in all, or in the row of this class. */
static bool has_room(const struct gallery *g, int32_t label)
{
    size_t same = 0;
    if (!by_class)
        return g->count < (size_t)most;
    for (size_t i = 0; i < g->count && same < (size_t)columns; i++)
        same += g->shown[i].label == label;
    return same < (size_t)columns && g->count < (size_t)most;
}

static int gather(struct gallery *g, struct stream_reader *r, struct error *e)
{
    struct fields f;
    const struct cell *row;
    int got;
    if (find_fields(stream_header(r), pairs_path, by_class, &f, e))
        return error_wrap(e, "%s", stream_path(r));
    while ((got = stream_read(r, &row, e)) == 1) {
        int32_t label = f.label < 0 ? -1 : (int32_t)row[f.label].integer;
        if (!has_room(g, label))
            continue;
        if (array_grow((void **)&g->shown, &g->capacity, g->count + 1, sizeof *g->shown, "images",
                       e))
            return -1;
        struct shown *s = &g->shown[g->count];
        *s = (struct shown){
            .id = f.id < 0 ? 0 : row[f.id].integer, .label = label, .order = g->count};
        if (copy_tile(g, &s->tile, &row[f.image], e))
            return error_wrap(e, "%s: row %lld", stream_path(r), (long long)stream_rows(r) - 1);
        g->count++;
    }
    return got;
}

static int by_id(const void *a, const void *b)
{
    int64_t x = (*(struct shown *const *)a)->id, y = (*(struct shown *const *)b)->id;
    return (x > y) - (x < y);
}

/* Gives every shown image its pair from the second stream. */
static int gather_pairs(struct gallery *g, struct stream_reader *r, struct error *e)
{
    struct fields f;
    const struct cell *row;
    int got;
    autofree struct shown **sorted = array_new(g->count, sizeof *sorted, "images", e);
    if (!sorted)
        return -1;
    if (find_fields(stream_header(r), true, false, &f, e))
        return error_wrap(e, "%s", stream_path(r));
    for (size_t i = 0; i < g->count; i++)
        sorted[i] = &g->shown[i];
    qsort(sorted, g->count, sizeof *sorted, by_id);
    while ((got = stream_read(r, &row, e)) == 1) {
        struct shown key = {.id = row[f.id].integer}, *wanted = &key;
        struct shown **found = bsearch(&wanted, sorted, g->count, sizeof *sorted, by_id);
        if (!found)
            continue;
        while (found > sorted && found[-1]->id == key.id)
            found--;
        for (; found < sorted + g->count && (*found)->id == key.id; found++)
            if (!(*found)->pair.pixels && copy_tile(g, &(*found)->pair, &row[f.image], e))
                return error_wrap(e, "%s: row %lld", stream_path(r), (long long)stream_rows(r) - 1);
    }
    for (size_t i = 0; got == 0 && i < g->count; i++)
        if (!g->shown[i].pair.pixels)
            return error_set(e, "%s: no image of id %lld to stand below its like", stream_path(r),
                             (long long)g->shown[i].id);
    return got;
}

static int by_label(const void *a, const void *b)
{
    const struct shown *x = a, *y = b;
    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

/* Finds every image its place and fills the sheet's tiles; the array is the caller's to free. */
static struct tile *lay_out(struct gallery *g, struct sheet *s, struct error *e)
{
    size_t row = 0, column = 0;
    s->together = pairs_path ? 2 : 1;
    if (by_class)
        qsort(g->shown, g->count, sizeof *g->shown, by_label);
    for (size_t i = 0; i < g->count; i++) {
        struct shown *one = &g->shown[i];
        if (column == (size_t)columns || (by_class && i && one->label != one[-1].label)) {
            row += s->together;
            column = 0;
        }
        one->row = row;
        one->column = column++;
        s->columns = column > s->columns ? column : s->columns;
    }
    s->rows = row + s->together;
    struct tile *tile = array_new(s->rows * s->columns, sizeof *tile, "sheet", e);
    for (size_t i = 0; tile && i < g->count; i++) {
        const struct shown *one = &g->shown[i];
        tile[one->row * s->columns + one->column] = one->tile;
        if (s->together == 2)
            tile[(one->row + 1) * s->columns + one->column] = one->pair;
    }
    s->tile = tile;
    return tile;
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct output o;
    struct picture p;
    program_begin(&program, argc, argv, &call);
    if (most < 0)
        most = by_class ? 65536 : 256;
    struct sheet s = {
        .scale = (uint32_t)scale, .gap = (uint32_t)gap, .background = (uint8_t)background};
    struct gallery g = {.most_bytes = call.most_tensor_bytes};
    const char *path = call.argc ? call.argv[0] : "-";
    if (pairs_path && !strcmp(pairs_path, "-") && !strcmp(path, "-"))
        program_usage(&call, "only one stream can come from standard input");
    if (!call.output && isatty(STDOUT_FILENO))
        program_usage(&call, "a PNG is not for a terminal: name a file by -o");

    struct stream_reader *r = stage_open(&call, path, &e);
    if (!r || gather(&g, r, &e))
        program_fail(&call, &e);
    stream_close(r);
    if (pairs_path) {
        r = stage_open(&call, pairs_path, &e);
        if (!r || gather_pairs(&g, r, &e))
            program_fail(&call, &e);
        stream_close(r);
    }
    struct tile *tiles = lay_out(&g, &s, &e);
    if (!tiles || sheet_draw(&s, &p, call.most_tensor_bytes, &e) ||
        output_open(&o, call.output, &e) ||
        png_write(&o, p.height, p.width, p.channels, p.pixels, &e) || output_commit(&o, &e))
        program_fail(&call, &e);

    for (size_t i = 0; i < g.count; i++) {
        free((void *)g.shown[i].tile.pixels);
        free((void *)g.shown[i].pair.pixels);
    }
    free(g.shown);
    free(tiles);
    free(p.pixels);
    return program_end(&call);
}
