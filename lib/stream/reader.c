#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include "base/memory.h"
#include "stream/codec.h"

enum {
    READ_SIZE = 1 << 18, /* a core's cache holds it until it is parsed, hashed and copied */
    PIPE_SIZE = 1 << 20,
};

/* buffer:  ...hashed bytes | hashed .. row .. at .. end | room
 * Everything before `row` may be dropped when room is needed. */
struct stream_reader {
    char *path;
    int fd;
    struct stream_limits limits;
    struct header header;

    uint8_t *buffer;
    size_t capacity;
    size_t hashed; /* the digest has all bytes before this one */
    size_t row;    /* first byte of the object being read */
    size_t at;     /* the next byte to parse */
    size_t end;
    bool at_end; /* of the file */

    struct cell *cell;
    size_t *place;     /* where in the buffer, from `row`, a cell's text or elements are */
    uint64_t *scratch; /* what had to be copied to be aligned or terminated */
    size_t scratch_capacity;

    int64_t rows, part_rows;
    int part;
    bool finished, failed;
    XXH3_state_t *state;
    XXH3_state_t *parts; /* digest of the parts' digests */
    char digest[17];
};

/* ---- bytes ---- */

static void hash_until(struct stream_reader *r, size_t until)
{
    XXH3_64bits_update(r->state, r->buffer + r->hashed, until - r->hashed);
    r->hashed = until;
}

/* Drops what is parsed and, where that leaves little room, doubles the buffer. It grows only as
 * bytes arrive: an announced length allocates nothing. */
static int make_room(struct stream_reader *r, struct error *e)
{
    if (r->row) {
        hash_until(r, r->row);
        memmove(r->buffer, r->buffer + r->row, r->end - r->row);
        r->at -= r->row;
        r->end -= r->row;
        r->hashed = r->row = 0;
    }
    if (r->capacity - r->end >= READ_SIZE / 2)
        return 0;
    void *buffer = r->buffer;
    size_t capacity = r->capacity ? 2 * r->capacity : READ_SIZE;
    if (!(buffer = realloc(buffer, capacity)))
        return error_set(e, "out of memory: a row of more than %zu bytes", r->end);
    r->buffer = buffer;
    r->capacity = capacity;
    return 0;
}

/* Reads until `count` bytes lie ahead: 1; 0 at the end of the file; -1. No more of the next row is
 * read than a large one may cheaply have moved to its place. */
static int need(struct stream_reader *r, size_t count, struct error *e)
{
    while (r->end - r->at < count && !r->at_end) {
        if (make_room(r, e))
            return -1;
        const size_t missing = count - (r->end - r->at), room = r->capacity - r->end;
        const size_t most = missing > READ_SIZE ? missing : READ_SIZE;
        ssize_t n;
        do
            n = read(r->fd, r->buffer + r->end, most < room ? most : room);
        while (n < 0 && errno == EINTR);
        if (n < 0)
            return error_set(e, "cannot read:");
        r->at_end = n == 0;
        r->end += (size_t)n;
    }
    return r->end - r->at >= count;
}

static int next_token(struct stream_reader *r, struct token *t, struct error *e)
{
    for (size_t count = 1;; count = r->end - r->at + 1) {
        int found = need(r, count, e);
        if (found <= 0)
            return found;
        found = token_read(r->buffer + r->at, r->end - r->at, t);
        if (found)
            return found > 0 ? 1 : error_set(e, "expected MessagePack, found byte 0xc1");
    }
}

/* ---- headers and trailers ---- */

/* The whole object at r->at: its size, or 0 at the end of the file, or -1. */
static ssize_t need_object(struct stream_reader *r, struct error *e)
{
    struct walk walk = {0};
    for (size_t count = 1;; count = r->end - r->at + 1) {
        int found = need(r, count, e);
        if (found <= 0)
            return found;
        found = walk_object(&walk, r->buffer + r->at, r->end - r->at, e);
        if (found)
            return found > 0 ? (ssize_t)walk.at : -1;
    }
}

