/* Super-nets of every space: their gradients; that one-hot architecture parameters, the path alone
 * and, of dense cells, the discrete network are the same network. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "network/kept_ops.h"
#include "network/network.h"
#include "network/search_space.h"
#include "tap.h"

static const struct search_space *const SPACES[] = {
    &SPACE_DARTS, &SPACE_NASBENCH201, &SPACE_TINYCELL_125, &SPACE_TINYCELL_27, &SPACE_RESNET_14};
enum { SPACES_COUNT = sizeof SPACES / sizeof *SPACES, BATCH = 3, CLASSES = 4, PATHS = 6 };
static const struct image_shape IMAGE = {9, 7, 1};
enum { CHANNELS = 3, DARTS_CELLS = 3 };

struct net {
    struct graph *graph;
    struct node *x, *label, *logits, *loss;
};

static int cells_of(const struct search_space *s)
{
    return s->nodes ? s->stages : DARTS_CELLS;
}

static void show_batch(const struct net *n)
{
    struct random r = random_stream(2, "images", 0);
    for (size_t i = 0; i < BATCH * node_count(n->x); i++)
        node_value(n->x)[i] = (real)random_normal(&r);
    for (size_t i = 0; i < BATCH; i++)
        node_value(n->label)[i] = (real)random_below(&r, CLASSES);
}

/* Planned, its parameters by their names, and shown a batch. */
static struct net build(const struct search_space *s, struct supernet net)
{
    struct error e = {""};
    struct graph *g = graph_new(&e);
    if (!g || search_space_supernet(s, &net, g, &e) ||
        graph_plan(g, net.loss, BATCH, GRAPH_TRAIN, &e)) {
        ok(false, "%s: a super-net: %s", s->name, e.text);
        exit(tap_done());
    }
    network_initialise(g, 1);
    const struct net n = {g, net.x, net.label, net.logits, net.loss};
    show_batch(&n);
    return n;
}

static struct net supernet(const struct search_space *s, const struct edge_ops *path, bool gated)
{
    return build(
        s, (struct supernet){IMAGE, CHANNELS, cells_of(s), CLASSES, .path = path, .gated = gated});
}

static double loss_at(const struct net *n, const struct graph_run *run, real *at, real value)
{
    const real was = *at;
    *at = value;
    graph_forward(n->graph, run);
    *at = was;
    return *node_value(n->loss);
}

/* The largest error of the group's gradient at some places of each parameter, by the largest
 * slope. */
static double worst(const struct net *n, enum graph_group group, size_t places)
{
    const struct graph_run run = {.n = BATCH, .gradients = 1u << group};
    const double h = 1e-6;
    double error = 0, scale = 1e-2;
    graph_forward(n->graph, &run);
    graph_backward(n->graph, &run);
    for (int i = 0; i < graph_weights(n->graph, group); i++) {
        const struct node *w = graph_weight_at(n->graph, group, i);
        for (size_t k = 0; k < node_count(w); k += node_count(w) / places + 1) {
            real *at = node_value(w) + k;
            const double slope =
                (loss_at(n, &run, at, *at + h) - loss_at(n, &run, at, *at - h)) / (2 * h);
            error = fmax(error, fabs(slope - node_gradient(w)[k]));
            scale = fmax(scale, fabs(slope));
        }
    }
    return error / scale;
}

static void spread_tables(const struct net *n, double mean, double deviation)
{
    const struct group a = graph_group(n->graph, GRAPH_ARCHITECTURE);
    struct random r = random_stream(3, "tables", 0);
    for (size_t i = 0; i < a.count; i++)
        a.value[i] = mean + deviation * random_normal(&r);
}

static void gradients(const struct search_space *s)
{
    const struct net n = supernet(s, NULL, false);
    spread_tables(&n, 0, 1);
    const struct group a = graph_group(n.graph, GRAPH_ARCHITECTURE);
    size_t elements = 0;
    for (int i = 0; i < s->tables; i++)
        elements += (size_t)(s->table[i].rows * s->table[i].columns);
    ok(a.count == elements, "%s: %d tables of %zu elements in all", s->name, s->tables, elements);
    double most = worst(&n, GRAPH_ARCHITECTURE, 30);
    ok(most < 1e-6, "%s: gradient of the tables against differences, error %.1e", s->name, most);
    if (s != &SPACE_DARTS) { /* whose weights: darts_f64 */
        most = worst(&n, GRAPH_WEIGHTS, 3);
        ok(most < 1e-5, "%s: gradient of the weights, error %.1e", s->name, most);
    }
    graph_free(n.graph);
}

