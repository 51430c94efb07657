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

/* {seconds, elsewhere, peak_flops, peak_bytes, ops: [{op, calls, seconds, flop, bytes}]}: peaks are
 * of a second; NULL where memory is out. */
static struct value *profile_value(const struct profile *p, const struct op_profile *row,
                                   size_t rows)
{
    double whole = clock_seconds() - p->began, elsewhere = whole;
    struct value *v = value_map(), *ops = value_array();
    bool good = v && ops;
    for (const struct op_profile *r = row; good && r < row + rows; r++) {
        if (!spent(r))
            continue;
        elsewhere -= spent(r);
        struct value *op = value_append(ops, value_map());
        good = value_set_text(op, "op", r->name) && value_set_int(op, "calls", r->calls) &&
               value_set_real(op, "seconds", spent(r)) && value_set_real(op, "flop", 2 * r->macs) &&
               value_set_real(op, "bytes", r->bytes);
    }
    good =
        good && value_set_real(v, "seconds", whole) && value_set_real(v, "elsewhere", elsewhere) &&
        value_set_real(v, "peak_flops", 2 * p->macs) && value_set_real(v, "peak_bytes", p->bytes);
    if (good && value_set(v, "ops", ops))
        return v;
    if (!good)
        value_free(ops);
    value_free(v);
    return NULL;
}

static void print_share(FILE *to, double amount, double seconds, double ceiling)
{
    if (amount > 0)
        fprintf(to, " %10.3f %8.1f%%", amount / 1e9, 100 * amount / seconds / ceiling);
    else
        fprintf(to, " %10s %9s", "", "");
}

static void print_table(const struct value *v, FILE *to)
{
    const struct value *ops = value_get(v, "ops");
    double whole = value_get_real(v, "seconds", 0), rest = value_get_real(v, "elsewhere", 0);
    double flops = value_get_real(v, "peak_flops", 0), bytes = value_get_real(v, "peak_bytes", 0);
    fprintf(to, "%-20s %8s %9s %7s %10s %9s %10s %9s\n", "op", "calls", "seconds", "share", "GFLOP",
            "of peak", "GB", "of peak");
    for (size_t i = 0; i < ops->count; i++) {
        const struct value *op = ops->item[i];
        double seconds = value_get_real(op, "seconds", 0);
        fprintf(to, "%-20s %8lld %9.3f %6.1f%%", value_get_text(op, "op", ""),
                (long long)value_get_int(op, "calls", 0), seconds, 100 * seconds / whole);
        print_share(to, value_get_real(op, "flop", 0), seconds, flops);
        print_share(to, value_get_real(op, "bytes", 0), seconds, bytes);
        fputc('\n', to);
    }
    fprintf(to, "%-20s %8s %9.3f %6.1f%%\n", "elsewhere", "", rest, 100 * rest / whole);
    fprintf(to, "%-20s %8s %9.3f\n", "in all", "", whole);
    fprintf(to, "peak: %.1f GFLOP/s, %.1f GB/s\n", flops / 1e9, bytes / 1e9);
}

int profile_print(const struct profile *p, bool json, FILE *to, struct error *e)
{
    const struct op_profile *row;
    size_t rows = (size_t)graph_profile_rows(p->graph, &row);
    autofree struct op_profile *sorted = array_new(rows, sizeof *row, "the profile", e);
    if (!sorted)
        return -1;
    memcpy(sorted, row, rows * sizeof *row);
    qsort(sorted, rows, sizeof *row, longest_first);
    struct value *v = profile_value(p, sorted, rows);
    if (!v)
        return error_set(e, "out of memory: the profile");
    if (json)
        value_print_json(v, to);
    else
        print_table(v, to);
    value_free(v);
    return 0;
}
