/* Transformable architecture search: interpolation; a drawn path of the super-net against plain
 * loops; what networks cost, and are expected to; the draws; the architecture's gradient against
 * differences; that the cost alone leads to what was asked for. And what distillation is by itself.
 */
#include <math.h>
#include <string.h>
#include "graph/ops.h"
#include "network/layer.h"
#include "network/widths_network.h"
#include "search/candidate.h"
#include "search/gumbel.h"
#include "search/strategy.h"
#include "tap.h"
#include "toy_search.h"

/* ---- channels ---- */

/* One pixel of `in` channels to `out`. */
static void resample(const double *x, int in, int out, double *y)
{
    struct error e;
    struct graph *g = graph_new(&e);
    struct node *n = graph_input(g, "x", 1, 1, in), *to = interpolate(n, out);
    graph_keep(to);
    if (graph_plan(g, NULL, 1, GRAPH_INFER, &e))
        ok(false, "interpolation: %s", e.text);
    memcpy(node_value(n), x, (size_t)in * sizeof *x);
    graph_forward(g, &(struct graph_run){.n = 1, .inference = true});
    memcpy(y, node_value(to), (size_t)out * sizeof *y);
    graph_free(g);
}

static double mean(const double *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    return sum / n;
}

static void interpolation(void)
{
    enum { MOST = 24 };
    double x[MOST], flat[MOST], y[MOST], apart = 0, moved = 0, same = 0, by_hand = 0;
    for (int i = 0; i < MOST; i++) {
        x[i] = sin(i * i);
        flat[i] = 0.7;
    }
    for (int in = 1; in <= 12; in++)
        for (int out = 1; out <= MOST; out++) {
            resample(flat, in, out, y);
            for (int t = 0; t < out; t++)
                apart = fmax(apart, fabs(y[t] - 0.7));
            resample(x, in, out, y);
            if (out % in == 0 || in % out == 0)
                moved = fmax(moved, fabs(mean(x, in) - mean(y, out)));
            for (int t = 0; t < out; t++) {
                const int first = (int)floor((double)t * in / out);
                const int last = (int)ceil((double)(t + 1) * in / out);
                by_hand = fmax(by_hand, fabs(y[t] - mean(x + first, last - first)));
                same = in == out ? fmax(same, fabs(y[t] - x[t])) : same;
            }
        }
    ok(by_hand < 1e-12, "interpolation is by means of floor to ceil, error %.1e", by_hand);
    ok(same == 0 && apart < 1e-12, "as many channels are the same, equal ones stay equal");
    ok(moved < 1e-12, "the mean stays where one number divides the other, error %.1e", moved);
}

/* ---- a path against plain loops ---- */

enum { CHANNELS = 5, MOST_CHANNELS = 4 * CHANNELS, BLOCKS = 2 };

struct map {
    int side, channels; /* of TOY_IMAGES images */
    double v[TOY_IMAGES * TOY_SIDE * TOY_SIDE * MOST_CHANNELS];
};

static double *at(struct map *m, int image, int row, int column, int channel)
{
    return m->v + ((image * m->side + row) * m->side + column) * m->channels + channel;
}

#define EACH(m, i, r, c)                    \
    for (int i = 0; i < TOY_IMAGES; i++)    \
        for (int r = 0; r < (m)->side; r++) \
            for (int c = 0; c < (m)->side; c++)

/* The value at row and column, 0 beyond the image. */
static double look(struct map *m, int image, int row, int column, int channel)
{
    const bool inside = row >= 0 && column >= 0 && row < m->side && column < m->side;
    return inside ? *at(m, image, row, column, channel) : 0;
}

