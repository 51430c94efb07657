#include "base/value.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <xxhash.h>
#include "base/library.h"
#include "base/memory.h"

static const char *xxhash_version(void)
{
    static char text[32];
    const unsigned v = XXH_versionNumber();
    snprintf(text, sizeof text, "%u.%u.%u", v / 10000, v / 100 % 100, v % 100);
    return text;
}
LIBRARY(xxhash, "xxHash", xxhash_version);

static struct value *value_new(enum value_type type)
{
    struct value *v = calloc(1, sizeof *v);
    if (v)
        v->type = type;
    return v;
}

struct value *value_nil(void)
{
    return value_new(VALUE_NIL);
}

struct value *value_bool(bool truth)
{
    struct value *v = value_new(VALUE_BOOL);
    if (v)
        v->truth = truth;
    return v;
}

struct value *value_int(int64_t integer)
{
    struct value *v = value_new(VALUE_INT);
    if (v)
        v->integer = integer;
    return v;
}

struct value *value_real(double real)
{
    struct value *v = value_new(VALUE_REAL);
    if (v)
        v->real = real;
    return v;
}

struct value *value_text(const char *text)
{
    struct value *v = value_new(VALUE_TEXT);
    if (v && !(v->text = strdup(text))) {
        free(v);
        return NULL;
    }
    return v;
}

struct value *value_array(void)
{
    return value_new(VALUE_ARRAY);
}

struct value *value_map(void)
{
    return value_new(VALUE_MAP);
}

void value_free(struct value *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->count; i++) {
        value_free(v->item[i]);
        if (v->key)
            free(v->key[i]);
    }
    if (v->type == VALUE_TEXT)
        free(v->text);
    free(v->item);
    free(v->key);
    free(v->place);
    free(v);
}

/* ---- maps: where a key is ---- */

enum { FEW = 16 }; /* members that are looked through one by one */

/* The place of a key in an open-addressed table of twice the capacity: what it holds is 0 or a
 * member's number plus 1. Seeded by the process's own random bytes, so that no file can be made of
 * keys that collide. */
static uint32_t *value_place(const struct value *v, const char *key)
{
    const void *random = (const void *)getauxval(AT_RANDOM); /* at any address */
    uint64_t seed = 0;
    if (random)
        memcpy(&seed, random, sizeof seed);
    size_t mask = 2 * v->capacity - 1;
    size_t i = XXH3_64bits_withSeed(key, strlen(key), seed) & mask;
    while (v->place[i] && strcmp(v->key[v->place[i] - 1], key) != 0)
        i = (i + 1) & mask;
    return &v->place[i];
}

/* Without memory for a table the map is merely slower. */
static void value_index(struct value *v)
{
    free(v->place);
    v->place = v->key && v->capacity > FEW && v->capacity < UINT32_MAX / 2
                   ? calloc(2 * v->capacity, sizeof *v->place)
                   : NULL;
    for (size_t i = 0; v->place && i < v->count; i++)
        *value_place(v, v->key[i]) = (uint32_t)i + 1;
}

static size_t value_find(const struct value *v, const char *key)
{
    size_t i = 0;
    if (v->place)
        return *value_place(v, key) ? *value_place(v, key) - 1 : v->count;
    while (i < v->count && strcmp(v->key[i], key) != 0)
        i++;
    return i;
}

static int value_grow(struct value *v)
{
    if (v->count < v->capacity)
        return 0;
    size_t capacity = v->capacity ? 2 * v->capacity : 4;
    struct value **item = reallocarray(v->item, capacity, sizeof *item);
    if (!item)
        return -1;
    v->item = item;
    if (v->type == VALUE_MAP) {
        char **key = reallocarray(v->key, capacity, sizeof *key);
        if (!key)
            return -1;
        v->key = key;
    }
    v->capacity = capacity;
    value_index(v);
    return 0;
}

/* Adds a member of a map, whose key is new to it; takes both. -1, and takes nothing, where memory
 * is out. */
static int value_put(struct value *v, char *key, struct value *child)
{
    if (value_grow(v))
        return -1;
    v->key[v->count] = key;
    v->item[v->count++] = child;
    if (v->place)
        *value_place(v, key) = (uint32_t)v->count;
    return 0;
}

static struct value *value_lose(struct value *v, struct value *child)
{
    if (v)
        v->lost = true;
    value_free(child);
    return NULL;
}

struct value *value_append(struct value *v, struct value *child)
{
    if (!v || !child || v->type != VALUE_ARRAY || value_grow(v))
        return value_lose(v, child);
    return v->item[v->count++] = child;
}

struct value *value_set(struct value *v, const char *key, struct value *child)
{
    if (!v || !child || v->type != VALUE_MAP)
        return value_lose(v, child);
    size_t at = value_find(v, key);
    if (at < v->count) {
        value_free(v->item[at]);
        return v->item[at] = child;
    }
    char *name = strdup(key);
    if (name && value_put(v, name, child) == 0)
        return child;
    free(name);
    return value_lose(v, child);
}

