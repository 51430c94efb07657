#include "network/encoder_file.h"
#include <limits.h>
#include <string.h>

static const char *const moment_names[] = {"adam.first", "adam.second"};

int encoder_file_write(struct stream_writer *w, struct autoencoder_trainer *t, bool checkpoint,
                       struct error *e)
{
    struct graph *g = autoencoder_graph(t);
    uint32_t count = (uint32_t)graph_group(g, GRAPH_WEIGHTS).count;

    if (checkpoint &&
        !value_set_int(stream_writer_header(w)->meta, "epochs", *autoencoder_epochs(t)))
        return error_set(e, "out of memory");
    if (weights_write_group(w, g, GRAPH_WEIGHTS, e) || weights_write_group(w, g, GRAPH_BUFFERS, e))
        return -1;
    for (int i = 0; i < 2 && checkpoint; i++)
        if (weights_write_tensor(w, moment_names[i], ELEMENT_REAL, 1, &count,
                                 autoencoder_moment(t, i), e))
            return -1;
    return 0;
}

int encoder_file_restore(struct autoencoder_trainer *t, const struct weights *w, struct error *e)
{
    struct graph *g = autoencoder_graph(t);
    size_t count = graph_group(g, GRAPH_WEIGHTS).count;
    int64_t epochs = value_get_int(w->header.meta, "epochs", -1);

    if (epochs < 0 || epochs > INT_MAX)
        return error_set(e, "no checkpoint: meta has no number of epochs");
    if (weights_load_group(w, g, GRAPH_WEIGHTS, e) || weights_load_group(w, g, GRAPH_BUFFERS, e))
        return -1;
    for (int i = 0; i < 2; i++) {
        const void *moment = weights_require(w, moment_names[i], ELEMENT_REAL, count, e);
        if (!moment)
            return -1;
        memcpy(autoencoder_moment(t, i), moment, count * sizeof(real));
    }
    *autoencoder_epochs(t) = (int)epochs;
    return 0;
}

static int build_half(struct encoder_half *h, bool decoder, int batch, struct error *e)
{
    const struct autoencoder *a = &h->network;

    h->graph = graph_new(e);
    if (!h->graph)
        return -1;
    if (decoder) {
        h->input = graph_input(h->graph, "z", 1, 1, a->latent);
        h->output = decoder_build(a, h->graph, h->input);
    } else {
        h->input = graph_input(h->graph, "image", a->side, a->side, a->channels);
        h->output = encoder_build(a, h->graph, h->input);
    }
    graph_keep(h->output);
    return graph_check(h->graph, e) || graph_plan(h->graph, NULL, batch, GRAPH_INFER, e) ? -1 : 0;
}

int encoder_half_load(struct encoder_half *h, const struct weights *w, bool decoder, int batch,
                      struct error *e)
{
    memset(h, 0, sizeof *h);
    memcpy(h->digest, w->digest, sizeof h->digest);
    if (!autoencoder_from_value(&h->network, value_get(w->header.meta, "network"), e) &&
        !build_half(h, decoder, batch, e) && !weights_load_group(w, h->graph, GRAPH_WEIGHTS, e) &&
        !weights_load_group(w, h->graph, GRAPH_BUFFERS, e))
        return 0;
    encoder_half_close(h);
    return -1;
}

int encoder_half_open(struct encoder_half *h, const char *path, bool decoder, int batch,
                      const struct stream_limits *limits, struct error *e)
{
    struct weights w;
    int failed;

    if (weights_read(&w, path, limits, e))
        return -1;
    failed = encoder_half_load(h, &w, decoder, batch, e);
    weights_free(&w);
    return failed ? error_wrap(e, "%s", path) : 0;
}

void encoder_half_run(struct encoder_half *h, int n)
{
    graph_forward(h->graph, &(struct graph_run){.n = n, .inference = true});
}

void encoder_half_close(struct encoder_half *h)
{
    graph_free(h->graph);
    h->graph = NULL;
}