/* By weights [k, k, in, out], of which there may be more channels. */
static struct map convolve(struct map *x, const struct node *w, int stride, int channels)
{
    const int *extent = node_shape(w)->extent, k = extent[0];
    struct map y = {.side = (x->side + stride - 1) / stride, .channels = channels};
    EACH(&y, i, r, c)
    for (int o = 0; o < channels; o++) {
        double sum = 0;
        for (int p = 0; p < k * k; p++)
            for (int n = 0; n < x->channels; n++)
                sum += look(x, i, r * stride + p / k - k / 2, c * stride + p % k - k / 2, n) *
                       node_value(w)[(p * extent[2] + n) * extent[3] + o];
        *at(&y, i, r, c, o) = sum;
    }
    return y;
}

static struct map normalised(struct map *x, const struct node *scale, const struct node *shift,
                             int channels)
{
    struct map y = {.side = x->side, .channels = channels};
    for (int k = 0; k < channels; k++) {
        const double count = TOY_IMAGES * x->side * x->side;
        double middle = 0, variance = 0;
        EACH(x, i, r, c)
        middle += *at(x, i, r, c, k) / count;
        EACH(x, i, r, c)
        variance += pow(*at(x, i, r, c, k) - middle, 2) / count;
        EACH(x, i, r, c)
        *at(&y, i, r, c, k) =
            (*at(x, i, r, c, k) - middle) / sqrt(variance + 1e-5) * node_value(scale)[k] +
            node_value(shift)[k];
    }
    return y;
}

/* sum += gate * x, x interpolated to sum's channels. */
static void add_interpolated(struct map *sum, double gate, struct map *x)
{
    EACH(x, i, r, c)
    for (int t = 0; t < sum->channels; t++) {
        const int first = (int)floor((double)t * x->channels / sum->channels);
        const int last = (int)ceil((double)(t + 1) * x->channels / sum->channels);
        *at(sum, i, r, c, t) += gate * mean(at(x, i, r, c, first), last - first);
    }
}

static struct node *part(struct graph *g, const char *module, const char *what)
{
    char name[128];
    snprintf(name, sizeof name, "%s.%s", module, what);
    return graph_find(g, name);
}

/* A convolution with its gates, those of candidates that were not drawn 0. */
static struct map unit(struct graph *g, struct map *x, const char *module, const real *gate,
                       int stride, int most)
{
    struct map sum = {0};
    for (int k = WIDTHS_OPTIONS; k-- > 0;) {
        char scale[32], shift[32];
        if (gate[k] == 0)
            continue;
        const int channels = widths_channels(most, WIDTHS_LEAST + k);
        struct map y = convolve(x, part(g, module, "conv.weight"), stride, channels);
        snprintf(scale, sizeof scale, "BNs.%d.weight", k);
        snprintf(shift, sizeof shift, "BNs.%d.bias", k);
        y = normalised(&y, part(g, module, scale), part(g, module, shift), channels);
        if (!sum.channels)
            sum = (struct map){.side = y.side, .channels = channels};
        add_interpolated(&sum, gate[k], &y);
    }
    return sum;
}

static void rectify(struct map *m)
{
    EACH(m, i, r, c)
    for (int k = 0; k < m->channels; k++)
        *at(m, i, r, c, k) = fmax(*at(m, i, r, c, k), 0);
}

/* The channels that both have are added. */
static struct map plus(struct map *a, struct map *b)
{
    struct map sum = a->channels > b->channels ? *a : *b,
               *other = a->channels > b->channels ? b : a;
    EACH(&sum, i, r, c)
    for (int k = 0; k < other->channels; k++)
        *at(&sum, i, r, c, k) += *at(other, i, r, c, k);
    rectify(&sum);
    return sum;
}

static struct map halved(struct map *x)
{
    struct map y = {.side = (x->side + 1) / 2, .channels = x->channels};
    EACH(&y, i, r, c)
    for (int k = 0; k < x->channels; k++) {
        double sum = 0, count = 0;
        for (int p = 0; p < 4; p++)
            if (2 * r + p / 2 < x->side && 2 * c + p % 2 < x->side) {
                sum += *at(x, i, 2 * r + p / 2, 2 * c + p % 2, k);
                count++;
            }
        *at(&y, i, r, c, k) = sum / count;
    }
    return y;
}

