/* Networks: counts of weights, one architecture in two guises, the auto-encoder's training. */
#include <stdlib.h>
#include <string.h>
#include "darts_v2.h"
#include "tap.h"
#include "network/search_space.h"
#include "network/train_autoencoder.h"

/* Without pools, whose normalisation the discrete network leaves out. */
static const char poolless[] =
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_5x5', 1), ('dil_conv_3x3', 0), "
    "('skip_connect', 2), ('dil_conv_5x5', 1), ('skip_connect', 3), ('sep_conv_3x3', 2), "
    "('sep_conv_5x5', 4)], normal_concat=[2, 3, 4, 5], reduce=[('skip_connect', 0), "
    "('sep_conv_3x3', 1), ('sep_conv_5x5', 0), ('dil_conv_3x3', 2), ('dil_conv_5x5', 1), "
    "('skip_connect', 2), ('skip_connect', 1), ('sep_conv_3x3', 3)], reduce_concat=[2, 3, 4, 5])";

static size_t weights_of(struct graph *g, struct node *loss)
{
    struct graph_size size = {0};
    struct error e;
    if (graph_measure(g, loss, 1, loss ? GRAPH_TRAIN : GRAPH_INFER, &size, &e))
        printf("# %s\n", e.text);
    return size.weights;
}

static void supernet_count(int side, int channels, int width, int cells, size_t expected)
{
    struct supernet s = {
        .image = {side, side, channels}, .channels = width, .cells = cells, .classes = 10};
    struct error e = {""};
    struct graph *g = graph_new(&e);
    size_t n = supernet_build(&s, g, &e) == 0 ? weights_of(g, s.loss) : 0;
    ok(n == expected, "super-net %dx%dx%d, C %d, %d cells: %zu weights, expected %zu %s", side,
       side, channels, width, cells, n, expected, e.text);
    graph_free(g);
}

static void discrete_count(bool auxiliary, size_t expected)
{
    struct discrete d = {.image = {32, 32, 3},
                         .channels = 36,
                         .cells = 20,
                         .classes = 10,
                         .auxiliary = auxiliary,
                         .auxiliary_weight = 0.4};
    struct genotype genotype;
    struct error e = {""};
    struct graph *g = graph_new(&e);
    genotype_parse(&genotype, darts_v2, strlen(darts_v2), &e);
    size_t n = discrete_build(&d, g, &genotype, &e) == 0 ? weights_of(g, d.loss) : 0;
    ok(n == expected, "DARTS_V2, C 36, 20 cells, CIFAR-10%s: %zu weights, expected %zu %s",
       auxiliary ? ", auxiliary head" : "", n, expected, e.text);
    graph_free(g);
}

static void autoencoder_count(struct autoencoder a, size_t encoder, size_t decoder)
{
    struct error e = {""};
    struct graph *g = graph_new(&e), *h = graph_new(&e);
    struct node *x = graph_input(g, "image", a.side, a.side, a.channels);
    struct node *z = graph_input(h, "z", 1, 1, a.latent);
    struct node *code = encoder_build(&a, g, x), *image = decoder_build(&a, h, z);
    graph_keep(code);
    graph_keep(image);
    size_t n = weights_of(g, NULL), m = weights_of(h, NULL);
    ok(n == encoder && m == decoder && image && node_shape(image)->extent[0] == a.side &&
           node_count(image) == (size_t)a.side * (size_t)a.side * (size_t)a.channels &&
           node_count(code) == (size_t)a.latent,
       "auto-encoder side %d, channels %d, latent %d, width %d: %zu + %zu weights", a.side,
       a.channels, a.latent, a.width, n, m);
    graph_free(g);
    graph_free(h);
}

static void refusals(void)
{
    struct error e = {""};
    struct autoencoder a = {.side = 48, .channels = 1, .width = 8, .latent = 8};
    ok(autoencoder_check(&a, &e) == -1, "a side that is no power of two: %s", e.text);
    struct supernet s = {.image = {28, 28, 1}, .channels = 16, .cells = 0, .classes = 10};
    struct graph *g = graph_new(&e);
    ok(supernet_build(&s, g, &e) == -1, "no cells: %s", e.text);
    graph_free(g);
    struct discrete d = {
        .image = {4, 4, 1}, .channels = 4, .cells = 5, .classes = 10, .auxiliary = true};
    struct genotype genotype;
    genotype_parse(&genotype, darts_v2, strlen(darts_v2), &e);
    g = graph_new(&e);
    ok(discrete_build(&d, g, &genotype, &e) == -1, "no room for the auxiliary head: %s", e.text);
    graph_free(g);
}

