/* Partial channel connections (Xu et al., ICLR 2020): some of the channels, and what a cell's edges
 * and operations weigh. What brings the channels together again is linear.c's. */
#include <math.h>
#include <string.h>
#include "graph/op.h"

static size_t pixels_of(const struct node *n)
{
    return node_count(n) / (size_t)n->shape.extent[2];
}

/* ---- channels ---- */

static int channels_shape(struct node *n, struct error *e)
{
    const struct shape *x = &n->input[0]->shape;
    n->shape = *x;
    n->shape.extent[2] = n->count;
    if (!x->batched)
        return error_set(e, "the input is not batched");
    if (n->integer < 0 || n->count < 1 || n->count > x->extent[2] - n->integer)
        return error_set(e, "%d channels from %d on, of %d", n->count, n->integer, x->extent[2]);
    return 0;
}

static void channels_forward(const struct node *n, const struct context *c, int s)
{
    size_t own = (size_t)n->count, all = (size_t)n->input[0]->shape.extent[2];
    size_t last = pixels_of(n) * slice_begin(c, s + 1);
    const real *x = n->input[0]->value + n->integer;
    for (size_t p = pixels_of(n) * slice_begin(c, s); p < last; p++)
        for (size_t i = 0; i < own; i++)
            n->value[p * own + i] = x[p * all + i];
}

static void channels_backward(const struct node *n, const struct context *c, int s)
{
    size_t own = (size_t)n->count, all = (size_t)n->input[0]->shape.extent[2];
    size_t first = pixels_of(n) * slice_begin(c, s), last = pixels_of(n) * slice_begin(c, s + 1);
    if (!wants(n, c, 0) || first == last)
        return;
    real *to = n->input[0]->gradient;
    if (!n->accumulate[0])
        memset(to + first * all, 0, (last - first) * all * sizeof *to);
    to += n->integer;
    for (size_t p = first; p < last; p++)
        for (size_t i = 0; i < own; i++)
            to[p * all + i] += n->gradient[p * own + i];
}

const struct op OP(channels) = {.name = "channels",
                                .shape = channels_shape,
                                .forward = {.slice = channels_forward},
                                .backward = {.slice = channels_backward}};

/* ---- edge normalisation ---- */

enum { P, B };

static int weigh_edges_shape(struct node *n, struct error *e)
{
    const struct shape *p = &n->input[P]->shape, *b = &n->input[B]->shape;
    int edges = 0;
    if (p->batched || p->rank != 2 || b->batched || b->rank != 1 || b->extent[0] != p->extent[0])
        return error_set(e, "expected a table [edges, operations] and [edges]");
    for (int inputs = n->integer; edges < p->extent[0] && inputs > 0; inputs++)
        edges += inputs;
    if (edges != p->extent[0])
        return error_set(e, "%d edges are none of nodes with %d, %d, ...", p->extent[0], n->integer,
                         n->integer + 1);
    n->shape = *p;
    n->shape.extent[1]++;
    return 0;
}

/* Of the edges of one node, from b to y's last column. */
static void softmax_of_edges(const real *b, int edges, real *y, int columns)
{
    real most = b[0];
    double sum = 0;
    for (int i = 1; i < edges; i++)
        most = b[i] > most ? b[i] : most;
    for (int i = 0; i < edges; i++)
        sum += exp((double)(b[i] - most));
    for (int i = 0; i < edges; i++)
        y[i * columns + columns - 1] = (real)(exp((double)(b[i] - most)) / sum);
}

static void weigh_edges_forward(const struct node *n, const struct context *c)
{
    const int edges = n->shape.extent[0], columns = n->shape.extent[1], ops = columns - 1;
    const real *p = n->input[P]->value, *b = n->input[B]->value;
    real *y = n->value;
    (void)c;
    for (int edge = 0, inputs = n->integer; edge < edges; edge += inputs++)
        softmax_of_edges(b + edge, inputs, y + edge * columns, columns);
    for (int edge = 0; edge < edges; edge++)
        for (int op = 0; op < ops; op++)
            y[edge * columns + op] = p[edge * ops + op] * y[edge * columns + ops];
}

/* The slope by the weight of an edge. */
static double edge_slope(const struct node *n, int edge)
{
    const int columns = n->shape.extent[1], ops = columns - 1;
    const real *p = n->input[P]->value + edge * ops, *g = n->gradient + edge * columns;
    double sum = (double)g[ops];
    for (int op = 0; op < ops; op++)
        sum += (double)p[op] * (double)g[op];
    return sum;
}

static void give(real *to, bool add, double x)
{
    *to = add ? *to + (real)x : (real)x;
}

static void weigh_edges_backward(const struct node *n, const struct context *c)
{
    const int edges = n->shape.extent[0], columns = n->shape.extent[1], ops = columns - 1;
    const real *y = n->value, *g = n->gradient;
    for (int i = 0; wants(n, c, P) && i < edges * ops; i++) {
        const int at = i / ops * columns;
        give(n->input[P]->gradient + i, n->accumulate[P],
             (double)g[at + i % ops] * (double)y[at + ops]);
    }
    if (!wants(n, c, B))
        return;
    for (int first = 0, inputs = n->integer; first < edges; first += inputs++) {
        double mean = 0;
        for (int edge = first; edge < first + inputs; edge++)
            mean += (double)y[edge * columns + ops] * edge_slope(n, edge);
        for (int edge = first; edge < first + inputs; edge++)
            give(n->input[B]->gradient + edge, n->accumulate[B],
                 (double)y[edge * columns + ops] * (edge_slope(n, edge) - mean));
    }
}

const struct op OP(weigh_edges) = {.name = "edge weights",
                                   .shape = weigh_edges_shape,
                                   .forward = {weigh_edges_forward},
                                   .backward = {weigh_edges_backward},
                                   .reads = 1 << P | READS_OUTPUT};