/* Reads a part's header into *h. */
static int read_header(struct stream_reader *r, struct header *h, struct error *e)
{
    static const char magic[] = "\xad" HEADER_MAGIC_KEY; /* after the first byte, a small map's */
    size_t size = sizeof magic;                          /* with that byte, without the NUL */
    int found = need(r, size, e);
    if (found < 0)
        return -1;
    const uint8_t *start = r->buffer + r->at;
    size_t there = r->end - r->at < size ? r->end - r->at : size;
    if (there == 0)
        return error_set(e, "empty: expected a tensor stream");
    if ((start[0] & 0xf0) != 0x80 || memcmp(start + 1, magic, there - 1) != 0)
        return error_set(e, "not a tensor stream; load brings other formats in");
    ssize_t length = found ? need_object(r, e) : 0;
    if (length == 0)
        return error_set(e, "truncated inside the header, after %zu bytes", r->end - r->at);
    if (length < 0 || header_unpack(h, r->buffer + r->at, (size_t)length, e))
        return error_wrap(e, "header");
    r->at += (size_t)length;
    r->row = r->at;
    r->part_rows = 0;
    r->part++;
    XXH3_64bits_reset(r->state);
    return 0;
}

static int check_trailer(struct stream_reader *r, const struct value *trailer, struct error *e)
{
    char digest[17];
    XXH64_hash_t hash = XXH3_64bits_digest(r->state);
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)hash);
    if (trailer->count != 2 || !value_get(trailer, "rows") || !value_get(trailer, "xxh3"))
        return error_set(e, "expected a trailer of rows and xxh3");
    int64_t rows = value_get_int(trailer, "rows", -1);
    if (rows != r->part_rows)
        return error_set(e, "the trailer counts %lld rows, found %lld", (long long)rows,
                         (long long)r->part_rows);
    const char *said = value_get_text(trailer, "xxh3", "");
    if (strcmp(said, digest) != 0)
        return error_set(e, "the trailer's digest is %s, found %s: the data were altered", said,
                         digest);
    /* one part is named by its own digest, several by the digest of theirs */
    XXH3_64bits_update(r->parts, digest, 16);
    if (r->part > 1)
        snprintf(digest, sizeof digest, "%016llx",
                 (unsigned long long)XXH3_64bits_digest(r->parts));
    memcpy(r->digest, digest, sizeof digest);
    return 0;
}

/* At a map: the trailer. 0 at the stream's proper end, 1 where another part follows, -1. */
static int read_trailer(struct stream_reader *r, struct error *e)
{
    r->row = r->at;
    hash_until(r, r->at);
    ssize_t length = need_object(r, e);
    if (length == 0)
        return error_set(e, "truncated inside the trailer");
    struct value *trailer = length > 0 ? value_unpack(r->buffer + r->at, (size_t)length, e) : NULL;
    if (!trailer)
        return error_wrap(e, "trailer");
    int result = check_trailer(r, trailer, e);
    value_free(trailer);
    if (result)
        return -1;
    r->at += (size_t)length;
    r->hashed = r->row = r->at;
    int found = need(r, 1, e);
    if (found <= 0)
        return found;
    struct header next;
    if (read_header(r, &next, e))
        return error_wrap(e, "part %d", r->part + 1);
    result = header_join(&r->header, &next, e);
    header_free(&next);
    return result ? error_wrap(e, "part %d", r->part) : 1;
}

/* ---- rows ---- */

static int truncated(struct stream_reader *r, const struct field *f, size_t expected,
                     struct error *e)
{
    return error_set(e, "truncated: expected %zu bytes of %s, found %zu", expected, f->name,
                     r->end - r->at);
}