/* ---- one-hot architecture parameters make the super-net the discrete network ---- */

enum { BATCH = 5, SIDE = 14, CLASSES = 10 };

static void one_hot(struct node *table, const struct cell_genotype *cell)
{
    real *alpha = node_value(table);
    for (int edge = 0; edge < CELL_EDGES; edge++)
        for (int op = 0; op < PRIMITIVES; op++)
            alpha[edge * PRIMITIVES + op] = op == PRIMITIVE_NONE ? 0 : -200;
    for (int k = 0; k < GENOTYPE_PAIRS; k++) {
        int edge = cell_edge(k / 2, cell->gene[k].input);
        alpha[edge * PRIMITIVES + PRIMITIVE_NONE] = -200;
        alpha[edge * PRIMITIVES + (int)cell->gene[k].op] = 0;
    }
}

/* The super-net's name for a weight of the discrete network: modules have other names. */
static const char *translated(const char *name, const struct genotype *g, int cells)
{
    static const char *const module[][2] = {{".preprocess0.op.1", ".p0.1"},
                                            {".preprocess1.op.1", ".p1.1"},
                                            {".preprocess0.conv_1", ".p0.a"},
                                            {".preprocess0.conv_2", ".p0.b"}};
    static char to[128];
    int c, k, at = 0;

    if (strncmp(name, "classifier", 10) == 0)
        snprintf(to, sizeof to, "fc%s", name + 10);
    else if (sscanf(name, "cells.%d._ops.%d%n", &c, &k, &at) == 2 && at) {
        bool reduction = c == cells / 3 || c == 2 * cells / 3;
        const struct gene *gene = &(reduction ? &g->reduce : &g->normal)->gene[k];
        const char *rest = name + at;
        char half[16];
        if (sscanf(rest, ".conv_%1[12]", half) == 1)
            rest = *half == '1' ? ".a.weight" : ".b.weight";
        else if (strncmp(rest, ".op", 3) == 0)
            rest += 3;
        snprintf(to, sizeof to, "cells.%d.ops.%d.ops.%d%s", c, cell_edge(k / 2, gene->input),
                 (int)gene->op, rest);
    } else {
        snprintf(to, sizeof to, "%s", name);
        for (int i = 0; i < 4; i++)
            if (sscanf(name, "cells.%d%n", &c, &at) == 1 &&
                strncmp(name + at, module[i][0], strlen(module[i][0])) == 0)
                snprintf(to, sizeof to, "cells.%d%s%s", c, module[i][1],
                         name + at + strlen(module[i][0]));
    }
    return to;
}

static void guises(void)
{
    struct supernet s = {.image = {SIDE, SIDE, 1}, .channels = 4, .cells = 4, .classes = CLASSES};
    struct discrete d = {.image = {SIDE, SIDE, 1}, .channels = 4, .cells = 4, .classes = CLASSES};
    struct error e = {""};
    struct genotype genotype;
    struct graph *g = graph_new(&e), *h = graph_new(&e);
    struct graph_run run = {.n = BATCH};
    int carried = 0;
    double most = 0, largest = 0;

    if (!ok(genotype_parse(&genotype, poolless, strlen(poolless), &e) == 0 &&
                supernet_build(&s, g, &e) == 0 && discrete_build(&d, h, &genotype, &e) == 0 &&
                graph_plan(g, s.loss, BATCH, GRAPH_TRAIN, &e) == 0 &&
                graph_plan(h, d.loss, BATCH, GRAPH_TRAIN, &e) == 0,
            "one architecture in two guises builds %s", e.text))
        return;
    network_initialise(g, 1);
    network_initialise(h, 2);
    one_hot(s.table[0], &genotype.normal);
    one_hot(s.table[1], &genotype.reduce);
    for (int i = 0; i < graph_weights(h, GRAPH_WEIGHTS); i++) {
        struct node *n = graph_weight_at(h, GRAPH_WEIGHTS, i);
        struct node *from = graph_find(g, translated(node_name(n), &genotype, d.cells));
        if (from && node_count(from) == node_count(n)) {
            memcpy(node_value(n), node_value(from), node_count(n) * sizeof(real));
            carried++;
        }
    }
    struct random r = random_stream(3, "images", 0);
    for (int i = 0; i < BATCH * SIDE * SIDE; i++)
        node_value(d.x)[i] = node_value(s.x)[i] = (real)random_normal(&r);
    for (int i = 0; i < BATCH; i++)
        node_value(d.label)[i] = node_value(s.label)[i] = (real)(i % CLASSES);
    graph_forward(g, &run);
    graph_forward(h, &run);
    for (int i = 0; i < BATCH * CLASSES; i++) {
        most = fmax(most, fabs(node_value(d.logits)[i] - node_value(s.logits)[i]));
        largest = fmax(largest, fabs(node_value(s.logits)[i]));
    }
    ok(carried > 60 && most < 1e-5 * fmax(largest, 1),
       "one-hot super-net and discrete network: logits differ by %.1e of %.2f, %d weights carried",
       most, largest, carried);
    graph_free(g);
    graph_free(h);
}

