/* Statistics against closed forms and tables; verdicts on cases worked out by hand. */
#include <math.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "measure/evidence.h"
#include "measure/statistics.h"
#include "tap.h"

static bool near(double a, double b, double by)
{
    return fabs(a - b) <= by;
}

static void statistics(void)
{
    double p[] = {0.6, 0.9, 0.975, 0.9999};
    for (int i = 0; i < 4; i++) {
        double one = student_quantile(p[i], 1), two = student_quantile(p[i], 2);
        ok(near(one / tan(M_PI * (p[i] - 0.5)), 1, 1e-9), "t(%g), 1 degree: %.10g", p[i], one);
        ok(near(two / ((2 * p[i] - 1) / sqrt(2 * p[i] * (1 - p[i]))), 1, 1e-9),
           "t(%g), 2 degrees: %.10g", p[i], two);
    }
    ok(near(student_quantile(0.975, 4), 2.776445105, 1e-8), "5 seeds");
    ok(near(student_quantile(0.975, 11), 2.200985160, 1e-8), "12 seeds");
    ok(near(student_quantile(0.975, 1e7), 1.959964, 1e-5), "many");
    ok(near(student_quantile(0.025, 4), -2.776445105, 1e-8), "the other side");
    ok(isnan(student_quantile(0.975, 0)) && isnan(student_quantile(1, 3)), "none");

    const double up[] = {1, 2, 3, 4, 5}, mixed[] = {2, 1, 4, 3, 5}, tied[] = {1, 2, 2, 3, 3};
    const double down[] = {9, 7, 5, 3, 1}, flat[] = {1, 1, 1, 1, 1};
    ok(spearman(up, up, 5) == 1 && spearman(up, down, 5) == -1, "rho of the same and the reverse");
    ok(near(spearman(up, mixed, 5), 0.8, 1e-12), "1 - 6 * 4 / (5 * 24)");
    /* ranks 1, 2.5, 2.5, 4.5, 4.5 against 1 to 5: 9 / sqrt(10 * 9) */
    ok(near(spearman(up, tied, 5), 9 / sqrt(90), 1e-12), "rho with ties");
    ok(near(kendall_tau(up, mixed, 5), 0.6, 1e-12), "8 pairs agree, 2 do not");
    ok(near(kendall_tau(up, tied, 5), 8 / sqrt(80), 1e-12), "tau-b");
    ok(isnan(spearman(up, flat, 5)) && isnan(kendall_tau(up, flat, 5)), "of nothing to rank");

    const double wins[] = {1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6}, even[] = {1, -1};
    ok(sign_flip(wins, 12) == 1. / 4096, "twelve wins: %g", sign_flip(wins, 12));
    ok(sign_flip(even, 2) == 0.75, "sums 2, 0, 0, -2");
    const double thirds[] = {0.1, 0.2, -0.3};
    ok(sign_flip(thirds, 3) == 5. / 8, "sums that are equal but for rounding: %g",
       sign_flip(thirds, 3));
    ok(isnan(sign_flip((const double[]){1, NAN}, 2)), "of what is no number");
    ok(isnan(sign_flip(wins, 0)) && isnan(sign_flip(wins, 25)), "none, too many");
}

static struct value *judge(const char *text, const char *code, struct judging how, struct error *e)
{
    struct evidence v;
    char *copy = text_copy(text, e);
    struct value *report = NULL;
    if (!evidence_read(&v, copy, strlen(copy), code, false, e))
        report = evidence_judge(&v, &how, e);
    evidence_free(&v);
    return report;
}

static const struct judging USUAL = {0.95, 2000, 1, false};

