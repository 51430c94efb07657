#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/program.h"
#include "graph/onnx.h"
#include "network/encoder_file.h"
#include "search/export_network.h"
#include "search/model.h"

static void forget(void *weights)
{
    weights_free(weights);
}

static int begin(struct export *x, struct error *e)
{
    struct weights *w = x->own = array_new(1, sizeof *w, "weights", e);
    x->own_free = forget;
    if (!w || header_require_kind(x->header, "weights", e) || header_copy(&w->header, x->header, e))
        return -1;
    if (x->name < 0)
        return error_set(e, "expected the fields name str and value any");
    return output_open(x->file, x->to, e);
}

static int row(struct export *x, const struct cell *row, struct error *e)
{
    return weights_add(x->own, &row[x->name], &row[x->value], e);
}

/* The rest of the model: what comes with the weights. */
static int write(struct export *x, struct onnx_model *m, struct error *e)
{
    static const char *const key[] = {"network", "classes"};
    enum { KEYS = sizeof key / sizeof *key };
    struct onnx_note note[KEYS];
    char *text[KEYS] = {NULL};
    int failed = 0;
    m->version = winnow_version();
    m->note = note;
    for (size_t i = 0; i < KEYS && !failed; i++) {
        const struct value *v = value_get(x->header->meta, key[i]);
        if (v && !(text[i] = value_json_text(v)))
            failed = error_set(e, "out of memory");
        if (text[i])
            note[m->notes++] = (struct onnx_note){key[i], text[i]};
    }
    failed = failed || onnx_write(m, x->file, e);
    for (size_t i = 0; i < KEYS; i++)
        free(text[i]);
    return failed;
}

static int write_classifier(struct export *x, struct error *e)
{
    struct model m;
    double mean[IMAGE_MAX_CHANNELS], deviation[IMAGE_MAX_CHANNELS];
    if (model_load(&m, x->own, 1, e))
        return -1;
    if (m.space) {
        model_free(&m);
        return error_set(e, "the state of a search: expected a network, made by derive and train");
    }
    for (int i = 0; i < m.normalisation.channels; i++) {
        mean[i] = 255. * m.normalisation.mean[i];
        deviation[i] = 255. * m.normalisation.sd[i];
    }
    struct onnx_model onnx = {.input = m.x,
                              .output = m.logits,
                              .output_name = m.task == TASK_DEPTH ? "depth" : "logits",
                              .mean = mean,
                              .deviation = deviation};
    int failed = write(x, &onnx, e);
    model_free(&m);
    return failed;
}

static int write_encoder(struct export *x, struct error *e)
{
    struct encoder_half h;
    static const double half[] = {127.5, 127.5, 127.5, 127.5}; /* as prepare_encoder_input */
    if (encoder_half_load(&h, x->own, false, 1, e))
        return -1;
    struct onnx_model onnx = {
        .input = h.input, .output = h.output, .output_name = "z", .mean = half, .deviation = half};
    int failed = write(x, &onnx, e);
    encoder_half_close(&h);
    return failed;
}

static int end(struct export *x, struct error *e)
{
    const struct value *network = value_get(x->header->meta, "network");
    bool encoder = !strcmp(value_get_text(network, "type", ""), "autoencoder");
    return (encoder ? write_encoder(x, e) : write_classifier(x, e)) || output_commit(x->file, e);
}

const struct export_format EXPORT_ONNX = {"onnx", false, begin, row, end, true};
