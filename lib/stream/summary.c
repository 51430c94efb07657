#include "stream/summary.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "stream/codec.h"

enum { MOST_LABELS = 65536 };

int summary_init(struct summary *s, const struct header *h, struct error *e)
{
    *s = (struct summary){.columns = h->fields, .label = header_find(h, "label")};
    if (s->label >= 0 && (h->field[s->label].rank != 0 || h->field[s->label].element > ELEMENT_I64))
        s->label = -1;
    s->column = array_new((size_t)h->fields, sizeof *s->column, "columns", e);
    return s->column ? 0 : -1;
}

void summary_free(struct summary *s)
{
    free(s->column);
    free(s->label_count);
    *s = (struct summary){0};
}

/* ---- gathering ---- */

static void add_integers(struct column_summary *c, int64_t least, int64_t most, double sum,
                         size_t count)
{
    if (!c->integers || least < c->least_integer)
        c->least_integer = least;
    if (!c->integers || most > c->most_integer)
        c->most_integer = most;
    c->integers = true;
    c->sum += sum;
    c->elements += count;
}

static void add_real(struct column_summary *c, double x)
{
    if (isnan(x)) {
        c->nans++;
        return;
    }
    if (!c->reals || x < c->least)
        c->least = x;
    if (!c->reals || x > c->most)
        c->most = x;
    c->reals = true;
    c->sum += x;
    c->elements++;
}

static void add_u8(struct column_summary *c, const uint8_t *x, size_t count)
{
    uint8_t least = UINT8_MAX, most = 0;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
        sum += x[i];
    }
    if (count)
        add_integers(c, least, most, (double)sum, count);
}

static void add_tensor(struct column_summary *c, const struct cell *x, bool first)
{
    if (first || x->rank < c->least_rank)
        c->least_rank = x->rank;
    if (first || x->rank > c->most_rank)
        c->most_rank = x->rank;
    for (int d = 0; d < x->rank; d++) {
        if (first || x->extent[d] < c->least_extent[d])
            c->least_extent[d] = x->extent[d];
        if (first || x->extent[d] > c->most_extent[d])
            c->most_extent[d] = x->extent[d];
    }
    if (x->element == ELEMENT_U8)
        add_u8(c, x->data, x->count);
    for (size_t i = 0; i < x->count && x->element != ELEMENT_U8; i++) {
        if (x->element == ELEMENT_F32)
            add_real(c, ((const float *)x->data)[i]);
        else if (x->element == ELEMENT_F64)
            add_real(c, ((const double *)x->data)[i]);
        else {
            int64_t k = x->element == ELEMENT_I32 ? ((const int32_t *)x->data)[i]
                                                  : ((const int64_t *)x->data)[i];
            add_integers(c, k, k, (double)k, 1);
        }
    }
}

static int count_label(struct summary *s, int64_t label, struct error *e)
{
    if (label < -1 || label >= MOST_LABELS) { /* no class labels, then */
        s->label = -1;
        s->labels = 0;
        return 0;
    }
    size_t at = (size_t)(label + 1);
    void *count = s->label_count;
    if (array_grow(&count, &s->label_capacity, at + 1, sizeof *s->label_count, "labels", e))
        return -1;
    s->label_count = count;
    s->label_count[at]++;
    s->labels = at + 1 > s->labels ? at + 1 : s->labels;
    return 0;
}

int summary_add(struct summary *s, const struct header *h, const struct cell *row, struct error *e)
{
    for (int i = 0; i < s->columns; i++) {
        struct column_summary *c = &s->column[i];
        if (h->field[i].rank != 0)
            add_tensor(c, &row[i], s->rows == 0);
        else if (row[i].element == ELEMENT_STR)
            add_real(c, (double)row[i].count);
        else if (row[i].element == ELEMENT_F32 || row[i].element == ELEMENT_F64)
            add_real(c, row[i].real);
        else
            add_integers(c, row[i].integer, row[i].integer, (double)row[i].integer, 1);
    }
    s->rows++;
    return s->label >= 0 ? count_label(s, row[s->label].integer, e) : 0;
}

/* ---- as a value ---- */

static struct value *dims_value(const struct field *f)
{
    if (f->rank < 0)
        return value_nil();
    struct value *dims = value_array();
    for (int d = 0; d < f->rank; d++)
        value_append(dims, f->extent[d] < 0 ? value_nil() : value_int(f->extent[d]));
    return dims;
}

static struct value *extents_value(const uint32_t *extent, int rank)
{
    struct value *v = value_array();
    for (int d = 0; d < rank; d++)
        value_append(v, value_int(extent[d]));
    return v;
}

