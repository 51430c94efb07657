/* Latents into a forest of furthest-neighbour kd-trees, one a class. */
#include "rows/forest.h"

static bool single;

static const struct option options[] = {
    {"single", 0, OPTION_FLAG, &single, NULL, "one tree over all classes", 0, 0, NULL},
    {0},
};

static const struct program program = {
    .name = "build-kdtree",
    .summary = "build furthest-neighbour kd-trees over latents",
    .operands = "[LATENTS]",
    .most_operands = 1,
    .description =
        "Writes a forest: a row for each class with its label, the points of its images in the "
        "order of a kd-tree, and their ids. That order is the tree: each run of 16 points is a "
        "leaf, each run of 16 leaves a node, and so on, split at the median of the axis, among the "
        "principal ones, along which a search has most to gain. The forest does not depend on the "
        "order of the latents.\n\n"
        "With --single there is one row, labelled -1, with the points' labels beside the ids: "
        "then mine replaces images whatever their class. To leave images out, pick the others "
        "first.",
    .examples = "encode-latent --weights encoder <pool | build-kdtree -o forest\n"
                "# over some of the images\n"
                "pick --not-ids subset latents | build-kdtree -o forest",
    .see_also = "encode-latent mine",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct table latents;
    struct forest f;
    program_begin(&program, argc, argv, &call);

    const char *path = call.argc ? call.argv[0] : "standard input";
    if (stage_table(&call, &latents, call.argc ? path : NULL, &e))
        program_fail(&call, &e);
    if (forest_plant(&f, &latents, single, &e)) {
        error_wrap(&e, "%s", path);
        program_fail(&call, &e);
    }
    if (forest_write(&f, &call, &latents.header, &e))
        program_fail(&call, &e);
    program_note(&call, "%zu trees over %zu points of %d dimensions", f.trees, f.images,
                 f.dimension);

    forest_free(&f);
    table_free(&latents);
    return program_end(&call);
}
