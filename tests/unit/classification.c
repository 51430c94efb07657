/* Metrics against values worked out by hand and closed forms. */
#include "measure/classification.h"
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "measure/report.h"
#include "measure/tsv.h"
#include "tap.h"

static bool near(double a, double b)
{
    return fabs(a - b) < 1e-6;
}

/* Six rows over three classes; predictions 0 0 1 2 2 0 for labels 0 0 0 1 2 2. */
static void by_hand(void)
{
    static const float p[6][3] = {{.5f, .25f, .25f}, {.75f, .125f, .125f},
                                  {.25f, .5f, .25f}, {.125f, .125f, .75f},
                                  {0, 0, 1},         {.5f, .25f, .25f}};
    static const int label[] = {0, 0, 0, 1, 2, 2};
    struct error e;
    struct classification c;
    classification_init(&c, 3, true, &e);
    for (int i = 0; i < 6; i++)
        classification_add(&c, label[i], p[i], &e);
    struct classification_summary s = classification_summary(&c);
    ok(near(s.top1, 0.5) && isnan(s.top5), "top-1; no top-5 with three classes");
    double loss = -(log(.5) + log(.75) + log(.25) + log(.125) + log(1) + log(.25)) / 6;
    ok(near(s.loss, loss), "negative log-likelihood %.6f", s.loss);
    /* squared distances: .375, .09375, .875, 1.34375, 0, .875 */
    ok(near(s.brier, (.375 + .09375 + .875 + 1.34375 + 0 + .875) / 6), "Brier %.6f", s.brier);
    /* bins: three rows at .5 with one right, two at .75 with one right, one at 1, right */
    ok(near(s.calibration, (0.5 + 0.5 + 0) / 6), "calibration %.6f", s.calibration);
    static const double precision[] = {2.0 / 3, 0, 0.5}, recall[] = {2.0 / 3, 0, 0.5};
    static const double f1[] = {2.0 / 3, 0, 0.5};
    static const int64_t support[] = {3, 1, 2}, confusion[] = {2, 1, 0, 0, 0, 1, 1, 0, 1};
    int wrong = memcmp(c.confusion, confusion, sizeof confusion) != 0;
    for (int k = 0; k < 3; k++) {
        struct classification_class r = classification_class(&c, k);
        wrong += !near(r.precision, precision[k]) || !near(r.recall, recall[k]) ||
                 !near(r.f1, f1[k]) || r.support != support[k];
    }
    ok(wrong == 0, "confusion, and precision, recall, F1 and support of each class");
    ok(near(s.precision, 7.0 / 18) && near(s.recall, 7.0 / 18) && near(s.f1, 7.0 / 18),
       "their means");

    struct value *v = report_new(&c, NULL, 100, 1, &e);
    ok(near(value_get_real(v, "top1", -1), 0.5) && value_get_int(v, "rows", -1) == 6 &&
           value_get_real(v, "top1_low", 2) <= 0.5 && value_get_real(v, "top1_high", -1) >= 0.5 &&
           value_get(v, "confusion")->item[2]->item[0]->integer == 1,
       "the report says the same");
    value_free(v);
    classification_free(&c);
}

