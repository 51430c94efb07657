#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include "base/memory.h"
#include "stream/codec.h"

enum {
    BUFFER_SIZE = 1 << 18, /* a core's cache holds it until it is hashed and written */
    PIPE_SIZE = 1 << 20,
};

struct stream_writer {
    struct output output;
    struct header header;
    msgpack_packer packer; /* onto append() */
    uint8_t *buffer;
    size_t used;
    int64_t rows;
    const struct stream_reader *from; /* whose rows these come of; NULL: of no stream */
    bool begun;                       /* the header is out */
    bool failed;                      /* error says why; nothing more is written */
    struct error error;
    XXH3_state_t *state;
};

/* ---- bytes ---- */

static int put(struct stream_writer *w, const void *bytes, size_t size)
{
    XXH3_64bits_update(w->state, bytes, size);
    if (!w->failed && output_write(&w->output, bytes, size, &w->error))
        w->failed = true;
    return w->failed ? -1 : 0;
}

static int flush(struct stream_writer *w)
{
    size_t used = w->used;
    w->used = 0;
    return used ? put(w, w->buffer, used) : -w->failed;
}

static int append(void *data, const char *bytes, size_t size)
{
    struct stream_writer *w = data;
    if (size > BUFFER_SIZE - w->used && flush(w))
        return -1;
    if (size > BUFFER_SIZE)
        return put(w, bytes, size);
    if (size) /* an empty tensor may have no data at all */
        memcpy(w->buffer + w->used, bytes, size);
    w->used += size;
    return 0;
}

/* ---- the header ---- */

static int begin(struct stream_writer *w, struct error *e)
{
    msgpack_sbuffer packed;
    msgpack_sbuffer_init(&packed);
    int result = header_pack(&w->header, &packed, e);
    if (result == 0 && append(w, packed.data, packed.size)) {
        *e = w->error;
        result = -1;
    }
    msgpack_sbuffer_destroy(&packed);
    w->begun = result == 0;
    return result;
}

struct stream_writer *stream_create(const char *path, const struct header *h, struct error *e)
{
    struct stream_writer *w = calloc(1, sizeof *w);
    if (!w || !(w->buffer = malloc(BUFFER_SIZE)) || !(w->state = XXH3_createState())) {
        if (w)
            free(w->buffer);
        free(w);
        error_set(e, "out of memory: a writer");
        return NULL;
    }
    w->output = (struct output){.fd = -1, .slot = -1};
    XXH3_64bits_reset(w->state);
    msgpack_packer_init(&w->packer, w, append);
    if (output_refuse_terminal(path, "a tensor stream", e) || header_copy(&w->header, h, e) ||
        output_open(&w->output, path, e)) {
        stream_abandon(w);
        return NULL;
    }
    fcntl(w->output.fd, F_SETPIPE_SZ, PIPE_SIZE);
    return w;
}

struct header *stream_writer_header(struct stream_writer *w)
{
    return &w->header;
}

void stream_follow(struct stream_writer *w, const struct stream_reader *r)
{
    w->from = r;
}

/* ---- rows ---- */

static int check_cell(const struct field *f, const struct cell *c, size_t *bytes, struct error *e)
{
    if (f->element != c->element && !(f->element == ELEMENT_ANY && c->element <= ELEMENT_F64))
        return error_set(e, "%s: expected %s, found %s", f->name, element_name(f->element),
                         element_name(c->element));
    if (f->rank >= 0 ? f->rank != c->rank : c->rank < 0 || c->rank > STREAM_MAX_RANK)
        return error_set(e, "%s: expected rank %d, found %d", f->name, f->rank, c->rank);
    *bytes = element_size(c->element);
    for (int d = 0; d < c->rank; d++) {
        if (f->rank >= 0 && f->extent[d] >= 0 && f->extent[d] != c->extent[d])
            return error_set(e, "%s: expected extent %d to be %lld, found %u", f->name, d,
                             (long long)f->extent[d], c->extent[d]);
        if (size_multiply(*bytes, c->extent[d], bytes) || *bytes > UINT32_MAX - TENSOR_MOST_HEAD)
            return error_set(e, "%s: a tensor of 4 GiB or more", f->name);
    }
    return 0;
}

static void pack_tensor(struct stream_writer *w, const struct cell *c, size_t bytes)
{
    uint8_t head[TENSOR_MOST_HEAD] = {(uint8_t)c->element, (uint8_t)c->rank};
    size_t size = 4 + 4 * (size_t)c->rank;
    memcpy(head + 4, c->extent, 4 * (size_t)c->rank);
    msgpack_pack_ext(&w->packer, size + bytes, TENSOR_EXTENSION);
    append(w, (const char *)head, size);
    append(w, c->data, bytes);
}

