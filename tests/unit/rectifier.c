/* Codes of what a graph rectifies: which values, which bits, and the scores made of them. */
#include "graph/rectifier.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "darts_v2.h"
#include "graph/ops.h"
#include "network/network.h"
#include "search/naswot.h"
#include "tap.h"

enum { BATCH = 4 };

static void count(const char *text, int cells, int wanted)
{
    struct architecture a;
    struct error e = {""};
    struct discrete d = {{12, 12, 1}, .channels = 4, .cells = cells, .classes = 3};
    const struct node **list = NULL;
    struct graph *g = graph_new(&e);
    int found = -1;
    if (!architecture_parse(&a, NULL, text, strlen(text), &e) && !architecture_build(&a, &d, g, &e))
        found = graph_rectified(g, d.logits, &list, &e);
    ok(found == wanted, "%.60s: %d ReLUs on its paths, expected %d %s", text, found, wanted,
       e.text);
    free(list);
    graph_free(g);
}

static const struct initial normal = {INITIAL_NORMAL, 0, 1};

/* Two convolutions without normalisation, of odd extents, every way of rectifying, and one that the
 * loss does not see. */
static void bits(void)
{
    enum { H = 13, W = 11, C = 7 };
    struct error e = {""};
    struct graph *g = graph_new(&e);
    struct node *x = graph_input(g, "x", H, W, 1);
    struct node *w = graph_weight(g, "w", GRAPH_WEIGHTS, 4, (int[]){3, 3, 1, C}, normal);
    struct node *v = graph_weight(g, "v", GRAPH_WEIGHTS, 4, (int[]){3, 3, C, C}, normal);
    const struct window window = {.kernel = 3, .pad = 1}, rectifying = {3, .pad = 1, .relu = true};
    struct node *h = conv2d(x, w, window), *a = activate(h, ACT_RELU);
    struct node *b = conv2d(h, v, rectifying), *stopped = stop_gradient(activate(b, ACT_RELU));
    struct node *c = normalise(add(a, b), NULL, NULL, NULL, ACT_RELU), *y = add(c, stopped);
    const struct node **list;
    graph_keep(y);
    ok(graph_rectified(g, y, &list, &e) == 3 && list[0] == h && list[1] == h && list[2] == c,
       "of an activation, of a convolution, its own; none behind a stopped gradient %s", e.text);
    graph_plan(g, NULL, BATCH, GRAPH_INFER, &e);
    network_initialise(g, 1);
    const size_t words = rectified_words(h), n = node_count(h);
    uint32_t *code = calloc(4 * BATCH * words, sizeof *code), *at = code;
    struct random r = random_stream(1, "x", 0);
    for (int scale = 1; scale < 5; scale += 3) {
        r.at = 0;
        for (int i = 0; i < BATCH * H * W; i++)
            node_value(x)[i] = (real)(scale * random_normal(&r));
        graph_forward(g, &(struct graph_run){.n = BATCH});
        for (int k = 1; k < 3; k++)
            for (int i = 0; i < BATCH; i++, at += words)
                rectified_code(list[k], i, at);
    }
    ok(!memcmp(code, code + 2 * BATCH * words, 2 * BATCH * words * sizeof *code),
       "the same whatever the scale of the input, where nothing is normalised");
    int good = 0;
    for (int i = 0; i < BATCH; i++)
        for (int j = 0; j < BATCH; j++) {
            size_t differ = 0, bits = 0;
            for (size_t k = 0; k < n; k++)
                differ += (node_value(h)[(size_t)i * n + k] > 0) !=
                          (node_value(h)[(size_t)j * n + k] > 0);
            for (size_t k = 0; k < words; k++)
                bits += (size_t)__builtin_popcount(code[(size_t)i * words + k] ^
                                                   code[(size_t)j * words + k]);
            good += differ == bits && (differ > 0) == (i != j);
        }
    ok(good == BATCH * BATCH && n % 512, "codes differ where values do, %zu of an image", n);
    free(list);
    free(code);
    graph_free(g);
}

static double score(const int *image, int n, const char *text, struct naswot_score *all)
{
    enum { SIDE = 10 };
    struct batch batch;
    struct architecture a;
    struct error e = {""};
    batch_new(&batch, n, (struct image_shape){SIDE, SIDE, 1}, TASK_CLASS, &e);
    batch.n = n;
    for (int i = 0; i < n; i++) {
        struct random r = random_stream((uint64_t)image[i], "image", 0);
        for (int k = 0; k < SIDE * SIDE; k++)
            batch.x[i * SIDE * SIDE + k] = (float)random_normal(&r);
    }
    const struct naswot w = {&batch, {SIDE, SIDE, 1}, .classes = 2, .channels = 3, .cells = 3};
    if (architecture_parse(&a, NULL, text, strlen(text), &e) || naswot_score(&w, &a, all, &e))
        all->score = NAN;
    batch_free(&batch);
    return all->score;
}

static void scores(void)
{
    static const char cell[] = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+"
                               "|avg_pool_3x3~0|nor_conv_1x1~1|nor_conv_3x3~2|";
    struct naswot_score s, other;
    const double straight = score((int[]){1, 2, 3, 4, 5}, 5, cell, &s);
    const double shuffled = score((int[]){4, 2, 5, 1, 3}, 5, cell, &other);
    ok(isfinite(straight) && fabs(straight - shuffled) < 1e-9 * fabs(straight),
       "a batch in another order: %.12g, %.12g", straight, shuffled);
    ok(s.overlap > 0.3 && s.overlap < 1 && s.overlap < 1 + 1e-12 && s.bits == other.bits,
       "%.3f of %lld bits in common", s.overlap, (long long)s.bits);
    ok(score((int[]){1, 2, 1}, 3, cell, &s) == -INFINITY, "an image twice: -inf");
    const double darts = score((int[]){1, 2, 3}, 3, darts_v2, &s);
    ok(isfinite(darts), "a darts cell: %.6g", darts);
    ok(score((int[]){1, 2, 3}, 3, "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|", &s) ==
           -INFINITY,
       "a cell that nothing goes through: all images look the same");
}

int main(void)
{
    count("|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_1x1~1|+"
          "|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|",
          3, 3 * 6 + 2 * 2 + 1);
    count("|skip_connect~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|skip_connect~2|", 6,
          2 * 2 + 1);
    count("|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_1x1~1|+|skip_connect~0|none~1|none~2|", 3,
          2 * 2 + 1);
    /* normal cell: 5 sep, 1 dil, 2 inputs; reductions: of the skips none has stride 2. */
    count(darts_v2, 3, (5 * 2 + 1 + 2) + 2 * 2);
    bits();
    scores();
    return tap_done();
}