static struct map block(struct graph *g, struct map *x, int index, const real *gate, int stride,
                        int most)
{
    char a[64], b[64], down[64];
    snprintf(a, sizeof a, "layers.%d.conv_a", index);
    snprintf(b, sizeof b, "layers.%d.conv_b", index);
    snprintf(down, sizeof down, "layers.%d.downsample", index);
    struct map y = unit(g, x, a, gate, stride, most), shortcut = *x;
    rectify(&y);
    y = unit(g, &y, b, gate + WIDTHS_OPTIONS, 1, most);
    if (stride > 1) {
        shortcut = halved(x);
        shortcut = unit(g, &shortcut, down, gate + WIDTHS_OPTIONS, 1, most);
    }
    return plus(&y, &shortcut);
}

/* The logits of every image. */
static void by_hand(struct path *p, const struct batch *batch, double *logits)
{
    static struct map x, made[BLOCKS];
    struct graph *g = p->graph;
    const real *gate = node_value(p->net.table[0]), *depth = node_value(p->net.table[1]);
    x = (struct map){.side = TOY_SIDE, .channels = 1};
    for (size_t i = 0; i < TOY_IMAGES * batch->pixels; i++)
        x.v[i] = (double)batch->x[i];
    x = unit(g, &x, "layers.0", gate, 1, CHANNELS);
    rectify(&x);
    gate += WIDTHS_OPTIONS;
    for (int stage = 0, most = CHANNELS; stage < WIDTHS_STAGES; stage++, most *= 2) {
        struct map sum = {0};
        for (int i = 0; i < BLOCKS; i++, gate += 2 * WIDTHS_OPTIONS) {
            x = block(g, &x, 1 + stage * BLOCKS + i, gate, stage && !i ? 2 : 1, most);
            made[i] = x;
            sum.channels = x.channels > sum.channels ? x.channels : sum.channels;
        }
        sum.side = x.side;
        for (int i = 0; i < BLOCKS; i++)
            add_interpolated(&sum, *depth++, &made[i]);
        x = sum;
    }
    const real *w = node_value(graph_find(g, "classifier.weight"));
    const real *bias = node_value(graph_find(g, "classifier.bias"));
    for (int i = 0; i < TOY_IMAGES; i++)
        for (int o = 0; o < TOY_CLASSES; o++) {
            double *to = logits + i * TOY_CLASSES + o;
            *to = bias[o];
            for (int k = 0; k < x.channels; k++)
                for (int pixel = 0; pixel < x.side * x.side; pixel++)
                    *to += *at(&x, i, pixel / x.side, pixel % x.side, k) * w[k * TOY_CLASSES + o] /
                           (x.side * x.side);
        }
}

static bool begin(struct search *s, const char *space, double share)
{
    struct error e = {""};
    struct value *settings = value_map();
    value_set_text(settings, "strategy", "tas");
    value_set_real(settings, "macs", share);
    if (!ok(toy_search(s, space, 1, CHANNELS, settings, &e), "a search begins %s", e.text))
        return false;
    toy_fill(&s->training, "training");
    toy_fill(&s->held_out, "held out");
    return true;
}

/* The strategy's draw at temperature t, by its own stream. */
static void draw(const struct search *s, struct random r, double t, struct edge_ops *ops,
                 double gate[2][SPACE_MOST_ROWS][SPACE_MOST_COLUMNS])
{
    memset(ops, 0, sizeof *ops);
    for (int i = 0; i < 2; i++) {
        const struct space_table *of = &s->model.space->table[i];
        const real *row = node_value(graph_find(s->model.graph, of->name));
        for (int k = 0; k < of->rows; k++, row += of->columns) {
            double *p = gate[i][k];
            gumbel_draw(&r, row, of->columns, t, p);
            ops->also[i][k] = i ? (1u << of->columns) - 1 : gumbel_keep_two(&r, p, of->columns);
            while (!(ops->also[i][k] >> ops->of[i][k] & 1))
                ops->of[i][k]++;
        }
    }
}

