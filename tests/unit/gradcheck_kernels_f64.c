/* The ops with kernels of their own: gradients against differences, values against plain loops,
 * adjoints against each other, statistics against their definition. */
#include "gradcheck.h"

static struct node *image(struct graph *g, const struct gradcheck *c)
{
    return check_input(g, "x", c->height, c->width, c->channels);
}
static int kernel_of(const struct gradcheck *c)
{
    return c->window.kernel ? c->window.kernel : 1;
}
static struct node *case_conv2d(struct graph *g, const struct gradcheck *c)
{
    int k = kernel_of(c), groups = c->window.groups ? c->window.groups : 1;
    return conv2d(image(g, c),
                  check_weight(g, "w", GRAPH_WEIGHTS, k, k, c->channels / groups, c->out),
                  c->window);
}
static struct node *case_transpose(struct graph *g, const struct gradcheck *c)
{
    int k = kernel_of(c), groups = c->window.groups ? c->window.groups : 1;
    return conv_transpose2d(image(g, c),
                            check_weight(g, "w", GRAPH_WEIGHTS, k, k, c->out / groups, c->channels),
                            c->window);
}
static struct node *case_depthwise(struct graph *g, const struct gradcheck *c)
{
    int k = kernel_of(c);
    return depthwise(image(g, c), check_weight(g, "w", GRAPH_WEIGHTS, k, k, c->channels),
                     c->window);
}
static struct node *case_separable(struct graph *g, const struct gradcheck *c)
{
    int k = kernel_of(c);
    struct node *s = c->integer ? check_weight(g, "s", GRAPH_WEIGHTS, 2, c->channels) : NULL;
    struct node *w = check_weight(g, "w", GRAPH_WEIGHTS, k, k, c->channels);
    return separable(image(g, c), s, w,
                     check_weight(g, "p", GRAPH_WEIGHTS, 1, 1, c->channels, c->out), c->window);
}
/* The same from parts. */
static struct node *case_parts(struct graph *g, const struct gradcheck *c)
{
    int k = kernel_of(c);
    struct node *x = image(g, c);
    if (c->integer)
        x = normalise(x, check_weight(g, "s", GRAPH_WEIGHTS, 2, c->channels), NULL, NULL, ACT_RELU);
    struct window window = c->window;
    window.relu = true;
    x = depthwise(x, check_weight(g, "w", GRAPH_WEIGHTS, k, k, c->channels), window);
    return conv2d(x, check_weight(g, "p", GRAPH_WEIGHTS, 1, 1, c->channels, c->out),
                  (struct window){.kernel = 1});
}
static struct node *case_statistics(struct graph *g, const struct gradcheck *c)
{
    return statistics(image(g, c),
                      c->integer ? check_weight(g, "r", GRAPH_BUFFERS, 2, c->channels) : NULL);
}
static struct node *case_normalise(struct graph *g, const struct gradcheck *c)
{
    bool affine = c->number > 0;
    return normalise(
        image(g, c), c->number < 2 ? check_weight(g, "s", GRAPH_WEIGHTS, 2, c->channels) : NULL,
        affine ? check_weight(g, "scale", GRAPH_WEIGHTS, c->channels) : NULL,
        affine ? check_weight(g, "shift", GRAPH_WEIGHTS, c->channels) : NULL, c->integer);
}
static struct node *case_batch_norm(struct graph *g, const struct gradcheck *c)
{
    struct node *x = image(g, c);
    return normalise(x, statistics(x, NULL), check_weight(g, "scale", GRAPH_WEIGHTS, c->channels),
                     check_weight(g, "shift", GRAPH_WEIGHTS, c->channels), c->integer);
}
/* A convolution that leaves moments, and whose gradient is pending (affine.h). */
static struct node *case_conv_norm(struct graph *g, const struct gradcheck *c)
{
    struct node *y = case_conv2d(g, c);
    return normalise(y, statistics(y, NULL), check_weight(g, "scale", GRAPH_WEIGHTS, c->out),
                     check_weight(g, "shift", GRAPH_WEIGHTS, c->out), c->integer);
}
/* The statistics of y normalise another, and y is rectified as it is. */
static struct node *case_others_norm(struct graph *g, const struct gradcheck *c)
{
    struct node *y = case_conv2d(g, c), *s = statistics(y, NULL);
    struct node *other = check_weight(g, "o", GRAPH_WEIGHTS, 1, 1, c->channels, c->out);
    struct node *z = conv2d(graph_find(g, "x"), other, (struct window){.kernel = 1});
    return add(normalise(y, NULL, check_weight(g, "scale", GRAPH_WEIGHTS, c->out),
                         check_weight(g, "shift", GRAPH_WEIGHTS, c->out), c->integer),
               normalise(z, s, NULL, NULL, ACT_IDENTITY));
}
static struct node *case_max_pool(struct graph *g, const struct gradcheck *c)
{
    return max_pool(image(g, c), c->window);
}
/* As in a SegNet: what is unpooled is made from what was pooled. */
static struct node *case_max_unpool(struct graph *g, const struct gradcheck *c)
{
    struct node *pool = max_pool(image(g, c), c->window);
    return max_unpool(conv2d(pool,
                             check_weight(g, "w", GRAPH_WEIGHTS, 1, 1, c->channels, c->channels),
                             (struct window){.kernel = 1}),
                      pool);
}
static struct node *case_avg_pool(struct graph *g, const struct gradcheck *c)
{
    return avg_pool(image(g, c), c->window);
}
static struct node *case_global(struct graph *g, const struct gradcheck *c)
{
    return global_avg_pool(image(g, c));
}

