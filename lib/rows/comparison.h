/* Two streams of the same images or clips, row by row. */
#ifndef ROWS_COMPARISON_H
#define ROWS_COMPARISON_H
#include "measure/quality.h"
#include "stream/stage.h"

struct comparison {
    struct quality quality;
    struct header header; /* of the second stream */
};

/* Reads both ("-": standard input), which must have the same ids in the same order, and pixels of
 * the same extents; bytes are those of the second's compress. Errors name stream and row. Free it
 * whatever is returned. */
int comparison_read(struct comparison *c, const struct call *call, const char *reference,
                    const char *path, struct error *e);
void comparison_free(struct comparison *c);

#endif