/* Opens the path that is drawn in the fourth epoch of ten. */
static bool open_path(struct search *s, struct path *p)
{
    static double gate[2][SPACE_MOST_ROWS][SPACE_MOST_COLUMNS];
    const double t = 0.1 + 4.9 * (1 + cos(M_PI * 3 / 9)) / 2;
    struct edge_ops ops;
    struct error e;
    draw(s, random_stream(TOY_SEED, "tas architecture", 0), t, &ops, gate);
    if (path_new_gated(p, &s->model, &ops, NULL, TOY_IMAGES, &e))
        return false;
    for (int i = 0; i < 2; i++) {
        const struct space_table *of = &s->model.space->table[i];
        for (int k = 0; k < of->rows * of->columns; k++)
            node_value(p->net.table[i])[k] = gate[i][k / of->columns][k % of->columns];
    }
    batch_show(&s->held_out, p->net.x, p->net.label);
    graph_forward(p->graph, &(struct graph_run){.n = TOY_IMAGES});
    return true;
}

static void networks(void)
{
    struct search s;
    struct path p;
    double logits[TOY_IMAGES * TOY_CLASSES], most = 0;
    if (!begin(&s, "resnet-14", 0.5))
        return;
    s.curriculum.epoch = 3;
    if (ok(open_path(&s, &p), "a path is drawn")) {
        by_hand(&p, &s.held_out, logits);
        for (int i = 0; i < TOY_IMAGES * TOY_CLASSES; i++)
            most = fmax(most, fabs(logits[i] - node_value(p.net.logits)[i]));
        ok(most < 1e-9, "its logits are those of plain loops, error %.1e", most);
        path_free(&p);
    }
    search_free(&s);
}

/* ---- what is found, by the weights that were searched with ---- */

/* Values of a parameter, those of the first inputs and outputs where it has fewer. */
static void take(struct graph *g, struct name name, struct graph *from, struct name there)
{
    struct node *to = graph_find(g, name.text);
    const struct node *all = graph_find(from, there.text);
    if (!to || !all) {
        ok(false, "%s is %s", name.text, there.text);
        return;
    }
    const int rank = node_shape(to)->rank, last = rank - 1;
    const int *few = node_shape(to)->extent, *many = node_shape(all)->extent;
    for (size_t i = 0; i < node_count(to); i++) {
        const size_t row = i / (size_t)few[last];
        size_t at = rank > 1 ? row / (size_t)few[last - 1] * (size_t)many[last - 1] +
                                   row % (size_t)few[last - 1]
                             : row;
        node_value(to)[i] = node_value(all)[at * (size_t)many[last] + i % (size_t)few[last]];
    }
}

/* A convolution and what normalises it; module: of both networks. */
static void take_unit(struct graph *g, struct name module, struct graph *from, struct name there,
                      int tenths)
{
    static const char *const what[] = {"weight", "bias", "running"};
    take(g, name_of("%s.conv.weight", module.text), from, name_of("%s.conv.weight", there.text));
    for (int i = 0; i < 3; i++)
        take(g, name_of("%s.bn.%s", module.text, what[i]), from,
             name_of("%s.BNs.%d.%s", there.text, tenths - WIDTHS_LEAST, what[i]));
}

/* Makes the path's normalisation of a halving shortcut, which what is found has none of, nothing.
 */
