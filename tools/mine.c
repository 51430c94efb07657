/* The next subset: keep what is hard, replace what is easy by its furthest unlike. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/program.h"
#include "select/curriculum.h"
#include "select/remine.h"
#include "stream/stage.h"

static const char *forest_path, *ban = "subset";
static double hardness = 0.85, mastery = 0.5, epsilon;
static int64_t warm_up = 10;
static bool at_random, keep_all, allow_duplicates, force;

static const struct option options[] = {
    {"forest", 0, OPTION_FILE, &forest_path, "FILE", "where new images come from (build-kdtree)", 0,
     0, NULL},
    {"hardness", 0, OPTION_REAL, &hardness, "H",
     "replace images whose easiness, the mean probability of their class, is at least H", 0, 1e9,
     NULL},
    {"mastery", 0, OPTION_REAL, &mastery, "M",
     "update only when the accuracy on the subset, a fraction, is at least M", 0, 1e9, NULL},
    {"warm-up", 0, OPTION_INT, &warm_up, "EPOCHS", "no update before so many epochs", 0, 1e9, NULL},
    {"force", 0, OPTION_FLAG, &force, NULL, "update whatever epoch and accuracy are", 0, 0, NULL},
    {"random", 0, OPTION_FLAG, &at_random, NULL,
     "replace by an image of the same class at random, not by the furthest", 0, 0, NULL},
    {"keep-all", 0, OPTION_FLAG, &keep_all, NULL, "never update: the subset stays as it is", 0, 0,
     NULL},
    {"ban", 0, OPTION_CHOICE, &ban, "WHAT",
     "subset: no image of the subset may come straight back; none: those replaced may", 0, 0,
     "subset|none"},
    {"allow-duplicates", 0, OPTION_FLAG, &allow_duplicates, NULL,
     "images that stay or were just chosen may be chosen again", 0, 0, NULL},
    {"epsilon", 0, OPTION_REAL, &epsilon, "E", "accept an image at 1/(1+E) of the largest distance",
     0, 1e6, NULL},
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
        "may come straight back, and come several times.\n\n"
        "Meta `subset` tells what was done: update (updates so far), updated, mastered, kept, "
        "replaced, distinct, visited_nodes, visited_points, visited_share (of the points of the "
        "trees asked), mean_distance, random_distance (to random images instead) and hub_share "
        "(of the same searches with nothing banned, the share that ten images answer). -v prints "
        "it.",
    .examples = "search-step --state net --validation v < subset | mine --forest forest -o ids\n"
                "# random replacement, for comparison\n"
                "mine --forest forest --random < hardness > ids",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_SEED | COMMON_HISTORY | COMMON_STREAM,
};

/* The elements of a row's tensor, which must be `count`. */
static const void *require_tensor(const struct header *h, const struct cell *row, const char *name,
                                  enum element element, int rank, size_t count, struct error *e)
{
    int i = header_require(h, name, element, rank, e);
    if (i < 0)
        return NULL;
    if (row[i].count != count) {
        error_set(e, "%s: %zu elements; expected %zu", name, row[i].count, count);
        return NULL;
    }
    return row[i].data;
}

static int add_tree(struct forest *f, const struct header *h, const struct cell *row,
                    struct error *e)
{
    int label = header_require(h, "label", ELEMENT_I32, 0, e);
    int points = label < 0 ? -1 : header_require(h, "points", ELEMENT_F32, 2, e);
    if (points < 0)
        return -1;
    size_t n = row[points].extent[0], dimension = row[points].extent[1];
    if (dimension > INT32_MAX / 2)
        return error_set(e, "%zu dimensions", dimension);
    const int64_t *ids = require_tensor(h, row, "ids", ELEMENT_I64, 1, n, e);
    if (!ids)
        return -1;
    const int32_t *labels = NULL;
    if (row[label].integer == -1 &&
        !(labels = require_tensor(h, row, "labels", ELEMENT_I32, 1, n, e)))
        return -1;
    return forest_add(f, (int32_t)row[label].integer, n, (int)dimension, row[points].data, ids,
                      labels, e);
}

