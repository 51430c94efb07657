/* Files of other tools' formats to a stream, export.h's way back: a row of one table a format, each
 * in its own file. What is read is hostile: every size is checked before it is allocated. */
#ifndef ROWS_IMPORT_H
#define ROWS_IMPORT_H
#include "stream/stream.h"

#define IMPORT_WORDS "npy|tsv|json|safetensors" /* their names */

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
    struct header header;    /* owned */
    int64_t row;             /* rows written */
    bool counts, unlabelled; /* rows get an id, a label */
    void *own;               /* the format's */
};

int import_open(struct import *m, const struct import_format *f, const char *from,
                const struct stream_limits *limits, struct error *e);
int import_next(struct import *m, struct stream_writer *w, struct error *e);
void import_close(struct import *m);

/* ---- for the formats ---- */
extern const struct import_format IMPORT_NPY, IMPORT_TSV, IMPORT_JSON, IMPORT_SAFETENSORS;

enum { IMPORT_MOST_FIELDS = 64, IMPORT_CELLS = 2 };

/* Makes m->header of these fields, copied, in their order. The kind is told by their names:
 * "samples" by image, "latents" by z, "predictions" by scores, "hardness" by easiness, "ids" by id
 * alone, else "arrays". A row but of arrays that has no id gets its number, one of samples without
 * a label -1. */
int import_header(struct import *m, const struct field *field, int fields, struct error *e);
/* The cells that the next row gets so, before those of the fields; how many, IMPORT_CELLS
 * at most. */
int import_cells(const struct import *m, struct cell *cell);
#endif