/* Values 1, 2, 3: 2 +- 4.302653 / sqrt 3, from -0.4841 to 4.4841; and the same of the code. */
static void codes(void)
{
    static const struct {
        const char *code, *verdict;
    } of[] = {
        {"D(5)", "fails"},          {"D(4)", "cannot be told"}, {"E(4.5)", "holds"},
        {"E(4)", "cannot be told"}, {"N(0.5)", "holds"},        {"N(0.4)", "cannot be told"},
        {"T(-1)", "holds"},         {"T(5%)", "fails"},         {"T(0)", "cannot be told"},
        {"T(<5)", "holds"},         {"T(<-1)", "fails"},        {"T(<2)", "cannot be told"},
        {"E(0)", "cannot be told"},
    };
    struct error e = {""};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        struct value *r = judge("unit\tvalue\n1\t1\n2\t2\n3\t3\n", of[i].code, USUAL, &e);
        const char *said = value_get_text(r, "verdict", e.text);
        ok(strcmp(said, of[i].verdict) == 0, "%s: %s", of[i].code, said);
        if (i == 0) {
            const struct value *p = value_get(r, "parts")->item[0];
            ok(near(value_get_real(p, "low", 0), 2 - 4.302652730 / sqrt(3), 1e-8) &&
                   near(value_get_real(p, "high", 0), 2 + 4.302652730 / sqrt(3), 1e-8),
               "Student's interval");
        }
        value_free(r);
    }
    struct value *r = judge("unit\tvalue\n1\t-1\n2\t-2\n3\t-3\n", "N(5)", USUAL, &e);
    ok(strcmp(value_get_text(r, "verdict", ""), "holds") == 0, "no worse by 5");
    value_free(r);
    r = judge("unit\tvalue\n1\t2\n2\t2\n", "E(1.5)", USUAL, &e);
    ok(strcmp(value_get_text(r, "verdict", ""), "fails") == 0, "another, above");
    value_free(r);
    r = judge("unit\tvalue\n1\t-2\n2\t-2", "E(1.5)", USUAL, &e);
    ok(strcmp(value_get_text(r, "verdict", ""), "fails") == 0, "another, below");
    value_free(r);
    r = judge("unit\tvalue\n1\t2\n", "D(1)", USUAL, &e);
    ok(strcmp(value_get_text(r, "verdict", ""), "cannot be told") == 0, "nor of one unit");
    value_free(r);
}

static void parts(void)
{
    struct error e = {""};
    struct value *r = judge("part\tcode\tunit\tvalue\n"
                            "a\tD(1)\t1\t5\na\tD(1)\t2\t6\nb\tT(9)\t1\t5\nb\tT(9)\t2\t5\n",
                            NULL, (struct judging){0.95, 2000, 1, true}, &e);
    ok(strcmp(value_get_text(r, "verdict", e.text), "fails") == 0, "one part fails");
    /* a: 1/4 and, less 1, turned, 1; b: less 9 all are below */
    ok(value_get_real(r, "p_holds", 9) == 1 && value_get_real(r, "p_fails", 9) == 0.5,
       "chances: %g %g", value_get_real(r, "p_holds", 9), value_get_real(r, "p_fails", 9));
    value_free(r);

    /* the orders 1 2 3 and 1 3 2: tau 1 and 1/3; ends 2 and 1 */
    r = judge("unit\titem\tvalue\n1\tx\t1\n1\ty\t2\n1\tz\t3\n2\tz\t2\n2\tx\t1\n2\ty\t3\n", "O(0.5)",
              USUAL, &e);
    const struct value *p = value_get(r, "parts");
    ok(p && p->count == 2 && near(value_get_real(p->item[0], "estimate", 0), 2. / 3, 1e-12) &&
           value_get_real(p->item[1], "estimate", 0) == 1.5,
       "an order is a rank correlation and its ends %s", e.text);
    ok(p && strcmp(value_get_text(p->item[1], "code", ""), "D(0.5)") == 0, "D(0.5)");
    value_free(r);

    r = judge("unit\titem\tvalue\tbase\n1\tx\t1\t2\n1\ty\t5\t10\n2\tx\t2\t4\n2\ty\t1\t2\n",
              "T(0.4)", USUAL, &e);
    p = value_get(r, "parts");
    ok(p && value_get_real(p->item[0], "low", 0) == 0.5 &&
           value_get_real(p->item[0], "high", 0) == 0.5,
       "a ratio that is the same everywhere has no width %s", e.text);
    value_free(r);
}