#define CASE(op, b, runs, h, w, c, o, ...)                                                 \
    {                                                                                      \
        .name = #op " " #h "x" #w "x" #c " " #__VA_ARGS__, .build = case_##op, .batch = b, \
        .n = runs, .height = h, .width = w, .channels = c, .out = o, __VA_ARGS__           \
    }
#define WINDOW(...) .window = {__VA_ARGS__}

static const struct gradcheck gradients[] = {
    CASE(conv2d, 3, 2, 5, 7, 3, 4, WINDOW(.kernel = 3, .stride = 1, .pad = 1)),
    CASE(conv2d, 18, 0, 6, 5, 1, 5, WINDOW(.kernel = 3, .stride = 2, .pad = 1, .relu = true)),
    CASE(conv2d, 2, 0, 9, 8, 8, 10, WINDOW(.kernel = 4, .stride = 2, .pad = 1)),
    CASE(conv2d, 2, 0, 9, 9, 6, 4, WINDOW(.kernel = 3, .dilation = 2, .pad = 2, .groups = 2)),
    CASE(conv2d, 3, 0, 5, 4, 10, 16, WINDOW(.kernel = 1)),
    CASE(conv2d, 3, 0, 5, 4, 10, 6, WINDOW(.kernel = 1, .groups = 2)),
    CASE(conv2d, 2, 0, 7, 4, 5, 3, WINDOW(.kernel = 1, .relu = true)),
    CASE(conv2d, 3, 0, 5, 4, 6, 8, WINDOW(.kernel = 1, .groups = 2, .relu = true)),
    CASE(conv2d, 2, 0, 7, 6, 5, 8, WINDOW(.kernel = 1, .stride = 2, .extent = 1, .relu = true)),
    CASE(conv2d, 2, 0, 7, 6, 5, 8,
         WINDOW(.kernel = 1, .stride = 2, .pad = -1, .extent = 1, .relu = true)),
    CASE(conv2d, 17, 0, 7, 9, 40, 36, WINDOW(.kernel = 1, .relu = true)),
    CASE(conv2d, 17, 0, 3, 3, 40, 56, WINDOW(.kernel = 3, .pad = 1)),
    CASE(conv2d, 3, 0, 2, 2, 260, 72, WINDOW(.kernel = 1, .relu = true)),
    CASE(conv2d, 3, 2, 8, 9, 8, 16, WINDOW(.kernel = 4, .stride = 2, .pad = 1, .relu = true)),
    CASE(conv2d, 2, 0, 17, 14, 8, 8, WINDOW(.kernel = 4, .stride = 2, .pad = 1)),
    CASE(conv2d, 2, 0, 9, 7, 8, 24, WINDOW(.kernel = 3, .pad = 1, .relu = true)),
    CASE(conv2d, 2, 0, 11, 9, 8, 8, WINDOW(.kernel = 3, .pad = -1)),
    CASE(conv2d, 2, 0, 12, 19, 8, 8, WINDOW(.kernel = 4, .stride = 2)),
    CASE(transpose, 3, 2, 4, 3, 5, 3, WINDOW(.kernel = 4, .stride = 2, .pad = 1)),
    CASE(transpose, 2, 0, 1, 1, 7, 8, WINDOW(.kernel = 4, .stride = 1)),
    CASE(transpose, 2, 0, 3, 5, 6, 4, WINDOW(.kernel = 3, .dilation = 2, .groups = 2)),
    CASE(transpose, 3, 2, 9, 7, 16, 8, WINDOW(.kernel = 4, .stride = 2, .pad = 1)),
    CASE(transpose, 2, 0, 4, 5, 8, 8, WINDOW(.kernel = 4, .stride = 2, .pad = 1)),
    CASE(transpose, 5, 0, 2, 2, 40, 36, WINDOW(.kernel = 4, .stride = 2, .pad = 1)),
    CASE(depthwise, 3, 2, 5, 7, 3, 0, WINDOW(.kernel = 3, .pad = 1)),
    CASE(depthwise, 2, 0, 9, 8, 16, 0, WINDOW(.kernel = 5, .pad = 4, .dilation = 2, .relu = true)),
    CASE(depthwise, 2, 0, 9, 10, 10, 0, WINDOW(.kernel = 5, .stride = 2, .pad = 2)),
    CASE(depthwise, 2, 0, 7, 8, 5, 0, WINDOW(.kernel = 3, .stride = 3, .pad = 2, .dilation = 2)),
    CASE(depthwise, 2, 0, 8, 8, 1, 0, WINDOW(.kernel = 7, .pad = 3)),
    CASE(depthwise, 2, 0, 6, 7, 8, 0, WINDOW(.kernel = 1, .stride = 2, .pad = -1, .extent = 1)),
    CASE(depthwise, 2, 0, 9, 5, 3, 0, WINDOW(.kernel = 2, .stride = 2, .pad = 1, .extent = 1)),
    CASE(separable, 3, 2, 7, 7, 16, 16, WINDOW(.kernel = 3, .pad = 1), .integer = 1),
    CASE(separable, 18, 0, 5, 6, 3, 5, WINDOW(.kernel = 3, .stride = 2, .pad = 1)),
    CASE(separable, 2, 0, 9, 8, 24, 10, WINDOW(.kernel = 5, .pad = 4, .dilation = 2)),
    CASE(separable, 2, 0, 9, 8, 5, 24, WINDOW(.kernel = 5, .stride = 2, .pad = 2), .integer = 1),
    CASE(separable, 2, 0, 9, 9, 10, 8, WINDOW(.kernel = 3, .stride = 2, .pad = 2, .dilation = 2),
         .integer = 1),
    CASE(separable, 2, 0, 10, 14, 8, 1, WINDOW(.kernel = 5, .stride = 2, .pad = 4, .dilation = 2),
         .integer = 1),
    CASE(separable, 2, 0, 4, 7, 1, 3, WINDOW(.kernel = 7, .pad = 3)),
    /* Lines of 7 go in pairs, and the last one by itself; of 14, 16 and 21 in other blocks. */
    CASE(separable, 2, 0, 7, 7, 9, 17, WINDOW(.kernel = 5, .pad = 2), .integer = 1),
    CASE(separable, 2, 0, 6, 7, 16, 8, WINDOW(.kernel = 5, .pad = 4, .dilation = 2)),
    CASE(separable, 2, 0, 5, 7, 8, 16, WINDOW(.kernel = 3, .pad = 2, .dilation = 2)),
    CASE(separable, 2, 0, 5, 14, 8, 8, WINDOW(.kernel = 5, .pad = 2)),
    CASE(separable, 2, 0, 4, 16, 3, 8, WINDOW(.kernel = 3, .pad = 1), .integer = 1),
    CASE(separable, 1, 0, 3, 21, 8, 4, WINDOW(.kernel = 3, .pad = 2, .dilation = 2)),
    CASE(statistics, 5, 3, 4, 3, 10, 0, .integer = 0),
    CASE(statistics, 18, 0, 3, 3, 24, 0, .integer = 1),
    CASE(statistics, 4, 0, 1, 1, 3, 0, .integer = 0),
    CASE(statistics, 2, 0, 2, 2, 5, 0, .integer = 1, .inference = true),
    CASE(normalise, 3, 2, 4, 5, 3, 0, .number = 0, .integer = ACT_IDENTITY),
    CASE(normalise, 3, 2, 4, 5, 16, 0, .number = 1, .integer = ACT_RELU),
    CASE(normalise, 18, 0, 2, 3, 10, 0, .number = 1, .integer = ACT_LEAKY),
    CASE(normalise, 2, 0, 1, 1, 24, 0, .number = 2, .integer = ACT_LEAKY),
    CASE(batch_norm, 4, 3, 5, 4, 8, 0, .integer = ACT_RELU),
    CASE(batch_norm, 17, 0, 1, 2, 5, 0, .integer = ACT_LEAKY),
    CASE(conv_norm, 4, 3, 7, 5, 9, 8, WINDOW(.kernel = 1), .integer = ACT_LEAKY),
    CASE(conv_norm, 17, 0, 3, 2, 5, 3, WINDOW(.kernel = 1, .stride = 2, .relu = true),
         .integer = ACT_RELU),
    CASE(conv_norm, 2, 0, 6, 5, 16, 16, WINDOW(.kernel = 1, .relu = true), .integer = ACT_IDENTITY),
    CASE(others_norm, 4, 3, 7, 5, 9, 8, WINDOW(.kernel = 1), .integer = ACT_RELU),
    CASE(others_norm, 2, 0, 6, 5, 3, 5, WINDOW(.kernel = 1), .integer = ACT_IDENTITY),
    CASE(max_pool, 3, 2, 7, 8, 3, 0, WINDOW(.kernel = 3, .pad = 1)),
    CASE(max_pool, 2, 0, 8, 7, 16, 0, WINDOW(.kernel = 3, .stride = 2, .pad = 1)),
    CASE(max_pool, 2, 0, 6, 5, 10, 0, WINDOW(.kernel = 2, .stride = 2)),
    CASE(max_pool, 2, 0, 9, 9, 24, 0, WINDOW(.kernel = 3, .dilation = 2, .pad = 2)),
    CASE(max_unpool, 3, 2, 6, 8, 16, 0, WINDOW(.kernel = 2, .stride = 2)),
    CASE(max_unpool, 2, 0, 7, 9, 5, 0, WINDOW(.kernel = 2, .stride = 2)),
    CASE(max_unpool, 2, 0, 11, 6, 3, 0, WINDOW(.kernel = 3, .stride = 3)),
    CASE(avg_pool, 3, 2, 7, 8, 3, 0, WINDOW(.kernel = 3, .pad = 1)),
    CASE(avg_pool, 2, 0, 8, 7, 16, 0, WINDOW(.kernel = 3, .stride = 2, .pad = 1)),
    CASE(avg_pool, 2, 0, 9, 8, 10, 0, WINDOW(.kernel = 5, .stride = 3)),
    CASE(global, 3, 2, 5, 6, 10, 0),
};

