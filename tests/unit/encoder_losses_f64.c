/* The losses of encoders in double: closed forms on small inputs, Kendall's fixed points, the
 * Jacobian's norm, and the gradient of every objective against differences. Single ops:
 * gradcheck_f64.c. */
#include <string.h>
#include "graph/ops.h"
#include "network/encoder_losses.h"
#include "tap.h"

static struct error e;
static const struct autoencoder network = {16, 1, 2, 3};
enum { BATCH = 5 };

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-12 * fmax(1, fabs(b));
}

/* Forward and backward, once. */
static void run(struct graph *g, int n)
{
    const struct graph_run once = {.n = n, .gradients = 1u << GRAPH_WEIGHTS};
    graph_forward(g, &once);
    graph_backward(g, &once);
}

static void plan(struct graph *g, struct node *loss, int batch)
{
    if (graph_check(g, &e) || graph_plan(g, loss, batch, GRAPH_TRAIN, &e)) {
        printf("Bail out! %s\n", e.text);
        exit(1);
    }
}

static struct node *vector(struct graph *g, const char *name, int count)
{
    struct node *x = graph_input(g, name, 1, 1, count);
    graph_differentiate(x);
    return x;
}

static void fill(struct node *n, int count, const double *x)
{
    for (int i = 0; i < count; i++)
        node_value(n)[i] = x[i];
}
#define FILL(n, ...) \
    fill(n, sizeof((double[]){__VA_ARGS__}) / sizeof(double), (double[]){__VA_ARGS__})

static double length(const struct node *gradient_of, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += node_gradient(gradient_of)[i] * node_gradient(gradient_of)[i];
    return sqrt(sum);
}

/* ---- pairs and triplets in the plane ---- */

