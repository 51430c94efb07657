/* GDAS: the gradient of a hard Gumbel-softmax against differences of the soft one; what is drawn; a
 * step's architecture gradient against the closed form, its slopes by differences of the loss. */
#include <math.h>
#include <string.h>
#include "search/gumbel.h"
#include "search/path.h"
#include "search/search.h"
#include "search/strategy.h"
#include "tap.h"
#include "toy_search.h"

enum { OPS = 5, DRAWS = 100000 };

static void test_gradient(void)
{
    const real logit[OPS] = {0.3, -1, 0.7, 0, 0.1};
    const double temperatures[] = {10, 1, 0.1}, h = 1e-6, slope = -1.7;
    double most = 0;
    for (int t = 0; t < 3; t++)
        for (uint64_t seed = 0; seed < 20; seed++) {
            const struct random start = random_stream(seed, "noise", 0);
            struct random r = start;
            double p[OPS], q[2][OPS];
            real g[OPS];
            const int drawn = gumbel_draw(&r, logit, OPS, temperatures[t], p);
            gumbel_gradient(p, OPS, drawn, temperatures[t], slope, g);
            for (int i = 0; i < OPS; i++) {
                for (int side = 0; side < 2; side++) {
                    real moved[OPS];
                    memcpy(moved, logit, sizeof moved);
                    moved[i] += side ? h : -h;
                    r = start;
                    gumbel_draw(&r, moved, OPS, temperatures[t], q[side]);
                }
                const double wanted = slope * (q[1][drawn] - q[0][drawn]) / (2 * h);
                most = fmax(most, fabs(g[i] - wanted));
            }
        }
    ok(most < 1e-7, "the gradient is the soft choice's, error %.1e", most);
}

static void test_draws(double temperature)
{
    const real logit[OPS] = {0.3, -1, 0.7, 0, 0.1};
    double count[OPS] = {0}, sum = 0, chi = 0;
    struct random r = random_stream(5, "draws", 0);
    bool largest = true;
    for (int i = 0; i < DRAWS; i++) {
        double p[OPS], whole = 0;
        const int drawn = gumbel_draw(&r, logit, OPS, temperature, p);
        for (int k = 0; k < OPS; k++) {
            whole += p[k];
            largest = largest && p[k] <= p[drawn];
        }
        largest = largest && fabs(whole - 1) < 1e-12;
        count[drawn]++;
    }
    for (int k = 0; k < OPS; k++)
        sum += exp(logit[k]);
    for (int k = 0; k < OPS; k++) {
        const double wanted = DRAWS * exp(logit[k]) / sum;
        chi += (count[k] - wanted) * (count[k] - wanted) / wanted;
    }
    ok(chi < 18.5 && largest,
       "temperature %g: as often as softmax says: chi squared %.1f, 4 degrees of freedom, p > "
       "0.001",
       temperature, chi);
}

/* ---- a step ---- */

static double gated_loss(struct path *p, real *gate, double value)
{
    const real was = *gate;
    *gate = value;
    graph_forward(p->graph, &(struct graph_run){.n = TOY_IMAGES});
    *gate = was;
    return *node_value(p->net.loss);
}

/* The largest error of a table's gradient, by its largest element. */
static double table_error(struct search *s, struct path *p, int table, struct random *r,
                          const struct edge_ops *ops, double temperature)
{
    const struct space_table *t = &s->model.space->table[table];
    const struct node *n = graph_find(s->model.graph, t->name);
    const double h = 1e-6;
    double most = 0, largest = 1e-6;
    for (int edge = 0; edge < t->rows; edge++) {
        const int drawn = ops->of[table][edge], first = edge * t->columns;
        double soft[SPACE_MOST_COLUMNS];
        gumbel_draw(r, node_value(n) + first, t->columns, temperature, soft);
        real *gate = node_value(p->net.table[table]) + first + drawn;
        const double slope = (gated_loss(p, gate, 1 + h) - gated_loss(p, gate, 1 - h)) / (2 * h);
        for (int op = 0; op < t->columns; op++) {
            const double wanted = slope * soft[drawn] * ((op == drawn) - soft[op]) / temperature;
            most = fmax(most, fabs(node_gradient(n)[first + op] - wanted));
            largest = fmax(largest, fabs(wanted));
        }
    }
    return largest > 1e-5 ? most / largest : INFINITY;
}

static void test_step(const char *space_name, int cells)
{
    struct error e = {""};
    struct search s;
    struct value *settings = value_map();
    value_set_text(settings, "strategy", "gdas");
    if (!ok(toy_search(&s, space_name, cells, 2, settings, &e), "%s: a search begins %s",
            space_name, e.text))
        return;
    const struct search_space *space = s.model.space;
    toy_fill(&s.training, "training");
    toy_fill(&s.held_out, "held out");
    /* In the fourth epoch of ten. */
    const double temperature = 10 - 9.9 * 3 / 9;
    s.curriculum.epoch = 3;
    struct random r = random_stream(TOY_SEED, "gdas architecture", 0), again = r;
    struct edge_ops ops;
    for (int i = 0; i < space->tables; i++)
        for (int edge = 0; edge < space->table[i].rows; edge++) {
            double p[SPACE_MOST_COLUMNS];
            const int columns = space->table[i].columns;
            const real *row = node_value(graph_find(s.model.graph, space->table[i].name));
            ops.of[i][edge] = gumbel_draw(&r, row + edge * columns, columns, temperature, p);
        }
    struct path p;
    real kept[SPACE_MOST_TABLES][SPACE_MOST_ROWS * SPACE_MOST_COLUMNS];
    if (!ok(!path_new_gated(&p, &s.model, &ops, NULL, TOY_IMAGES, &e), "its path %s", e.text))
        return;
    batch_show(&s.held_out, p.net.x, p.net.label);
    for (int i = 0; i < space->tables; i++) {
        const struct node *n = graph_find(s.model.graph, space->table[i].name);
        memcpy(kept[i], node_value(n), node_count(n) * sizeof(real));
    }
    s.rate = 0;
    const bool stepped = !s.strategy->step(&s, &e);
    double most = 0;
    bool moved = false;
    for (int i = 0; i < space->tables; i++) {
        const struct node *n = graph_find(s.model.graph, space->table[i].name);
        moved = moved || memcmp(kept[i], node_value(n), node_count(n) * sizeof(real));
        memcpy(node_value(n), kept[i], node_count(n) * sizeof(real));
        most = fmax(most, table_error(&s, &p, i, &again, &ops, temperature));
    }
    ok(stepped && moved && s.darts.steps == 1, "a step moves the architecture parameters %s",
       e.text);
    ok(most < 1e-5, "by a gradient that is the closed form, error %.1e", most);
    path_free(&p);
    search_free(&s);
}

int main(void)
{
    test_gradient();
    test_draws(10);
    test_draws(0.1);
    test_step("tinycell-125", 2);
    test_step("nasbench201", 3);
    test_step("darts", 3);
    return tap_done();
}
