#include "rows/predictions.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/memory.h"
#include "measure/report.h"
#include "rows/follow.h"

static bool are_probabilities(const char *scores, const struct value *meta)
{
    return !strcmp(scores ? scores : value_get_text(meta, "scores", "logits"), "probabilities");
}

static int name_classes(struct predictions *p, struct error *e)
{
    const struct value *list = value_get(p->header.meta, "classes");
    size_t classes = (size_t)(p->what == PREDICTED_PIXELS ? p->pixels.classes : p->metrics.classes);
    bool listed = list && list->type == VALUE_ARRAY && list->count == classes;
    if (!classes || (!p->table.name && !listed))
        return 0;
    if (!(p->name = array_new(classes, sizeof *p->name, "names", e)))
        return -1;
    for (size_t k = 0; k < classes; k++) {
        if (p->table.name)
            p->name[k] = p->table.name[k];
        else
            p->name[k] = list->item[k]->type == VALUE_TEXT ? list->item[k]->text : "";
    }
    return 0;
}

static int add_row(struct classification *m, int64_t label, const struct cell *score,
                   struct error *e)
{
    if (score->count != (size_t)m->classes)
        return error_set(e, "%zu scores, expected %d, as in the first row", score->count,
                         m->classes);
    return classification_add(m, label, score->data, e);
}

static int begin_pixels(struct predictions *p, const struct header *h, struct error *e)
{
    const struct value *names = value_get(h->meta, "classes");
    return segmentation_init(&p->pixels,
                             names && names->type == VALUE_ARRAY ? (int)names->count : 0, e);
}

/* A prediction for every pixel, and the truth beside it. */
static int read_maps(struct predictions *p, struct stream_reader *r, const char *scores,
                     struct error *e)
{
    const struct header *h = stream_header(r);
    const struct cell *row;
    const bool depth = h->field[header_find(h, "prediction")].element == ELEMENT_F32;
    const enum element element = depth ? ELEMENT_F32 : ELEMENT_U8;
    int got, truth, prediction;
    p->what = depth ? PREDICTED_DEPTH : PREDICTED_PIXELS;
    if (scores)
        return error_set(e, "%s: predictions for pixels, which have no scores", stream_path(r));
    if ((truth = header_require(h, depth ? "depth" : "target", element, 2, e)) < 0 ||
        (prediction = header_require(h, "prediction", element, 2, e)) < 0 ||
        (!depth && begin_pixels(p, h, e)))
        return error_wrap(e, "%s", stream_path(r));
    while ((got = stream_read(r, &row, e)) == 1) {
        const struct cell *is = &row[truth], *told = &row[prediction];
        if (memcmp(is->extent, told->extent, 2 * sizeof *is->extent))
            error_set(e, "a prediction of %u x %u of a target of %u x %u", told->extent[0],
                      told->extent[1], is->extent[0], is->extent[1]);
        else if (!(depth ? depth_add(&p->depth, is->data, told->data, is->count, e)
                         : segmentation_add(&p->pixels, is->data, told->data, is->count, e)))
            continue;
        return error_wrap(e, "%s: row %lld", stream_path(r), (long long)stream_rows(r));
    }
    return got < 0 ? -1 : header_copy(&p->header, h, e);
}

static int read_stream(struct predictions *p, struct stream_reader *r, const char *scores,
                       struct error *e)
{
    const struct header *h = stream_header(r);
    const struct cell *row;
    int got, label, score;
    if (header_require_kind(h, "predictions", e) ||
        (label = header_require(h, "label", ELEMENT_I32, 0, e)) < 0 ||
        (score = header_require(h, "scores", ELEMENT_F32, 1, e)) < 0)
        return error_wrap(e, "%s", stream_path(r));
    while ((got = stream_read(r, &row, e)) == 1) {
        size_t classes = row[score].count;
        if (stream_rows(r) == 1 &&
            classification_init(&p->metrics, classes > INT32_MAX ? INT32_MAX : (int)classes,
                                are_probabilities(scores, h->meta), e))
            return error_wrap(e, "%s", stream_path(r));
        if (add_row(&p->metrics, row[label].integer, &row[score], e))
            return error_wrap(e, "%s: row %lld", stream_path(r), (long long)stream_rows(r));
    }
    return got < 0 ? -1 : header_copy(&p->header, h, e);
}

