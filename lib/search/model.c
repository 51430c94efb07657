#include "search/model.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "search/settings.h"

enum { MOST_SIDE = 65535 };

static struct value *text_of(const struct architecture *a)
{
    struct error e;
    autofree char *text = architecture_text(a, &e);
    return text ? value_text(text) : NULL;
}

/* All operations that the space has, as yet. */
static bool set_staged(struct value *v, const struct model_options *o)
{
    struct kept_ops all;
    kept_ops_all(&all);
    return value_set(v, "operations", kept_ops_value(&all)) &&
           value_set_int(v, "most_skips", o->most_skips);
}

/* Whether all of the members of a cell network could be set. */
static bool set_cells(struct value *v, const struct model_options *o, const struct architecture *a)
{
    const struct search_space *s = a          ? a->space
                                   : o->space ? search_space_find(o->space)
                                              : &SPACE_DARTS;
    return value_set_text(v, "type", a ? "discrete" : "supernet") &&
           value_set_text(v, "space", s->name) &&
           value_set_int(v, "cells", s->cells ? s->cells : o->cells) &&
           (a || !o->partial || value_set_int(v, "partial", o->partial)) &&
           (a || !o->staged || set_staged(v, o)) &&
           (!a ||
            (value_set(v, "genotype", text_of(a)) && value_set_bool(v, "auxiliary", o->auxiliary) &&
             value_set_bool(v, "drop_path", o->drop_path)));
}

static bool set_design(struct value *v, const struct model_options *o)
{
    int64_t depth = o->depth ? o->depth : design_find(o->design)->usual;
    return value_set_text(v, "type", o->design) && value_set_int(v, "depth", depth);
}

struct value *model_settings(const struct model_options *o, struct image_shape image, int classes,
                             const struct normalisation *n, const struct architecture *a)
{
    struct normalisation none = {.channels = image.channels};
    struct value *v = value_map(), *shape = value_array();
    for (int c = 0; c < image.channels; c++)
        none.sd[c] = 1;
    if (o->design && design_find(o->design)->task == TASK_DEPTH)
        classes = 1;
    bool good = value_append(shape, value_int(image.height)) &&
                value_append(shape, value_int(image.width)) &&
                value_append(shape, value_int(image.channels));
    good = (o->design ? set_design(v, o) : set_cells(v, o, a)) && good;
    if (value_set(v, "image", shape) && good && value_set_int(v, "classes", classes) &&
        value_set_int(v, "channels", o->channels) &&
        value_set(v, "normalisation", normalisation_value(n ? n : &none)))
        return v;
    value_free(v);
    return NULL;
}

static int get_image(const struct value *settings, struct image_shape *image, struct error *e)
{
    const struct value *shape = value_get(settings, "image");
    int *to[3] = {&image->height, &image->width, &image->channels};
    if (!shape || shape->type != VALUE_ARRAY || shape->count != 3)
        return error_set(e, "network: image is missing or no array of three");
    for (int k = 0; k < 3; k++) {
        const struct value *v = shape->item[k];
        int most = k < 2 ? MOST_SIDE : IMAGE_MAX_CHANNELS;
        if (v->type != VALUE_INT || v->integer < 1 || v->integer > most)
            return error_set(e, "network: image's extent %d is not 1 to %d", k, most);
        *to[k] = (int)v->integer;
    }
    return 0;
}

static int take(struct model *m, struct node *x, struct node *label, struct node *logits,
                struct node *loss)
{
    m->x = x;
    m->label = label;
    m->logits = logits;
    m->loss = loss;
    return 0;
}

static int build_supernet(struct model *m, const struct value *settings, struct error *e)
{
    if (value_get(settings, "partial") &&
        settings_int(settings, "network", "partial", 1, NETWORK_MOST_CHANNELS, &m->partial, e))
        return -1;
    const struct value *operations = value_get(settings, "operations");
    int most_skips;
    m->staged = operations;
    if (operations &&
        (kept_ops_from_value(&m->kept, m->space, operations, e) ||
         settings_int(settings, "network", "most_skips", 0, GENOTYPE_PAIRS, &most_skips, e)))
        return -1;
    struct supernet s = {.image = m->image,
                         .channels = m->channels,
                         .cells = m->cells,
                         .classes = m->classes,
                         .partial = m->partial,
                         .kept = m->staged ? &m->kept : NULL};
    if (search_space_supernet(m->space, &s, m->graph, e))
        return -1;
    return take(m, s.x, s.label, s.logits, s.loss);
}

