/* Weights as safetensors: eight bytes with the size of a JSON header, the header, which tells each
 * tensor's type, shape and place, and the elements, little-endian, end to end. Under
 * "__metadata__", where texts may stand, go the stream's meta and history as JSON: so the way back
 * is exact. https://github.com/huggingface/safetensors */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/memory.h"
#include "rows/export.h"
#include "rows/import.h"

enum { MOST_HEADER = 16 << 20, ALIGNMENT = 8, SIZE_BYTES = 8 };

static const char METADATA[] = "__metadata__";

static const char *const TYPES[] = {
    [ELEMENT_U8] = "U8",   [ELEMENT_I32] = "I32", [ELEMENT_I64] = "I64",
    [ELEMENT_F32] = "F32", [ELEMENT_F64] = "F64",
};
enum { ELEMENTS = sizeof TYPES / sizeof *TYPES };

/* ---- save ---- */

struct gathered {
    struct value *header; /* a map */
    uint8_t *data;
    size_t size, capacity;
};

static void forget(void *own)
{
    struct gathered *g = own;
    value_free(g->header);
    free(g->data);
}

static int put_json(struct value *to, const char *key, const struct value *v, struct error *e)
{
    autofree char *text = value_json_text(v);
    return text && value_set_text(to, key, text) ? 0 : error_set(e, "out of memory");
}

static int begin_save(struct export *x, struct error *e)
{
    struct gathered *g = x->own = array_new(1, sizeof *g, "weights", e);
    if (!g)
        return -1;
    x->own_free = forget;
    if (header_require_kind(x->header, "weights", e))
        return -1;
    if (x->name < 0)
        return error_set(e, "expected the fields name str and value any");
    g->header = value_map();
    struct value *metadata = value_set_map(g->header, METADATA);
    return put_json(metadata, "meta", x->header->meta, e) ||
           put_json(metadata, "history", x->header->history, e) || output_open(x->file, x->to, e);
}

static int row_save(struct export *x, const struct cell *row, struct error *e)
{
    struct gathered *g = x->own;
    const char *name = row[x->name].data;
    const struct cell *cell = &row[x->value];
    size_t bytes = cell->count * element_size(cell->element);
    if (value_get(g->header, name))
        return error_set(e, "tensor %s: there twice", name);
    if (array_grow((void **)&g->data, &g->capacity, g->size + bytes, 1, "weights", e))
        return -1;
    if (bytes)
        memcpy(g->data + g->size, cell->data, bytes);
    struct value *tensor = value_set(g->header, name, value_map());
    struct value *good = value_set_text(tensor, "dtype", TYPES[cell->element]);
    struct value *shape = value_set(tensor, "shape", value_array());
    for (int i = 0; i < cell->rank && good; i++)
        good = value_append(shape, value_int(cell->extent[i]));
    struct value *place = value_set(tensor, "data_offsets", value_array());
    if (!good || !shape || !value_append(place, value_int((int64_t)g->size)) ||
        !value_append(place, value_int((int64_t)(g->size + bytes))))
        return error_set(e, "out of memory");
    g->size += bytes;
    return 0;
}

static int end_save(struct export *x, struct error *e)
{
    static const char blanks[ALIGNMENT] = "        ";
    struct gathered *g = x->own;
    autofree char *text = value_json_text(g->header);
    if (!text)
        return error_set(e, "out of memory");
    size_t size = strlen(text), pad = (ALIGNMENT - size % ALIGNMENT) % ALIGNMENT;
    uint8_t head[SIZE_BYTES];
    if (size + pad > MOST_HEADER)
        return error_set(e, "a header of %zu bytes, more than the %d that are read", size,
                         MOST_HEADER);
    for (int i = 0; i < SIZE_BYTES; i++)
        head[i] = (uint8_t)((uint64_t)(size + pad) >> 8 * i);
    return output_write(x->file, head, sizeof head, e) || output_write(x->file, text, size, e) ||
           output_write(x->file, blanks, pad, e) || output_write(x->file, g->data, g->size, e) ||
           output_commit(x->file, e);
}

