#include "rows/fusion.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "measure/classification.h"
#include "rows/follow.h"

/* A stream, all of it. */
struct predicted {
    struct table table;
    const int64_t *id, *label;
    const float *score; /* rows * classes */
    int classes;
    bool probabilities;
};

static int view(struct predicted *p, struct error *e)
{
    const struct table *t = &p->table;
    const struct column *id, *label, *score; /* integers lie there as 64 bits */
    if (header_require_kind(&t->header, "predictions", e) ||
        !(id = table_column(t, "id", ELEMENT_I64, 0, e)) ||
        !(label = table_column(t, "label", ELEMENT_I32, 0, e)) ||
        !(score = table_column(t, "scores", ELEMENT_F32, 1, e)))
        return -1;
    if (!t->rows)
        return error_set(e, "no rows, expected predictions");
    p->id = id->data;
    p->label = label->data;
    p->score = score->data;
    p->classes = (int)score->extent[0];
    p->probabilities = !strcmp(value_get_text(t->header.meta, "scores", "logits"), "probabilities");
    if (p->classes < 1 || score->extent[0] > CLASSIFICATION_MOST)
        return error_set(e, "%u classes, expected 1 to %d", score->extent[0], CLASSIFICATION_MOST);
    return 0;
}

/* ---- ids ---- */

struct place {
    int64_t id;
    size_t at;
};

static int by_id(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return x->id != y->id ? (x->id > y->id) - (x->id < y->id) : (x->at > y->at) - (x->at < y->at);
}

/* Notes the ids of the first stream, each at the first of its rows. */
static int begin(struct fusion *f, const struct predicted *p, struct error *e)
{
    const size_t rows = p->table.rows;
    autofree struct place *place = array_new(rows, sizeof *place, "ids", e);
    autofree size_t *first = array_new(rows, sizeof *first, "ids", e); /* 1: a new id */
    size_t all;
    if (!place || !first)
        return -1;
    for (size_t i = 0; i < rows; i++)
        place[i] = (struct place){p->id[i], i};
    qsort(place, rows, sizeof *place, by_id);
    for (size_t i = 0; i < rows; i++)
        f->count += first[place[i].at] = !i || place[i].id != place[i - 1].id;
    f->classes = p->classes;
    if (size_multiply(f->count, (size_t)f->classes, &all))
        return error_set(e, "%zu ids of %d classes are too many", f->count, f->classes);
    if (!(f->fused = array_new(f->count, sizeof *f->fused, "ids", e)) ||
        !(f->by_id = array_new(f->count, sizeof *f->by_id, "ids", e)) ||
        !(f->sum = array_new(all, sizeof *f->sum, "scores", e)) ||
        !(f->of_stream = array_new(all, sizeof *f->of_stream, "scores", e)))
        return -1;
    size_t n = 0, sorted = 0;
    for (size_t i = 0; i < rows; i++)
        if (first[i]) {
            f->fused[n] = (struct fused){.id = p->id[i], .label = p->label[i]};
            first[i] = n++;
        }
    for (size_t i = 0; i < rows; i++)
        if (!i || place[i].id != place[i - 1].id)
            f->by_id[sorted++] = first[place[i].at];
    return header_copy(&f->header, &p->table.header, e);
}

static struct fused *find(const struct fusion *f, int64_t id)
{
    size_t from = 0, to = f->count;
    while (from < to) {
        size_t middle = (from + to) / 2;
        if (f->fused[f->by_id[middle]].id < id)
            from = middle + 1;
        else
            to = middle;
    }
    struct fused *at = from < f->count ? &f->fused[f->by_id[from]] : NULL;
    return at && at->id == id ? at : NULL;
}

/* ---- scores ---- */

