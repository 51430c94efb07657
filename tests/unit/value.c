/* Value trees and their JSON. */
#include "base/value.h"
#include <stdlib.h>
#include <string.h>
#include "tap.h"

static struct value *parse(const char *text, struct error *e)
{
    return value_parse_json(text, strlen(text), e);
}

static void round_trip(const char *json, const char *wanted)
{
    struct error e = {"no error"};
    struct value *v = parse(json, &e);
    char *text = v ? value_json_text(v) : NULL;
    ok(text && strcmp(text, wanted) == 0, "%s", json);
    struct value *again = text ? parse(text, &e) : NULL;
    ok(again && value_equal(v, again), "and back: %s", text ? text : e.text);
    struct value *copy = value_copy(v);
    ok(value_equal(v, copy), "and copied");
    value_free(v);
    value_free(again);
    value_free(copy);
    free(text);
}

static void refuse(const char *json, const char *wanted)
{
    struct error e = {""};
    struct value *v = parse(json, &e);
    ok(!v && strstr(e.text, wanted), "refused: %.40s (%s)", json, e.text);
    value_free(v);
}

static void nested(int levels, bool good)
{
    char text[512] = "";
    struct error e;
    memset(text, '[', (size_t)levels);
    memset(text + levels, ']', (size_t)levels);
    struct value *v = parse(text, &e);
    ok(!v == !good, "%d levels are %s", levels, good ? "taken" : "refused");
    value_free(v);
}

static void json(void)
{
    round_trip("null", "null");
    round_trip(" { } ", "{}");
    round_trip("[1,-2,9223372036854775807,-9223372036854775808]",
               "[1, -2, 9223372036854775807, -9223372036854775808]");
    round_trip("[0.1,1e300,5e-324,1.0,-0.0,0.30000000000000004]",
               "[0.1, 1e+300, 5e-324, 1.0, -0.0, 0.30000000000000004]");
    round_trip("18446744073709551616", "1.8446744073709552e+19");
    round_trip("{\"a\":[true,false,null,{\"b\":\"c\"}],\"d\":{}}",
               "{\"a\": [true, false, null, {\"b\": \"c\"}], \"d\": {}}");
    round_trip("\"\\u00e9\\ud83d\\ude00 \\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\"",
               "\"\u00e9\U0001F600 \\\"\\\\/\\b\\f\\n\\r\\t\\u0001\"");
    round_trip("{\"a\": 1, \"a\": 2}", "{\"a\": 2}");
    refuse("", "expected a value, found the end");
    refuse("[1,]", "expected a value, found ']'");
    refuse("[1", "expected ',' or ']'");
    refuse("{\"a\" 1}", "expected ':'");
    refuse("{a: 1}", "expected a text");
    refuse("01", "expected the end");
    refuse("1.", "expected a digit");
    refuse("-", "expected a value");
    refuse("nul", "expected a value");
    refuse("\"\\ud800\"", "surrogate");
    refuse("\"\\u0000\"", "NUL");
    refuse("\"\\u00@1\"", "an escape");
    refuse("\"a\nb\"", "line 1, column 3");
    refuse("[1]\n x", "line 2, column 2: expected the end, found 'x'");
    nested(64, true);
    nested(65, false);
}

static void not_finite(void)
{
    struct value *v = value_array();
    value_append(v, value_real(NAN));
    value_append(v, value_real(-INFINITY));
    value_append(v, value_text("a\xff\xc0\x80z"));
    char *text = value_json_text(v);
    ok(text && strcmp(text, "[null, null, \"a\\ufffd\\ufffd\\ufffdz\"]") == 0,
       "what JSON has not: %s", text);
    free(text);
    value_free(v);
}

