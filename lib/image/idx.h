/* IDX, the format of MNIST: a big-endian header 0 0 8 RANK, RANK extents, then bytes; plain or
 * gzip. The header's counts are checked against the bytes that are there: against the file's size
 * where it is plain, against what gzip can hold at best before anything is allocated, and by
 * reading to the end. */
#ifndef IMAGE_IDX_H
#define IMAGE_IDX_H
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"
#include "base/file.h"

enum { IDX_MAX_RANK = 4 };

struct idx {
    void *file; /* gzFile */
    char *path;
    int rank;
    uint32_t extent[IDX_MAX_RANK]; /* extent[0]: items */
    size_t item;                   /* bytes an item: the product of the other extents */
    uint32_t at;                   /* the next item */
};

/* Fails unless the rank is between least and most and an item has 1 to most_bytes bytes. */
int idx_open(struct idx *x, const char *path, int least, int most, size_t most_bytes,
             struct error *e);
/* 1 and x->item bytes in *to, 0 at a proper end, -1 on error (which names file and item). */
int idx_read(struct idx *x, void *to, struct error *e);
void idx_close(struct idx *x); /* safe on a zeroed one */

/* Writes the header of an IDX of bytes at the start of the file, wherever the file is now. */
int idx_write_header(struct output *o, int rank, const uint32_t *extent, struct error *e);
#endif