static int add_row(struct fusion *f, const struct predicted *p, size_t row, double *probability,
                   struct error *e)
{
    const size_t classes = (size_t)f->classes;
    struct fused *to = find(f, p->id[row]);
    if (!to)
        return error_set(e, "id %lld, which the first stream does not have", (long long)p->id[row]);
    if (to->label != p->label[row])
        return error_set(e, "label %lld of id %lld, which had %lld before",
                         (long long)p->label[row], (long long)to->id, (long long)to->label);
    if (classification_probabilities(p->probabilities, f->classes, p->score + row * classes,
                                     probability, e))
        return -1;
    double *sum = f->of_stream + (size_t)(to - f->fused) * classes;
    for (size_t k = 0; k < classes; k++)
        sum[k] += probability[k];
    to->rows++;
    return 0;
}

static int add_stream(struct fusion *f, const struct predicted *p, double weight, struct error *e)
{
    const size_t classes = (size_t)f->classes;
    autofree double *probability = array_new(classes, sizeof *probability, "scores", e);
    if (!probability)
        return -1;
    memset(f->of_stream, 0, f->count * classes * sizeof *f->of_stream);
    for (size_t i = 0; i < p->table.rows; i++)
        if (add_row(f, p, i, probability, e))
            return error_wrap(e, "row %zu", i + 1);
    for (size_t i = 0; i < f->count; i++) {
        if (!f->fused[i].rows)
            return error_set(e, "no row of id %lld, which the first stream has",
                             (long long)f->fused[i].id);
        for (size_t k = i * classes; k < (i + 1) * classes; k++)
            f->sum[k] += weight * (f->of_stream[k] / (double)f->fused[i].rows);
        f->fused[i].rows = 0;
    }
    f->weights += weight;
    f->streams++;
    return 0;
}

int fusion_add(struct fusion *f, const char *path, double weight, struct error *e)
{
    struct predicted p = {0};
    if (stage_table(f->call, &p.table, path, e))
        return -1;
    int failed = view(&p, e);
    if (!failed && !f->streams)
        failed = begin(f, &p, e);
    else if (!failed && p.classes != f->classes)
        failed = error_set(e, "%d classes, the first stream has %d", p.classes, f->classes);
    else if (!failed)
        failed = stage_note_input(&f->inputs, path, p.table.digest, e);
    failed = failed || add_stream(f, &p, weight, e);
    table_free(&p.table);
    return failed ? error_wrap(e, "%s", strcmp(path, "-") ? path : "standard input") : 0;
}

int fusion_write(struct fusion *f, struct error *e)
{
    struct header h = {0};
    struct stream_writer *w = NULL;
    const int64_t extent = f->classes;
    const uint32_t classes = (uint32_t)f->classes;
    autofree float *score = array_new(classes, sizeof *score, "scores", e);
    if (score && !follow_header(&h, "predictions", &f->header, e) &&
        header_add_field(&h, "id", ELEMENT_I64, 0, NULL, e) >= 0 &&
        header_add_field(&h, "label", ELEMENT_I32, 0, NULL, e) >= 0 &&
        header_add_field(&h, "scores", ELEMENT_F32, 1, &extent, e) >= 0) {
        if (value_set_text(h.meta, "scores", "probabilities"))
            w = stage_create(f->call, &h, f->inputs, e);
        else
            error_set(e, "out of memory");
    }
    header_free(&h);
    for (size_t i = 0; w && i < f->count; i++) {
        for (uint32_t k = 0; k < classes; k++)
            score[k] = (float)(f->sum[i * classes + k] / f->weights);
        const struct cell row[] = {cell_int(ELEMENT_I64, f->fused[i].id),
                                   cell_int(ELEMENT_I32, f->fused[i].label),
                                   cell_tensor(ELEMENT_F32, 1, &classes, score)};
        if (stream_write(w, row, e)) {
            stream_abandon(w);
            return -1;
        }
    }
    return w ? stream_commit(w, e) : -1;
}

void fusion_free(struct fusion *f)
{
    header_free(&f->header);
    value_free(f->inputs);
    free(f->fused);
    free(f->by_id);
    free(f->sum);
    free(f->of_stream);
}
