/* Lines of a text of any origin, none longer than the caller allows. */
#ifndef BASE_LINE_H
#define BASE_LINE_H
#include <stddef.h>
#include <stdio.h>
#include "base/error.h"

struct line {
    char *text; /* the line last read, without its end, NUL-terminated; owned; NULL before */
    size_t length;
    size_t capacity;
};

/* Reads the next line, which "\n" or "\r\n" ends, or the end of the file: 1, 0 where there is none,
 * -1 where it cannot be read, has more than `most` bytes, or a NUL among them. */
int line_read(struct line *l, FILE *from, size_t most, struct error *e);
void line_free(struct line *l);

#endif
