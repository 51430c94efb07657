#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/program.h"
#include "stream/codec.h"

/* ---- elements and fields ---- */

static const struct {
    const char *name;
    size_t size;
} elements[] = {
    [ELEMENT_U8] = {"u8", 1},   [ELEMENT_I32] = {"i32", 4}, [ELEMENT_I64] = {"i64", 8},
    [ELEMENT_F32] = {"f32", 4}, [ELEMENT_F64] = {"f64", 8}, [ELEMENT_STR] = {"str", 0},
    [ELEMENT_ANY] = {"any", 0},
};
enum { ELEMENTS = sizeof elements / sizeof *elements };

size_t element_size(enum element e)
{
    return elements[e].size;
}

const char *element_name(enum element e)
{
    return elements[e].name;
}

static int element_find(const char *name)
{
    int i = 0;
    while (i < ELEMENTS && strcmp(elements[i].name, name) != 0)
        i++;
    return i < ELEMENTS ? i : -1;
}

void field_text(const struct field *f, char *text, size_t size)
{
    size_t n = (size_t)snprintf(text, size, "%s %s", f->name, element_name(f->element));
    for (int d = 0; d < f->rank && n < size; d++) {
        const char *before = d ? "," : " [", *after = d + 1 == f->rank ? "]" : "";
        if (f->extent[d] < 0)
            n += (size_t)snprintf(text + n, size - n, "%s?%s", before, after);
        else
            n += (size_t)snprintf(text + n, size - n, "%s%lld%s", before, (long long)f->extent[d],
                                  after);
    }
    if (f->rank < 0 && n < size)
        snprintf(text + n, size - n, " of any rank");
}

bool field_equal(const struct field *a, const struct field *b)
{
    return strcmp(a->name, b->name) == 0 && a->element == b->element && a->rank == b->rank &&
           (a->rank <= 0 || memcmp(a->extent, b->extent, (size_t)a->rank * sizeof *a->extent) == 0);
}

/* ---- building ---- */

/* Kinds and names are shown to people: no control characters. */
static bool is_plain(const char *text)
{
    const char *s = text;
    while ((unsigned char)*s >= ' ' && *s != 0x7f)
        s++;
    return *text && !*s;
}

int header_init(struct header *h, const char *kind, struct error *e)
{
    *h = (struct header){.kind = strdup(kind), .meta = value_map(), .history = value_array()};
    if (h->kind && h->meta && h->history)
        return 0;
    header_free(h);
    return error_set(e, "out of memory: a header");
}

int header_add_field(struct header *h, const char *name, enum element element, int rank,
                     const int64_t *extent, struct error *e)
{
    if (!is_plain(name) || header_find(h, name) >= 0)
        return error_set(e, "field '%s': expected a plain name, each field its own", name);
    if (h->fields == HEADER_MOST_FIELDS)
        return error_set(e, "more than %d fields", HEADER_MOST_FIELDS);
    if (rank < -1 || rank > STREAM_MAX_RANK)
        return error_set(e, "field %s: expected a rank of at most %d, found %d", name,
                         STREAM_MAX_RANK, rank);
    if ((element == ELEMENT_STR && rank != 0) || (element == ELEMENT_ANY && rank == 0))
        return error_set(e, "field %s: %s cannot have rank %d", name, element_name(element), rank);
    struct field f = {.element = element, .rank = rank};
    for (int d = 0; d < rank; d++) {
        if (extent[d] < -1 || extent[d] > UINT32_MAX)
            return error_set(e, "field %s: expected an extent below 2^32, found %lld", name,
                             (long long)extent[d]);
        f.extent[d] = extent[d];
    }
    struct field *grown = reallocarray(h->field, (size_t)h->fields + 1, sizeof *grown);
    if (grown)
        h->field = grown;
    if (!grown || !(f.name = strdup(name)))
        return error_set(e, "out of memory: a field");
    h->field[h->fields] = f;
    return h->fields++;
}

void header_free(struct header *h)
{
    for (int i = 0; i < h->fields; i++)
        free(h->field[i].name);
    free(h->field);
    free(h->kind);
    value_free(h->meta);
    value_free(h->history);
    *h = (struct header){0};
}

int header_copy(struct header *to, const struct header *from, struct error *e)
{
    if (header_init(to, from->kind, e))
        return -1;
    value_free(to->meta);
    value_free(to->history);
    to->meta = value_copy(from->meta);
    to->history = value_copy(from->history);
    bool good = to->meta && to->history;
    if (!good)
        error_set(e, "out of memory: a header");
    for (int i = 0; good && i < from->fields; i++) {
        const struct field *f = &from->field[i];
        good = header_add_field(to, f->name, f->element, f->rank, f->extent, e) >= 0;
    }
    if (good)
        return 0;
    header_free(to);
    return -1;
}

/* ---- look-ups ---- */

int header_find(const struct header *h, const char *name)
{
    for (int i = 0; i < h->fields; i++)
        if (strcmp(h->field[i].name, name) == 0)
            return i;
    return -1;
}

