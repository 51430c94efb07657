/* Samples through a trained network, or through the super-net of a search, to their scores. */
#include <stdlib.h>
#include "base/memory.h"
#include "rows/follow.h"
#include "search/inference.h"

static const char *weights_path;
static int64_t batch = 64;

static const struct option options[] = {
    {"weights", 'w', OPTION_FILE, &weights_path, "FILE",
     "what train wrote, or the state of a search: then its super-net predicts", 0, 0, NULL},
    {"batch", 0, OPTION_INT, &batch, "N", "images at a time; the result does not depend on it", 1,
     65536, NULL},
    {0},
};

static const struct program program = {
    .name = "predict",
    .summary = "run a trained network on samples",
    .operands = "[SAMPLES]",
    .most_operands = 1,
    .description =
        "Writes a predictions stream: a row an image in the order of the input, with its id, its "
        "label, and scores, the network's logits, one a class; of a network that tells the class "
        "of every pixel, prediction, the one of the highest score (height x width, bytes); of one "
        "that tells how far away every pixel is, prediction, that (height x width, numbers from 0 "
        "to 1). Batch normalisation uses the running statistics of the training. The weights file "
        "tells all else: the network, its "
        "classes, how images are normalised.",
    .examples = "load fashion-mnist test | predict --weights net | evaluate\n"
                "# of the super-net that a search is at\n"
                "predict --weights search -o predictions test",
    .see_also = "evaluate search-step train",
    .options = options,
    .common = COMMON_OUTPUT | COMMON_THREADS | COMMON_HISTORY | COMMON_STREAM,
};

/* A network with its weights, and the class names that came with them. */
static int load_network(const struct call *c, struct model *m, struct value **names,
                        struct value **inputs, struct error *e)
{
    struct header from;
    char digest[17];
    const struct stream_limits limits = stage_limits(c);
    if (model_read(m, weights_path, &limits, (int)batch, &from, digest, e))
        return -1;
    *names = value_copy(value_get(from.meta, "classes"));
    header_free(&from);
    return stage_note_input(inputs, weights_path, digest, e);
}

/* The samples' fields but the image, then the scores; the classes are those of the weights. */
static int create(struct follow *f, const struct model *m, const struct value *names,
                  const struct value *inputs, struct error *e)
{
    struct header h = {0};
    int failed = -1;
    const bool map = m->task != TASK_CLASS;
    const int64_t extent[] = {map ? m->image.height : m->classes, m->image.width};
    if (!follow_table(&h, "predictions", &f->table, f->own, e) &&
        header_add_field(&h, map ? "prediction" : "scores",
                         m->task == TASK_PIXELS ? ELEMENT_U8 : ELEMENT_F32, map ? 2 : 1, extent,
                         e) >= 0) {
        if ((map || value_set_text(h.meta, "scores", "logits")) &&
            (!names || value_set(h.meta, "classes", value_copy(names))))
            failed = follow_create(f, &h, inputs, e);
        else
            error_set(e, "out of memory");
    }
    header_free(&h);
    return failed;
}

struct sink {
    struct follow follow;
    struct progress bar;
    const struct model *model;
    uint8_t *map; /* classes of one image's pixels, where they are told; owned */
};

/* What the network tells by its output. */
static struct cell told(const struct sink *s, const real *logits)
{
    const struct model *m = s->model;
    const uint32_t classes = (uint32_t)m->classes;
    const uint32_t extent[] = {(uint32_t)m->image.height, (uint32_t)m->image.width};
    if (m->task == TASK_CLASS)
        return cell_tensor(ELEMENT_F32, 1, &classes, logits);
    if (m->task == TASK_DEPTH)
        return cell_tensor(ELEMENT_F32, 2, extent, logits);
    for (size_t i = 0; i < (size_t)extent[0] * extent[1]; i++, logits += m->classes)
        s->map[i] = (uint8_t)batch_best(logits, m->classes);
    return cell_tensor(ELEMENT_U8, 2, extent, s->map);
}

static int write_row(void *to, size_t row, const real *logits, struct error *e)
{
    struct sink *s = to;
    progress_at(&s->bar, (double)row + 1, NULL);
    if (follow_check(&s->follow, row, "scores", logits, node_count(s->model->logits), e))
        return follow_blame(&s->follow, e);
    return follow_write(&s->follow, row, told(s, logits), e);
}

int main(int argc, char **argv)
{
    static const char *const own[] = {"image", "scores", "prediction", NULL};
    struct call call;
    struct error e;
    program_begin(&program, argc, argv, &call);
    if (!weights_path)
        program_usage(&call, "expected --weights FILE");
    program_check_inputs(&call,
                         (const char *[]){call.argc ? call.argv[0] : "-", weights_path, NULL});

    struct model m;
    struct samples s;
    struct sink sink = {.model = &m};
    struct follow *f = &sink.follow;
    struct value *inputs = NULL, *names = NULL;
    if (load_network(&call, &m, &names, &inputs, &e) ||
        follow_open(f, &call, "samples", own, -1, &e))
        program_fail(&call, &e);
    if (samples_view(&s, &f->table, false, &e)) {
        error_wrap(&e, "%s", stream_path(f->from));
        program_fail(&call, &e);
    }
    progress_begin(&sink.bar, &call, "image", (double)s.count);
    if (m.task == TASK_PIXELS && !(sink.map = array_new(node_count(m.label), 1, "a map", &e)))
        program_fail(&call, &e);
    if (samples_fit(&s, stream_path(f->from), m.image, m.classes, &e) ||
        create(f, &m, names, inputs, &e) ||
        inference_run(&m, &s, (int)batch, write_row, &sink, &e) || follow_commit(f, &e))
        program_fail(&call, &e);
    progress_end(&sink.bar);

    follow_close(f);
    free(sink.map);
    model_free(&m);
    value_free(names);
    value_free(inputs);
    return program_end(&call);
}
