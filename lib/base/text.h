/* Text that may come from anywhere. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Text that is printed to a FILE and kept in memory. Unlike open_memstream's, which loses text in
 * silence where memory is out, this FILE then fails, as ferror and text_buffer_close tell. */
struct text_buffer {
    char *text; /* NUL-terminated after a flush or the close; the owner frees it */
    size_t size, capacity;
};

/* NULL where memory is out. The buffer has to stay where it is until the FILE is closed. */
FILE *text_buffer_open(struct text_buffer *b);
/* Closes the FILE (NULL is fine); -1 where not all of the text is in the buffer. */
int text_buffer_close(FILE *to, struct text_buffer *b);

/* The length of the well-formed UTF-8 sequence at s, or 0. */
int utf8_length(const char *s);

/* Makes one line of it that a terminal only shows: '?' for each control character (line feeds, what
 * a terminal takes for a command) and for each byte that is no UTF-8. */
void text_make_printable(char *text);
/* Whether it is such a line as it stands. */
bool text_is_printable(const char *text);
/* Prints it as that line. */
void text_print_printable(const char *text, FILE *to);

#endif