/* The least and most, of integers exact. A column of both kinds gives reals. */
static void set_range(struct value *v, const struct column_summary *c, const char *least,
                      const char *most)
{
    if (c->integers && !c->reals) {
        value_set_int(v, least, c->least_integer);
        value_set_int(v, most, c->most_integer);
    } else if (c->reals) {
        bool both = c->integers;
        value_set_real(v, least, both ? fmin(c->least, (double)c->least_integer) : c->least);
        value_set_real(v, most, both ? fmax(c->most, (double)c->most_integer) : c->most);
    }
}

static struct value *column_value(const struct field *f, const struct column_summary *c,
                                  int64_t rows)
{
    struct value *v = value_map();
    value_set_text(v, "type", element_name(f->element));
    if (f->element == ELEMENT_STR) {
        if (c->elements) {
            value_set_int(v, "shortest", (int64_t)c->least);
            value_set_int(v, "longest", (int64_t)c->most);
        }
        return v;
    }
    set_range(v, c, "least", "most");
    if (c->elements)
        value_set_real(v, "mean", c->sum / (double)c->elements);
    value_set_int(v, "elements", (int64_t)(c->elements + c->nans));
    value_set_int(v, "nan", (int64_t)c->nans);
    if (f->rank != 0 && rows > 0) {
        value_set(v, "least_extents", extents_value(c->least_extent, c->least_rank));
        value_set(v, "most_extents", extents_value(c->most_extent, c->most_rank));
    }
    return v;
}

static const char *class_name(const struct header *h, int64_t label)
{
    const struct value *classes = value_get(h->meta, "classes");
    if (!classes || classes->type != VALUE_ARRAY || label < 0 || (size_t)label >= classes->count ||
        classes->item[label]->type != VALUE_TEXT)
        return NULL;
    return classes->item[label]->text;
}

static struct value *labels_value(const struct header *h, const struct summary *s)
{
    struct value *v = value_array();
    for (size_t i = 0; i < s->labels; i++) {
        int64_t label = (int64_t)i - 1;
        const char *name = class_name(h, label);
        if (!s->label_count[i] && !name)
            continue;
        struct value *one = value_append(v, value_map());
        value_set_int(one, "label", label);
        if (name)
            value_set_text(one, "name", name);
        value_set_int(one, "count", s->label_count[i]);
    }
    return v;
}

struct value *summary_value(const struct header *h, const struct summary *s, const char *digest)
{
    struct value *v = value_map();
    struct value *fields = value_array();
    value_set_text(v, "kind", h->kind);
    if (s) {
        value_set_int(v, "rows", s->rows);
        value_set_text(v, "digest", digest);
    }
    for (int i = 0; i < h->fields; i++) {
        struct value *field = value_append(fields, value_array());
        value_append(field, value_text(h->field[i].name));
        value_append(field, value_text(element_name(h->field[i].element)));
        value_append(field, dims_value(&h->field[i]));
    }
    value_set(v, "fields", fields);
    value_set(v, "meta", value_copy(h->meta));
    struct value *last = value_set(v, "history", value_copy(h->history));
    if (s) {
        struct value *columns = value_set(v, "columns", value_map());
        for (int i = 0; i < h->fields; i++)
            value_set(columns, h->field[i].name,
                      column_value(&h->field[i], &s->column[i], s->rows));
        last = s->label >= 0 ? value_set(v, "labels", labels_value(h, s)) : columns;
    }
    if (last)
        return v;
    value_free(v);
    return NULL;
}

/* ---- for people ---- */

static void print_range(const struct field *f, const struct column_summary *c, FILE *to)
{
    if (f->element == ELEMENT_STR && c->elements)
        fprintf(to, "%.0f to %.0f bytes", c->least, c->most);
    else if (c->integers && !c->reals)
        fprintf(to, "%lld to %lld, mean %.6g", (long long)c->least_integer,
                (long long)c->most_integer, c->sum / (double)c->elements);
    else if (c->reals)
        fprintf(to, "%.6g to %.6g, mean %.6g", c->least, c->most, c->sum / (double)c->elements);
    if (c->nans)
        fprintf(to, "%s%llu NaN", c->elements ? ", " : "", (unsigned long long)c->nans);
}

static void print_extents(const uint32_t *extent, int rank, FILE *to)
{
    fputc('[', to);
    for (int d = 0; d < rank; d++)
        fprintf(to, "%s%u", d ? "," : "", extent[d]);
    fputc(']', to);
}

