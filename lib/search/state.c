#include "search/state.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "network/weights.h"
#include "search/report.h"
#include "search/settings.h"
#include "search/strategy.h"

static int make_header(const struct search *s, bool clock, const struct header *data,
                       struct header *h, struct error *e)
{
    if (weights_header(h, s->network, e))
        return -1;
    struct value *report = search_report(s, clock);
    bool good = value_set_int(report, "place", s->curriculum.place) &&
                value_set_int(report, "steps", s->darts.steps) &&
                value_set(report, "settings", value_copy(s->settings)) &&
                (!s->own || value_set(report, "kept", s->strategy->keep(s)));
    good = value_set(h->meta, "search", report) && good;
    if (good && !samples_bequeath(data, h))
        return 0;
    header_free(h);
    return error_set(e, "out of memory");
}

/* The tensors beside the parameters. */
struct flat {
    const char *name;
    enum element element;
    int rank;
    uint32_t extent[2];
    const void *data;
};

static int write_flat(struct stream_writer *w, const struct flat *f, size_t n, struct error *e)
{
    for (size_t i = 0; i < n; i++)
        if (weights_write_tensor(w, f[i].name, f[i].element, f[i].rank, f[i].extent, f[i].data, e))
            return -1;
    return 0;
}

static int write_tensors(const struct search *s, struct stream_writer *w, struct error *e)
{
    uint32_t weights = (uint32_t)s->darts.weights.count;
    uint32_t architecture = (uint32_t)s->darts.architecture.count;
    const struct easiness *h = &s->easiness;
    uint32_t images = (uint32_t)h->images, window = (uint32_t)h->window;
    struct flat flat[] = {
        {"velocity", ELEMENT_REAL, 1, {weights}, s->darts.velocity},
        {"adam.first", ELEMENT_REAL, 1, {architecture}, s->darts.first},
        {"adam.second", ELEMENT_REAL, 1, {architecture}, s->darts.second},
        {"subset", ELEMENT_I64, 1, {(uint32_t)s->subset_count}, s->subset},
        {"window.id", ELEMENT_I64, 1, {images}, h->id},
        {"window.held", ELEMENT_I32, 1, {images}, h->held},
        {"window.easiness", ELEMENT_F32, 2, {images, window}, h->value},
        {"noise", ELEMENT_F64, 2, {(uint32_t)s->noise.count, NOISE_WIDTH}, s->noise.row},
    };
    const size_t flats = sizeof flat / sizeof *flat - !s->noise.every;
    for (int group = 0; group < GRAPH_GROUPS; group++)
        if (weights_write_group(w, s->model.graph, group, e))
            return -1;
    return write_flat(w, flat, flats, e);
}

int state_save(const struct search *s, const struct call *c, const char *path,
               const struct samples *d, const struct value *inputs, struct error *e)
{
    struct header h;
    if (make_header(s, c->history, &d->table->header, &h, e))
        return -1;
    struct stream_writer *w = stage_create_at(c, path, &h, inputs, e);
    header_free(&h);
    if (w && (!s->past || !stage_note(c, w, "past", s->past, e)) && !write_tensors(s, w, e))
        return stream_commit(w, e);
    stream_abandon(w);
    return -1;
}

static int restore_flat(const struct weights *w, const char *name, real *to, size_t count,
                        struct error *e)
{
    const void *from = weights_require(w, name, ELEMENT_REAL, count, e);
    if (!from)
        return -1;
    memcpy(to, from, count * sizeof(real));
    return 0;
}

static int restore_subset(struct search *s, const struct weights *w, struct error *e)
{
    const struct cell *subset = weights_find(w, "subset"), *id = weights_find(w, "window.id");
    size_t count = subset ? subset->count : 0, images = id ? id->count : 0, values;
    if (size_multiply(images, (size_t)s->window, &values))
        return error_set(e, "window.id: %zu images are too many", images);
    const int64_t *ids = weights_require(w, "subset", ELEMENT_I64, count, e);
    const int64_t *window_id = ids ? weights_require(w, "window.id", ELEMENT_I64, images, e) : NULL;
    const int32_t *held =
        window_id ? weights_require(w, "window.held", ELEMENT_I32, images, e) : NULL;
    const float *value =
        held ? weights_require(w, "window.easiness", ELEMENT_F32, values, e) : NULL;
    if (!value)
        return -1;
    s->subset = array_new(count, sizeof *s->subset, "the subset", e);
    if (!s->subset)
        return -1;
    for (size_t i = 1; i < count; i++)
        if (ids[i] < ids[i - 1])
            return error_set(e, "subset: row %zu: ids do not ascend", i);
    memcpy(s->subset, ids, count * sizeof *ids);
    s->subset_count = count;
    easiness_free(&s->easiness);
    return easiness_restore(&s->easiness, s->window, images, window_id, held, value, e);
}