/* NULL with the error set where there is no such space. */
static const struct search_space *get_space(const struct value *settings, struct error *e)
{
    const struct search_space *space =
        search_space_find(value_get_text(settings, "space", SPACE_DARTS.name));
    if (!space)
        error_set(e, "network: space is none of " SEARCH_SPACE_WORDS);
    return space;
}

int model_architecture(struct architecture *a, const struct value *settings, struct error *e)
{
    const char *text = value_get_text(settings, "genotype", "");
    const struct search_space *space = get_space(settings, e);
    if (!space)
        return -1;
    if (architecture_parse(a, space, text, strlen(text), e))
        return error_wrap(e, "network: genotype");
    return 0;
}

static int build_discrete(struct model *m, const struct value *settings, struct error *e)
{
    struct architecture a;
    struct discrete d = {.image = m->image,
                         .channels = m->channels,
                         .cells = m->cells,
                         .classes = m->classes,
                         .auxiliary = value_get_bool(settings, "auxiliary", false),
                         .auxiliary_weight = 0.4,
                         .drop_path = value_get_bool(settings, "drop_path", true)};
    if (model_architecture(&a, settings, e) || architecture_build(&a, &d, m->graph, e))
        return -1;
    return take(m, d.x, d.label, d.logits, d.loss);
}

static int build_design(struct model *m, const struct value *settings, struct error *e)
{
    if (settings_int(settings, "network", "depth", 1, INT_MAX, &m->depth, e))
        return -1;
    struct designed d = {
        .image = m->image, .channels = m->channels, .depth = m->depth, .classes = m->classes};
    if (design_build(m->design, &d, m->graph, e))
        return -1;
    return take(m, d.x, d.label, d.logits, d.loss);
}

static int build_cells(struct model *m, const struct value *settings, struct error *e)
{
    if (settings_int(settings, "network", "cells", 1, NETWORK_MOST_CELLS, &m->cells, e))
        return -1;
    return m->space ? build_supernet(m, settings, e) : build_discrete(m, settings, e);
}

static int build(struct model *m, const struct value *settings, struct error *e)
{
    const char *type = value_get_text(settings, "type", "(none)");
    const bool supernet = !strcmp(type, "supernet");
    m->design = design_find(type);
    m->task = m->design ? m->design->task : TASK_CLASS;
    if (!supernet && !m->design && strcmp(type, "discrete"))
        return error_set(e, "network of type %s, expected supernet|discrete|" DESIGN_WORDS, type);
    if (supernet && !(m->space = get_space(settings, e)))
        return -1;
    if (get_image(settings, &m->image, e) ||
        settings_int(settings, "network", "classes", 1, SAMPLES_MOST_CLASSES, &m->classes, e) ||
        settings_int(settings, "network", "channels", 1, NETWORK_MOST_CHANNELS, &m->channels, e))
        return -1;
    int found = normalisation_from_meta(&m->normalisation, settings, m->image.channels, e);
    if (found <= 0)
        return found < 0 ? -1 : error_set(e, "network: normalisation is missing");
    m->graph = graph_new(e);
    if (!m->graph || (m->design ? build_design(m, settings, e) : build_cells(m, settings, e)))
        return -1;
    return graph_check(m->graph, e);
}

int model_build(struct model *m, const struct value *settings, struct error *e)
{
    *m = (struct model){0};
    if (!build(m, settings, e))
        return 0;
    model_free(m);
    return -1;
}

int model_load(struct model *m, const struct weights *w, int batch, struct error *e)
{
    const struct value *network = value_get(w->header.meta, "network");
    if (!network)
        return error_set(e, "no weights of a network: meta has no `network`");
    if (model_build(m, network, e))
        return -1;
    struct graph *g = m->graph;
    if (!graph_plan(g, NULL, batch, GRAPH_INFER, e) &&
        !weights_load_group(w, g, GRAPH_WEIGHTS, e) &&
        !weights_load_group(w, g, GRAPH_ARCHITECTURE, e) &&
        !weights_load_group(w, g, GRAPH_BUFFERS, e))
        return 0;
    model_free(m);
    return -1;
}