static void logits(void)
{
    struct error e;
    struct classification a, b;
    struct random r = random_stream(1, "logits", 0);
    int top5 = 0;
    classification_init(&a, 8, false, &e);
    classification_init(&b, 8, true, &e);
    for (int i = 0; i < 1000; i++) {
        float x[8], p[8];
        double sum = 0;
        int label = (int)random_below(&r, 8), above = 0;
        for (int k = 0; k < 8; k++) {
            x[k] = (float)(2 * random_normal(&r)) + 500; /* softmax does not see the shift */
            sum += exp(x[k] - 500.0);
        }
        for (int k = 0; k < 8; k++) {
            p[k] = (float)(exp(x[k] - 500.0) / sum);
            above += x[k] > x[label];
        }
        top5 += above < 5;
        classification_add(&a, label, x, &e);
        classification_add(&b, label, p, &e);
    }
    struct classification_summary s = classification_summary(&a), t = classification_summary(&b);
    ok(s.top1 == t.top1 && fabs(s.loss - t.loss) < 1e-4 && fabs(s.brier - t.brier) < 1e-4 &&
           fabs(s.calibration - t.calibration) < 1e-4,
       "logits count as their softmax");
    ok(near(s.top5, top5 / 1000.0), "top-5 %.3f", s.top5);
    classification_free(&a);
    classification_free(&b);

    /* Equal scores: log m, the first class, 1/m confident. */
    static const float flat[4];
    classification_init(&a, 4, false, &e);
    for (int k = 0; k < 4; k++)
        classification_add(&a, k, flat, &e);
    s = classification_summary(&a);
    ok(near(s.loss, log(4)) && near(s.top1, 0.25) && near(s.calibration, 0) &&
           near(s.brier, 0.75) && a.confusion[4 * 3] == 1,
       "no knowledge: loss log 4, calibrated");
    static const float sure[] = {1e4f, -1e4f, 0, 0}, never[] = {0, 1, 0, 0};
    classification_free(&a);
    classification_init(&a, 4, false, &e);
    classification_add(&a, 1, sure, &e);
    ok(near(classification_summary(&a).loss, 2e4), "huge logits do not overflow");
    classification_free(&a);
    classification_init(&a, 4, true, &e);
    classification_add(&a, 0, never, &e);
    ok(near(classification_summary(&a).loss, -log(1e-15)), "a probability of 0 counts as 1e-15");
    classification_free(&a);
}

static void refused(void)
{
    struct error e;
    struct classification c;
    const float good[] = {.5f, .5f}, nan_score[] = {.5f, NAN}, infinite[] = {INFINITY, 0},
                sum[] = {.5f, .6f}, negative[] = {1.5f, -.5f};
    classification_init(&c, 2, true, &e);
    ok(classification_add(&c, -1, good, &e) == -1, "%s", e.text);
    ok(classification_add(&c, 2, good, &e) == -1, "%s", e.text);
    ok(classification_add(&c, 0, nan_score, &e) == -1, "%s", e.text);
    ok(classification_add(&c, 0, infinite, &e) == -1, "%s", e.text);
    ok(classification_add(&c, 0, sum, &e) == -1, "%s", e.text);
    ok(classification_add(&c, 0, negative, &e) == -1, "%s", e.text);
    ok(c.rows == 0 && classification_add(&c, 0, good, &e) == 0 && c.rows == 1,
       "refused rows leave no trace");
    classification_free(&c);
    ok(classification_init(&c, 0, true, &e) == -1 && classification_init(&c, 5000, true, &e) == -1,
       "%s", e.text);
}

/* Of two classes of as many rows the deviation of recall is that of their difference over sqrt(2).
 */
static void spread(void)
{
    enum { EACH = 3000 };
    struct classification c;
    struct error e;
    double low, high, again_low, again_high;
    const float score[2][2] = {{1, 0}, {0, 1}};
    classification_init(&c, 3, false, &e);
    for (int i = 0; i < 2 * EACH; i++) { /* of one class half is right, of the other nine tenths */
        const int label = i % 2, row = i / 2, right = label ? row % 10 > 0 : row % 2;
        classification_add(&c, label,
                           (const float[3]){score[label ^ !right][0], score[label ^ !right][1], -1},
                           &e);
    }
    const double root = sqrt(0.5), middle = 0.4 * root;
    ok(near(classification_summary(&c).spread, middle), "spread %.4f",
       classification_summary(&c).spread);
    classification_spread_interval(&c, 2000, 0.95, 1, &low, &high, &e);
    const double half = 1.96 * root * sqrt((0.25 + 0.09) / EACH);
    ok(fabs(low - (middle - half)) < 0.15 * half && fabs(high - (middle + half)) < 0.15 * half,
       "%.4f to %.4f; normal %.4f to %.4f", low, high, middle - half, middle + half);
    classification_spread_interval(&c, 2000, 0.95, 1, &again_low, &again_high, &e);
    ok(low == again_low && high == again_high, "the same seed, the same interval");
    classification_free(&c);
    /* Two classes of 100, of each as much right: all that differs is noise, and is there once. */
    classification_init(&c, 3, false, &e);
    for (int i = 0; i < 200; i++) {
        const int right = i / 2 % 5 > 0;
        classification_add(&c, i % 2,
                           (const float[3]){score[i % 2 ^ !right][0], score[i % 2 ^ !right][1], -1},
                           &e);
    }
    classification_spread_interval(&c, 2000, 0.95, 1, &low, &high, &e);
    ok(classification_summary(&c).spread == 0 && low == 0 && high > 0.04 && high < 0.1,
       "alike: 0, %.4f to %.4f", low, high);
    classification_free(&c);
    classification_init(&c, 2, false, &e);
    classification_add(&c, 0, score[0], &e);
    classification_spread_interval(&c, 10, 0.95, 1, &low, &high, &e);
    ok(isnan(classification_summary(&c).spread) && isnan(low) && isnan(high), "one class");
    classification_free(&c);
}