static void distances(void)
{
    struct graph *g = graph_new(&e);
    struct node *a = vector(g, "a", 2), *p = vector(g, "p", 2), *q = vector(g, "q", 2);
    struct node *loss = triplet_margin(a, p, q, 1);
    plan(g, loss, 1);
    FILL(a, 0, 0), FILL(p, 3, 4), FILL(q, 0, 2);
    run(g, 1);
    ok(fabs(*node_value(loss) - 4) < 1e-5, "triplet: 5 - 2 + 1");
    FILL(q, 0, 5.9);
    run(g, 1);
    ok(*node_value(loss) > 0 && length(a, 2) > 0, "triplet: within the margin still");
    FILL(q, 0, 6.001);
    run(g, 1);
    ok(*node_value(loss) == 0 && length(a, 2) + length(p, 2) + length(q, 2) == 0,
       "triplet: 0, as its gradient, beyond the margin");
    graph_free(g);

    g = graph_new(&e);
    a = vector(g, "a", 2), p = vector(g, "p", 2);
    struct node *same = graph_input(g, "same", 1, 1, 1);
    struct node *both[] = {contrastive(a, p, same, 7), cosine_embedding(a, p, same, 0)};
    graph_keep(both[0]), graph_keep(both[1]);
    plan(g, loss = add_scalars(both[0], both[1], 1), 1);
    static const struct {
        double a[2], p[2], same, contrastive, cosine;
    } cases[] = {
        {{0, 0}, {3, 4}, 1, 12.5, 1}, /* no cosine: 0 */
        {{1, 0}, {4, 4}, -1, 2, M_SQRT1_2}, {{9, 0}, {0, 9}, -1, 0, 0},
        {{1, 0}, {0, 1}, 1, 1, 1},          {{2, 2}, {2, 2}, 1, 0, 0},
        {{2, 2}, {2, 2}, -1, 24.5, 1},      {{-1, 0}, {1, 0}, -1, 12.5, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fill(a, 2, cases[i].a), fill(p, 2, cases[i].p), FILL(same, cases[i].same);
        run(g, 1);
        ok(near(*node_value(both[0]), cases[i].contrastive) &&
               fabs(*node_value(both[1]) - cases[i].cosine) < 1e-9 && isfinite(length(a, 2)),
           "pair %zu: contrastive %g, cosine %g", i, *node_value(both[0]), *node_value(both[1]));
    }
    graph_free(g);
}

static void divergence(void)
{
    enum { NZ = 5 };
    struct graph *g = graph_new(&e);
    struct node *mean = vector(g, "mean", NZ), *log_variance = vector(g, "v", NZ);
    struct node *loss = scale_by(normal_divergence(mean, log_variance), NZ);
    plan(g, loss, 1);
    run(g, 1);
    ok(*node_value(loss) == 0 && length(mean, NZ) + length(log_variance, NZ) == 0,
       "KL of N(0, 1) from itself is 0, and its gradient");
    FILL(mean, 1, 1, 1, 1, 1);
    run(g, 1);
    ok(near(*node_value(loss), NZ / 2.), "KL of N(1, 1) is nz / 2");
    FILL(mean, 0, 0, 0, 0, 0), FILL(log_variance, log(4), 0, 0, 0, 0);
    run(g, 1);
    ok(near(*node_value(loss), (4 - 1 - log(4)) / 2), "KL of variance 4");
    graph_free(g);
}

/* ---- circle ---- */

/* The mean over anchors of log(1 + sum exp sum exp), as the paper prints it; weights: of each pair,
 * or NULL to take and leave them. */
static double circle_by_hand(int n, int nz, const double *a, const double *b, const double *class,
                             double m, double gamma, const double *held, double *weights)
{
    double mean = 0;
    for (int i = 0; i < n; i++) {
        double within = 0, between = 0;
        for (int j = 0; j < n; j++) {
            double s = 0, w;
            for (int k = 0; k < nz; k++)
                s += a[i * nz + k] * b[j * nz + k];
            w = held ? held[i * n + j] : class[i] == class[j] ? 1 + m - s : s + m;
            w = fmax(w, 0);
            if (weights)
                weights[i * n + j] = w;
            if (class[i] == class[j])
                within += exp(-gamma * w * (s - (1 - m)));
            else
                between += exp(gamma * w * (s - m));
        }
        mean += log(1 + within * between) / n;
    }
    return mean;
}

static void circle_closed(void)
{
    const double m = 0.25, gamma = 80;
    struct graph *g = graph_new(&e);
    struct node *a = vector(g, "a", 2), *b = vector(g, "b", 2);
    struct node *class = graph_input(g, "class", 1, 1, 1), *loss = circle(a, b, class, m, gamma);
    plan(g, loss, 2);
    /* Two anchors at (1, 0): products of 0.9 with one, of s_n with the other. */
    double sn = sqrt(2 * m * m - 0.01);
    FILL(class, 3, 8);
    FILL(a, 1, 0, 1, 0), FILL(b, 0.9, 0, sn, 0);
    run(g, 1);
    ok(*node_value(loss) == 0 && length(a, 2) + length(b, 2) == 0,
       "circle: 0 with nothing to shun");
    /* The second image's own is its far one: s_p = sn, s_n = 0.9. */
    run(g, 2);
    double other = gamma * ((0.9 * 0.9 - m * m) + ((1 - sn) * (1 - sn) - m * m));
    ok(near(*node_value(loss), (M_LN2 + log1p(exp(-other)) + other) / 2),
       "circle: ln 2 on the circle s_n^2 + (1 - s_p)^2 = 2 m^2");
    FILL(a, 1, 0, 0, 1), FILL(b, 1, 0, 0, 1);
    run(g, 2);
    ok(near(*node_value(loss), log1p(exp(-2 * gamma * m * m))),
       "circle: softplus(-2 gamma m^2) at s_p = 1, s_n = 0");
    FILL(class, 3, 3);
    run(g, 2);
    ok(*node_value(loss) == 0, "circle: 0 for a batch of one class");
    FILL(b, 1, 0, NAN, 1), FILL(class, 1, 2);
    run(g, 2);
    ok(isnan(*node_value(loss)), "circle: what is no number stays none");
    graph_free(g);
}

static void circle_gradient(void)
{
    enum { N = 7, NZ = 3 };
    const double m = 0.3, gamma = 6, h = 1e-6;
    struct graph *g = graph_new(&e);
    struct node *a = vector(g, "a", NZ), *b = vector(g, "b", NZ);
    struct node *class = graph_input(g, "class", 1, 1, 1), *loss = circle(a, b, class, m, gamma);
    struct random r = random_stream(1, "circle", 0);
    double x[2][N * NZ], label[N], held[N * N], worst = 0;
    plan(g, loss, N);
    for (int i = 0; i < N; i++)
        label[i] = i % 3;
    for (int i = 0; i < 2 * N * NZ; i++)
        x[i / (N * NZ)][i % (N * NZ)] = random_normal(&r) / 2;
    fill(a, N * NZ, x[0]), fill(b, N * NZ, x[1]), fill(class, N, label);
    run(g, N);
    double value = circle_by_hand(N, NZ, x[0], x[1], label, m, gamma, NULL, held);
    ok(near(*node_value(loss), value), "circle: as printed, %g", value);
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < N * NZ; i++) {
            double was = x[side][i], slope;
            x[side][i] = was + h;
            slope = circle_by_hand(N, NZ, x[0], x[1], label, m, gamma, held, NULL);
            x[side][i] = was - h;
            slope -= circle_by_hand(N, NZ, x[0], x[1], label, m, gamma, held, NULL);
            x[side][i] = was;
            worst = fmax(worst, fabs(slope / (2 * h) - node_gradient(side ? b : a)[i]));
        }
    ok(worst < 1e-7, "circle: gradient against differences, weights held, error %.1e", worst);
    graph_free(g);
}

