#include "network/architecture.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include "base/file.h"
#include "base/memory.h"
#include "network/kept_ops.h"
#include "network/weights.h"

enum {
    MOST_TEXT = 1 << 16,  /* of one */
    MOST_TEXTS = 1 << 27, /* of many */
    MOST_OF_SPACE = 32    /* of its name in meta */
};

static const char *const cell_names[] = {"normal", "reduce"};

/* Meta's `concat`, which darts alone has. */
static bool set_concat(struct value *meta, const struct genotype *g)
{
    const struct value *good = meta;
    for (int i = 0; i < 2; i++) {
        const struct cell_genotype *cell = i ? &g->reduce : &g->normal;
        struct value *concat = value_set_map(meta, "concat");
        struct value *list = value_set(concat, cell_names[i], value_array());
        for (int k = 0; k < cell->concats && good; k++)
            good = value_append(list, value_int(cell->concat[k]));
    }
    return good;
}

int architecture_header(struct header *h, const struct architecture *a, struct error *e)
{
    if (header_init(h, "architecture", e))
        return -1;
    if (header_add_field(h, "cell", ELEMENT_STR, 0, NULL, e) < 0 ||
        header_add_field(h, "node", ELEMENT_I32, 0, NULL, e) < 0 ||
        header_add_field(h, "op", ELEMENT_STR, 0, NULL, e) < 0 ||
        header_add_field(h, "input", ELEMENT_I32, 0, NULL, e) < 0)
        goto failed;
    if (value_set_text(h->meta, "space", a->space->name) &&
        (a->space != &SPACE_DARTS || set_concat(h->meta, &a->genotype)))
        return 0;
    error_set(e, "out of memory");
failed:
    header_free(h);
    return -1;
}