/* Every layout that separable serves, as it and from its parts. */
static void check_separable(void)
{
    double most = 0;
    const char *where = "";
    for (int k = 1; k <= 5; k += 2)
        for (int stride = 1; stride <= 2; stride++)
            for (int dilation = 1; dilation <= 2; dilation++)
                for (int size = 5; size <= 29; size += 8) {
                    struct gradcheck c = {.name = "separable",
                                          .batch = 3,
                                          .height = size,
                                          .width = size + 1,
                                          .channels = 8 + size % 3,
                                          .out = 5 * k,
                                          .build = case_separable,
                                          .window = {.kernel = k,
                                                     .stride = stride,
                                                     .dilation = dilation,
                                                     .pad = dilation * (k / 2)},
                                          .integer = stride};
                    struct check_result fused, parts;
                    if (!check_run(&fused, &c, 1, NULL, 2))
                        return;
                    c.build = case_parts;
                    if (!check_run(&parts, &c, 1, NULL, 2))
                        return;
                    double d = check_apart(&fused, 1, &parts, &where);
                    most = d <= most ? most : d;
                    check_free(&fused);
                    check_free(&parts);
                }
    ok(most < 1e-12, "separable equals its parts, values and gradients: apart %.1e", most);
}

/* Values by the definition. */
static double loop_conv2d(const struct gradcheck *c, const real *x, const real *w, int y, int at,
                          int o)
{
    const struct window *v = &c->window;
    int k = kernel_of(c), groups = v->groups ? v->groups : 1, dilation = v->dilation + !v->dilation;
    int gc = c->channels / groups, stride = v->stride + !v->stride, g = o / (c->out / groups);
    double sum = 0;
    for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++)
            for (int q = 0; q < gc; q++) {
                int r = y * stride - v->pad + i * dilation, s = at * stride - v->pad + j * dilation;
                if (r < 0 || r >= c->height || s < 0 || s >= c->width)
                    continue;
                double in = (double)x[(r * c->width + s) * c->channels + g * gc + q];
                sum +=
                    (v->relu && in < 0 ? 0 : in) * (double)w[((i * k + j) * gc + q) * c->out + o];
            }
    return sum;
}