int model_read(struct model *m, const char *path, const struct stream_limits *limits, int batch,
               struct header *from, char digest[17], struct error *e)
{
    struct weights w;
    if (weights_read(&w, path, limits, e))
        return -1;
    int failed = model_load(m, &w, batch, e);
    if (!failed && from && header_copy(from, &w.header, e)) {
        failed = -1;
        model_free(m);
    }
    if (digest)
        snprintf(digest, 17, "%s", w.digest);
    weights_free(&w);
    return failed ? error_wrap(e, "%s", path) : 0;
}

void model_free(struct model *m)
{
    graph_free(m->graph);
    *m = (struct model){0};
}

static struct value *sizes_value(const struct model *m, const struct value *settings,
                                 const struct graph_size *size, int batch)
{
    struct value *v = value_map();
    if (value_set_text(v, "type", value_get_text(settings, "type", "")) &&
        (m->design ? value_set_int(v, "depth", m->depth) : value_set_int(v, "cells", m->cells)) &&
        value_set_int(v, "channels", m->channels) && value_set_int(v, "classes", m->classes) &&
        value_set_int(v, "weights", (int64_t)size->weights) &&
        value_set_int(v, "architecture", (int64_t)size->architecture) &&
        value_set_int(v, "macs", (int64_t)size->macs) &&
        value_set_int(v, "flops", 2 * (int64_t)size->macs) &&
        value_set_int(v, "nodes", (int64_t)size->nodes) && value_set_int(v, "batch", batch) &&
        value_set_int(v, "arena_bytes", (int64_t)size->arena_bytes))
        return v;
    value_free(v);
    return NULL;
}

int model_check_options(const struct model_options *o, const struct call *c, struct error *e)
{
    struct image_shape shape;
    if (!o->describe && !o->profile && c->json)
        return error_set(e, "--json goes with --describe and --profile");
    if (!o->describe && (o->image || program_given(c, "classes")))
        return error_set(e, "--image and --classes go with --describe: otherwise the samples tell");
    if (o->image && model_parse_image(o->image, &shape, e))
        return error_wrap(e, "--image");
    return 0;
}

static struct value *measure(const struct model_options *o, const struct architecture *a,
                             struct error *e)
{
    struct image_shape shape = {28, 28, 1};
    struct model m = {0};
    struct graph_size size;
    if (o->image && model_parse_image(o->image, &shape, e))
        return NULL;
    struct value *v = NULL, *settings = model_settings(o, shape, (int)o->classes, NULL, a);
    if (!model_build(&m, settings, e) &&
        !graph_measure(m.graph, m.loss, (int)o->batch, GRAPH_TRAIN, &size, e)) {
        v = sizes_value(&m, settings, &size, (int)o->batch);
        if (!v)
            error_set(e, "out of memory");
    }
    value_free(settings);
    model_free(&m);
    return v;
}

static void print_sizes(const struct value *sizes, FILE *to)
{
    for (size_t i = 0; i < sizes->count; i++)
        if (sizes->item[i]->type == VALUE_TEXT)
            fprintf(to, "%-14s %s\n", sizes->key[i], sizes->item[i]->text);
        else
            fprintf(to, "%-14s %lld\n", sizes->key[i], (long long)sizes->item[i]->integer);
}

int model_describe(const struct model_options *o, const struct architecture *a,
                   const struct call *c, struct error *e)
{
    struct text_output t = {0};
    struct value *sizes = measure(o, a, e);
    int failed = !sizes || text_output_begin(&t, e);
    if (!failed && c->json)
        failed = value_print_json(sizes, t.to) ? error_set(e, "out of memory: the sizes") : 0;
    else if (!failed)
        print_sizes(sizes, t.to);
    value_free(sizes);
    return text_output_end(&t, failed, c->output, e);
}

int model_parse_image(const char *text, struct image_shape *image, struct error *e)
{
    int end = 0;
    if (sscanf(text, "%5dx%5dx%2d%n", &image->height, &image->width, &image->channels, &end) != 3 ||
        text[end] || image->height < 1 || image->height > MOST_SIDE || image->width < 1 ||
        image->width > MOST_SIDE || image->channels < 1 || image->channels > IMAGE_MAX_CHANNELS)
        return error_set(e, "expected HEIGHTxWIDTHxCHANNELS such as 28x28x1, found '%s'", text);
    return 0;
}
