/* The small parts of lib/search: orders, probabilities, settings, networks from hostile meta. */
#include <math.h>
#include <string.h>

#include "tap.h"
#include "toy_search.h"
#include "search/batches.h"
#include "search/candidate.h"
#include "search/model.h"
#include "search/settings.h"
#include "search/strategy.h"

static void test_order(void)
{
    struct error e;
    int64_t ids[] = {5, 900, 17, -3, 60000, 8}, turned[] = {8, 60000, -3, 17, 900, 5};
    struct samples a = {.count = 6, .id = ids}, b = {.count = 6, .id = turned};
    size_t *x = batch_order(&a, 1, "test", 0, &e), *y = batch_order(&b, 1, "test", 0, &e);
    size_t *z = batch_order(&a, 1, "test", 1, &e);
    bool same = true, moved = false;
    unsigned seen = 0;
    for (int i = 0; i < 6; i++) {
        same = same && ids[x[i]] == turned[y[i]];
        moved = moved || x[i] != z[i];
        seen |= 1u << x[i];
    }
    ok(seen == 0x3f, "an order has every row once");
    ok(same, "it depends on the ids, not on the order of the rows");
    ok(moved, "another epoch, another order");
    free(x);
    free(y);
    free(z);
}

static void test_probability(void)
{
    real logits[] = {1000, 1001, 999, 1001}, odds = (real)batch_probability(logits, 4, 1);
    double wanted = 1 / (2 + exp(-1) + exp(-2));
    ok(fabs(odds - wanted) < 1e-6, "softmax of large logits: %g, %g", (double)odds, wanted);
    ok(batch_best(logits, 4) == 1, "the largest logit, ties to the lower class");
}

static void test_settings(void)
{
    struct error e;
    struct value *kept = value_map(), *given = value_map();
    value_set_int(kept, "cells", 5);
    value_set_text(kept, "augment", "none");
    ok(!settings_agree(kept, given, &e), "nothing given agrees with anything");
    value_set_text(given, "augment", "none");
    ok(!settings_agree(kept, given, &e), "the same agrees");
    value_set_int(given, "cells", 8);
    ok(settings_agree(kept, given, &e) &&
           !strcmp(e.text, "it began with cells 5, this call says 8"),
       "another does not: %s", e.text);
    value_free(kept);
    value_free(given);
}

/* The settings of a small net with one member replaced by a JSON text. */
static bool builds(const char *key, const char *json)
{
    struct error e;
    struct model m;
    struct normalisation n = {.channels = 1, .mean = {0.5F}, .sd = {0.25F}};
    struct value *v = model_settings(&(struct model_options){.cells = 3, .channels = 4},
                                     (struct image_shape){8, 8, 1}, 3, &n, NULL);
    if (key && json)
        value_set(v, key, value_parse_json(json, strlen(json), &e));
    else if (key)
        value_remove(v, key);
    bool built = !model_build(&m, v, &e);
    if (built)
        model_free(&m);
    value_free(v);
    return built;
}

static void test_model(void)
{
    static const struct {
        const char *key, *json;
    } bad[] = {
        {"type", NULL},
        {"type", "\"resnet\""},
        {"type", "\"discrete\""},
        {"image", NULL},
        {"image", "[8, 8]"},
        {"image", "[8, 8, 5]"},
        {"image", "[0, 8, 1]"},
        {"image", "[8, 1e9, 1]"},
        {"image", "[8, \"x\", 1]"},
        {"classes", "0"},
        {"classes", "2000000000"},
        {"cells", "-1"},
        {"cells", "100000"},
        {"channels", "99999999999"},
        {"channels", "\"4\""},
        {"normalisation", NULL},
        {"normalisation", "[]"},
        {"normalisation", "{\"mean\": [0, 0, 0], \"sd\": [1, 1, 1]}"},
    };
    struct error e;
    struct image_shape shape;
    ok(builds(NULL, NULL), "a super-net from its settings");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ok(!builds(bad[i].key, bad[i].json), "not with %s %s", bad[i].key,
           bad[i].json ? bad[i].json : "missing");
    ok(!model_parse_image("28x30x3", &shape, &e) && shape.height == 28 && shape.width == 30 &&
           shape.channels == 3,
       "28x30x3");
    static const char *const texts[] = {"", "28", "28x28", "28x28x1x", "28x28x99", "0x1x1", "x1x1"};
    for (int i = 0; i < 7; i++)
        ok(model_parse_image(texts[i], &shape, &e), "no image: '%s'", texts[i]);
}

static struct value *parsed(const char *json)
{
    struct error e;
    return value_parse_json(json, strlen(json), &e);
}

