/* NumPy's array file (format 1.0): one array that grows along its first axis, row by row. */
#ifndef STREAM_NPY_H
#define STREAM_NPY_H
#include "base/file.h"
#include "stream/stream.h"

struct npy {
    struct output output;
    enum element element;
    bool rows_axis; /* the shape is (rows, extents...), else (extents...) */
    int rank;
    uint32_t extent[STREAM_MAX_RANK];
    uint64_t rows;
    uint8_t *buffer;
    size_t filled;
};

/* An array whose rows are cells of this element type and shape. */
int npy_open(struct npy *n, const char *path, enum element element, int rank,
             const uint32_t *extent, struct error *e);
/* Appends a cell, which must be of that type and shape. */
int npy_write(struct npy *n, const struct cell *cell, struct error *e);
/* Puts the count of rows into the file's head, and the file in place. */
int npy_commit(struct npy *n, struct error *e);
void npy_abandon(struct npy *n); /* safe on a zeroed one and after a commit */

/* A file that holds one cell alone, without an axis of rows; one of many, so that it is durable
 * only after a folder_sync. */
int npy_save(const char *path, const struct cell *cell, struct error *e);

/* ---- reading: formats 1.0 to 3.0, row-major, little-endian, of the elements a stream has ---- */
struct npy_source {
    int fd;
    enum element element;
    int rank;
    uint64_t extent[STREAM_MAX_RANK + 1];
};
/* Opens the file and reads its head, a Python dictionary that is parsed, never evaluated. */
int npy_source_open(struct npy_source *n, const char *path, struct error *e);
/* The next elements of the array: exactly so many bytes of them. */
int npy_source_read(struct npy_source *n, void *to, size_t size, struct error *e);
/* Fails unless all has been read; closes in any case. */
int npy_source_end(struct npy_source *n, struct error *e);
void npy_source_close(struct npy_source *n); /* safe on a closed one; fd -1 */
#endif
