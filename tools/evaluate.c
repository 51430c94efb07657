/* Predictions into metrics. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/memory.h"
#include "base/program.h"
#include "measure/report.h"
#include "measure/tsv.h"
#include "stream/stage.h"

static const char *scores;
static int64_t draws = 1000;
static bool as_stream;

static const struct option options[] = {
    {"scores", 0, OPTION_CHOICE, &scores, "WHAT",
     "what the scores are; by default what the stream's meta `scores` says, or logits", 0, 0,
     "logits|probabilities"},
    {"draws", 0, OPTION_INT, &draws, "N", "bootstrap draws for the intervals; 0: no intervals", 0,
     1e6, NULL},
    {"stream", 0, OPTION_FLAG, &as_stream, NULL, "write a results stream instead of a table", 0, 0,
     NULL},
    {0},
};

static const struct program program = {
    .name = "evaluate",
    .summary = "measure a classifier by its predictions",
    .operands = "[PREDICTIONS]",
    .most_operands = 1,
    .description =
        "Reads a predictions stream, or a table as text that any framework can write: a first line "
        "\"id\", \"label\" and the names of the classes, then a line for each image with its id, "
        "the number of its class (from 0) and its scores, all parted by tabs. Logits are put "
        "through softmax; probabilities must sum to 1. A label or a score out of range is an error "
        "that names the row.\n\n"
        "top1: share of images whose highest score is that of their class, the lowest class among "
        "equal scores. top5: their class is among the five highest (with more than five classes). "
        "loss: negative log-likelihood in nats. calibration: expected calibration error over 15 "
        "bins of equal width of the highest probability. brier: the mean squared distance of the "
        "probabilities from the truth. precision, recall, f1: means over the classes that occur. "
        "Intervals hold the middle 95 % of bootstrap draws over images, by --seed.\n\n"
        "Prints an aligned table with a line a class and the confusion matrix (to 20 classes), or "
        "all of it with --json, where numbers are fractions; --stream writes metric and value.",
    .examples = "predict --weights net < test | evaluate\n"
                "predict --weights net < test | evaluate --json -o metrics.json\n"
                "evaluate --scores probabilities other-framework.tsv",
    .options = options,
    .common =
        COMMON_OUTPUT | COMMON_SEED | COMMON_HISTORY | COMMON_JSON | COMMON_STREAM | COMMON_THREADS,
};

/* What is evaluated. */
struct evaluation {
    struct classification c;
    struct header header; /* of the predictions; of a table, an empty one */
    struct tsv table;
    const char **name; /* [classes], into header or table; NULL where there are none */
};

static bool are_probabilities(const struct value *meta)
{
    return strcmp(scores ? scores : value_get_text(meta, "scores", "logits"), "probabilities") == 0;
}

static int name_classes(struct evaluation *v, struct error *e)
{
    const struct value *list = value_get(v->header.meta, "classes");
    bool listed = list && list->type == VALUE_ARRAY && list->count == (size_t)v->c.classes;
    if (!v->table.name && !listed)
        return 0;
    if (!(v->name = array_new((size_t)v->c.classes, sizeof *v->name, "names", e)))
        return -1;
    for (int k = 0; k < v->c.classes; k++) {
        if (v->table.name)
            v->name[k] = v->table.name[k];
        else
            v->name[k] = list->item[k]->type == VALUE_TEXT ? list->item[k]->text : "";
    }
    return 0;
}

static int add_row(struct evaluation *v, int64_t label, const struct cell *score, struct error *e)
{
    if (score->count != (size_t)v->c.classes)
        return error_set(e, "%zu scores; expected %d, as in the first row", score->count,
                         v->c.classes);
    return classification_add(&v->c, label, score->data, e);
}

static int read_stream(struct evaluation *v, struct stream_reader *r, struct error *e)
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
            classification_init(&v->c, classes > INT32_MAX ? INT32_MAX : (int)classes,
                                are_probabilities(h->meta), e))
            return error_wrap(e, "%s", stream_path(r));
        if (add_row(v, row[label].integer, &row[score], e))
            return error_wrap(e, "%s: row %lld", stream_path(r), (long long)stream_rows(r));
    }
    return got < 0 ? -1 : header_copy(&v->header, h, e);
}

