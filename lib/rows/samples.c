#include "rows/samples.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "base/memory.h"
#include "measure/statistics.h"

static int check_labels(struct samples *s, struct error *e)
{
    const struct value *names = value_get(s->table->header.meta, "classes");
    size_t classes = names && names->type == VALUE_ARRAY ? names->count : 0;
    for (size_t i = 0; i < s->count; i++) {
        int64_t most = classes ? (int64_t)classes : SAMPLES_MOST_CLASSES;
        if (s->label[i] < 0 || s->label[i] >= most)
            return error_set(e, "row %zu: label %lld, expected 0 to %lld", i + 1,
                             (long long)s->label[i], (long long)most - 1);
        if (s->label[i] >= s->classes)
            s->classes = (int)s->label[i] + 1;
    }
    if (classes > SAMPLES_MOST_CLASSES)
        return error_set(e, "%zu classes, expected at most %d", classes, SAMPLES_MOST_CLASSES);
    if (classes)
        s->classes = (int)classes;
    return 0;
}

/* A field that has an element a pixel; *map stays NULL where there is none, and where it is of
 * another kind, which is not ours. */
static int find_map(const struct samples *s, const char *name, enum element element,
                    const void **map, struct error *e)
{
    const struct header *h = &s->table->header;
    int at = header_find(h, name);
    if (at < 0 || h->field[at].element != element || h->field[at].rank != 2)
        return 0;
    const struct column *c = &s->table->column[at];
    if (c->extent[0] != (uint32_t)s->shape.height || c->extent[1] != (uint32_t)s->shape.width)
        return error_set(e, "%s of %u x %u, expected %d x %d as the images have", name,
                         c->extent[0], c->extent[1], s->shape.height, s->shape.width);
    *map = c->data;
    return 0;
}

int samples_view(struct samples *s, const struct table *t, bool labelled, struct error *e)
{
    *s = (struct samples){.table = t, .count = t->rows};
    if (header_require_kind(&t->header, "samples", e))
        return -1;
    if (!t->rows)
        return error_set(e, "no rows, expected at least one image");
    const struct column *image = table_column(t, "image", ELEMENT_U8, 3, e);
    s->id = table_integers(t, "id", e);
    s->label = table_integers(t, "label", e);
    if (!image || !s->id || !s->label)
        return -1;
    s->image = image->data;
    for (int k = 0; k < 3; k++)
        if (image->extent[k] < 1 || image->extent[k] > (k < 2 ? 65535 : IMAGE_MAX_CHANNELS))
            return error_set(e,
                             "images of %u x %u x %u, expected 1 to 65535 pixels a side and 1 to "
                             "%d channels",
                             image->extent[0], image->extent[1], image->extent[2],
                             IMAGE_MAX_CHANNELS);
    s->shape =
        (struct image_shape){(int)image->extent[0], (int)image->extent[1], (int)image->extent[2]};
    const void *target = NULL, *depth = NULL;
    if (find_map(s, "target", ELEMENT_U8, &target, e) ||
        find_map(s, "depth", ELEMENT_F32, &depth, e) || (labelled && check_labels(s, e)))
        return -1;
    s->target = target;
    s->depth = depth;
    return 0;
}

static size_t pixels_of(const struct samples *s)
{
    return (size_t)s->shape.height * (size_t)s->shape.width;
}

int samples_check_targets(struct samples *s, struct error *e)
{
    const struct value *meta = s->table->header.meta, *names = value_get(meta, "classes");
    size_t classes = names && names->type == VALUE_ARRAY ? names->count : 0;
    int64_t left_out = value_get_int(meta, "void", -1);
    if (!s->target)
        return error_set(e, "no field target, expected the class of every pixel");
    if (classes < 2 || classes > UINT8_MAX)
        return error_set(e, "meta: %zu classes, expected 2 to %d", classes, UINT8_MAX);
    for (size_t i = 0; i < s->count * pixels_of(s); i++)
        if (s->target[i] >= classes && s->target[i] != left_out)
            return error_set(e, "row %zu: a pixel of class %d, expected 0 to %zu or void",
                             i / pixels_of(s) + 1, s->target[i], classes - 1);
    s->classes = (int)classes;
    return 0;
}