static int restore_noise(struct search *s, const struct weights *w, struct error *e)
{
    if (!s->noise.every)
        return 0;
    const struct cell *noise = weights_find(w, "noise");
    const size_t count = noise ? noise->count : 0;
    const double *row = weights_require(w, "noise", ELEMENT_F64, count, e);
    if (row && count % NOISE_WIDTH)
        return error_set(e, "noise: %zu numbers, expected %d a step", count, NOISE_WIDTH);
    return row ? noise_restore(&s->noise, row, count / NOISE_WIDTH, e) : -1;
}

/* A count, with room to go on; -1: there is none. */
static int64_t counted(const struct value *report, const char *key, int64_t otherwise)
{
    const int64_t n = value_get_int(report, key, otherwise);
    return n >= 0 && n <= INT64_MAX / 2 ? n : -1;
}

static int restore(struct search *s, const struct weights *w, struct error *e)
{
    const struct value *report = value_get(w->header.meta, "search");
    struct curriculum *c = &s->curriculum;
    c->epoch = counted(report, "epoch", -1);
    c->place = counted(report, "place", -1);
    c->update = counted(report, "update", -1);
    c->since = counted(report, "since", -1);
    c->begun = counted(report, "begun", 0);
    c->accuracy = value_get_real(report, "accuracy", -1);
    s->darts.steps = counted(report, "steps", -1);
    s->images = counted(report, "images", -1);
    s->judged = counted(report, "judged", 0);
    s->seconds = value_get_real(report, "seconds", NAN);
    s->loss = value_get_real(report, "loss", 0);
    s->rate = value_get_real(report, "rate", 0);
    s->validation = value_get_real(report, "validation", NAN);
    if (c->epoch < 0 || c->place < 0 || c->update < 0 || c->since < 0 || c->begun < 0 ||
        !(c->accuracy >= 0) || s->seconds < 0 || s->darts.steps < 0 || s->images < 0 ||
        s->judged < 0)
        return error_set(e, "meta: search lacks one of epoch, place, update, since, accuracy, "
                            "steps, images, or begun, judged or seconds cannot be");
    for (int group = 0; group < GRAPH_GROUPS; group++)
        if (weights_load_group(w, s->model.graph, group, e))
            return -1;
    if (restore_flat(w, "velocity", s->darts.velocity, s->darts.weights.count, e) ||
        restore_flat(w, "adam.first", s->darts.first, s->darts.architecture.count, e) ||
        restore_flat(w, "adam.second", s->darts.second, s->darts.architecture.count, e) ||
        (s->own && s->strategy->restore(s, value_get(report, "kept"), e)))
        return -1;
    for (size_t i = 0; i < s->darts.architecture.count; i++)
        if (!(s->darts.second[i] >= 0))
            return error_set(e, "adam.second: element %zu is no mean of squares", i);
    return restore_noise(s, w, e) || restore_subset(s, w, e) ? -1 : 0;
}

static int open_search(struct search *s, const struct weights *w, const struct value *given,
                       struct error *e)
{
    const struct value *network = value_get(w->header.meta, "network");
    const struct value *search = value_get(w->header.meta, "search");
    if (!search)
        return error_set(e, "weights, but no state of a search: meta has no `search`");
    if (search_new(s, network, value_get(search, "settings"), e))
        return -1;
    struct value *kept = value_copy(s->network);
    value_set_text(kept, "strategy", s->strategy->name);
    int failed =
        restore(s, w, e) || settings_apply(kept, s->settings, e) || settings_agree(kept, given, e);
    value_free(kept);
    if (failed)
        search_free(s);
    return failed ? -1 : 0;
}

/* What the state at hand will leave of the one that it went on from. */
static int remember(struct search *s, const struct weights *w, struct error *e)
{
    const struct value *history = w->header.history;
    if (!history->count)
        return 0;
    const struct value *older = value_get(history->item[history->count - 1], "past");
    if (older && older->count >= STATE_MOST_PAST)
        return 0;
    s->past = older && older->type == VALUE_ARRAY ? value_copy(older) : value_array();
    struct value *state = value_append(s->past, value_map());
    struct value *steps = value_set(state, "history", value_copy(history));
    if (steps)
        value_remove(steps->item[steps->count - 1], "past");
    if (steps && value_set_text(state, "digest", w->digest))
        return 0;
    return error_set(e, "out of memory: the history");
}

int state_resume(struct search *s, const struct call *c, const char *path,
                 const struct value *given, struct value **inputs, struct error *e)
{
    struct weights w;
    struct stream_limits limits = stage_limits(c);
    if (weights_read(&w, path, &limits, e))
        return -1;
    int failed = open_search(s, &w, given, e);
    if (!failed && (remember(s, &w, e) || stage_note_input(inputs, path, w.digest, e))) {
        search_free(s);
        failed = -1;
    }
    weights_free(&w);
    return failed ? error_wrap(e, "%s", path) : 0;
}