static void check_loops(void)
{
    for (size_t i = 0; i < sizeof gradients / sizeof *gradients; i++) {
        const struct gradcheck *c = &gradients[i];
        struct check_result r;
        if (c->build != case_conv2d || !check_run(&r, c, 1, NULL, 1))
            continue;
        const struct shape *s = node_shape(r.out);
        const real *x = node_value(graph_find(r.g, "x")), *w = node_value(graph_find(r.g, "w"));
        const real *out = r.out_value;
        double most = 0;
        for (int n = 0; n < r.run.n; n++, x += c->height * c->width * c->channels)
            for (int y = 0; y < s->extent[0]; y++)
                for (int at = 0; at < s->extent[1]; at++)
                    for (int o = 0; o < c->out; o++)
                        most = fmax(most, fabs((double)*out++ - loop_conv2d(c, x, w, y, at, o)));
        ok(most < 1e-12, "%s: values equal plain loops', apart %.1e", c->name, most);
        check_free(&r);
    }
}

/* <conv(x), y> = <x, conv_transpose(y)>. */
static void check_adjoint(void)
{
    for (int k = 1; k <= 5; k++)
        for (int stride = 1; stride <= 2; stride++) {
            struct error e;
            struct graph *g = graph_new(&e);
            struct window window = {.kernel = k, .stride = stride, .pad = k / 2};
            int side = 6, wide = (side - 1) * stride - 2 * (k / 2) + k;
            struct node *x = graph_input(g, "x", wide, wide, 5);
            struct node *y = graph_input(g, "y", side, side, 7);
            struct node *w = check_weight(g, "w", GRAPH_WEIGHTS, k, k, 5, 7);
            struct node *cx = conv2d(x, w, window), *ty = conv_transpose2d(y, w, window);
            graph_keep(cx);
            graph_keep(ty);
            if (!ok(!graph_plan(g, NULL, 2, GRAPH_INFER, &e), "adjoint: plan %s",
                    cx && ty ? "" : e.text))
                return;
            graph_initialise(g, GRAPH_WEIGHTS, 5);
            for (size_t i = 0; i < 2 * node_count(x); i++)
                node_value(x)[i] = (real)check_draw("x", i);
            for (size_t i = 0; i < 2 * node_count(y); i++)
                node_value(y)[i] = (real)check_draw("y", i);
            graph_forward(g, &(struct graph_run){.n = 2, .inference = true});
            double a = 0, b = 0;
            for (size_t i = 0; i < 2 * node_count(y); i++)
                a += (double)node_value(cx)[i] * (double)node_value(y)[i];
            for (size_t i = 0; i < 2 * node_count(x); i++)
                b += (double)node_value(x)[i] * (double)node_value(ty)[i];
            ok(fabs(a - b) < 1e-12 * fmax(fabs(a), 1), "kernel %d, stride %d: adjoint, %g and %g",
               k, stride, a, b);
            graph_free(g);
        }
}

