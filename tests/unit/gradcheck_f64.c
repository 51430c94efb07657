/* The ops of elementwise.c, linear.c, loss.c and mix.c against finite differences. */
#include "gradcheck.h"

static struct node *image(struct graph *g, const struct gradcheck *c, const char *name)
{
    return check_input(g, name, c->height, c->width, c->channels);
}

static struct node *case_activate(struct graph *g, const struct gradcheck *c)
{
    return activate(image(g, c, "x"), (enum activation)c->integer);
}
static struct node *case_activate_tangent(struct graph *g, const struct gradcheck *c)
{
    return activate_tangent(stop_gradient(image(g, c, "x")), image(g, c, "t"),
                            (enum activation)c->integer);
}
static struct node *case_add(struct graph *g, const struct gradcheck *c)
{
    return add(image(g, c, "x"), image(g, c, "y"));
}
static struct node *case_add_self(struct graph *g, const struct gradcheck *c)
{
    struct node *x = image(g, c, "x");
    return multiply(add(x, x), x);
}
static struct node *case_multiply(struct graph *g, const struct gradcheck *c)
{
    return multiply(image(g, c, "x"), image(g, c, "y"));
}
static struct node *case_square(struct graph *g, const struct gradcheck *c)
{
    return multiply(image(g, c, "x"), image(g, c, "x"));
}
static struct node *case_parameters(struct graph *g, const struct gradcheck *c)
{
    (void)c;
    struct node *a = check_weight(g, "wa", GRAPH_ARCHITECTURE, 3, 5);
    return multiply(softmax(a), check_weight(g, "wb", GRAPH_WEIGHTS, 3, 5));
}
static struct node *case_scale(struct graph *g, const struct gradcheck *c)
{
    return scale_by(image(g, c, "x"), -1.7);
}
static struct node *case_drop_path(struct graph *g, const struct gradcheck *c)
{
    return drop_path(image(g, c, "x"));
}
static struct node *case_dropout(struct graph *g, const struct gradcheck *c)
{
    return dropout(image(g, c, "x"), c->number);
}
static struct node *case_run_dropout(struct graph *g, const struct gradcheck *c)
{
    return dropout(image(g, c, "x"), -1);
}
static struct node *case_stop(struct graph *g, const struct gradcheck *c)
{
    struct node *x = image(g, c, "x");
    return add(scale_by(x, 2), stop_gradient(scale_by(stop_gradient(image(g, c, "y")), 0)));
}
static struct node *case_normalise_tangent(struct graph *g, const struct gradcheck *c)
{
    struct node *s = check_weight(g, "ws", GRAPH_BUFFERS, 2, c->channels);
    struct node *scale = check_weight(g, "wk", GRAPH_WEIGHTS, c->channels);
    return normalise_tangent(image(g, c, "t"), c->integer & 1 ? s : NULL,
                             c->integer & 2 ? scale : NULL);
}
static struct node *case_concat(struct graph *g, const struct gradcheck *c)
{
    struct node *x = image(g, c, "x");
    struct node *y = check_input(g, "y", c->height, c->width, 2 * c->channels + 1);
    return concat(4, (struct node *[]){x, y, x, scale_by(y, 3)});
}
static struct node *case_linear(struct graph *g, const struct gradcheck *c)
{
    struct node *w =
        check_weight(g, "w", GRAPH_WEIGHTS, c->height * c->width * c->channels, c->out);
    return linear(image(g, c, "x"), w,
                  c->integer ? check_weight(g, "wb", GRAPH_WEIGHTS, c->out) : NULL);
}
static struct node *case_softmax(struct graph *g, const struct gradcheck *c)
{
    return softmax(image(g, c, "x"));
}
static struct node *case_log_softmax(struct graph *g, const struct gradcheck *c)
{
    return log_softmax(image(g, c, "x"));
}
static struct node *case_l2_normalise(struct graph *g, const struct gradcheck *c)
{
    return l2_normalise(image(g, c, "x"));
}

static struct node *case_mix(struct graph *g, const struct gradcheck *c)
{
    static const char *const name[] = {"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9"};
    struct node *w = softmax(check_weight(g, "alpha", GRAPH_ARCHITECTURE, 6, 8));
    struct node *sum = NULL;
    for (int i = 0; i < c->integer; i++) {
        char statistic[16];
        snprintf(statistic, sizeof statistic, "s%d", i % 13);
        struct node *s = check_weight(g, statistic, GRAPH_WEIGHTS, 2, c->channels);
        sum = mix(sum, w, i / 8, i % 8, image(g, c, name[i % 10]), i % 3 == 1 ? NULL : s);
    }
    return sum;
}

