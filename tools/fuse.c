/* Several predictions of the same things into one. */
#include "rows/fusion.h"

static const struct option options[] = {{0}};

static const struct program program = {
    .name = "fuse",
    .summary = "average what several networks, or several pictures, tell of the same",
    .operands = "[PREDICTIONS...]",
    .most_operands = 64,
    .description =
        "Writes predictions, one row an id, in the order of the first stream: of the rows of that "
        "id the mean of their probabilities (of logits, their softmax) in each stream, and of "
        "these the mean over the streams. So it makes one prediction of a clip out of those of its "
        "frames, and fuses the two streams, frames and motion, late. All streams must have the "
        "same ids, with the same labels.",
    .examples = "frames --count 19 clips | predict --weights spatial -o a\n"
                "flow --count 2 clips | predict --weights motion -o b\n"
                "fuse a b | evaluate",
    .see_also = "evaluate flow frames predict",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_HISTORY | COMMON_STREAM,
};

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);
    struct fusion f = {.call = &call};
    const char *path[65] = {"-"};
    for (int i = 0; i < call.argc; i++)
        path[i] = call.argv[i];
    program_check_inputs(&call, path);
    for (int i = 0; path[i]; i++)
        if (fusion_add(&f, path[i], &e))
            program_fail(&call, &e);
    if (fusion_write(&f, &e))
        program_fail(&call, &e);
    fusion_free(&f);
    return program_end(&call);
}
