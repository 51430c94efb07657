/* Whole networks against PyTorch in double (peers' make_oracle_networks.py). */
#include "oracle.h"
#include "tap.h"
#include "network/network.h"

static bool is_linear(const char *name)
{
    return strncmp(name, "fc.", 3) == 0;
}

/* "enc.0.weight" and 'p' or 'g' or "contractive" make "enc.p.0.weight", ... */
static const char *half_name(const char *kind, const char *name)
{
    static char text[128];
    snprintf(text, sizeof text, "%.3s.%s.%s", name, kind, name + 4);
    return text;
}

static void load(struct graph *g, const char *folder, const char *prefix)
{
    int good = 0, all = 0;
    for (enum graph_group group = GRAPH_WEIGHTS; group <= GRAPH_ARCHITECTURE; group++)
        for (int i = 0; i < graph_weights(g, group); i++, all++) {
            struct node *n = graph_weight_at(g, group, i);
            const char *name = *prefix ? node_name(n) : half_name("p", node_name(n));
            good +=
                oracle_fill(n, oracle_parameter(folder, prefix, name, is_linear(node_name(n))), 1);
        }
    ok(all > 0 && good == all, "%s: all %d parameters found by name, %d", folder, all, good);
}

/* The largest relative distance over a group's gradients; *worst names where. */
static double gradients(struct graph *g, enum graph_group group, const char *folder,
                        const char *prefix, const char **worst)
{
    double most = 0;
    for (int i = 0; i < graph_weights(g, group); i++) {
        struct node *n = graph_weight_at(g, group, i);
        double d = oracle_distance(
            node_gradient(n), node_count(n),
            oracle_parameter(folder, prefix, node_name(n), is_linear(node_name(n))));
        if (d > most) {
            most = d;
            *worst = node_name(n);
        }
    }
    return most;
}

static void supernet(void)
{
    struct supernet s = {.image = {12, 12, 1}, .channels = 8, .cells = 3, .classes = 4};
    struct error e = {""};
    struct graph *g = graph_new(&e);
    struct graph_run run = {.n = 6, .gradients = 1u << GRAPH_WEIGHTS | 1u << GRAPH_ARCHITECTURE};
    const char *folder = "supernet", *worst = "";

    if (!ok(g && supernet_build(&s, g, &e) == 0 && graph_plan(g, s.loss, 6, GRAPH_TRAIN, &e) == 0,
            "super-net builds %s", e.text)) {
        graph_free(g);
        return;
    }
    load(g, folder, "p.");
    ok(oracle_fill(s.x, oracle_images(folder, "x"), 6) &&
           oracle_fill(s.label, oracle_images(folder, "y"), 6),
       "a batch");
    graph_forward(g, &run);
    graph_backward(g, &run);
    double d = oracle_distance(node_value(s.logits), 6 * 4, oracle_images(folder, "logits"));
    ok(d < 1e-8, "super-net: logits, %.1e", d);
    d = oracle_distance(node_value(s.loss), 1, oracle_images(folder, "loss"));
    ok(d < 1e-8, "super-net: loss, %.1e", d);
    d = gradients(g, GRAPH_WEIGHTS, folder, "g.", &worst);
    ok(d < 1e-8, "super-net: gradients of all weights, %.1e at %s", d, worst);
    d = gradients(g, GRAPH_ARCHITECTURE, folder, "g.", &worst);
    ok(d < 1e-8, "super-net: gradients of the architecture, %.1e at %s", d, worst);

    ok(oracle_fill(s.x, oracle_images(folder, "xv"), 6) &&
           oracle_fill(s.label, oracle_images(folder, "yv"), 6),
       "a validation batch");
    run.gradients = 1u << GRAPH_ARCHITECTURE;
    graph_forward(g, &run);
    graph_backward(g, &run);
    d = gradients(g, GRAPH_ARCHITECTURE, folder, "first.", &worst);
    ok(d < 1e-8, "super-net: first-order architecture gradient, %.1e at %s", d, worst);
    graph_free(g);
}

enum { BATCH = 4, SIDE = 32, WIDTH = 8, LATENT = 5, PIXELS = SIDE * SIDE };

static const struct autoencoder network = {SIDE, 1, WIDTH, LATENT};

static double half_gradients(struct graph *g, const char *kind, const char **worst)
{
    double most = 0;
    for (int i = 0; i < graph_weights(g, GRAPH_WEIGHTS); i++) {
        struct node *n = graph_weight_at(g, GRAPH_WEIGHTS, i);
        double d =
            oracle_distance(node_gradient(n), node_count(n),
                            oracle_parameter("encoder", "", half_name(kind, node_name(n)), false));
        if (d > most) {
            most = d;
            *worst = node_name(n);
        }
    }
    return most;
}