static void neutralise(struct graph *g, struct name module, int tenths)
{
    const struct name n = name_of("%s.BNs.%d", module.text, tenths - WIDTHS_LEAST);
    struct node *running = graph_find(g, name_of("%s.running", n.text).text);
    const size_t channels = node_count(running) / 2;
    for (size_t k = 0; k < channels; k++) {
        node_value(graph_find(g, name_of("%s.weight", n.text).text))[k] = 1;
        node_value(graph_find(g, name_of("%s.bias", n.text).text))[k] = 0;
        node_value(running)[k] = 0;
        node_value(running)[channels + k] = 1 - 1e-5;
    }
}

static void take_weights(struct graph *g, struct graph *path, const struct widths *w)
{
    int index = 1;
    take_unit(g, name_of("layers.0"), path, name_of("layers.0"), w->tenths[0]);
    for (int stage = 0; stage < WIDTHS_STAGES; stage++)
        for (int i = 0; i < w->depth[stage]; i++, index++) {
            const int *tenths = w->tenths + widths_convolution(w->blocks, stage, i);
            const int there = 1 + stage * w->blocks + i;
            const struct name down = name_of("layers.%d.downsample", there);
            take_unit(g, name_of("layers.%d.conv_a", index), path,
                      name_of("layers.%d.conv_a", there), tenths[0]);
            take_unit(g, name_of("layers.%d.conv_b", index), path,
                      name_of("layers.%d.conv_b", there), tenths[1]);
            if (!stage || i)
                continue;
            neutralise(path, down, tenths[1]);
            take(g, name_of("layers.%d.downsample.conv.weight", index), path,
                 name_of("%s.conv.weight", down.text));
        }
    take(g, name_of("classifier.weight"), path, name_of("classifier.weight"));
    take(g, name_of("classifier.bias"), path, name_of("classifier.bias"));
}

static void shake(struct graph *g)
{
    struct random r = random_stream(7, "shaken", 0);
    const struct group weights = graph_group(g, GRAPH_WEIGHTS);
    const struct group running = graph_group(g, GRAPH_BUFFERS);
    for (size_t i = 0; i < weights.count; i++)
        weights.value[i] += 0.2 * random_normal(&r);
    for (size_t i = 0; i < running.count; i++)
        running.value[i] += 0.2 * random_uniform(&r);
}

/* One width of each convolution, one depth of each stage: the path is the network that is found, if
 * shortcuts fit. */
static void one_choice(const char *text)
{
    struct search s;
    struct path p;
    struct architecture a;
    struct edge_ops ops;
    struct error e = {""};
    struct graph *g = graph_new(&e);
    struct discrete d = {
        .image = {TOY_SIDE, TOY_SIDE, 1}, .channels = CHANNELS, .classes = TOY_CLASSES};
    const struct graph_run run = {.n = TOY_IMAGES, .inference = true};
    double most = 0, apart = 0;
    if (!begin(&s, "resnet-14", 0.5))
        return;
    if (!ok(!architecture_parse(&a, s.model.space, text, strlen(text), &e) &&
                !architecture_build(&a, &d, g, &e) &&
                !graph_plan(g, NULL, TOY_IMAGES, GRAPH_INFER, &e),
            "%s %s", text, e.text))
        return;
    a.space->edge_ops(&a, &ops);
    if (ok(!path_new(&p, &s.model, &ops, NULL, TOY_IMAGES, &e), "a path %s", e.text)) {
        shake(p.graph);
        take_weights(g, p.graph, &a.widths);
        batch_show(&s.held_out, p.net.x, p.net.label);
        batch_show(&s.held_out, d.x, d.label);
        graph_forward(p.graph, &run);
        graph_forward(g, &run);
        for (int i = 0; i < TOY_IMAGES * TOY_CLASSES; i++) {
            most = fmax(most, fabs(node_value(d.logits)[i] - node_value(p.net.logits)[i]));
            apart =
                fmax(apart, fabs(node_value(d.logits)[i] - node_value(d.logits)[i % TOY_CLASSES]));
        }
        ok(apart > 0.01 && most < 1e-12,
           "its path and what derive finds: the same logits, error %.1e, images %.1e apart", most,
           apart);
        path_free(&p);
    }
    graph_free(g);
    search_free(&s);
}

