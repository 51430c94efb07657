/* The ops, losses and optimisers against the results of PyTorch in $SHARED/oracle, to 1e-9. */
#include <dirent.h>
#include "graph/optimiser.h"
#include "graph/ops.h"
#include "base/value.h"
#include "base/file.h"
#include "oracle.h"
#include "tap.h"

enum { PARTS = 4 };

/* One folder of the oracle and the graph that repeats it. */
struct subject {
    const char *folder;
    struct value *args;
    struct graph *g;
    struct node *in[PARTS], *w[PARTS], *extra; /* extra: labels, from case.json's target */
    bool loss;
};

static int arg(const struct subject *s, const char *key, int fallback)
{
    return (int)value_get_int(s->args, key, fallback);
}
static double number(const struct subject *s, const char *key, double fallback)
{
    return value_get_real(s->args, key, fallback);
}

static struct window window_of(const struct subject *s, int kernel)
{
    return (struct window){.kernel = kernel,
                           .stride = arg(s, "stride", 1),
                           .pad = arg(s, "padding", 0),
                           .dilation = arg(s, "dilation", 1),
                           .groups = arg(s, "groups", 1)};
}

/* ---- how each case is built: NULL where the engine has no such op ---- */

static struct node *build_conv(struct subject *s)
{
    const struct shape *w = node_shape(s->w[0]);
    struct window window = window_of(s, w->extent[0]);
    if (w->rank == 4)
        return conv2d(s->in[0], s->w[0], window);
    window.groups = 1;
    return depthwise(s->in[0], s->w[0], window);
}
static struct node *build_transpose(struct subject *s)
{
    return conv_transpose2d(s->in[0], s->w[0], window_of(s, node_shape(s->w[0])->extent[0]));
}
static struct node *build_norm(struct subject *s)
{
    struct node *running = NULL;
    if (value_get(s->args, "mean"))
        running = graph_weight(s->g, "running", GRAPH_BUFFERS, 2,
                               (int[]){2, node_shape(s->in[0])->extent[2]}, (struct initial){0});
    return normalise(s->in[0], statistics(s->in[0], running), s->w[0], s->w[1], ACT_IDENTITY);
}
static struct node *build_max_pool(struct subject *s)
{
    return max_pool(s->in[0], window_of(s, arg(s, "kernel", 0)));
}
static struct node *build_max_unpool(struct subject *s)
{
    struct node *pool = max_pool(s->in[0], window_of(s, arg(s, "kernel", 0)));
    return max_unpool(pool, pool);
}
static struct node *build_avg_pool(struct subject *s)
{
    return avg_pool(s->in[0], window_of(s, arg(s, "kernel", 0)));
}
static struct node *build_global(struct subject *s)
{
    return global_avg_pool(s->in[0]);
}
static struct node *build_activation(struct subject *s)
{
    static const char *const names[] = {"identity", "relu", "leaky_relu", "sigmoid",   "tanh",
                                        "softplus", "exp",  "gelu",       "hardswish", "swish"};
    for (int i = 0; i <= ACT_SWISH; i++)
        if (!strcmp(s->folder + 4, names[i]))
            return activate(s->in[0], (enum activation)i);
    return NULL;
}
static struct node *build_softmax(struct subject *s)
{
    return softmax(s->in[0]);
}
static struct node *build_log_softmax(struct subject *s)
{
    return log_softmax(s->in[0]);
}
static struct node *build_l2(struct subject *s)
{
    return l2_normalise(s->in[0]);
}
static struct node *build_linear(struct subject *s)
{
    return linear(s->in[0], s->w[0], s->w[1]);
}
static struct node *build_concat(struct subject *s)
{
    return concat(2, s->in);
}
static struct node *build_interpolation(struct subject *s)
{
    return interpolate(s->in[0], arg(s, "size", 0));
}
static struct node *build_loss(struct subject *s)
{
    const char *f = s->folder + 5;
    s->loss = true;
    if (!strncmp(f, "cross_entropy", 13)) {
        s->extra = graph_input(s->g, "target", 1, 1, 1);
        return cross_entropy(s->in[0], s->extra, number(s, "label_smoothing", 0));
    }
    if (!strcmp(f, "kd")) { /* (1 - alpha) cross-entropy + alpha T^2 KL */
        const double alpha = number(s, "alpha", 0);
        s->extra = graph_input(s->g, "target", 1, 1, 1);
        return add_scalars(scale_by(cross_entropy(s->in[0], s->extra, 0), 1 - alpha),
                           distillation(s->in[0], s->in[1], number(s, "T", 0)), alpha);
    }
    if (!strcmp(f, "bce_with_logits")) {
        s->extra = graph_input(s->g, "target", 1, 1, node_shape(s->in[0])->extent[2]);
        return bce_with_logits(s->in[0], s->extra);
    }
    if (!strcmp(f, "cosine_embedding")) {
        s->extra = graph_input(s->g, "target", 1, 1, 1);
        return cosine_embedding(s->in[0], s->in[1], s->extra, number(s, "margin", 0));
    }
    if (!strcmp(f, "triplet_margin"))
        return triplet_margin(s->in[0], s->in[1], s->in[2], number(s, "margin", 1));
    return !strcmp(f, "mse")         ? mean_squared_error(s->in[0], s->in[1])
           : !strcmp(f, "l1")        ? mean_absolute_error(s->in[0], s->in[1])
           : !strcmp(f, "smooth_l1") ? smooth_l1(s->in[0], s->in[1])
                                     : NULL;
}

