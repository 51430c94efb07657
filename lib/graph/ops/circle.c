/* Circle loss: unlike the losses of loss.c it looks at each image beside all others of the batch.
 */
#include <math.h>
#include "graph/op.h"

/* Of an anchor: log-sum-exps over those of its class, and over the others; -inf over none. */
struct sides {
    double within, between;
};

static const real *of_image(const struct node *n, int input, int image)
{
    return n->input[input]->value + (size_t)image * node_count(n->input[input]);
}

static bool alike(const struct node *n, int i, int j)
{
    return *of_image(n, 2, i) == *of_image(n, 2, j);
}

/* The exponent that image j adds to anchor i's side; *slope: its derivative by their product. */
static double exponent(const struct node *n, int i, int j, double *slope)
{
    const real *a = of_image(n, 0, i), *b = of_image(n, 1, j);
    size_t count = node_count(n->input[0]);
    double s = 0, margin = n->number;
    for (size_t k = 0; k < count; k++)
        s += (double)a[k] * (double)b[k];
    if (alike(n, i, j)) {
        *slope = -n->steepness * fmax(1 + margin - s, 0);
        return *slope * (s - 1 + margin);
    }
    *slope = n->steepness * fmax(s + margin, 0);
    return *slope * (s - margin);
}

/* log(exp(x) + exp(y)); what is no number stays none. */
static double join(double x, double y)
{
    double most = x > y ? x : y, least = x > y ? y : x;
    return least == -INFINITY ? most : most + log1p(exp(least - most));
}

static void forward(const struct node *n, const struct context *c)
{
    struct sides *sides = n->saved;
    double part[GRAPH_SLICES] = {0}, sum = 0;
    FOR_SLICES(c, s)
    for (int i = slice_first(c->n, s); i < slice_first(c->n, s + 1); i++) {
        struct sides x = {-INFINITY, -INFINITY};
        for (int j = 0; j < c->n; j++) {
            double slope, e = exponent(n, i, j, &slope), *side;
            side = alike(n, i, j) ? &x.within : &x.between;
            *side = join(*side, e);
        }
        part[s] += join(0, x.within + x.between);
        sides[i] = x;
    }
    for (int s = 0; s < GRAPH_SLICES; s++)
        sum += part[s];
    n->value[0] = (real)(sum / c->n);
}

/* Of the image's own gradient as anchor (input 0), or as what anchors look at (input 1). */
static void give(const struct node *n, const struct context *c, int input, int image, double scale)
{
    const struct sides *sides = n->saved;
    size_t count = node_count(n->input[0]);
    real *to = n->input[input]->gradient + (size_t)image * count;
    for (size_t k = 0; k < count && !n->accumulate[input]; k++)
        to[k] = 0;
    for (int other = 0; other < c->n; other++) {
        int i = input ? other : image, j = input ? image : other;
        const struct sides *x = &sides[i];
        double slope, e = exponent(n, i, j, &slope), both = x->within + x->between;
        if (both == -INFINITY)
            continue;
        slope *= scale * exp(e - (alike(n, i, j) ? x->within : x->between)) / (1 + exp(-both));
        for (size_t k = 0; k < count; k++)
            to[k] += (real)(slope * (double)of_image(n, !input, other)[k]);
    }
}

static void backward(const struct node *n, const struct context *c)
{
    double scale = (double)n->gradient[0] / c->n;
    for (int input = 0; input < 2; input++)
        if (wants(n, c, input))
            FOR_SLICES(c, s)
    for (int i = slice_first(c->n, s); i < slice_first(c->n, s + 1); i++)
        give(n, c, input, i, scale);
}

static int shape(struct node *n, struct error *e)
{
    for (int i = 0; i < 3; i++)
        if (!n->input[i]->shape.batched)
            return error_set(e, "input %d is not batched", i);
    if (node_count(n->input[0]) != node_count(n->input[1]))
        return error_set(e, "inputs of %zu and %zu elements", node_count(n->input[0]),
                         node_count(n->input[1]));
    if (node_count(n->input[2]) != 1)
        return error_set(e, "the label is not 1 x 1 x 1");
    n->shape = (struct shape){0};
    return 0;
}

static size_t saved(const struct node *n, int batch)
{
    (void)n;
    return (size_t)batch * sizeof(struct sides);
}

const struct op OP(circle) = {.name = "circle",
                              .shape = shape,
                              .forward = {forward},
                              .backward = {backward},
                              .saved = saved,
                              .reads = 1 << 0 | 1 << 1 | 1 << 2,
                              .constant = 1 << 2};