/* ---- costs ---- */

static struct graph_size size_of(const struct architecture *a, struct image_shape image,
                                 int channels, int classes)
{
    struct error e = {""};
    struct graph_size size = {0};
    struct graph *g = graph_new(&e);
    struct discrete d = {.image = image, .channels = channels, .classes = classes};
    if (architecture_build(a, &d, g, &e) || graph_measure(g, d.loss, 1, GRAPH_TRAIN, &size, &e))
        ok(false, "a network: %s", e.text);
    graph_free(g);
    return size;
}

static void published(const char *text, double macs, double weights)
{
    struct architecture a;
    struct error e = {""};
    const bool read = !architecture_parse(&a, NULL, text, strlen(text), &e);
    const struct graph_size size = size_of(&a, (struct image_shape){32, 32, 3}, 16, 10);
    ok(read && fabs((double)size.macs / 1e6 - macs) < 0.01 &&
           fabs((double)size.weights / 1e6 - weights) < 0.005,
       "%s: %.2f million multiply-adds, %.3f million weights %s", text, (double)size.macs / 1e6,
       (double)size.weights / 1e6, e.text);
}

/* Probabilities of all rows, as if the architecture were certain. */
static void certain(const struct architecture *a, double *p[2])
{
    const struct search_space *s = a->space;
    struct edge_ops ops;
    s->edge_ops(a, &ops);
    for (int i = 0; i < 2; i++) {
        const struct space_table *t = &s->table[i];
        for (int k = 0; k < t->rows * t->columns; k++)
            p[i][k] = ops.of[i][k / t->columns] == k % t->columns;
    }
}

static double expected(const struct search_space *s, double *const p[2])
{
    return widths_macs(s, &(struct image_shape){11, 13, 2}, CHANNELS, 7,
                       (const double *const[]){p[0], p[1]});
}

/* Exact where all is certain and linear in every row, it is the mean of independent draws. */
static void costs(const struct search_space *s)
{
    static double table[2][SPACE_MOST_ROWS * SPACE_MOST_COLUMNS];
    double *p[2] = {table[0], table[1]}, apart = 0, bent = 0;
    struct random r = random_stream(3, "costs", 0);
    for (int i = 0; i < 30; i++) {
        struct architecture a;
        architecture_draw(&a, s, &r);
        certain(&a, p);
        const struct graph_size size = size_of(&a, (struct image_shape){11, 13, 2}, CHANNELS, 7);
        apart = fmax(apart, fabs(expected(s, p) / (double)size.macs - 1));
    }
    ok(apart < 1e-12, "%s: certain choices cost what the network is counted to, error %.1e",
       s->name, apart);
    for (int i = 0; i < 2; i++)
        for (int row = 0; row < s->table[i].rows; row++) {
            const int columns = s->table[i].columns;
            double *of = p[i] + row * columns, sum = 0;
            for (int k = 0; k < columns; k++)
                sum += of[k] = 0.1 + random_uniform(&r);
            for (int k = 0; k < columns; k++)
                of[k] /= sum;
        }
    const double all = expected(s, p);
    for (int i = 0; i < 2; i++)
        for (int row = 0; row < s->table[i].rows; row++) {
            const int columns = s->table[i].columns;
            double kept[SPACE_MOST_COLUMNS], *of = p[i] + row * columns, sum = 0;
            memcpy(kept, of, sizeof *of * (size_t)columns);
            for (int k = 0; k < columns; k++) {
                memset(of, 0, sizeof *of * (size_t)columns);
                of[k] = 1;
                sum += kept[k] * expected(s, p);
            }
            memcpy(of, kept, sizeof *of * (size_t)columns);
            bent = fmax(bent, fabs(sum / all - 1));
        }
    ok(bent < 1e-12, "%s: linear in each row, error %.1e", s->name, bent);
}

