/* A folder as save npy leaves it: an array a field with a leading axis of rows, FIELD/ROW.npy where
 * extents vary, texts a line a row. The kind is told by the fields. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/line.h"
#include "base/memory.h"
#include "rows/import.h"
#include "stream/npy.h"
#include "stream/text.h"

enum { MOST_FIELD_NAME = 64 };

struct column {
    char name[MOST_FIELD_NAME];
    enum { COLUMN_ARRAY, COLUMN_TEXT, COLUMN_FILES } form;
    struct npy_source array; /* of COLUMN_FILES: the one that is open */
    FILE *text;
    struct line line;
    void *data; /* a row's elements */
    size_t bytes;
    struct field field; /* as it is to be */
};

struct folder {
    struct column column[IMPORT_MOST_FIELDS];
    int columns;
    int64_t rows;
};

/* ---- the folder's entries ---- */

static bool has_ending(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);
    return length > tail && !strcmp(name + length - tail, ending);
}

static char *column_path(const struct import *m, const struct column *c, struct error *e)
{
    static const char *const ending[] = {".npy", ".txt", ""};
    char *path;
    if (c->form == COLUMN_FILES
            ? asprintf(&path, "%s/%s/%lld.npy", m->from, c->name, (long long)m->row) >= 0
            : asprintf(&path, "%s/%s%s", m->from, c->name, ending[c->form]) >= 0)
        return path;
    error_set(e, "out of memory");
    return NULL;
}

static int note_entry(const struct import *m, struct folder *f, const char *entry, struct error *e)
{
    struct column c = {.array.fd = -1};
    struct stat s;
    autofree char *path = NULL;
    if (*entry == '.')
        return 0;
    if (asprintf(&path, "%s/%s", m->from, entry) < 0) {
        path = NULL;
        return error_set(e, "out of memory");
    }
    size_t length = strlen(entry);
    if (stat(path, &s))
        return error_set(e, "cannot look at %s:", path);
    if (S_ISDIR(s.st_mode))
        c.form = COLUMN_FILES;
    else if (has_ending(entry, ".npy") || has_ending(entry, ".txt")) {
        c.form = has_ending(entry, ".npy") ? COLUMN_ARRAY : COLUMN_TEXT;
        length -= strlen(".npy");
    } else
        return 0;
    if (length >= MOST_FIELD_NAME || f->columns == IMPORT_MOST_FIELDS)
        return error_set(e, "%s: more than %d arrays, or a name of more than %d bytes", entry,
                         IMPORT_MOST_FIELDS, MOST_FIELD_NAME - 1);
    memcpy(c.name, entry, length);
    f->column[f->columns++] = c;
    return 0;
}

/* id and label first, then by name. */
static int by_name(const void *a, const void *b)
{
    static const char *const first[] = {"label", "id"};
    const struct column *x = a, *y = b;
    for (int i = 2; i-- > 0;)
        if (!strcmp(x->name, first[i]) != !strcmp(y->name, first[i]))
            return strcmp(x->name, first[i]) ? 1 : -1;
    return strcmp(x->name, y->name);
}

static int list_folder(const struct import *m, struct folder *f, struct error *e)
{
    DIR *folder = opendir(m->from);
    struct dirent *entry;
    int failed = 0;
    if (!folder)
        return error_set(e, "cannot open the folder:");
    while (!failed && (errno = 0, entry = readdir(folder)))
        failed = note_entry(m, f, entry->d_name, e);
    if (!failed && errno)
        failed = error_set(e, "cannot list the folder:");
    closedir(folder);
    qsort(f->column, (size_t)f->columns, sizeof *f->column, by_name);
    for (int i = 1; i < f->columns && !failed; i++)
        if (!strcmp(f->column[i].name, f->column[i - 1].name))
            failed = error_set(e, "%s is there twice, in two forms", f->column[i].name);
    return failed;
}

/* ---- columns ---- */

