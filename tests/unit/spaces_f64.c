/* Search spaces: counting, enumerating, drawing, mutating; texts, hostile ones too; what the dense
 * cells' networks compute. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "darts_v2.h"
#include "network/network.h"
#include "network/search_space.h"
#include "tap.h"

static const struct search_space *const SPACES[] = {&SPACE_DARTS,        &SPACE_NASBENCH201,
                                                    &SPACE_TINYCELL_125, &SPACE_TINYCELL_27,
                                                    &SPACE_RESNET_14,    &SPACE_RESNET_20};
enum { SPACES_COUNT = sizeof SPACES / sizeof *SPACES };

/* The number of an architecture, from its choices. */
static uint64_t number_of(const struct architecture *a)
{
    uint64_t number = 0;
    for (int k = a->space->choices; k-- > 0;)
        number =
            number * (uint64_t)a->space->options(a->space, k) + (uint64_t)a->space->chosen(a, k);
    return number;
}

static bool round_trip(const struct architecture *a, const struct search_space *told)
{
    struct architecture again;
    struct error e;
    char *text = architecture_text(a, &e);
    char one[17] = "", other[17] = "";
    bool good = text && !architecture_parse(&again, told, text, strlen(text), &e) &&
                !architecture_id(a, one, &e) && !architecture_id(&again, other, &e) &&
                strlen(one) == 16 && !strcmp(one, other);
    good = good && number_of(&again) == number_of(a);
    free(text);
    return good;
}

static void enumerate(const struct search_space *s, uint64_t count)
{
    struct architecture a;
    struct error e;
    uint64_t good = 0;
    ok(search_space_count(s) == count, "%s has %llu architectures", s->name,
       (unsigned long long)count);
    for (uint64_t i = 0; i < count; i++) {
        architecture_at(&a, s, i);
        good += number_of(&a) == i && !s->check(&a, &e);
    }
    ok(good == count, "%s: all of them, each once", s->name);
}

static void move(const struct search_space *s)
{
    const struct random places = random_stream(1, "places", 0);
    int good = 0, changed = 0, seen[32] = {0};
    for (uint64_t i = 0; i < 400; i++) {
        struct architecture a, b;
        struct random r = random_stream(i, "mutations", 0);
        struct error e;
        const uint64_t count = search_space_count(s);
        const uint64_t at = random_place_at(&places, count, i % count);
        int differ = 0;
        architecture_at(&a, s, at);
        good += number_of(&a) == at && round_trip(&a, s);
        b = a;
        architecture_mutate(&b, &r);
        for (int k = 0; k < s->choices; k++) {
            differ += s->chosen(&a, k) != s->chosen(&b, k);
            seen[k] += s->chosen(&a, k) != s->chosen(&b, k);
        }
        changed += differ == 1 && !s->check(&b, &e);
    }
    ok(good == 400, "%s: drawn, printed and read again", s->name);
    ok(changed == 400, "%s: a mutation changes one choice", s->name);
    int fixed = 0; /* the two inputs of a darts cell's first node */
    for (int k = 0; k < s->choices; k++)
        fixed += !seen[k];
    ok(fixed == (s == &SPACE_DARTS ? 2 : 0), "%s: and each at times", s->name);
}

/* More than can be counted: drawn choice by choice. */
static void uncounted(void)
{
    const struct search_space *s = &SPACE_RESNET_110;
    double seen[WIDTHS_OPTIONS] = {0}, chi = 0;
    int good = 0;
    for (uint64_t i = 0; i < 400; i++) {
        struct architecture a, again;
        struct random r = random_stream(i, "draws", 0);
        struct error e;
        bool same = true;
        architecture_draw(&a, s, &r);
        char *text = architecture_text(&a, &e);
        same = text && !architecture_parse(&again, NULL, text, strlen(text), &e);
        for (int k = 0; k < s->choices && same; k++)
            same = s->chosen(&again, k) == s->chosen(&a, k);
        good += same && again.space == s && !s->check(&a, &e);
        seen[s->chosen(&a, 7)]++;
        free(text);
    }
    for (int k = 0; k < WIDTHS_OPTIONS; k++)
        chi += (seen[k] - 50) * (seen[k] - 50) / 50;
    ok(search_space_count(s) == UINT64_MAX && good == 400, "resnet-110: too many to count, drawn");
    ok(chi < 24.4, "each width as likely: chi squared %.1f, 7 degrees of freedom, p > 0.001", chi);
}