/* Parts of one image that overlap, and do not have all of it. */
static struct node *case_channels(struct graph *g, const struct gradcheck *c)
{
    struct node *x = image(g, c, "x");
    return concat(3, (struct node *[]){slice_channels(x, 1, 3), slice_channels(x, 2, c->channels - 2),
                                       slice_channels(image(g, c, "y"), 0, 1)});
}
static struct node *case_shuffled(struct graph *g, const struct gradcheck *c)
{
    struct node *x = image(g, c, "x"); /* two groups; y: one */
    struct node *y = check_input(g, "y", c->height, c->width, c->channels / 2);
    return concat_shuffled(c->integer, (struct node *[]){y, x, scale_by(y, 3), x},
                           3 * c->integer / 2);
}
/* As a partly connected node uses it: 3 edges of 2 operations, and their own weights. */
static struct node *case_edges(struct graph *g, const struct gradcheck *c)
{
    struct node *p = softmax(check_weight(g, "alpha", GRAPH_ARCHITECTURE, 3, 2)), *sum = NULL;
    struct node *w = weigh_edges(p, check_weight(g, "beta", GRAPH_ARCHITECTURE, 3), c->integer);
    static const char *const name[] = {"x0", "x1", "x2", "x3", "x4"};
    for (int i = 0; i < 7; i++)
        sum = mix(sum, w, i % 3, i / 3, image(g, c, name[i % 5]), NULL);
    return sum;
}

static struct node *vector(struct graph *g, const struct gradcheck *c, const char *name)
{
    return check_input(g, name, 1, 1, c->channels);
}
static struct node *case_cross_entropy(struct graph *g, const struct gradcheck *c)
{
    return cross_entropy(vector(g, c, "x"), check_input(g, "label5", 1, 1, 1), c->number);
}
/* With more labels than classes. */
static struct node *case_pixels(struct graph *g, const struct gradcheck *c)
{
    struct node *weights = c->integer ? check_weight(g, "wc", GRAPH_BUFFERS, c->channels) : NULL;
    return pixel_cross_entropy(image(g, c, "x"), check_input(g, "label7", c->height, c->width, 1),
                               weights);
}
static struct node *case_known_pixels(struct graph *g, const struct gradcheck *c)
{
    return pixel_absolute_error(image(g, c, "x"), image(g, c, "unit"));
}
static struct node *case_mse(struct graph *g, const struct gradcheck *c)
{
    return mean_squared_error(image(g, c, "x"), image(g, c, "y"));
}
static struct node *case_mae(struct graph *g, const struct gradcheck *c)
{
    return mean_absolute_error(image(g, c, "x"), image(g, c, "y"));
}
static struct node *case_smooth_l1(struct graph *g, const struct gradcheck *c)
{
    return smooth_l1(image(g, c, "x"), image(g, c, "y"));
}
static struct node *case_bce(struct graph *g, const struct gradcheck *c)
{
    return bce_with_logits(image(g, c, "x"), image(g, c, c->integer ? "y" : "unit"));
}
static struct node *case_triplet(struct graph *g, const struct gradcheck *c)
{
    return triplet_margin(vector(g, c, "a"), vector(g, c, "x"), vector(g, c, "y"), c->number);
}
static struct node *case_triplet_self(struct graph *g, const struct gradcheck *c)
{
    struct node *a = vector(g, c, "a");
    return triplet_margin(a, scale_by(a, 3), a, c->number);
}
static struct node *case_cosine(struct graph *g, const struct gradcheck *c)
{
    return cosine_embedding(vector(g, c, "x"), vector(g, c, "y"), check_input(g, "sign", 1, 1, 1),
                            c->number);
}
static struct node *case_contrastive(struct graph *g, const struct gradcheck *c)
{
    return contrastive(vector(g, c, "x"), vector(g, c, "y"), check_input(g, "sign", 1, 1, 1),
                       c->number);
}
static struct node *case_circle(struct graph *g, const struct gradcheck *c)
{
    struct node *a = l2_normalise(vector(g, c, "x"));
    return circle(a, c->integer ? a : l2_normalise(vector(g, c, "y")),
                  check_input(g, "label3", 1, 1, 1), c->number, 9);
}
static struct node *case_divergence(struct graph *g, const struct gradcheck *c)
{
    return normal_divergence(image(g, c, "x"), image(g, c, "y"));
}
static struct node *case_square_norm(struct graph *g, const struct gradcheck *c)
{
    return mean_square_norm(image(g, c, "x"));
}
static struct node *case_kendall(struct graph *g, const struct gradcheck *c)
{
    struct node *l = mean_square_norm(image(g, c, "x"));
    return add_scalars(kendall(l, check_weight(g, "s", GRAPH_WEIGHTS, 1), c->integer), l, 0.3);
}

