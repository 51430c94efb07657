/* Predictions as text, for those that another framework made: a line of names, "id", "label" and
 * one a class, then a line a row, all parted by tabs. Ids are not looked at; labels are whole
 * numbers 0 .. classes - 1, scores decimal numbers. */
#ifndef MEASURE_TSV_H
#define MEASURE_TSV_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/line.h"

enum { TSV_LINE = 1 << 20 }; /* bytes in a line, without its end */

struct tsv {
    FILE *from; /* the caller's, as is its closing */
    struct line line;
    char *heading; /* the first line, cut into names */
    char **name;   /* [classes], into heading */
    int classes;
    float *score; /* [classes], of the row last read */
    int64_t label;
    int64_t rows; /* read so far */
};

/* Reads the line of names. */
int tsv_begin(struct tsv *t, FILE *from, struct error *e);
/* 1 and label and score filled, 0 at the end, -1 with an error that names the row. */
int tsv_read(struct tsv *t, struct error *e);
void tsv_free(struct tsv *t);

#endif
