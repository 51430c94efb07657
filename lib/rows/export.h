/* A stream's rows to files of other tools' formats: a row of one table a format, each in its own
 * file export_*.c. Every file appears whole or not at all. */
#ifndef ROWS_EXPORT_H
#define ROWS_EXPORT_H
#include <stdio.h>
#include "base/file.h"
#include "stream/stream.h"

struct export;
struct export_format {
    const char *name;
    bool folder; /* writes into a folder, which must be named; else to a file or standard output */
    int (*begin)(struct export *x, struct error *e);
    int (*row)(struct export *x, const struct cell *row, struct error *e);
    int (*end)(struct export *x, struct error *e);
    bool binary; /* a file that is no text: not for a terminal */
};
#define EXPORT_WORDS "npy|png|y4m|coded|idx|tsv|json|safetensors" /* their names */
const struct export_format *export_find(const char *name);        /* NULL: there is none */

struct export
{
    const struct export_format *format;
    const char *to; /* borrowed, as is the header */
    const struct header *header;
    int id, label, image, name, value; /* fields, -1 where missing or of no use */
    int64_t row;
    struct npy *array;   /* npy: one a field */
    struct output *file; /* npy: of texts; else: the one or two outputs */
    FILE *text;          /* what is to be written next, in memory */
    struct text_buffer buffer;
    uint8_t *labels;
    size_t labels_capacity;
    uint32_t extent[3];
    void *own;                   /* the format's, from array_new */
    void (*own_free)(void *own); /* what it holds; NULL: nothing */
};

/* `to`: the folder, or the file (NULL: standard output). Makes folders and opens files. */
int export_begin(struct export *x, const struct export_format *f, const char *to,
                 const struct header *h, struct error *e);
int export_row(struct export *x, const struct cell *row, struct error *e);
/* Puts the files in place. */
int export_end(struct export *x, struct error *e);
void export_free(struct export *x);

/* ---- for the formats ---- */
extern const struct export_format EXPORT_NPY, EXPORT_PNG, EXPORT_Y4M, EXPORT_CODED, EXPORT_IDX,
    EXPORT_TSV, EXPORT_JSON, EXPORT_SAFETENSORS;

/* "to/name.ending" of a name that came with the stream; it must stay within the folder. */
char *export_path(const struct export *x, const char *name, const char *ending, struct error *e);
/* Whether all of a field's cells are of one type and shape. */
bool export_is_fixed(const struct field *f);
/* Starts x->text; what is printed to it gathers in memory. */
int export_text_begin(struct export *x, struct error *e);
/* Writes it where it is at least so many bytes. */
int export_text_flush(struct export *x, struct output *to, size_t much, struct error *e);
#endif