static void permutations(void)
{
    static const uint64_t sizes[] = {1, 2, 27, 1000};
    for (int i = 0; i < 4; i++) {
        bool seen[1000] = {false}, good = true;
        const struct random r = random_stream(7, "permutation", 0);
        for (uint64_t k = 0; k < sizes[i]; k++) {
            uint64_t place = random_place_at(&r, sizes[i], k);
            good = good && place < sizes[i] && !seen[place];
            seen[place % 1000] = true;
        }
        ok(good, "a permutation of %llu", (unsigned long long)sizes[i]);
    }
    double first[27] = {0}, chi = 0;
    for (uint64_t seed = 0; seed < 27000; seed++) {
        const struct random r = random_stream(seed, "permutation", 0);
        first[random_place_at(&r, 27, 0)]++;
    }
    for (int k = 0; k < 27; k++)
        chi += (first[k] - 1000) * (first[k] - 1000) / 1000;
    ok(chi < 54.1, "each place is as likely: chi squared %.1f, 26 degrees of freedom, p > 0.001",
       chi);
}

static int parse(struct architecture *a, const char *text, struct error *e)
{
    return architecture_parse(a, NULL, text, strlen(text), e);
}

static void same_network(void)
{
    struct architecture a, b, c;
    struct error e;
    char text[2048], x[17], y[17], z[17];
    snprintf(text, sizeof text, "%s", darts_v2);
    bool good = !architecture_parse(&a, NULL, text, strlen(text), &e);
    memcpy(strstr(text, "('sep_conv_3x3', 0), ('sep_conv_3x3', 1)"),
           "('sep_conv_3x3', 1), ('sep_conv_3x3', 0)", 40);
    good = good && !architecture_parse(&b, NULL, text, strlen(text), &e);
    memcpy(strstr(text, "dil_conv_3x3"), "dil_conv_5x5", 12);
    good = good && !architecture_parse(&c, NULL, text, strlen(text), &e);
    good = good && !architecture_id(&a, x, &e) && !architecture_id(&b, y, &e) &&
           !architecture_id(&c, z, &e);
    ok(good && !strcmp(x, y) && strcmp(x, z), "one id whatever the order of a node's inputs");
    good = !parse(&a, "resnet-14(10|10-7 (3-10)|9-9 10-4|5-5 (4-4))", &e) &&
           !parse(&b, "resnet-14(10|10-7 (8-9)|9-9 10-4|5-5 (4-4))", &e) &&
           !parse(&c, "resnet-14(10|10-7 8-9|9-9 10-4|5-5 (4-4))", &e);
    good = good && !architecture_id(&a, x, &e) && !architecture_id(&b, y, &e) &&
           !architecture_id(&c, z, &e);
    ok(good && !strcmp(x, y) && strcmp(x, z), "one id whatever the widths of what is left out");
}

static void alter(const char *from)
{
    const size_t n = strlen(from);
    struct random r = random_stream(1, "bytes", 0);
    struct architecture a;
    struct error e;
    size_t wrong = 0, accepted = 0;
    for (int i = 0; i < 20000; i++) {
        char *text = malloc(n); /* of its length, for the sanitizers */
        memcpy(text, from, n);
        for (int k = 0; k < 2; k++)
            text[random_below(&r, n)] = (char)random_u64(&r);
        if (!architecture_parse(&a, NULL, text, n, &e)) {
            accepted++;
            wrong += a.space->check(&a, &e) != 0;
        }
        free(text);
    }
    ok(wrong == 0, "%s: 20000 altered texts: an error, or valid (%zu)", from, accepted);
}