/* ---- a path alone is the super-net whose architecture parameters are one-hot ---- */

static void paths(const char *text)
{
    struct architecture a;
    struct edge_ops ops;
    struct error e = {""};
    architecture_parse(&a, &SPACE_DARTS, text, strlen(text), &e);
    a.space->edge_ops(&a, &ops);
    const struct genotype genotype = a.genotype;
    struct supernet s = {.image = {SIDE, SIDE, 1}, .channels = 4, .cells = 4, .classes = CLASSES};
    struct supernet p = s;
    struct graph *g = graph_new(&e), *h = graph_new(&e);
    const struct graph_run run = {.n = BATCH, .track = true, .gradients = 1u << GRAPH_WEIGHTS};
    p.path = &ops;
    if (!ok(!supernet_build(&s, g, &e) && !supernet_build(&p, h, &e) &&
                !graph_plan(g, s.loss, BATCH, GRAPH_TRAIN, &e) &&
                !graph_plan(h, p.loss, BATCH, GRAPH_TRAIN, &e),
            "a path builds %s", e.text))
        return;
    network_initialise(g, 1);
    network_initialise(h, 1); /* by names: the same */
    one_hot(s.table[0], &genotype.normal);
    one_hot(s.table[1], &genotype.reduce);
    struct random r = random_stream(3, "images", 0);
    for (int i = 0; i < BATCH * SIDE * SIDE; i++)
        node_value(p.x)[i] = node_value(s.x)[i] = (real)random_normal(&r);
    for (int i = 0; i < BATCH; i++)
        node_value(p.label)[i] = node_value(s.label)[i] = (real)(i % CLASSES);
    graph_forward(g, &run);
    graph_backward(g, &run);
    graph_forward(h, &run);
    graph_backward(h, &run);
    double most = 0, slope = 0, moment = 0, largest = 0;
    int found = 0, count = 0;
    for (int i = 0; i < BATCH * CLASSES; i++)
        most = fmax(most, fabs(node_value(p.logits)[i] - node_value(s.logits)[i]));
    for (int group = 0; group < 3; group += 2)
        for (int i = 0; i < graph_weights(h, group); i++, count++) {
            const struct node *own = graph_weight_at(h, group, i);
            const struct node *from = graph_find(g, node_name(own));
            for (size_t k = 0; from && k < node_count(own) && group == GRAPH_BUFFERS; k++)
                moment = fmax(moment, fabs(node_value(own)[k] - node_value(from)[k]));
            for (size_t k = 0; from && k < node_count(own) && group == GRAPH_WEIGHTS; k++) {
                slope = fmax(slope, fabs(node_gradient(own)[k] - node_gradient(from)[k]));
                largest = fmax(largest, fabs(node_gradient(from)[k]));
            }
            found += from != NULL;
        }
    ok(found == count && graph_weights(h, GRAPH_ARCHITECTURE) == 0,
       "its %d parameters are the super-net's", count);
    ok(isfinite(*node_value(p.loss)) && most < 1e-4 && slope < 1e-3 * largest && moment < 1e-4,
       "logits differ by %.1e, gradients by %.1e of %.2f, running statistics by %.1e", most, slope,
       largest, moment);
    graph_free(g);
    graph_free(h);
}

/* ---- a batch is its halves, in gradient, only where these have the same statistics ---- */

/* The gradient of the weights by images [from, from + n) of a row of 2 * BATCH. */
static void gradient_of(struct graph *g, const struct supernet *s, const real *images, int from,
                        int n, real *to)
{
    const struct graph_run run = {.n = n, .gradients = 1u << GRAPH_WEIGHTS};
    const struct group w = graph_group(g, GRAPH_WEIGHTS);
    memcpy(node_value(s->x), images + from * SIDE * SIDE, (size_t)(n * SIDE * SIDE) * sizeof(real));
    for (int i = 0; i < n; i++)
        node_value(s->label)[i] = (real)((from + i) % BATCH);
    graph_forward(g, &run);
    graph_backward(g, &run);
    memcpy(to, w.gradient, w.count * sizeof(real));
}

