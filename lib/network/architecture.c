#include "network/architecture.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/memory.h"
#include "network/weights.h"

enum { ROWS = 2 * GENOTYPE_PAIRS, MOST_TEXT = 1 << 16 };

static const char *const cell_names[] = {"normal", "reduce"};

static const struct cell_genotype *cell_of(const struct genotype *g, int i)
{
    return i ? &g->reduce : &g->normal;
}

int architecture_header(struct header *h, const struct genotype *g, struct error *e)
{
    if (header_init(h, "architecture", e))
        return -1;
    if (header_add_field(h, "cell", ELEMENT_STR, 0, NULL, e) < 0 ||
        header_add_field(h, "node", ELEMENT_I32, 0, NULL, e) < 0 ||
        header_add_field(h, "op", ELEMENT_STR, 0, NULL, e) < 0 ||
        header_add_field(h, "input", ELEMENT_I32, 0, NULL, e) < 0)
        goto failed;
    struct value *good = value_set_text(h->meta, "space", "darts");
    for (int i = 0; i < 2; i++) {
        struct value *concat = value_set_map(h->meta, "concat");
        struct value *list = value_set(concat, cell_names[i], value_array());
        for (int k = 0; k < cell_of(g, i)->concats && good; k++)
            good = value_append(list, value_int(cell_of(g, i)->concat[k]));
    }
    if (good)
        return 0;
    error_set(e, "out of memory");
failed:
    header_free(h);
    return -1;
}

int architecture_write(struct stream_writer *w, const struct genotype *g, struct error *e)
{
    for (int i = 0; i < ROWS; i++) {
        int cell = i / GENOTYPE_PAIRS, k = i % GENOTYPE_PAIRS;
        const struct gene *gene = &cell_of(g, cell)->gene[k];
        const struct cell row[] = {
            cell_text(cell_names[cell]),
            cell_int(ELEMENT_I32, k / 2),
            cell_text(primitive_name(gene->op)),
            cell_int(ELEMENT_I32, gene->input),
        };
        if (stream_write(w, row, e))
            return -1;
    }
    return 0;
}

/* ---- reading ---- */

static int read_concat(struct cell_genotype *c, const struct value *meta, const char *name,
                       struct error *e)
{
    const struct value *list = value_get(value_get(meta, "concat"), name);
    if (!list || list->type != VALUE_ARRAY || list->count > GENOTYPE_MOST_CONCAT)
        return error_set(e, "meta: concat.%s: expected a list of at most %d states", name,
                         GENOTYPE_MOST_CONCAT);
    for (size_t i = 0; i < list->count; i++) {
        const struct value *v = list->item[i];
        bool fits = v->type == VALUE_INT && v->integer >= 0 && v->integer < GENOTYPE_MOST_CONCAT;
        c->concat[i] = fits ? (int)v->integer : -1; /* genotype_check refuses -1 */
    }
    c->concats = (int)list->count;
    return 0;
}

static int read_architecture(struct genotype *g, struct stream_reader *r, struct error *e)
{
    const struct header *h = stream_header(r);
    const struct cell *row;
    int cell, node, op, input, more;

    if ((cell = header_require(h, "cell", ELEMENT_STR, 0, e)) < 0 ||
        (node = header_require(h, "node", ELEMENT_I32, 0, e)) < 0 ||
        (op = header_require(h, "op", ELEMENT_STR, 0, e)) < 0 ||
        (input = header_require(h, "input", ELEMENT_I32, 0, e)) < 0 ||
        read_concat(&g->normal, h->meta, "normal", e) ||
        read_concat(&g->reduce, h->meta, "reduce", e))
        return error_wrap(e, "%s", stream_path(r));
    while ((more = stream_read(r, &row, e)) == 1) {
        int64_t i = stream_rows(r) - 1;
        if (i >= ROWS)
            return error_set(e, "%s: more than %d rows, expected one a gene", stream_path(r), ROWS);
        int c = (int)i / GENOTYPE_PAIRS, k = (int)i % GENOTYPE_PAIRS;
        int primitive = primitive_find(row[op].data);
        if (strcmp(row[cell].data, cell_names[c]) != 0 || row[node].integer != k / 2)
            return error_set(e, "%s: row %d: expected cell %s, node %d", stream_path(r), (int)i + 1,
                             cell_names[c], k / 2);
        if (primitive < 0)
            return error_set(e, "%s: row %d: %s is no operation of the DARTS space", stream_path(r),
                             (int)i + 1, (const char *)row[op].data);
        struct gene *gene = c ? &g->reduce.gene[k] : &g->normal.gene[k];
        *gene = (struct gene){(enum primitive)primitive, (int)row[input].integer};
    }
    if (more == 0 && stream_rows(r) != ROWS)
        return error_set(e, "%s: %d rows, expected %d", stream_path(r), (int)stream_rows(r), ROWS);
    return more;
}

