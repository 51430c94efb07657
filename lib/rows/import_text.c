/* Tab-separated values and JSON lines, as save leaves them or another tool writes them. Text tells
 * no types: fields that streams have everywhere get the types that they have there, other numbers
 * are f64. The first row settles which fields there are and their extents. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/line.h"
#include "base/memory.h"
#include "rows/import.h"
#include "stream/text.h"

enum { MOST_LINE = 1 << 24 };

static const struct known {
    const char *name;
    enum element element;
    int rank;
} KNOWN[] = {
    {"id", ELEMENT_I64, 0},       {"label", ELEMENT_I32, 0},    {"coarse", ELEMENT_I32, 0},
    {"bytes", ELEMENT_I64, 0},    {"scan", ELEMENT_I64, 0},     {"replaces", ELEMENT_I64, 0},
    {"kept", ELEMENT_I32, 0},     {"level", ELEMENT_I32, 0},    {"epochs", ELEMENT_I32, 0},
    {"easiness", ELEMENT_F32, 0}, {"distance", ELEMENT_F32, 0}, {"image", ELEMENT_U8, 3},
    {"clip", ELEMENT_U8, 4},      {"target", ELEMENT_U8, 2},    {"depth", ELEMENT_F32, 2},
    {"coded", ELEMENT_U8, 1},     {"z", ELEMENT_F32, 1},        {"scores", ELEMENT_F32, 1},
};

static const struct known *find_known(const char *name)
{
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        if (!strcmp(KNOWN[i].name, name))
            return &KNOWN[i];
    return NULL;
}

/* A field and what the row at hand has of it. */
struct column {
    struct field field; /* owns its name */
    uint32_t extent[STREAM_MAX_RANK];
    size_t count;
    union {
        uint8_t *u8;
        int32_t *i32;
        int64_t *i64;
        float *f32;
        double *f64;
        void *data; /* [count]; owned */
    };
    const char *text; /* borrowed from the row */
};

struct text_table {
    FILE *from;
    struct line line;
    struct column column[IMPORT_MOST_FIELDS];
    int columns;
    bool ahead;        /* the first row was read to settle the header, and is not written yet */
    struct value *row; /* json: the row at hand; owned */
    char **cell;       /* tsv: the same, what stands between its tabs, into line; owned */
    int cells;
};

/* ---- columns ---- */

static int add_column(const struct import *m, const char *name, bool is_text, int rank,
                      const uint32_t *extent, struct error *e)
{
    struct text_table *t = m->own;
    const struct known *k = find_known(name);
    if (t->columns == IMPORT_MOST_FIELDS)
        return error_set(e, "more than %d fields", IMPORT_MOST_FIELDS);
    struct column *c = &t->column[t->columns];
    if (!(c->field.name = text_copy(name, e)))
        return -1;
    t->columns++;
    c->field.element = is_text ? ELEMENT_STR : k ? k->element : ELEMENT_F64;
    c->field.rank = rank;
    if (k && is_text)
        return error_set(e, "%s: a text, expected numbers", name);
    if (k && rank != k->rank)
        return error_set(e, "%s: expected %d axes, found %d", name, k->rank, rank);
    size_t bytes = element_size(c->field.element);
    c->count = 1;
    for (int i = 0; i < rank; i++) {
        c->field.extent[i] = c->extent[i] = extent[i];
        if (size_multiply(c->count, extent[i], &c->count) ||
            c->count > m->limits.most_tensor_bytes / bytes)
            return error_set(e, "%s: rows larger than --max-tensor allows", name);
    }
    c->data = is_text ? NULL : array_new(c->count, bytes, name, e);
    return is_text || c->data ? 0 : -1;
}

/* Sets element `at` to a number. */
static int put(const struct column *c, size_t at, const struct value *v, struct error *e)
{
    const enum element element = c->field.element;
    const bool real = element == ELEMENT_F32 || element == ELEMENT_F64;
    const int64_t i = v->integer;
    if (real ? v->type != VALUE_INT && v->type != VALUE_REAL && v->type != VALUE_NIL
             : v->type != VALUE_INT || (element == ELEMENT_U8 && i != (uint8_t)i) ||
                   (element == ELEMENT_I32 && i != (int32_t)i))
        return error_set(e, "%s: expected %s", c->field.name,
                         real                     ? "a number"
                         : element == ELEMENT_U8  ? "a whole number from 0 to 255"
                         : element == ELEMENT_I32 ? "a whole number of 32 bits"
                                                  : "a whole number");
    const double r = v->type == VALUE_REAL ? v->real : v->type == VALUE_INT ? (double)i : NAN;
    switch (element) {
    case ELEMENT_U8:
        c->u8[at] = (uint8_t)i;
        break;
    case ELEMENT_I32:
        c->i32[at] = (int32_t)i;
        break;
    case ELEMENT_I64:
        c->i64[at] = i;
        break;
    case ELEMENT_F32:
        c->f32[at] = (float)r;
        break;
    default:
        c->f64[at] = r;
    }
    return 0;
}

