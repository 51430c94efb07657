/* The next subset: keep what is hard, replace what is easy by its furthest unlike. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "rows/forest.h"
#include "rows/hardness.h"
#include "rows/ids.h"

static const char *forest_path, *ban = "subset";
static struct remine_rules rules = {.hardness = 0.85};
static double mastery = 0.5;
static int64_t warm_up = 10;
static bool keep_all, force;

static const struct option options[] = {
    {"forest", 0, OPTION_FILE, &forest_path, "FILE", "where new images come from (build-kdtree)", 0,
     0, NULL},
    {"hardness", 0, OPTION_REAL, &rules.hardness, "H",
     "replace images whose easiness, the mean probability of their class, is at least H", 0, 1e9,
     NULL},
    {"mastery", 0, OPTION_REAL, &mastery, "M",
     "update only when the accuracy on the subset, a fraction, is at least M", 0, 1e9, NULL},
    {"warm-up", 0, OPTION_INT, &warm_up, "EPOCHS", "no update before so many epochs", 0, 1e9, NULL},
    {"force", 0, OPTION_FLAG, &force, NULL, "update whatever epoch and accuracy are", 0, 0, NULL},
    {"random", 0, OPTION_FLAG, &rules.random, NULL,
     "replace by an image of the same class at random, not by the furthest", 0, 0, NULL},
    {"keep-all", 0, OPTION_FLAG, &keep_all, NULL, "never update: the subset stays as it is", 0, 0,
     NULL},
    {"ban", 0, OPTION_CHOICE, &ban, "WHAT",
     "which images may not come straight back: all of the subset, or none", 0, 0, "subset|none"},
    {"allow-duplicates", 0, OPTION_FLAG, &rules.allow_duplicates, NULL,
     "images that stay or were just chosen may be chosen again", 0, 0, NULL},
    {"epsilon", 0, OPTION_REAL, &rules.epsilon, "E",
     "accept an image at 1/(1+E) of the largest distance", 0, 1e6, NULL},
    {0},
};

static const struct program program = {
    .name = "mine",
    .summary = "choose the next training subset: keep the hard images, replace the easy ones",
    .operands = "[HARDNESS]",
    .most_operands = 1,
    .description =
        "Reads a hardness stream, which lists the subset, and writes the ids of the next one, as "
        "many, by ascending id: id, label, easiness, kept (1, or 0 for a newcomer), replaces (the "
        "id that it replaces) and distance (from that one).\n\n"
        "The subset is updated when it is mastered, by the hardness stream's meta `search`: at "
        "least --warm-up epochs done, one of them on this subset, and an accuracy of at least "
        "--mastery. A stream without that meta is always updated. Otherwise the same subset comes "
        "out again. In an update every easy image, by ascending id, gives its place to the "
        "furthest image of its tree of the forest, its class; ties go to the lowest id. An image "
        "without an easiness yet is hard. An update without an easy image changes nothing but is "
        "an update: search-step raises its learning rate.\n\n"
        "--ban none with --allow-duplicates is the literal reading of the thesis: then an image "
        "may come straight back, and come several times. Those that came back are listed in meta "
        "`subset`, as `returned`, so that search-step begins their easiness anew.\n\n"
        "Meta `subset` tells what was done: update (updates so far), updated, mastered, kept, "
        "replaced, distinct, visited_nodes, visited_points, visited_share (of the points of the "
        "trees asked; those that a search guesses by first count twice), mean_distance, "
        "random_distance (to random images instead) and hub_share "
        "(of the same searches with nothing banned, the share that ten images answer). -v prints "
        "it.",
    .examples = "pick --ids subset pool |\n"
                "    search-step --state search --validation validation |\n"
                "    mine --forest forest -o subset\n"
                "# random replacement, for comparison\n"
                "mine --forest forest --random --force -o ids hardness",
    .see_also = "build-kdtree pick search-step",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_SEED | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

/* Whether to update now; a run that does not tell where it is must be forced to. */
static int judge_mastery(const struct hardness *h, bool *mastered, struct error *e)
{
    *mastered = force || !h->searched || curriculum_mastered(&h->run, warm_up, mastery);
    if (h->searched && !force && (h->run.epoch < 0 || isnan(h->run.accuracy)))
        return error_set(e, "meta `search` lacks epoch or accuracy, expected both, or --force");
    return 0;
}

static void print_report(const struct call *c, const struct curriculum *run,
                         const struct remine_report *r, bool updated)
{
    if (!updated) {
        program_note(c, "epoch %lld, accuracy %.3f: the subset stays", (long long)run->epoch,
                     run->accuracy);
        return;
    }
    program_note(c, "update %lld: %zu kept, %zu replaced, %zu distinct", (long long)run->update + 1,
                 r->kept, r->replaced, r->distinct);
    if (r->replaced > 0)
        program_note(c, "distance %.3g, of random images %.3g", r->mean_distance,
                     r->random_distance);
    if (r->visits.queries > 0)
        program_note(c, "%.1f %% of the points visited; ten hubs would serve %.1f %%",
                     100 * r->visited_share, 100 * r->hub_share);
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct hardness h;
    struct forest forest = {0};
    struct value *inputs = NULL;
    struct remine_report report;
    bool mastered;
    program_begin(&program, argc, argv, &call);
    if (!forest_path && !keep_all)
        program_usage(&call, "expected --forest FILE");
    program_forbid(&call, keep_all, "excludes --keep-all",
                   "force random ban allow-duplicates epsilon hardness seed threads");
    program_forbid(&call, force, "excludes --force", "mastery warm-up");
    program_forbid(&call, rules.random, "excludes --random", "epsilon");
    program_check_inputs(&call, (const char *[]){call.argc ? call.argv[0] : "-",
                                                 forest_path ? forest_path : "", NULL});
    const char *path = call.argc ? call.argv[0] : "standard input";
    if (hardness_read(&h, &call, call.argc ? path : NULL, &e) ||
        (forest_path && forest_read(&forest, &call, forest_path, &inputs, &e)))
        program_fail(&call, &e);
    struct choice *next = array_new(h.count, sizeof *next, "the next subset", &e);
    if (!next || judge_mastery(&h, &mastered, &e)) {
        error_wrap(&e, "%s", path);
        program_fail(&call, &e);
    }

    const bool update = mastered && !keep_all;
    rules.ban_subset = strcmp(ban, "subset") == 0;
    rules.seed = call.seed;
    rules.update = h.run.update;
    if (!update) {
        remine_nothing(h.member, h.count, next, &report);
    } else if (remine(&forest, h.member, h.count, &rules, next, &report, &e)) {
        error_wrap(&e, "%s", path);
        program_fail(&call, &e);
    }
    print_report(&call, &h.run, &report, update);

    const struct ids_update done = {h.run.update + update, update, mastered, &report};
    if (ids_write(next, h.count, &done, &call, &h.header, inputs, &e))
        program_fail(&call, &e);

    free(next);
    forest_free(&forest);
    value_free(inputs);
    hardness_free(&h);
    return program_end(&call);
}