/* Whether an evolution of two cells goes on from such a `kept`, and then keeps the same. */
static bool goes_on(const char *json)
{
    struct error e;
    struct search s = {.strategy = &STRATEGY_EVOLUTION, .model.space = &SPACE_TINYCELL_27};
    struct value *settings = parsed("{\"candidates\": 2, \"population\": 2, \"sample\": 1}");
    struct value *kept = json ? parsed(json) : NULL, *again = NULL;
    bool good = !s.strategy->read(&s, settings, &e) && !s.strategy->restore(&s, kept, &e);
    if (good) {
        again = s.strategy->keep(&s);
        good = value_equal(again, kept);
    }
    s.strategy->drop(&s);
    value_free(settings);
    value_free(kept);
    value_free(again);
    return good;
}

/* By twice as many images as a batch has: the mean of what each half tells. */
static void test_judging(void)
{
    struct error e = {""};
    struct search s;
    struct architecture a;
    struct judgement half[2], both;
    struct value *settings = value_map();
    value_set_text(settings, "strategy", "random");
    value_set_int(settings, "candidates", 2);
    value_set_int(settings, "judge", 2 * TOY_IMAGES);
    if (!ok(toy_search(&s, "tinycell-27", 2, 3, settings, &e) && s.judge == 2 * TOY_IMAGES,
            "a search begins %s", e.text))
        return;
    struct random r = random_stream(2, "cell", 0);
    architecture_draw(&a, s.model.space, &r);
    bool good = true;
    for (int i = 0; i < 2; i++) {
        toy_judging(&s, i * TOY_IMAGES, TOY_IMAGES);
        good = good && !candidate_judge(&s, &a, &half[i], &e);
    }
    toy_judging(&s, 0, 2 * TOY_IMAGES);
    good = good && !candidate_judge(&s, &a, &both, &e);
    ok(good && s.judged == 4 * TOY_IMAGES && half[0].loss != half[1].loss &&
           fabs(both.loss - (half[0].loss + half[1].loss) / 2) < 1e-6 &&
           fabs(both.accuracy - (half[0].accuracy + half[1].accuracy) / 2) < 1e-12,
       "two batches judge by the mean of both: %.4f of %.4f and %.4f", both.loss, half[0].loss,
       half[1].loss);
    search_free(&s);
}

static void test_population(void)
{
#define CELL "|skip_connect~0|+|none~0|nor_conv_3x3~1|"
#define MEMBER "{\"architecture\": \"" CELL "\", \"loss\": 1.5}"
    static const char *const bad[] = {
        "{}",
        "{\"population\": 2}",
        "{\"population\": [" MEMBER "]}",
        "{\"population\": [" MEMBER ", " MEMBER ", " MEMBER "]}",
        "{\"population\": [" MEMBER ", {\"loss\": 1.5}]}",
        "{\"population\": [" MEMBER ", {\"architecture\": \"|none~0|\", \"loss\": 1.5}]}",
        "{\"population\": [" MEMBER ", {\"architecture\": 7, \"loss\": 1.5}]}",
        "{\"population\": [" MEMBER ", \"" CELL "\"]}",
    };
    ok(goes_on("{\"population\": [" MEMBER ", " MEMBER "]}"), "a population goes on");
    ok(!goes_on(NULL), "not where nothing was kept");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ok(!goes_on(bad[i]), "not with %.60s", bad[i]);
}

/* ---- noise ---- */

static void test_losses(void)
{
    struct error e;
    struct noise n = {.every = 1};
    const double none[NOISE_WIDTH] = {0};
    int label[] = {0, 0, 1};
    const struct batch b = {.n = 3, .label = label};
    /* p(true): 1/4, 3/4, 1/2 */
    const real logits[] = {0, (real)log(3), (real)log(3), 0, 2, 2};
    const double loss[] = {log(4), log(4.0 / 3), log(2)};
    const double mean = (loss[0] + loss[1] + loss[2]) / 3;
    double square = 0;
    for (int i = 0; i < 3; i++)
        square += (loss[i] - mean) * (loss[i] - mean);
    if (ok(!noise_restore(&n, none, 1, &e), "a row")) {
        noise_note(&n, &b, logits, 2);
        ok(fabs(n.row[NOISE_LOSS] - mean) < 1e-6 &&
               fabs(n.row[NOISE_DEVIATION] - sqrt(square / 2)) < 1e-6,
           "losses of a batch: %g and their deviation: %g", n.row[NOISE_LOSS],
           n.row[NOISE_DEVIATION]);
    }
    noise_free(&n);
}

enum { IMAGES = 12, SIDE = 6, STEPS = 3 }; /* of batches of 5 */

