/* Predictions into metrics. */
#include "base/file.h"
#include "measure/report.h"
#include "rows/predictions.h"

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
    .examples = "predict --weights net <test | evaluate\n"
                "evaluate --json -o metrics.json predictions\n"
                "# what another framework wrote\n"
                "evaluate --scores probabilities predictions.tsv",
    .see_also = "predict",
    .options = options,
    .common =
        COMMON_OUTPUT | COMMON_SEED | COMMON_HISTORY | COMMON_JSON | COMMON_STREAM | COMMON_THREADS,
};

static int write_text(const struct call *call, const struct value *report, struct error *e)
{
    struct text_output t;
    if (text_output_begin(&t, e))
        return -1;
    if (call->json ? value_print_json(report, t.to) : report_print(report, t.to))
        return error_set(e, "out of memory: the report");
    return text_output_commit(&t, call->output, e);
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct predictions p;
    program_begin(&program, argc, argv, &call);
    program_forbid(&call, as_stream, "excludes --stream", "json");
    program_forbid(&call, !as_stream, "goes with --stream", "no-history");
    program_forbid(&call, draws == 0, "does nothing with --draws 0", "seed threads");

    if (predictions_read(&p, &call, call.argc ? call.argv[0] : "-", scores, &e))
        program_fail(&call, &e);
    struct value *report = report_new(&p.metrics, p.name, (int)draws, call.seed, &e);
    if (!report ||
        (as_stream ? results_write(report, &call, &p.header, &e) : write_text(&call, report, &e)))
        program_fail(&call, &e);

    value_free(report);
    predictions_free(&p);
    return program_end(&call);
}