struct value *value_set_int(struct value *v, const char *key, int64_t integer)
{
    return value_set(v, key, value_int(integer));
}

struct value *value_set_real(struct value *v, const char *key, double real)
{
    return value_set(v, key, value_real(real));
}

struct value *value_set_text(struct value *v, const char *key, const char *text)
{
    return value_set(v, key, value_text(text));
}

struct value *value_set_bool(struct value *v, const char *key, bool truth)
{
    return value_set(v, key, value_bool(truth));
}

struct value *value_set_map(struct value *v, const char *key)
{
    struct value *there = (struct value *)value_get(v, key);
    return there && there->type == VALUE_MAP ? there : value_set(v, key, value_map());
}

void value_remove(struct value *v, const char *key)
{
    size_t at = v && v->type == VALUE_MAP ? value_find(v, key) : 0;
    if (!v || v->type != VALUE_MAP || at == v->count)
        return;
    value_free(v->item[at]);
    free(v->key[at]);
    v->count--;
    memmove(v->item + at, v->item + at + 1, (v->count - at) * sizeof *v->item);
    memmove(v->key + at, v->key + at + 1, (v->count - at) * sizeof *v->key);
    value_index(v);
}

struct value *value_copy(const struct value *v)
{
    if (!v || v->lost)
        return NULL;
    if (v->type == VALUE_TEXT)
        return value_text(v->text);
    struct value *copy = value_new(v->type);
    if (!copy)
        return NULL;
    if (v->type == VALUE_BOOL)
        copy->truth = v->truth;
    else if (v->type == VALUE_INT)
        copy->integer = v->integer;
    else if (v->type == VALUE_REAL)
        copy->real = v->real;
    for (size_t i = 0; i < v->count; i++) {
        struct value *child = value_copy(v->item[i]);
        char *key = v->key ? strdup(v->key[i]) : NULL;
        bool good = v->key ? key && child && value_put(copy, key, child) == 0
                           : value_append(copy, child) != NULL;
        if (good)
            continue;
        if (v->key)
            value_free(child);
        free(key);
        value_free(copy);
        return NULL;
    }
    return copy;
}

const struct value *value_get(const struct value *v, const char *key)
{
    if (!v || v->type != VALUE_MAP)
        return NULL;
    size_t at = value_find(v, key);
    return at < v->count ? v->item[at] : NULL;
}

int64_t value_get_int(const struct value *v, const char *key, int64_t fallback)
{
    const struct value *x = value_get(v, key);
    return x && x->type == VALUE_INT ? x->integer : fallback;
}

double value_get_real(const struct value *v, const char *key, double fallback)
{
    const struct value *x = value_get(v, key);
    if (x && x->type == VALUE_INT)
        return (double)x->integer;
    return x && x->type == VALUE_REAL ? x->real : fallback;
}

const char *value_get_text(const struct value *v, const char *key, const char *fallback)
{
    const struct value *x = value_get(v, key);
    return x && x->type == VALUE_TEXT ? x->text : fallback;
}

bool value_get_bool(const struct value *v, const char *key, bool fallback)
{
    const struct value *x = value_get(v, key);
    return x && x->type == VALUE_BOOL ? x->truth : fallback;
}

static bool maps_equal(const struct value *a, const struct value *b)
{
    for (size_t i = 0; i < a->count; i++) {
        /* most equal maps have their keys in the same order */
        bool same = strcmp(a->key[i], b->key[i]) == 0;
        const struct value *other = same ? b->item[i] : value_get(b, a->key[i]);
        if (!value_equal(a->item[i], other))
            return false;
    }
    return true;
}

bool value_is_whole(const struct value *v)
{
    bool whole = v && !v->lost;
    for (size_t i = 0; whole && i < v->count; i++)
        whole = value_is_whole(v->item[i]);
    return whole;
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (!a || !b)
        return a == b;
    if (a->type != b->type || a->count != b->count)
        return false;
    switch (a->type) {
    case VALUE_NIL:
        return true;
    case VALUE_BOOL:
        return a->truth == b->truth;
    case VALUE_INT:
        return a->integer == b->integer;
    case VALUE_REAL: /* bit for bit, so that a NaN equals itself */
        return memcmp(&a->real, &b->real, sizeof a->real) == 0;
    case VALUE_TEXT:
        return strcmp(a->text, b->text) == 0;
    case VALUE_ARRAY:
        for (size_t i = 0; i < a->count; i++)
            if (!value_equal(a->item[i], b->item[i]))
                return false;
        return true;
    case VALUE_MAP:
        return maps_equal(a, b);
    }
    return false;
}
