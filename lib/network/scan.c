#include "network/scan.h"
#include <stdio.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

struct scan scan_begin(const char *text, size_t length, struct error *e)
{
    struct scan s = {text, length, 0, e};
    while (s.length && is_blank(text[s.length - 1]))
        s.length--;
    while (s.at < s.length && is_blank(text[s.at]))
        s.at++;
    return s;
}

bool scan_ended(const struct scan *s)
{
    return s->at == s->length;
}

int scan_expected(const struct scan *s, const char *what)
{
    char found[8] = "the end";
    if (!scan_ended(s))
        snprintf(found, sizeof found, "'%c'", s->text[s->at]);
    return error_set(s->e, "column %zu: expected %s, found %s", s->at + 1, what, found);
}

bool scan_take(struct scan *s, char c)
{
    const bool there = !scan_ended(s) && s->text[s->at] == c;
    s->at += there;
    return there;
}

bool scan_take_word(struct scan *s, const char *word)
{
    const size_t n = strlen(word);
    const bool there = s->length - s->at >= n && !memcmp(s->text + s->at, word, n);
    s->at += there ? n : 0;
    return there;
}

int scan_need(struct scan *s, char c)
{
    const char what[] = {'\'', c, '\'', '\0'};
    return scan_take(s, c) ? 0 : scan_expected(s, what);
}

int scan_number(struct scan *s)
{
    const size_t first = s->at;
    int number = 0;
    for (; !scan_ended(s) && s->at < first + 3; s->at++) {
        const char c = s->text[s->at];
        if (c < '0' || c > '9')
            break;
        number = 10 * number + c - '0';
    }
    return s->at > first ? number : -1;
}
