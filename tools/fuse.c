/* Several predictions of the same things into one. */
#include <math.h>
#include <stdlib.h>
#include "rows/fusion.h"

enum { MOST_STREAMS = 64 };
static const char *weights;

static const struct option options[] = {
    {"weights", 0, OPTION_TEXT, &weights, "W,W...",
     "what each stream counts, from 0 up; if not given, as much as any other", 0, 0, NULL},
    {0},
};

static const struct program program = {
    .name = "fuse",
    .summary = "average what several networks, or several pictures, tell of the same",
    .operands = "[PREDICTIONS...]",
    .most_operands = MOST_STREAMS,
    .description =
        "Writes predictions, one row an id, in the order of the first stream: of the rows of that "
        "id the mean of their probabilities (of logits, their softmax) in each stream, and of "
        "these the mean over the streams, weighted by --weights. So it makes one prediction of a "
        "clip out of those of its "
        "frames, and fuses the two streams, frames and motion, late. All streams must have the "
        "same ids, with the same labels.",
    .examples = "frames --count 19 clips | predict --weights spatial -o a\n"
                "flow --count 2 clips | predict --weights motion -o b\n"
                "fuse a b | evaluate\n"
                "fuse --weights 1,2 a b | evaluate",
    .see_also = "evaluate flow frames predict",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_HISTORY | COMMON_STREAM,
};

/* As many as there are streams. */
static void read_weights(const struct call *call, int streams, double *weight)
{
    int count = 0;
    bool all = false;
    char *rest = (char *)weights;
    for (bool more = true; more; more = *rest++ == ',') {
        const char *number = rest;
        const double w = strtod(number, &rest);
        if (rest == number || (*rest && *rest != ',') || !(w >= 0 && isfinite(w)))
            program_usage(call,
                          "--weights: expected numbers from 0 up parted by commas, found '%s'",
                          weights);
        if (count < streams)
            weight[count] = w;
        all = all || w > 0;
        count++;
    }
    if (count != streams || !all)
        program_usage(call, "--weights: expected one for each of %d streams, not all 0, found '%s'",
                      streams, weights);
    /* only their proportions count: the largest is 1 */
    double most = 0;
    for (int i = 0; i < streams; i++)
        most = fmax(most, weight[i]);
    for (int i = 0; i < streams; i++)
        weight[i] /= most;
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);
    struct fusion f = {.call = &call};
    const char *path[MOST_STREAMS + 1] = {"-"};
    double weight[MOST_STREAMS];
    const int streams = call.argc ? call.argc : 1;
    for (int i = 0; i < call.argc; i++)
        path[i] = call.argv[i];
    for (int i = 0; i < streams; i++)
        weight[i] = 1;
    if (weights)
        read_weights(&call, streams, weight);
    program_check_inputs(&call, path);
    for (int i = 0; i < streams; i++)
        if (fusion_add(&f, path[i], weight[i], &e))
            program_fail(&call, &e);
    if (fusion_write(&f, &e))
        program_fail(&call, &e);
    fusion_free(&f);
    return program_end(&call);
}