/* Cells connected in part: PyTorch knows DARTS' (tests/peers). */
static void partial_gradients(const struct search_space *s, int parts)
{
    const struct net n =
        build(s, (struct supernet){IMAGE, 6, cells_of(s), CLASSES, .partial = parts});
    spread_tables(&n, 0, 1);
    const struct group a = graph_group(n.graph, GRAPH_ARCHITECTURE);
    const int edges = s->table[0].rows, ops = s->table[0].columns;
    ok(a.count == (size_t)(s->tables * edges * (ops + 1)),
       "%s in %d parts: %d tables of %d x %d, and as many of %d", s->name, parts, s->tables, edges,
       ops, edges);
    const double most = worst(&n, GRAPH_ARCHITECTURE, 15);
    ok(most < 1e-6, "%s in %d parts: gradient of the tables, error %.1e", s->name, parts, most);
    graph_free(n.graph);
}

/* Path 0 has no operation at all, 1 the same one everywhere, the others whatever is drawn. */
static struct edge_ops draw(const struct search_space *s, int path)
{
    struct random r = random_stream(4, "paths", (uint64_t)path);
    struct edge_ops ops = {0};
    for (int i = 0; i < s->tables; i++)
        for (int row = 0; row < s->table[i].rows; row++)
            ops.of[i][row] = path < 2 ? path : (int)random_below(&r, (uint64_t)s->table[i].columns);
    return ops;
}

static void set_one_hot(const struct net *n, const struct search_space *s,
                        const struct edge_ops *ops)
{
    for (int i = 0; i < s->tables; i++) {
        const struct space_table *t = &s->table[i];
        real *at = node_value(graph_find(n->graph, t->name));
        for (int row = 0; row < t->rows; row++)
            for (int column = 0; column < t->columns; column++)
                *at++ = column == ops->of[i][row] ? 0 : -1000;
    }
}

/* Of the logits, by the largest. */
static double distance(const struct net *a, const struct net *b)
{
    double most = isfinite(*node_value(a->loss)) && isfinite(*node_value(b->loss)) ? 0 : INFINITY;
    double largest = 1e-6;
    for (int i = 0; i < BATCH * CLASSES; i++) {
        most = fmax(most, fabs(node_value(a->logits)[i] - node_value(b->logits)[i]));
        largest = fmax(largest, fabs(node_value(a->logits)[i]));
    }
    return most / largest;
}

static void run(const struct net *n)
{
    const struct graph_run run = {.n = BATCH, .gradients = 1u << GRAPH_WEIGHTS};
    graph_forward(n->graph, &run);
    graph_backward(n->graph, &run);
}

/* How far the gradients of own's weights are from those of the same name; *named: all have one. */
static double gradient_distance(const struct net *own, const struct net *whole, bool *named)
{
    double most = 0, largest = 1e-6;
    *named = true;
    for (int i = 0; i < graph_weights(own->graph, GRAPH_WEIGHTS); i++) {
        const struct node *w = graph_weight_at(own->graph, GRAPH_WEIGHTS, i);
        const struct node *from = graph_find(whole->graph, node_name(w));
        *named = *named && from && node_count(from) == node_count(w);
        for (size_t k = 0; *named && k < node_count(w); k++) {
            most = fmax(most, fabs(node_gradient(w)[k] - node_gradient(from)[k]));
            largest = fmax(largest, fabs(node_gradient(from)[k]));
        }
    }
    return most / largest;
}

