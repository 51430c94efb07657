#include "search/state.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

static const enum element REAL = sizeof(real) == 4 ? ELEMENT_F32 : ELEMENT_F64;

struct value *search_report(const struct search *s, bool clock)
{
    const struct curriculum *c = &s->curriculum;
    struct value *v = value_map();
    if (value_set_int(v, "epoch", c->epoch) && value_set_real(v, "accuracy", c->accuracy) &&
        value_set_real(v, "loss", s->loss) && value_set_real(v, "rate", s->rate) &&
        value_set_int(v, "update", c->update) && value_set_int(v, "since", c->since) &&
        value_set_int(v, "images", s->images) &&
        (!clock || value_set_real(v, "seconds", s->seconds)) &&
        (isnan(s->validation) || value_set_real(v, "validation", s->validation)))
        return v;
    value_free(v);
    return NULL;
}

int state_header(const struct search *s, bool clock, const struct header *data, struct header *h,
                 struct error *e)
{
    if (weights_header(h, s->network, e))
        return -1;
    struct value *report = search_report(s, clock);
    bool good = value_set_int(report, "place", s->curriculum.place) &&
                value_set_int(report, "steps", s->darts.steps) &&
                value_set(report, "settings", value_copy(s->settings));
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

int state_write(const struct search *s, struct stream_writer *w, struct error *e)
{
    uint32_t weights = (uint32_t)s->darts.weights.count;
    uint32_t architecture = (uint32_t)s->darts.architecture.count;
    const struct easiness *h = &s->easiness;
    uint32_t images = (uint32_t)h->images, window = (uint32_t)h->window;
    struct flat flat[] = {
        {"velocity", REAL, 1, {weights}, s->darts.velocity},
        {"adam.first", REAL, 1, {architecture}, s->darts.first},
        {"adam.second", REAL, 1, {architecture}, s->darts.second},
        {"subset", ELEMENT_I64, 1, {(uint32_t)s->subset_count}, s->subset},
        {"window.id", ELEMENT_I64, 1, {images}, h->id},
        {"window.held", ELEMENT_I32, 1, {images}, h->held},
        {"window.easiness", ELEMENT_F32, 2, {images, window}, h->value},
    };
    for (int group = 0; group < GRAPH_GROUPS; group++)
        if (weights_write_group(w, s->model.graph, group, e))
            return -1;
    return write_flat(w, flat, sizeof flat / sizeof *flat, e);
}

static int restore_flat(const struct weights *w, const char *name, real *to, size_t count,
                        struct error *e)
{
    const void *from = weights_require(w, name, REAL, count, e);
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
    memcpy(s->subset, ids, count * sizeof *ids);
    s->subset_count = count;
    easiness_free(&s->easiness);
    return easiness_restore(&s->easiness, s->window, images, window_id, held, value, e);
}

static int restore(struct search *s, const struct weights *w, struct error *e)
{
    const struct value *report = value_get(w->header.meta, "search");
    struct curriculum *c = &s->curriculum;
    c->epoch = value_get_int(report, "epoch", -1);
    c->place = value_get_int(report, "place", -1);
    c->update = value_get_int(report, "update", -1);
    c->since = value_get_int(report, "since", -1);
    c->accuracy = value_get_real(report, "accuracy", -1);
    s->darts.steps = value_get_int(report, "steps", -1);
    s->images = value_get_int(report, "images", -1);
    s->seconds = value_get_real(report, "seconds", 0);
    s->loss = value_get_real(report, "loss", 0);
    s->rate = value_get_real(report, "rate", 0);
    s->validation = value_get_real(report, "validation", NAN);
    if (c->epoch < 0 || c->place < 0 || c->update < 0 || c->since < 0 || !(c->accuracy >= 0) ||
        s->darts.steps < 0 || s->images < 0)
        return error_set(e, "meta: search lacks one of epoch, place, update, since, accuracy, "
                            "steps, images");
    for (int group = 0; group < GRAPH_GROUPS; group++)
        if (weights_load_group(w, s->model.graph, group, e))
            return -1;
    if (restore_flat(w, "velocity", s->darts.velocity, s->darts.weights.count, e) ||
        restore_flat(w, "adam.first", s->darts.first, s->darts.architecture.count, e) ||
        restore_flat(w, "adam.second", s->darts.second, s->darts.architecture.count, e))
        return -1;
    return restore_subset(s, w, e);
}

int state_restore(struct search *s, const struct weights *w, struct error *e)
{
    const struct value *search = value_get(w->header.meta, "search");
    if (!search)
        return error_set(e, "weights, but no state of a search: meta has no `search`");
    if (search_new(s, value_get(w->header.meta, "network"), value_get(search, "settings"), e))
        return -1;
    if (!restore(s, w, e))
        return 0;
    search_free(s);
    return -1;
}