static int read_table(struct evaluation *v, FILE *from, struct error *e)
{
    int got;
    if (tsv_begin(&v->table, from, e) ||
        classification_init(&v->c, v->table.classes, are_probabilities(NULL), e))
        return -1;
    while ((got = tsv_read(&v->table, e)) == 1)
        if (classification_add(&v->c, v->table.label, v->table.score, e))
            return error_wrap(e, "row %lld", (long long)v->table.rows);
    return got < 0 ? -1 : header_init(&v->header, "predictions", e);
}

/* A stream begins with a MessagePack map, a byte above those of ASCII; text does not. */
static int read_predictions(const struct call *call, struct evaluation *v, struct error *e)
{
    unsigned char first;
    const char *path = call->argc ? call->argv[0] : "-";
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    int fd = input_open(path, e);
    ssize_t size = fd < 0 ? -1 : input_read(fd, &first, 1, e);
    int failed = -1;
    if (size < 0)
        return -1;
    if (size == 1 && first >= 0x80) {
        const struct stream_limits limits = stage_limits(call);
        struct stream_reader *r = stream_open_after(path, fd, &first, 1, &limits, e);
        failed = r ? read_stream(v, r, e) : -1;
        stream_close(r);
    } else {
        FILE *from = fdopen(fd, "r");
        if (!from || (size == 1 && ungetc(first, from) == EOF))
            return error_set(e, "%s:", name);
        failed = read_table(v, from, e) ? error_wrap(e, "%s", name) : 0;
        fclose(from);
    }
    if (!failed && v->c.rows == 0)
        failed = error_set(e, "%s: no rows; expected predictions", name);
    return failed || name_classes(v, e) ? -1 : 0;
}

/* Every number of the report's first level as a row. */
static int write_stream(const struct call *call, const struct evaluation *v,
                        const struct value *report, struct error *e)
{
    struct header h;
    if (header_init(&h, "results", e) ||
        header_add_field(&h, "metric", ELEMENT_STR, 0, NULL, e) < 0 ||
        header_add_field(&h, "value", ELEMENT_F64, 0, NULL, e) < 0)
        return -1;
    value_free(h.meta);
    value_free(h.history);
    h.meta = value_copy(v->header.meta);
    h.history = value_copy(v->header.history);
    struct stream_writer *w = h.meta && h.history ? stage_create(call, &h, NULL, e)
                                                  : (error_set(e, "out of memory"), NULL);
    header_free(&h);
    for (size_t i = 0; w && i < report->count; i++) {
        const struct value *x = report->item[i];
        if (x->type != VALUE_INT && x->type != VALUE_REAL)
            continue;
        const struct cell row[] = {
            cell_text(report->key[i]),
            cell_real(ELEMENT_F64, value_get_real(report, report->key[i], NAN)),
        };
        if (stream_write(w, row, e)) {
            stream_abandon(w);
            return -1;
        }
    }
    return w ? stream_commit(w, e) : -1;
}

static int write_text(const struct call *call, const struct value *report, struct error *e)
{
    struct output o;
    autofree char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (!to)
        return error_set(e, "out of memory");
    int failed = call->json ? value_print_json(report, to) : report_print(report, to);
    if (fclose(to) || failed)
        return error_set(e, "out of memory: the report");
    if (output_open(&o, call->output, e))
        return -1;
    if (output_write(&o, text, size, e)) {
        output_abandon(&o);
        return -1;
    }
    return output_commit(&o, e);
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct evaluation v = {0};
    program_begin(&program, argc, argv, &call);
    if (as_stream && call.json)
        program_usage(&call, "--stream and --json exclude each other");

    if (read_predictions(&call, &v, &e))
        program_fail(&call, &e);
    struct value *report = report_new(&v.c, v.name, (int)draws, call.seed, &e);
    if (!report ||
        (as_stream ? write_stream(&call, &v, report, &e) : write_text(&call, report, &e)))
        program_fail(&call, &e);

    value_free(report);
    classification_free(&v.c);
    tsv_free(&v.table);
    header_free(&v.header);
    free(v.name);
    return program_end(&call);
}