static int read_forest(const struct call *c, struct forest *f, struct value **inputs,
                       struct error *e)
{
    const struct cell *row;
    int got = -1;
    *f = (struct forest){0};
    struct stream_reader *r = stage_open(c, forest_path, e);
    if (!r)
        return -1;
    if (header_require_kind(stream_header(r), "forest", e) == 0)
        while ((got = stream_read(r, &row, e)) == 1)
            if (add_tree(f, stream_header(r), row, e)) {
                error_wrap(e, "row %lld", (long long)stream_rows(r));
                got = -1;
                break;
            }
    if (got < 0 || forest_index(f, e))
        got = error_wrap(e, "%s", forest_path);
    else
        got = stage_note_input(inputs, "forest", stream_digest(r), e);
    stream_close(r);
    return got;
}

static const void *require_column(const struct table *t, const char *name, enum element element,
                                  struct error *e)
{
    const struct column *c = table_column(t, name, element, 0, e);
    return c ? c->data : NULL;
}

/* The subset D; malloc'd. */
static struct member *read_members(const struct table *t, struct error *e)
{
    const int64_t *id, *label;
    const double *easiness;
    if (header_require_kind(&t->header, "hardness", e))
        return NULL;
    if (t->rows == 0) {
        error_set(e, "no rows; expected those of a subset");
        return NULL;
    }
    if (!(id = require_column(t, "id", ELEMENT_I64, e)) ||
        !(label = require_column(t, "label", ELEMENT_I32, e)) ||
        !(easiness = require_column(t, "easiness", ELEMENT_F32, e)))
        return NULL;
    struct member *d = array_new(t->rows, sizeof *d, "the subset", e);
    for (size_t i = 0; d && i < t->rows; i++)
        d[i] = (struct member){id[i], (int32_t)label[i], (float)easiness[i]};
    return d;
}

/* Where the run is and whether the subset is mastered, by meta `search`. */
static int read_progress(const struct value *meta, struct curriculum *run, bool *mastered,
                         struct error *e)
{
    const struct value *search = value_get(meta, "search");
    *run = (struct curriculum){
        .epoch = value_get_int(search, "epoch", -1),
        .update =
            value_get_int(search, "update", value_get_int(value_get(meta, "subset"), "update", 0)),
        .since = value_get_int(search, "since", 1),
        .accuracy = value_get_real(search, "accuracy", NAN),
    };
    *mastered = force || !search || curriculum_mastered(run, warm_up, mastery);
    if (search && !force && (run->epoch < 0 || isnan(run->accuracy)))
        return error_set(e, "meta `search` lacks epoch or accuracy; expected both, or --force");
    if (run->update < 0 || run->update > INT32_MAX)
        return error_set(e, "meta `search` counts %lld updates", (long long)run->update);
    return 0;
}

static int note_subset(struct value *meta, const struct remine_report *r, int64_t update,
                       bool updated, bool mastered, struct error *e)
{
    struct value *s = value_set(meta, "subset", value_map());
    if (value_set_int(s, "update", update) && value_set_bool(s, "updated", updated) &&
        value_set_bool(s, "mastered", mastered) && value_set_int(s, "kept", (int64_t)r->kept) &&
        value_set_int(s, "replaced", (int64_t)r->replaced) &&
        value_set_int(s, "distinct", (int64_t)r->distinct) &&
        value_set_int(s, "visited_nodes", (int64_t)r->visits.nodes) &&
        value_set_int(s, "visited_points", (int64_t)r->visits.points) &&
        value_set_real(s, "visited_share", r->visited_share) &&
        value_set_real(s, "mean_distance", r->mean_distance) &&
        value_set_real(s, "random_distance", r->random_distance) &&
        value_set_real(s, "hub_share", r->hub_share))
        return 0;
    return error_set(e, "out of memory");
}