static void hostile(void)
{
    static const char cell[] = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+"
                               "|avg_pool_3x3~0|nor_conv_1x1~1|nor_conv_3x3~2|";
    static const char *const bad[] = {
        "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|", /* an edge too few */
        "|nor_conv_3x3~1|+|none~0|skip_connect~1|",                 /* from the future */
        "|nor_conv_3x3~0|+|none~1|skip_connect~0|",                 /* out of order */
        "|nor_conv_7x7~0|+|none~0|skip_connect~1|",
        "|none~0|",
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|+|none~0|none~1|none~2|none~3|",
        "|none~0|+|none~0|none~1|x",
        "|none~0||none~0|none~1|",
        "|",
        "|none~00|+|none~0|none~1|",
        "none~0|+|none~0|none~1|",
        "",
        "resnet-",
        "resnet-13",
        "resnet-8", /* no space has it */
        "resnet-200",
        "resnet-14x",
        "resnet-14(10|10-7 3-10|9-9 10-4|5-5)",           /* a block too few */
        "resnet-14(10|10-7 3-10|9-9 10-4|5-5 4-4 (3-3))", /* and too many */
        "resnet-14(10|(10-7) 3-10|9-9 10-4|5-5 4-4)",     /* the first is left out */
        "resnet-14(10|(10-7) (3-10)|9-9 10-4|5-5 4-4)",   /* all are */
        "resnet-14(11|10-7 3-10|9-9 10-4|5-5 4-4)",
        "resnet-14(10|2-7 3-10|9-9 10-4|5-5 4-4)",
        "resnet-14(10|10-7 (3-10|9-9 10-4|5-5 4-4)",
        "resnet-14(10|10-7 3-10|9-9 10-4|5-5 4-4)x",
        "resnet-32(3|3-3 3-3 (3-3) (3-3) (3-3)|3-3 3-3 3-3 3-3 3-3|3-3 3-3 3-3 3-3 3-3)",
    };
    struct architecture a;
    struct error e;
    size_t n = strlen(cell), cut = 0;
    ok(!parse(&a, cell, &e) && a.space == &SPACE_NASBENCH201 && round_trip(&a, NULL),
       "4 nodes: nasbench201");
    ok(!parse(&a, " |none~0|+|none~0|nor_conv_1x1~1|\r\n", &e) && a.space == &SPACE_TINYCELL_125,
       "3 nodes: tinycell-125");
    ok(architecture_parse(&a, &SPACE_TINYCELL_27, "|none~0|+|none~0|nor_conv_1x1~1|", 32, &e) &&
           strstr(e.text, "tinycell-27"),
       "an operation of another space: %s", e.text);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ok(parse(&a, bad[i], &e) == -1, "%s: %s", bad[i], e.text);
    for (size_t i = 0; i < n; i++)
        cut += architecture_parse(&a, NULL, cell, i, &e) == -1 ||
               (i == 41 - 1 && a.space == &SPACE_TINYCELL_125);
    ok(cut == n, "cut at every byte: an error, but behind the third node");
    alter(cell);
    alter("resnet-14(10|10-7 (3-10)|9-9 10-4|5-5 (4-4))");
}

/* ---- networks ---- */

enum { BATCH = 3, CLASSES = 4, PLACES = 3 };

static size_t weights_of(const char *text, struct discrete d, struct error *e)
{
    struct architecture a;
    struct graph_size size = {0};
    struct graph *g = graph_new(e);
    if (!parse(&a, text, e) && !architecture_build(&a, &d, g, e))
        graph_measure(g, d.loss, 1, GRAPH_TRAIN, &size, e);
    graph_free(g);
    return size.weights;
}

static void count(const char *op, size_t wanted)
{
    char text[256];
    struct error e = {""};
    snprintf(text, sizeof text, "|%s~0|+|%s~0|%s~1|+|%s~0|%s~1|%s~2|", op, op, op, op, op, op);
    size_t n = weights_of(
        text, (struct discrete){{32, 32, 3}, .channels = 16, .cells = 15, .classes = 10}, &e);
    ok(n == wanted, "nasbench201, all %s: %zu weights, expected %zu %s", op, n, wanted, e.text);
}

static void refuse(const char *what, struct discrete d)
{
    struct error e = {""};
    ok(weights_of("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|", d, &e) == 0 && e.text[0],
       "%s: %s", what, e.text);
}

static double loss_at(struct discrete *d, struct graph *g, const struct graph_run *run, real *v,
                      double value)
{
    const real was = *v;
    *v = (real)value;
    graph_forward(g, run);
    *v = was;
    return (double)*node_value(d->loss);
}

