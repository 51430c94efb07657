#include "base/text.h"
#include <stdlib.h>
#include <string.h>

/* ---- text in memory ---- */

static ssize_t buffer_write(void *to, const char *bytes, size_t size)
{
    struct text_buffer *b = to;
    if (b->capacity - b->size <= size) {
        size_t capacity = 2 * (b->size + size) + 1;
        char *text = realloc(b->text, capacity);
        if (!text)
            return 0; /* by which stdio knows an error */
        b->text = text;
        b->capacity = capacity;
    }
    memcpy(b->text + b->size, bytes, size);
    b->size += size;
    b->text[b->size] = 0;
    return (ssize_t)size;
}

FILE *text_buffer_open(struct text_buffer *b)
{
    *b = (struct text_buffer){.text = calloc(1, 1), .capacity = 1};
    FILE *to = b->text ? fopencookie(b, "w", (cookie_io_functions_t){.write = buffer_write}) : NULL;
    if (!to) {
        free(b->text);
        *b = (struct text_buffer){0};
    }
    return to;
}

int text_buffer_close(FILE *to, struct text_buffer *b)
{
    bool failed = !to || !b->text || fflush(to) || ferror(to);
    if (to && fclose(to))
        failed = true;
    return failed ? -1 : 0;
}

/* ---- what may be shown ---- */

int utf8_length(const char *text)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *s = (const unsigned char *)text;
    if (s[0] < 0x80)
        return 1;
    int length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    unsigned code = s[0] & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3f);
    }
    bool surrogate = code >= 0xd800 && code < 0xe000;
    return code < least[length] || code > 0x10ffff || surrogate ? 0 : length;
}

/* U+0000 to U+001F, U+007F, and U+0080 to U+009F, which are 0xc2 and a byte. */
static bool is_control(const char *s)
{
    unsigned char first = (unsigned char)s[0], second = (unsigned char)s[1];
    return first < ' ' || first == 0x7f || (first == 0xc2 && second < 0xa0);
}

/* How many bytes from s on can be shown as they are; 0: not even the first, and of a control of two
 * bytes the second, alone, is no UTF-8 either. */
static int shown_length(const char *s)
{
    return is_control(s) ? 0 : utf8_length(s);
}

void text_make_printable(char *text)
{
    for (int length; *text; text += length ? length : 1)
        if (!(length = shown_length(text)))
            *text = '?';
}

bool text_is_printable(const char *text)
{
    for (int length; *text; text += length)
        if (!(length = shown_length(text)))
            return false;
    return true;
}

void text_print_printable(const char *text, FILE *to)
{
    for (int length; *text; text += length ? length : 1)
        if ((length = shown_length(text)))
            fwrite(text, 1, (size_t)length, to);
        else
            putc('?', to);
}