static double inner(const real *a, const real *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* Batches that are too large to be worked on at once: y is linear in x and in w, so that both
 * gradients of L = |y|^2 / n are told by <x, gx> = <w, gw> = 2 L, and the images are all alike. */
static void check_large(void)
{
    static const struct {
        int side, kernel, stride;
        bool transpose;
    } cases[] = {{16, 4, 2, false}, {16, 3, 1, false}, {8, 4, 2, true}};
    enum { BATCH = 80, C = 32 };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct error e;
        struct graph *g = graph_new(&e);
        struct window window = {.kernel = cases[k].kernel, .stride = cases[k].stride, .pad = 1};
        struct node *x = graph_input(g, "x", cases[k].side, cases[k].side, C);
        struct node *w = check_weight(g, "w", GRAPH_WEIGHTS, window.kernel, window.kernel, C, C);
        struct node *y = cases[k].transpose ? conv_transpose2d(x, w, window) : conv2d(x, w, window);
        struct node *loss = mean_square_norm(y);
        graph_differentiate(x);
        graph_keep(y);
        if (!ok(!graph_plan(g, loss, BATCH, GRAPH_TRAIN, &e), "large batch: plan"))
            return;
        graph_initialise(g, GRAPH_WEIGHTS, 5);
        size_t count = node_count(x), out = node_count(y);
        for (size_t i = 0; i < BATCH * count; i++)
            node_value(x)[i] = (real)check_draw("x", i % count);
        struct graph_run run = {.n = BATCH, .gradients = 1u << GRAPH_WEIGHTS};
        graph_forward(g, &run);
        graph_backward(g, &run);
        const real *gx = node_gradient(x), *v = node_value(y);
        double l = 2 * (double)node_value(loss)[0], apart = 0;
        double by_x = inner(node_value(x), gx, BATCH * count);
        double by_w = inner(node_value(w), node_gradient(w), node_count(w));
        for (size_t i = 0; i < BATCH * out; i++)
            apart = fmax(apart, fabs((double)(v[i] - v[i % out])));
        for (size_t i = 0; i < BATCH * count; i++)
            apart = fmax(apart, fabs((double)(gx[i] - gx[i % count])));
        ok(l > 0 && fabs(by_x / l - 1) < 1e-12 && fabs(by_w / l - 1) < 1e-12 && apart <= 0,
           "batch of %d, kernel %d: homogeneous, apart %.1e and %.1e; images alike", BATCH,
           window.kernel, by_x / l - 1, by_w / l - 1);
        graph_free(g);
    }
}