/* The largest error of the gradient at a few places of each parameter, by the largest slope. */
static double worst(struct discrete *d, struct graph *g, const struct graph_run *run)
{
    const double h = 1e-6;
    double error = 0, scale = 1e-2;
    struct group weights = graph_group(g, GRAPH_WEIGHTS);
    graph_forward(g, run);
    graph_backward(g, run);
    for (int i = 0; i < graph_weights(g, GRAPH_WEIGHTS); i++) {
        struct node *n = graph_weight_at(g, GRAPH_WEIGHTS, i);
        for (size_t k = 0; k < node_count(n); k += node_count(n) / PLACES + 1) {
            real *v = node_value(n) + k;
            double slope = loss_at(d, g, run, v, (double)*v + h);
            slope = (slope - loss_at(d, g, run, v, (double)*v - h)) / (2 * h);
            error = fmax(error, fabs(slope - (double)weights.gradient[v - weights.value]));
            scale = fmax(scale, fabs(slope));
        }
    }
    return error / scale;
}

static const struct graph_run RUN = {.n = BATCH, .gradients = 1u << GRAPH_WEIGHTS};

/* Planned, and shown a batch. */
static struct graph *begin(const char *text, struct discrete *d)
{
    struct architecture a;
    struct error e = {""};
    struct graph *g = graph_new(&e);
    if (!ok(!parse(&a, text, &e) && !architecture_build(&a, d, g, &e) &&
                !graph_plan(g, d->loss, BATCH, GRAPH_TRAIN, &e),
            "%s on %dx%d builds %s", text, d->image.height, d->image.width, e.text))
        exit(tap_done());
    network_initialise(g, 1);
    struct random r = random_stream(2, "images", 0);
    for (size_t i = 0; i < BATCH * node_count(d->x); i++)
        node_value(d->x)[i] = (real)random_normal(&r);
    for (size_t i = 0; i < BATCH; i++)
        node_value(d->label)[i] = (real)random_below(&r, CLASSES);
    return g;
}

static void check(const char *text, struct discrete d)
{
    struct graph *g = begin(text, &d);
    const double most = worst(&d, g, &RUN);
    ok(most < 1e-5, "its gradient against differences, error %.1e", most);
    graph_free(g);
}

/* Whether a cell that nothing goes through tells all images the same. */
static void constant(const char *text, struct discrete d, bool wanted)
{
    struct graph *g = begin(text, &d);
    graph_forward(g, &RUN);
    const real *logits = node_value(d.logits);
    bool same = isfinite((double)*node_value(d.loss));
    for (int i = 0; i < BATCH * CLASSES; i++)
        same = same && logits[i] == logits[i % CLASSES];
    ok(same == wanted, "it %s all images the same", wanted ? "tells" : "does not tell");
    graph_free(g);
}

int main(void)
{
    ok(search_space_count(&SPACE_DARTS) == UINT64_C(1037664180) * 1037664180,
       "darts: the square of 1037664180");
    enumerate(&SPACE_NASBENCH201, 15625);
    enumerate(&SPACE_TINYCELL_125, 125);
    enumerate(&SPACE_TINYCELL_27, 27);
    for (int i = 0; i < SPACES_COUNT; i++) {
        ok(search_space_find(SPACES[i]->name) == SPACES[i], "%s is found", SPACES[i]->name);
        move(SPACES[i]);
    }
    ok(!search_space_find("dart"), "no other is");
    uncounted();
    permutations();
    same_network();
    hostile();

    count("nor_conv_3x3", 1531546);
    count("nor_conv_1x1", 241306);
    count("skip_connect", 73306);
    const struct discrete small = {{9, 7, 1}, .channels = 3, .cells = 3, .classes = CLASSES};
    struct discrete wrong = small;
    wrong.cells = 4;
    refuse("cells that are no multiple of the stages", wrong);
    wrong = small;
    wrong.auxiliary = true;
    refuse("an auxiliary head", wrong);
    wrong = small;
    wrong.drop_path = true;
    refuse("drop-path", wrong);
    check("|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+"
          "|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|",
          small);
    check("|skip_connect~0|+|skip_connect~0|skip_connect~1|+|none~0|skip_connect~1|nor_conv_1x1~2|",
          small);
    check("|none~0|+|avg_pool_3x3~0|nor_conv_3x3~1|+|none~0|none~1|nor_conv_3x3~2|", small);
    struct discrete tiny = small;
    tiny.cells = 2;
    check("|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|", tiny);
    constant("|none~0|+|nor_conv_3x3~0|none~1|+|nor_conv_1x1~0|nor_conv_3x3~1|none~2|", small,
             false);
    constant("|nor_conv_3x3~0|+|none~0|none~1|", tiny, true);
    constant("|none~0|+|none~0|skip_connect~1|", tiny, true);
    return tap_done();
}