/* ---- Kendall's weights ---- */

/* Descends on the uncertainties of two losses that stay as they are. */
static void descend(const double *loss, bool classification, double *s)
{
    struct graph *g = graph_new(&e);
    struct node *l[2], *u[2], *term[2];
    for (int i = 0; i < 2; i++) {
        l[i] = graph_input(g, i ? "l1" : "l0", 1, 1, 1);
        u[i] = graph_weight(g, i ? "s1" : "s0", GRAPH_WEIGHTS, 1, (int[]){1}, (struct initial){0});
        term[i] = kendall(mean_square_norm(l[i]), u[i], classification);
    }
    plan(g, add_scalars(term[0], term[1], 1), 1);
    for (int step = 0; step < 400; step++) {
        for (int i = 0; i < 2; i++)
            FILL(l[i], sqrt(loss[i]));
        run(g, 1);
        for (int i = 0; i < 2; i++)
            *node_value(u[i]) -= *node_gradient(u[i]);
        if (step == 0)
            s[2] = *node_value(u[1]);
    }
    s[0] = *node_value(u[0]);
    s[1] = *node_value(u[1]);
    graph_free(g);
}

static void uncertainties(void)
{
    double s[3], scaled[3], class[3];
    descend((double[]){0.3, 2}, false, s);
    descend((double[]){3, 2}, false, scaled);
    descend((double[]){0.3, 2}, true, class);
    ok(near(s[0], log(0.3)) && near(s[1], log(2)), "kendall: s settles at log L");
    ok(near(class[0], log(0.6)) && near(class[1], log(4)),
       "kendall: at log 2 L for classification");
    ok(near(scaled[0] - s[0], log(10)) && scaled[1] == s[1] && scaled[2] == s[2],
       "kendall: ten times a loss shifts its s by ln 10 and leaves the other alone");
}

/* ---- the Jacobian ---- */

/* |J|^2 of z by x at one image: the sum over the unit directions, all of them one batch. Then the
 * mean over as many normal directions, and its standard error. */
static void jacobian(struct graph *g, struct node *x, struct node *z, struct node *direction,
                     const double *image, int draws, double *exact, double *mean, double *sd)
{
    size_t size = node_count(x), nz = node_count(z);
    struct node *t = graph_tangent(z, 1, &x, &direction);
    double sum = 0, square = 0;
    graph_keep(t);
    plan(g, mean_square_norm(t), draws);
    graph_initialise(g, GRAPH_WEIGHTS, 5);
    for (size_t i = 0; i < (size_t)draws * size; i++)
        node_value(x)[i] = image[i % size];
    for (size_t i = 0; i < size * size; i++)
        node_value(direction)[i] = i / size == i % size;
    graph_forward(g, &(struct graph_run){.n = (int)size});
    *exact = 0;
    for (size_t i = 0; i < size * nz; i++)
        *exact += node_value(t)[i] * node_value(t)[i];
    struct random r = random_stream(9, "direction", 0);
    for (size_t i = 0; i < (size_t)draws * size; i++)
        node_value(direction)[i] = random_normal_at(&r, i);
    graph_forward(g, &(struct graph_run){.n = draws});
    for (int d = 0; d < draws; d++) {
        double norm = 0;
        for (size_t k = 0; k < nz; k++)
            norm += pow(node_value(t)[(size_t)d * nz + k], 2);
        sum += norm;
        square += norm * norm;
    }
    *mean = sum / draws;
    *sd = sqrt((square / draws - *mean * *mean) / draws);
}

