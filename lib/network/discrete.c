#include "network/layer.h"

/* Names and structure: DARTS, cnn/model.py and cnn/operations.py. */

struct cell {
    struct graph *g;
    const struct cell_genotype *genotype;
    int index, channels;
    bool reduction, after_reduction;
    bool drops; /* there is drop-path */
};

/* Where an operation stands. */
struct place {
    struct graph *g;
    struct node *into; /* the sum that its result is to be added to, or NULL */
    int channels, stride;
    const char *module;
};

static struct node *affine(const struct place *p, struct node *x, const char *module)
{
    return layer_batch_norm_onto(p->g, p->into, x, module, true, 0, ACT_IDENTITY);
}

static struct node *factorised_reduce(const struct place *p, struct node *x)
{
    return affine(p,
                  layer_factorised_reduce(p->g, x, p->channels,
                                          name_of("%s.conv_1.weight", p->module).text,
                                          name_of("%s.conv_2.weight", p->module).text),
                  name_of("%s.bn", p->module).text);
}

/* ReLU, depthwise, pointwise, normalisation: members first .. first + 2 of the module's list. */
static struct node *separable_unit(const struct place *p, struct node *x, struct window window,
                                   int first)
{
    if (!x)
        return NULL;
    int channels = layer_channels(x);
    struct node *w = layer_depthwise_kernel(p->g, name_of("%s.op.%d.weight", p->module, first).text,
                                            window.kernel, channels);
    struct node *point = layer_kernel(p->g, name_of("%s.op.%d.weight", p->module, first + 1).text,
                                      1, channels, channels);
    return affine(p, separable(x, NULL, w, point, window),
                  name_of("%s.op.%d", p->module, first + 2).text);
}

static struct node *separable_op(const struct place *p, struct node *x, int kernel)
{
    struct window window = {.kernel = kernel, .stride = p->stride, .pad = kernel / 2};
    struct place first = *p;
    first.into = NULL;
    x = separable_unit(&first, x, window, 1);
    window.stride = 1;
    return separable_unit(p, x, window, 5);
}

static struct node *dilated_op(const struct place *p, struct node *x, int kernel)
{
    struct window window = {
        .kernel = kernel, .stride = p->stride, .pad = kernel - 1, .dilation = 2};
    return separable_unit(p, x, window, 1);
}

static struct node *plus(struct node *into, struct node *x)
{
    return into ? add(into, x) : x;
}

static struct node *operation(const struct place *p, enum primitive op, struct node *x)
{
    const struct window pool = {.kernel = 3, .stride = p->stride, .pad = 1};
    switch (op) {
    case PRIMITIVE_MAX_POOL_3:
        return plus(p->into, max_pool(x, pool));
    case PRIMITIVE_AVG_POOL_3:
        return plus(p->into, avg_pool(x, pool));
    case PRIMITIVE_SKIP:
        return p->stride == 1 ? plus(p->into, x) : factorised_reduce(p, x);
    case PRIMITIVE_SEP_3:
        return separable_op(p, x, 3);
    case PRIMITIVE_SEP_5:
        return separable_op(p, x, 5);
    case PRIMITIVE_DIL_3:
        return dilated_op(p, x, 3);
    case PRIMITIVE_DIL_5:
        return dilated_op(p, x, 5);
    default:
        return NULL;
    }
}

/* The sum of two operations. Without drop-path the second one's normalisation adds to what the
 * first has made, unless that is a state, which others read. */
static struct node *cell_node(const struct cell *c, int node, struct node *const *state)
{
    struct node *sum = NULL;
    bool state_itself = false;
    for (int k = 2 * node; k < 2 * node + 2; k++) {
        struct gene gene = c->genotype->gene[k];
        struct name module = name_of("cells.%d._ops.%d", c->index, k);
        struct place p = {c->g, NULL, c->channels, c->reduction && gene.input < CELL_INPUTS ? 2 : 1,
                          module.text};
        bool plain = gene.op == PRIMITIVE_SKIP && p.stride == 1;
        bool drops = c->drops && !plain, onto = sum && !drops && !state_itself;
        if (onto)
            p.into = sum;
        struct node *y = operation(&p, gene.op, state[gene.input]);
        y = drops ? drop_path(y) : y;
        if (!y)
            return NULL;
        sum = onto ? y : plus(sum, y);
        state_itself = plain;
    }
    return sum;
}