const struct export_format EXPORT_SAFETENSORS = {"safetensors", false,    begin_save,
                                                 row_save,      end_save, true};

/* ---- load ---- */

struct tensor {
    const char *name; /* the header's */
    enum element element;
    int rank, order; /* in the header */
    uint32_t extent[STREAM_MAX_RANK];
    uint64_t begin, end;
};

struct opened {
    int fd;
    struct value *header;
    struct tensor *tensor;
    size_t tensors;
};

static int by_place(const void *a, const void *b)
{
    const struct tensor *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end != y->end ? (x->end < y->end ? -1 : 1) : x->order - y->order;
}

static int read_all(int fd, void *to, size_t size, const char *what, struct error *e)
{
    ssize_t got = input_read(fd, to, size, e);
    return got == (ssize_t)size ? 0 : got < 0 ? -1 : error_set(e, "it ends within %s", what);
}

static int read_shape(struct tensor *t, const struct value *shape, uint64_t *bytes, struct error *e)
{
    size_t count = element_size(t->element);
    if (!shape || shape->type != VALUE_ARRAY || shape->count > STREAM_MAX_RANK)
        return error_set(e, "expected a shape of at most %d extents", STREAM_MAX_RANK);
    t->rank = (int)shape->count;
    for (int i = 0; i < t->rank; i++) {
        const struct value *v = shape->item[i];
        if (v->type != VALUE_INT || v->integer < 0 || v->integer > UINT32_MAX ||
            size_multiply(count, (size_t)v->integer, &count))
            return error_set(
                e, "extent %d: expected a whole number of 0 or more, such that all fits memory",
                i + 1);
        t->extent[i] = (uint32_t)v->integer;
    }
    *bytes = count;
    return 0;
}

static int read_place(struct tensor *t, const struct value *place, uint64_t bytes, struct error *e)
{
    const struct value *const *v = place && place->type == VALUE_ARRAY && place->count == 2
                                       ? (const struct value *const *)place->item
                                       : NULL;
    if (!v || v[0]->type != VALUE_INT || v[1]->type != VALUE_INT || v[0]->integer < 0 ||
        v[1]->integer < v[0]->integer)
        return error_set(e, "expected data_offsets, where it begins and ends");
    t->begin = (uint64_t)v[0]->integer;
    t->end = (uint64_t)v[1]->integer;
    if (t->end - t->begin != bytes)
        return error_set(e, "%llu bytes, its shape needs %llu",
                         (unsigned long long)(t->end - t->begin), (unsigned long long)bytes);
    return 0;
}

static int read_tensor(struct tensor *t, const struct value *v, const struct stream_limits *limits,
                       struct error *e)
{
    const char *type = value_get_text(v, "dtype", "none");
    uint64_t bytes = 0;
    int element = 0;
    while (element < ELEMENTS && strcmp(TYPES[element], type))
        element++;
    if (element == ELEMENTS)
        return error_set(e, "elements of type %s, expected U8, I32, I64, F32 or F64", type);
    t->element = (enum element)element;
    if (read_shape(t, value_get(v, "shape"), &bytes, e) ||
        read_place(t, value_get(v, "data_offsets"), bytes, e))
        return -1;
    if (bytes > limits->most_tensor_bytes)
        return error_set(e, "%llu bytes, more than --max-tensor allows", (unsigned long long)bytes);
    return 0;
}

/* The tensors in the order of their bytes, which must lie end to end. */
static int read_tensors(struct opened *o, const struct stream_limits *limits, struct error *e)
{
    const struct value *h = o->header;
    if (h->type != VALUE_MAP)
        return error_set(e, "its header is no JSON object");
    o->tensor = array_new(h->count, sizeof *o->tensor, "tensors", e);
    if (!o->tensor)
        return -1;
    for (size_t i = 0; i < h->count; i++) {
        struct tensor *t = &o->tensor[o->tensors];
        if (!strcmp(h->key[i], METADATA))
            continue;
        *t = (struct tensor){.name = h->key[i], .order = (int)i};
        if (read_tensor(t, h->item[i], limits, e))
            return error_wrap(e, "tensor %s", t->name);
        o->tensors++;
    }
    qsort(o->tensor, o->tensors, sizeof *o->tensor, by_place);
    for (size_t i = 0; i < o->tensors; i++)
        if (o->tensor[i].begin != (i ? o->tensor[i - 1].end : 0))
            return error_set(e, "tensor %s: its bytes do not begin where the last one's end",
                             o->tensor[i].name);
    return 0;
}

