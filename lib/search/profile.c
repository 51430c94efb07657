#include "search/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/program.h"
#include "graph/ops.h"

enum { SIDE = 512, TURNS = 10, LONG = 1 << 14 /* of SIDE rows: 32 MB */ };

static double spent(const struct op_profile *r)
{
    return r->forward_seconds + r->backward_seconds;
}

static int build(struct graph *g, struct error *e)
{
    struct node *x = graph_input(g, "x", 1, 1, SIDE);
    struct node *a = graph_input(g, "a", 1, 1, LONG), *b = graph_input(g, "b", 1, 1, LONG);
    struct node *w =
        graph_weight(g, "w", GRAPH_WEIGHTS, 2, (int[]){SIDE, SIDE}, initial_fan_in(SIDE));
    struct node *product = linear(x, w, NULL);
    struct node *sum = add(a, b);
    if (graph_check(g, e))
        return -1;
    graph_keep(product);
    graph_keep(sum);
    if (graph_plan(g, NULL, SIDE, GRAPH_INFER, e))
        return -1;
    graph_initialise(g, GRAPH_WEIGHTS, 1);
    struct node *input[] = {x, a, b};
    for (int i = 0; i < 3; i++)
        memset(node_value(input[i]), 0, SIDE * node_count(input[i]) * sizeof(real));
    return 0;
}

/* The best of some turns, the first of which warms up. */
static void find_ceilings(struct profile *p, struct graph *g)
{
    const struct graph_run run = {.n = SIDE, .inference = true};
    for (int i = 0; i < TURNS; i++) {
        const struct op_profile *row;
        graph_profile(g, true);
        graph_forward(g, &run);
        for (int left = graph_profile_rows(g, &row); left-- > 0; row++)
            if (!strcmp(row->name, "linear"))
                p->macs = fmax(p->macs, row->macs / spent(row));
            else if (!strcmp(row->name, "add"))
                p->bytes = fmax(p->bytes, row->bytes / spent(row));
    }
}

int profile_begin(struct profile *p, struct graph *g, struct error *e)
{
    struct graph *probe = graph_new(e);
    *p = (struct profile){.graph = g};
    int failed = !probe || build(probe, e);
    if (!failed)
        find_ceilings(p, probe);
    graph_free(probe);
    graph_profile(g, true);
    p->began = clock_seconds();
    return failed ? -1 : 0;
}

static int longest_first(const void *a, const void *b)
{
    double x = spent(a), y = spent(b);
    return (x < y) - (x > y);
}

static void print_share(FILE *to, double amount, double seconds, double ceiling)
{
    if (amount > 0)
        fprintf(to, " %10.3f %8.1f%%", amount / 1e9, 100 * amount / seconds / ceiling);
    else
        fprintf(to, " %10s %9s", "", "");
}

int profile_print(const struct profile *p, FILE *to, struct error *e)
{
    double whole = clock_seconds() - p->began, elsewhere = whole;
    const struct op_profile *row;
    size_t rows = (size_t)graph_profile_rows(p->graph, &row);
    autofree struct op_profile *sorted = array_new(rows, sizeof *row, "the profile", e);
    if (!sorted)
        return -1;
    memcpy(sorted, row, rows * sizeof *row);
    qsort(sorted, rows, sizeof *row, longest_first);
    fprintf(to, "%-20s %8s %9s %7s %10s %9s %10s %9s\n", "op", "calls", "seconds", "share", "GFLOP",
            "of peak", "GB", "of peak");
    for (row = sorted; row < sorted + rows; row++) {
        double seconds = spent(row);
        if (!seconds)
            continue;
        elsewhere -= seconds;
        fprintf(to, "%-20s %8ld %9.3f %6.1f%%", row->name, row->calls, seconds,
                100 * seconds / whole);
        print_share(to, 2 * row->macs, seconds, 2 * p->macs);
        print_share(to, row->bytes, seconds, p->bytes);
        fputc('\n', to);
    }
    fprintf(to, "%-20s %8s %9.3f %6.1f%%\n", "elsewhere", "", elsewhere, 100 * elsewhere / whole);
    fprintf(to, "%-20s %8s %9.3f\n", "in all", "", whole);
    fprintf(to, "peak: %.1f GFLOP/s, %.1f GB/s\n", 2 * p->macs / 1e9, p->bytes / 1e9);
    return 0;
}
