#include "rows/import.h"
#include <string.h>

static const struct import_format *const FORMATS[] = {&IMPORT_NPY, &IMPORT_TSV, &IMPORT_JSON,
                                                      &IMPORT_SAFETENSORS};

const struct import_format *import_find(const char *name)
{
    for (size_t i = 0; i < sizeof FORMATS / sizeof *FORMATS; i++)
        if (!strcmp(FORMATS[i]->name, name))
            return FORMATS[i];
    return NULL;
}

static const char *name_of(const char *from)
{
    return strcmp(from, "-") ? from : "standard input";
}

int import_open(struct import *m, const struct import_format *f, const char *from,
                const struct stream_limits *limits, struct error *e)
{
    *m = (struct import){.format = f, .from = from, .limits = *limits};
    if (!m->limits.most_tensor_bytes)
        m->limits.most_tensor_bytes = (size_t)1 << 30;
    if (!f->begin(m, e))
        return 0;
    import_close(m);
    return error_wrap(e, "%s", name_of(from));
}

int import_next(struct import *m, struct stream_writer *w, struct error *e)
{
    int got = m->format->row(m, w, e);
    if (got < 0)
        return error_wrap(e, "%s", name_of(m->from));
    m->row += got;
    return got;
}

void import_close(struct import *m)
{
    m->format->end(m);
    header_free(&m->header);
    *m = (struct import){.format = m->format};
}

static bool has_field(const struct field *field, int fields, const char *name)
{
    for (int i = 0; i < fields; i++)
        if (!strcmp(field[i].name, name))
            return true;
    return false;
}

static const char *kind_of(const struct field *field, int fields)
{
    static const char *const told[][2] = {{"image", "samples"},
                                          {"z", "latents"},
                                          {"scores", "predictions"},
                                          {"easiness", "hardness"}};
    for (size_t k = 0; k < sizeof told / sizeof *told; k++)
        if (has_field(field, fields, told[k][0]))
            return told[k][1];
    return fields == 1 && has_field(field, fields, "id") ? "ids" : "arrays";
}

int import_header(struct import *m, const struct field *field, int fields, struct error *e)
{
    const char *kind = kind_of(field, fields);
    m->counts = !has_field(field, fields, "id") && strcmp(kind, "arrays");
    m->unlabelled = !has_field(field, fields, "label") && !strcmp(kind, "samples");
    if (header_init(&m->header, kind, e) ||
        (m->counts && header_add_field(&m->header, "id", ELEMENT_I64, 0, NULL, e) < 0) ||
        (m->unlabelled && header_add_field(&m->header, "label", ELEMENT_I32, 0, NULL, e) < 0))
        return -1;
    for (const struct field *f = field; f < field + fields; f++)
        if (header_add_field(&m->header, f->name, f->element, f->rank, f->rank ? f->extent : NULL,
                             e) < 0)
            return -1;
    return 0;
}

int import_cells(const struct import *m, struct cell *cell)
{
    int cells = 0;
    if (m->counts)
        cell[cells++] = cell_int(ELEMENT_I64, m->row);
    if (m->unlabelled)
        cell[cells++] = cell_int(ELEMENT_I32, -1);
    return cells;
}