int architecture_write(struct stream_writer *w, const struct architecture *a, struct error *e)
{
    for (int i = 0; i < a->space->rows; i++) {
        struct gene_row gene;
        a->space->row(a, i, &gene);
        const struct cell row[] = {
            cell_text(gene.cell),
            cell_int(ELEMENT_I32, gene.node),
            cell_text(gene.op),
            cell_int(ELEMENT_I32, gene.input),
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

static int read_meta(struct architecture *a, const struct value *meta, struct error *e)
{
    const char *name = value_get_text(meta, "space", "darts");
    const struct search_space *space = search_space_find(name);
    if (!space)
        return error_set(e, "meta: no space is called %.*s", MOST_OF_SPACE, name);
    architecture_at(a, space, 0);
    if (space != &SPACE_DARTS)
        return 0;
    return read_concat(&a->genotype.normal, meta, "normal", e) ||
                   read_concat(&a->genotype.reduce, meta, "reduce", e)
               ? -1
               : 0;
}

static int read_architecture(struct architecture *a, struct stream_reader *r, struct error *e)
{
    const struct header *h = stream_header(r);
    const struct cell *row;
    int cell, node, op, input, more;

    if ((cell = header_require(h, "cell", ELEMENT_STR, 0, e)) < 0 ||
        (node = header_require(h, "node", ELEMENT_I32, 0, e)) < 0 ||
        (op = header_require(h, "op", ELEMENT_STR, 0, e)) < 0 ||
        (input = header_require(h, "input", ELEMENT_I32, 0, e)) < 0 || read_meta(a, h->meta, e))
        return error_wrap(e, "%s", stream_path(r));
    const int rows = a->space->rows;
    while ((more = stream_read(r, &row, e)) == 1) {
        const int i = (int)stream_rows(r) - 1;
        struct gene_row want;
        if (i >= rows)
            return error_set(e, "%s: more than %d rows, expected one a gene", stream_path(r), rows);
        a->space->row(a, i, &want);
        if (strcmp(row[cell].data, want.cell) != 0 || row[node].integer != want.node)
            return error_set(e, "%s: row %d: expected cell %s, node %d", stream_path(r), i + 1,
                             want.cell, want.node);
        const struct gene_row found = {
            .op = row[op].data, .node = want.node, .input = (int)row[input].integer};
        if (a->space->take_row(a, i, &found, e))
            return error_wrap(e, "%s: row %d", stream_path(r), i + 1);
    }
    if (more == 0 && stream_rows(r) != rows)
        return error_set(e, "%s: %d rows, expected %d", stream_path(r), (int)stream_rows(r), rows);
    return more;
}

/* A tensor of a state that tells what was found. */
struct tensor {
    const char *name;
    int rows, columns; /* columns 0: it has but one extent */
    bool found;
    float value[SPACE_MOST_ROWS * SPACE_MOST_COLUMNS];
};

static int read_tensor(struct tensor *t, const struct cell *value, const char *path,
                       struct error *e)
{
    const size_t count = (size_t)t->rows * (size_t)(t->columns ? t->columns : 1);
    char columns[16] = "";
    if (t->columns)
        snprintf(columns, sizeof columns, ", %d", t->columns);
    if (value->element != ELEMENT_F32 || value->count != count)
        return error_set(e, "%s: tensor %s: expected f32 [%d%s]", path, t->name, t->rows, columns);
    memcpy(t->value, value->data, count * sizeof *t->value);
    for (size_t k = 0; k < count; k++)
        if (!isfinite(t->value[k]))
            return error_set(e, "%s: tensor %s: element %zu is no finite number", path, t->name, k);
    t->found = true;
    return 0;
}

/* Those that the state must have. */
static int read_tensors(struct tensor *t, int count, struct stream_reader *r, struct error *e)
{
    const struct header *h = stream_header(r);
    const struct cell *row;
    int name, value, more;
    if ((name = header_require(h, "name", ELEMENT_STR, 0, e)) < 0 ||
        (value = header_require(h, "value", ELEMENT_ANY, -1, e)) < 0)
        return error_wrap(e, "%s", stream_path(r));
    while ((more = stream_read(r, &row, e)) == 1)
        for (int i = 0; i < count; i++)
            if (strcmp(row[name].data, t[i].name) == 0 &&
                read_tensor(&t[i], &row[value], stream_path(r), e))
                return -1;
    if (more < 0)
        return -1;
    for (int i = 0; i < count; i++)
        if (!t[i].found)
            return error_set(e, "%s: no architecture parameters (tensor %s): not a search state",
                             stream_path(r), t[i].name);
    return 0;
}

static int read_state(struct architecture *a, struct stream_reader *r, struct error *e)
{
    const struct value *network = value_get(stream_header(r)->meta, "network");
    const char *space_name = value_get_text(network, "space", "darts");
    const struct search_space *s = search_space_find(space_name);
    const bool partial = s && s->edge_table[0] && value_get_int(network, "partial", 0) > 0;
    const struct value *operations = value_get(network, "operations");
    float wide[SPACE_MOST_TABLES][CELL_EDGES * PRIMITIVES] = {{0}};
    struct kept_ops kept = {0};
    struct tensor tensor[2 * SPACE_MOST_TABLES] = {{0}};
    struct cell_parameters found[SPACE_MOST_TABLES] = {{0}};

    if (!s)
        return error_set(e, "%s: meta: no space is called %.*s", stream_path(r), MOST_OF_SPACE,
                         space_name);
    const int64_t skips = value_get_int(network, "most_skips", GENOTYPE_PAIRS);
    if (skips < 0 || skips > GENOTYPE_PAIRS)
        return error_set(e, "%s: meta: network: most_skips: expected 0 to %d, found %lld",
                         stream_path(r), GENOTYPE_PAIRS, (long long)skips);
    const struct value *search = value_get(stream_header(r)->meta, "search");
    const char *told = value_get_text(value_get(search, "kept"), "found", NULL);
    if (told && architecture_parse(a, s, told, strlen(told), e))
        return error_wrap(e, "%s: meta: search: kept: found", stream_path(r));
    if (operations && kept_ops_from_value(&kept, s, operations, e))
        return error_wrap(e, "%s: meta", stream_path(r));
    for (int i = 0; i < s->tables; i++) {
        struct tensor *op = &tensor[i], *edge = &tensor[s->tables + i];
        const struct space_table *t = &s->table[i];
        *op = (struct tensor){
            .name = t->name, .rows = t->rows, .columns = operations ? kept.count : t->columns};
        *edge = (struct tensor){.name = s->edge_table[i], .rows = t->rows};
        found[i] = (struct cell_parameters){.op = operations ? wide[i] : op->value,
                                            .edge = partial ? edge->value : NULL};
    }
    if (read_tensors(tensor, partial ? 2 * s->tables : s->tables, r, e))
        return -1;
    for (int i = 0; operations && i < s->tables; i++)
        kept_ops_widen(&kept, i, tensor[i].value, wide[i]);
    found[0].fewest_others = GENOTYPE_PAIRS - (int)skips;
    if (!told)
        architecture_derive(a, s, found);
    return 0;
}

static int read_stream(struct architecture *a, struct stream_reader *r, struct header *from,
                       char digest[17], struct error *e)
{
    int failed = header_require_kind(stream_header(r), "architecture|weights", e);
    if (failed)
        error_wrap(e, "%s", stream_path(r));
    else if (strcmp(stream_header(r)->kind, "weights") == 0)
        failed = read_state(a, r, e);
    else
        failed = read_architecture(a, r, e);
    if (!failed && a->space->check(a, e))
        failed = error_wrap(e, "%s", stream_path(r));
    if (!failed && digest)
        snprintf(digest, 17, "%s", stream_digest(r));
    if (!failed && from)
        failed = header_copy(from, stream_header(r), e);
    return failed;
}

/* An input by its first byte: a stream, or text. */
struct source {
    const char *name; /* for messages */
    struct stream_reader *stream;
    char *text; /* owned, of `size` bytes; NULL of a stream */
    size_t size;
};

static int source_open(struct source *s, const char *path, size_t most,
                       const struct stream_limits *limits, struct error *e)
{
    char first;
    *s = (struct source){.name = path && strcmp(path, "-") ? path : "standard input"};
    const int fd = input_open(path, e);
    if (fd < 0)
        return -1;
    const ssize_t got = input_read(fd, &first, 1, e);
    if (got >= 0 && (got == 0 || (unsigned char)first >= 0x80)) {
        s->stream = stream_open_after(path, fd, &first, (size_t)got, limits, e);
        return s->stream ? 0 : -1;
    }
    if (got > 0)
        s->text = input_read_rest(fd, &first, 1, most, &s->size, e);
    if (fd != STDIN_FILENO)
        close(fd);
    return s->text ? 0 : error_wrap(e, "%s", s->name);
}

static void source_close(struct source *s)
{
    stream_close(s->stream);
    free(s->text);
}

int architecture_read(struct architecture *a, const char *path, const struct stream_limits *limits,
                      struct header *from, char digest[17], struct error *e)
{
    struct source s;
    if (source_open(&s, path, MOST_TEXT, limits, e))
        return -1;
    int failed = 0;
    if (s.stream) {
        failed = read_stream(a, s.stream, from, digest, e);
    } else if (architecture_parse(a, NULL, s.text, s.size, e)) {
        failed = error_wrap(e, "%s", s.name);
    } else {
        if (digest)
            snprintf(digest, 17, "%016llx", (unsigned long long)XXH3_64bits(s.text, s.size));
        failed = from ? header_init(from, "architecture", e) : 0;
    }
    source_close(&s);
    return failed;
}

static struct architecture *add(struct architectures *all, struct error *e)
{
    void *each = all->each;
    if (array_grow(&each, &all->capacity, all->count + 1, sizeof *all->each, "architectures", e))
        return NULL;
    all->each = each;
    return &all->each[all->count++];
}

static int read_lines(struct architectures *all, const struct source *s, struct error *e)
{
    const char *line = s->text, *end = s->text + s->size;
    struct error not_one;
    struct architecture *whole = add(all, e); /* one may go over several lines */
    if (!whole)
        return -1;
    if (!architecture_parse(whole, NULL, s->text, s->size, &not_one))
        return 0;
    all->count = 0;
    for (long long number = 1; line < end; number++) {
        const char *feed = memchr(line, '\n', (size_t)(end - line));
        const size_t length = (size_t)((feed ? feed : end) - line);
        if (strspn(line, " \t\r") < length) {
            struct architecture *a = add(all, e);
            if (!a)
                return -1;
            if (architecture_parse(a, NULL, line, length, e))
                return error_wrap(e, "%s: line %lld", s->name, number);
        }
        line += length + 1;
    }
    return all->count ? 0 : error_set(e, "%s: no architecture", s->name);
}

int architectures_read(struct architectures *all, const char *path,
                       const struct stream_limits *limits, struct error *e)
{
    struct source s;
    *all = (struct architectures){0};
    if (source_open(&s, path, MOST_TEXTS, limits, e))
        return -1;
    struct architecture *one = s.stream ? add(all, e) : NULL;
    const int failed = one        ? read_stream(one, s.stream, NULL, NULL, e)
                       : s.stream ? -1
                                  : read_lines(all, &s, e);
    source_close(&s);
    if (failed)
        architectures_free(all);
    return failed;
}

void architectures_free(struct architectures *all)
{
    free(all->each);
    *all = (struct architectures){0};
}
