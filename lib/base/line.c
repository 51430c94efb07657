#include "base/line.h"
#include <stdlib.h>
#include "base/memory.h"

int line_read(struct line *l, FILE *from, size_t most, struct error *e)
{
    int c;
    l->length = 0;
    if (array_grow((void **)&l->text, &l->capacity, 1, 1, "a line", e))
        return -1;
    while ((c = getc_unlocked(from)) != EOF && c != '\n') {
        if (!c || l->length == most)
            return error_set(
                e, c ? "a line longer than %zu bytes" : "a line with a zero byte in it", most);
        if (array_grow((void **)&l->text, &l->capacity, l->length + 2, 1, "a line", e))
            return -1;
        l->text[l->length++] = (char)c;
    }
    if (c == EOF && ferror(from))
        return error_set(e, "cannot read:");
    if (c == EOF && !l->length)
        return 0;
    if (l->length && l->text[l->length - 1] == '\r')
        l->length--;
    l->text[l->length] = 0;
    return 1;
}

void line_free(struct line *l)
{
    free(l->text);
    *l = (struct line){0};
}
