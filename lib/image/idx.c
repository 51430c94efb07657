#include "image/idx.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "base/library.h"
#include "base/memory.h"

LIBRARY(zlib, "zlib", zlibVersion);

enum { IDX_BYTES = 8, MOST_DEFLATE_RATIO = 1032 }; /* the latter from zlib's technical notes */

/* zlib's last error without the path that it puts in front. */
static const char *zlib_error(const struct idx *x, int *code)
{
    const char *why = gzerror(x->file, code);
    size_t path = strlen(x->path);
    return strncmp(why, x->path, path) == 0 && strncmp(why + path, ": ", 2) == 0 ? why + path + 2
                                                                                 : why;
}

/* Reads exactly size bytes; what stopped it else goes into the error. */
static int read_exactly(struct idx *x, void *to, size_t size, const char *what, struct error *e)
{
    for (size_t have = 0; have < size;) {
        unsigned step = size - have < 1 << 30 ? (unsigned)(size - have) : 1u << 30;
        int got = gzread(x->file, (char *)to + have, step);
        int code = Z_OK;
        const char *why = zlib_error(x, &code);
        if (got < 0 && code == Z_ERRNO)
            return error_set(e, "%s: cannot read %s:", x->path, what);
        if (got < 0 && code != Z_BUF_ERROR)
            return error_set(e, "%s: cannot read %s: %s", x->path, what, why);
        if (got <= 0)
            return error_set(e, "%s: ends within %s", x->path, what);
        have += (size_t)got;
    }
    return 0;
}

static uint32_t big_endian(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* `is`: what the path is. */
static int read_header(struct idx *x, const struct stat *is, int least, int most, size_t most_bytes,
                       struct error *e)
{
    uint8_t head[4 + 4 * IDX_MAX_RANK];
    if (read_exactly(x, head, 4, "the header", e))
        return -1;
    if (head[0] || head[1] || head[2] != IDX_BYTES || head[3] < least || head[3] > most)
        return error_set(e,
                         "%s: no IDX file of bytes: expected the magic number 0x%08x, found 0x%08x",
                         x->path, (unsigned)(IDX_BYTES << 8 | least), big_endian(head));
    x->rank = head[3];
    if (read_exactly(x, head + 4, 4 * (size_t)x->rank, "the header", e))
        return -1;
    size_t total;
    x->item = 1;
    for (int i = 0; i < x->rank; i++) {
        x->extent[i] = big_endian(head + 4 + 4 * i);
        if (i && (!x->extent[i] || size_multiply(x->item, x->extent[i], &x->item)))
            return error_set(e,
                             "%s: extent %d is %u, expected 1 or more, and less than memory in all",
                             x->path, i, x->extent[i]);
    }
    if (x->item > most_bytes)
        return error_set(e, "%s: items of %zu bytes, more than the %zu of --most-bytes", x->path,
                         x->item, most_bytes);
    if (size_multiply(x->extent[0], x->item, &total))
        return error_set(e, "%s: %u items of %zu bytes", x->path, x->extent[0], x->item);
    if (!S_ISREG(is->st_mode))
        return 0;
    uint64_t size = (uint64_t)is->st_size, header = 4 + 4 * (uint64_t)x->rank;
    if (gzdirect(x->file) && size != header + total)
        return error_set(e, "%s: the header tells of %u items of %zu bytes, %zu in all; found %llu",
                         x->path, x->extent[0], x->item, total,
                         (unsigned long long)(size - header));
    if (!gzdirect(x->file) && total / MOST_DEFLATE_RATIO > size)
        return error_set(e,
                         "%s: the header tells of %u items of %zu bytes, more than the file holds",
                         x->path, x->extent[0], x->item);
    return 0;
}

int idx_open(struct idx *x, const char *path, int least, int most, size_t most_bytes,
             struct error *e)
{
    struct stat is;
    *x = (struct idx){.path = text_copy(path, e)};
    if (!x->path)
        return -1;
    errno = ENOMEM; /* gzopen need not set it */
    if (stat(path, &is) || !(x->file = gzopen(path, "rbe"))) {
        input_refused(path, e);
        idx_close(x);
        return -1;
    }
    gzbuffer(x->file, 1 << 16);
    if (!read_header(x, &is, least, most, most_bytes, e))
        return 0;
    idx_close(x);
    return -1;
}

int idx_read(struct idx *x, void *to, struct error *e)
{
    if (x->at < x->extent[0]) {
        char what[64];
        snprintf(what, sizeof what, "item %u of %u", x->at, x->extent[0]);
        if (read_exactly(x, to, x->item, what, e))
            return -1;
        x->at++;
        return 1;
    }
    /* One byte further: nothing may follow, and zlib now checks its CRC. */
    char beyond;
    int code = Z_OK, got = gzread(x->file, &beyond, 1);
    const char *why = zlib_error(x, &code);
    if (got > 0)
        return error_set(e, "%s: bytes follow the last of its %u items", x->path, x->extent[0]);
    if (got < 0 || code != Z_OK)
        return error_set(e, "%s: %s", x->path, code == Z_BUF_ERROR ? "ends too early" : why);
    return 0;
}

void idx_close(struct idx *x)
{
    if (x->file)
        gzclose_r(x->file);
    free(x->path);
    *x = (struct idx){0};
}

int idx_write_header(struct output *o, int rank, const uint32_t *extent, struct error *e)
{
    uint8_t head[4 + 4 * IDX_MAX_RANK] = {0, 0, IDX_BYTES, (uint8_t)rank};
    for (int i = 0; i < rank; i++)
        for (int k = 0; k < 4; k++)
            head[4 + 4 * i + k] = (uint8_t)(extent[i] >> (24 - 8 * k));
    return output_rewrite(o, 0, head, 4 + 4 * (size_t)rank, e);
}
