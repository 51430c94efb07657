#include "rows/picker.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "rows/ids.h"

/* ---- opening ---- */

/* The label that a word of --classes means: a name of the header's, or a number. */
static int64_t find_class(const struct value *names, const char *word, struct error *e)
{
    bool listed = names && names->type == VALUE_ARRAY && names->count > 0;
    int64_t count = listed ? (int64_t)names->count : 65536;
    for (int64_t i = 0; listed && i < count; i++)
        if (names->item[i]->type == VALUE_TEXT && !strcmp(names->item[i]->text, word))
            return i;
    char *end;
    errno = 0;
    long number = strtol(word, &end, 10);
    if (end == word || *end || errno || number < 0 || number >= count)
        return error_set(e, "--classes: expected one of the stream's classes, found '%s'", word);
    return number;
}

static int read_classes(struct picker *p, const struct header *h, struct error *e)
{
    const struct value *names = value_get(h->meta, "classes");
    autofree char *copy = text_copy(p->rules->classes, e);
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

static int find_fields(struct picker *p, const struct header *h, struct error *e)
{
    const struct pick_rules *r = p->rules;
    bool need_label = r->classes || r->per_class >= 0;
    bool need_id = r->ids || r->not_ids || r->per_class >= 0 || r->random >= 0;
    p->id = need_id ? header_require(h, "id", ELEMENT_I64, 0, e) : -1;
    p->label = need_label ? header_require(h, "label", ELEMENT_I32, 0, e) : -1;
    if ((need_id && p->id < 0) || (need_label && p->label < 0))
        return error_wrap(e, "%s", stream_path(p->from));
    return 0;
}

static int make_choosers(struct picker *p, struct error *e)
{
    const struct pick_rules *r = p->rules;
    uint64_t seed = p->call->seed;
    if (r->per_class >= 0 &&
        !(p->by_class = chooser_new(seed, "pick per class", (size_t)r->per_class, e)))
        return -1;
    for (size_t label = 0; p->by_class && label < p->labels; label++)
        if (p->wanted[label] && chooser_expect(p->by_class, (int32_t)label, e))
            return -1;
    if (r->random >= 0 && (!(p->at_random = chooser_new(seed, "pick", (size_t)r->random, e)) ||
                           chooser_expect(p->at_random, 0, e)))
        return -1;
    return 0;
}

static int create_output(struct picker *p, const struct header *from, const struct value *subset,
                         const struct value *inputs, struct error *e)
{
    struct header h;
    if (header_copy(&h, from, e))
        return -1;
    if (subset && !value_set(h.meta, "subset", value_copy(subset)))
        error_set(e, "out of memory");
    else
        p->to = stage_create(p->call, &h, inputs, e);
    header_free(&h);
    if (!p->to)
        return -1;
    stream_follow(p->to, p->from);
    return 0;
}

int picker_open(struct picker *p, const struct call *c, const struct pick_rules *rules,
                struct stream_reader *from, struct error *e)
{
    const struct header *h = stream_header(from);
    struct value *inputs = NULL, *subset = NULL;
    *p = (struct picker){.call = c, .rules = rules, .from = from};
    p->left = rules->first < 0 ? INT64_MAX : rules->first;
    int failed =
        find_fields(p, h, e) ||
        (rules->ids && ids_read(&p->ids, c, rules->ids, "ids", &inputs, &subset, e)) ||
        (rules->not_ids && ids_read(&p->not_ids, c, rules->not_ids, "not-ids", &inputs, NULL, e)) ||
        (rules->classes && read_classes(p, h, e)) || make_choosers(p, e) ||
        create_output(p, h, subset, inputs, e);
    value_free(inputs);
    value_free(subset);
    return failed ? -1 : 0;
}

/* ---- rows ---- */

/* How often the row passes by its id and its class. */
static size_t times_wanted(struct picker *p, const struct cell *row)
{
    size_t times = p->rules->ids ? id_list_meet(&p->ids, row[p->id].integer) : 1;
    if (p->rules->not_ids && id_list_meet(&p->not_ids, row[p->id].integer))
        return 0;
    if (p->rules->classes) {
        int64_t label = row[p->label].integer;
        if (label < 0 || (size_t)label >= p->labels || !p->wanted[label])
            return 0;
    }
    return times;
}

static int put(struct picker *p, const void *bytes, size_t size, struct error *e)
{
    return p->left-- > 0 ? stream_write_raw(p->to, bytes, size, e) : 0;
}

int picker_take(struct picker *p, const struct cell *row, struct error *e)
{
    size_t size, times = times_wanted(p, row);
    const void *bytes = stream_raw_row(p->from, &size);
    int64_t at = stream_rows(p->from);
    for (size_t i = 0; i < times; i++) {
        int failed;
        if (p->by_class)
            failed = chooser_offer(p->by_class, (int32_t)row[p->label].integer, row[p->id].integer,
                                   at, bytes, size, e);
        else if (p->at_random)
            failed = chooser_offer(p->at_random, 0, row[p->id].integer, at, bytes, size, e);
        else
            failed = put(p, bytes, size, e);
        if (failed)
            return -1;
    }
    return 0;
}

/* Hands what was chosen per class to the choice at random, and what that chose to the output. */
static int put_chosen(struct picker *p, struct error *e)
{
    size_t count;
    int32_t label;
    const struct chosen *c;
    if (p->by_class) {
        if (!(c = chooser_finish(p->by_class, &count, &label, e)))
            return error_wrap(e, "%s: --per-class: class %d", stream_path(p->from), label);
        if (!count && p->rules->per_class)
            return error_set(e, "%s: --per-class: expected %lld rows of each class, found none",
                             stream_path(p->from), (long long)p->rules->per_class);
        for (size_t i = 0; i < count; i++)
            if (p->at_random
                    ? chooser_offer(p->at_random, 0, c[i].id, c[i].row, c[i].bytes, c[i].size, e)
                    : put(p, c[i].bytes, c[i].size, e))
                return -1;
    }
    if (p->at_random) {
        if (!(c = chooser_finish(p->at_random, &count, &label, e)))
            return error_wrap(e, "%s: --random", stream_path(p->from));
        for (size_t i = 0; i < count; i++)
            if (put(p, c[i].bytes, c[i].size, e))
                return -1;
    }
    return 0;
}

int picker_finish(struct picker *p, struct error *e)
{
    if (put_chosen(p, e))
        return -1;
    const int64_t *missing = p->rules->ids ? id_list_missing(&p->ids) : NULL;
    if (missing)
        return error_set(e, "%s: id %lld of %s is not among the %lld rows", stream_path(p->from),
                         (long long)*missing, p->rules->ids, (long long)stream_rows(p->from));
    struct stream_writer *to = p->to;
    p->to = NULL;
    return stream_commit(to, e);
}

void picker_free(struct picker *p)
{
    stream_abandon(p->to);
    id_list_free(&p->ids);
    id_list_free(&p->not_ids);
    chooser_free(p->by_class);
    chooser_free(p->at_random);
    free(p->wanted);
}
