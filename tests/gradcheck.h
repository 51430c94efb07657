/* Checks of ops, from a table of cases. In double: the gradient of every input and parameter, of a
 * random projection of the output, against central differences. In both precisions: gradients that
 * add up where a node has two users, the same bits for one thread and several, and agreement of
 * every instruction set with the first.
 *
 * A case builds the op with check_input and check_weight. Inputs are N(0, 1) and differentiable,
 * but for those named "labelK" (a class below K), "sign" (1 or -1) and "unit" (0 or 1), which are
 * held. */
#ifndef TESTS_GRADCHECK_H
#define TESTS_GRADCHECK_H
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include "graph/ops.h"
#include "tap.h"

struct gradcheck {
    const char *name;
    struct node *(*build)(struct graph *g, const struct gradcheck *c);
    int batch, n;                     /* planned and run; n 0: batch */
    int height, width, channels, out; /* for build, as are those below */
    struct window window;
    int integer;
    double number;
    bool inference;
    double drop_path;
    bool dice; /* a second copy of the op throws its own: not to be added up */
    bool held; /* holds a part of itself constant in its gradient, unlike differences */
};

static inline struct node *check_input(struct graph *g, const char *name, int height, int width,
                                       int channels)
{
    struct node *x = graph_find(g, name);
    if (!x && (x = graph_input(g, name, height, width, channels)) && strncmp(name, "label", 5) &&
        strcmp(name, "sign") && strcmp(name, "unit"))
        graph_differentiate(x);
    return x;
}

/* check_weight(g, "w", GRAPH_WEIGHTS, 2, 3, 5): N(0, 1), buffers U(0.5, 1.5). */
#define check_weight(g, name, group, ...)                                             \
    check_weight_of((g), (name), (group), sizeof((int[]){__VA_ARGS__}) / sizeof(int), \
                    (int[]){__VA_ARGS__})
static inline struct node *check_weight_of(struct graph *g, const char *name,
                                           enum graph_group group, int rank, const int *extent)
{
    struct node *w = graph_find(g, name);
    return w ? w
             : graph_weight(g, name, group, rank, extent, (struct initial){INITIAL_NORMAL, 0, 1});
}

enum { CHECK_TENSORS = 64 };

/* One run of a case: everything that can be compared. */
struct check_result {
    int tensors;
    struct {
        char name[32];
        size_t count;
        real *value, *gradient; /* value: the caller's to change; gradient: a copy, owned */
    } tensor[CHECK_TENSORS];
    struct graph *g;
    struct node *out;
    struct graph_run run;
    size_t out_count;
    real *out_value, *projection; /* owned */
};

static inline double check_draw(const char *name, uint64_t i)
{
    struct random r = random_stream(7, name, 0);
    if (!strncmp(name, "label", 5))
        return (double)(random_u64_at(&r, i) % (uint64_t)atoi(name + 5));
    if (!strcmp(name, "sign"))
        return random_u64_at(&r, i) & 1 ? 1 : -1;
    if (!strcmp(name, "unit"))
        return (double)(random_u64_at(&r, i) & 1);
    return random_normal_at(&r, i);
}

static inline size_t check_elements(const struct node *n, int images)
{
    return node_count(n) * (node_shape(n)->batched ? (size_t)images : 1);
}

static inline double check_forward(struct check_result *r)
{
    double sum = 0;
    graph_forward(r->g, &r->run);
    for (size_t i = 0; i < r->out_count; i++)
        sum += (double)node_value(r->out)[i] * (double)r->projection[i];
    return sum;
}

static inline void check_add(struct check_result *r, const struct node *n)
{
    if (r->tensors == CHECK_TENSORS)
        abort();
    size_t count = check_elements(n, r->run.n);
    snprintf(r->tensor[r->tensors].name, sizeof r->tensor[0].name, "%s", node_name(n));
    r->tensor[r->tensors].count = count;
    r->tensor[r->tensors].value = node_value(n);
    r->tensor[r->tensors].gradient = calloc(count + 1, sizeof(real));
    memcpy(r->tensor[r->tensors++].gradient, node_gradient(n), count * sizeof(real));
}