static struct node *cell_build(const struct cell *c, struct node *before, struct node *last)
{
    struct node *state[CELL_INPUTS + CELL_NODES], *output[GENOTYPE_MOST_CONCAT];
    struct name p0 = name_of("cells.%d.preprocess0", c->index);
    struct name p1 = name_of("cells.%d.preprocess1", c->index);
    struct place first = {c->g, NULL, c->channels, 1, p0.text};

    state[0] = c->after_reduction
                   ? factorised_reduce(&first, before)
                   : layer_relu_conv_norm(c->g, NULL, before, p0.text, 1, 1, c->channels);
    state[1] = layer_relu_conv_norm(c->g, NULL, last, p1.text, 1, 1, c->channels);
    for (int node = 0; node < CELL_NODES; node++)
        if (!(state[CELL_INPUTS + node] = cell_node(c, node, state)))
            return NULL;
    for (int i = 0; i < c->genotype->concats; i++)
        output[i] = state[c->genotype->concat[i]];
    return concat(c->genotype->concats, output);
}

/* The auxiliary classifier: pooled to 2 x 2 (from 8 x 8 by DARTS' window of 5 and stride of 3),
 * then a 1x1 and a 2x2 convolution and a linear layer. */
static struct node *auxiliary_head(struct graph *g, struct node *x, int classes)
{
    if (!x)
        return NULL;
    int side = node_shape(x)->extent[0];
    int kernel = side <= 5 ? side - 1 : side <= 10 ? 5 : (side + 1) / 2;
    struct node *w1 =
        layer_kernel(g, "auxiliary_head.features.2.weight", 1, node_shape(x)->extent[2], 128);
    struct node *w2 = layer_kernel(g, "auxiliary_head.features.5.weight", 2, 128, 768);

    x = avg_pool(activate(x, ACT_RELU), (struct window){.kernel = kernel, .stride = side - kernel});
    x = layer_batch_norm(g, conv2d(x, w1, (struct window){.kernel = 1}),
                         "auxiliary_head.features.3", true, 0, ACT_RELU);
    x = layer_batch_norm(g, conv2d(x, w2, (struct window){.kernel = 2}),
                         "auxiliary_head.features.6", true, 0, ACT_RELU);
    return layer_linear(g, x, "auxiliary_head.classifier", classes);
}

/* Side of the second reduction cell's output, that the auxiliary head pools: each reduction halves,
 * rounding up. */
static int check_auxiliary(const struct discrete *d, struct error *e)
{
    int side = d->image.height;
    for (int i = 0; i <= 2 * d->cells / 3; i++)
        if (layer_is_reduction(i, d->cells))
            side = (side + 1) / 2;
    if (d->image.height != d->image.width || side < 2)
        return error_set(e, "the auxiliary head needs square images of side 5 or more, not %d x %d",
                         d->image.height, d->image.width);
    return 0;
}

int discrete_build(struct discrete *d, struct graph *g, const struct genotype *genotype,
                   struct error *e)
{
    const struct image_shape *image = &d->image;
    struct node *before, *last, *auxiliary = NULL;

    if (genotype_check(genotype, e) ||
        layer_check_network(image, d->channels, d->cells, d->classes, e) ||
        (d->auxiliary && check_auxiliary(d, e)))
        return -1;
    d->x = graph_input(g, "image", image->height, image->width, image->channels);
    d->label = graph_input(g, "label", 1, 1, 1);
    last = conv2d(d->x, layer_kernel(g, "stem.0.weight", 3, image->channels, 3 * d->channels),
                  (struct window){.kernel = 3, .pad = 1});
    before = last = layer_batch_norm(g, last, "stem.1", true, 0, ACT_IDENTITY);

    struct cell cell = {.g = g, .channels = d->channels, .drops = d->drop_path};
    for (cell.index = 0; cell.index < d->cells; cell.index++) {
        cell.after_reduction = cell.reduction;
        cell.reduction = layer_is_reduction(cell.index, d->cells);
        cell.channels *= cell.reduction ? 2 : 1;
        cell.genotype = cell.reduction ? &genotype->reduce : &genotype->normal;
        struct node *y = cell_build(&cell, before, last);
        before = last;
        last = y;
        if (d->auxiliary && cell.index == 2 * d->cells / 3)
            auxiliary = auxiliary_head(g, last, d->classes);
    }
    d->logits = layer_linear(g, last ? global_avg_pool(last) : NULL, "classifier", d->classes);
    d->loss = cross_entropy(d->logits, d->label, 0);
    if (d->auxiliary)
        d->loss = add_scalars(d->loss, cross_entropy(auxiliary, d->label, 0), d->auxiliary_weight);
    if (graph_check(g, e))
        return -1;
    graph_keep(d->logits);
    return 0;
}
