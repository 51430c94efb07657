#include "stream/table.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

static int start_columns(struct table *t, struct error *e)
{
    t->column = array_new((size_t)t->header.fields, sizeof *t->column, "columns", e);
    if (!t->column)
        return -1;
    for (int i = 0; i < t->header.fields; i++) {
        const struct field *f = &t->header.field[i];
        struct column *c = &t->column[i];
        *c = (struct column){.element = f->element, .rank = f->rank, .stride = 1};
        for (int d = 0; d < f->rank; d++) {
            c->extent[d] = f->extent[d] < 0 ? 0 : (uint32_t)f->extent[d];
            if (size_multiply(c->stride, c->extent[d], &c->stride))
                return error_set(e, "%s: extents that overflow", f->name);
        }
    }
    return 0;
}

static bool is_tensor(const struct table *t, int i)
{
    return t->header.field[i].rank != 0;
}

/* What a row takes in column i. */
static size_t cell_bytes(const struct table *t, int i)
{
    const struct column *c = &t->column[i];
    return is_tensor(t, i) ? c->stride * element_size(c->element) : sizeof(int64_t);
}

/* The first row settles what the header leaves open; the others must be like it. */
/* at: the row of the stream, from 1 */
static int fit_column(struct table *t, int i, const struct cell *x, long long at, struct error *e)
{
    struct column *c = &t->column[i];
    if (is_tensor(t, i) && t->rows == 0) {
        c->element = x->element;
        c->rank = x->rank;
        c->stride = x->count;
        memcpy(c->extent, x->extent, sizeof c->extent);
    }
    bool like = c->element == x->element && c->rank == x->rank;
    for (int d = 0; d < c->rank; d++)
        like = like && c->extent[d] == x->extent[d];
    return like ? 0
                : error_set(e, "%s: expected tensors of one shape, found another in row %lld",
                            t->header.field[i].name, at);
}

static int put_cell(struct table *t, int i, const struct cell *x, struct error *e)
{
    struct column *c = &t->column[i];
    size_t bytes = cell_bytes(t, i);
    char *to = (char *)c->data + t->rows * bytes;
    if (is_tensor(t, i))
        memcpy(to, x->data, bytes);
    else if (c->element == ELEMENT_F32 || c->element == ELEMENT_F64)
        *(double *)to = x->real;
    else if (c->element != ELEMENT_STR)
        *(int64_t *)to = x->integer;
    else if (!(*(char **)to = text_copy(x->data, e)))
        return -1;
    return 0;
}

static int add_row(struct table *t, size_t *capacity, const struct cell *row, long long at,
                   struct error *e)
{
    size_t grown = *capacity;
    for (int i = 0; i < t->header.fields; i++) {
        grown = *capacity; /* all columns grow alike */
        if (fit_column(t, i, &row[i], at, e) ||
            array_grow(&t->column[i].data, &grown, t->rows + 1, cell_bytes(t, i), "a table", e))
            return -1;
    }
    *capacity = grown;
    for (int i = 0; i < t->header.fields; i++)
        if (put_cell(t, i, &row[i], e))
            return -1;
    t->rows++;
    return 0;
}

int table_read_rows(struct table *t, struct stream_reader *r, int64_t most, struct error *e)
{
    *t = (struct table){0};
    size_t capacity = 0;
    int more = 1;
    if (header_copy(&t->header, stream_header(r), e))
        return -1;
    if (start_columns(t, e))
        more = -1;
    while (more > 0 && (most < 0 || t->rows < (size_t)most)) {
        const struct cell *row;
        more = stream_read(r, &row, e);
        if (more > 0 && add_row(t, &capacity, row, stream_rows(r), e))
            more = error_wrap(e, "%s", stream_path(r));
    }
    if (more < 0) {
        table_free(t);
        return -1;
    }
    /* a later part may have added to the history */
    value_free(t->header.history);
    t->header.history = value_copy(stream_header(r)->history);
    memcpy(t->digest, stream_digest(r), sizeof t->digest);
    if (t->header.history)
        return 0;
    table_free(t);
    return error_set(e, "out of memory: the history");
}

int table_read(struct table *t, const char *path, const struct stream_limits *limits,
               struct error *e)
{
    *t = (struct table){0};
    struct stream_reader *r = stream_open(path, limits, e);
    if (!r)
        return -1;
    int result = table_read_rows(t, r, -1, e);
    stream_close(r);
    return result;
}

void table_free(struct table *t)
{
    for (int i = 0; t->column && i < t->header.fields; i++) {
        struct column *c = &t->column[i];
        for (size_t k = 0; c->element == ELEMENT_STR && k < t->rows; k++)
            free(((char **)c->data)[k]);
        free(c->data);
    }
    free(t->column);
    header_free(&t->header);
    *t = (struct table){0};
}

const int64_t *table_integers(const struct table *t, const char *name, struct error *e)
{
    static const int64_t none; /* of a table without rows */
    int i = header_require(&t->header, name, ELEMENT_ANY, 0, e);
    if (i < 0)
        return NULL;
    enum element element = t->column[i].element;
    if (element == ELEMENT_U8 || element == ELEMENT_I32 || element == ELEMENT_I64)
        return t->column[i].data ? t->column[i].data : &none;
    error_set(e, "expected %s to be integers, found %s", name, element_name(element));
    return NULL;
}

const struct column *table_column(const struct table *t, const char *name, enum element element,
                                  int rank, struct error *e)
{
    int i = header_require(&t->header, name, element, rank, e);
    return i < 0 ? NULL : &t->column[i];
}
