#include "rows/batch.h"
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

enum { MOST_ROWS = 512, ENOUGH_BYTES = 8 << 20, ALIGNMENT = 16, CHUNK = 4 };

/* Rows copied from the reader. */
struct batch {
    size_t rows, fields;
    int64_t first; /* row of the stream, from 1 */
    struct cell *cell;
    uint8_t *bytes; /* what cells point to */
    size_t used, capacity;
    size_t weight; /* of rows and results, in bytes */
    char *result;
    struct error error; /* of row `failed` */
    size_t failed;      /* the first; `rows` where none has */
};

static bool points(const struct cell *c)
{
    return c->rank || c->element == ELEMENT_STR;
}

/* Until all are read the array may move, so that data is an offset. */
static int copy_row(struct batch *b, const struct cell *row, struct error *e)
{
    struct cell *to = b->cell + b->rows * b->fields;
    for (size_t i = 0; i < b->fields; i++) {
        to[i] = row[i];
        if (!points(&row[i]))
            continue;
        size_t size = row[i].rank ? row[i].count * element_size(row[i].element) : row[i].count + 1;
        if (array_grow((void **)&b->bytes, &b->capacity, b->used + size + ALIGNMENT, 1, "rows", e))
            return -1;
        to[i].data = (const void *)b->used;
        if (size)
            memcpy(b->bytes + b->used, row[i].data, size);
        b->used += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
    b->rows++;
    return 0;
}

static int read_batch(struct batch *b, const struct batch_job *job, struct stream_reader *r,
                      struct error *e)
{
    const struct cell *row;
    const size_t threads = (size_t)omp_get_max_threads();
    int got = 1;
    b->rows = b->used = b->weight = 0;
    b->first = stream_rows(r) + 1;
    while (b->rows < MOST_ROWS && (b->rows < threads || b->weight < ENOUGH_BYTES) &&
           (got = stream_read(r, &row, e)) == 1) {
        size_t before = b->used, room = job->room(job->context, row);
        if (copy_row(b, row, e))
            return -1;
        b->weight += b->used - before + (room < ENOUGH_BYTES ? room : ENOUGH_BYTES);
    }
    for (size_t i = 0; i < b->rows * b->fields; i++)
        if (points(&b->cell[i]))
            b->cell[i].data = b->bytes + (uintptr_t)b->cell[i].data;
    b->failed = b->rows;
    return got < 0 ? -1 : 0;
}

static void work_on(const struct batch_job *job, struct batch *b, size_t i)
{
    struct error e;
    if (!job->work(job->context, omp_get_thread_num(), b->cell + i * b->fields,
                   b->result + i * job->result_size, &e))
        return;
#pragma omp critical(batch)
    if (i < b->failed) {
        b->failed = i;
        b->error = e;
    }
}

static int write_batch(const struct batch_job *job, struct batch *b, const char *path,
                       struct error *e)
{
    if (b->failed < b->rows) {
        *e = b->error;
        return error_wrap(e, "%s: row %lld", path, (long long)b->first + (long long)b->failed);
    }
    for (size_t i = 0; i < b->rows; i++)
        if (job->write(job->context, b->cell + i * b->fields, b->result + i * job->result_size, e))
            return -1;
    return 0;
}

static int open_batch(struct batch *b, const struct batch_job *job, size_t fields, struct error *e)
{
    b->fields = fields;
    b->cell = array_new(MOST_ROWS * fields, sizeof *b->cell, "rows", e);
    b->result = b->cell ? array_new(MOST_ROWS, job->result_size, "rows' results", e) : NULL;
    return b->result ? 0 : -1;
}

static void close_batch(struct batch *b, const struct batch_job *job)
{
    for (size_t i = 0; b->result && i < MOST_ROWS; i++)
        job->free(b->result + i * job->result_size);
    free(b->result);
    free(b->cell);
    free(b->bytes);
}

/* One thread: the others take what it spawns, and it takes its share when it waits. */
static int run(const struct batch_job *job, struct stream_reader *r, struct batch *b,
               struct error *e)
{
    struct batch *now = b, *other = b + 1; /* other: first those before, then those behind */
    int failed = read_batch(now, job, r, e);
    other->rows = other->failed = 0;
    while (!failed && (now->rows || other->rows)) {
#pragma omp taskloop grainsize(CHUNK) nogroup firstprivate(now)
        for (size_t i = 0; i < now->rows; i++)
            work_on(job, now, i);
        failed =
            write_batch(job, other, stream_path(r), e) || read_batch(other, job, r, e) ? -1 : 0;
#pragma omp taskwait
        struct batch *worked_on = now;
        now = other;
        other = worked_on;
    }
    return failed;
}

int batch_run(const struct batch_job *job, struct stream_reader *r, struct error *e)
{
    struct batch b[2] = {0};
    size_t fields = (size_t)stream_header(r)->fields;
    int failed = -1;
    if (!open_batch(&b[0], job, fields, e) && !open_batch(&b[1], job, fields, e))
#pragma omp parallel
#pragma omp single
        failed = run(job, r, b, e);
    close_batch(&b[0], job);
    close_batch(&b[1], job);
    return failed;
}