/* Metadata that save left: JSON of this type, put in place of *to. */
static int take_json(const struct opened *o, const char *key, enum value_type type,
                     struct value **to, struct error *e)
{
    const char *text = value_get_text(value_get(o->header, METADATA), key, NULL);
    struct value *v = text ? value_parse_json(text, strlen(text), e) : NULL;
    if (!text)
        return 0;
    if (!v || v->type != type) {
        if (v)
            error_set(e, "expected an %s", type == VALUE_MAP ? "object" : "array");
        value_free(v);
        return error_wrap(e, "%s: %s", METADATA, key);
    }
    value_free(*to);
    *to = v;
    return 0;
}

static int read_header(struct opened *o, struct error *e)
{
    uint8_t head[SIZE_BYTES];
    uint64_t size = 0;
    if (read_all(o->fd, head, sizeof head, "the size of its header", e))
        return -1;
    for (int i = 0; i < SIZE_BYTES; i++)
        size |= (uint64_t)head[i] << 8 * i;
    if (size < 2 || size > MOST_HEADER)
        return error_set(e, "no safetensors: a header of %llu bytes, expected 2 to %d",
                         (unsigned long long)size, MOST_HEADER);
    autofree char *text = array_new(size, 1, "safetensors header", e);
    if (!text || read_all(o->fd, text, size, "its header", e))
        return -1;
    o->header = value_parse_json(text, size, e);
    return o->header ? 0 : error_wrap(e, "header");
}

static int begin_load(struct import *m, struct error *e)
{
    struct opened *o = m->own = array_new(1, sizeof *o, "safetensors", e);
    if (!o)
        return -1;
    o->fd = input_open(m->from, e);
    return o->fd < 0 || read_header(o, e) || read_tensors(o, &m->limits, e) ||
                   header_init(&m->header, "weights", e) ||
                   header_add_field(&m->header, "name", ELEMENT_STR, 0, NULL, e) < 0 ||
                   header_add_field(&m->header, "value", ELEMENT_ANY, -1, NULL, e) < 0 ||
                   take_json(o, "meta", VALUE_MAP, &m->header.meta, e) ||
                   take_json(o, "history", VALUE_ARRAY, &m->header.history, e)
               ? -1
               : 0;
}

static int row_load(struct import *m, struct stream_writer *w, struct error *e)
{
    struct opened *o = m->own;
    if ((size_t)m->row == o->tensors) {
        char more;
        ssize_t got = input_read(o->fd, &more, 1, e);
        return got > 0 ? error_set(e, "it goes on behind its tensors") : (int)got;
    }
    const struct tensor *t = &o->tensor[m->row];
    autofree void *data = array_new(t->end - t->begin, 1, "tensor", e);
    if (!data || read_all(o->fd, data, t->end - t->begin, "a tensor", e))
        return error_wrap(e, "tensor %s", t->name);
    const struct cell row[] = {cell_text(t->name),
                               cell_tensor(t->element, t->rank, t->extent, data)};
    return stream_write(w, row, e) ? -1 : 1;
}

static void end_load(struct import *m)
{
    struct opened *o = m->own;
    if (!o)
        return;
    if (o->fd > STDIN_FILENO)
        close(o->fd);
    value_free(o->header);
    free(o->tensor);
    free(o);
    m->own = NULL;
}

const struct import_format IMPORT_SAFETENSORS = {"safetensors", "FILE", begin_load, row_load,
                                                 end_load};
