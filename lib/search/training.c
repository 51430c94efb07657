#include "search/training.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/program.h"
#include "graph/optimiser.h"
#include "network/weights.h"
#include "search/settings.h"

static const double MOMENTUM = 0.9, DECAY = 3e-4, CLIP = 5;

static int read_settings(struct training *t, const struct value *v, struct error *e)
{
    static const char what[] = "training settings";
    t->seed = (uint64_t)value_get_int(v, "seed", 1);
    t->rate = value_get_real(v, "rate", NAN);
    t->drop_path = value_get_real(v, "drop_path", NAN);
    if (!(t->rate > 0) || !(t->drop_path >= 0 && t->drop_path < 1))
        return error_set(e, "%s: rate or drop_path is missing or out of range", what);
    if (settings_int(v, what, "epochs", 0, 1000000, &t->epochs, e) ||
        settings_int(v, what, "batch", 1, 65536, &t->batch, e) ||
        augment_choose(&t->augment, value_get_text(v, "augment", "none"),
                       value_get_text(v, "source", ""), e))
        return -1;
    return settings_int(v, what, "cutout", 0, 65535, &t->augment.cutout, e);
}

/* The loss that it shall have beside a teacher. */
static int add_distillation(struct training *t, const struct value *settings, struct error *e)
{
    const double share = value_get_real(settings, "distil", NAN);
    const double temperature = value_get_real(settings, "temperature", NAN);
    struct model *m = &t->model;
    if (m->task != TASK_CLASS)
        return error_set(e, "a teacher goes with networks that tell the class of an image");
    if (!(share > 0 && share <= 1) || !(temperature > 0))
        return error_set(e, "training settings: distil or temperature is missing or out of range");
    t->taught = graph_input(m->graph, "teacher", 1, 1, m->classes);
    m->loss = add_scalars(scale_by(m->loss, 1 - share),
                          distillation(m->logits, t->taught, temperature), share);
    return 0;
}

static int build(struct training *t, const struct value *network, const struct value *settings,
                 struct error *e)
{
    if (read_settings(t, settings, e) || model_build(&t->model, network, e))
        return -1;
    t->network = value_copy(network);
    t->settings = value_copy(settings);
    t->curve = value_array();
    if (!t->network || !t->settings || !t->curve)
        return error_set(e, "out of memory");
    struct graph *g = t->model.graph;
    if ((value_get(settings, "teacher") && add_distillation(t, settings, e)) ||
        graph_plan(g, t->model.loss, t->batch, GRAPH_TRAIN, e))
        return -1;
    network_initialise(g, t->seed);
    t->velocity = array_new(graph_group(g, GRAPH_WEIGHTS).count, sizeof(real), "momentum", e);
    return t->velocity ? batch_new(&t->images, t->batch, t->model.image, t->model.task, e) : -1;
}

int training_new(struct training *t, const struct value *network, const struct value *settings,
                 struct error *e)
{
    *t = (struct training){0};
    if (!build(t, network, settings, e))
        return 0;
    training_free(t);
    return -1;
}

void training_free(struct training *t)
{
    batch_free(&t->images);
    batch_free(&t->shown);
    model_free(&t->model);
    model_free(&t->teacher);
    value_free(t->network);
    value_free(t->settings);
    value_free(t->curve);
    free(t->velocity);
    *t = (struct training){0};
}

static int note_epoch(struct training *t, double loss, double accuracy, double rate,
                      struct error *e)
{
    struct value *point = value_map();
    bool good = value_set_real(point, "loss", loss) &&
                (t->model.task == TASK_DEPTH || value_set_real(point, "accuracy", accuracy)) &&
                value_set_real(point, "rate", rate);
    if (value_append(t->curve, point) && good)
        return 0;
    return error_set(e, "out of memory");
}

int training_balance(struct training *t, const struct samples *samples, struct error *e)
{
    autofree double *weight = array_new((size_t)t->model.classes, sizeof *weight, "balance", e);
    if (!weight || samples_balance(samples, weight, e))
        return -1;
    real *to = node_value(graph_find(t->model.graph, "balance"));
    for (int k = 0; k < t->model.classes; k++)
        to[k] = (real)weight[k];
    return 0;
}

int training_teach(struct training *t, struct model *teacher, struct error *e)
{
    const struct image_shape *a = &t->model.image, *b = &teacher->image;
    t->teacher = *teacher;
    if (teacher->task != TASK_CLASS || teacher->classes != t->model.classes)
        return error_set(e, "the teacher tells other classes than the %d of the samples",
                         t->model.classes);
    if (a->height != b->height || a->width != b->width || a->channels != b->channels)
        return error_set(e, "the teacher sees images of %d x %d x %d, these are %d x %d x %d",
                         b->height, b->width, b->channels, a->height, a->width, a->channels);
    return batch_new(&t->shown, t->batch, *a, TASK_CLASS, e);
}

