/* The small parts of lib/search: orders, probabilities, settings, networks from hostile meta. */
#include <string.h>

#include "search/batches.h"
#include "search/model.h"
#include "search/settings.h"
#include "search/strategy.h"
#include "tap.h"

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

int main(void)
{
    test_order();
    test_probability();
    test_settings();
    test_model();
    test_population();
    return tap_done();
}
