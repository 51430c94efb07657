/* Staged searches: what the text of stages may say, how dropout falls, which operations stay, and
 * how many skips derive lets be. */
#include "search/stages.h"
#include <math.h>
#include <string.h>
#include "network/kept_ops.h"
#include "tap.h"

static void test_text(void)
{
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"", "stage 1: expected CELLS:OPERATIONS:DROPOUT, found ''"},
        {"5:8", "stage 1: expected"},
        {"5:8:0,", "stage 2: expected"},
        {"5:8:0 ", "stage 1: expected"},
        {"5:8:0,11:5:0.4x", "stage 2: expected"},
        {"5:7:0", "stage 1: 7 operations, expected 8 to 8"},
        {"5:8:0,6:9:0", "stage 2: 9 operations, expected 3 to 8"},
        {"5:8:0,6:4:0,7:5:0", "stage 3: 5 operations, expected 3 to 4"},
        {"5:8:0,6:2:0", "stage 2: 2 operations"},
        {"0:8:0", "stage 1: 0 cells"},
        {"101:8:0", "stage 1: 101 cells"},
        {"5:8:1", "stage 1: a rate of 1"},
        {"5:8:-0.1", "stage 1: a rate of -0.1"},
        {"5:8:nan", "stage 1: a rate of"},
        {"1:8:0,1:8:0,1:8:0,1:8:0,1:8:0,1:8:0,1:8:0,1:8:0,1:8:0,1:8:0", "more than 9 stages"},
    };
    struct stages s;
    struct error e = {""};
    ok(!stages_parse(&s, "5:8:0,11:5:0.4,17:3:0.7", 8, &e) && s.count == 3 &&
           s.stage[1].cells == 11 && s.stage[1].ops == 5 && s.stage[1].dropout == 0.4 &&
           s.stage[2].cells == 17 && s.stage[2].ops == 3 && s.stage[2].dropout == 0.7,
       "three stages %s", e.text);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ok(stages_parse(&s, bad[i].text, 8, &e) == -1 && strstr(e.text, bad[i].words),
           "refused: %s", e.text);
}

static void test_dropout(void)
{
    const struct {
        int epoch;
        double rate;
    } wanted[] = {{0, 0.384}, {9, 0.24}, {10, 0.4}, {24, 0.024324025}};
    double most = 0;
    for (int i = 0; i < 4; i++)
        most = fmax(most, fabs(stages_dropout(0.4, wanted[i].epoch, 10, 25) - wanted[i].rate));
    ok(most < 1e-9, "dropout from 0.4 at epochs 0, 9, 10 and 24 of 25, off by %.1e", most);
}

static void fill(float *table, int count, struct random *r, double mean, int column)
{
    for (int i = 0; i < count; i++)
        table[i] = (float)(random_normal(r) + (i % PRIMITIVES == column ? mean : 0));
}

static void test_kept(void)
{
    const struct search_space *s = &SPACE_DARTS;
    float table[2][CELL_EDGES * PRIMITIVES], wide[CELL_EDGES * PRIMITIVES];
    struct random r = random_stream(1, "kept", 0);
    struct kept_ops k, again;
    struct error e = {""};
    bool good = true, back = true;
    kept_ops_all(&k);
    for (int left = 8; left >= 3; left -= left == 8 ? 3 : 2) {
        const struct kept_ops before = k;
        for (int i = 0; i < 2; i++)
            fill(table[i], CELL_EDGES * k.count, &r, 0, -1);
        kept_ops_drop(&k, (const float *const[]){table[0], table[1]}, left);
        good = good && k.count == left;
        for (int i = 0; i < 2; i++)
            for (int edge = 0; edge < CELL_EDGES; edge++) {
                double least = INFINITY, dropped = -INFINITY;
                for (int c = 0, at = 0; c < before.count; c++) {
                    const bool stays = at < left && k.of[i][edge][at] == before.of[i][edge][c];
                    const double x = (double)table[i][edge * before.count + c];
                    least = stays ? fmin(least, x) : least;
                    dropped = stays ? dropped : fmax(dropped, x);
                    at += stays;
                    good = good && (c + 1 < before.count || at == left);
                }
                good = good && dropped < least;
            }
        struct value *v = kept_ops_value(&k);
        good = good && v && !kept_ops_from_value(&again, s, v, &e) && again.count == k.count &&
               !memcmp(again.of[1][13], k.of[1][13], (size_t)left * sizeof k.of[0][0][0]);
        value_free(v);
        kept_ops_widen(&k, 1, table[1], wide);
        for (int edge = 0; edge < CELL_EDGES; edge++)
            for (int c = 0; c < left; c++)
                back = back &&
                       wide[edge * PRIMITIVES + (int)k.of[1][edge][c]] == table[1][edge * left + c];
    }
    ok(good, "8, 5, 3 of each edge: none dropped was ahead of one that stays %s", e.text);
    ok(back && wide[0] <= 1e30f, "a table as one of all operations");
}

