/* NumPy: an array a field, texts a line a row; of weights a file a tensor. */
#include <stdlib.h>
#include "base/memory.h"
#include "rows/export.h"
#include "stream/npy.h"
#include "stream/text.h"

static int begin_field(struct export *x, int i, struct error *e)
{
    const struct field *f = &x->header->field[i];
    const char *ending = f->element == ELEMENT_STR ? ".txt" : export_is_fixed(f) ? ".npy" : "";
    uint32_t extent[STREAM_MAX_RANK];
    autofree char *path = export_path(x, f->name, ending, e);
    if (!path)
        return -1;
    if (f->element == ELEMENT_STR)
        return output_open(&x->file[i], path, e);
    if (!export_is_fixed(f))
        return folder_make(path, e);
    for (int k = 0; k < f->rank; k++)
        extent[k] = (uint32_t)f->extent[k];
    return npy_open(&x->array[i], path, f->element, f->rank, extent, e);
}

static int begin_npy(struct export *x, struct error *e)
{
    size_t fields = (size_t)x->header->fields;
    free(x->file);
    x->file = array_new(fields, sizeof *x->file, "fields", e);
    x->array = array_new(fields, sizeof *x->array, "fields", e);
    if (!x->file || !x->array || folder_make(x->to, e) || export_text_begin(x, e))
        return -1;
    if (x->name >= 0)
        return 0;
    for (int i = 0; i < x->header->fields; i++)
        if (begin_field(x, i, e))
            return -1;
    return 0;
}

static int row_tensor(struct export *x, const struct cell *row, struct error *e)
{
    autofree char *path = export_path(x, row[x->name].data, ".npy", e);
    return path ? npy_save(path, &row[x->value], e) : -1;
}

static int row_npy(struct export *x, const struct cell *row, struct error *e)
{
    if (x->name >= 0)
        return row_tensor(x, row, e);
    for (int i = 0; i < x->header->fields; i++) {
        const struct field *f = &x->header->field[i];
        int failed;
        if (f->element == ELEMENT_STR) {
            text_escaped(x->text, row[i].data);
            putc('\n', x->text);
            failed = export_text_flush(x, &x->file[i], 1, e);
        } else if (export_is_fixed(f)) {
            failed = npy_write(&x->array[i], &row[i], e);
        } else {
            char ending[32];
            snprintf(ending, sizeof ending, "/%lld.npy", (long long)x->row);
            autofree char *path = export_path(x, f->name, ending, e);
            failed = path ? npy_save(path, &row[i], e) : -1;
        }
        if (failed)
            return error_wrap(e, "field %s", f->name);
    }
    return 0;
}

static int end_npy(struct export *x, struct error *e)
{
    for (int i = 0; x->name < 0 && i < x->header->fields; i++) {
        const struct field *f = &x->header->field[i];
        if (f->element == ELEMENT_STR ? output_commit(&x->file[i], e)
                                      : export_is_fixed(f) && npy_commit(&x->array[i], e))
            return -1;
    }
    return folder_sync(x->to, e);
}

const struct export_format EXPORT_NPY = {"npy", true, begin_npy, row_npy, end_npy, false};
