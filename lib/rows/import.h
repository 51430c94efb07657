/* Files of other tools' formats to a stream, export.h's way back: a row of one table a format, each
 * in its own file. What is read is hostile: every size is checked before it is allocated. */
#ifndef ROWS_IMPORT_H
#define ROWS_IMPORT_H
#include "stream/stream.h"

#define IMPORT_WORDS "npy|safetensors" /* their names */

struct import;
struct import_format {
    const char *name;
    const char *operands; /* for the usage line */
    /* Opens m->from and fills the header, which is free of fields beforehand. */
    int (*begin)(struct import *m, struct error *e);
    /* Writes the next row: 1, 0 at the end, -1 on error. */
    int (*row)(struct import *m, struct stream_writer *w, struct error *e);
    void (*end)(struct import *m); /* frees m->own */
};
const struct import_format *import_find(const char *name); /* NULL: there is none */

struct import {
    const struct import_format *format;
    const char *from; /* borrowed */
    struct stream_limits limits;
    struct header header; /* owned */
    int64_t row;          /* rows written */
    void *own;            /* the format's */
};

int import_open(struct import *m, const struct import_format *f, const char *from,
                const struct stream_limits *limits, struct error *e);
int import_next(struct import *m, struct stream_writer *w, struct error *e);
void import_close(struct import *m);

/* ---- for the table ---- */
extern const struct import_format IMPORT_NPY, IMPORT_SAFETENSORS;
#endif