static int read_table(struct predictions *p, FILE *from, const char *scores, struct error *e)
{
    struct tsv *t = &p->table;
    int got;
    if (tsv_begin(t, from, e) ||
        classification_init(&p->metrics, t->classes, are_probabilities(scores, NULL), e))
        return -1;
    while ((got = tsv_read(t, e)) == 1)
        if (classification_add(&p->metrics, t->label, t->score, e))
            return error_wrap(e, "row %lld", (long long)t->rows);
    return got < 0 ? -1 : header_init(&p->header, "predictions", e);
}

/* A stream begins with a MessagePack map, a byte above those of ASCII; text does not. */
int predictions_read(struct predictions *p, const struct call *c, const char *path,
                     const char *scores, struct error *e)
{
    *p = (struct predictions){0};
    unsigned char first;
    const char *name = strcmp(path, "-") ? path : "standard input";
    int fd = input_open(path, e);
    ssize_t size = fd < 0 ? -1 : input_read(fd, &first, 1, e);
    int failed = -1;
    if (size < 0)
        return fd < 0 ? -1 : error_wrap(e, "%s", name);
    if (size == 1 && first >= 0x80) {
        const struct stream_limits limits = stage_limits(c);
        struct stream_reader *r = stream_open_after(path, fd, &first, 1, &limits, e);
        bool maps = r && header_find(stream_header(r), "prediction") >= 0;
        failed = !r ? -1 : maps ? read_maps(p, r, scores, e) : read_stream(p, r, scores, e);
        stream_close(r);
    } else {
        FILE *from = fdopen(fd, "r");
        if (!from) {
            close(fd);
            return error_set(e, "%s:", name);
        }
        if (size == 1 && ungetc(first, from) == EOF)
            failed = error_set(e, "%s:", name);
        else
            failed = read_table(p, from, scores, e) ? error_wrap(e, "%s", name) : 0;
        fclose(from);
    }
    if (!failed && !p->metrics.rows && !p->pixels.images && !p->depth.images)
        failed = error_set(e, "%s: no rows, expected predictions", name);
    return failed || name_classes(p, e) ? -1 : 0;
}

struct value *predictions_report(const struct predictions *p, int draws, uint64_t seed,
                                 struct error *e)
{
    return p->what == PREDICTED_PIXELS  ? segmentation_report(&p->pixels, p->name, e)
           : p->what == PREDICTED_DEPTH ? depth_report(&p->depth, e)
                                        : report_new(&p->metrics, p->name, draws, seed, e);
}

int predictions_print(const struct predictions *p, const struct value *report, FILE *to)
{
    return p->what == PREDICTED_PIXELS  ? segmentation_print(report, to)
           : p->what == PREDICTED_DEPTH ? depth_print(report, to)
                                        : report_print(report, to);
}

void predictions_free(struct predictions *p)
{
    classification_free(&p->metrics);
    segmentation_free(&p->pixels);
    tsv_free(&p->table);
    header_free(&p->header);
    free(p->name);
}

/* The numbers of a report, those in a map within it as "hubs distinct". */
static int write_numbers(struct stream_writer *w, const struct value *report, const char *of,
                         struct error *e)
{
    char name[128];
    for (size_t i = 0; i < report->count; i++) {
        const struct value *x = report->item[i];
        snprintf(name, sizeof name, "%s%s%s", of, *of ? " " : "", report->key[i]);
        const struct cell row[] = {
            cell_text(name),
            cell_real(ELEMENT_F64, value_get_real(report, report->key[i], NAN)),
        };
        if (x->type == VALUE_MAP && !*of                    ? write_numbers(w, x, name, e)
            : x->type == VALUE_INT || x->type == VALUE_REAL ? stream_write(w, row, e)
                                                            : 0)
            return -1;
    }
    return 0;
}

int results_write(const struct value *report, const struct call *c,
                  const struct header *predictions, struct error *e)
{
    struct header h = {0};
    struct stream_writer *w = NULL;
    if (!follow_header(&h, "results", predictions, e) &&
        header_add_field(&h, "metric", ELEMENT_STR, 0, NULL, e) >= 0 &&
        header_add_field(&h, "value", ELEMENT_F64, 0, NULL, e) >= 0)
        w = stage_create(c, &h, NULL, e);
    header_free(&h);
    if (w && write_numbers(w, report, "", e)) {
        stream_abandon(w);
        return -1;
    }
    return w ? stream_commit(w, e) : -1;
}
