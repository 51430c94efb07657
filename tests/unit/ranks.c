/* Rank correlations of samples against the plain ones of the same numbers, each as often as it was
 * drawn; tables, hostile ones too. */
#include "measure/ranks.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/random.h"
#include "measure/statistics.h"
#include "tap.h"

enum { N = 40, MOST = 6 * N };

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-12 || (isnan(a) && isnan(b));
}

struct item {
    double a, b;
};

static int by_a_then_b(const void *x, const void *y)
{
    const struct item *p = x, *q = y;
    return p->a != q->a ? (p->a > q->a) - (p->a < q->a) : (p->b > q->b) - (p->b < q->b);
}

/* Of n items, of so many values each, every one at most 5 times. */
static bool agrees(uint64_t seed, size_t n, uint64_t values)
{
    struct random r = random_stream(seed, "items", values);
    struct item item[N];
    double a[N], b[N], x[MOST], y[MOST];
    uint32_t times[N];
    size_t total = 0;
    for (size_t i = 0; i < n; i++) {
        item[i] = (struct item){(double)random_below(&r, values), (double)random_below(&r, values)};
        item[i].b = item[i].b == 0 ? -INFINITY : item[i].b; /* a score may be that */
        a[i] = item[i].a;
        b[i] = item[i].b;
    }
    qsort(item, n, sizeof *item, by_a_then_b);
    for (size_t i = 0; i < n; i++) {
        times[i] = (uint32_t)random_below(&r, 6);
        for (uint32_t k = 0; k < times[i]; k++, total++) {
            x[total] = item[i].a;
            y[total] = item[i].b;
        }
    }
    struct ranks ranks;
    struct error e;
    if (ranks_new(&ranks, a, b, n, &e))
        return false;
    uint64_t *work = malloc(RANKS_WORK(&ranks) * sizeof *work);
    const struct correlations c = ranks_correlate(&ranks, times, work);
    bool good =
        near(c.kendall, kendall_tau(x, y, total)) && near(c.spearman, spearman(x, y, total));
    free(work);
    ranks_free(&ranks);
    return good;
}

static void samples(void)
{
    static const uint64_t values[] = {1, 2, 5, 1000000};
    for (int k = 0; k < 4; k++) {
        int good = 0;
        for (uint64_t seed = 0; seed < 200; seed++)
            good += agrees(seed, 1 + seed % N, values[k]);
        ok(good == 200, "200 samples of %llu values: as by the definitions",
           (unsigned long long)values[k]);
    }
}

/* Takes a copy of the text. */
static int reading(struct scores *s, const char *text, struct error *e)
{
    return scores_read(s, strdup(text), strlen(text), "score", NULL, e);
}

static void refused(const char *text, const char *why)
{
    struct scores s;
    struct error e = {""};
    ok(reading(&s, text, &e) == -1 && strstr(e.text, why), "%s", e.text);
    scores_free(&s);
}

static void tables(void)
{
    struct scores a, b;
    struct error e = {""};
    ok(!reading(&a, "id\tx\tscore\r\nb\t-\t2\r\na\t\t-inf\r\nc\t1\t1e3\n", &e) && a.count == 3 &&
           !strcmp(a.each[0].id, "a") && a.each[0].value == -INFINITY && a.each[2].value == 1000,
       "columns by name, other columns of anything %s", e.text);
    ok(!reading(&b, "score\tid\n5\tc\n4\tb\n1\td", &e), "in any order, without a last line feed");
    struct value *v = ranks_report(&a, &b, 0, 1, &e);
    ok(v && value_get_int(v, "pairs", 0) == 2 && value_get_int(v, "unmatched", 0) == 2 &&
           value_get_real(v, "kendall", 0) == 1 && !value_get(v, "kendall_low"),
       "joined by id; without draws no intervals");
    value_free(v);
    scores_free(&b);
    reading(&b, "id\tscore\nc\t1\n", &e);
    ok(!ranks_report(&a, &b, 0, 1, &e), "%s", e.text);
    scores_free(&a);
    scores_free(&b);

    refused("", "empty");
    refused("score\n1\n", "no column id");
    refused("id\tscores\na\t1\n", "no column score");
    refused("id\tid\tscore\n", "two columns id");
    refused("id\tscore\na\t1\na\t2\n", "id a twice");
    refused("id\tscore\na\tnan\n", "row 1: score \"nan\"");
    refused("id\tscore\na\t1x\n", "row 1: score \"1x\"");
    refused("id\tscore\na\t\n", "row 1: score \"\"");
    refused("id\tscore\na\t1\nb\n", "row 2: 1 columns, expected 2");
    refused("id\tscore\na\t1\t2\n", "row 1: 3 columns");
    refused("id\tscore\na\t1\n\n", "row 2: 1 columns");
    struct scores s;
    ok(scores_read(&s, memcpy(malloc(12), "id\tscore\n\0\t1", 12), 11, "score", NULL, &e) == -1,
       "%s", e.text);
    scores_free(&s);
}

