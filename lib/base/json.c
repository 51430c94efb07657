/* JSON out of and into value trees (RFC 8259). */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "base/value.h"

enum { ONE_LINE = -1, MOST_LEVELS = 64 };

/* ---- printing ---- */

static void print_text(const char *text, FILE *to)
{
    fputc('"', to);
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        const char *short_escape = strchr("\bb\ff\nn\rr\tt", *s);
        int length = utf8_length((const char *)s);
        if (*s == '"' || *s == '\\')
            fprintf(to, "\\%c", *s);
        else if (*s < 0x20 && short_escape)
            fprintf(to, "\\%c", short_escape[1]);
        else if (*s < 0x20 || *s == 0x7f)
            fprintf(to, "\\u%04x", *s);
        else if (length == 0)
            fputs("\\ufffd", to); /* a byte of a file name, say, that is no UTF-8 */
        else
            fwrite(s, 1, (size_t)length, to);
        s += length ? length : 1;
    }
    fputc('"', to);
}

static void print_real(double real, FILE *to)
{
    char text[40];
    if (!isfinite(real)) {
        fputs("null", to);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, real);
        if (strtod(text, NULL) == real)
            break;
    }
    /* the point keeps it a real when it is read back */
    fprintf(to, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

static bool is_scalar(const struct value *v)
{
    return v->type != VALUE_ARRAY && v->type != VALUE_MAP;
}

static void print_break(int level, FILE *to)
{
    fprintf(to, "\n%*s", 2 * level, "");
}

static void print_value(const struct value *v, int level, FILE *to)
{
    bool map = v->type == VALUE_MAP, spread = level != ONE_LINE && map;
    switch (v->type) {
    case VALUE_NIL:
        fputs("null", to);
        return;
    case VALUE_BOOL:
        fputs(v->truth ? "true" : "false", to);
        return;
    case VALUE_INT:
        fprintf(to, "%lld", (long long)v->integer);
        return;
    case VALUE_REAL:
        print_real(v->real, to);
        return;
    case VALUE_TEXT:
        print_text(v->text, to);
        return;
    case VALUE_ARRAY:
    case VALUE_MAP:
        break;
    }
    for (size_t i = 0; i < v->count && level != ONE_LINE && !spread; i++)
        spread = !is_scalar(v->item[i]);
    fputc(map ? '{' : '[', to);
    for (size_t i = 0; i < v->count; i++) {
        if (spread)
            print_break(level + 1, to);
        if (map) {
            print_text(v->key[i], to);
            fputs(": ", to);
        }
        print_value(v->item[i], spread ? level + 1 : level, to);
        if (i + 1 < v->count)
            fputs(spread ? "," : ", ", to);
    }
    if (spread && v->count)
        print_break(level, to);
    fputc(map ? '}' : ']', to);
}

int value_print_json(const struct value *v, FILE *to)
{
    if (!value_is_whole(v))
        return -1;
    print_value(v, 0, to);
    fputc('\n', to);
    return fflush(to) || ferror(to) ? -1 : 0;
}

int value_print_line(const struct value *v, FILE *to)
{
    if (!value_is_whole(v))
        return -1;
    print_value(v, ONE_LINE, to);
    return ferror(to) ? -1 : 0;
}

char *value_json_text(const struct value *v)
{
    struct text_buffer b;
    FILE *to = text_buffer_open(&b);
    if (!to)
        return NULL;
    bool good = !value_print_line(v, to);
    if (text_buffer_close(to, &b) || !good) {
        free(b.text);
        return NULL;
    }
    return b.text;
}

/* ---- parsing ---- */

struct parser {
    const char *start, *at, *end;
    struct error *error;
};

static void *expected(struct parser *p, const char *what)
{
    size_t line = 1, column = 1;
    for (const char *s = p->start; s < p->at; s++) {
        column = *s == '\n' ? 1 : column + 1;
        line += *s == '\n';
    }
    char found[8] = "the end";
    if (p->at < p->end)
        snprintf(found, sizeof found, *p->at > ' ' && *p->at < 127 ? "'%c'" : "0x%02x",
                 (unsigned char)*p->at);
    error_set(p->error, "line %zu, column %zu: expected %s, found %s", line, column, what, found);
    return NULL;
}

static void *no_memory(struct parser *p)
{
    error_set(p->error, "out of memory: a JSON text");
    return NULL;
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r'))
        p->at++;
}

static bool accept(struct parser *p, char c)
{
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static bool parse_hex(struct parser *p, unsigned *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        const char *digits = "0123456789abcdef";
        const char *digit = p->at < p->end && *p->at ? strchr(digits, *p->at | 0x20) : NULL;
        if (!digit || !((*p->at >= '0' && *p->at <= '9') || (*p->at | 0x20) >= 'a'))
            return false;
        *code = *code << 4 | (unsigned)(digit - digits);
    }
    return true;
}

static char *put_utf8(char *to, unsigned code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

/* The character of the escape after a backslash, or 0 with the error set. */
static unsigned parse_escape(struct parser *p)
{
    static const char letters[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    for (const char *l = letters; *l && p->at < p->end; l += 2)
        if (accept(p, *l))
            return (unsigned char)l[1];
    unsigned code, low;
    if (!accept(p, 'u') || !parse_hex(p, &code)) {
        expected(p, "an escape");
        return 0;
    }
    if (code >= 0xd800 && code < 0xdc00) {
        if (!accept(p, '\\') || !accept(p, 'u') || !parse_hex(p, &low) || low < 0xdc00 ||
            low >= 0xe000) {
            expected(p, "the second half of a surrogate pair");
            return 0;
        }
        return 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code == 0 || (code >= 0xdc00 && code < 0xe000)) {
        expected(p, "a character other than NUL or half a surrogate pair");
        return 0;
    }
    return code;
}

static char *parse_text(struct parser *p)
{
    if (!accept(p, '"'))
        return expected(p, "a text");
    const char *close = p->at;
    while (close < p->end && *close != '"')
        close += *close == '\\' && close + 1 < p->end ? 2 : 1;
    char *text = malloc((size_t)(close - p->at) + 1), *to = text;
    if (!text)
        return no_memory(p);
    while (!accept(p, '"')) {
        if (p->at == p->end || (unsigned char)*p->at < 0x20) {
            free(text);
            return expected(p, "a character of a text, or its closing '\"'");
        }
        if (!accept(p, '\\')) {
            *to++ = *p->at++;
            continue;
        }
        unsigned code = parse_escape(p);
        if (!code) {
            free(text);
            return NULL;
        }
        to = put_utf8(to, code);
    }
    *to = 0;
    return text;
}

static size_t skip_digits(struct parser *p)
{
    const char *start = p->at;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
        p->at++;
    return (size_t)(p->at - start);
}

static struct value *parse_number(struct parser *p)
{
    const char *start = p->at;
    bool whole = true;
    accept(p, '-');
    if (!accept(p, '0') && !skip_digits(p))
        return expected(p, "a value");
    if (accept(p, '.')) {
        whole = false;
        if (!skip_digits(p))
            return expected(p, "a digit");
    }
    if (accept(p, 'e') || accept(p, 'E')) {
        whole = false;
        if (!accept(p, '+'))
            accept(p, '-');
        if (!skip_digits(p))
            return expected(p, "a digit");
    }
    char *text = strndup(start, (size_t)(p->at - start));
    if (!text)
        return no_memory(p);
    errno = 0;
    long long integer = whole ? strtoll(text, NULL, 10) : 0;
    whole = whole && errno == 0;
    double real = whole ? 0 : strtod(text, NULL);
    free(text);
    if (isinf(real)) { /* it would print as null */
        p->at = start;
        return expected(p, "a number of at most 1.8e308");
    }
    struct value *v = whole ? value_int(integer) : value_real(real);
    return v ? v : no_memory(p);
}

static struct value *parse_value(struct parser *p, int levels);

static struct value *parse_members(struct parser *p, struct value *v, char close, int levels)
{
    skip_space(p);
    if (accept(p, close))
        return v;
    while (true) {
        char *key = NULL;
        skip_space(p);
        if (v->type == VALUE_MAP) {
            if (!(key = parse_text(p)))
                return NULL;
            skip_space(p);
            if (!accept(p, ':')) {
                free(key);
                return expected(p, "':'");
            }
        }
        struct value *child = parse_value(p, levels - 1);
        struct value *held = !child ? NULL
                             : key  ? value_set(v, key, child)
                                    : value_append(v, child);
        free(key);
        if (!held)
            return child ? no_memory(p) : NULL;
        skip_space(p);
        if (accept(p, close))
            return v;
        if (!accept(p, ','))
            return expected(p, close == '}' ? "',' or '}'" : "',' or ']'");
    }
}

static struct value *parse_word(struct parser *p, const char *word, struct value *v)
{
    size_t length = strlen(word);
    if (!v)
        return no_memory(p);
    if ((size_t)(p->end - p->at) < length || memcmp(p->at, word, length) != 0) {
        value_free(v);
        return expected(p, "a value");
    }
    p->at += length;
    return v;
}

static struct value *parse_value(struct parser *p, int levels)
{
    skip_space(p);
    if (p->at == p->end)
        return expected(p, "a value");
    if (levels == 0)
        return expected(p, "at most 64 levels");
    switch (*p->at) {
    case 'n':
        return parse_word(p, "null", value_nil());
    case 't':
        return parse_word(p, "true", value_bool(true));
    case 'f':
        return parse_word(p, "false", value_bool(false));
    case '"': {
        char *text = parse_text(p);
        struct value *v = text ? value_text(text) : NULL;
        if (text && !v)
            no_memory(p);
        free(text);
        return v;
    }
    case '[':
    case '{': {
        bool map = *p->at++ == '{';
        struct value *v = map ? value_map() : value_array();
        if (!v)
            return no_memory(p);
        if (parse_members(p, v, map ? '}' : ']', levels))
            return v;
        value_free(v);
        return NULL;
    }
    default:
        return parse_number(p);
    }
}

struct value *value_parse_json(const char *text, size_t length, struct error *e)
{
    struct parser p = {.start = text, .at = text, .end = text + length, .error = e};
    struct value *v = parse_value(&p, MOST_LEVELS);
    skip_space(&p);
    if (v && p.at < p.end) {
        value_free(v);
        return expected(&p, "the end");
    }
    return v;
}