/* A hundred normal numbers: the bootstrap of their mean is as wide as theory says, 2 * 1.96 / 10 of
 * the deviation; of two units of the same items no more than the items' share. */
static void bootstrap(void)
{
    struct random random = random_stream(1, "test", 0);
    struct error e = {""};
    char text[8192] = "unit\tvalue\tbase\n";
    double sum = 0, square = 0;
    for (int i = 0; i < 100; i++) {
        double x = random_normal(&random);
        sum += x;
        square += x * x;
        sprintf(text + strlen(text), "%d\t%.17g\t1\n", i, x);
    }
    struct value *r = judge(text, "D(1)", USUAL, &e), *again = judge(text, "D(1)", USUAL, &e);
    const struct value *p = value_get(r, "parts")->item[0];
    double width = value_get_real(p, "high", 0) - value_get_real(p, "low", 0);
    double want = 2 * 1.96 * sqrt((square - sum * sum / 100) / 100) / 10;
    ok(near(value_get_real(p, "estimate", 0), sum / 100, 1e-12), "the mean");
    ok(near(width / want, 1, 0.08), "width %g, by theory %g", width, want);
    ok(value_equal(r, again), "the same twice");
    value_free(r);
    value_free(again);
}

/* What tells nothing holds nothing, and is no smaller a chance for it. */
static void nothing(void)
{
    struct judging flips = USUAL;
    struct error e = {""};
    flips.flips = true;
    struct value *one = judge("unit\tvalue\tbase\n1\t5\t1\n", "D(1)", USUAL, &e);
    struct value *ties =
        judge("unit\titem\tvalue\n1\ta\t5\n1\tb\t5\n2\ta\t5\n2\tb\t5\n", "O(1)", flips, &e);
    ok(!strcmp(value_get_text(one, "verdict", ""), "cannot be told"), "a single draw: %s",
       value_get_text(one, "verdict", e.text));
    ok(value_get_real(value_get(ties, "parts")->item[0], "p_holds", 0) == 1 &&
           value_get_real(ties, "p_holds", 0) == 1,
       "ties in all units: the chance is 1");
    value_free(one);
    value_free(ties);
}

static void ranked(void)
{
    struct error e = {""};
    struct evidence v;
    char *text = text_copy("unit\titem\tvalue\tbase\n1\ta\t1\t9\n1\tb\t2\t8\n1\tc\t3\t1\n"
                           "2\ta\t1\t-8\n2\tb\t2\t-6\n2\tc\t3\t2\n",
                           &e);
    /* sums: 2 4 6 against 1 2 3 */
    int failed = evidence_read(&v, text, strlen(text), "T(0.5)", true, &e);
    struct value *r = failed ? NULL : evidence_judge(&v, &USUAL, &e);
    const struct value *p = value_get(r, "parts");
    ok(p && value_get_real(p->item[0], "estimate", 0) == 1, "rho of what units have in common %s",
       e.text);
    ok(p && strcmp(value_get_text(p->item[0], "verdict", ""), "cannot be told") == 0,
       "draws of one class alone tell nothing");
    value_free(r);
    evidence_free(&v);
}