static bool begin(struct search *s, int noise, struct error *e)
{
    const struct model_options o = {.space = "tinycell-27", .cells = 2, .channels = 2};
    const struct normalisation n = {.channels = 1, .mean = {0.5F}, .sd = {0.25F}};
    struct value *net = model_settings(&o, (struct image_shape){SIDE, SIDE, 1}, 3, &n, NULL);
    struct value *settings =
        parsed("{\"seed\": 3, \"order\": 1, \"batch\": 5, \"window\": 2, \"schedule\": \"cyclic\", "
               "\"total_epochs\": 10, \"augment\": \"none\"}");
    if (noise)
        value_set_int(settings, "noise", noise);
    const bool good = !search_new(s, net, settings, e);
    value_free(net);
    value_free(settings);
    return good;
}

/* Images of noise, or all alike. */
static bool train(struct search *s, bool alike, int epochs, struct error *e)
{
    static uint8_t image[IMAGES * SIDE * SIDE];
    int64_t id[IMAGES], label[IMAGES];
    struct random r = random_stream(5, "images", 0);
    for (size_t i = 0; i < sizeof image; i++)
        image[i] = alike ? 7 : (uint8_t)random_below(&r, 256);
    for (int i = 0; i < IMAGES; i++) {
        id[i] = i;
        label[i] = alike ? 1 : i % 3;
    }
    const struct samples d = {.count = IMAGES,
                              .shape = {SIDE, SIDE, 1},
                              .id = id,
                              .label = label,
                              .image = image,
                              .classes = 3};
    bool good = !search_take_subset(s, &d, NULL, e);
    for (int i = 0; i < epochs && good; i++)
        good = !search_epoch(s, &d, &d, NULL, NULL, e);
    return good;
}

static void test_noise(void)
{
    struct error e = {""};
    struct search told, untold;
    const bool built = begin(&told, 2, &e) && begin(&untold, 0, &e);
    if (!ok(built && train(&told, false, 2, &e) && train(&untold, false, 2, &e),
            "searches that tell of noise, and not %s", e.text))
        return;
    const struct group a = told.darts.weights, b = untold.darts.weights;
    ok(!memcmp(a.value, b.value, a.count * sizeof *a.value), "telling changes no weight");
    ok(told.noise.count == 2 * STEPS && untold.noise.count == 0, "a row a step");
    double loss = 0, fall = 0;
    bool other = true, gradients = true;
    const double *row = told.noise.row;
    for (int i = 0; i < 2 * STEPS; i++, row += NOISE_WIDTH) {
        if (row[NOISE_EPOCH] > 0)
            loss += row[NOISE_LOSS] * row[NOISE_IMAGES] / IMAGES;
        fall += row[NOISE_FALL];
        /* But for what the architecture's step changes between. */
        other = other &&
                (i == 0 || fabs(row[NOISE_OTHER - NOISE_WIDTH] -
                                row[NOISE_OTHER_FALL - NOISE_WIDTH] - row[NOISE_OTHER]) < 1e-3);
        const bool looked = row[NOISE_NORM] > 0 && row[NOISE_SPREAD] > 0 &&
                            fabs(row[NOISE_HALVES]) <= 1 && fabs(row[NOISE_ALIGNED]) <= 1;
        gradients = gradients && row[NOISE_GRADIENTS] == (i % 2 == 0) && looked == (i % 2 == 0);
    }
    ok(fabs(loss - told.loss) < 1e-5, "the losses are the epoch's: %g, %g", loss, told.loss);
    ok(fall > 0, "on the batches themselves the loss falls: %g", fall);
    ok(other, "what falls of another batch is where the next step begins");
    ok(gradients, "every second step tells of its gradients");
    search_free(&told);
    search_free(&untold);

    if (!ok(begin(&told, 1, &e) && train(&told, true, 1, &e), "images all alike %s", e.text))
        return;
    row = told.noise.row;
    ok(row[NOISE_DEVIATION] < 1e-6 && row[NOISE_SPREAD] < 1e-5 * row[NOISE_NORM] &&
           row[NOISE_HALVES] > 0.99999 && row[NOISE_ALIGNED] > 0.99999,
       "have no noise: deviation %g, spread %g of %g, cosines %g, %g", row[NOISE_DEVIATION],
       row[NOISE_SPREAD], row[NOISE_NORM], row[NOISE_HALVES], row[NOISE_ALIGNED]);
    search_free(&told);
}

int main(void)
{
    test_order();
    test_probability();
    test_settings();
    test_model();
    test_judging();
    test_population();
    test_losses();
    test_noise();
    return tap_done();
}