int samples_check_depths(struct samples *s, struct error *e)
{
    if (!s->depth)
        return error_set(e,
                         "no field depth of numbers (f32), expected how far away every pixel is");
    for (size_t i = 0; i < s->count * pixels_of(s); i++)
        if (!(s->depth[i] >= 0 && s->depth[i] <= 1))
            return error_set(e, "row %zu: a depth of %g, expected 0 to 1", i / pixels_of(s) + 1,
                             (double)s->depth[i]);
    s->classes = 1;
    return 0;
}

int samples_balance(const struct samples *s, double *weight, struct error *e)
{
    const size_t pixels = pixels_of(s), classes = (size_t)s->classes;
    autofree double *sorted = array_new(classes, sizeof *sorted, "frequencies", e);
    autofree double *all = array_new(classes, sizeof *all, "frequencies", e);
    size_t there = 0;
    if (!sorted || !all)
        return -1;
    memset(weight, 0, classes * sizeof *weight);
    for (size_t i = 0; i < s->count; i++) {
        size_t count[UINT8_MAX + 1] = {0};
        for (size_t p = 0; p < pixels; p++)
            count[s->target[i * pixels + p]]++;
        for (size_t k = 0; k < classes; k++) {
            weight[k] += (double)count[k];
            all[k] += count[k] ? (double)pixels : 0;
        }
    }
    for (size_t k = 0; k < classes; k++)
        if (all[k] > 0)
            sorted[there++] = weight[k] /= all[k];
    qsort(sorted, there, sizeof *sorted, ascending_doubles);
    double median = there ? (sorted[(there - 1) / 2] + sorted[there / 2]) / 2 : 0;
    for (size_t k = 0; k < classes; k++)
        weight[k] = weight[k] > 0 ? median / weight[k] : 0;
    return 0;
}

int samples_read(const struct call *c, const char *path, bool labelled, struct table *t,
                 struct samples *s, struct error *e)
{
    if (stage_table(c, t, path, e))
        return -1;
    if (!samples_view(s, t, labelled, e))
        return 0;
    table_free(t);
    return error_wrap(e, "%s", path && strcmp(path, "-") ? path : "standard input");
}

int samples_fit(const struct samples *s, const char *what, struct image_shape shape, int classes,
                struct error *e)
{
    if (memcmp(&s->shape, &shape, sizeof shape))
        return error_set(e, "%s: images of %dx%dx%d, the network takes %dx%dx%d", what,
                         s->shape.height, s->shape.width, s->shape.channels, shape.height,
                         shape.width, shape.channels);
    if (s->classes > classes)
        return error_set(e, "%s: %d classes, the network has %d", what, s->classes, classes);
    return 0;
}

uint64_t samples_identity(const struct samples *s)
{
    uint64_t ids = XXH3_64bits(s->id, s->count * sizeof *s->id);
    uint64_t all = XXH3_64bits_withSeed(s->label, s->count * sizeof *s->label, ids);
    const size_t pixels = s->count * pixels_of(s);
    all = s->target ? XXH3_64bits_withSeed(s->target, pixels, all) : all;
    return s->depth ? XXH3_64bits_withSeed(s->depth, pixels * sizeof *s->depth, all) : all;
}

int samples_normalisation(const struct samples *s, struct normalisation *n, struct error *e)
{
    int found = normalisation_from_meta(n, s->table->header.meta, s->shape.channels, e);
    if (found == 0)
        normalisation_measure(n, s->image, s->count,
                              (size_t)s->shape.height * (size_t)s->shape.width, s->shape.channels);
    return found < 0 ? -1 : 0;
}

int samples_bequeath(const struct header *samples, struct header *weights)
{
    static const char *const keys[] = {"classes", "source"};
    for (int i = 0; i < 2; i++) {
        const struct value *v = value_get(samples->meta, keys[i]);
        if (v && !value_set(weights->meta, keys[i], value_copy(v)))
            return -1;
    }
    struct value *history = value_copy(samples->history);
    if (!history)
        return -1;
    value_free(weights->history);
    weights->history = history;
    return 0;
}