static void halves(bool alike)
{
    static real images[2 * BATCH * SIDE * SIDE];
    struct supernet s = {.image = {SIDE, SIDE, 1}, .channels = 4, .cells = 3, .classes = CLASSES};
    struct error e = {""};
    struct graph *g = graph_new(&e);
    if (!ok(!supernet_build(&s, g, &e) && !graph_plan(g, s.loss, 2 * BATCH, GRAPH_TRAIN, &e),
            "it builds %s", e.text))
        return;
    network_initialise(g, 1);
    struct random r = random_stream(4, "images", 0);
    for (int i = 0; i < 2 * BATCH * SIDE * SIDE; i++)
        images[i] = alike && i >= BATCH * SIDE * SIDE ? images[i - BATCH * SIDE * SIDE]
                                                      : (real)random_normal(&r);
    const size_t count = graph_group(g, GRAPH_WEIGHTS).count;
    real *part[3];
    for (int i = 0; i < 3; i++) {
        part[i] = malloc(count * sizeof(real));
        gradient_of(g, &s, images, i == 2 ? BATCH : 0, i ? BATCH : 2 * BATCH, part[i]);
    }
    double off = 0, all = 0;
    for (size_t k = 0; k < count; k++) {
        off += pow(part[0][k] - (part[1][k] + part[2][k]) / 2, 2);
        all += pow(part[0][k], 2);
    }
    ok(all > 0 && (alike ? off < 1e-6 * all : off > 1e-4 * all),
       "halves %s: their mean gradient is off by %.1e of the batch's",
       alike ? "alike" : "that differ", sqrt(off / all));
    for (int i = 0; i < 3; i++)
        free(part[i]);
    graph_free(g);
}

/* ---- the auto-encoder's training ---- */

enum { IMAGES = 16, PIXELS = 32 * 32 };

/* A bright box on black, its place and size from the index. */
static void fetch_box(const void *context, size_t i, real *pixels)
{
    struct random r = random_stream(*(const uint64_t *)context, "box", i);
    int x = (int)random_below(&r, 16), y = (int)random_below(&r, 16);
    int w = 6 + (int)random_below(&r, 10), h = 6 + (int)random_below(&r, 10);
    for (int p = 0; p < PIXELS; p++) {
        int px = p % 32, py = p / 32;
        pixels[p] = px >= x && px < x + w && py >= y && py < y + h ? 1 : -1;
    }
}

static const uint64_t seed = 5;
static const int64_t label[IMAGES] = {0, 1, 2, 0, 1, 2, -1, 0, 1, 2, 0, 1, 2, 0, 3, 1};
static const struct autoencoder_data boxes = {
    .count = IMAGES, .label = label, .fetch = fetch_box, .context = &seed};

static double mean_image_error(void)
{
    static real image[IMAGES][PIXELS];
    double error = 0;
    for (size_t i = 0; i < IMAGES; i++)
        fetch_box(&seed, i, image[i]);
    for (int p = 0; p < PIXELS; p++) {
        double mean = 0;
        for (int i = 0; i < IMAGES; i++)
            mean += image[i][p] / (double)IMAGES;
        for (int i = 0; i < IMAGES; i++)
            error += pow(image[i][p] - mean, 2) / (IMAGES * (double)PIXELS);
    }
    return error;
}

static struct encoder_objective objective(const char *losses, const char *weights)
{
    struct encoder_objective o;
    struct error e;
    if (encoder_losses_parse(&o, losses, &e) || encoder_weights_parse(&o, weights, &e))
        printf("Bail out! %s\n", e.text);
    return o;
}

static void overfit(void)
{
    const struct autoencoder_settings settings = {.network = {32, 1, 16, 8},
                                                  .objective = objective("mse", "sum"),
                                                  .rate = 1e-3,
                                                  .batch = 16,
                                                  .seed = 1};
    struct error e = {""};
    struct autoencoder_report report = {0};
    struct autoencoder_trainer *t = autoencoder_trainer_new(&settings, &boxes, &e);
    for (int epoch = 0; t && epoch < 500; epoch++)
        autoencoder_epoch(t, &report, NULL, NULL, &e);
    double share = report.term[0] / mean_image_error();
    ok(t && share < 0.05, "16 images, 500 steps: MSE is %.1f %% of the mean image's %s",
       100 * share, e.text);
    autoencoder_trainer_free(t);
}

/* Trains three epochs; with `stop`, in two trainers that hand over after the first. *first: the
 * report of the first epoch. */