static void autoencoder(void)
{
    struct error e = {""};
    struct graph *g = graph_new(&e);
    struct node *x = graph_input(g, "image", SIDE, SIDE, 1);
    struct node *z = encoder_build(&network, g, x), *y = decoder_build(&network, g, z);
    struct node *mse = mean_squared_error(y, x);
    struct graph_run run = {.n = BATCH, .gradients = 1u << GRAPH_WEIGHTS};
    const char *worst = "";

    graph_keep(z);
    graph_keep(y);
    if (!ok(graph_check(g, &e) == 0 && graph_plan(g, mse, BATCH, GRAPH_TRAIN, &e) == 0,
            "auto-encoder builds %s", e.text)) {
        graph_free(g);
        return;
    }
    load(g, "encoder", "");
    ok(oracle_fill(x, oracle_images("encoder", "x"), BATCH), "a batch");
    graph_forward(g, &run);
    graph_backward(g, &run);
    double d = oracle_distance(node_value(z), BATCH * LATENT, oracle_images("encoder", "z"));
    ok(d < 1e-8, "auto-encoder: latents, %.1e", d);
    d = oracle_distance(node_value(y), BATCH * PIXELS, oracle_images("encoder", "reconstruction"));
    ok(d < 1e-8, "auto-encoder: reconstruction, %.1e", d);
    d = oracle_distance(node_value(mse), 1, oracle_images("encoder", "mse"));
    ok(d < 1e-8, "auto-encoder: mean squared error, %.1e", d);
    d = half_gradients(g, "g", &worst);
    ok(d < 1e-8, "auto-encoder: all gradients, %.1e at %s", d, worst);
    graph_free(g);
}

/* |J n|^2 for given directions n. Exact: all 1024 unit directions, summed; estimated: normal ones,
 * averaged. */
static void contractive(void)
{
    enum { DRAWS = 4000 };
    struct error e = {""};
    struct graph *g = graph_new(&e);
    struct node *x = graph_input(g, "image", SIDE, SIDE, 1);
    struct node *direction = graph_input(g, "direction", SIDE, SIDE, 1);
    struct node *t = graph_tangent(encoder_build(&network, g, x), 1, &x, &direction);
    struct node *loss = mean_square_norm(t);
    struct graph_run run = {.n = BATCH, .gradients = 1u << GRAPH_WEIGHTS};
    const char *worst = "";

    graph_keep(t);
    if (!ok(graph_check(g, &e) == 0 && graph_plan(g, loss, BATCH, GRAPH_TRAIN, &e) == 0,
            "contractive loss builds %s", e.text)) {
        graph_free(g);
        return;
    }
    load(g, "encoder", "");
    oracle_fill(x, oracle_images("encoder", "x"), BATCH);

    real exact[BATCH] = {0};
    size_t count = graph_group(g, GRAPH_WEIGHTS).count;
    real *sum = calloc(count, sizeof *sum);
    for (int k = 0; k < PIXELS; k++) {
        for (int i = 0; i < BATCH * PIXELS; i++)
            node_value(direction)[i] = i % PIXELS == k;
        graph_forward(g, &run);
        graph_backward(g, &run);
        for (int i = 0; i < BATCH * LATENT; i++)
            exact[i / LATENT] += node_value(t)[i] * node_value(t)[i];
        for (size_t i = 0; i < count; i++)
            sum[i] += graph_group(g, GRAPH_WEIGHTS).gradient[i];
    }
    double d = oracle_distance(exact, BATCH, oracle_images("encoder", "jacobian_norm2"));
    ok(d < 1e-8, "|J|^2 of each image, exact by %d tangents, %.1e", PIXELS, d);
    memcpy(graph_group(g, GRAPH_WEIGHTS).gradient, sum, count * sizeof *sum);
    d = half_gradients(g, "contractive", &worst);
    ok(d < 1e-8, "the gradient of its mean, %.1e at %s", d, worst);
    free(sum);

    double mean[BATCH] = {0}, square[BATCH] = {0};
    run.gradients = 0;
    for (int draw = 0; draw < DRAWS; draw++) {
        struct random r = random_stream(1, "direction", (uint64_t)draw);
        for (int i = 0; i < BATCH * PIXELS; i++)
            node_value(direction)[i] = random_normal_at(&r, (uint64_t)i);
        graph_forward(g, &run);
        for (int i = 0; i < BATCH; i++) {
            double norm = 0;
            for (int j = 0; j < LATENT; j++)
                norm += pow(node_value(t)[i * LATENT + j], 2);
            mean[i] += norm / DRAWS;
            square[i] += norm * norm / DRAWS;
        }
    }
    double most = 0;
    for (int i = 0; i < BATCH; i++) {
        double deviation = sqrt((square[i] - mean[i] * mean[i]) / DRAWS);
        most = fmax(most, fabs(mean[i] - exact[i]) / deviation);
    }
    ok(most < 3, "the estimate over %d draws is within 3 standard errors, %.2f", DRAWS, most);
    graph_free(g);
}

int main(void)
{
    if (!oracle_there("supernet") || !oracle_there("encoder")) {
        skip("no oracle of networks; set SHARED to the folder that holds it");
        return tap_done();
    }
    supernet();
    autoencoder();
    unless_brief(contractive());
    return tap_done();
}
