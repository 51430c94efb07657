/* A tree of named values: what a stream's header holds and what a --json report prints. Maps keep
 * their insertion order. A tree is owned by its root; value_free(root) frees it all. */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/error.h"

enum value_type {
    VALUE_NIL,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_REAL,
    VALUE_TEXT,
    VALUE_ARRAY,
    VALUE_MAP
};

struct value {
    enum value_type type;
    union {
        bool truth;
        int64_t integer;
        double real;
        char *text; /* owned, NUL-terminated UTF-8 */
    };
    bool lost;    /* a member is missing, as memory was out when it was to be added */
    size_t count; /* members of an array or a map */
    size_t capacity;
    struct value **item; /* owned */
    char **key;          /* maps only, owned, unique */
    uint32_t *place;     /* large maps only, owned: where keys are, for look-ups in constant time */
};

/* Constructors return NULL where memory is out; so do the setters below, and they accept a NULL
 * child by returning NULL, so that a chain of calls is checked once, at its end. What could not be
 * set or appended is noted besides: nothing prints, copies or packs a tree that lost a part. */
struct value *value_nil(void);
struct value *value_bool(bool truth);
struct value *value_int(int64_t integer);
struct value *value_real(double real);
struct value *value_text(const char *text);
struct value *value_array(void);
struct value *value_map(void);
struct value *value_copy(const struct value *v);
void value_free(struct value *v); /* NULL is fine */

/* Take ownership of child (freed on failure); set replaces an older member of that key. Return
 * child, or NULL where memory is out or v is NULL. */
struct value *value_append(struct value *v, struct value *child);
struct value *value_set(struct value *v, const char *key, struct value *child);

/* Shorthands: value_set(v, key, value_int(i)) and so on. */
struct value *value_set_int(struct value *v, const char *key, int64_t integer);
struct value *value_set_real(struct value *v, const char *key, double real);
struct value *value_set_text(struct value *v, const char *key, const char *text);
struct value *value_set_bool(struct value *v, const char *key, bool truth);
/* The map under key, made where it is missing (or is no map). */
struct value *value_set_map(struct value *v, const char *key);
void value_remove(struct value *v, const char *key);

/* Look-ups: NULL or the fallback where v is NULL, no map, has no such key or another type.
 * value_get_real accepts integers. */
const struct value *value_get(const struct value *v, const char *key);
int64_t value_get_int(const struct value *v, const char *key, int64_t fallback);
double value_get_real(const struct value *v, const char *key, double fallback);
const char *value_get_text(const struct value *v, const char *key, const char *fallback);
bool value_get_bool(const struct value *v, const char *key, bool fallback);

/* Whether there is such a tree and nothing of it was lost. */
bool value_is_whole(const struct value *v);
bool value_equal(const struct value *a, const struct value *b);

/* Prints JSON (RFC 8259), two spaces an indent level, arrays of scalars on one line; a real that
 * is no number prints null, others with the fewest digits that read back the same. Returns -1
 * after a write error, or for a tree that is not whole. */
int value_print_json(const struct value *v, FILE *to);
/* The same on one line, without a line feed; as a malloc'd string, or NULL. */
int value_print_line(const struct value *v, FILE *to);
char *value_json_text(const struct value *v);
/* Parses JSON of at most 64 levels, in time that grows as the text does, and some 50 bytes of
 * memory a byte of it; NULL with the error set (position, what was expected). */
struct value *value_parse_json(const char *text, size_t length, struct error *e);

#endif