static void paths(const struct search_space *s)
{
    const struct net whole = supernet(s, NULL, false);
    double logits = 0, slopes = 0;
    bool named = true;
    for (int i = 0; i < PATHS && named; i++) {
        const struct edge_ops ops = draw(s, i);
        const struct net path = supernet(s, &ops, false);
        set_one_hot(&whole, s, &ops);
        run(&whole);
        run(&path);
        logits = fmax(logits, distance(&whole, &path));
        slopes = fmax(slopes, gradient_distance(&path, &whole, &named));
        named = named && !graph_weights(path.graph, GRAPH_ARCHITECTURE);
        graph_free(path.graph);
    }
    ok(named, "%s: a path's parameters are the super-net's, and none are of the architecture",
       s->name);
    ok(logits < 1e-9 && slopes < 1e-7,
       "%s: and the one-hot super-net's its logits, to %.1e, and its gradients, to %.1e", s->name,
       logits, slopes);
    graph_free(whole.graph);
}

/* The super-net's name for a weight of a dense cell's discrete network. */
static const char *translated(const char *name, const struct search_space *s,
                              const struct edge_ops *ops)
{
    static char to[128];
    int cell, edge, at = 0;
    if (sscanf(name, "cells.%d.layers.%d%n", &cell, &edge, &at) != 2 || !at)
        return name;
    for (int node = 1; node < s->nodes; node++)
        for (int input = 0; input < node; input++)
            if (dense_edge(node, input) == edge)
                snprintf(to, sizeof to, "cells.%d.edges.%d<-%d.%d%s", cell, node, input,
                         ops->of[0][edge], name + at);
    return to;
}

static struct net discrete(const struct search_space *s, const struct edge_ops *ops)
{
    struct error e = {""};
    struct architecture a;
    struct discrete d = {
        .image = IMAGE, .channels = CHANNELS, .cells = cells_of(s), .classes = CLASSES};
    struct graph *g = graph_new(&e);
    architecture_at(&a, s, 0);
    for (int edge = 0; edge < s->choices; edge++)
        s->choose(&a, edge, ops->of[0][edge]);
    if (!g || architecture_build(&a, &d, g, &e) || graph_plan(g, d.loss, BATCH, GRAPH_TRAIN, &e)) {
        ok(false, "%s: a discrete network: %s", s->name, e.text);
        exit(tap_done());
    }
    network_initialise(g, 9);
    const struct net n = {g, d.x, d.label, d.logits, d.loss};
    show_batch(&n);
    return n;
}

/* With the super-net's weights; the discrete network's normalisation has more, which start at 1 and
 * 0 and so change nothing. */
static void discretes(const struct search_space *s)
{
    const struct net whole = supernet(s, NULL, false);
    double most = 0;
    int carried = 0;
    for (int i = 0; i < PATHS; i++) {
        const struct edge_ops ops = draw(s, i);
        const struct net one = discrete(s, &ops);
        for (int k = 0; k < graph_weights(one.graph, GRAPH_WEIGHTS); k++) {
            const struct node *w = graph_weight_at(one.graph, GRAPH_WEIGHTS, k);
            const struct node *from = graph_find(whole.graph, translated(node_name(w), s, &ops));
            if (!from)
                continue;
            memcpy(node_value(w), node_value(from), node_count(w) * sizeof(real));
            carried++;
        }
        set_one_hot(&whole, s, &ops);
        run(&whole);
        run(&one);
        most = fmax(most, distance(&whole, &one));
        graph_free(one.graph);
    }
    ok(carried > PATHS * 10 && most < 1e-9,
       "%s: discrete networks of the super-net's weights, %d of them: logits agree to %.1e",
       s->name, carried, most);
    graph_free(whole.graph);
}

/* Gates of 1 change nothing; the gradient of those that are drawn is the loss's slope. */
static void gates(const struct search_space *s)
{
    double logits = 0, slopes = 0;
    for (int i = 0; i < PATHS; i++) {
        const struct edge_ops ops = draw(s, i);
        const struct net path = supernet(s, &ops, false), gated = supernet(s, &ops, true);
        spread_tables(&gated, 1, 0);
        run(&path);
        run(&gated);
        logits = fmax(logits, distance(&path, &gated));
        spread_tables(&gated, 1, 0.3);
        if (i == PATHS - 1)
            slopes = worst(&gated, GRAPH_ARCHITECTURE, 30);
        graph_free(path.graph);
        graph_free(gated.graph);
    }
    ok(logits < 1e-9 && slopes < 1e-6,
       "%s: gates of 1 change logits by %.1e; gradient of gates, error %.1e", s->name, logits,
       slopes);
}