static int read_scalar(struct stream_reader *r, const struct field *f, struct cell *c,
                       const struct token *t, struct error *e)
{
    static const struct {
        int64_t least, most;
    } range[] = {[ELEMENT_U8] = {0, UINT8_MAX},
                 [ELEMENT_I32] = {INT32_MIN, INT32_MAX},
                 [ELEMENT_I64] = {INT64_MIN, INT64_MAX}};
    bool real = f->element == ELEMENT_F32 || f->element == ELEMENT_F64;
    r->at += t->head;
    c->count = 1;
    if (real && t->type == TOKEN_REAL) {
        c->real = t->real;
    } else if (real && t->type == TOKEN_INT && !t->large) {
        c->real = (double)t->integer;
    } else if (!real && t->type == TOKEN_INT) {
        if (t->large || t->integer < range[f->element].least || t->integer > range[f->element].most)
            return error_set(e, "%s is out of the range of %s", f->name, element_name(f->element));
        c->integer = t->integer;
    } else {
        return error_set(e, "expected %s, %s, found %s", f->name, element_name(f->element),
                         token_name(t));
    }
    return 0;
}

static int read_text(struct stream_reader *r, const struct field *f, struct cell *c,
                     const struct token *t, struct error *e)
{
    if (t->type != TOKEN_TEXT)
        return error_set(e, "expected %s, a text, found %s", f->name, token_name(t));
    if (t->length > r->limits.most_tensor_bytes)
        return error_set(e, "%s: expected at most %zu bytes, found %zu", f->name,
                         r->limits.most_tensor_bytes, t->length);
    r->at += t->head;
    int found = need(r, t->length, e);
    if (found <= 0)
        return found ? -1 : truncated(r, f, t->length, e);
    if (memchr(r->buffer + r->at, 0, t->length))
        return error_set(e, "%s: a text with a NUL in it", f->name);
    c->count = t->length;
    r->at += t->length;
    return 0;
}

/* Checks the extents against the field and against the bytes that came. The product leaves out
 * zeros: a tensor without elements must not carry extents that overflow either. */
static int check_extents(const struct stream_reader *r, const struct field *f, struct cell *c,
                         size_t bytes, struct error *e)
{
    size_t size = element_size(c->element), product = size;
    bool empty = false;
    for (int d = 0; d < c->rank; d++) {
        if (f->rank >= 0 && f->extent[d] >= 0 && f->extent[d] != c->extent[d])
            return error_set(e, "%s: expected extent %d to be %lld, found %u", f->name, d,
                             (long long)f->extent[d], c->extent[d]);
        empty |= c->extent[d] == 0;
        if (c->extent[d] && (size_multiply(product, c->extent[d], &product) ||
                             product > r->limits.most_tensor_bytes))
            return error_set(e, "%s: a tensor of more than the %zu bytes that --max-tensor allows",
                             f->name, r->limits.most_tensor_bytes);
    }
    c->count = empty ? 0 : product / size;
    if (c->count * size != bytes)
        return error_set(e, "%s: expected %zu bytes of elements, found %zu", f->name,
                         c->count * size, bytes);
    return 0;
}

static int read_tensor(struct stream_reader *r, const struct field *f, struct cell *c,
                       const struct token *t, struct error *e)
{
    if (t->type != TOKEN_EXTENSION || t->extension != TENSOR_EXTENSION)
        return error_set(e, "expected %s, a tensor, found %s", f->name, token_name(t));
    if (t->length > r->limits.most_tensor_bytes &&
        t->length - r->limits.most_tensor_bytes > TENSOR_MOST_HEAD)
        return error_set(e, "%s: expected a tensor of at most %zu bytes, found %zu", f->name,
                         r->limits.most_tensor_bytes, t->length);
    r->at += t->head;
    int found = need(r, t->length, e);
    if (found <= 0)
        return found ? -1 : truncated(r, f, t->length, e);
    const uint8_t *head = r->buffer + r->at;
    if (t->length < 4 || head[0] > ELEMENT_F64 || head[2] || head[3])
        return error_set(e, "%s: a tensor that does not begin well", f->name);
    c->element = (enum element)head[0];
    c->rank = head[1];
    size_t size = 4 + 4 * (size_t)c->rank;
    if (f->element != ELEMENT_ANY && f->element != c->element)
        return error_set(e, "%s: expected a tensor of %s, found %s", f->name,
                         element_name(f->element), element_name(c->element));
    if (c->rank > STREAM_MAX_RANK || (f->rank >= 0 && f->rank != c->rank) || t->length < size)
        return error_set(e, "%s: expected a tensor of rank %d, found %d", f->name,
                         f->rank < 0 ? STREAM_MAX_RANK : f->rank, c->rank);
    memcpy(c->extent, head + 4, 4 * (size_t)c->rank);
    r->at += t->length;
    return check_extents(r, f, c, t->length - size, e);
}

