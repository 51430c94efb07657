#include "rows/export.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

static const struct export_format *const FORMATS[] = {
    &EXPORT_NPY, &EXPORT_PNG, &EXPORT_Y4M,  &EXPORT_CODED,
    &EXPORT_IDX, &EXPORT_TSV, &EXPORT_JSON, &EXPORT_SAFETENSORS};

const struct export_format *export_find(const char *name)
{
    for (size_t i = 0; i < sizeof FORMATS / sizeof *FORMATS; i++)
        if (!strcmp(FORMATS[i]->name, name))
            return FORMATS[i];
    return NULL;
}

/* The field's index where it is a scalar of that type, else -1. */
static int find_scalar(const struct header *h, const char *name, enum element element)
{
    int i = header_find(h, name);
    return i >= 0 && !h->field[i].rank && h->field[i].element == element ? i : -1;
}

int export_begin(struct export *x, const struct export_format *f, const char *to,
                 const struct header *h, struct error *e)
{
    *x = (struct export){.format = f, .to = to, .header = h};
    x->id = find_scalar(h, "id", ELEMENT_I64);
    x->label = find_scalar(h, "label", ELEMENT_I32);
    x->value = header_find(h, "value");
    bool any = x->value >= 0 && h->field[x->value].element == ELEMENT_ANY;
    x->name = any ? find_scalar(h, "name", ELEMENT_STR) : -1;
    x->file = array_new(2, sizeof *x->file, "outputs", e);
    return x->file ? f->begin(x, e) : -1;
}

int export_row(struct export *x, const struct cell *row, struct error *e)
{
    if (x->format->row(x, row, e))
        return error_wrap(e, "row %lld", (long long)x->row + 1);
    x->row++;
    return 0;
}

int export_end(struct export *x, struct error *e)
{
    return x->format->end(x, e);
}

void export_free(struct export *x)
{
    if (x->own && x->own_free)
        x->own_free(x->own);
    free(x->own);
    if (x->text)
        fclose(x->text);
    free(x->buffer.text);
    free(x->file);
    free(x->array);
    free(x->labels);
}

/* ---- for the formats ---- */

char *export_path(const struct export *x, const char *name, const char *ending, struct error *e)
{
    char *path = NULL;
    if (!*name || *name == '.' || strchr(name, '/'))
        error_set(e, "the name '%s' cannot be that of a file", name);
    else if (asprintf(&path, "%s/%s%s", x->to, name, ending) < 0) {
        path = NULL;
        error_set(e, "out of memory");
    }
    return path;
}

bool export_is_fixed(const struct field *f)
{
    for (int i = 0; i < f->rank; i++)
        if (f->extent[i] < 0)
            return false;
    return f->rank >= 0 && f->element != ELEMENT_ANY;
}

int export_text_begin(struct export *x, struct error *e)
{
    x->text = text_buffer_open(&x->buffer);
    return x->text ? 0 : error_set(e, "out of memory");
}

int export_text_flush(struct export *x, struct output *to, size_t much, struct error *e)
{
    if (fflush(x->text) || ferror(x->text))
        return error_set(e, "out of memory");
    if (x->buffer.size < much)
        return 0;
    if (output_write(to, x->buffer.text, x->buffer.size, e))
        return -1;
    x->buffer.size = 0;
    return 0;
}