static struct cell cell_of(const struct column *c)
{
    if (c->field.element == ELEMENT_STR)
        return cell_text(c->text);
    if (c->field.rank)
        return cell_tensor(c->field.element, c->field.rank, c->extent, c->data);
    return cell_scalar(c->field.element, c->data);
}

/* ---- both formats ---- */

static int open_table(struct import *m, struct error *e)
{
    struct text_table *t = m->own = array_new(1, sizeof *t, "table", e);
    int fd = t ? input_open(m->from, e) : -1;
    if (fd < 0)
        return -1;
    if ((t->from = fdopen(fd, "r")))
        return 0;
    error_set(e, "cannot read:");
    close(fd);
    return -1;
}

static int settle_header(struct import *m, struct error *e)
{
    struct text_table *t = m->own;
    struct field field[IMPORT_MOST_FIELDS];
    for (int i = 0; i < t->columns; i++)
        field[i] = t->column[i].field;
    return import_header(m, field, t->columns, e);
}

/* The first line may begin with a mark of byte order (U+FEFF), as spreadsheets write it. */
static int read_line(struct text_table *t, struct error *e)
{
    static const char mark[] = "\xef\xbb\xbf";
    const size_t length = sizeof mark - 1;
    const bool first = !t->line.text;
    int got = line_read(&t->line, t->from, MOST_LINE, e);
    if (got == 1 && first && strncmp(t->line.text, mark, length) == 0) {
        t->line.length -= length;
        memmove(t->line.text, t->line.text + length, t->line.length + 1);
    }
    return got;
}

/* The next row by the format's two parts, which bring it to hand (1, 0, -1) and fill the columns
 * with it. */
static int write_row(struct import *m, struct stream_writer *w,
                     int (*read)(struct text_table *t, struct error *e),
                     int (*fill)(struct text_table *t, struct error *e), struct error *e)
{
    struct text_table *t = m->own;
    struct cell cell[IMPORT_MOST_FIELDS + IMPORT_CELLS];
    int got = t->ahead ? 1 : read(t, e);
    t->ahead = false;
    if (got < 0 || (got && fill(t, e)))
        return error_wrap(e, "row %lld", (long long)m->row + 1);
    if (!got)
        return 0;
    int cells = import_cells(m, cell);
    for (int i = 0; i < t->columns; i++)
        cell[cells++] = cell_of(&t->column[i]);
    return stream_write(w, cell, e) ? -1 : 1;
}

static void end(struct import *m)
{
    struct text_table *t = m->own;
    if (!t)
        return;
    for (int i = 0; i < t->columns; i++) {
        free(t->column[i].field.name);
        free(t->column[i].data);
    }
    if (t->from)
        fclose(t->from);
    line_free(&t->line);
    value_free(t->row);
    free(t->cell);
    free(t);
    m->own = NULL;
}

/* ---- JSON lines ---- */

static int read_object(struct text_table *t, struct error *e)
{
    value_free(t->row);
    t->row = NULL;
    int got = read_line(t, e);
    if (got <= 0)
        return got;
    t->row = value_parse_json(t->line.text, t->line.length, e);
    if (!t->row)
        return -1;
    return t->row->type == VALUE_MAP ? 1 : error_set(e, "expected a JSON object");
}

static int begin_json(struct import *m, struct error *e)
{
    if (open_table(m, e))
        return -1;
    struct text_table *t = m->own;
    int got = read_object(t, e);
    if (got <= 0)
        return got ? error_wrap(e, "row 1") : error_set(e, "empty: expected JSON objects");
    for (size_t i = 0; i < t->row->count; i++) {
        const struct value *v = t->row->item[i];
        uint32_t extent[STREAM_MAX_RANK];
        int rank = 0;
        for (; v->type == VALUE_ARRAY && rank < STREAM_MAX_RANK; v = v->item[0]) {
            extent[rank++] = (uint32_t)v->count;
            if (!v->count)
                break;
        }
        if (add_column(m, t->row->key[i], v->type == VALUE_TEXT && !rank, rank, extent, e))
            return -1;
    }
    t->ahead = true;
    return settle_header(m, e);
}

/* What is below one index of this axis, *at counting the elements. */
static int put_nested(const struct column *c, const struct value *v, int axis, size_t *at,
                      struct error *e)
{
    if (axis == c->field.rank)
        return put(c, (*at)++, v, e);
    if (v->type != VALUE_ARRAY || v->count != c->extent[axis])
        return error_set(e, "%s: expected an array of %u, as in the first row", c->field.name,
                         c->extent[axis]);
    for (size_t i = 0; i < v->count; i++)
        if (put_nested(c, v->item[i], axis + 1, at, e))
            return -1;
    return 0;
}

