/* The loss of a class a pixel. */
#include <math.h>
#include "graph/log_sum_exp.h"
#include "graph/op.h"

/* The weights of the pixels that count, summed: what both directions divide by. */
static double *total_of(const struct node *n)
{
    return n->saved;
}

static size_t saved(const struct node *n, int batch)
{
    (void)n, (void)batch;
    return sizeof(double);
}

static int shape(struct node *n, struct error *e)
{
    const struct shape *x = &n->input[0]->shape, *label = &n->input[1]->shape;
    const struct node *weights = n->input[2];
    if (!x->batched || !label->batched || x->rank != 3 || label->rank != 3 ||
        x->extent[0] != label->extent[0] || x->extent[1] != label->extent[1] ||
        label->extent[2] != 1)
        return error_set(e, "expected logits and, one a pixel, labels");
    if (weights && (weights->shape.batched || node_count(weights) != (size_t)x->extent[2]))
        return error_set(e, "expected %d class weights", x->extent[2]);
    n->shape = (struct shape){0};
    return 0;
}

static double weight_of(const struct node *n, real label)
{
    bool counts = label >= 0 && label < (real)node_channels(n->input[0]);
    return !counts ? 0 : n->input[2] ? (double)n->input[2]->value[(int)label] : 1;
}

static void forward(const struct node *n, const struct context *c)
{
    const int classes = node_channels(n->input[0]);
    const size_t pixels = node_count(n->input[1]);
    double part[GRAPH_SLICES], weights[GRAPH_SLICES], sum = 0, total = 0;
    FOR_SLICES(c, s)
    {
        part[s] = weights[s] = 0;
        for (size_t p = slice_begin(c, s) * pixels; p < slice_begin(c, s + 1) * pixels; p++) {
            const real label = n->input[1]->value[p], *x = n->input[0]->value + p * (size_t)classes;
            const double weight = weight_of(n, label);
            if (weight == 0)
                continue;
            part[s] += weight * (log_sum_exp(x, (size_t)classes) - (double)x[(int)label]);
            weights[s] += weight;
        }
    }
    for (int s = 0; s < GRAPH_SLICES; s++) {
        sum += part[s];
        total += weights[s];
    }
    *total_of(n) = total;
    n->value[0] = (real)(total > 0 ? sum / total : 0);
}

static void backward(const struct node *n, const struct context *c)
{
    if (!wants(n, c, 0))
        return;
    const int classes = node_channels(n->input[0]);
    const size_t pixels = node_count(n->input[1]);
    const bool add = n->accumulate[0];
    const double scale = *total_of(n) > 0 ? (double)n->gradient[0] / *total_of(n) : 0;
    FOR_SLICES(c, s)
    for (size_t p = slice_begin(c, s) * pixels; p < slice_begin(c, s + 1) * pixels; p++) {
        const real label = n->input[1]->value[p], *x = n->input[0]->value + p * (size_t)classes;
        const double weight = scale * weight_of(n, label);
        const double norm = weight == 0 ? 0 : log_sum_exp(x, (size_t)classes);
        real *to = n->input[0]->gradient + p * (size_t)classes;
        for (int k = 0; k < classes; k++) {
            double slope =
                weight == 0 ? 0 : weight * (exp((double)x[k] - norm) - (k == (int)label));
            to[k] = (real)((add ? (double)to[k] : 0) + slope);
        }
    }
}

const struct op OP(pixel_cross_entropy) = {
    .name = "pixel cross-entropy",
    .shape = shape,
    .forward = {forward},
    .backward = {backward},
    .saved = saved,
    .reads = 1 << 0 | 1 << 1 | 1 << 2,
    .constant = 1 << 1 | 1 << 2,
};