/* The bytes of one row, of these axes; and room for them. */
static int make_room(const struct import *m, struct column *c, int axis, struct error *e)
{
    size_t bytes = element_size(c->array.element);
    for (int i = axis; i < c->array.rank; i++)
        if (c->array.extent[i] > UINT32_MAX ||
            size_multiply(bytes, (size_t)c->array.extent[i], &bytes) ||
            bytes > m->limits.most_tensor_bytes)
            return error_set(e, "%s: rows larger than --max-tensor allows", c->name);
    free(c->data);
    c->bytes = bytes;
    c->data = array_new(bytes, 1, "a row", e);
    return c->data ? 0 : -1;
}

static bool is_integer(enum element e)
{
    return e == ELEMENT_U8 || e == ELEMENT_I32 || e == ELEMENT_I64;
}

/* Scalars id and label are brought to the types that they have in streams; grey images may come
 * without an axis of channels. */
static void settle_field(struct column *c)
{
    struct field *f = &c->field;
    if (!f->rank && is_integer(f->element) && !strcmp(c->name, "id"))
        f->element = ELEMENT_I64;
    if (!f->rank && is_integer(f->element) && !strcmp(c->name, "label"))
        f->element = ELEMENT_I32;
    if (f->rank == 2 && f->element == ELEMENT_U8 && !strcmp(c->name, "image"))
        f->extent[f->rank++] = 1;
}

static int open_array(const struct import *m, struct folder *f, struct column *c, struct error *e)
{
    autofree char *path = column_path(m, c, e);
    if (!path || npy_source_open(&c->array, path, e))
        return -1;
    const struct npy_source *a = &c->array;
    if (a->rank < 1 || a->extent[0] > INT64_MAX)
        return error_set(e, "%s: expected an axis of rows", c->name);
    if (f->rows >= 0 && f->rows != (int64_t)a->extent[0])
        return error_set(e, "%s: %lld rows, others have %lld", c->name, (long long)a->extent[0],
                         (long long)f->rows);
    f->rows = (int64_t)a->extent[0];
    c->field.element = a->element;
    c->field.rank = a->rank - 1;
    for (int i = 1; i < a->rank; i++)
        c->field.extent[i - 1] = (int64_t)a->extent[i];
    settle_field(c);
    return make_room(m, c, 1, e);
}

static int open_text(const struct import *m, struct column *c, struct error *e)
{
    autofree char *path = column_path(m, c, e);
    if (!path)
        return -1;
    c->text = fopen(path, "re");
    c->field.element = ELEMENT_STR;
    return c->text ? 0 : error_set(e, "cannot open %s:", path);
}

/* The first of the files tells type and rank. */
static int open_files(const struct import *m, struct column *c, struct error *e)
{
    autofree char *path = column_path(m, c, e);
    if (!path || npy_source_open(&c->array, path, e))
        return -1;
    if (c->array.rank > STREAM_MAX_RANK)
        return error_set(e, "%s: more than %d axes", path, STREAM_MAX_RANK);
    c->field.element = c->array.element;
    c->field.rank = c->array.rank;
    for (int i = 0; i < c->array.rank; i++)
        c->field.extent[i] = -1;
    npy_source_close(&c->array);
    return 0;
}

static int begin(struct import *m, struct error *e)
{
    struct folder *f = m->own = array_new(1, sizeof *f, "arrays", e);
    if (!f || list_folder(m, f, e))
        return -1;
    f->rows = -1;
    for (int i = 0; i < f->columns; i++) {
        struct column *c = &f->column[i];
        if (c->form == COLUMN_ARRAY   ? open_array(m, f, c, e)
            : c->form == COLUMN_FILES ? open_files(m, c, e)
                                      : open_text(m, c, e))
            return -1;
    }
    if (f->rows < 0)
        return error_set(e, "no array in this folder tells the number of rows");
    struct field field[IMPORT_MOST_FIELDS];
    for (int i = 0; i < f->columns; i++)
        field[i] = f->column[i].field, field[i].name = f->column[i].name;
    return import_header(m, field, f->columns, e);
}