/* ---- draws ---- */

static void pairs(void)
{
    enum { OPS = 4, DRAWS = 100000 };
    const double wanted[OPS] = {0.1, 0.2, 0.3, 0.4};
    double count[1 << OPS] = {0}, chi = 0;
    struct random r = random_stream(5, "pairs", 0);
    bool soft = true;
    for (int i = 0; i < DRAWS; i++) {
        double p[OPS], sum = 0;
        memcpy(p, wanted, sizeof p);
        const unsigned two = gumbel_keep_two(&r, p, OPS);
        for (int k = 0; k < OPS; k++) {
            sum += p[k];
            soft = soft && (p[k] > 0) == (two >> k & 1);
        }
        soft = soft && fabs(sum - 1) < 1e-12;
        count[two]++;
    }
    for (int a = 0; a < OPS; a++)
        for (int b = 0; b < a; b++) {
            const double both =
                DRAWS * wanted[a] * wanted[b] * (1 / (1 - wanted[a]) + 1 / (1 - wanted[b]));
            chi += pow(count[1 << a | 1 << b] - both, 2) / both;
        }
    ok(soft, "two are drawn and share all");
    ok(chi < 20.6, "without replacement: chi squared %.1f, 5 degrees of freedom, p > 0.001", chi);
}

/* ---- a step ---- */

static real *parameters(struct search *s, int i)
{
    return node_value(graph_find(s->model.graph, s->model.space->table[i].name));
}

static double path_loss(struct search *s)
{
    struct path p;
    if (!open_path(s, &p))
        return NAN;
    const double loss = *node_value(p.net.loss);
    path_free(&p);
    return loss;
}

static double log_cost(struct search *s)
{
    static double p[2][SPACE_MOST_ROWS * SPACE_MOST_COLUMNS];
    const struct search_space *space = s->model.space;
    for (int i = 0; i < 2; i++)
        for (int row = 0; row < space->table[i].rows; row++) {
            const int columns = space->table[i].columns;
            gumbel_softmax(parameters(s, i) + row * columns, columns, p[i] + row * columns);
        }
    return log(widths_macs(space, &s->model.image, CHANNELS, TOY_CLASSES,
                           (const double *const[]){p[0], p[1]}));
}

/* As what is found is below its share, or above it. */
static void gradient(double share, double factor)
{
    const double h = 1e-5;
    struct error e = {""};
    struct search s;
    double most = 0, largest = 0;
    if (!begin(&s, "resnet-14", share))
        return;
    s.curriculum.epoch = 3;
    s.rate = 0;
    const struct group a = s.darts.architecture;
    real kept[SPACE_MOST_TABLES * SPACE_MOST_ROWS * SPACE_MOST_COLUMNS];
    memcpy(kept, a.value, a.count * sizeof *kept);
    const bool stepped = !s.strategy->step(&s, &e);
    ok(stepped && s.darts.steps == 1 && memcmp(kept, a.value, a.count * sizeof *kept),
       "a step moves the architecture parameters %s", e.text);
    memcpy(a.value, kept, a.count * sizeof *kept);
    for (size_t i = 0; i < a.count; i += 3) {
        double slope = 0;
        for (int side = -1; side <= 1; side += 2) {
            a.value[i] = kept[i] + side * h;
            slope += side * (path_loss(&s) + factor * log_cost(&s)) / (2 * h);
        }
        a.value[i] = kept[i];
        most = fmax(most, fabs(slope - a.gradient[i]));
        largest = fmax(largest, fabs(slope));
    }
    ok(most < 1e-5 * largest, "macs %g: by the gradient of loss and cost, error %.1e", share,
       most / largest);
    search_free(&s);
}

/* Where the loss tells nothing, what is found goes to its share and stays. (In a space as coarse as
 * resnet-14 one depth may be more than the tolerance, and is then gone back and forth over.) */
