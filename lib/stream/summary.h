/* What peek tells of a stream: the range of every column, the count of every label. */
#ifndef STREAM_SUMMARY_H
#define STREAM_SUMMARY_H
#include "stream/stream.h"

struct column_summary {
    int64_t least_integer, most_integer; /* u8, i32, i64 */
    double least, most;                  /* f32, f64; of a str its bytes */
    double sum;
    uint64_t elements; /* NaNs not among them */
    uint64_t nans;
    bool integers, reals;      /* which of them came; a column of type any may have both */
    int least_rank, most_rank; /* of tensors */
    uint32_t least_extent[STREAM_MAX_RANK], most_extent[STREAM_MAX_RANK];
};

struct summary {
    int columns;
    struct column_summary *column;
    int label;            /* the column of labels, or -1 */
    int64_t *label_count; /* of label -1, 0, 1, ... */
    size_t labels;        /* members of label_count that matter */
    size_t label_capacity;
    int64_t rows;
};

int summary_init(struct summary *s, const struct header *h, struct error *e);
int summary_add(struct summary *s, const struct header *h, const struct cell *row, struct error *e);
void summary_free(struct summary *s);

/* {kind, fields, meta, history}, and with a summary {rows, digest, columns, labels} too; NULL where
 * memory is out. */
struct value *summary_value(const struct header *h, const struct summary *s, const char *digest);
/* The same for people. */
int summary_print(const struct header *h, const struct summary *s, const char *digest, FILE *to);
/* One row, cells parted by tabs, of tensors the first elements. */
void summary_print_row(const struct header *h, const struct cell *row, FILE *to);
#endif
