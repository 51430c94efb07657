/* Rows that are worked on many at a time, by all threads, while their neighbours are read and
 * written; they come out in the order in which they came in. */
#ifndef ROWS_BATCH_H
#define ROWS_BATCH_H
#include "stream/stream.h"

struct batch_job {
    void *context;
    size_t result_size; /* what the work makes of a row; kept, zeroed at first, and used again */
    /* About how many bytes that will hold. */
    size_t (*room)(void *context, const struct cell *row);
    /* Any thread, `thread` from 0 to below OpenMP's most; no two with the same one at a time. What
     * the cells point to is a copy, which may be written over. */
    int (*work)(void *context, int thread, struct cell *row, void *result, struct error *e);
    /* One thread, in order. */
    int (*write)(void *context, const struct cell *row, void *result, struct error *e);
    void (*free)(void *result); /* what it holds */
};

/* All rows of r, as many at a time as make some megabytes, or one a thread. An error names the
 * stream and the row. */
int batch_run(const struct batch_job *job, struct stream_reader *r, struct error *e);

#endif
