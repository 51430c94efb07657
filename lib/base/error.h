/* Errors rise as text. A function of lib/ that can fail takes a `struct error *` last and returns
 * -1 or NULL after it has filled the text; its callers may put context in front as it rises; only
 * program.c prints it. Nothing in lib/ exits. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

struct error {
    char text[1024];
};

/* Sets the text (printf's format); a format that ends in ':' gets strerror(errno) added, as in
 * "cannot open %s:". Always returns -1, so that `return error_set(e, ...)` reads well. */
int error_set(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts context in front of the text: error_wrap(e, "%s: row %d", path, row) makes
 * "path: row 7: what was wrong". Always returns -1. */
int error_wrap(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