static void test_hostile(void)
{
    static const char *const bad[] = {"", "01234567", "021", "0188", "0 1", "012", "0122", "/12"};
    const struct search_space *s = &SPACE_DARTS;
    struct kept_ops k;
    struct error e = {""};
    int refused = 0;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct value *v = value_array(), *edges = value_append(v, value_array());
        for (int edge = 0; edge < CELL_EDGES; edge++)
            value_append(edges, value_text(edge == 5 ? bad[i] : "0123"));
        value_append(v, value_copy(edges));
        refused += kept_ops_from_value(&k, s, v, &e) == -1;
        value_free(v);
    }
    struct value *odd[] = {value_int(3), value_array(), value_text("0123")};
    for (int i = 0; i < 3; i++) {
        refused += kept_ops_from_value(&k, s, odd[i], &e) == -1;
        value_free(odd[i]);
    }
    ok(refused == 11, "refused: %d of 11, such as: %s", refused, e.text);
}

/* ---- skips: as P-DARTS' program restricts them, on probabilities that it sets to 0 ---- */

struct choice {
    int op[CELL_EDGES];
    bool taken[CELL_EDGES];
};

static void choose(const double p[][PRIMITIVES], struct choice *c)
{
    double best[CELL_EDGES];
    for (int edge = 0; edge < CELL_EDGES; edge++) {
        c->op[edge] = 0;
        for (int op = 0; op < PRIMITIVES; op++)
            c->op[edge] = p[edge][op] > p[edge][c->op[edge]] ? op : c->op[edge];
        best[edge] = p[edge][c->op[edge]];
    }
    for (int node = 0, first = 0; node < CELL_NODES; first += 2 + node++)
        for (int edge = first; edge < first + 2 + node; edge++) {
            int better = 0;
            for (int other = first; other < first + 2 + node; other++)
                better += best[other] > best[edge];
            c->taken[edge] = better < 2;
        }
}

static bool as_restricted(const struct cell_genotype *cell, const float *table, int most)
{
    double p[CELL_EDGES][PRIMITIVES];
    struct choice c;
    for (int edge = 0; edge < CELL_EDGES; edge++) {
        double sum = 0;
        for (int op = 0; op < PRIMITIVES; op++)
            sum += p[edge][op] = exp((double)table[edge * PRIMITIVES + op]);
        for (int op = 0; op < PRIMITIVES; op++)
            p[edge][op] = op == PRIMITIVE_NONE ? 0 : p[edge][op] / sum;
    }
    for (;;) {
        int skips = 0, least = -1;
        choose((const double(*)[PRIMITIVES])p, &c);
        for (int edge = 0; edge < CELL_EDGES; edge++)
            if (c.taken[edge] && c.op[edge] == PRIMITIVE_SKIP) {
                skips++;
                if (least < 0 || p[edge][PRIMITIVE_SKIP] < p[least][PRIMITIVE_SKIP])
                    least = edge;
            }
        if (skips <= most)
            break;
        p[least][PRIMITIVE_SKIP] = 0;
    }
    bool same = true;
    for (int i = 0; i < GENOTYPE_PAIRS; i++) {
        const int edge = cell_edge(i / 2, cell->gene[i].input);
        same = same && c.taken[edge] && c.op[edge] == (int)cell->gene[i].op;
    }
    return same;
}

static void test_skips(void)
{
    struct random r = random_stream(2, "skips", 0);
    int good = 0, tried = 0, more = 0, reduce = 0;
    for (int most = 0; most <= GENOTYPE_PAIRS; most++)
        for (int i = 0; i < 100; i++, tried++) {
            float table[CELL_EDGES * PRIMITIVES];
            struct genotype g;
            fill(table, CELL_EDGES * PRIMITIVES, &r, i % 4, PRIMITIVE_SKIP);
            const struct cell_parameters normal = {.op = table,
                                                   .fewest_others = GENOTYPE_PAIRS - most};
            const struct cell_parameters free_of_it = {.op = table};
            genotype_derive(&g, &normal, &free_of_it);
            int skips[2] = {0};
            for (int k = 0; k < GENOTYPE_PAIRS; k++) {
                skips[0] += g.normal.gene[k].op == PRIMITIVE_SKIP;
                skips[1] += g.reduce.gene[k].op == PRIMITIVE_SKIP;
            }
            good += skips[0] <= most && as_restricted(&g.normal, table, most);
            more += skips[1] > most;
            reduce += as_restricted(&g.reduce, table, GENOTYPE_PAIRS);
        }
    ok(good == tried && reduce == tried && more > tried / 4,
       "skips of the normal cell as P-DARTS' program restricts them, %d of %d, where %d had too "
       "many",
       good, tried, more);
}

int main(void)
{
    test_text();
    test_dropout();
    test_kept();
    test_hostile();
    test_skips();
    return tap_done();
}