static const struct {
    const char *folder; /* a prefix that ends in '.', or a whole name */
    struct node *(*build)(struct subject *);
} families[] = {{"conv2d.", build_conv},
                {"conv_transpose2d.", build_transpose},
                {"batch_norm.", build_norm},
                {"max_pool2d.", build_max_pool},
                {"max_unpool2d", build_max_unpool},
                {"avg_pool2d.", build_avg_pool},
                {"adaptive_avg_pool2d", build_global},
                {"adaptive_avg_pool1d_channels", build_interpolation},
                {"act.", build_activation},
                {"softmax", build_softmax},
                {"log_softmax", build_log_softmax},
                {"l2_normalize", build_l2},
                {"linear", build_linear},
                {"concat", build_concat},
                {"loss.", build_loss}};

/* ---- arrays to nodes ---- */

static struct oracle_array part(const char *folder, const char *name, int i)
{
    char array[32];
    snprintf(array, sizeof array, "%s%d", name, i);
    return oracle_read(oracle_path(folder, array));
}

/* A weight comes as [out, in / groups, k, k]: depthwise ones as [k, k, channels], linear ones
 * transposed, the others as [k, k, in / groups, out]. */
static void weight_layout(const struct subject *s, struct oracle_array *a)
{
    if (a->rank == 2) {
        a->extent[2] = a->extent[3] = 1;
        oracle_permute(a, true);
        size_t out = a->extent[0];
        a->extent[0] = a->extent[1];
        a->extent[1] = out;
    } else if (a->rank == 4) {
        size_t out = a->extent[0], in = a->extent[1];
        oracle_permute(a, true);
        a->extent[0] = a->extent[2];
        a->extent[1] = a->extent[3];
        a->extent[2] = in;
        a->extent[3] = out;
        if (in == 1 && arg(s, "groups", 1) == (int)out && out > 1) {
            a->rank = 3;
            a->extent[2] = out;
        }
    }
}

static struct oracle_array image_layout(struct oracle_array a)
{
    if (a.value && a.rank == 4)
        oracle_permute(&a, false);
    return a;
}

static int batch_of(const char *folder)
{
    struct oracle_array a = part(folder, "in", 0);
    free(a.value);
    return a.value ? (int)a.extent[0] : 0;
}

