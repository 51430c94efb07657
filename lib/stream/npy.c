#include "stream/npy.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/memory.h"

enum { MAGIC_BYTES = 10, ALIGNMENT = 64, MOST_HEADER = 512, BUFFER_BYTES = 1 << 17 };

static const char *const TYPES[] = {
    [ELEMENT_U8] = "|u1",  [ELEMENT_I32] = "<i4", [ELEMENT_I64] = "<i8",
    [ELEMENT_F32] = "<f4", [ELEMENT_F64] = "<f8",
};

/* The file's head for so many rows. Its length does not depend on them, so that it can be written
 * anew when they are known. */
static size_t make_head(const struct npy *n, uint64_t rows, char head[MOST_HEADER])
{
    char shape[STREAM_MAX_RANK * 12 + 24];
    int at = n->rows_axis ? snprintf(shape, sizeof shape, "%" PRIu64 ", ", rows) : 0;
    int widest = n->rows_axis ? 22 : 0;
    shape[at] = 0;
    int pad = widest - at;
    for (int i = 0; i < n->rank; i++)
        at += snprintf(shape + at, sizeof shape - (size_t)at, "%" PRIu32 ", ", n->extent[i]);
    int length = MAGIC_BYTES + snprintf(head + MAGIC_BYTES, MOST_HEADER - MAGIC_BYTES,
                                        "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                                        TYPES[n->element], shape);
    int whole = (length + pad + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    memset(head + length, ' ', (size_t)(whole - length - 1));
    head[whole - 1] = '\n';
    memcpy(head, "\x93NUMPY\x01\x00", 8);
    head[8] = (char)((whole - MAGIC_BYTES) & 255);
    head[9] = (char)((whole - MAGIC_BYTES) >> 8);
    return (size_t)whole;
}

static int flush(struct npy *n, struct error *e)
{
    size_t size = n->filled;
    n->filled = 0;
    return output_write(&n->output, n->buffer, size, e);
}

static int start(struct npy *n, const char *path, struct error *e)
{
    char head[MOST_HEADER];
    if (n->element > ELEMENT_F64)
        return error_set(e, "%s: cannot write elements of type %s", path, element_name(n->element));
    n->buffer = array_new(BUFFER_BYTES, 1, "output buffer", e);
    if (!n->buffer || output_open(&n->output, path, e)) {
        free(n->buffer);
        *n = (struct npy){0};
        return -1;
    }
    n->filled = make_head(n, 0, head);
    memcpy(n->buffer, head, n->filled);
    return 0;
}

int npy_open(struct npy *n, const char *path, enum element element, int rank,
             const uint32_t *extent, struct error *e)
{
    *n = (struct npy){.element = element, .rank = rank, .rows_axis = true};
    if (rank > 0)
        memcpy(n->extent, extent, (size_t)rank * sizeof *extent);
    return start(n, path, e);
}

/* The cell's elements as they lie in memory; a scalar is first brought to its type in *room. */
static const void *cell_bytes(const struct cell *cell, void *room)
{
    switch (cell->rank ? ELEMENT_ANY : cell->element) {
    case ELEMENT_U8:
        return memcpy(room, &(uint8_t){(uint8_t)cell->integer}, 1);
    case ELEMENT_I32:
        return memcpy(room, &(int32_t){(int32_t)cell->integer}, 4);
    case ELEMENT_I64:
        return memcpy(room, &cell->integer, 8);
    case ELEMENT_F32:
        return memcpy(room, &(float){(float)cell->real}, 4);
    case ELEMENT_F64:
        return memcpy(room, &cell->real, 8);
    default:
        return cell->data;
    }
}

int npy_write(struct npy *n, const struct cell *cell, struct error *e)
{
    uint64_t scalar;
    if (cell->element != n->element || cell->rank != n->rank ||
        memcmp(cell->extent, n->extent, (size_t)n->rank * sizeof *n->extent))
        return error_set(e, "a cell of another shape or type than the array's");
    const void *bytes = cell_bytes(cell, &scalar);
    size_t size = cell->count * element_size(cell->element);
    n->rows++;
    if (n->filled + size > BUFFER_BYTES && flush(n, e))
        return -1;
    if (size > BUFFER_BYTES)
        return output_write(&n->output, bytes, size, e);
    memcpy(n->buffer + n->filled, bytes, size);
    n->filled += size;
    return 0;
}

int npy_commit(struct npy *n, struct error *e)
{
    char head[MOST_HEADER];
    size_t size = make_head(n, n->rows, head);
    int failed = flush(n, e);
    if (!failed && n->rows_axis && pwrite(n->output.fd, head, size, 0) != (ssize_t)size)
        failed = error_set(e, "cannot write %s:", n->output.path);
    if (!failed)
        failed = output_commit(&n->output, e);
    if (failed)
        output_abandon(&n->output);
    free(n->buffer);
    *n = (struct npy){0};
    return failed;
}

void npy_abandon(struct npy *n)
{
    if (n->buffer)
        output_abandon(&n->output);
    free(n->buffer);
    *n = (struct npy){0};
}

int npy_save(const char *path, const struct cell *cell, struct error *e)
{
    struct npy n = {.element = cell->element, .rank = cell->rank};
    memcpy(n.extent, cell->extent, sizeof n.extent);
    if (start(&n, path, e))
        return -1;
    n.output.unsynced = true;
    if (!npy_write(&n, cell, e))
        return npy_commit(&n, e);
    npy_abandon(&n);
    return -1;
}