static void jacobians(void)
{
    enum { IN = 9, OUT = 4, DRAWS = 4000 };
    double image[IN], exact, mean, error;
    for (int i = 0; i < IN; i++)
        image[i] = cos(i);
    for (int sigmoid = 0; sigmoid < 2; sigmoid++) {
        struct graph *g = graph_new(&e);
        struct node *x = graph_input(g, "x", 1, 1, IN), *n = graph_input(g, "n", 1, 1, IN);
        struct node *w = graph_weight(g, "w", GRAPH_WEIGHTS, 2, (int[]){IN, OUT},
                                      (struct initial){INITIAL_NORMAL, 0, 1});
        struct node *h = linear(x, w, NULL);
        h = sigmoid ? activate(h, ACT_SIGMOID) : h;
        jacobian(g, x, h, n, image, DRAWS, &exact, &mean, &error);
        double closed = 0;
        for (int j = 0; j < OUT; j++) {
            double a = 0, rows = 0, y;
            for (int i = 0; i < IN; i++) {
                a += image[i] * node_value(w)[i * OUT + j];
                rows += pow(node_value(w)[i * OUT + j], 2);
            }
            y = 1 / (1 + exp(-a));
            closed += rows * (sigmoid ? pow(y * (1 - y), 2) : 1);
        }
        ok(near(exact, closed), "|J|^2 of a %s layer is its closed form, %g",
           sigmoid ? "sigmoid" : "linear", closed);
        ok(fabs(mean - closed) < 3 * error, "its mean over %d directions, %g, is within 3 s.e., %g",
           DRAWS, mean, error);
        graph_free(g);
    }
}

/* The encoder's, by a tangent along each of 256 pixels and by a reverse pass from each of the
 * latent's numbers; by running statistics, which both hold constant. */
static void encoder_jacobian(void)
{
    enum { PIXELS = 256 };
    const struct graph_run once = {.n = PIXELS, .inference = true};
    struct graph *g = graph_new(&e);
    struct node *x = graph_input(g, "image", 16, 16, 1), *n = graph_input(g, "n", 16, 16, 1);
    struct node *z = encoder_build(&network, g, x), *t = graph_tangent(z, 1, &x, &n);
    size_t latent = node_count(z);
    double forward = 0, reverse = 0;

    graph_differentiate(x);
    graph_keep(t);
    for (int pass = 0; pass < 2; pass++) {
        plan(g, pass ? z : t, PIXELS);
        network_initialise(g, 1);
        for (size_t i = 0; i < PIXELS * PIXELS; i++)
            node_value(x)[i] = sin((double)(i % PIXELS));
        for (size_t i = 0; !pass && i < PIXELS * PIXELS; i++)
            node_value(n)[i] = i / PIXELS == i % PIXELS;
        graph_forward(g, &once);
        for (size_t i = 0; !pass && i < PIXELS * latent; i++)
            forward += pow(node_value(t)[i], 2);
        for (size_t k = 0; pass && k < latent; k++) { /* of the first image */
            graph_forward(g, &once);
            for (size_t i = 0; i < PIXELS * latent; i++)
                node_gradient(z)[i] = i == k;
            graph_backward(g, &once);
            reverse += pow(length(x, PIXELS), 2);
        }
    }
    ok(forward > 0 && fabs(reverse / forward - 1) < 1e-9,
       "the encoder's |J|^2 by tangents, %g, and in reverse", forward);
    graph_free(g);
}

/* ---- whole objectives ---- */