int header_require(const struct header *h, const char *name, enum element element, int rank,
                   struct error *e)
{
    int i = header_find(h, name);
    const struct field *f = &h->field[i < 0 ? 0 : i];
    bool good = i >= 0 && (element == ELEMENT_ANY || f->element == element) &&
                (rank == -1 || f->rank == rank);
    if (good)
        return i;
    char found[160];
    if (i < 0)
        snprintf(found, sizeof found, "a stream of %s without it", h->kind);
    else
        field_text(f, found, sizeof found);
    if (rank < 0)
        return error_set(e, "expected a field %s of type %s, found %s", name, element_name(element),
                         found);
    return error_set(e, "expected a field %s of type %s and rank %d, found %s", name,
                     element_name(element), rank, found);
}

int header_require_kind(const struct header *h, const char *kinds, struct error *e)
{
    size_t length = strlen(h->kind);
    for (const char *k = kinds; *k; k += strcspn(k, "|"), k += *k == '|')
        if (strcspn(k, "|") == length && strncmp(k, h->kind, length) == 0)
            return 0;
    return error_set(e, "expected a stream of %s, found one of %s", kinds, h->kind);
}

/* ---- packing ---- */

static void pack_field(msgpack_packer *to, const struct field *f)
{
    msgpack_pack_array(to, 3);
    text_pack(to, f->name);
    text_pack(to, element_name(f->element));
    if (f->rank < 0) {
        msgpack_pack_nil(to);
        return;
    }
    msgpack_pack_array(to, (size_t)f->rank);
    for (int d = 0; d < f->rank; d++) {
        if (f->extent[d] < 0)
            msgpack_pack_nil(to);
        else
            msgpack_pack_int64(to, f->extent[d]);
    }
}

int header_pack(const struct header *h, msgpack_sbuffer *to, struct error *e)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, to, msgpack_sbuffer_write);
    msgpack_pack_map(&packer, 5);
    text_pack(&packer, HEADER_MAGIC_KEY);
    msgpack_pack_int(&packer, 1);
    text_pack(&packer, "kind");
    text_pack(&packer, h->kind);
    text_pack(&packer, "fields");
    msgpack_pack_array(&packer, (size_t)h->fields);
    for (int i = 0; i < h->fields; i++)
        pack_field(&packer, &h->field[i]);
    text_pack(&packer, "meta");
    bool good = value_is_whole(h->meta) && value_is_whole(h->history) &&
                value_pack(&packer, h->meta, HEADER_MOST_LEVELS - 1) == 0;
    text_pack(&packer, "history");
    good = value_pack(&packer, h->history, HEADER_MOST_LEVELS - 1) == 0 && good;
    /* never write what no reader would take, nor less than all of it where memory is out */
    struct walk walk = {0};
    int whole = walk_object(&walk, (const uint8_t *)to->data, to->size, e);
    if (whole < 0)
        return error_wrap(e, "the header");
    if (!good || whole == 0 || walk.at != to->size)
        return error_set(e, "the header: out of memory, or meta of too many levels");
    if (h->history->count > HEADER_MOST_HISTORY)
        return error_set(e, "a history of more than %d entries", HEADER_MOST_HISTORY);
    return 0;
}

static int unpack_field(struct header *h, const struct value *v, struct error *e)
{
    bool shaped = v->type == VALUE_ARRAY && v->count == 3 && v->item[0]->type == VALUE_TEXT &&
                  v->item[1]->type == VALUE_TEXT;
    if (!shaped)
        return error_set(e, "field %d: expected [name, type, dims]", h->fields + 1);
    const char *name = v->item[0]->text;
    int element = element_find(v->item[1]->text);
    if (element < 0)
        return error_set(e, "field %s: unknown type '%s'", name, v->item[1]->text);
    const struct value *dims = v->item[2];
    if (dims->type == VALUE_NIL)
        return header_add_field(h, name, (enum element)element, -1, NULL, e);
    if (dims->type != VALUE_ARRAY || dims->count > STREAM_MAX_RANK)
        return error_set(e, "field %s: expected at most %d dims", name, STREAM_MAX_RANK);
    int64_t extent[STREAM_MAX_RANK];
    for (size_t d = 0; d < dims->count; d++) {
        const struct value *x = dims->item[d];
        if (x->type != VALUE_NIL && (x->type != VALUE_INT || x->integer < 0))
            return error_set(e, "field %s: expected dims that are nil or not below 0", name);
        extent[d] = x->type == VALUE_NIL ? -1 : x->integer;
    }
    return header_add_field(h, name, (enum element)element, (int)dims->count, extent, e);
}

/* Moves a member of the packed header into the place of an empty one. */
static int take_member(struct value **place, struct value *map, const char *key, struct error *e)
{
    struct value *v = (struct value *)value_get(map, key);
    if (!v)
        return 0;
    if (v->type != (*place)->type)
        return error_set(e, "expected %s to be %s", key,
                         (*place)->type == VALUE_MAP ? "a map" : "an array");
    struct value held = *v;
    *v = **place;
    **place = held;
    return 0;
}

