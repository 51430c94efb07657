#include "stream/codec.h"
#include <endian.h>
#include <string.h>
#include "base/library.h"

LIBRARY(msgpack, "msgpack-c", msgpack_version);

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are copied as they lie");

/* ---- tokens ---- */

static uint64_t big_endian(const uint8_t *at, size_t bytes)
{
    uint64_t x = 0;
    for (size_t i = 0; i < bytes; i++)
        x = x << 8 | at[i];
    return x;
}

static void set_real(struct token *t, uint64_t bits)
{
    t->type = TOKEN_REAL;
    if (t->head == 5) {
        uint32_t single = (uint32_t)bits;
        float f;
        memcpy(&f, &single, sizeof f);
        t->real = f;
    } else {
        memcpy(&t->real, &bits, sizeof t->real);
    }
}

int token_read(const uint8_t *at, size_t size, struct token *t)
{
    /* bytes of the number that follows the first byte, from 0xc0 on */
    static const uint8_t number_size[32] = {0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 4, 8, 1, 2, 4, 8,
                                            1, 2, 4, 8, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4};
    if (size == 0)
        return 0;
    uint8_t first = at[0];
    *t = (struct token){.type = TOKEN_INT, .head = 1};
    if (first < 0x80 || first >= 0xe0) {
        t->integer = (int8_t)first;
        return 1;
    }
    if (first < 0xa0) {
        t->type = first < 0x90 ? TOKEN_MAP : TOKEN_ARRAY;
        t->members = first & 0x0f;
        return 1;
    }
    if (first < 0xc0) {
        t->type = TOKEN_TEXT;
        t->length = first & 0x1f;
        return 1;
    }
    size_t bytes = number_size[first - 0xc0];
    bool extension = (first >= 0xc7 && first <= 0xc9) || (first >= 0xd4 && first <= 0xd8);
    t->head = 1 + bytes + extension;
    if (size < t->head)
        return 0;
    uint64_t x = big_endian(at + 1, bytes);
    if (extension) {
        t->type = TOKEN_EXTENSION;
        t->extension = (int8_t)at[t->head - 1];
        t->length = first >= 0xd4 ? (size_t)1 << (first - 0xd4) : x;
        return 1;
    }
    switch (first) {
    case 0xc0:
        t->type = TOKEN_NIL;
        return 1;
    case 0xc1: /* never used */
        return -1;
    case 0xc2:
    case 0xc3:
        t->type = TOKEN_BOOL;
        t->integer = first & 1;
        return 1;
    case 0xc4:
    case 0xc5:
    case 0xc6:
        t->type = TOKEN_BINARY;
        t->length = x;
        return 1;
    case 0xca:
    case 0xcb:
        set_real(t, x);
        return 1;
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        t->integer = (int64_t)x;
        t->large = x > INT64_MAX;
        return 1;
    case 0xd0:
        t->integer = (int8_t)x;
        return 1;
    case 0xd1:
        t->integer = (int16_t)x;
        return 1;
    case 0xd2:
        t->integer = (int32_t)x;
        return 1;
    case 0xd3:
        t->integer = (int64_t)x;
        return 1;
    case 0xd9:
    case 0xda:
    case 0xdb:
        t->type = TOKEN_TEXT;
        t->length = x;
        return 1;
    default:
        t->type = first < 0xde ? TOKEN_ARRAY : TOKEN_MAP;
        t->members = (uint32_t)x;
        return 1;
    }
}

const char *token_name(const struct token *t)
{
    static const char *const names[] = {"nil",    "a bool",   "an integer", "a real",      "a text",
                                        "binary", "an array", "a map",      "an extension"};
    return names[t->type];
}

/* ---- the extent of an object ---- */

int walk_object(struct walk *w, const uint8_t *bytes, size_t size, struct error *e)
{
    do {
        struct token t;
        int found = token_read(bytes + w->at, size - w->at, &t);
        if (found < 0)
            return error_set(e, "byte %zu is no MessagePack", w->at);
        if (w->at + t.head + t.length > HEADER_MOST_BYTES)
            return error_set(e, "more than %d bytes", HEADER_MOST_BYTES);
        if (found == 0 || size - w->at - t.head < t.length)
            return 0;
        w->at += t.head + t.length;
        if (++w->values > HEADER_MOST_VALUES)
            return error_set(e, "more than %d values", HEADER_MOST_VALUES);
        if (t.type == TOKEN_MAP && t.members > HEADER_MOST_MEMBERS)
            return error_set(e, "a map of %u members, more than %d", t.members,
                             HEADER_MOST_MEMBERS);
        if (w->levels)
            w->left[w->levels - 1]--;
        if ((t.type == TOKEN_MAP || t.type == TOKEN_ARRAY) && t.members) {
            if (w->levels == HEADER_MOST_LEVELS)
                return error_set(e, "more than %d levels", HEADER_MOST_LEVELS);
            w->left[w->levels++] = t.type == TOKEN_MAP ? 2 * (uint64_t)t.members : t.members;
        }
        while (w->levels && w->left[w->levels - 1] == 0)
            w->levels--;
    } while (w->levels);
    return 1;
}