static void fill_inputs(const struct encoder_graph *in)
{
    struct node *const image[] = {in->x,     in->positive,  in->negative,
                                  in->other, in->direction, in->noise};
    for (size_t k = 0; k < sizeof image / sizeof *image; k++) {
        struct random r = random_stream(k, "image", 0);
        for (size_t i = 0; image[k] && i < BATCH * node_count(image[k]); i++)
            node_value(image[k])[i] = k < 4 ? 2 * random_uniform(&r) - 1 : random_normal(&r);
    }
    for (int i = 0; i < BATCH; i++) {
        if (in->same)
            node_value(in->same)[i] = i % 2 ? 1 : -1;
        if (in->class)
            node_value(in->class)[i] = i % 3;
    }
}

/* By running statistics, so that what the tangent holds constant is constant. Circle's weights are
 * not: see above. */
static void objective(const char *losses, const char *weights)
{
    const double h = 1e-6;
    const struct graph_run once = {.n = BATCH, .inference = true, .gradients = 1u << GRAPH_WEIGHTS};
    struct graph *g = graph_new(&e);
    struct encoder_objective o;
    struct encoder_graph in;
    double worst = 0, sum = 0;

    if (!ok(!encoder_losses_parse(&o, losses, &e) && !encoder_weights_parse(&o, weights, &e),
            "%s by %s", losses, weights))
        return;
    encoder_objective_build(&o, &network, g, &in);
    plan(g, in.loss, BATCH);
    network_initialise(g, 1);
    struct group w = graph_group(g, GRAPH_WEIGHTS);
    struct random r = random_stream(1, "weights", 0);
    for (size_t i = 0; i < w.count; i++) /* latents far from 0, shifts not at ReLU's kink */
        w.value[i] = 8 * w.value[i] + 0.05 * random_normal(&r);
    for (int i = 0; i < o.count; i++) {
        if (in.uncertainty[i])
            *node_value(in.uncertainty[i]) = 0.3 * i - 0.5;
    }
    fill_inputs(&in);
    graph_forward(g, &once);
    graph_backward(g, &once);
    for (int i = 0; i < o.count; i++) {
        double s = o.kendall ? 0.3 * i - 0.5 : 0, l = *node_value(in.term[i]);
        sum += o.kendall ? exp(-s) * l / 2 + s / 2 : encoder_objective_weight(&o, i, &network) * l;
    }
    ok(near(sum, *node_value(in.loss)), "%s: the weighted sum, %g", losses, sum);
    double scale = 0;
    for (size_t i = 0; i < w.count; i += w.count / 97 + 1) {
        double was = w.value[i], gradient = w.gradient[i], slope;
        w.value[i] = was + h;
        graph_forward(g, &once);
        slope = *node_value(in.loss);
        w.value[i] = was - h;
        graph_forward(g, &once);
        slope = (slope - *node_value(in.loss)) / (2 * h);
        w.value[i] = was;
        worst = fmax(worst, fabs(slope - gradient));
        scale = fmax(scale, fabs(slope));
    }
    ok(scale > 0 && worst / scale < 1e-5, "%s: gradient against differences, relative error %.1e",
       losses, worst / scale);
    graph_free(g);
}

static void refuse(const char *losses, const char *weights)
{
    struct encoder_objective o;
    ok(encoder_losses_parse(&o, losses, &e) || encoder_weights_parse(&o, weights, &e),
       "'%s' by '%s': %s", losses, weights, e.text);
}

int main(void)
{
    distances();
    divergence();
    circle_closed();
    circle_gradient();
    uncertainties();
    jacobians();
    encoder_jacobian();
    objective("mse", "sum");
    objective("contractive", "sum");
    objective("vae", "2");
    objective("mse+vae", "sum");
    objective("second", "sum");
    objective("triplet", "sum");
    objective("cosine", "sum");
    objective("contrastive", "sum");
    objective("contrastive+triplet+mse+second+vae+cosine+contractive", "kendall");
    refuse("", "sum");
    refuse("+", "sum");
    refuse("mse+", "sum");
    refuse("MSE", "sum");
    refuse("mse+mse", "sum");
    refuse("msemsemsemsemsemsemsemsemsemsemsemsemsemse", "sum");
    refuse("mse", "");
    refuse("mse", "1,");
    refuse("mse", "1,1");
    refuse("mse+circle", "1");
    refuse("mse", "-1");
    refuse("mse", "inf");
    refuse("mse", "nan");
    refuse("mse", "Kendall");
    return tap_done();
}