/* Mean and deviation by the definition, far from zero; running statistics by PyTorch's rule. */
static void check_statistics(void)
{
    enum { N = 19, SIDE = 3, C = 5, COUNT = N * SIDE * SIDE };
    struct error e;
    struct graph *g = graph_new(&e);
    struct node *x = graph_input(g, "x", SIDE, SIDE, C);
    struct node *running = check_weight(g, "r", GRAPH_BUFFERS, 2, C);
    struct node *s = statistics(x, running);
    graph_keep(s);
    if (!ok(!graph_plan(g, NULL, N, GRAPH_INFER, &e), "statistics: plan"))
        return;
    for (int i = 0; i < 2 * C; i++)
        node_value(running)[i] = i >= C;
    for (size_t i = 0; i < COUNT * C; i++)
        node_value(x)[i] = (real)(1e6 + check_draw("x", i));
    graph_forward(g, &(struct graph_run){.n = N, .track = true});
    double off = 0, moved = 0;
    for (int c = 0; c < C; c++) {
        double mean = 0, variance = 0;
        for (int i = 0; i < COUNT; i++)
            mean += ((double)node_value(x)[i * C + c] - 1e6) / COUNT;
        for (int i = 0; i < COUNT; i++)
            variance += pow((double)node_value(x)[i * C + c] - 1e6 - mean, 2) / COUNT;
        off = fmax(off, fabs((double)node_value(s)[c] - 1e6 - mean));
        off = fmax(off, fabs((double)node_value(s)[C + c] - 1 / sqrt(variance + 1e-5)));
        moved = fmax(moved, fabs((double)node_value(running)[c] - 0.1 * (mean + 1e6)));
        moved = fmax(moved, fabs((double)node_value(running)[C + c] - 0.9 -
                                 0.1 * variance * COUNT / (COUNT - 1)));
    }
    ok(off < 1e-8, "statistics of values about a million: off by %.1e", off);
    ok(moved < 1e-8, "running statistics move by a tenth: off by %.1e", moved);
    graph_forward(g, &(struct graph_run){.n = 1, .inference = true, .track = true});
    double apart = 0;
    for (int c = 0; c < C; c++) {
        apart = fmax(apart, fabs((double)(node_value(s)[c] - node_value(running)[c])));
        apart = fmax(apart, fabs((double)node_value(s)[C + c] -
                                 1 / sqrt((double)node_value(running)[C + c] + 1e-5)));
    }
    ok(apart < 1e-12, "inference takes the running statistics");
    graph_free(g);
}

