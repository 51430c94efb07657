/* Several predictions of the same things into one: of each id the mean over the streams, weighted, of
 * the mean over a stream's rows of that id of their probabilities (late fusion: Simonyan and
 * Zisserman, NIPS 2014). */
#ifndef ROWS_FUSION_H
#define ROWS_FUSION_H
#include "stream/stage.h"

struct fusion {
    const struct call *call;
    struct header header; /* of the first stream: its meta and history */
    struct value *inputs; /* the others, for the history */
    int classes;
    size_t count;  /* ids */
    struct fused { /* in the order in which the first stream has them */
        int64_t id, label;
        size_t rows; /* of it in the stream at hand */
    } * fused;
    size_t *by_id;     /* their places, ids ascending */
    double *sum;       /* count * classes: over the streams */
    double *of_stream; /* the same, over the rows of the stream at hand */
    double weights;    /* of all streams so far */
    int streams;
};

/* Zero f but `call`; then add each stream ("-": standard input) with its weight, at least 0, of which
 * one at least is more. An error names stream and row: all must have the same ids with the same
 * labels, and as many classes. Free it whatever is returned. */
int fusion_add(struct fusion *f, const char *path, double weight, struct error *e);
/* Writes predictions, `id`, `label`, `scores` (probabilities), to the call's output. */
int fusion_write(struct fusion *f, struct error *e);
void fusion_free(struct fusion *f);

#endif