/* Every double whose bits we try comes back the same. */
static void reals(void)
{
    bool same = true;
    uint64_t bits = 88172645463325252ull;
    for (int i = 0; i < 20000 && same; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        double x;
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x))
            continue;
        struct error e;
        struct value *v = value_real(x);
        char *text = value_json_text(v);
        struct value *back = parse(text, &e);
        same = value_equal(v, back);
        value_free(v);
        value_free(back);
        free(text);
    }
    ok(same, "reals read back the same, bit for bit");
}

static void maps(void)
{
    struct value *v = value_map();
    value_set_int(v, "one", 1);
    value_set_real(v, "half", 0.5);
    value_set_text(v, "name", "x");
    value_set_bool(v, "yes", true);
    value_set_int(value_set_map(v, "in"), "deep", 7);
    value_set_int(value_set_map(v, "in"), "deeper", 8);
    ok(value_get_int(v, "one", 0) == 1 && value_get_int(v, "half", 9) == 9, "integers");
    ok(value_get_real(v, "half", 0) == 0.5 && value_get_real(v, "one", 0) == 1, "reals");
    ok(strcmp(value_get_text(v, "name", ""), "x") == 0 && value_get_bool(v, "yes", false),
       "texts and truth");
    ok(value_get_int(value_get(v, "in"), "deep", 0) == 7 && value_get(v, "in")->count == 2,
       "maps in maps");
    ok(!value_get(v, "none") && !value_get(NULL, "one") && value_get_int(NULL, "one", 3) == 3,
       "what is not there");
    value_set_int(v, "one", 2);
    ok(v->count == 5 && value_get_int(v, "one", 0) == 2, "set replaces");
    value_remove(v, "half");
    ok(v->count == 4 && !value_get(v, "half") && strcmp(v->key[1], "name") == 0, "remove");
    value_remove(v, "half");
    ok(!value_set(v, "x", NULL) && !value_append(v, value_nil()) && v->count == 4,
       "a lost child or a wrong parent is no member");

    struct error e;
    struct value *a = parse("{\"x\":1,\"y\":[2]}", &e), *b = parse("{\"y\":[2],\"x\":1}", &e);
    ok(value_equal(a, b), "equal maps in another order");
    value_set_real(b, "x", 1);
    ok(!value_equal(a, b), "an integer is no real");
    value_free(a);
    value_free(b);
    value_free(v);
}

/* As the header of a large network's safetensors; one by one, each would be compared with all. */
static void large_maps(void)
{
    enum { MANY = 200000 };
    char key[16];
    struct error e;
    struct value *v = value_map();
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "%d", i);
        value_set_int(v, key, i);
    }
    value_set_int(v, "77", -1);
    value_remove(v, "5");
    value_remove(v, "no such key");
    value_set_int(v, "5", 5); /* now the last */
    char *text = value_json_text(v);
    struct value *copy = value_copy(v), *back = parse(text, &e);
    ok(back && value_equal(v, copy) && value_equal(copy, back), "a large map, copied and parsed");
    bool good = v->count == MANY && strcmp(v->key[MANY - 1], "5") == 0;
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "%d", i);
        good = good && value_get_int(back, key, -2) == (i == 77 ? -1 : i);
    }
    ok(good && !value_get(back, "200000"), "every member of it is found");
    free(text);
    value_free(v);
    value_free(copy);
    value_free(back);
}

/* What a NULL child stands for: its memory was out. */
static void lost_members(void)
{
    struct value *v = value_map(), *in = value_set_map(v, "in");
    ok(value_is_whole(v) && !value_is_whole(NULL), "a tree that lost nothing is whole");
    value_append(value_set(in, "list", value_array()), NULL);
    value_set_int(v, "after", 1);
    ok(!value_is_whole(v) && value_print_json(v, stderr) == -1 && !value_json_text(v) &&
           !value_copy(v),
       "one that lost a member below is neither printed nor copied");
    value_free(v);
}

int main(void)
{
    json();
    not_finite();
    reals();
    maps();
    large_maps();
    lost_members();
    return tap_done();
}
