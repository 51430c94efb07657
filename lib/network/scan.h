/* A text of one line, read from its first character on: what parsers of architectures share. */
#ifndef NETWORK_SCAN_H
#define NETWORK_SCAN_H
#include <stdbool.h>
#include <stddef.h>
#include "base/error.h"

struct scan {
    const char *text;
    size_t length, at;
    struct error *e;
};
/* Past the white space around it. */
struct scan scan_begin(const char *text, size_t length, struct error *e);
bool scan_ended(const struct scan *s);
/* -1 with "column N: expected WHAT, found 'X'". */
int scan_expected(const struct scan *s, const char *what);
/* Goes past the character, or the word, where it stands next; need: else an error. */
bool scan_take(struct scan *s, char c);
bool scan_take_word(struct scan *s, const char *word);
int scan_need(struct scan *s, char c);
/* Goes past at most three digits: their number, or -1 where there are none. */
int scan_number(struct scan *s);

#endif
