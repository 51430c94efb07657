/* Text that may come from anywhere. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

/* The length of the well-formed UTF-8 sequence at s, or 0. */
int utf8_length(const char *s);

/* Makes one line of it that a terminal only shows: '?' for each control character (line feeds, what
 * a terminal takes for a command) and for each byte that is no UTF-8. */
void text_make_printable(char *text);

#endif