static void check_ties(void)
{
    struct error e;
    struct graph *g = graph_new(&e);
    struct node *x = graph_input(g, "x", 3, 3, 1);
    graph_differentiate(x);
    struct node *y = max_pool(x, (struct window){.kernel = 3, .pad = 1});
    graph_keep(y);
    struct node *loss = mean_square_norm(y);
    if (!ok(!graph_plan(g, loss, 1, GRAPH_TRAIN, &e), "ties: plan"))
        return;
    for (int i = 0; i < 9; i++)
        node_value(x)[i] = 1;
    struct graph_run run = {.n = 1};
    graph_forward(g, &run);
    graph_backward(g, &run);
    /* Each window's first pixel in row-major order: rows and columns 0, 0, 1. */
    static const double expected[9] = {4 * 2, 2 * 2, 0, 2 * 2, 1 * 2, 0, 0, 0, 0};
    double off = 0;
    for (int i = 0; i < 9; i++)
        off = fmax(off, fabs((double)node_gradient(x)[i] - expected[i]));
    ok(off == 0, "of equal values the first takes the gradient");
    graph_free(g);
}

static void check_refusals(void)
{
    struct error e;
    struct graph *g = graph_new(&e);
    struct node *x = graph_input(g, "x", 4, 4, 6);
    struct node *w = check_weight(g, "w", GRAPH_WEIGHTS, 3, 3, 5, 8);
    ok(!conv2d(x, w, (struct window){.kernel = 3}) && graph_check(g, &e), "wrong channels: %s",
       e.text);
    graph_free(g);
    g = graph_new(&e);
    x = graph_input(g, "x", 4, 4, 6);
    w = check_weight(g, "w", GRAPH_WEIGHTS, 5, 5, 6);
    ok(!depthwise(x, w, (struct window){.kernel = 5}) && graph_check(g, &e), "small image: %s",
       e.text);
    graph_free(g);
}

int main(void)
{
    gradcheck_table(gradients);
    check_separable();
    check_loops();
    check_adjoint();
    check_large();
    check_statistics();
    check_ties();
    check_refusals();
    return tap_done();
}