static struct value *grouped(const char *reference, const char *table, const char *group)
{
    struct scores a, b;
    struct error e = {""};
    ok(!scores_read(&a, strdup(reference), strlen(reference), "score", group, &e) &&
           !reading(&b, table, &e),
       "tables %s", e.text);
    struct value *v = ranks_report(&a, &b, 200, 1, &e);
    ok(v != NULL, "ranked %s", e.text);
    scores_free(&a);
    scores_free(&b);
    return v;
}

static double width(const struct value *v)
{
    return value_get_real(v, "kendall_high", 0) - value_get_real(v, "kendall_low", 0);
}

/* What is drawn together: all, nothing can differ; each alone, it is as if there were no groups;
 * two by two, intervals are wider. */
static void groups(void)
{
    enum { PAIRS = 40 };
    struct random r = random_stream(1, "groups", 0);
    char one[PAIRS * 60] = "id\tall\teach\ttwo\tscore\n", other[PAIRS * 60] = "id\tscore\n";
    char *end[] = {one + strlen(one), other + strlen(other)};
    for (int i = 0; i < PAIRS / 2; i++) {
        double x = random_normal(&r), y = x + random_normal(&r);
        for (int k = 0; k < 2; k++) {
            end[0] += sprintf(end[0], "%d\tall\t%d\tt%d\t%.6g\n", 2 * i + k, 2 * i + k, i, x);
            end[1] += sprintf(end[1], "%d\t%.6g\n", 2 * i + k, y);
        }
    }
    struct value *all = grouped(one, other, "all"), *each = grouped(one, other, "each");
    struct value *two = grouped(one, other, "two"), *none = grouped(one, other, NULL);
    ok(value_get_int(all, "groups", 0) == 1 && width(all) == 0, "one group: no width");
    ok(value_get_int(each, "groups", 0) == PAIRS && !value_get(none, "groups") &&
           fabs(width(each) / width(none) - 1) < 0.25,
       "each alone: as without groups (%g, %g)", width(each), width(none));
    ok(value_get_int(two, "groups", 0) == PAIRS / 2 && width(two) > 1.15 * width(none),
       "of twins: wider (%g)", width(two));
    ok(value_get_real(two, "kendall", 0) == value_get_real(none, "kendall", 1),
       "estimates are one");
    value_free(all);
    value_free(each);
    value_free(two);
    value_free(none);
    struct scores s;
    struct error e;
    char *text = strdup("id\tscore\na\t1\n");
    ok(scores_read(&s, text, strlen(text), "score", "kind", &e) == -1 &&
           strstr(e.text, "no column kind"),
       "%s", e.text);
    scores_free(&s);
}

/* What the intervals of many studies of one truth hold. */
static void coverage(void)
{
    enum { STUDIES = 100, PAIRS = 60, DRAWS = 200 };
    const double rho = 0.6, tau = 2 / M_PI * asin(rho), rank = 6 / M_PI * asin(rho / 2);
    int kendall = 0, spear = 0;
    for (uint64_t study = 0; study < STUDIES; study++) {
        struct random r = random_stream(study, "normal pairs", 0);
        struct scores s[2];
        struct error e;
        char text[2][PAIRS * 40], *end[2] = {text[0], text[1]};
        for (int k = 0; k < 2; k++)
            end[k] += sprintf(end[k], "id\tscore\n");
        for (int i = 0; i < PAIRS; i++) {
            double x = random_normal(&r), y = rho * x + sqrt(1 - rho * rho) * random_normal(&r);
            end[0] += sprintf(end[0], "%d\t%.12g\n", i, x);
            end[1] += sprintf(end[1], "%d\t%.12g\n", i, y);
        }
        reading(&s[0], text[0], &e);
        reading(&s[1], text[1], &e);
        struct value *v = ranks_report(&s[0], &s[1], DRAWS, study, &e);
        kendall += value_get_real(v, "kendall_low", 1) < tau &&
                   tau < value_get_real(v, "kendall_high", -1);
        spear += value_get_real(v, "spearman_low", 1) < rank &&
                 rank < value_get_real(v, "spearman_high", -1);
        value_free(v);
        scores_free(&s[0]);
        scores_free(&s[1]);
    }
    ok(kendall >= 88 && kendall < 100, "95 %% intervals hold the truth %d times of 100 (tau)",
       kendall);
    ok(spear >= 88 && spear < 100, "%d times (rho)", spear);
}

int main(void)
{
    samples();
    tables();
    groups();
    coverage();
    return tap_done();
}