static int read_cell(struct stream_reader *r, int i, struct error *e)
{
    const struct field *f = &r->header.field[i];
    struct cell *c = &r->cell[i];
    struct token t;
    int found = next_token(r, &t, e);
    if (found <= 0)
        return found ? -1 : error_set(e, "truncated: expected %s, found the end", f->name);
    c->element = f->element;
    c->rank = f->rank;
    if (f->rank != 0)
        found = read_tensor(r, f, c, &t, e);
    else if (f->element == ELEMENT_STR)
        found = read_text(r, f, c, &t, e);
    else
        return read_scalar(r, f, c, &t, e);
    /* texts and elements end where parsing stands */
    r->place[i] =
        r->at - r->row - c->count * (c->element == ELEMENT_STR ? 1 : element_size(c->element));
    return found;
}

/* The bytes to copy so that the cell is aligned or terminated; 0: it can be used where it is. */
static size_t bytes_to_copy(const struct stream_reader *r, int i)
{
    const struct cell *c = &r->cell[i];
    if (c->element == ELEMENT_STR)
        return c->count + 1;
    uintptr_t address = (uintptr_t)(r->buffer + r->row + r->place[i]);
    size_t size = element_size(c->element);
    return address % size ? c->count * size : 0;
}

/* The buffer may have moved while the row came in; now it rests and views can be made. */
static int make_views(struct stream_reader *r, struct error *e)
{
    static const uint64_t nothing; /* aligned, for tensors without elements */
    size_t words = 0;
    for (int i = 0; i < r->header.fields; i++)
        if (r->header.field[i].rank != 0 || r->cell[i].element == ELEMENT_STR)
            words += (bytes_to_copy(r, i) + 7) / 8;
    void *scratch = r->scratch;
    if (array_grow(&scratch, &r->scratch_capacity, words + 1, 8, "a row", e)) /* + 1: never NULL */
        return -1;
    uint64_t *to = r->scratch = scratch;
    for (int i = 0; i < r->header.fields; i++) {
        struct cell *c = &r->cell[i];
        if (r->header.field[i].rank == 0 && c->element != ELEMENT_STR)
            continue;
        size_t bytes = bytes_to_copy(r, i);
        const uint8_t *data = r->buffer + r->row + r->place[i];
        c->data = bytes ? (const void *)to : c->count ? data : (const void *)&nothing;
        if (c->element == ELEMENT_STR)
            ((char *)memcpy(to, data, c->count))[c->count] = 0;
        else if (bytes)
            memcpy(to, data, bytes);
        to += (bytes + 7) / 8;
    }
    return 0;
}

/* 1 a row, 0 the end, -1. */
static int read_row(struct stream_reader *r, struct error *e)
{
    struct token t;
    while (true) {
        r->row = r->at;
        int found = next_token(r, &t, e);
        if (found < 0)
            return error_wrap(e, "row %lld", (long long)r->rows + 1);
        if (found == 0)
            return error_set(e,
                             "after row %lld: truncated: expected a row or the trailer, found "
                             "the end",
                             (long long)r->rows);
        if (t.type != TOKEN_MAP)
            break;
        found = read_trailer(r, e);
        if (found <= 0)
            return found ? error_wrap(e, "after row %lld", (long long)r->rows) : 0;
    }
    if (t.type != TOKEN_ARRAY || t.members != (uint32_t)r->header.fields) {
        error_set(e, "expected an array of %d fields, found %s", r->header.fields, token_name(&t));
        return error_wrap(e, "row %lld", (long long)r->rows + 1);
    }
    r->at += t.head;
    for (int i = 0; i < r->header.fields; i++)
        if (read_cell(r, i, e))
            return error_wrap(e, "row %lld", (long long)r->rows + 1);
    if (make_views(r, e))
        return -1;
    r->rows++;
    r->part_rows++;
    return 1;
}

