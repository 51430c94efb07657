/* Rows of a stream: by id, by class, at random, the first. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/program.h"
#include "select/pick.h"
#include "stream/stage.h"

static const char *ids_path, *not_ids_path, *classes;
static int64_t first = -1, random_rows = -1, per_class = -1;

static const struct option options[] = {
    {"ids", 0, OPTION_FILE, &ids_path, "FILE",
     "rows whose id is in this stream, each as often as it is listed", 0, 0, NULL},
    {"not-ids", 0, OPTION_FILE, &not_ids_path, "FILE", "rows whose id is not in this stream", 0, 0,
     NULL},
    {"classes", 0, OPTION_TEXT, &classes, "A,B...", "rows of these classes, by name or number", 0,
     0, NULL},
    {"per-class", 0, OPTION_INT, &per_class, "N", "N rows of each class, at random", 0, 1e15, NULL},
    {"random", 0, OPTION_INT, &random_rows, "N", "N rows at random", 0, 1e15, NULL},
    {"first", 0, OPTION_INT, &first, "N", "the first N rows of what the others leave", 0, 1e15,
     NULL},
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
    .examples = "load fashion-mnist train | pick --per-class 10 --seed 1 > initial\n"
                "# disjoint splits: a validation set, and the pool without it\n"
                "pick --random 12000 --seed 1 -o validation train\n"
                "pick --not-ids validation -o pool train\n"
                "# the subset that mine chose\n"
                "pick --ids ids pool | search-step --state net --validation validation",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_SEED | COMMON_HISTORY | COMMON_STREAM,
};

/* What a row is asked, and where it goes. */
struct picking {
    struct call *call;
    struct id_list ids, not_ids;
    bool *wanted; /* by label, where --classes is given */
    size_t labels;
    int id_field, label_field; /* -1: not needed */
    struct chooser *by_class, *at_random;
    struct value *inputs, *subset;
    int64_t left; /* rows that may still be written */
    struct stream_writer *to;
};

/* All ids of a stream, its meta `subset` copied to *subset where that is wanted. */
static int read_ids(struct picking *p, const char *path, const char *name, struct id_list *list,
                    struct value **subset, struct error *e)
{
    autofree int64_t *ids = NULL;
    size_t count = 0, capacity = 0;
    const struct cell *row;
    struct stream_reader *r = stage_open(p->call, path, e);
    int field = r ? header_require(stream_header(r), "id", ELEMENT_I64, 0, e) : -1, got = -1;
    if (r && field < 0)
        error_wrap(e, "%s", stream_path(r));
    if (field >= 0)
        while ((got = stream_read(r, &row, e)) == 1) {
            if (array_grow((void **)&ids, &capacity, count + 1, sizeof *ids, "ids", e))
                break;
            ids[count++] = row[field].integer;
        }
    const struct value *from = got == 0 ? value_get(stream_header(r)->meta, "subset") : NULL;
    if (got == 0 && from && subset && !(*subset = value_copy(from)))
        got = error_set(e, "out of memory");
    if (got == 0)
        got = stage_note_input(&p->inputs, name, stream_digest(r), e);
    stream_close(r);
    return got ? -1 : id_list_init(list, ids, count, e);
}

/* The label that a word of --classes means: a name of the header's, or a number. */
static int64_t find_class(const struct value *names, const char *word, struct error *e)
{
    for (size_t i = 0; names && names->type == VALUE_ARRAY && i < names->count; i++)
        if (names->item[i]->type == VALUE_TEXT && !strcmp(names->item[i]->text, word))
            return (int64_t)i;
    char *end;
    errno = 0;
    long number = strtol(word, &end, 10);
    if (end == word || *end || errno || number < 0 || number > 65535)
        return error_set(e, "--classes: no class '%s' in this stream", word);
    return number;
}

static int read_classes(struct picking *p, const struct header *h, struct error *e)
{
    const struct value *names = value_get(h->meta, "classes");
    autofree char *copy = text_copy(classes, e);
    if (!copy)
        return -1;
    char *rest = copy;
    for (char *word; (word = strsep(&rest, ","));) {
        int64_t label = find_class(names, word, e);
        if (label < 0 || array_grow((void **)&p->wanted, &p->labels, (size_t)label + 1,
                                    sizeof *p->wanted, "classes", e))
            return -1;
        p->wanted[label] = true;
    }
    return 0;
}

static int prepare(struct picking *p, const struct header *h, struct error *e)
{
    bool need_label = classes || per_class >= 0;
    bool need_id = ids_path || not_ids_path || per_class >= 0 || random_rows >= 0;
    p->id_field = need_id ? header_require(h, "id", ELEMENT_I64, 0, e) : -1;
    p->label_field = need_label ? header_require(h, "label", ELEMENT_I32, 0, e) : -1;
    if ((need_id && p->id_field < 0) || (need_label && p->label_field < 0))
        return -1;
    if (ids_path && read_ids(p, ids_path, "ids", &p->ids, &p->subset, e))
        return -1;
    if (not_ids_path && read_ids(p, not_ids_path, "not-ids", &p->not_ids, NULL, e))
        return -1;
    if (classes && read_classes(p, h, e))
        return -1;
    uint64_t seed = p->call->seed;
    if (per_class >= 0 &&
        !(p->by_class = chooser_new(seed, "pick per class", (size_t)per_class, e)))
        return -1;
    if (random_rows >= 0 && !(p->at_random = chooser_new(seed, "pick", (size_t)random_rows, e)))
        return -1;
    p->left = first < 0 ? INT64_MAX : first;
    return 0;
}