/* A share's interval is near the normal one, mean +- 1.96 sqrt(p (1 - p) / n). */
static void bootstrap(void)
{
    enum { N = 4000 };
    struct error e;
    double low, high, again_low, again_high;
    autofree double *x = array_new(N, sizeof *x, "values", &e);
    for (int i = 0; i < N; i++)
        x[i] = i % 4 == 0;
    bootstrap_mean(x, N, 2000, 0.95, 1, &low, &high, &e);
    double half = 1.96 * sqrt(0.25 * 0.75 / N);
    ok(fabs(low - (0.25 - half)) < 0.15 * half && fabs(high - (0.25 + half)) < 0.15 * half,
       "%.4f to %.4f; normal %.4f to %.4f", low, high, 0.25 - half, 0.25 + half);
    bootstrap_mean(x, N, 2000, 0.95, 1, &again_low, &again_high, &e);
    ok(low == again_low && high == again_high, "the same seed, the same interval");
    bootstrap_mean(x, 1, 10, 0.95, 1, &low, &high, &e);
    ok(low == 1 && high == 1, "one value");
    bootstrap_mean(x, 0, 10, 0.95, 1, &low, &high, &e);
    ok(isnan(low) && isnan(high), "none");
}

/* Reads text to its end or error; rows, or -1. */
static int read_text(const char *text, size_t size, struct error *e)
{
    struct tsv t;
    FILE *from = fmemopen((void *)text, size, "r");
    int rows = 0, got = tsv_begin(&t, from, e) ? -1 : 1;
    while (got > 0 && (got = tsv_read(&t, e)) > 0) {
        bool good = t.classes == 2 && !strcmp(t.name[1], "b") && t.label == 1;
        rows += good && t.score[1] == -2.5f ? 1 : 100;
    }
    tsv_free(&t);
    fclose(from);
    return got < 0 ? -1 : rows;
}

static void table(void)
{
    static const struct {
        const char *text;
        int rows;
    } cases[] = {
        {"id\tlabel\ta\tb\n7\t1\t0\t-2.5\n", 1},
        {"id\tlabel\ta\tb\r\nx.png\t1\t1e3\t-2.5\r\n8\t1\t0\t-25e-1", 2},
        {"id\tlabel\ta\tb\n", 0},
        {"", -1},
        {"id,label,a,b\n7,1,0,1\n", -1},
        {"id\tlabel\ta\tb\n7\t1\t0\n", -1},
        {"id\tlabel\ta\tb\n7\t1\t0\t-2.5\t3\n", -1},
        {"id\tlabel\ta\tb\n7\t1\t0\tx\n", -1},
        {"id\tlabel\ta\tb\n7\t1\t0\t\n", -1},
        {"id\tlabel\ta\tb\n7\tcat\t0\t-2.5\n", -1},
        {"id\tlabel\ta\tb\n7\t99999999999999999999\t0\t-2.5\n", -1},
        {"id\tlabel\ta\tb\n\n", -1},
    };
    struct error e;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        e.text[0] = '\0';
        int rows = cases[i].text[0] ? read_text(cases[i].text, strlen(cases[i].text), &e)
                                    : read_text("\n", 1, &e);
        ok(rows == cases[i].rows, "table %zu: %d rows %s", i, rows, e.text);
    }
    static const char zero[] = "id\tlabel\ta\tb\n7\t1\0\t0\t-2.5\n";
    ok(read_text(zero, sizeof zero - 1, &e) == -1, "%s", e.text);
    size_t size = 3 << 20;
    autofree char *endless = array_new(size, 1, "text", &e);
    memset(endless, '9', size);
    ok(read_text(endless, size, &e) == -1, "%s", e.text);
}

int main(void)
{
    by_hand();
    logits();
    refused();
    bootstrap();
    spread();
    table();
    return tap_done();
}