int stream_read(struct stream_reader *r, const struct cell **row, struct error *e)
{
    *row = r->cell;
    if (r->finished)
        return 0;
    if (r->failed)
        return error_set(e, "%s: read on after an error", r->path);
    int found = read_row(r, e);
    r->finished = found == 0;
    r->failed = found < 0;
    return found < 0 ? error_wrap(e, "%s", r->path) : found;
}

/* ---- opening and closing ---- */

/* Opens path unless r->fd is open. */
static int reader_start(struct stream_reader *r, const char *path, const void *head, size_t size,
                        struct error *e)
{
    bool standard = !path || strcmp(path, "-") == 0;
    r->path = text_copy(standard ? "standard input" : path, e);
    r->state = XXH3_createState();
    r->parts = XXH3_createState();
    if (!r->path || !r->state || !r->parts)
        return error_set(e, "out of memory: a reader");
    XXH3_64bits_reset(r->state);
    XXH3_64bits_reset(r->parts);
    if (r->fd < 0 && (r->fd = input_open(path, e)) < 0)
        return -1;
    if (make_room(r, e))
        return -1;
    if (size > 0)
        memcpy(r->buffer, head, size);
    r->end = size;
    if (isatty(r->fd))
        return error_set(e, "%s is a terminal: expected a tensor stream", r->path);
    fcntl(r->fd, F_SETPIPE_SZ, PIPE_SIZE); /* fewer system calls; no matter if it is no pipe */
    if (read_header(r, &r->header, e))
        return error_wrap(e, "%s", r->path);
    r->cell = array_new((size_t)r->header.fields, sizeof *r->cell, "cells", e);
    r->place = array_new((size_t)r->header.fields, sizeof *r->place, "cells", e);
    return r->cell && r->place ? 0 : -1;
}

struct stream_reader *stream_open_after(const char *path, int fd, const void *head, size_t size,
                                        const struct stream_limits *limits, struct error *e)
{
    struct stream_reader *r = calloc(1, sizeof *r);
    if (!r) {
        error_set(e, "out of memory: a reader");
        return NULL;
    }
    r->fd = fd;
    if (limits)
        r->limits = *limits;
    if (!r->limits.most_tensor_bytes)
        r->limits.most_tensor_bytes = (size_t)1 << 30;
    if (reader_start(r, path, head, size, e) == 0)
        return r;
    stream_close(r);
    return NULL;
}

struct stream_reader *stream_open(const char *path, const struct stream_limits *limits,
                                  struct error *e)
{
    return stream_open_after(path, -1, NULL, 0, limits, e);
}

void stream_close(struct stream_reader *r)
{
    if (!r)
        return;
    if (r->fd > STDIN_FILENO)
        close(r->fd);
    header_free(&r->header);
    XXH3_freeState(r->state);
    XXH3_freeState(r->parts);
    free(r->buffer);
    free(r->cell);
    free(r->place);
    free(r->scratch);
    free(r->path);
    free(r);
}

const struct header *stream_header(const struct stream_reader *r)
{
    return &r->header;
}

const char *stream_path(const struct stream_reader *r)
{
    return r->path;
}

int64_t stream_rows(const struct stream_reader *r)
{
    return r->rows;
}

const char *stream_digest(const struct stream_reader *r)
{
    return r->digest;
}

const void *stream_raw_row(const struct stream_reader *r, size_t *size)
{
    *size = r->at - r->row;
    return r->buffer + r->row;
}