static int create_output(struct picking *p, const struct header *from, struct error *e)
{
    struct header h;
    if (header_copy(&h, from, e))
        return -1;
    if (p->subset && !value_set(h.meta, "subset", p->subset))
        return error_set(e, "out of memory");
    p->to = stage_create(p->call, &h, p->inputs, e);
    header_free(&h);
    return p->to ? 0 : -1;
}

/* How often the row passes --ids, --not-ids and --classes. */
static size_t times_wanted(struct picking *p, const struct cell *row)
{
    size_t times = ids_path ? id_list_meet(&p->ids, row[p->id_field].integer) : 1;
    if (not_ids_path && id_list_meet(&p->not_ids, row[p->id_field].integer))
        return 0;
    if (classes) {
        int64_t label = row[p->label_field].integer;
        if (label < 0 || (size_t)label >= p->labels || !p->wanted[label])
            return 0;
    }
    return times;
}

static int put(struct picking *p, const void *bytes, size_t size, struct error *e)
{
    return p->left-- > 0 ? stream_write_raw(p->to, bytes, size, e) : 0;
}

static int take(struct picking *p, struct stream_reader *r, const struct cell *row, struct error *e)
{
    size_t size, times = times_wanted(p, row);
    const void *bytes = stream_raw_row(r, &size);
    for (size_t i = 0; i < times; i++) {
        int failed;
        if (p->by_class)
            failed = chooser_offer(p->by_class, (int32_t)row[p->label_field].integer,
                                   row[p->id_field].integer, stream_rows(r), bytes, size, e);
        else if (p->at_random)
            failed = chooser_offer(p->at_random, 0, row[p->id_field].integer, stream_rows(r), bytes,
                                   size, e);
        else
            failed = put(p, bytes, size, e);
        if (failed)
            return -1;
    }
    return 0;
}

/* Hands what was chosen per class to the choice at random, and what that chose to the output. */
static int put_chosen(struct picking *p, struct error *e)
{
    size_t count;
    int32_t label;
    const struct chosen *c;
    if (p->by_class) {
        if (!(c = chooser_finish(p->by_class, &count, &label, e)))
            return error_wrap(e, "--per-class: class %d", label);
        for (size_t i = 0; i < count; i++)
            if (p->at_random
                    ? chooser_offer(p->at_random, 0, c[i].id, c[i].row, c[i].bytes, c[i].size, e)
                    : put(p, c[i].bytes, c[i].size, e))
                return -1;
    }
    if (p->at_random) {
        if (!(c = chooser_finish(p->at_random, &count, &label, e)))
            return error_wrap(e, "--random");
        for (size_t i = 0; i < count; i++)
            if (put(p, c[i].bytes, c[i].size, e))
                return -1;
        if (count < (size_t)random_rows)
            return error_set(e, "--random: expected %lld rows to choose from, found %zu",
                             (long long)random_rows, count);
    }
    return 0;
}

static bool is_stdin(const char *path)
{
    return path && !strcmp(path, "-");
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    struct picking p = {.call = &call};
    const struct cell *row;
    int got;
    program_begin(&program, argc, argv, &call);

    const char *path = call.argc ? call.argv[0] : "-";
    if (is_stdin(ids_path) + is_stdin(not_ids_path) + is_stdin(path) > 1)
        program_usage(&call, "only one stream can come from standard input");

    struct stream_reader *r = stage_open(&call, path, &e);
    if (!r || prepare(&p, stream_header(r), &e) || create_output(&p, stream_header(r), &e))
        program_fail(&call, &e);

    while ((got = stream_read(r, &row, &e)) == 1)
        if (take(&p, r, row, &e))
            program_fail(&call, &e);
    if (got < 0 || put_chosen(&p, &e))
        program_fail(&call, &e);
    const int64_t *missing = ids_path ? id_list_missing(&p.ids) : NULL;
    if (missing) {
        error_set(&e, "%s: id %lld of %s is not among the %lld rows", stream_path(r),
                  (long long)*missing, ids_path, (long long)stream_rows(r));
        program_fail(&call, &e);
    }
    if (stream_commit(p.to, &e))
        program_fail(&call, &e);

    stream_close(r);
    id_list_free(&p.ids);
    id_list_free(&p.not_ids);
    chooser_free(p.by_class);
    chooser_free(p.at_random);
    value_free(p.inputs);
    free(p.wanted);
    return program_end(&call);
}
