/* A stream to files of other tools' formats: one row of the table at the end a format. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/memory.h"
#include "base/program.h"
#include "image/dataset.h"
#include "image/idx.h"
#include "image/picture.h"
#include "stream/npy.h"
#include "stream/stage.h"
#include "stream/text.h"

static const struct option options[] = {{0}};

static const struct program program = {
    .name = "save",
    .summary = "write a stream's rows to files for other tools",
    .operands = "FORMAT [DEST] [STREAM]",
    .least_operands = 1,
    .most_operands = 3,
    .description =
        "npy DIR: DIR/FIELD.npy, one array a field with a leading axis of rows; where a field's "
        "extents vary, DIR/FIELD/ROW.npy; texts to DIR/FIELD.txt, a line a row. Of weights and "
        "states: DIR/NAME.npy for every tensor by its name (a later one of the same name replaces "
        "an earlier).\n\n"
        "png DIR: DIR/ID.png for every image.\n\n"
        "idx DIR: DIR/images-idx3-ubyte (idx4 with colour) and DIR/labels-idx1-ubyte.\n\n"
        "tsv [FILE]: tab-separated values with a line of names; a tensor is columns NAME0, NAME1 "
        "and so on. To standard output unless a FILE is named.\n\n"
        "json [FILE]: a JSON object a row, one on each line. Likewise.\n\n"
        "Folders are made where they are missing. Every file appears whole or not at all, and none "
        "before the stream has come to its proper end, but for those of which a row makes one "
        "(png, "
        "weights, varying extents).",
    .examples = "load fashion-mnist train | pick --random 1000 | save npy arrays\n"
                "save tsv < latents | sort -k2n\n"
                "# the trained weights, for NumPy\n"
                "save npy weights < net",
    .options = options,
    .common = COMMON_STREAM,
};

struct save {
    const char *to;
    const struct header *header;
    int id, label, image, name, value; /* fields, -1 where missing or of no use */
    int64_t row;
    struct npy *array;   /* npy: one a field */
    struct output *file; /* npy: of texts; else: the one or two outputs */
    FILE *text;          /* what is to be written next, in memory */
    char *buffer;
    size_t buffered;
    uint8_t *labels;
    size_t labels_capacity;
    uint32_t extent[3];
};

/* ---- text: what is printed gathers in memory, and goes out when it is much ---- */

enum { MUCH = 1 << 16 };

static int text_begin(struct save *s, struct error *e)
{
    s->text = open_memstream(&s->buffer, &s->buffered);
    return s->text ? 0 : error_set(e, "out of memory");
}

static int text_flush(struct save *s, struct output *to, size_t much, struct error *e)
{
    if (fflush(s->text) || ferror(s->text))
        return error_set(e, "out of memory");
    if (s->buffered < much)
        return 0;
    if (output_write(to, s->buffer, s->buffered, e))
        return -1;
    return fseeko(s->text, 0, SEEK_SET) || fflush(s->text) ? error_set(e, "out of memory") : 0;
}

static int begin_tsv(struct save *s, struct error *e)
{
    return output_open(s->file, s->to, e) || text_begin(s, e) ||
           text_tsv_head(s->text, s->header, e);
}

static int row_tsv(struct save *s, const struct cell *row, struct error *e)
{
    text_tsv_row(s->text, s->header, row);
    return text_flush(s, s->file, MUCH, e);
}

static int begin_json(struct save *s, struct error *e)
{
    return output_open(s->file, s->to, e) || text_begin(s, e);
}

static int row_json(struct save *s, const struct cell *row, struct error *e)
{
    return text_json_row(s->text, s->header, row, e) || text_flush(s, s->file, MUCH, e);
}

static int end_text(struct save *s, struct error *e)
{
    return text_flush(s, s->file, 1, e) || output_commit(s->file, e);
}

/* ---- npy ---- */

/* "to/name.ending" of a name that came with the stream; it must stay within the folder. */
static char *path_of(const struct save *s, const char *name, const char *ending, struct error *e)
{
    char *path = NULL;
    if (!*name || *name == '.' || strchr(name, '/'))
        error_set(e, "the name '%s' cannot be that of a file", name);
    else if (asprintf(&path, "%s/%s%s", s->to, name, ending) < 0) {
        path = NULL;
        error_set(e, "out of memory");
    }
    return path;
}

static bool is_fixed(const struct field *f)
{
    for (int i = 0; i < f->rank; i++)
        if (f->extent[i] < 0)
            return false;
    return f->rank >= 0 && f->element != ELEMENT_ANY;
}

