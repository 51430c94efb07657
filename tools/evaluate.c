/* Predictions, pictures, or latents into metrics. */
#include <string.h>
#include "base/file.h"
#include "measure/ranks.h"
#include "rows/comparison.h"
#include "rows/predictions.h"
#include "rows/space.h"

static const char *scores, *columns = "accuracy,score", *group;
static int64_t draws = 1000;
static bool as_stream;

static const struct option options[] = {
    {"scores", 0, OPTION_CHOICE, &scores, "WHAT",
     "what the scores are; by default what the stream's meta `scores` says, or logits", 0, 0,
     "logits|probabilities"},
    {"columns", 0, OPTION_TEXT, &columns, "A,B",
     "with ranks: the columns that are compared, of the reference and of the table", 0, 0, NULL},
    {"group", 0, OPTION_TEXT, &group, "COLUMN",
     "with ranks: a column of the reference; rows that have the same in it are drawn together", 0,
     0, NULL},
    {"draws", 0, OPTION_INT, &draws, "N", "bootstrap draws for the intervals; 0: no intervals", 0,
     1e6, NULL},
    {"stream", 0, OPTION_FLAG, &as_stream, NULL, "write a results stream instead of a table", 0, 0,
     NULL},
    {0},
};

static const struct program program = {
    .name = "evaluate",
    .summary = "measure a network by its predictions, a codec by what it leaves, an encoder by its "
               "latents, a score by how it ranks",
    .operands = "[PREDICTIONS | images REFERENCE [SAMPLES] | latents [LATENTS] | ranks REFERENCE "
                "[TABLE]]",
    .most_operands = 3,
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
        "spread: the sample deviation of these classes' recall. Intervals hold the middle 95 % of "
        "bootstrap draws over images, by --seed.\n\n"
        "images: compares the images or clips of two streams, the same ids in the same order, of "
        "which the second is what compress, or an auto-encoder, left of the first. mse: mean "
        "squared error; r2: 1 less the squared errors over those of the reference's mean image, "
        "where all pictures are of one size; psnr: mean "
        "over the pictures that differ, psnr_of_mse: of the mse of all; ssim: structural "
        "similarity, window of 11 x 11, mean over channels; ms_ssim: on five scales, of pictures "
        "from 176 x 176; bytes, bits_per_pixel: of the files, scan, scan_bits_per_pixel: of the "
        "entropy-coded image in them; entropy_y, _cb, _cr: bits of the histograms of all pixels, "
        "and those of the reference. What no picture is large enough for is left out. A clip's "
        "frames are pictures.\n\n"
        "latents: how good a space is to mine in. purity1, purity5: the share of an image's 1 or 5 "
        "nearest neighbours, itself left out, that are of its class (of those equally near, which "
        "--seed draws); silhouette: of at most 2,000 images drawn by --seed; scatter: of class "
        "means by that of images around them; radius: "
        "the mean squared distance of an image from its class's mean; centroids: squared distances "
        "between the means of classes, or their medians, also by the radius, which no scale "
        "changes. hubs: 100 times ten images of each class, drawn by --seed, are replaced by "
        "mine's rule: how many images come, how often the largest hub does, the share of the ten "
        "most frequent, and the skewness of how often each comes; hubs_unbarred: the same where "
        "nothing is barred.\n\n"
        "ranks: whether two columns of numbers rank the same things alike, as score and accuracy "
        "of "
        "architectures may. Both tables are text with a line of names, parted by tabs, and have a "
        "column id; what one of them has alone is counted as unmatched and left out. kendall: "
        "tau-b; spearman: Pearson's correlation of the ranks, those of ties their mean. Where rows "
        "are the same thing in other words, name with --group the column that tells: they are "
        "drawn "
        "together.\n\n"
        "Of networks that tell the class of every pixel: accuracy, the share of pixels that are "
        "right; class_accuracy, the mean over classes of that; miou, the mean over classes of the "
        "pixels that are and were told of the class among those that are or were. Pixels whose "
        "target is no class, void, are left out, and so is a class that has none. --json also has "
        "pixels and those that are right of each image.\n\n"
        "Of networks that tell how far away every pixel is, d of a true d*: abs_rel, the mean of "
        "|d - d*| / d*; sq_rel, that of (d - d*)^2 / d*; rmse, the root of the mean of (d - d*)^2; "
        "over all pixels but those whose true depth is unknown, below 0.001.\n\n"
        "Prints an aligned table with a line a class and the confusion matrix (to 20 classes), or "
        "all of it with --json, where numbers are fractions; --stream writes metric and value.",
    .examples = "predict --weights net <test | evaluate\n"
                "evaluate --json -o metrics.json predictions\n"
                "load fashion-mnist test -o test; compress --jpeg 15 test | evaluate images test\n"
                "encode-latent --weights encoder test | evaluate latents\n"
                "encode-latent --weights encoder test | decode-latent --weights encoder |\n"
                "    evaluate images test\n"
                "evaluate ranks accuracies.tsv scores.tsv\n"
                "# are larger networks scored higher?\n"
                "evaluate ranks --columns weights,score scores.tsv scores.tsv\n"
                "# what another framework wrote\n"
                "evaluate --scores probabilities predictions.tsv",
    .see_also = "compress embed-2d encode-latent judge predict score",
    .options = options,
    .common =
        COMMON_OUTPUT | COMMON_SEED | COMMON_HISTORY | COMMON_JSON | COMMON_STREAM | COMMON_THREADS,
};