/* The inputs of every case so far known by these names; a case may use any of them. */
static const char *const check_inputs[] = {"x",  "y",  "z",  "a",  "b",  "c",  "t",  "x0", "x1",
                                           "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9"};
static const char *const check_held[] = {"sign",   "unit",   "label2", "label3", "label4",
                                         "label5", "label7", "label9", "label10"};

/* Builds (`copies` times on the same inputs, added up), plans, runs forward and backward. */
static inline bool check_run(struct check_result *r, const struct gradcheck *c, int copies,
                             const char *level, int threads)
{
    struct error e;
    *r = (struct check_result){0};
    level ? setenv("WINNOW_CPU", level, 1) : unsetenv("WINNOW_CPU");
    omp_set_num_threads(threads);
    if (!(r->g = graph_new(&e)))
        return ok(false, "%s: %s", c->name, e.text);
    r->out = c->build(r->g, c);
    for (int i = 1; i < copies && r->out; i++) {
        bool scalar = !node_shape(r->out)->batched && node_count(r->out) == 1;
        struct node *again = c->build(r->g, c);
        r->out = scalar ? add_scalars(r->out, again, 1) : add(r->out, again);
    }
    if (r->out)
        graph_keep(r->out);
    if (graph_check(r->g, &e) || !r->out || graph_plan(r->g, r->out, c->batch, GRAPH_TRAIN, &e))
        return ok(false, "%s: %s", c->name, r->out ? e.text : "build returned NULL");
    r->run = (struct graph_run){.n = c->n ? c->n : c->batch,
                                .inference = c->inference,
                                .drop_path = c->drop_path,
                                .dropout = c->drop_path,
                                .gradients = 1u << GRAPH_WEIGHTS | 1u << GRAPH_ARCHITECTURE,
                                .seed = 3};
    for (int k = 0; k < GRAPH_GROUPS; k++)
        graph_initialise(r->g, k, 11);
    struct group buffers = graph_group(r->g, GRAPH_BUFFERS);
    for (size_t i = 0; i < buffers.count; i++)
        buffers.value[i] = (real)(0.5 + 1 / (1 + exp(-(double)buffers.value[i])));
    const struct node *n;
    for (size_t k = 0; k < sizeof check_held / sizeof *check_held; k++)
        if ((n = graph_find(r->g, check_held[k])))
            for (size_t i = 0; i < check_elements(n, c->batch); i++)
                node_value(n)[i] = (real)check_draw(check_held[k], i);
    for (size_t k = 0; k < sizeof check_inputs / sizeof *check_inputs; k++)
        if ((n = graph_find(r->g, check_inputs[k])))
            for (size_t i = 0; i < check_elements(n, c->batch); i++)
                node_value(n)[i] = (real)check_draw(check_inputs[k], i);
    r->out_count = check_elements(r->out, r->run.n);
    r->out_value = calloc(r->out_count, sizeof(real));
    r->projection = calloc(r->out_count, sizeof(real));
    bool scalar = !node_shape(r->out)->batched && r->out_count == 1;
    for (size_t i = 0; i < r->out_count; i++)
        r->projection[i] = scalar ? 1 : (real)check_draw("projection", i);
    check_forward(r);
    memcpy(r->out_value, node_value(r->out), r->out_count * sizeof(real));
    memcpy(node_gradient(r->out), r->projection, r->out_count * sizeof(real));
    graph_backward(r->g, &r->run);
    for (size_t k = 0; k < sizeof check_inputs / sizeof *check_inputs; k++)
        if ((n = graph_find(r->g, check_inputs[k])) && node_gradient(n))
            check_add(r, n);
    for (int group = 0; group < GRAPH_BUFFERS; group++)
        for (int i = 0; i < graph_weights(r->g, group); i++)
            check_add(r, graph_weight_at(r->g, group, i));
    return true;
}

