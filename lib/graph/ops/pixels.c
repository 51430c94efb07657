/* Losses of pixels, of which some do not count: sums over the batch by the pixels' weights, divided
 * by the sum of these. */
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

/* Of pixel p: what it counts for, and its loss. */
typedef double of_pixel(const struct node *n, size_t p);

static inline void mean_forward(const struct node *n, const struct context *c, of_pixel *weight_of,
                                of_pixel *loss_of)
{
    const size_t pixels = node_count(n->input[1]);
    double part[GRAPH_SLICES], weights[GRAPH_SLICES], sum = 0, total = 0;
    FOR_SLICES(c, s)
    {
        part[s] = weights[s] = 0;
        for (size_t p = slice_begin(c, s) * pixels; p < slice_begin(c, s + 1) * pixels; p++) {
            const double weight = weight_of(n, p);
            if (weight == 0)
                continue;
            part[s] += weight * loss_of(n, p);
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

/* `slope` gives pixel p's of input 0 by a weight, which may be 0. */
static inline void mean_backward(const struct node *n, const struct context *c, of_pixel *weight_of,
                                 void (*slope)(const struct node *n, size_t p, double weight))
{
    if (!wants(n, c, 0))
        return;
    const size_t pixels = node_count(n->input[1]);
    const double scale = *total_of(n) > 0 ? (double)n->gradient[0] / *total_of(n) : 0;
    FOR_SLICES(c, s)
    for (size_t p = slice_begin(c, s) * pixels; p < slice_begin(c, s + 1) * pixels; p++)
        slope(n, p, scale * weight_of(n, p));
}

static inline void give(const struct node *n, real *to, double slope)
{
    *to = (real)((n->accumulate[0] ? (double)*to : 0) + slope);
}

/* ---- classes ---- */

static int cross_entropy_shape(struct node *n, struct error *e)
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

static inline const real *logits_of(const struct node *n, size_t p)
{
    return n->input[0]->value + p * (size_t)node_channels(n->input[0]);
}

static inline double class_weight(const struct node *n, size_t p)
{
    const real label = n->input[1]->value[p];
    bool counts = label >= 0 && label < (real)node_channels(n->input[0]);
    return !counts ? 0 : n->input[2] ? (double)n->input[2]->value[(int)label] : 1;
}

static inline double class_loss(const struct node *n, size_t p)
{
    const real *x = logits_of(n, p);
    return log_sum_exp(x, (size_t)node_channels(n->input[0])) -
           (double)x[(int)n->input[1]->value[p]];
}

static inline void class_slope(const struct node *n, size_t p, double weight)
{
    const int classes = node_channels(n->input[0]);
    const real label = n->input[1]->value[p], *x = logits_of(n, p);
    const double norm = weight == 0 ? 0 : log_sum_exp(x, (size_t)classes);
    real *to = n->input[0]->gradient + p * (size_t)classes;
    for (int k = 0; k < classes; k++)
        give(n, &to[k], weight == 0 ? 0 : weight * (exp((double)x[k] - norm) - (k == (int)label)));
}

static void cross_entropy_forward(const struct node *n, const struct context *c)
{
    mean_forward(n, c, class_weight, class_loss);
}
static void cross_entropy_backward(const struct node *n, const struct context *c)
{
    mean_backward(n, c, class_weight, class_slope);
}

const struct op OP(pixel_cross_entropy) = {
    .name = "pixel cross-entropy",
    .shape = cross_entropy_shape,
    .forward = {cross_entropy_forward},
    .backward = {cross_entropy_backward},
    .saved = saved,
    .reads = 1 << 0 | 1 << 1 | 1 << 2,
    .constant = 1 << 1 | 1 << 2,
};

/* ---- numbers ---- */

static int absolute_error_shape(struct node *n, struct error *e)
{
    if (!n->input[0]->shape.batched || !same_shape(&n->input[0]->shape, &n->input[1]->shape))
        return error_set(e, "expected numbers and as many targets");
    n->shape = (struct shape){0};
    return 0;
}

static inline double is_known(const struct node *n, size_t p)
{
    return n->input[1]->value[p] > 0;
}

static inline double distance(const struct node *n, size_t p)
{
    return fabs((double)n->input[0]->value[p] - (double)n->input[1]->value[p]);
}

static inline void distance_slope(const struct node *n, size_t p, double weight)
{
    const real x = n->input[0]->value[p], y = n->input[1]->value[p];
    give(n, &n->input[0]->gradient[p], weight * ((x > y) - (x < y)));
}

static void absolute_error_forward(const struct node *n, const struct context *c)
{
    mean_forward(n, c, is_known, distance);
}
static void absolute_error_backward(const struct node *n, const struct context *c)
{
    mean_backward(n, c, is_known, distance_slope);
}

const struct op OP(pixel_absolute_error) = {
    .name = "pixel absolute error",
    .shape = absolute_error_shape,
    .forward = {absolute_error_forward},
    .backward = {absolute_error_backward},
    .saved = saved,
    .reads = 1 << 0 | 1 << 1,
    .constant = 1 << 1,
};