static void declare(struct subject *s)
{
    char name[16];
    for (int i = 0; i < PARTS; i++) {
        struct oracle_array a = part(s->folder, "in", i);
        snprintf(name, sizeof name, "in%d", i);
        if (a.value && a.rank == 4)
            s->in[i] =
                graph_input(s->g, name, (int)a.extent[2], (int)a.extent[3], (int)a.extent[1]);
        else if (a.value)
            s->in[i] = graph_input(s->g, name, 1, 1, (int)a.extent[1]);
        graph_differentiate(s->in[i]);
        free(a.value);
        a = part(s->folder, "w", i);
        if (a.value) {
            int extent[4];
            weight_layout(s, &a);
            for (int k = 0; k < a.rank; k++)
                extent[k] = (int)a.extent[k];
            snprintf(name, sizeof name, "w%d", i);
            s->w[i] = graph_weight(s->g, name, GRAPH_WEIGHTS, a.rank, extent, (struct initial){0});
        }
        free(a.value);
    }
}

static void fill_numbers(real *to, const struct value *v, size_t *at)
{
    for (size_t i = 0; v && i < v->count; i++)
        if (v->item[i]->type == VALUE_ARRAY)
            fill_numbers(to, v->item[i], at);
        else
            to[(*at)++] = (real)(v->item[i]->type == VALUE_INT ? (double)v->item[i]->integer
                                                               : v->item[i]->real);
}

static void fill(struct subject *s, int batch)
{
    size_t at = 0;
    struct node *running = graph_find(s->g, "running");
    for (int i = 0; i < PARTS; i++) {
        if (s->in[i])
            oracle_fill(s->in[i], image_layout(part(s->folder, "in", i)), batch);
        if (s->w[i]) {
            struct oracle_array a = part(s->folder, "w", i);
            weight_layout(s, &a);
            oracle_fill(s->w[i], a, 1);
        }
    }
    if (s->extra)
        fill_numbers(node_value(s->extra), value_get(s->args, "target"), &at);
    if (running) {
        at = 0;
        fill_numbers(node_value(running), value_get(s->args, "mean"), &at);
        fill_numbers(node_value(running), value_get(s->args, "var"), &at);
    }
}

/* A loss' own gradient is 1: PyTorch's results were made with another, by which they are divided.
 */
static double compare(struct subject *s, struct node *out, int batch)
{
    size_t images = node_shape(out)->batched ? (size_t)batch : 1;
    struct oracle_array seed = image_layout(part(s->folder, "gout", 0));
    double most, factor = 1;
    if (!seed.value)
        seed = image_layout(oracle_read(oracle_path(s->folder, "gout")));
    if (s->loss)
        factor = seed.value ? seed.value[0] : 0;
    else
        for (size_t i = 0; seed.value && i < seed.count; i++)
            node_gradient(out)[i] = (real)seed.value[i];
    free(seed.value);
    most = oracle_distance(node_value(out), node_count(out) * images,
                           image_layout(oracle_read(oracle_path(s->folder, "out"))));
    graph_backward(s->g, &(struct graph_run){.n = batch,
                                             .inference = value_get(s->args, "mean") != NULL,
                                             .gradients = 1u << GRAPH_WEIGHTS});
    for (int i = 0; i < PARTS; i++) {
        struct oracle_array gin = image_layout(part(s->folder, "gin", i));
        struct oracle_array gw = part(s->folder, "gw", i);
        for (size_t k = 0; gin.value && k < gin.count; k++)
            gin.value[k] /= factor;
        if (gin.value)
            most = fmax(most, oracle_distance(node_gradient(s->in[i]),
                                              node_count(s->in[i]) * (size_t)batch, gin));
        if (gw.value) {
            weight_layout(s, &gw);
            most = fmax(most, oracle_distance(node_gradient(s->w[i]), node_count(s->w[i]), gw));
        }
    }
    return most;
}