static int unpack_members(struct header *h, struct value *map, struct error *e)
{
    const struct value *fields = value_get(map, "fields");
    if (!fields || fields->type != VALUE_ARRAY || fields->count == 0)
        return error_set(e, "expected fields, an array that is not empty");
    for (size_t i = 0; i < fields->count; i++)
        if (unpack_field(h, fields->item[i], e) < 0)
            return -1;
    if (take_member(&h->meta, map, "meta", e) || take_member(&h->history, map, "history", e))
        return -1;
    if (h->history->count > HEADER_MOST_HISTORY)
        return error_set(e, "a history of more than %d entries", HEADER_MOST_HISTORY);
    for (size_t i = 0; i < h->history->count; i++)
        if (h->history->item[i]->type != VALUE_MAP)
            return error_set(e, "expected the history to be an array of maps");
    return 0;
}

int header_unpack(struct header *h, const uint8_t *bytes, size_t size, struct error *e)
{
    *h = (struct header){0};
    struct value *map = value_unpack(bytes, size, e);
    if (!map)
        return -1;
    int64_t version = value_get_int(map, HEADER_MAGIC_KEY, -1);
    const char *kind = value_get_text(map, "kind", "");
    int result = 0;
    if (version != 1)
        result =
            error_set(e, "expected version 1 of the tensor stream, found %lld", (long long)version);
    else if (!is_plain(kind))
        result = error_set(e, "expected a kind, a plain word");
    else if ((result = header_init(h, kind, e)) == 0)
        result = unpack_members(h, map, e);
    value_free(map);
    if (result)
        header_free(h);
    return result;
}

bool history_has(const struct value *history, const struct value *entry)
{
    for (size_t i = 0; i < history->count; i++)
        if (value_equal(history->item[i], entry))
            return true;
    return false;
}

int history_join(struct header *a, const struct header *b, struct error *e)
{
    size_t known = 0;
    for (size_t i = 0; i < a->history->count; i++)
        known += history_has(b->history, a->history->item[i]);
    if (known == a->history->count) { /* b's holds all, and in the order that it came about */
        struct value *whole = value_copy(b->history);
        if (!whole)
            return error_set(e, "out of memory: the history");
        value_free(a->history);
        a->history = whole;
        return 0;
    }
    for (size_t i = 0; i < b->history->count; i++) {
        if (history_has(a->history, b->history->item[i]))
            continue;
        if (a->history->count == HEADER_MOST_HISTORY)
            return error_set(e, "a history of more than %d entries", HEADER_MOST_HISTORY);
        if (!value_append(a->history, value_copy(b->history->item[i])))
            return error_set(e, "out of memory: the history");
    }
    return 0;
}

/* What the numbers in the rows mean has to be the same: of the rest the first part's stands. */
static int join_meta(const struct value *a, const struct value *b, struct error *e)
{
    static const char *const meaning[] = {"classes", "void", "scores"};
    for (size_t i = 0; i < sizeof meaning / sizeof *meaning; i++) {
        const struct value *of_a = value_get(a, meaning[i]), *of_b = value_get(b, meaning[i]);
        if ((of_a || of_b) && !(of_a && of_b && value_equal(of_a, of_b)))
            return error_set(e, "expected the first part's meta %s, found another", meaning[i]);
    }
    return 0;
}

int header_join(struct header *a, const struct header *b, struct error *e)
{
    char wanted[160], found[160];
    if (strcmp(a->kind, b->kind) != 0)
        return error_set(e, "expected the kind of the first part, %s, found %s", a->kind, b->kind);
    if (a->fields != b->fields)
        return error_set(e, "expected the first part's %d fields, found %d", a->fields, b->fields);
    for (int i = 0; i < a->fields; i++) {
        if (field_equal(&a->field[i], &b->field[i]))
            continue;
        field_text(&a->field[i], wanted, sizeof wanted);
        field_text(&b->field[i], found, sizeof found);
        return error_set(e, "expected the first part's field %s, found %s", wanted, found);
    }
    return join_meta(a->meta, b->meta, e) || history_join(a, b, e) ? -1 : 0;
}

/* ---- history ---- */

int history_add(struct header *h, const char *program, const struct value *arguments, uint64_t seed,
                const struct value *inputs, struct error *e)
{
    struct value *entry = value_map();
    bool good = value_set_text(entry, "program", program) &&
                value_set_text(entry, "version", winnow_version()) &&
                value_set(entry, "arguments", arguments ? value_copy(arguments) : value_array()) &&
                value_set_int(entry, "seed", (int64_t)seed) &&
                value_set(entry, "inputs", inputs ? value_copy(inputs) : value_array());
    if (!good) {
        value_free(entry);
        return error_set(e, "out of memory: the history");
    }
    return value_append(h->history, entry) ? 0 : error_set(e, "out of memory: the history");
}