static int make_header(struct header *h, const struct header *from, struct error *e)
{
    if (header_init(h, "ids", e))
        return -1;
    value_free(h->meta);
    value_free(h->history);
    h->meta = value_copy(from->meta);
    h->history = value_copy(from->history);
    if (!h->meta || !h->history)
        return error_set(e, "out of memory");
    if (header_add_field(h, "id", ELEMENT_I64, 0, NULL, e) < 0 ||
        header_add_field(h, "label", ELEMENT_I32, 0, NULL, e) < 0 ||
        header_add_field(h, "easiness", ELEMENT_F32, 0, NULL, e) < 0 ||
        header_add_field(h, "kept", ELEMENT_I32, 0, NULL, e) < 0 ||
        header_add_field(h, "replaces", ELEMENT_I64, 0, NULL, e) < 0 ||
        header_add_field(h, "distance", ELEMENT_F32, 0, NULL, e) < 0)
        return -1;
    return 0;
}

static int write_choice(struct stream_writer *w, const struct choice *c, struct error *e)
{
    const struct cell row[] = {
        cell_int(ELEMENT_I64, c->id),        cell_int(ELEMENT_I32, c->label),
        cell_real(ELEMENT_F32, c->easiness), cell_int(ELEMENT_I32, c->kept),
        cell_int(ELEMENT_I64, c->replaces),  cell_real(ELEMENT_F32, c->distance),
    };
    return stream_write(w, row, e);
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
    struct table t;
    struct forest forest = {0};
    struct header h;
    struct value *inputs = NULL;
    struct curriculum run;
    struct remine_report report;
    bool mastered;
    program_begin(&program, argc, argv, &call);
    if (!forest_path && !keep_all)
        program_usage(&call, "expected --forest FILE");
    if (keep_all && (force || at_random))
        program_usage(&call, "--keep-all excludes --force and --random");

    const char *path = call.argc ? call.argv[0] : "standard input";
    if (stage_table(&call, &t, call.argc ? path : NULL, &e) ||
        (forest_path && read_forest(&call, &forest, &inputs, &e)))
        program_fail(&call, &e);
    struct member *d = read_members(&t, &e);
    struct choice *out = d ? array_new(t.rows, sizeof *out, "the next subset", &e) : NULL;
    if (!out || read_progress(t.header.meta, &run, &mastered, &e)) {
        error_wrap(&e, "%s", path);
        program_fail(&call, &e);
    }

    const bool update = mastered && !keep_all;
    const struct remine_rules rules = {.hardness = hardness,
                                       .epsilon = epsilon,
                                       .random = at_random,
                                       .ban_subset = strcmp(ban, "subset") == 0,
                                       .allow_duplicates = allow_duplicates,
                                       .seed = call.seed,
                                       .update = run.update};
    if (!update) {
        remine_nothing(d, t.rows, out, &report);
    } else if (remine(&forest, d, t.rows, &rules, out, &report, &e)) {
        error_wrap(&e, "%s", path);
        program_fail(&call, &e);
    }
    print_report(&call, &run, &report, update);

    if (make_header(&h, &t.header, &e) ||
        note_subset(h.meta, &report, run.update + update, update, mastered, &e))
        program_fail(&call, &e);
    struct stream_writer *w = stage_create(&call, &h, inputs, &e);
    if (!w)
        program_fail(&call, &e);
    for (size_t i = 0; i < t.rows; i++)
        if (write_choice(w, &out[i], &e))
            program_fail(&call, &e);
    if (stream_commit(w, &e))
        program_fail(&call, &e);

    free(out);
    free(d);
    forest_free(&forest);
    value_free(inputs);
    header_free(&h);
    table_free(&t);
    return program_end(&call);
}