/* p: whose report it is, or NULL where `print` prints it. */
static int write_report(const struct call *call, const struct value *report,
                        const struct predictions *p, int (*print)(const struct value *, FILE *),
                        const struct header *from, struct error *e)
{
    struct text_output t;
    if (as_stream)
        return results_write(report, call, from, e);
    if (text_output_begin(&t, e))
        return -1;
    const bool failed = call->json ? value_print_json(report, t.to)
                        : p        ? predictions_print(p, report, t.to)
                                   : print(report, t.to);
    if (failed)
        error_set(e, "out of memory: the report");
    return text_output_end(&t, failed, call->output, e);
}

static int evaluate_predictions(const struct call *call, struct error *e)
{
    struct predictions p;
    program_forbid(call, draws == 0, "does nothing with --draws 0", "seed threads");
    if (call->argc > 1)
        program_usage(call, "unexpected operand '%s'", call->argv[1]);
    if (predictions_read(&p, call, call->argc ? call->argv[0] : "-", scores, e))
        return -1;
    program_forbid(call, p.what != PREDICTED_CLASS, "is of classifiers", "draws seed threads");
    program_forbid(call, p.table.classes > 0, "does nothing with a table", "max-tensor");
    struct value *report = predictions_report(&p, (int)draws, call->seed, e);
    int failed = !report || write_report(call, report, &p, NULL, &p.header, e);
    value_free(report);
    predictions_free(&p);
    return failed;
}

static int evaluate_images(const struct call *call, struct error *e)
{
    struct comparison c;
    const char *reference = call->argv[1], *path = call->argc > 2 ? call->argv[2] : "-";
    program_forbid(call, true, "goes with predictions", "scores");
    program_forbid(call, draws == 0, "does nothing with --draws 0", "seed threads");
    program_check_inputs(call, (const char *[]){reference, path, NULL});
    int failed = comparison_read(&c, call, reference, path, e);
    struct value *report = failed ? NULL : quality_report(&c.quality, (int)draws, call->seed, e);
    failed = !report || write_report(call, report, NULL, quality_print, &c.header, e);
    value_free(report);
    comparison_free(&c);
    return failed;
}

static int evaluate_latents(const struct call *call, struct error *e)
{
    struct table latents;
    const char *path = call->argc > 1 ? call->argv[1] : "-";
    program_forbid(call, true, "goes with predictions", "scores");
    if (call->argc > 2)
        program_usage(call, "unexpected operand '%s'", call->argv[2]);
    if (stage_table(call, &latents, path, e))
        return -1;
    struct value *report = space_report(&latents, (int)draws, call->seed, e);
    if (!report)
        error_wrap(e, "%s", strcmp(path, "-") ? path : "standard input");
    int failed = !report || write_report(call, report, NULL, space_print, &latents.header, e);
    value_free(report);
    table_free(&latents);
    return failed;
}

static int read_scores(struct scores *s, const char *path, const char *column, const char *by,
                       struct error *e)
{
    size_t size;
    char *text = input_read_all(path, RANKS_BYTES, &size, e);
    *s = (struct scores){0};
    if (!text)
        return -1;
    return scores_read(s, text, size, column, by, e)
               ? error_wrap(e, "%s", strcmp(path, "-") ? path : "standard input")
               : 0;
}

static int evaluate_ranks(const struct call *call, struct error *e)
{
    struct scores a = {0}, b = {0};
    struct header none;
    const char *reference = call->argv[1], *path = call->argc > 2 ? call->argv[2] : "-";
    char first[64];
    const char *second = strchr(columns, ',');
    const size_t length = second ? (size_t)(second - columns) : sizeof first;
    if (length >= sizeof first)
        program_usage(call, "--columns: expected two names with a comma between, found '%s'",
                      columns);
    snprintf(first, sizeof first, "%.*s", (int)length, columns);
    program_forbid(call, true, "goes with predictions", "scores");
    program_forbid(call, true, "does nothing with ranks", "max-tensor");
    program_forbid(call, draws == 0, "does nothing with --draws 0", "seed threads group");
    program_check_inputs(call, (const char *[]){reference, path, NULL});
    struct value *report =
        read_scores(&a, reference, first, group, e) || read_scores(&b, path, second + 1, NULL, e)
            ? NULL
            : ranks_report(&a, &b, (int)draws, call->seed, e);
    int failed = !report || header_init(&none, "scores", e);
    if (!failed) {
        failed = write_report(call, report, NULL, ranks_print, &none, e);
        header_free(&none);
    }
    value_free(report);
    scores_free(&a);
    scores_free(&b);
    return failed;
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);
    program_forbid(&call, as_stream, "excludes --stream", "json");
    program_forbid(&call, !as_stream, "goes with --stream", "no-history");
    bool images = call.argc > 1 && strcmp(call.argv[0], "images") == 0;
    bool latents = call.argc && strcmp(call.argv[0], "latents") == 0;
    bool ranks = call.argc > 1 && strcmp(call.argv[0], "ranks") == 0;
    program_forbid(&call, !ranks, "goes with ranks", "columns group");
    if (call.argc == 1 &&
        (strcmp(call.argv[0], "images") == 0 || strcmp(call.argv[0], "ranks") == 0))
        program_usage(&call, "%s: expected REFERENCE", call.argv[0]);
    if (images    ? evaluate_images(&call, &e)
        : latents ? evaluate_latents(&call, &e)
        : ranks   ? evaluate_ranks(&call, &e)
                  : evaluate_predictions(&call, &e))
        program_fail(&call, &e);
    return program_end(&call);
}
