/* Rows of a stream: by id, by class, at random, the first. */
#include "rows/picker.h"

static struct pick_rules rules = {.per_class = -1, .random = -1, .first = -1};

static const struct option options[] = {
    {"ids", 0, OPTION_FILE, &rules.ids, "FILE",
     "rows whose id is in this stream, each as often as it is listed", 0, 0, NULL},
    {"not-ids", 0, OPTION_FILE, &rules.not_ids, "FILE", "rows whose id is not in this stream", 0, 0,
     NULL},
    {"classes", 0, OPTION_TEXT, &rules.classes, "A,B...",
     "rows of these classes, by name or number", 0, 0, NULL},
    {"per-class", 0, OPTION_INT, &rules.per_class, "N", "N rows of each class, at random", 0, 1e15,
     NULL},
    {"random", 0, OPTION_INT, &rules.random, "N", "N rows at random", 0, 1e15, NULL},
    {"first", 0, OPTION_INT, &rules.first, "N", "the first N rows of what the others leave", 0,
     1e15, NULL},
    {0},
};

static const struct program program = {
    .name = "pick",
    .summary = "pick rows of a stream by id, by class or at random",
    .operands = "[STREAM]",
    .most_operands = 1,
    .description =
        "Options combine, and apply in this order: --ids, --not-ids, --classes, --per-class, "
        "--random, --first. Rows keep the order of the input. The input is read to its end, so "
        "that a broken stream never passes for a short one.\n\n"
        "--ids and --not-ids take any stream with an id field. An id of --ids that the input lacks "
        "is an error. The meta `subset` of the --ids stream, by which mine tells what it did, is "
        "passed on, and the digests of both go into the history.\n\n"
        "A random choice is without replacement and ranks ids by a random number from seed and id: "
        "it does not depend on the order of the rows, and more rows by the same seed are a "
        "superset of fewer. Too few rows to choose from is an error.",
    .examples = "load fashion-mnist train | pick --per-class 10 --seed 1 -o initial\n"
                "# disjoint splits: a validation set, and the pool without it\n"
                "pick --random 12000 --seed 1 -o validation train\n"
                "pick --not-ids validation -o rest train\n"
                "# the images that mine chose\n"
                "pick --ids subset pool | mosaic -o subset.png",
    .see_also = "load mine peek",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_SEED | COMMON_HISTORY | COMMON_STREAM,
};

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct picker p;
    const struct cell *row;
    int got;
    program_begin(&program, argc, argv, &call);

    program_forbid(&call, rules.per_class < 0 && rules.random < 0,
                   "goes with --per-class and --random", "seed");
    const char *path = call.argc ? call.argv[0] : "-";
    program_check_inputs(&call, (const char *[]){path, rules.ids ? rules.ids : "",
                                                 rules.not_ids ? rules.not_ids : "", NULL});

    struct stream_reader *r = stage_open(&call, path, &e);
    if (!r || picker_open(&p, &call, &rules, r, &e))
        program_fail(&call, &e);
    while ((got = stream_read(r, &row, &e)) == 1)
        if (picker_take(&p, row, &e))
            program_fail(&call, &e);
    if (got < 0 || picker_finish(&p, &e))
        program_fail(&call, &e);

    picker_free(&p);
    stream_close(r);
    return program_end(&call);
}