/* With operations dropped, and no dropout, it is the whole super-net with those given no weight. */
static void dropped(void)
{
    const struct search_space *s = &SPACE_DARTS;
    const struct supernet settings = {
        .image = IMAGE, .channels = CHANNELS, .cells = DARTS_CELLS, .classes = CLASSES};
    const struct net whole = build(s, settings);
    struct random r = random_stream(5, "dropped", 0);
    float table[2][CELL_EDGES * PRIMITIVES];
    struct kept_ops kept;
    kept_ops_all(&kept);
    for (int i = 0; i < 2 * CELL_EDGES * PRIMITIVES; i++)
        table[i / (CELL_EDGES * PRIMITIVES)][i % (CELL_EDGES * PRIMITIVES)] =
            (float)random_normal(&r);
    kept_ops_drop(&kept, (const float *const[]){table[0], table[1]}, 3);
    struct supernet less = settings;
    less.kept = &kept;
    const struct net staged = build(s, less);
    spread_tables(&staged, 0, 1);
    for (int i = 0; i < 2; i++) {
        const real *own = node_value(graph_find(staged.graph, s->table[i].name));
        real *to = node_value(graph_find(whole.graph, s->table[i].name));
        for (int k = 0; k < CELL_EDGES * PRIMITIVES; k++)
            to[k] = -1000;
        for (int edge = 0; edge < CELL_EDGES; edge++)
            for (int c = 0; c < kept.count; c++)
                to[edge * PRIMITIVES + (int)kept.of[i][edge][c]] = own[edge * kept.count + c];
    }
    bool named;
    run(&whole);
    run(&staged);
    const double logits = distance(&whole, &staged);
    const double slopes = gradient_distance(&staged, &whole, &named);
    ok(named && logits < 1e-9 && slopes < 1e-7,
       "operations dropped: as if they weighed nothing, logits to %.1e, gradients to %.1e", logits,
       slopes);
    const double most = worst(&staged, GRAPH_ARCHITECTURE, 30);
    ok(graph_group(staged.graph, GRAPH_ARCHITECTURE).count == 2 * CELL_EDGES * 3 && most < 1e-6,
       "tables of 14 x 3, their gradient against differences, error %.1e", most);
    const struct graph_run drops = {.n = BATCH, .dropout = 0.5},
                           infers = {.n = BATCH, .dropout = 0.5, .inference = true};
    const double plain = *node_value(staged.loss);
    graph_forward(staged.graph, &drops);
    const double dropped = *node_value(staged.loss);
    graph_forward(staged.graph, &infers);
    const double inferred = *node_value(staged.loss);
    graph_forward(staged.graph, &(struct graph_run){.n = BATCH, .inference = true});
    ok(dropped != plain && inferred == *node_value(staged.loss),
       "dropout behind skips, at the rate of the run, not in inference");
    graph_free(whole.graph);
    graph_free(staged.graph);
}

static void refusals(void)
{
    const struct {
        struct supernet net;
        const char *words;
    } bad[] = {
        {{IMAGE, 6, 2, CLASSES, .partial = 4}, "6 channels, expected a multiple of 4"},
        {{IMAGE, 6, 2, CLASSES, .partial = 2, .path = &(struct edge_ops){.of = {{0}}}}, "no path"},
        {{IMAGE, 6, 2, CLASSES, .kept = &(struct kept_ops){.count = 3}},
         "only whole super-nets of darts"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct error e = {""};
        struct graph *g = graph_new(&e);
        struct supernet net = bad[i].net;
        ok(search_space_supernet(&SPACE_TINYCELL_27, &net, g, &e) && strstr(e.text, bad[i].words),
           "refused: %s", e.text);
        graph_free(g);
    }
}

int main(void)
{
    for (int i = 0; i < SPACES_COUNT; i++) {
        gradients(SPACES[i]);
        if (!SPACES[i]->blocks) { /* whose one-hot super-net still interpolates to the widest */
            partial_gradients(SPACES[i], SPACES[i] == &SPACE_NASBENCH201 ? 1 : 3);
            paths(SPACES[i]);
        }
        gates(SPACES[i]);
        if (SPACES[i]->nodes)
            discretes(SPACES[i]);
    }
    refusals();
    dropped();
    return tap_done();
}