/* Where the header leaves extents open: what they were. */
static void print_shapes(const struct field *f, const struct column_summary *c, FILE *to)
{
    bool open = f->rank < 0;
    for (int d = 0; d < f->rank; d++)
        open |= f->extent[d] < 0;
    if (!open)
        return;
    fputs(", ", to);
    if (c->least_rank != c->most_rank) {
        fprintf(to, "ranks %d to %d", c->least_rank, c->most_rank);
        return;
    }
    print_extents(c->least_extent, c->least_rank, to);
    size_t bytes = (size_t)c->most_rank * sizeof *c->most_extent;
    if (memcmp(c->least_extent, c->most_extent, bytes) != 0) {
        fputs(" to ", to);
        print_extents(c->most_extent, c->most_rank, to);
    }
}

static void print_fields(const struct header *h, const struct summary *s, FILE *to)
{
    char text[160];
    int width = 0;
    for (int i = 0; i < h->fields; i++) {
        field_text(&h->field[i], text, sizeof text);
        int length = (int)strlen(text);
        width = length > width && length <= 32 ? length : width;
    }
    fputs("fields:\n", to);
    for (int i = 0; i < h->fields; i++) {
        field_text(&h->field[i], text, sizeof text);
        if (!s || !s->rows) {
            fprintf(to, "  %s\n", text);
            continue;
        }
        fprintf(to, "  %-*s  ", width, text);
        print_range(&h->field[i], &s->column[i], to);
        print_shapes(&h->field[i], &s->column[i], to);
        fputc('\n', to);
    }
}

static void print_labels(const struct header *h, const struct summary *s, FILE *to)
{
    if (s->label < 0 || !s->labels)
        return;
    fputs("labels:\n", to);
    for (size_t i = 0; i < s->labels; i++) {
        int64_t label = (int64_t)i - 1;
        const char *name = class_name(h, label);
        if (!s->label_count[i] && !name)
            continue;
        fprintf(to, "  %5lld %9lld", (long long)label, (long long)s->label_count[i]);
        if (name) {
            fputs("  ", to);
            value_print_line(value_get(h->meta, "classes")->item[label], to);
        }
        fputc('\n', to);
    }
}

int summary_print(const struct header *h, const struct summary *s, const char *digest, FILE *to)
{
    fprintf(to, "kind: %s\n", h->kind);
    if (s)
        fprintf(to, "rows: %lld\ndigest: %s\n", (long long)s->rows, digest);
    print_fields(h, s, to);
    if (s)
        print_labels(h, s, to);
    fputs(h->meta->count ? "meta:\n" : "", to);
    for (size_t i = 0; i < h->meta->count; i++) {
        struct value key = {.type = VALUE_TEXT, .text = h->meta->key[i]};
        fputs("  ", to);
        value_print_line(&key, to);
        fputs(": ", to);
        value_print_line(h->meta->item[i], to);
        fputc('\n', to);
    }
    fputs(h->history->count ? "history:\n" : "", to);
    for (size_t i = 0; i < h->history->count; i++) {
        fprintf(to, "  %zu ", i + 1);
        value_print_line(h->history->item[i], to);
        fputc('\n', to);
    }
    return ferror(to) ? -1 : 0;
}

static void print_element(const struct cell *x, size_t i, FILE *to)
{
    switch (x->element) {
    case ELEMENT_U8:
        fprintf(to, "%u", ((const uint8_t *)x->data)[i]);
        return;
    case ELEMENT_I32:
        fprintf(to, "%d", ((const int32_t *)x->data)[i]);
        return;
    case ELEMENT_I64:
        fprintf(to, "%lld", (long long)((const int64_t *)x->data)[i]);
        return;
    case ELEMENT_F32:
        fprintf(to, "%g", (double)((const float *)x->data)[i]);
        return;
    default:
        fprintf(to, "%g", ((const double *)x->data)[i]);
    }
}

void summary_print_row(const struct header *h, const struct cell *row, FILE *to)
{
    enum { SHOWN = 8 };
    for (int i = 0; i < h->fields; i++) {
        const struct cell *x = &row[i];
        fputs(i ? "\t" : "", to);
        if (h->field[i].rank != 0) {
            print_extents(x->extent, x->rank, to);
            for (size_t k = 0; k < x->count && k < SHOWN; k++) {
                fputc(' ', to);
                print_element(x, k, to);
            }
            fputs(x->count > SHOWN ? " ..." : "", to);
        } else if (x->element == ELEMENT_STR) {
            struct value text = {.type = VALUE_TEXT, .text = (char *)x->data};
            value_print_line(&text, to);
        } else if (x->element == ELEMENT_F32 || x->element == ELEMENT_F64) {
            fprintf(to, "%.9g", x->real);
        } else {
            fprintf(to, "%lld", (long long)x->integer);
        }
    }
    fputc('\n', to);
}