static int read_state(struct genotype *g, struct stream_reader *r, struct error *e)
{
    static const char *const table_names[] = {"an", "ar"};
    enum { COUNT = CELL_EDGES * PRIMITIVES };
    float table[2][COUNT];
    bool found[2] = {false, false};
    const struct cell *row;
    int name, value, more;

    if ((name = header_require(stream_header(r), "name", ELEMENT_STR, 0, e)) < 0 ||
        (value = header_require(stream_header(r), "value", ELEMENT_ANY, -1, e)) < 0)
        return error_wrap(e, "%s", stream_path(r));
    while ((more = stream_read(r, &row, e)) == 1)
        for (int i = 0; i < 2; i++) {
            if (strcmp(row[name].data, table_names[i]) != 0)
                continue;
            if (row[value].element != ELEMENT_F32 || row[value].count != COUNT)
                return error_set(e, "%s: tensor %s: expected f32 [%d, %d]", stream_path(r),
                                 table_names[i], CELL_EDGES, PRIMITIVES);
            for (int k = 0; k < COUNT; k++)
                if (!isfinite(((const float *)row[value].data)[k]))
                    return error_set(e, "%s: tensor %s: element %d is no finite number",
                                     stream_path(r), table_names[i], k);
            memcpy(table[i], row[value].data, sizeof table[i]);
            found[i] = true;
        }
    if (more < 0)
        return -1;
    if (!found[0] || !found[1])
        return error_set(e, "%s: no architecture parameters (tensors an, ar): not a search state",
                         stream_path(r));
    genotype_derive(g, table[0], table[1]);
    return 0;
}

static int read_stream(struct genotype *g, struct stream_reader *r, struct header *from,
                       char digest[17], struct error *e)
{
    int failed = header_require_kind(stream_header(r), "architecture|weights", e);
    if (failed)
        error_wrap(e, "%s", stream_path(r));
    else if (strcmp(stream_header(r)->kind, "weights") == 0)
        failed = read_state(g, r, e);
    else
        failed = read_architecture(g, r, e);
    if (!failed && genotype_check(g, e))
        failed = error_wrap(e, "%s", stream_path(r));
    if (!failed && digest)
        snprintf(digest, 17, "%s", stream_digest(r));
    if (!failed && from)
        failed = header_copy(from, stream_header(r), e);
    return failed;
}

static int read_text(struct genotype *g, int fd, char first, struct header *from, char digest[17],
                     struct error *e)
{
    autofree char *text = array_new(MOST_TEXT, 1, "a genotype", e);
    ssize_t size = text ? input_read(fd, text + 1, MOST_TEXT - 1, e) : -1;
    if (size < 0)
        return -1;
    if (size == MOST_TEXT - 1)
        return error_set(e, "expected a genotype, of less than %d bytes", MOST_TEXT);
    *text = first;
    if (genotype_parse(g, text, (size_t)size + 1, e))
        return -1;
    if (digest)
        *digest = 0;
    return from ? header_init(from, "architecture", e) : 0;
}

int genotype_read(struct genotype *g, const char *path, const struct stream_limits *limits,
                  struct header *from, char digest[17], struct error *e)
{
    char first;
    const char *name = path && strcmp(path, "-") ? path : "standard input";
    int fd = input_open(path, e), failed = -1;
    ssize_t size = fd < 0 ? -1 : input_read(fd, &first, 1, e);
    memset(g, 0, sizeof *g);
    if (fd < 0)
        return -1;
    if (size == 1 && (unsigned char)first < 0x80) {
        failed = read_text(g, fd, first, from, digest, e) ? error_wrap(e, "%s", name) : 0;
    } else if (size >= 0) {
        struct stream_reader *r = stream_open_after(path, fd, &first, (size_t)size, limits, e);
        failed = r ? read_stream(g, r, from, digest, e) : -1;
        stream_close(r);
        return failed;
    } else {
        error_wrap(e, "%s", name);
    }
    if (fd != STDIN_FILENO)
        close(fd);
    return failed;
}