static struct node *case_distillation(struct graph *g, const struct gradcheck *c)
{
    return distillation(vector(g, c, "x"), scale_by(vector(g, c, "unit"), 3), c->number);
}
static struct node *case_fit(struct graph *g, const struct gradcheck *c)
{
    return fit_channels(image(g, c, "x"), c->out);
}
/* Of a convolution: the part of its weights that so many channels have. */
static struct node *case_fit_weights(struct graph *g, const struct gradcheck *c)
{
    struct node *w = check_weight(g, "w", GRAPH_WEIGHTS, 3, 3, 7, 6);
    return conv2d(image(g, c, "x"), fit_weights(w, c->channels, c->out),
                  (struct window){.kernel = 3, .pad = 1});
}
static struct node *case_interpolate(struct graph *g, const struct gradcheck *c)
{
    return interpolate(image(g, c, "x"), c->out);
}

static const struct gradcheck cases[] = {
#define ACTIVATION(text, a)                                                             \
    {                                                                                   \
        text, case_activate, 3, 2, .height = 3, .width = 5, .channels = 7, .integer = a \
    }
    ACTIVATION("identity", ACT_IDENTITY),
    ACTIVATION("relu", ACT_RELU),
    ACTIVATION("leaky", ACT_LEAKY),
    ACTIVATION("sigmoid", ACT_SIGMOID),
    ACTIVATION("tanh", ACT_TANH),
    ACTIVATION("softplus", ACT_SOFTPLUS),
    ACTIVATION("exp", ACT_EXP),
    ACTIVATION("gelu", ACT_GELU),
    ACTIVATION("hardswish", ACT_HARDSWISH),
    ACTIVATION("swish", ACT_SWISH),
    {"relu tangent", case_activate_tangent, 2, .height = 4, .width = 3, .channels = 5,
     .integer = ACT_RELU},
    {"leaky tangent", case_activate_tangent, 2, .height = 4, .width = 3, .channels = 5,
     .integer = ACT_LEAKY},
    {"add", case_add, 5, 3, .height = 5, .width = 3, .channels = 9},
    {"add to itself", case_add_self, 2, .height = 2, .width = 3, .channels = 4},
    {"multiply", case_multiply, 5, 3, .height = 5, .width = 3, .channels = 9},
    {"square", case_square, 1, .height = 5, .width = 3, .channels = 9},
    {"softmax of parameters", case_parameters, 1, .height = 1},
    {"scale", case_scale, 4, 1, .height = 3, .width = 3, .channels = 3},
    {"dropout", case_dropout, 4, 3, .height = 3, .width = 5, .channels = 3, .number = 0.4,
     .dice = true},
    {"dropout, inference", case_dropout, 4, 3, .height = 3, .width = 5, .channels = 3,
     .number = 0.4, .inference = true},
    {"dropout, by the run", case_run_dropout, 4, 3, .height = 3, .width = 5, .channels = 3,
     .drop_path = 0.4, .dice = true},
    {"drop path", case_drop_path, 19, 18, .height = 3, .width = 2, .channels = 3, .drop_path = 0.3,
     .dice = true},
    {"drop path, off", case_drop_path, 5, .height = 3, .width = 2, .channels = 3},
    {"stop gradient", case_stop, 2, .height = 3, .width = 2, .channels = 3},
    {"normalise tangent", case_normalise_tangent, 3, 2, .height = 3, .width = 5, .channels = 5,
     .integer = 3},
    {"normalise tangent, no scale", case_normalise_tangent, 3, .height = 1, .width = 2,
     .channels = 17, .integer = 1},
    {"normalise tangent, no statistics", case_normalise_tangent, 20, 18, .height = 1, .width = 2,
     .channels = 17, .integer = 2},
    {"concat", case_concat, 3, 2, .height = 3, .width = 2, .channels = 3},
    {"channels", case_channels, 3, 2, .height = 3, .width = 2, .channels = 5},
    {"concat, shuffled", case_shuffled, 5, 3, .height = 3, .width = 2, .channels = 8,
     .integer = 2},
    {"concat, shuffled, one node twice", case_shuffled, 18, 17, .height = 2, .width = 3,
     .channels = 6, .integer = 4},
    {"edge weights, nodes of one and two", case_edges, 3, 2, .height = 2, .width = 3, .channels = 4,
     .integer = 1},
    {"edge weights, a node of three", case_edges, 2, .height = 2, .width = 2, .channels = 3,
     .integer = 3},
    {"linear", case_linear, 5, 3, .height = 3, .width = 2, .channels = 3, .out = 4, .integer = 1},
    {"linear, no bias", case_linear, 20, 19, .height = 1, .width = 1, .channels = 33, .out = 10},
    {"softmax", case_softmax, 3, 2, .height = 2, .width = 3, .channels = 6},
    {"log softmax", case_log_softmax, 3, 2, .height = 2, .width = 3, .channels = 6},
    {"l2 normalise", case_l2_normalise, 3, 2, .height = 1, .width = 2, .channels = 6},
    {"mix", case_mix, 3, 2, .height = 5, .width = 3, .channels = 16, .integer = 8},
    {"mix, many terms, odd channels", case_mix, 2, .height = 3, .width = 3, .channels = 19,
     .integer = 40},
    {"mix, one term", case_mix, 17, .height = 1, .width = 1, .channels = 3, .integer = 1},
    {"mix, several tiles", case_mix, 1, .height = 13, .width = 11, .channels = 24, .integer = 3},
    {"channels cut", case_fit, 5, 3, .height = 3, .width = 2, .channels = 7, .out = 3},
    {"channels padded", case_fit, 5, 3, .height = 3, .width = 2, .channels = 3, .out = 19},
    {"weights cut", case_fit_weights, 3, .height = 3, .width = 4, .channels = 5, .out = 4},
    {"weights cut and padded", case_fit_weights, 3, .height = 3, .width = 4, .channels = 9,
     .out = 5},
    {"interpolation to more", case_interpolate, 5, 3, .height = 3, .width = 2, .channels = 5,
     .out = 7},
    {"interpolation to fewer", case_interpolate, 17, .height = 2, .width = 2, .channels = 19,
     .out = 4},
    {"interpolation to as many", case_interpolate, 2, .height = 2, .width = 2, .channels = 5,
     .out = 5},
    {"distillation", case_distillation, 5, 4, .channels = 7, .number = 4},
    {"distillation, cold", case_distillation, 18, .channels = 3, .number = 0.7},
    {"cross-entropy", case_cross_entropy, 5, 4, .channels = 5},
    {"cross-entropy, smoothed", case_cross_entropy, 18, .channels = 5, .number = 0.1},
    {"pixel cross-entropy", case_pixels, 5, 4, .height = 3, .width = 5, .channels = 5},
    {"pixel cross-entropy, weighted", case_pixels, 3, .height = 5, .width = 2, .channels = 4,
     .integer = 1},
    {"pixel absolute error", case_known_pixels, 5, 4, .height = 3, .width = 5, .channels = 1},
    {"mean squared error", case_mse, 4, 3, .height = 3, .width = 3, .channels = 2},
    {"mean absolute error", case_mae, 4, 3, .height = 3, .width = 3, .channels = 2},
    {"smooth l1", case_smooth_l1, 4, 3, .height = 3, .width = 3, .channels = 2},
    {"binary cross-entropy", case_bce, 4, 3, .height = 3, .width = 3, .channels = 2},
    {"binary cross-entropy, soft", case_bce, 4, 3, .height = 3, .width = 3, .channels = 2,
     .integer = 1},
    {"triplet", case_triplet, 5, 4, .channels = 6, .number = 1},
    {"triplet of one node", case_triplet_self, 3, .channels = 6, .number = 1},
    {"cosine embedding", case_cosine, 7, 6, .channels = 5, .number = 0.2},
    {"contrastive", case_contrastive, 7, 6, .channels = 5, .number = 3},
    {"circle", case_circle, 7, 6, .channels = 5, .number = 0.25, .held = true},
    {"circle of one node", case_circle, 19, .channels = 3, .number = 0.25, .integer = 1,
     .held = true},
    {"normal divergence", case_divergence, 4, 3, .height = 3, .width = 3, .channels = 2},
    {"mean square norm", case_square_norm, 4, 3, .height = 3, .width = 3, .channels = 2},
    {"kendall, regression", case_kendall, 2, .height = 1, .width = 2, .channels = 2},
    {"kendall, classification", case_kendall, 2, .height = 1, .width = 2, .channels = 2,
     .integer = 1},
};

int main(void)
{
    gradcheck_table(cases);
    return tap_done();
}
