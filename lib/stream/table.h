/* A whole stream in memory, column by column, for programs that need all rows at once. */
#ifndef STREAM_TABLE_H
#define STREAM_TABLE_H
#include "stream/stream.h"

/* Column c holds `rows` scalars back to back (int64_t for integers, double for reals, char * for
 * texts), or `rows` tensors of one common extent back to back in their element type. Streams with
 * tensors of varying extents (kind "weights", "forest") are read row by row instead. */
struct column {
    enum element element;
    int rank;
    uint32_t extent[STREAM_MAX_RANK];
    size_t stride; /* elements a row */
    void *data;
};

struct table {
    struct header header;
    size_t rows;
    struct column *column; /* header.fields of them */
    char digest[17];
};

/* Reads all rows; the table owns its columns. Fails where a tensor column's extents vary. */
int table_read(struct table *t, const char *path, const struct stream_limits *limits,
               struct error *e);
/* Reads at most `most` rows from an open reader (-1: all). */
int table_read_rows(struct table *t, struct stream_reader *r, int64_t most, struct error *e);
void table_free(struct table *t);

/* The column's data, which is NULL too where there are no rows; NULL with the error set where there
 * is no such column. */
const int64_t *table_integers(const struct table *t, const char *name, struct error *e);
const struct column *table_column(const struct table *t, const char *name, enum element element,
                                  int rank, struct error *e);
#endif
