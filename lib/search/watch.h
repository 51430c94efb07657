/* How far a training is, to whoever watches it: a bar over the images of all its epochs, with a
 * note on the last one. */
#ifndef SEARCH_WATCH_H
#define SEARCH_WATCH_H
#include "base/program.h"

struct watch {
    struct progress bar;
    double before; /* images of the epochs that are done */
    char note[160];
};

/* `images` in all, of which `done` were seen in calls before. */
void watch_begin(struct watch *w, const struct call *c, double images, double done);
/* What trainers call (to: the watch) with the images done of an epoch. */
void watch_images(void *to, size_t images);
/* An epoch of so many images is done. The format may be NULL: no note. */
void watch_epoch(struct watch *w, size_t images, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void watch_end(struct watch *w);

#endif