/* ---- rows ---- */

static int read_text(struct import *m, struct column *c, struct cell *to, struct error *e)
{
    int got = line_read(&c->line, c->text, m->limits.most_tensor_bytes, e);
    if (!got)
        error_set(e, "expected a line for each row, found the end");
    else if (got > 0 && text_unescape(c->line.text))
        got = error_set(e, "a backslash that begins no escape");
    if (got <= 0)
        return error_wrap(e, "%s", c->name);
    *to = cell_text(c->line.text);
    return 0;
}

static int scalar_cell(const struct column *c, struct cell *to, struct error *e)
{
    *to = cell_scalar(c->array.element, c->data);
    if (!is_integer(c->array.element))
        return 0;
    if (c->field.element == ELEMENT_I32 && to->integer != (int32_t)to->integer)
        return error_set(e, "%s: %lld is too large", c->name, (long long)to->integer);
    *to = cell_int(c->field.element, to->integer);
    return 0;
}

/* A row of an array, or one of the files. */
static int read_array(struct column *c, struct cell *to, struct error *e)
{
    uint32_t extent[STREAM_MAX_RANK];
    if (npy_source_read(&c->array, c->data, c->bytes, e))
        return error_wrap(e, "%s", c->name);
    if (!c->field.rank)
        return scalar_cell(c, to, e);
    for (int i = 0; i < c->field.rank; i++)
        extent[i] =
            (uint32_t)(c->form == COLUMN_FILES ? (int64_t)c->array.extent[i] : c->field.extent[i]);
    *to = cell_tensor(c->array.element, c->field.rank, extent, c->data);
    return 0;
}

static int read_file(struct import *m, struct column *c, struct cell *to, struct error *e)
{
    autofree char *path = column_path(m, c, e);
    if (!path || npy_source_open(&c->array, path, e))
        return -1;
    if (c->array.element != c->field.element || c->array.rank != c->field.rank)
        return error_set(e, "%s: of another type or rank than those before", path);
    return make_room(m, c, 0, e) || read_array(c, to, e) || npy_source_end(&c->array, e) ? -1 : 0;
}

/* At the end of the rows everything else must end, too. */
static int check_end(struct import *m, struct folder *f, struct error *e)
{
    for (int i = 0; i < f->columns; i++) {
        struct column *c = &f->column[i];
        autofree char *path = column_path(m, c, e);
        if (!path)
            return -1;
        if (c->form == COLUMN_ARRAY ? npy_source_end(&c->array, e)
            : c->form == COLUMN_TEXT
                ? getc(c->text) != EOF && error_set(e, "it has more lines than there are rows")
                : !access(path, F_OK) && error_set(e, "there are %lld rows", (long long)f->rows))
            return error_wrap(e, "%s", path);
    }
    return 0;
}

static int row(struct import *m, struct stream_writer *w, struct error *e)
{
    struct folder *f = m->own;
    struct cell cell[IMPORT_MOST_FIELDS + IMPORT_CELLS];
    if (m->row == f->rows)
        return check_end(m, f, e);
    int cells = import_cells(m, cell);
    for (int i = 0; i < f->columns; i++) {
        struct column *c = &f->column[i];
        if (c->form == COLUMN_TEXT    ? read_text(m, c, &cell[cells++], e)
            : c->form == COLUMN_FILES ? read_file(m, c, &cell[cells++], e)
                                      : read_array(c, &cell[cells++], e))
            return error_wrap(e, "row %lld", (long long)m->row + 1);
    }
    return stream_write(w, cell, e) ? -1 : 1;
}

static void end(struct import *m)
{
    struct folder *f = m->own;
    for (int i = 0; f && i < f->columns; i++) {
        struct column *c = &f->column[i];
        npy_source_close(&c->array);
        if (c->text)
            fclose(c->text);
        line_free(&c->line);
        free(c->data);
    }
    free(f);
    m->own = NULL;
}

const struct import_format IMPORT_NPY = {"npy", "DIR", begin, row, end};
