#include "stream/text.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include "base/memory.h"

enum { MOST_COLUMNS = 1 << 16 };

void text_escaped(FILE *to, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '\t':
            fputs("\\t", to);
            break;
        case '\n':
            fputs("\\n", to);
            break;
        case '\r':
            fputs("\\r", to);
            break;
        case '\\':
            fputs("\\\\", to);
            break;
        default:
            putc(*text, to);
        }
}

int text_unescape(char *text)
{
    static const char letters[] = "t\tn\nr\r\\\\";
    char *to = text;
    for (; *text; text++) {
        if (*text != '\\') {
            *to++ = *text;
            continue;
        }
        const char *l = letters;
        for (text++; *l && *l != *text;)
            l += 2;
        if (!*l)
            return -1;
        *to++ = l[1];
    }
    *to = 0;
    return 0;
}

/* Elements of a column, -1 where that is not fixed. */
static int64_t column_count(const struct field *f)
{
    int64_t count = f->rank < 0 ? -1 : 1;
    for (int i = 0; i < f->rank; i++) {
        if (f->extent[i] < 0)
            return -1;
        count *= f->extent[i];
        if (count > MOST_COLUMNS)
            return MOST_COLUMNS + 1;
    }
    return count;
}

int text_tsv_head(FILE *to, const struct header *h, struct error *e)
{
    int64_t columns = 0;
    for (int i = 0; i < h->fields; i++) {
        const struct field *f = &h->field[i];
        int64_t count = column_count(f);
        if (count < 0)
            return error_set(e, "field %s has no fixed shape: tsv cannot hold it", f->name);
        if ((columns += count) > MOST_COLUMNS)
            return error_set(e, "more than %d columns: too many for tsv", MOST_COLUMNS);
        for (int64_t k = 0; k < count; k++) {
            fputs(i || k ? "\t" : "", to);
            text_escaped(to, f->name);
            if (f->rank)
                fprintf(to, "%" PRId64, k);
        }
    }
    putc('\n', to);
    return 0;
}

static void print_real(FILE *to, double x, int digits, bool json)
{
    char text[40];
    if (!isfinite(x)) {
        fputs(json ? "null" : isnan(x) ? "nan" : x > 0 ? "inf" : "-inf", to);
        return;
    }
    int shortest = digits == 9 ? 6 : 15;
    for (; shortest <= digits; shortest++) {
        snprintf(text, sizeof text, "%.*g", shortest, x);
        double back = strtod(text, NULL);
        if (digits == 9 ? (float)back == (float)x : back == x)
            break;
    }
    fputs(text, to);
}

static void print_element(FILE *to, const struct cell *c, size_t i, bool json)
{
    switch (c->element) {
    case ELEMENT_U8:
        fprintf(to, "%" PRId64, c->rank ? ((const uint8_t *)c->data)[i] : c->integer);
        break;
    case ELEMENT_I32:
        fprintf(to, "%" PRId64, c->rank ? ((const int32_t *)c->data)[i] : c->integer);
        break;
    case ELEMENT_I64:
        fprintf(to, "%" PRId64, c->rank ? ((const int64_t *)c->data)[i] : c->integer);
        break;
    case ELEMENT_F32:
        print_real(to, c->rank ? (double)((const float *)c->data)[i] : c->real, 9, json);
        break;
    case ELEMENT_F64:
        print_real(to, c->rank ? ((const double *)c->data)[i] : c->real, 17, json);
        break;
    case ELEMENT_STR:
    case ELEMENT_ANY:
        break;
    }
}

void text_tsv_row(FILE *to, const struct header *h, const struct cell *row)
{
    for (int i = 0; i < h->fields; i++) {
        size_t count = row[i].element == ELEMENT_STR ? 1 : row[i].count;
        for (size_t k = 0; k < count; k++) {
            fputs(i || k ? "\t" : "", to);
            if (row[i].element == ELEMENT_STR)
                text_escaped(to, row[i].data);
            else
                print_element(to, &row[i], k, false);
        }
    }
    putc('\n', to);
}

/* The elements below one index of axis `axis`, *at counting through them all. */
static void print_nested(FILE *to, const struct cell *c, int axis, size_t *at)
{
    if (axis == c->rank) {
        print_element(to, c, (*at)++, true);
        return;
    }
    putc('[', to);
    for (uint32_t i = 0; c->count && i < c->extent[axis]; i++) {
        if (i)
            putc(',', to);
        print_nested(to, c, axis + 1, at);
    }
    putc(']', to);
}

static int print_json_text(FILE *to, const char *text)
{
    struct value *v = value_text(text);
    autofree char *quoted = v ? value_json_text(v) : NULL;
    value_free(v);
    return quoted ? fputs(quoted, to) < 0 : -1;
}

int text_json_row(FILE *to, const struct header *h, const struct cell *row, struct error *e)
{
    for (int i = 0; i < h->fields; i++) {
        size_t at = 0;
        putc(i ? ',' : '{', to);
        if (print_json_text(to, h->field[i].name))
            return error_set(e, "out of memory");
        putc(':', to);
        if (row[i].element != ELEMENT_STR)
            print_nested(to, &row[i], 0, &at);
        else if (print_json_text(to, row[i].data))
            return error_set(e, "out of memory");
    }
    fputs("}\n", to);
    return 0;
}
