#include "search/encoder_training.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "network/encoder_file.h"
#include "search/settings.h"

/* What makes a run the run it is: kept in its files, compared when it goes on. */
static struct value *training_value(const struct encoder_training *t)
{
    const struct autoencoder_settings *s = &t->settings;
    const struct encoder_objective *o = &s->objective;
    struct value *v = value_map(), *weight;
    char losses[128] = "";
    for (int i = 0; i < o->count; i++)
        snprintf(losses + strlen(losses), sizeof losses - strlen(losses), "%s%s", i ? "+" : "",
                 o->loss[i]->name);
    value_set_text(v, "loss", losses);
    weight = value_set(v, "weight", o->kendall ? value_text("kendall") : value_array());
    for (int i = 0; i < o->count; i++) {
        double margin = encoder_objective_margin(o, i);
        if (!o->kendall)
            value_append(weight, value_real(encoder_objective_weight(o, i, &s->network)));
        if (!isnan(margin))
            value_set_real(value_set_map(v, "margin"), o->loss[i]->name, margin);
    }
    if (encoder_objective_needs(o, NEEDS_GAMMA))
        value_set_real(v, "gamma", o->gamma);
    value_set_real(v, "rate", s->rate);
    value_set_int(v, "batch", s->batch);
    value_set_int(v, "seed", (int64_t)s->seed);
    value_set_text(v, "samples", t->samples->table->digest);
    return v;
}

static int make_header(struct encoder_training *t, struct error *e)
{
    struct value *network = autoencoder_value(&t->settings.network);
    int failed = network ? weights_header(&t->header, network, e) : error_set(e, "out of memory");
    value_free(network);
    if (failed)
        return -1;
    if (samples_bequeath(&t->samples->table->header, &t->header) ||
        !value_is_whole(value_set(t->header.meta, "training", training_value(t))) ||
        !(t->report = value_set(t->header.meta, "report", value_array())))
        return error_set(e, "out of memory");
    return 0;
}

static void fetch(const void *context, size_t i, float *pixels)
{
    const struct encoder_training *t = context;
    struct image_shape shape = t->samples->shape;
    size_t size = (size_t)shape.height * (size_t)shape.width * (size_t)shape.channels;
    prepare_encoder_input(t->samples->image + i * size, shape.height, shape.width, shape.channels,
                          t->settings.network.side, pixels);
}

int encoder_training_new(struct encoder_training *t, const struct autoencoder_settings *settings,
                         const struct samples *samples, struct error *e)
{
    struct autoencoder_data data = {
        .count = samples->count, .label = samples->label, .fetch = fetch, .context = t};
    *t = (struct encoder_training){.settings = *settings, .samples = samples};
    t->trainer = autoencoder_trainer_new(settings, &data, e);
    if (t->trainer && !make_header(t, e))
        return 0;
    encoder_training_free(t);
    return -1;
}

void encoder_training_free(struct encoder_training *t)
{
    autoencoder_trainer_free(t->trainer);
    header_free(&t->header);
    *t = (struct encoder_training){0};
}

int encoder_training_epochs(const struct encoder_training *t)
{
    return *autoencoder_epochs(t->trainer);
}

int encoder_training_epoch(struct encoder_training *t, struct autoencoder_report *report,
                           void (*progress)(void *to, size_t images), void *to, struct error *e)
{
    const struct encoder_objective *o = &t->settings.objective;
    if (autoencoder_epoch(t->trainer, report, progress, to, e))
        return -1;
    struct value *v = value_append(t->report, value_map());
    value_set_real(v, "loss", report->loss);
    for (int i = 0; i < o->count; i++)
        value_set_real(v, o->loss[i]->name, report->term[i]);
    return value_is_whole(v) ? 0 : error_set(e, "out of memory");
}

void encoder_training_note(const struct encoder_training *t,
                           const struct autoencoder_report *report, char *text, size_t size)
{
    const struct encoder_objective *o = &t->settings.objective;
    size_t n = (size_t)snprintf(text, size, "loss %.4g", report->loss);
    for (int i = 0; i < o->count && n < size; i++)
        n += (size_t)snprintf(text + n, size - n, "%s%s %.4g", i ? ", " : " (", o->loss[i]->name,
                              report->term[i]);
    if (n < size)
        snprintf(text + n, size - n, ")");
}

/* ---- files ---- */

static int restore(struct encoder_training *t, const struct weights *w, int64_t most,
                   struct error *e)
{
    const struct value *meta = w->header.meta, *mine = t->header.meta;
    const struct value *report = value_get(meta, "report");
    if (settings_agree(value_get(meta, "network"), value_get(mine, "network"), e) ||
        settings_agree(value_get(meta, "training"), value_get(mine, "training"), e) ||
        encoder_file_restore(t->trainer, w, e))
        return -1;
    if (encoder_training_epochs(t) > most)
        return error_set(e, "it has done %d epochs already, more than the %lld of --epochs",
                         encoder_training_epochs(t), (long long)most);
    if (report && !(t->report = value_set(t->header.meta, "report", value_copy(report))))
        return error_set(e, "out of memory");
    return 0;
}

int encoder_training_resume(struct encoder_training *t, const struct call *c, const char *path,
                            int64_t most, struct error *e)
{
    const struct stream_limits limits = stage_limits(c);
    struct weights w;
    if (weights_read(&w, path, &limits, e))
        return -1;
    int failed = restore(t, &w, most, e);
    weights_free(&w);
    return failed ? error_wrap(e, "%s", path) : 0;
}

int encoder_training_save(const struct encoder_training *t, const struct call *c, const char *path,
                          struct error *e)
{
    struct stream_writer *w = stage_create_at(c, path, &t->header, NULL, e);
    if (w && !encoder_file_write(w, t->trainer, true, e))
        return stream_commit(w, e);
    stream_abandon(w);
    return -1;
}

int encoder_training_finish(const struct encoder_training *t, struct stream_writer *w,
                            struct error *e)
{
    if (!value_set(stream_writer_header(w)->meta, "report", value_copy(t->report)))
        error_set(e, "out of memory");
    else if (!encoder_file_write(w, t->trainer, false, e))
        return stream_commit(w, e);
    stream_abandon(w);
    return -1;
}