static int pack_cell(struct stream_writer *w, const struct field *f, const struct cell *c,
                     struct error *e)
{
    size_t bytes;
    if (check_cell(f, c, &bytes, e))
        return -1;
    if (f->rank != 0)
        pack_tensor(w, c, bytes);
    else if (f->element == ELEMENT_STR)
        text_pack(&w->packer, c->data);
    else if (f->element == ELEMENT_F32)
        msgpack_pack_float(&w->packer, (float)c->real);
    else if (f->element == ELEMENT_F64)
        msgpack_pack_double(&w->packer, c->real);
    else
        msgpack_pack_int64(&w->packer, c->integer);
    return 0;
}

/* Ends a row: after a failure half a row may be out, so the writer stays failed. */
static int end_row(struct stream_writer *w, struct error *e)
{
    if (w->failed)
        *e = w->error;
    else
        w->rows++;
    return -w->failed;
}

int stream_write(struct stream_writer *w, const struct cell *row, struct error *e)
{
    if (!w->begun && begin(w, e))
        return -1;
    msgpack_pack_array(&w->packer, (size_t)w->header.fields);
    for (int i = 0; i < w->header.fields && !w->failed; i++)
        if (pack_cell(w, &w->header.field[i], &row[i], &w->error)) {
            error_wrap(&w->error, "output row %lld", (long long)w->rows + 1);
            w->failed = true;
        }
    return end_row(w, e);
}

int stream_write_raw(struct stream_writer *w, const void *bytes, size_t size, struct error *e)
{
    if (!w->begun && begin(w, e))
        return -1;
    append(w, bytes, size);
    return end_row(w, e);
}

/* ---- the end ---- */

static int end_part(struct stream_writer *w, struct error *e)
{
    char digest[17];
    if (!w->begun && begin(w, e))
        return -1;
    flush(w);
    snprintf(digest, sizeof digest, "%016llx", (unsigned long long)XXH3_64bits_digest(w->state));
    msgpack_pack_map(&w->packer, 2);
    text_pack(&w->packer, "rows");
    msgpack_pack_int64(&w->packer, w->rows);
    text_pack(&w->packer, "xxh3");
    text_pack(&w->packer, digest);
    if (w->failed || flush(w)) {
        *e = w->error;
        return -1;
    }
    return 0;
}

/* 1 where the reader has come to know of more than our history tells, which now does, our own entry
 * still the last. Of a history that is not to be told nothing is. */
static int learn_history(struct stream_writer *w, struct error *e)
{
    struct value *history = w->header.history;
    const struct header *from = w->from ? stream_header(w->from) : NULL;
    bool late = false;
    for (size_t i = 0; from && history->count && i < from->history->count; i++)
        late |= !history_has(history, from->history->item[i]);
    if (!late)
        return 0;
    const size_t own = history->count - 1;
    if (history_join(&w->header, from, e))
        return -1;
    history = w->header.history;
    struct value *entry = history->item[own];
    memmove(history->item + own, history->item + own + 1,
            (history->count - own - 1) * sizeof *history->item);
    history->item[history->count - 1] = entry;
    return 1;
}

static int finish(struct stream_writer *w, struct error *e)
{
    const bool told = w->begun;
    if (told && end_part(w, e))
        return -1;
    int late = learn_history(w, e);
    if (late < 0)
        return -1;
    if (told && late) {
        XXH3_64bits_reset(w->state);
        w->rows = 0;
        w->begun = false;
    }
    if ((!told || late) && end_part(w, e))
        return -1;
    return output_commit(&w->output, e);
}

int stream_commit(struct stream_writer *w, struct error *e)
{
    int result = finish(w, e);
    stream_abandon(w); /* after a good commit there is no file left to abandon */
    return result;
}

void stream_abandon(struct stream_writer *w)
{
    if (!w)
        return;
    output_abandon(&w->output);
    header_free(&w->header);
    XXH3_freeState(w->state);
    free(w->buffer);
    free(w);
}

/* ---- cells ---- */

struct cell cell_int(enum element element, int64_t integer)
{
    return (struct cell){.element = element, .count = 1, .integer = integer};
}

struct cell cell_real(enum element element, double real)
{
    return (struct cell){.element = element, .count = 1, .real = real};
}

struct cell cell_scalar(enum element element, const void *data)
{
    switch (element) {
    case ELEMENT_U8:
        return cell_int(element, *(const uint8_t *)data);
    case ELEMENT_I32:
        return cell_int(element, *(const int32_t *)data);
    case ELEMENT_I64:
        return cell_int(element, *(const int64_t *)data);
    case ELEMENT_F32:
        return cell_real(element, (double)*(const float *)data);
    default:
        return cell_real(element, *(const double *)data);
    }
}

struct cell cell_text(const char *text)
{
    return (struct cell){.element = ELEMENT_STR, .count = strlen(text), .data = text};
}

struct cell cell_tensor(enum element element, int rank, const uint32_t *extent, const void *data)
{
    struct cell c = {.element = element, .rank = rank, .count = 1, .data = data};
    for (int d = 0; d < rank && d < STREAM_MAX_RANK; d++) {
        c.extent[d] = extent[d];
        c.count *= extent[d];
    }
    return c;
}