static int begin_field(struct save *s, int i, struct error *e)
{
    const struct field *f = &s->header->field[i];
    const char *ending = f->element == ELEMENT_STR ? ".txt" : is_fixed(f) ? ".npy" : "";
    uint32_t extent[STREAM_MAX_RANK];
    autofree char *path = path_of(s, f->name, ending, e);
    if (!path)
        return -1;
    if (f->element == ELEMENT_STR)
        return output_open(&s->file[i], path, e);
    if (!is_fixed(f))
        return folder_make(path, e);
    for (int k = 0; k < f->rank; k++)
        extent[k] = (uint32_t)f->extent[k];
    return npy_open(&s->array[i], path, f->element, f->rank, extent, e);
}

static int begin_npy(struct save *s, struct error *e)
{
    size_t fields = (size_t)s->header->fields;
    free(s->file);
    s->file = array_new(fields, sizeof *s->file, "fields", e);
    s->array = array_new(fields, sizeof *s->array, "fields", e);
    if (!s->file || !s->array || folder_make(s->to, e) || text_begin(s, e))
        return -1;
    if (s->name >= 0)
        return 0;
    for (int i = 0; i < s->header->fields; i++)
        if (begin_field(s, i, e))
            return -1;
    return 0;
}

static int row_tensor(struct save *s, const struct cell *row, struct error *e)
{
    autofree char *path = path_of(s, row[s->name].data, ".npy", e);
    return path ? npy_save(path, &row[s->value], e) : -1;
}

static int row_npy(struct save *s, const struct cell *row, struct error *e)
{
    if (s->name >= 0)
        return row_tensor(s, row, e);
    for (int i = 0; i < s->header->fields; i++) {
        const struct field *f = &s->header->field[i];
        int failed;
        if (f->element == ELEMENT_STR) {
            text_escaped(s->text, row[i].data);
            putc('\n', s->text);
            failed = text_flush(s, &s->file[i], 1, e);
        } else if (is_fixed(f)) {
            failed = npy_write(&s->array[i], &row[i], e);
        } else {
            char ending[32];
            snprintf(ending, sizeof ending, "/%lld.npy", (long long)s->row);
            autofree char *path = path_of(s, f->name, ending, e);
            failed = path ? npy_save(path, &row[i], e) : -1;
        }
        if (failed)
            return error_wrap(e, "field %s", f->name);
    }
    return 0;
}

static int end_npy(struct save *s, struct error *e)
{
    for (int i = 0; s->name < 0 && i < s->header->fields; i++) {
        const struct field *f = &s->header->field[i];
        if (f->element == ELEMENT_STR ? output_commit(&s->file[i], e)
                                      : is_fixed(f) && npy_commit(&s->array[i], e))
            return -1;
    }
    return folder_sync(s->to, e);
}

/* ---- png ---- */

static int require_images(struct save *s, struct error *e)
{
    return (s->image = header_require(s->header, "image", ELEMENT_U8, 3, e)) < 0;
}

static int begin_png(struct save *s, struct error *e)
{
    return require_images(s, e) || folder_make(s->to, e);
}

static int row_png(struct save *s, const struct cell *row, struct error *e)
{
    const struct cell *image = &row[s->image];
    char name[32];
    snprintf(name, sizeof name, "%lld.png", (long long)(s->id >= 0 ? row[s->id].integer : s->row));
    autofree char *path = path_join(s->to, name, e);
    if (!path || output_open(s->file, path, e))
        return -1;
    s->file->unsynced = true;
    if (png_write(s->file, image->extent[0], image->extent[1], image->extent[2], image->data, e))
        return -1;
    return output_commit(s->file, e);
}

static int end_png(struct save *s, struct error *e)
{
    return folder_sync(s->to, e);
}

/* ---- idx: s->file[0] the images, s->file[1] the labels ---- */

static int begin_idx(struct save *s, struct error *e)
{
    const uint8_t none[4 + 4 * IDX_MAX_RANK] = {0}; /* the head's place */
    if (require_images(s, e))
        return -1;
    const struct field *f = &s->header->field[s->image];
    if (!is_fixed(f))
        return error_set(e, "images of varying sizes: idx cannot hold them");
    for (int i = 0; i < 3; i++)
        s->extent[i] = (uint32_t)f->extent[i];
    int rank = s->extent[2] == 1 ? 3 : 4;
    autofree char *images =
        path_of(s, rank == 3 ? "images-idx3-ubyte" : "images-idx4-ubyte", "", e);
    autofree char *labels = path_of(s, "labels-idx1-ubyte", "", e);
    if (!images || !labels || folder_make(s->to, e) || output_open(&s->file[0], images, e) ||
        (s->label >= 0 && output_open(&s->file[1], labels, e)))
        return -1;
    return output_write(&s->file[0], none, 4 + 4 * (size_t)rank, e) ||
           (s->label >= 0 && output_write(&s->file[1], none, 8, e));
}