static void convergence(double share)
{
    struct error e;
    struct search s;
    struct architecture largest, a, found_best;
    if (!begin(&s, "resnet-20", share))
        return;
    struct node *w = graph_find(s.model.graph, "classifier.weight");
    memset(node_value(w), 0, node_count(w) * sizeof(real));
    s.rate = 0;
    architecture_at(&largest, s.model.space, search_space_count(s.model.space) - 1);
    const double all = (double)size_of(&largest, s.model.image, CHANNELS, TOY_CLASSES).macs;
    double found = 0;
    bool good = true;
    int steps = 0;
    for (int within = 0; steps < 200 && within < 10 && good; steps++) {
        good = !s.strategy->step(&s, &e);
        candidate_arrived(&s, &a);
        found = (double)size_of(&a, s.model.image, CHANNELS, TOY_CLASSES).macs / all;
        within = found >= share - 0.05 && found <= share ? within + 1 : 0;
    }
    toy_judging(&s, 0, TOY_IMAGES);
    ok(good && !s.strategy->end_epoch(&s, &e) && s.judged == TOY_IMAGES &&
           s.strategy->found(&s, &found_best) &&
           !memcmp(&found_best.widths, &a.widths, sizeof a.widths),
       "an epoch that ends there is found");
    ok(good && steps < 200, "cost alone: %.3f of the multiply-adds for %g, after %d steps", found,
       share, steps);
    search_free(&s);
}

/* ---- distillation ---- */

static void distilled(void)
{
    enum { N = 3, K = 4 };
    const double x[N * K] = {1, -2, 0.5, 3, 0, 0, 0, 0, -1, 4, 2, 0.1};
    struct error e;
    struct graph *g = graph_new(&e);
    struct node *logits = graph_input(g, "x", 1, 1, K), *teacher = graph_input(g, "t", 1, 1, K);
    struct node *loss = distillation(logits, teacher, 4);
    double wanted = 0;
    graph_differentiate(logits);
    if (graph_plan(g, loss, N, GRAPH_TRAIN, &e)) {
        ok(false, "distillation: %s", e.text);
        return;
    }
    const struct graph_run run = {.n = N};
    memcpy(node_value(logits), x, sizeof x);
    memcpy(node_value(teacher), x, sizeof x);
    graph_forward(g, &run);
    graph_backward(g, &run);
    bool still = true;
    for (int i = 0; i < N * K; i++)
        still = still && fabs(node_gradient(logits)[i]) < 1e-15;
    ok(fabs(*node_value(loss)) < 1e-12 && still, "nothing is to be learnt of oneself");
    for (int i = 0; i < N; i++) {
        double p[K], q[K], sums[2] = {0, 0};
        for (int k = 0; k < K; k++) {
            sums[0] += p[k] = exp(x[i * K + k] / 4);
            sums[1] += q[k] = exp(-x[i * K + k] / 4);
            node_value(logits)[i * K + k] = -x[i * K + k];
        }
        for (int k = 0; k < K; k++)
            wanted += 16 * p[k] / sums[0] * log(p[k] / sums[0] / (q[k] / sums[1])) / N;
    }
    graph_forward(g, &run);
    ok(fabs(*node_value(loss) - wanted) < 1e-12, "of another: %.6f, by hand %.6f",
       *node_value(loss), wanted);
    graph_free(g);
}

int main(void)
{
    interpolation();
    networks();
    one_choice("resnet-14");
    one_choice("resnet-14(7|3-7 (8-8)|10-5 4-5|9-8 (3-3))");
    published("resnet-20", 40.81, 0.272);
    published("resnet-110", 253.15, 1.73);
    costs(&SPACE_RESNET_14);
    costs(&SPACE_RESNET_32);
    pairs();
    gradient(0.9, -2);
    gradient(0.1, 2);
    convergence(0.47);
    convergence(0.3);
    distilled();
    return tap_done();
}