static int fill_json(struct text_table *t, struct error *e)
{
    if (t->row->count != (size_t)t->columns)
        return error_set(e, "%zu members, the first row has %d", t->row->count, t->columns);
    for (struct column *c = t->column; c < t->column + t->columns; c++) {
        const struct value *v = value_get(t->row, c->field.name);
        size_t at = 0;
        if (!v)
            return error_set(e, "no %s, which the first row has", c->field.name);
        if (c->field.element != ELEMENT_STR) {
            if (put_nested(c, v, 0, &at, e))
                return -1;
        } else if (v->type == VALUE_TEXT)
            c->text = v->text;
        else
            return error_set(e, "%s: expected a text, as in the first row", c->field.name);
    }
    return 0;
}

static int row_json(struct import *m, struct stream_writer *w, struct error *e)
{
    return write_row(m, w, read_object, fill_json, e);
}

/* ---- tab-separated values ---- */

static int read_cells(struct text_table *t, struct error *e)
{
    int got = read_line(t, e), cells = 0;
    if (got <= 0)
        return got;
    for (char *rest = t->line.text, *text; (text = strsep(&rest, "\t")); cells++)
        if (cells < t->cells)
            t->cell[cells] = text;
    return cells == t->cells ? 1 : error_set(e, "%d cells, expected %d", cells, t->cells);
}

static int parse_number(const char *text, struct value *to)
{
    char *rest;
    if (!*text || isspace((unsigned char)*text))
        return -1;
    errno = 0;
    *to = (struct value){.type = VALUE_INT, .integer = strtoll(text, &rest, 10)};
    if (*rest || errno)
        *to = (struct value){.type = VALUE_REAL, .real = strtod(text, &rest)};
    return *rest ? -1 : 0;
}

/* How many of the names from here on are NAME0, NAME1 ..., the elements of one array; 0: none. */
static int count_elements(char *const *name, int names, size_t *length)
{
    int count = 0;
    char wanted[16];
    size_t n = strlen(*name);
    *length = n - 1;
    if (n < 2 || (*name)[n - 1] != '0')
        return 0;
    for (; count < names; count++) {
        snprintf(wanted, sizeof wanted, "%d", count);
        if (strncmp(name[count], *name, *length) || strcmp(name[count] + *length, wanted))
            break;
    }
    return count;
}

/* A column of texts is one whose first cell is no number. */
static int add_columns(struct import *m, char *const *name, int names, struct error *e)
{
    const struct text_table *t = m->own;
    for (int i = 0; i < names;) {
        struct value number;
        size_t length;
        const int elements = count_elements(name + i, names - i, &length);
        autofree char *base = text_copy(name[i], e);
        if (!base)
            return -1;
        if (elements)
            base[length] = 0;
        const bool is_array = elements > 1 || (elements && find_known(base));
        const uint32_t extent[] = {(uint32_t)elements};
        const bool is_text =
            !is_array && !find_known(name[i]) && (!t->ahead || parse_number(t->cell[i], &number));
        if (add_column(m, is_array ? base : name[i], is_text, is_array, extent, e))
            return -1;
        i += is_array ? elements : 1;
    }
    return 0;
}

static int begin_tsv(struct import *m, struct error *e)
{
    if (open_table(m, e))
        return -1;
    struct text_table *t = m->own;
    int got = read_line(t, e);
    if (got <= 0)
        return got ? -1 : error_set(e, "empty: expected a line of names");
    autofree char *heading = text_copy(t->line.text, e);
    if (!heading)
        return -1;
    t->cells = 1;
    for (const char *s = heading; (s = strchr(s, '\t')); s++)
        t->cells++;
    autofree char **name = array_new((size_t)t->cells, sizeof *name, "names", e);
    t->cell = array_new((size_t)t->cells, sizeof *t->cell, "a row", e);
    if (!name || !t->cell)
        return -1;
    char *rest = heading;
    for (int i = 0; i < t->cells; i++) {
        name[i] = strsep(&rest, "\t");
        if (text_unescape(name[i]))
            return error_set(e, "a name with a backslash that begins no escape");
    }
    got = read_cells(t, e);
    if (got < 0)
        return error_wrap(e, "row 1");
    t->ahead = got;
    return add_columns(m, name, t->cells, e) ? -1 : settle_header(m, e);
}

static int fill_tsv(struct text_table *t, struct error *e)
{
    int cell = 0;
    for (struct column *c = t->column; c < t->column + t->columns; c++) {
        if (c->field.element == ELEMENT_STR) {
            c->text = t->cell[cell];
            if (text_unescape(t->cell[cell++]))
                return error_set(e, "%s: a backslash that begins no escape", c->field.name);
            continue;
        }
        for (size_t k = 0; k < c->count; k++, cell++) {
            struct value number;
            if (parse_number(t->cell[cell], &number))
                return error_set(e, "%s: \"%.40s\", expected a number", c->field.name,
                                 t->cell[cell]);
            if (put(c, k, &number, e))
                return -1;
        }
    }
    return 0;
}

static int row_tsv(struct import *m, struct stream_writer *w, struct error *e)
{
    return write_row(m, w, read_cells, fill_tsv, e);
}

const struct import_format IMPORT_TSV = {"tsv", "FILE", begin_tsv, row_tsv, end};
const struct import_format IMPORT_JSON = {"json", "FILE", begin_json, row_json, end};