/* Its logits of the rows index[0 .. n) go to the input that takes them. */
static void ask_teacher(struct training *t, struct source source, uint64_t epoch,
                        const size_t *index, int n)
{
    const struct model *m = &t->teacher;
    source.normalisation = m->normalisation;
    batch_fill(&t->shown, &source, epoch, index, n);
    batch_show(&t->shown, m->x, m->label);
    graph_forward(m->graph, &(struct graph_run){.n = n, .inference = true});
    memcpy(node_value(t->taught), node_value(m->logits),
           (size_t)n * (size_t)m->classes * sizeof(real));
}

/* Of the last batch: adds how many labels there were, and how many of them were told right. */
static void count_right(const struct training *t, size_t *right, size_t *all)
{
    const int classes = t->model.classes;
    const size_t labels = (size_t)t->images.n * node_count(t->model.label);
    const real *logits = node_value(t->model.logits), *label = node_value(t->model.label);
    size_t good = 0, count = 0;
#pragma omp parallel for reduction(+ : good, count)
    for (size_t i = 0; i < labels; i++)
        if (label[i] < (real)classes) { /* else it counts for nothing */
            good += batch_best(logits + i * (size_t)classes, classes) == (int)label[i];
            count++;
        }
    *right += good;
    *all += count;
}

int training_epoch(struct training *t, const struct samples *samples,
                   void (*progress)(void *to, size_t images), void *to, struct error *e)
{
    double began = clock_seconds(), loss = 0, rate = cosine_rate(t->rate, 0, t->epoch, t->epochs);
    uint64_t epoch = (uint64_t)t->epoch, batches = (samples->count - 1) / (uint64_t)t->batch + 1;
    size_t right = 0, labels = 0, count = samples->count;
    autofree size_t *order = batch_order(samples, t->seed, "training order", epoch, e);
    if (!order)
        return -1;
    struct source source = {samples, t->model.normalisation, t->augment, t->seed};
    struct sgd sgd = {.rate = rate, .momentum = MOMENTUM, .decay = DECAY};
    struct group weights = graph_group(t->model.graph, GRAPH_WEIGHTS);
    struct graph_run run = {.track = true,
                            .gradients = 1u << GRAPH_WEIGHTS,
                            .seed = t->seed,
                            .step = epoch * batches,
                            .drop_path = t->drop_path * t->epoch / t->epochs};
    struct batch *b = &t->images;
    for (size_t at = 0; at < count; at += (size_t)b->n, run.step++) {
        batch_fill(b, &source, epoch, order + at,
                   count - at < (size_t)t->batch ? (int)(count - at) : t->batch);
        batch_show(b, t->model.x, t->model.label);
        if (t->teacher.graph)
            ask_teacher(t, source, epoch, order + at, b->n);
        run.n = b->n;
        graph_forward(t->model.graph, &run);
        loss += (double)*node_value(t->model.loss) * b->n;
        if (t->model.task != TASK_DEPTH)
            count_right(t, &right, &labels);
        if (!isfinite(loss))
            return error_set(e, "epoch %d: the loss is no longer a number; a lower --rate may help",
                             t->epoch);
        graph_backward(t->model.graph, &run);
        clip_gradient(weights, CLIP);
        sgd_step(&sgd, weights, t->velocity);
        if (progress)
            progress(to, at + (size_t)b->n);
    }
    t->epoch++;
    t->seconds += clock_seconds() - began;
    return note_epoch(t, loss / (double)count, labels ? (double)right / (double)labels : 0, rate,
                      e);
}

/* ---- files ---- */

static int make_header(const struct training *t, bool clock, const struct header *data,
                       struct header *h, struct error *e)
{
    if (weights_header(h, t->network, e))
        return -1;
    struct value *report = value_map();
    bool good = value_set(report, "settings", value_copy(t->settings)) &&
                value_set_int(report, "epoch", t->epoch) &&
                (!clock || value_set_real(report, "seconds", t->seconds)) &&
                value_set(report, "curve", value_copy(t->curve));
    good = value_set(h->meta, "training", report) && good;
    if (good && !samples_bequeath(data, h))
        return 0;
    header_free(h);
    return error_set(e, "out of memory");
}