static void check(const char *folder, struct node *(*build)(struct subject *))
{
    struct error e;
    size_t size;
    char path[600];
    int batch = batch_of(folder);
    struct subject s = {.folder = folder, .g = graph_new(&e)};
    snprintf(path, sizeof path, "%s/case.json", oracle_path(folder, NULL));
    char *text = input_read_all(path, 1 << 20, &size, &e);
    s.args = text ? value_parse_json(text, size, &e) : NULL;
    declare(&s);
    struct node *out = build(&s);
    if (!out && !graph_check(s.g, &e)) {
        skip("%s: no such op", folder);
    } else if (!out || (graph_keep(out), graph_plan(s.g, out, batch, GRAPH_TRAIN, &e))) {
        ok(false, "%s: %s", folder, e.text);
    } else {
        fill(&s, batch);
        graph_forward(s.g, &(struct graph_run){.n = batch,
                                               .inference = value_get(s.args, "mean") != NULL,
                                               .gradients = 1u << GRAPH_WEIGHTS});
        double apart = compare(&s, out, batch);
        double limit = sizeof(real) == 8 ? 1e-9 : 1e-4;
        ok(apart < limit, "%s: value and gradients, apart %.1e", folder, apart);
    }
    free(text);
    value_free(s.args);
    graph_free(s.g);
}

/* ---- optimisers ---- */

static void check_optimiser(const char *folder, bool is_adam, struct sgd sgd, struct adam adam)
{
    struct oracle_array w = oracle_read(oracle_path(folder, "w0"));
    struct oracle_array gradients = oracle_read(oracle_path(folder, "grads"));
    struct oracle_array wanted = oracle_read(oracle_path(folder, "trajectory"));
    real value[64], gradient[64], first[64] = {0}, second[64] = {0}, path[512];
    size_t n = w.count;
    bool good = w.value && gradients.value && n <= 64 && wanted.count <= 512;
    for (size_t i = 0; good && i < n; i++)
        value[i] = (real)w.value[i];
    for (size_t t = 0; good && t * n < wanted.count; t++) {
        for (size_t i = 0; i < n; i++)
            gradient[i] = (real)gradients.value[t * n + i];
        struct group g = {value, gradient, n};
        if (is_adam)
            adam_step(&adam, g, first, second, (long)t + 1);
        else
            sgd_step(&sgd, g, first);
        memcpy(path + t * n, value, n * sizeof *value);
    }
    double apart = good ? oracle_distance(path, wanted.count, wanted) : INFINITY;
    ok(apart < (sizeof(real) == 8 ? 1e-12 : 1e-5), "%s: trajectory, apart %.1e", folder, apart);
    free(w.value);
    free(gradients.value);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(void)
{
    char *folder[256];
    int folders = 0;
    DIR *d = opendir(oracle_path("", NULL));
    if (!d) {
        printf("1..0 # SKIP no oracle at %s\n", oracle_path("", NULL));
        return 0;
    }
    for (struct dirent *entry; (entry = readdir(d)) && folders < 256;)
        if (entry->d_name[0] != '.')
            folder[folders++] = strdup(entry->d_name);
    closedir(d);
    qsort(folder, (size_t)folders, sizeof *folder, by_name);
    for (int i = 0; i < folders; i++) {
        struct node *(*build)(struct subject *) = NULL;
        for (size_t k = 0; k < sizeof families / sizeof *families; k++) {
            size_t length = strlen(families[k].folder);
            bool prefix = families[k].folder[length - 1] == '.';
            if (!strncmp(folder[i], families[k].folder, length) && (prefix || !folder[i][length]))
                build = families[k].build;
        }
        if (build)
            check(folder[i], build);
        else if (strncmp(folder[i], "optim.", 6))
            skip("%s: no such op", folder[i]);
        free(folder[i]);
    }
    check_optimiser("optim.sgd", false, (struct sgd){0.1, 0.9, 3e-4, false}, (struct adam){0});
    check_optimiser("optim.nesterov", false, (struct sgd){0.1, 0.9, 5e-4, true}, (struct adam){0});
    check_optimiser("optim.adam", true, (struct sgd){0},
                    (struct adam){3e-4, 0.5, 0.999, 1e-8, 1e-3});
    return tap_done();
}
