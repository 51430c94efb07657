#include "search/watch.h"

#include <stdarg.h>

void watch_begin(struct watch *w, const struct call *c, double images, double done)
{
    *w = (struct watch){.before = done};
    progress_begin(&w->bar, c, "image", images);
}

void watch_images(void *to, size_t images)
{
    struct watch *w = to;
    progress_at(&w->bar, w->before + (double)images, *w->note ? w->note : NULL);
}

void watch_epoch(struct watch *w, size_t images, const char *format, ...)
{
    w->before += (double)images;
    if (!format)
        return;
    va_list a;
    va_start(a, format);
    vsnprintf(w->note, sizeof w->note, format, a);
    va_end(a);
}

void watch_end(struct watch *w)
{
    progress_end(&w->bar);
}