/* ---- value trees ---- */

static struct value *convert(const msgpack_object *o, struct error *e);

static char *convert_text(const msgpack_object_str *s, struct error *e)
{
    if (s->size && memchr(s->ptr, 0, s->size)) {
        error_set(e, "a text with a NUL in it");
        return NULL;
    }
    char *text = s->size ? strndup(s->ptr, s->size) : strdup("");
    if (!text)
        error_set(e, "out of memory: a text");
    return text;
}

static struct value *convert_map(const msgpack_object_map *map, struct error *e)
{
    struct value *v = value_map();
    for (uint32_t i = 0; v && i < map->size; i++) {
        const msgpack_object_kv *pair = &map->ptr[i];
        if (pair->key.type != MSGPACK_OBJECT_STR) {
            error_set(e, "a map with a key that is no text");
            break;
        }
        char *key = convert_text(&pair->key.via.str, e);
        bool held = key && value_set(v, key, convert(&pair->val, e));
        if (held && v->count == i) /* it replaced an older one */
            held = error_set(e, "the key '%s' twice in one map", key) == 0;
        free(key);
        if (!held)
            break;
    }
    if (v && v->count == map->size)
        return v;
    value_free(v);
    return NULL;
}

static struct value *convert(const msgpack_object *o, struct error *e)
{
    switch (o->type) {
    case MSGPACK_OBJECT_NIL:
        return value_nil();
    case MSGPACK_OBJECT_BOOLEAN:
        return value_bool(o->via.boolean);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        if (o->via.u64 > INT64_MAX) {
            error_set(e, "an integer above %lld", (long long)INT64_MAX);
            return NULL;
        }
        return value_int((int64_t)o->via.u64);
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return value_int(o->via.i64);
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return value_real(o->via.f64);
    case MSGPACK_OBJECT_STR: {
        char *text = convert_text(&o->via.str, e);
        struct value *v = text ? value_text(text) : NULL;
        free(text);
        return v;
    }
    case MSGPACK_OBJECT_ARRAY: {
        struct value *v = value_array();
        for (uint32_t i = 0; v && i < o->via.array.size; i++)
            if (!value_append(v, convert(&o->via.array.ptr[i], e))) {
                value_free(v);
                return NULL;
            }
        return v;
    }
    case MSGPACK_OBJECT_MAP:
        return convert_map(&o->via.map, e);
    default:
        error_set(e, "a value that is no number, text, array or map");
        return NULL;
    }
}

struct value *value_unpack(const uint8_t *bytes, size_t size, struct error *e)
{
    struct value *v = NULL;
    size_t at = 0;
    msgpack_unpacked object;
    msgpack_unpacked_init(&object);
    error_set(e, "out of memory: a header");
    if (msgpack_unpack_next(&object, (const char *)bytes, size, &at) == MSGPACK_UNPACK_SUCCESS)
        v = convert(&object.data, e);
    msgpack_unpacked_destroy(&object);
    return v;
}

void text_pack(msgpack_packer *to, const char *text)
{
    size_t length = strlen(text);
    msgpack_pack_str(to, length);
    msgpack_pack_str_body(to, text, length);
}

int value_pack(msgpack_packer *to, const struct value *v, int levels)
{
    switch (v->type) {
    case VALUE_NIL:
        return msgpack_pack_nil(to);
    case VALUE_BOOL:
        return v->truth ? msgpack_pack_true(to) : msgpack_pack_false(to);
    case VALUE_INT:
        return msgpack_pack_int64(to, v->integer);
    case VALUE_REAL:
        return msgpack_pack_double(to, v->real);
    case VALUE_TEXT:
        text_pack(to, v->text);
        return 0;
    case VALUE_ARRAY:
        msgpack_pack_array(to, v->count);
        break;
    case VALUE_MAP:
        msgpack_pack_map(to, v->count);
        break;
    }
    if (v->count && levels == 0)
        return -1;
    for (size_t i = 0; i < v->count; i++) {
        if (v->key)
            text_pack(to, v->key[i]);
        if (value_pack(to, v->item[i], levels - 1))
            return -1;
    }
    return 0;
}