static inline void check_free(struct check_result *r)
{
    for (int i = 0; i < r->tensors; i++)
        free(r->tensor[i].gradient);
    free(r->out_value);
    free(r->projection);
    graph_free(r->g);
}

/* max |a * factor - b| over max(1, max |b|); NaN counts as endless. */
static inline double check_distance(const real *a, double factor, const real *b, size_t n)
{
    double most = 0, scale = 1;
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] * factor - (double)b[i]);
        most = d <= most ? most : isnan(d) ? INFINITY : d;
        scale = fmax(scale, fabs((double)b[i]));
    }
    return most / scale;
}

static inline double check_apart(const struct check_result *a, double factor,
                                 const struct check_result *b, const char **where)
{
    double most = check_distance(a->out_value, factor, b->out_value, b->out_count);
    *where = "output";
    for (int i = 0; i < b->tensors; i++) {
        double d = check_distance(a->tensor[i].gradient, factor, b->tensor[i].gradient,
                                  b->tensor[i].count);
        if (d > most)
            *where = b->tensor[i].name;
        most = fmax(most, d);
    }
    return most;
}

/* Central differences at up to 60 places of each tensor. */
static inline void check_differences(struct check_result *r, const char *name)
{
    const double h = 1e-5;
    double most = 0;
    const char *where = "nothing";
    for (int t = 0; t < r->tensors; t++) {
        size_t count = r->tensor[t].count, step = count / 60 + 1;
        double scale = 1, error = 0;
        for (size_t i = 0; i < count; i += step) {
            real *v = &r->tensor[t].value[i], was = *v;
            *v = (real)((double)was + h);
            double above = check_forward(r);
            *v = (real)((double)was - h);
            double slope = (above - check_forward(r)) / (2 * h), d;
            *v = was;
            d = fabs(slope - (double)r->tensor[t].gradient[i]);
            error = d <= error ? error : isnan(d) ? INFINITY : d;
            scale = fmax(scale, fabs(slope));
        }
        if (error / scale >= most) {
            most = error / scale;
            where = r->tensor[t].name;
        }
    }
    ok(r->tensors && most < 1e-6, "%s: gradient against differences, error %.1e (%s)", name, most,
       where);
}

static inline void gradcheck(const struct gradcheck *c)
{
    static const char *const levels[] = {"baseline", "avx2", "avx512"};
    double limit = sizeof(real) == 8 ? 1e-11 : 1e-4;
    const char *where, *best = graph_processor();
    struct check_result first, other;
    if (!check_run(&first, c, 1, NULL, 2))
        return;
    double d;
    for (int copies = 1; copies <= (c->dice ? 1 : 2); copies++) {
        if (!check_run(&other, c, copies, NULL, 1))
            return;
        d = check_apart(&first, copies, &other, &where);
        ok(copies == 1 ? d == 0 : d < limit, "%s: %s, apart %.1e (%s)", c->name,
           copies == 1 ? "one thread gives the bits of two" : "two users add up", d, where);
        check_free(&other);
    }
    for (int i = 0; i < 3 && strcmp(levels[i], best); i++) {
        if (!check_run(&other, c, 1, levels[i], 2))
            return;
        d = check_apart(&first, 1, &other, &where);
        ok(d < limit, "%s: %s as %s, apart %.1e (%s)", c->name, levels[i], best, d, where);
        check_free(&other);
    }
    unsetenv("WINNOW_CPU");
    if (sizeof(real) == 8 && !c->held)
        check_differences(&first, c->name);
    check_free(&first);
}

#define gradcheck_table(cases)                                                     \
    for (size_t check_i = 0; check_i < sizeof(cases) / sizeof *(cases); check_i++) \
    gradcheck(&(cases)[check_i])

#endif
