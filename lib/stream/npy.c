#include "stream/npy.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/memory.h"

enum { MAGIC_BYTES = 10, ALIGNMENT = 64, MOST_HEADER = 512, BUFFER_BYTES = 1 << 17 };

static const char *const TYPES[] = {
    [ELEMENT_U8] = "|u1",  [ELEMENT_I32] = "<i4", [ELEMENT_I64] = "<i8",
    [ELEMENT_F32] = "<f4", [ELEMENT_F64] = "<f8",
};

/* The file's head for so many rows. Its length does not depend on them, so that it can be written
 * anew when they are known. */
static size_t make_head(const struct npy *n, uint64_t rows, char head[MOST_HEADER])
{
    char shape[STREAM_MAX_RANK * 12 + 24];
    int at = n->rows_axis ? snprintf(shape, sizeof shape, "%" PRIu64 ", ", rows) : 0;
    int widest = n->rows_axis ? 22 : 0;
    shape[at] = 0;
    int pad = widest - at;
    for (int i = 0; i < n->rank; i++)
        at += snprintf(shape + at, sizeof shape - (size_t)at, "%" PRIu32 ", ", n->extent[i]);
    int length = MAGIC_BYTES + snprintf(head + MAGIC_BYTES, MOST_HEADER - MAGIC_BYTES,
                                        "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                                        TYPES[n->element], shape);
    int whole = (length + pad + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    memset(head + length, ' ', (size_t)(whole - length - 1));
    head[whole - 1] = '\n';
    memcpy(head, "\x93NUMPY\x01\x00", 8);
    head[8] = (char)((whole - MAGIC_BYTES) & 255);
    head[9] = (char)((whole - MAGIC_BYTES) >> 8);
    return (size_t)whole;
}

static int flush(struct npy *n, struct error *e)
{
    size_t size = n->filled;
    n->filled = 0;
    return output_write(&n->output, n->buffer, size, e);
}

static int start(struct npy *n, const char *path, struct error *e)
{
    char head[MOST_HEADER];
    if (n->element > ELEMENT_F64)
        return error_set(e, "%s: cannot write elements of type %s", path, element_name(n->element));
    n->buffer = array_new(BUFFER_BYTES, 1, "output buffer", e);
    if (!n->buffer || output_open(&n->output, path, e)) {
        free(n->buffer);
        *n = (struct npy){0};
        return -1;
    }
    n->filled = make_head(n, 0, head);
    memcpy(n->buffer, head, n->filled);
    return 0;
}

int npy_open(struct npy *n, const char *path, enum element element, int rank,
             const uint32_t *extent, struct error *e)
{
    *n = (struct npy){.element = element, .rank = rank, .rows_axis = true};
    if (rank > 0)
        memcpy(n->extent, extent, (size_t)rank * sizeof *extent);
    return start(n, path, e);
}

/* The cell's elements as they lie in memory; a scalar is first brought to its type in *room. */
static const void *cell_bytes(const struct cell *cell, void *room)
{
    switch (cell->rank ? ELEMENT_ANY : cell->element) {
    case ELEMENT_U8:
        return memcpy(room, &(uint8_t){(uint8_t)cell->integer}, 1);
    case ELEMENT_I32:
        return memcpy(room, &(int32_t){(int32_t)cell->integer}, 4);
    case ELEMENT_I64:
        return memcpy(room, &cell->integer, 8);
    case ELEMENT_F32:
        return memcpy(room, &(float){(float)cell->real}, 4);
    case ELEMENT_F64:
        return memcpy(room, &cell->real, 8);
    default:
        return cell->data;
    }
}

int npy_write(struct npy *n, const struct cell *cell, struct error *e)
{
    uint64_t scalar;
    if (cell->element != n->element || cell->rank != n->rank ||
        memcmp(cell->extent, n->extent, (size_t)n->rank * sizeof *n->extent))
        return error_set(e, "a cell of another shape or type than the array's");
    const void *bytes = cell_bytes(cell, &scalar);
    size_t size = cell->count * element_size(cell->element);
    n->rows++;
    if (n->filled + size > BUFFER_BYTES && flush(n, e))
        return -1;
    if (size > BUFFER_BYTES)
        return output_write(&n->output, bytes, size, e);
    memcpy(n->buffer + n->filled, bytes, size);
    n->filled += size;
    return 0;
}

int npy_commit(struct npy *n, struct error *e)
{
    char head[MOST_HEADER];
    size_t size = make_head(n, n->rows, head);
    int failed = flush(n, e);
    if (!failed && n->rows_axis)
        failed = output_rewrite(&n->output, 0, head, size, e);
    if (!failed)
        failed = output_commit(&n->output, e);
    if (failed)
        output_abandon(&n->output);
    free(n->buffer);
    *n = (struct npy){0};
    return failed;
}

void npy_abandon(struct npy *n)
{
    if (n->buffer)
        output_abandon(&n->output);
    free(n->buffer);
    *n = (struct npy){0};
}

int npy_save(const char *path, const struct cell *cell, struct error *e)
{
    struct npy n = {.element = cell->element, .rank = cell->rank};
    memcpy(n.extent, cell->extent, sizeof n.extent);
    if (start(&n, path, e))
        return -1;
    n.output.unsynced = true;
    if (!npy_write(&n, cell, e))
        return npy_commit(&n, e);
    npy_abandon(&n);
    return -1;
}

/* ---- reading ---- */

struct parser {
    const char *at, *end;
    struct error *e;
};

static void skip_blanks(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n'))
        p->at++;
}

static bool take(struct parser *p, char c)
{
    skip_blanks(p);
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static int must_take(struct parser *p, char c)
{
    return take(p, c) ? 0 : error_set(p->e, "head: expected '%c' in its dictionary", c);
}

enum { MOST_WORD = 32 };

static int parse_word(struct parser *p, char word[MOST_WORD])
{
    char quote = take(p, '\'') ? '\'' : take(p, '"') ? '"' : 0;
    size_t length = 0;
    while (quote && p->at + length < p->end && p->at[length] != quote && length < MOST_WORD - 1)
        length++;
    if (!quote || p->at + length == p->end || p->at[length] != quote)
        return error_set(p->e, "head: expected a quoted word");
    memcpy(word, p->at, length);
    word[length] = 0;
    p->at += length + 1;
    return 0;
}

static int parse_type(struct parser *p, struct npy_source *n)
{
    char word[MOST_WORD];
    int element = 0;
    if (parse_word(p, word))
        return -1;
    while (element <= ELEMENT_F64 && strcmp(TYPES[element], word))
        element++;
    if (element > ELEMENT_F64)
        return error_set(p->e, "elements of type %s, expected |u1, <i4, <i8, <f4 or <f8", word);
    n->element = (enum element)element;
    return 0;
}

static int parse_order(struct parser *p, struct npy_source *n)
{
    static const char *const word[] = {"False", "True"};
    (void)n;
    skip_blanks(p);
    for (int i = 0; i < 2; i++) {
        size_t length = strlen(word[i]);
        if ((size_t)(p->end - p->at) < length || memcmp(p->at, word[i], length) != 0)
            continue;
        p->at += length;
        return i ? error_set(p->e, "its columns come first (fortran_order), expected rows first")
                 : 0;
    }
    return error_set(p->e, "head: expected True or False");
}

static int parse_extent(struct parser *p, uint64_t *extent)
{
    const char *start = p->at;
    for (*extent = 0; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++) {
        if (*extent > UINT64_MAX / 10 - 1)
            return error_set(p->e, "head: an extent beyond all bounds");
        *extent = *extent * 10 + (uint64_t)(*p->at - '0');
    }
    return p->at > start ? 0 : error_set(p->e, "head: expected an extent");
}

static int parse_shape(struct parser *p, struct npy_source *n)
{
    if (must_take(p, '('))
        return -1;
    for (n->rank = 0; !take(p, ')'); n->rank++) {
        if (n->rank > STREAM_MAX_RANK)
            return error_set(p->e, "an array of more than %d axes", STREAM_MAX_RANK + 1);
        if (parse_extent(p, &n->extent[n->rank]))
            return -1;
        if (!take(p, ',') && (p->at == p->end || *p->at != ')'))
            return error_set(p->e, "head: expected ',' or ')' in its shape");
    }
    return 0;
}

static int parse_head(struct npy_source *n, const char *text, size_t size, struct error *e)
{
    static const struct {
        const char *name;
        int (*parse)(struct parser *p, struct npy_source *n);
    } member[] = {{"descr", parse_type}, {"fortran_order", parse_order}, {"shape", parse_shape}};
    enum { MEMBERS = sizeof member / sizeof *member };
    struct parser p = {text, text + size, e};
    bool seen[MEMBERS] = {false};
    char word[MOST_WORD];
    if (must_take(&p, '{'))
        return -1;
    for (int found = 0; found < MEMBERS; found++) {
        int m = 0;
        if (parse_word(&p, word))
            return -1;
        while (m < MEMBERS && strcmp(member[m].name, word))
            m++;
        if (m == MEMBERS || seen[m])
            return error_set(e, "head: expected descr, fortran_order and shape, once each");
        seen[m] = true;
        if (must_take(&p, ':') || member[m].parse(&p, n))
            return -1;
        if (!take(&p, ',') && found < MEMBERS - 1)
            return must_take(&p, ',');
    }
    if (must_take(&p, '}'))
        return -1;
    skip_blanks(&p);
    return p.at == p.end ? 0 : error_set(e, "head: expected nothing behind its dictionary");
}

/* All of it, or what it ends within. */
static int read_whole(int fd, void *to, size_t size, const char *what, struct error *e)
{
    ssize_t got = input_read(fd, to, size, e);
    return got == (ssize_t)size ? 0 : got < 0 ? -1 : error_set(e, "it ends within %s", what);
}

static int read_head(struct npy_source *n, struct error *e)
{
    enum { MOST_TEXT = 1 << 16 };
    uint8_t magic[12];
    if (read_whole(n->fd, magic, 10, "its head", e))
        return -1;
    if (memcmp(magic, "\x93NUMPY", 6) || magic[6] < 1 || magic[6] > 3)
        return error_set(e, "no array of NumPy");
    size_t size = magic[8] + 256u * magic[9];
    if (magic[6] > 1) { /* four bytes tell the size */
        if (read_whole(n->fd, magic + 10, 2, "its head", e))
            return -1;
        size += (size_t)magic[10] << 16 | (size_t)magic[11] << 24;
    }
    if (size > MOST_TEXT)
        return error_set(e, "a head of %zu bytes, expected at most %d", size, MOST_TEXT);
    autofree char *text = array_new(size, 1, "array head", e);
    if (!text || read_whole(n->fd, text, size, "its head", e))
        return -1;
    return parse_head(n, text, size, e);
}

int npy_source_open(struct npy_source *n, const char *path, struct error *e)
{
    *n = (struct npy_source){.fd = input_open(path, e)};
    if (n->fd < 0)
        return -1;
    if (!read_head(n, e))
        return 0;
    npy_source_close(n);
    return error_wrap(e, "%s", path);
}

int npy_source_read(struct npy_source *n, void *to, size_t size, struct error *e)
{
    return read_whole(n->fd, to, size, "its elements", e);
}

int npy_source_end(struct npy_source *n, struct error *e)
{
    char more;
    ssize_t got = input_read(n->fd, &more, 1, e);
    npy_source_close(n);
    return got > 0 ? error_set(e, "it goes on behind its elements") : (int)got;
}

void npy_source_close(struct npy_source *n)
{
    if (n->fd > STDIN_FILENO)
        close(n->fd);
    n->fd = -1;
}