static int row_idx(struct save *s, const struct cell *row, struct error *e)
{
    if (s->row >= UINT32_MAX)
        return error_set(e, "more rows than idx can hold");
    if (s->label >= 0) {
        int64_t label = row[s->label].integer;
        if (label < 0 || label > 255)
            return error_set(e, "label %lld: idx can hold 0 to 255", (long long)label);
        if (array_grow((void **)&s->labels, &s->labels_capacity, (size_t)s->row + 1, 1, "labels",
                       e))
            return -1;
        s->labels[s->row] = (uint8_t)label;
    }
    return output_write(&s->file[0], row[s->image].data, row[s->image].count, e);
}

static int end_idx(struct save *s, struct error *e)
{
    uint32_t rows = (uint32_t)s->row;
    uint32_t extent[] = {rows, s->extent[0], s->extent[1], s->extent[2]};
    if (idx_write_header(&s->file[0], extent[3] == 1 ? 3 : 4, extent, e) ||
        (s->label >= 0 && (idx_write_header(&s->file[1], 1, &rows, e) ||
                           output_write(&s->file[1], s->labels, rows, e))))
        return -1;
    return output_commit(&s->file[0], e) || (s->label >= 0 && output_commit(&s->file[1], e));
}

/* ---- the formats ---- */

static const struct saver {
    const char *name;
    bool folder; /* DEST must be given */
    int (*begin)(struct save *s, struct error *e);
    int (*row)(struct save *s, const struct cell *row, struct error *e);
    int (*end)(struct save *s, struct error *e);
} SAVERS[] = {
    {"npy", true, begin_npy, row_npy, end_npy},      {"png", true, begin_png, row_png, end_png},
    {"idx", true, begin_idx, row_idx, end_idx},      {"tsv", false, begin_tsv, row_tsv, end_text},
    {"json", false, begin_json, row_json, end_text},
};

static const struct saver *find_saver(const char *name)
{
    for (size_t i = 0; i < sizeof SAVERS / sizeof *SAVERS; i++)
        if (!strcmp(SAVERS[i].name, name))
            return &SAVERS[i];
    return NULL;
}

/* The field's index where it is a scalar of that type, else -1. */
static int find_scalar(const struct header *h, const char *name, enum element element)
{
    int i = header_find(h, name);
    return i >= 0 && !h->field[i].rank && h->field[i].element == element ? i : -1;
}

static void find_fields(struct save *s)
{
    const struct header *h = s->header;
    s->id = find_scalar(h, "id", ELEMENT_I64);
    s->label = find_scalar(h, "label", ELEMENT_I32);
    s->value = header_find(h, "value");
    bool any = s->value >= 0 && h->field[s->value].element == ELEMENT_ANY;
    s->name = any ? find_scalar(h, "name", ELEMENT_STR) : -1;
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    const struct cell *row;
    int got;
    program_begin(&program, argc, argv, &call);
    const struct saver *saver = find_saver(call.argv[0]);
    if (!saver)
        program_usage(&call, "unknown format '%s'", call.argv[0]);
    if (saver->folder && call.argc < 2)
        program_usage(&call, "expected: save %s DIR", saver->name);
    struct save s = {.to = call.argc > 1 ? call.argv[1] : NULL};

    struct stream_reader *r = stage_open(&call, call.argc > 2 ? call.argv[2] : NULL, &e);
    if (!r || !(s.file = array_new(2, sizeof *s.file, "outputs", &e)))
        program_fail(&call, &e);
    s.header = stream_header(r);
    find_fields(&s);
    if (saver->begin(&s, &e))
        program_fail(&call, &e);

    for (; (got = stream_read(r, &row, &e)) == 1; s.row++)
        if (saver->row(&s, row, &e)) {
            error_wrap(&e, "%s: row %lld", stream_path(r), (long long)s.row);
            program_fail(&call, &e);
        }
    if (got < 0 || saver->end(&s, &e))
        program_fail(&call, &e);

    if (s.text)
        fclose(s.text);
    free(s.buffer);
    free(s.file);
    free(s.array);
    free(s.labels);
    stream_close(r);
    return program_end(&call);
}