struct digest {
    char text[17];
};
static struct digest digest_of(uint64_t x)
{
    struct digest d;
    snprintf(d.text, sizeof d.text, "%016llx", (unsigned long long)x);
    return d;
}

static int write_tensors(const struct training *t, bool checkpoint, struct stream_writer *w,
                         struct error *e)
{
    const struct graph *g = t->model.graph;
    uint32_t count = (uint32_t)graph_group(g, GRAPH_WEIGHTS).count;
    if (weights_write_group(w, g, GRAPH_WEIGHTS, e) || weights_write_group(w, g, GRAPH_BUFFERS, e))
        return -1;
    return checkpoint ? weights_write_tensor(w, "velocity", ELEMENT_REAL, 1, &count, t->velocity, e)
                      : 0;
}

int training_save(const struct training *t, const struct call *c, const char *path, bool checkpoint,
                  const struct samples *samples, const struct value *inputs, struct error *e)
{
    struct header h;
    struct stream_writer *w = NULL;
    if (make_header(t, c->history, &samples->table->header, &h, e))
        return -1;
    if (checkpoint &&
        (!value_set_text(h.meta, "samples", samples->table->digest) ||
         !value_set_text(h.meta, "images", digest_of(samples_identity(samples)).text)))
        error_set(e, "out of memory");
    else
        w = stage_create_at(c, path, &h, inputs, e);
    header_free(&h);
    if (w && !write_tensors(t, checkpoint, w, e))
        return stream_commit(w, e);
    stream_abandon(w);
    return -1;
}

static int restore(struct training *t, const struct weights *w, struct error *e)
{
    const struct value *report = value_get(w->header.meta, "training");
    const struct value *curve = value_get(report, "curve");
    int64_t epoch = value_get_int(report, "epoch", -1);
    struct graph *g = t->model.graph;
    size_t count = graph_group(g, GRAPH_WEIGHTS).count;
    const struct value *settings = value_get(report, "settings");
    if (settings_agree(value_get(w->header.meta, "network"), t->network, e) ||
        settings_agree(settings, t->settings, e))
        return -1;
    if (value_get(settings, "teacher") && !t->teacher.graph)
        return error_set(e, "it began with a teacher, this call has none");
    if (epoch < 0 || epoch > t->epochs || !curve || curve->type != VALUE_ARRAY ||
        curve->count != (size_t)epoch)
        return error_set(e, "no checkpoint of a training: meta has no `training` with its epochs");
    const real *velocity = weights_require(w, "velocity", ELEMENT_REAL, count, e);
    if (!velocity || weights_load_group(w, g, GRAPH_WEIGHTS, e) ||
        weights_load_group(w, g, GRAPH_BUFFERS, e))
        return -1;
    struct value *copy = value_copy(curve);
    if (!copy)
        return error_set(e, "out of memory");
    value_free(t->curve);
    t->curve = copy;
    memcpy(t->velocity, velocity, count * sizeof(real));
    t->epoch = (int)epoch;
    t->seconds = value_get_real(report, "seconds", 0);
    return 0;
}

/* The normalisation of the checkpoint becomes the training's, unless its samples told another. */
static int adopt_normalisation(struct training *t, const struct weights *w,
                               const struct samples *samples, struct error *e)
{
    const struct value *kept = value_get(w->header.meta, "network");
    if (value_get(samples->table->header.meta, "normalisation"))
        return 0;
    int found = normalisation_from_meta(&t->model.normalisation, kept, t->model.image.channels, e);
    if (found <= 0)
        return found < 0 ? -1 : error_set(e, "network: normalisation is missing");
    return value_set(t->network, "normalisation", value_copy(value_get(kept, "normalisation")))
               ? 0
               : error_set(e, "out of memory");
}

static int check_samples(const struct weights *w, const char *key, const char *now, struct error *e)
{
    const char *began = value_get_text(w->header.meta, key, "");
    if (!strcmp(began, now))
        return 0;
    return error_set(e, "it began with the %s %s, these are %s", key, began, now);
}

int training_resume(struct training *t, const struct call *c, const char *path, bool variants,
                    const struct samples *samples, struct error *e)
{
    struct weights w;
    struct stream_limits limits = stage_limits(c);
    if (weights_read(&w, path, &limits, e))
        return -1;
    int failed =
        (variants && adopt_normalisation(t, &w, samples, e)) || restore(t, &w, e) ||
        (variants ? check_samples(&w, "images", digest_of(samples_identity(samples)).text, e)
                  : check_samples(&w, "samples", samples->table->digest, e));
    weights_free(&w);
    return failed ? error_wrap(e, "%s", path) : 0;
}