static void refused(void)
{
    static const char *const wrong[] = {
        "",
        "unit\n1\n",
        "unit\tvalue\n",
        "unit\tvalue\tvalue\n1\t1\t1\n",
        "unit\tvalue\tweight\n1\t1\t1\n",
        "unit\tvalue\n1\n",
        "unit\tvalue\n1\t2\t3\n",
        "unit\tvalue\n1\tnan\n",
        "unit\tvalue\n1\t-\n",
        "unit\tvalue\n1\t1\n1\t2\n",
        "unit\titem\tvalue\n1\ta\t1\n1\tb\t1\n2\ta\t1\n",
        "unit\titem\tvalue\n1\ta\t1\n1\tb\t1\n2\ta\t1\n2\ta\t1\n",
        "unit\tvalue\tbase\n1\t1\t1\n2\t1\t-\n",
        "part\tcode\tunit\tvalue\na\tD(1)\t1\t1\na\tD(2)\t2\t1\n",
        "code\tunit\tvalue\nF(1)\t1\t1\n",
        "code\tunit\tvalue\nD()\t1\t1\n",
        "code\tunit\tvalue\nD(%)\t1\t1\n",
        "code\tunit\tvalue\nT(<)\t1\t1\n",
        "code\tunit\tvalue\nD(-1)\t1\t1\n",
        "code\tunit\tvalue\nD(1\t1\t1\n",
        "code\tunit\tvalue\nO(1)\t1\t1\n",
        "code\tunit\tvalue\nT\t1\t1\n",
        "code\tunit\tvalue\nD(inf)\t1\t1\n",
        "code\tunit\tvalue\nT(0.00000000000000000000000000001)\t1\t1\n",
        "code\tunit\titem\tvalue\tbase\nO(1)\t1\ta\t1\t1\nO(1)\t1\tb\t1\t1\n",
        "value\n1\n",
        "unit\tvalue\n1\t\n",
        "unit\tvalue\n1\tx\n",
        "unit\tvalue\n1\t1x\n",
        "unit\tvalue\tbase\n1\t1\tx\n",
        "unit\tvalue\n\n1\t1\n",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error e = {""};
        struct value *r = judge(wrong[i], "D(1)", USUAL, &e);
        ok(!r && e.text[0], "refused: %s", e.text);
        value_free(r);
    }
}

/* A heading and a line for each unit and item, or for each of as many parts. */
static char *long_table(const char *heading, const char *line, size_t units, size_t items)
{
    char *text = malloc(64 + units * items * 192), *end = text + sprintf(text, "%s\n", heading);
    for (size_t u = 0; text && u < units; u++)
        for (size_t i = 0; i < items; i++)
            end += sprintf(end, line, u, i);
    return text;
}

/* Tables that are longer than any that is meant, and parts that cannot be ranked. */
static void bounds(void)
{
    static const struct {
        const char *heading, *line, *code, *words;
        size_t units, items;
        bool ranked;
    } of[] = {
        {"unit\tvalue", "%zu\t1\n", "D(1)", "more than 4096 units", EVIDENCE_NAMES + 1, 1, false},
        {"unit\titem\tvalue", "%zu\t%zu\t1\n", "D(1)", "at most 65536", 257, 256, false},
        {"part\tunit\tvalue", "%zu\t1\t1\n", "D(1)", "more than 256 parts", EVIDENCE_PARTS + 1, 1,
         false},
        {"part\tunit\tvalue", "%0128zu\t1\t1\n", "D(1)", "longer than 127 bytes", 1, 1, false},
        {"unit\titem\tvalue", "%zu\t%zu\t1\n", "O(1)", "of 2 to 256 items", 1, EVIDENCE_RANKED + 1,
         false},
        {"unit\titem\tvalue", "%zu\t%zu\t1\n", "T(0)", "ranks are of", 2, 3, true},
        {"unit\titem\tvalue\tbase", "%zu\t%zu\t1\t1\n", "T(0)", "ranks are of", 2, 1, true},
        {"unit\titem\tvalue\tbase", "%zu\t%zu\t1\t1\n", "T(0)", "ranks are of", 1,
         EVIDENCE_RANKED + 1, true},
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        struct error e = {""};
        struct evidence v;
        char *text = long_table(of[i].heading, of[i].line, of[i].units, of[i].items);
        int failed = evidence_read(&v, text, strlen(text), of[i].code, of[i].ranked, &e);
        ok(failed && strstr(e.text, of[i].words), "refused: %s", e.text);
        evidence_free(&v);
    }
}

static void printed(void)
{
    struct error e = {""};
    struct value *r = judge("unit\tvalue\n1\t1\n2\t2\n", "D(1)", USUAL, &e);
    FILE *full = fopen("/dev/full", "w");
    if (full)
        setbuf(full, NULL);
    ok(full && evidence_print(r, full) == -1, "a report that finds no room");
    if (full)
        fclose(full);
    value_free(r);
}

int main(void)
{
    statistics();
    codes();
    parts();
    bootstrap();
    nothing();
    ranked();
    refused();
    bounds();
    printed();
    return tap_done();
}
