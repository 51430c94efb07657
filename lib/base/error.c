#include "base/error.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *e, const char *format, ...)
{
    int why = errno;
    va_list a;
    va_start(a, format);
    vsnprintf(e->text, sizeof e->text, format, a);
    va_end(a);
    size_t length = strlen(e->text);
    if (format[0] && format[strlen(format) - 1] == ':')
        snprintf(e->text + length, sizeof e->text - length, " %s", strerror(why));
    return -1;
}

int error_wrap(struct error *e, const char *format, ...)
{
    struct error inner = *e;
    va_list a;
    va_start(a, format);
    vsnprintf(e->text, sizeof e->text, format, a);
    va_end(a);
    size_t length = strlen(e->text);
    snprintf(e->text + length, sizeof e->text - length, ": %s", inner.text);
    return -1;
}