static bool train(const struct encoder_objective *o, bool stop, real *weights, size_t *count,
                  struct autoencoder_report *first, struct autoencoder_report *report)
{
    const struct autoencoder_settings settings = {
        .network = {32, 1, 4, 3}, .objective = *o, .rate = 1e-3, .batch = 6, .seed = 3};
    struct autoencoder_data data = boxes;
    struct error e = {""};
    struct autoencoder_trainer *t = autoencoder_trainer_new(&settings, &data, &e), *u = NULL;
    bool good = t != NULL;
    for (int epoch = 0; good && epoch < 3; epoch++) {
        good = autoencoder_epoch(t, report, NULL, NULL, &e) == 0;
        *first = epoch ? *first : *report;
        if (!stop || epoch || !good)
            continue;
        u = autoencoder_trainer_new(&settings, &data, &e);
        for (enum graph_group group = 0; u && group < GRAPH_GROUPS; group++) {
            struct group from = graph_group(autoencoder_graph(t), group);
            if (from.count)
                memcpy(graph_group(autoencoder_graph(u), group).value, from.value,
                       from.count * sizeof(real));
        }
        *count = graph_group(autoencoder_graph(t), GRAPH_WEIGHTS).count;
        for (int i = 0; i < 2; i++)
            memcpy(autoencoder_moment(u, i), autoencoder_moment(t, i), *count * sizeof(real));
        *autoencoder_epochs(u) = *autoencoder_epochs(t);
        autoencoder_trainer_free(t);
        t = u;
    }
    if (good) {
        *count = graph_group(autoencoder_graph(t), GRAPH_WEIGHTS).count;
        memcpy(weights, graph_group(autoencoder_graph(t), GRAPH_WEIGHTS).value,
               *count * sizeof(real));
    } else {
        printf("# %s\n", e.text);
    }
    autoencoder_trainer_free(t);
    return good;
}

static void losses(void)
{
    static const char *const sets[][2] = {
        {"mse", "sum"},          {"mse+contractive", "sum"},
        {"mse+vae", "sum"},      {"vae", "sum"},
        {"mse+second", "1,0.1"}, {"triplet", "kendall"},
        {"cosine", "sum"},       {"contrastive", "sum"},
        {"circle", "sum"},       {"circle+triplet+mse+contrastive+cosine", "kendall"}};
    static real a[20000], b[20000];
    struct autoencoder_report early, late;
    size_t n = 0, m = 0;

    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        const char *name = sets[i][0];
        const struct encoder_objective o = objective(name, sets[i][1]);
        bool good = train(&o, false, a, &n, &early, &late);
        ok(good && late.loss < early.loss, "%s: falls from %g to %g", name, early.loss, late.loss);
        double sum = 0;
        for (int k = 0; k < o.count; k++)
            sum +=
                late.term[k] * encoder_objective_weight(&o, k, &(struct autoencoder){32, 1, 4, 3});
        ok(o.kendall || fabs(sum - late.loss) < 1e-6, "%s: what is reported adds up", name);
        good = good && train(&o, true, b, &m, &early, &late);
        ok(good && n == m && memcmp(a, b, n * sizeof *a) == 0,
           "%s: a run handed over after an epoch ends with the same bits", name);
    }
    struct autoencoder_data one = boxes;
    static const int64_t same[IMAGES] = {0};
    struct autoencoder_settings settings = {
        .network = {32, 1, 4, 3}, .objective = objective("triplet", "sum"), .batch = 4};
    struct error e = {""};
    one.label = same;
    ok(!autoencoder_trainer_new(&settings, &one, &e), "triplets of one class: %s", e.text);
}

int main(void)
{
    supernet_count(28, 1, 16, 8, 1929754);
    supernet_count(32, 3, 16, 8, 1930618);
    supernet_count(28, 1, 8, 5, 393778);
    supernet_count(28, 1, 4, 5, 135966);
    discrete_count(false, 3349342);
    discrete_count(true, 3349342 + 576 * 128 + 2 * 128 + 4 * 128 * 768 + 2 * 768 + 7690);
    autoencoder_count((struct autoencoder){32, 1, 64, 8}, 689920, 690048);
    autoencoder_count((struct autoencoder){32, 3, 64, 32}, 790272, 790400);
    autoencoder_count((struct autoencoder){64, 1, 64, 8}, 2820864, 2820992);
    autoencoder_count((struct autoencoder){32, 1, 16, 8}, 49600, 49632);
    refusals();
    guises();
    paths(poolless);
    paths(darts_v2);
    halves(true);
    halves(false);
    unless_brief(overfit());
    losses();
    return tap_done();
}
