#include "rows/follow.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

int follow_header(struct header *h, const char *kind, const struct header *from, struct error *e)
{
    if (header_init(h, kind, e))
        return -1;
    value_free(h->meta);
    value_free(h->history);
    h->meta = value_copy(from->meta);
    h->history = value_copy(from->history);
    return h->meta && h->history ? 0 : error_set(e, "out of memory");
}

bool follow_passes(const char *name, const char *const *own)
{
    while (*own && strcmp(*own, name))
        own++;
    return !*own;
}

int follow_fields(struct header *h, const char *kind, const struct header *from,
                  const char *const *own, struct error *e)
{
    if (follow_header(h, kind, from, e))
        return -1;
    for (int i = 0; i < from->fields; i++) {
        const struct field *f = &from->field[i];
        if (follow_passes(f->name, own) &&
            header_add_field(h, f->name, f->element, f->rank, f->extent, e) < 0)
            return -1;
    }
    return 0;
}

int follow_table(struct header *h, const char *kind, const struct table *t, const char *const *own,
                 struct error *e)
{
    return follow_fields(h, kind, &t->header, own, e);
}

static struct cell cell_at(const struct column *c, size_t row)
{
    if (c->rank)
        return cell_tensor(c->element, c->rank, c->extent,
                           (const char *)c->data + row * c->stride * element_size(c->element));
    if (c->element == ELEMENT_STR)
        return cell_text(((char *const *)c->data)[row]);
    if (c->element == ELEMENT_F32 || c->element == ELEMENT_F64)
        return cell_real(c->element, ((const double *)c->data)[row]);
    return cell_int(c->element, ((const int64_t *)c->data)[row]);
}

int follow_cells(const struct table *t, const char *const *own, size_t row, struct cell *cells)
{
    int n = 0;
    for (int i = 0; i < t->header.fields; i++)
        if (follow_passes(t->header.field[i].name, own))
            cells[n++] = cell_at(&t->column[i], row);
    return n;
}

int follow_open(struct follow *f, const struct call *c, const char *kind, const char *const *own,
                int64_t batch, struct error *e)
{
    *f = (struct follow){.call = c, .own = own, .batch = batch};
    f->from = stage_open(c, c->argc ? c->argv[0] : NULL, e);
    if (!f->from)
        return -1;
    if (header_require_kind(stream_header(f->from), kind, e))
        return error_wrap(e, "%s", stream_path(f->from));
    if (table_read_rows(&f->table, f->from, batch, e))
        return -1;
    f->cell = array_new((size_t)f->table.header.fields + 1, sizeof *f->cell, "cells of a row", e);
    return f->cell ? 0 : -1;
}

/* Of those at hand, from 1. */
static long long first_row(const struct follow *f)
{
    return (long long)(stream_rows(f->from) - (int64_t)f->table.rows + 1);
}

int follow_create(struct follow *f, const struct header *h, const struct value *inputs,
                  struct error *e)
{
    f->to = stage_create(f->call, h, inputs, e);
    if (!f->to)
        return -1;
    stream_follow(f->to, f->from);
    return 0;
}

int follow_check(const struct follow *f, size_t row, const char *what, const float *x, size_t count,
                 struct error *e)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(x[i]))
            return error_set(e, "%s of row %lld: number %zu is %g, expected a finite number", what,
                             first_row(f) + (long long)row, i + 1, (double)x[i]);
    return 0;
}

int follow_write(struct follow *f, size_t row, struct cell put_in, struct error *e)
{
    int n = follow_cells(&f->table, f->own, row, f->cell);
    f->cell[n] = put_in;
    return stream_write(f->to, f->cell, e);
}

int follow_blame(const struct follow *f, struct error *e)
{
    return error_wrap(e, "%s: rows %lld to %lld", stream_path(f->from), first_row(f),
                      (long long)stream_rows(f->from));
}

int follow_commit(struct follow *f, struct error *e)
{
    struct stream_writer *to = f->to;
    f->to = NULL;
    return stream_commit(to, e);
}

int follow_all(struct follow *f, int (*convert)(struct follow *f, void *context, struct error *e),
               void *context, struct error *e)
{
    struct progress bar;
    progress_begin(&bar, f->call, "row", 0);
    while (f->table.rows) {
        if (convert(f, context, e))
            return follow_blame(f, e);
        progress_at(&bar, (double)stream_rows(f->from), NULL);
        table_free(&f->table);
        if (table_read_rows(&f->table, f->from, f->batch, e))
            return -1;
    }
    progress_end(&bar);
    return follow_commit(f, e);
}

void follow_close(struct follow *f)
{
    stream_abandon(f->to);
    stream_close(f->from);
    table_free(&f->table);
    free(f->cell);
}
