#include "measure/report.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CONFUSION = 20, NAME_WIDTH = 16 }; /* of what is printed */

static bool set_ends(struct value *v, const char *name, const double *end)
{
    char key[32];
    bool good = true;
    for (int i = 0; i < 2 && good; i++) {
        snprintf(key, sizeof key, "%s_%s", name, i ? "high" : "low");
        good = value_set_real(v, key, end[i]);
    }
    return good;
}

/* Of the mean of rows' values. */
static bool set_interval(struct value *v, const char *name, const double *value, size_t rows,
                         int draws, uint64_t seed)
{
    double end[2];
    struct error e;
    return draws == 0 || (!bootstrap_mean(value, rows, draws, 0.95, seed, &end[0], &end[1], &e) &&
                          set_ends(v, name, end));
}

static bool set_spread_interval(struct value *v, const struct classification *c, int draws,
                                uint64_t seed)
{
    double end[2];
    struct error e;
    return draws == 0 ||
           (!classification_spread_interval(c, draws, 0.95, seed, &end[0], &end[1], &e) &&
            set_ends(v, "spread", end));
}

static bool set_confusion(struct value *v, const int64_t *confusion, int classes)
{
    struct value *list = value_set(v, "confusion", value_array());
    for (int k = 0; k < classes; k++) {
        struct value *row = value_append(list, value_array());
        for (int p = 0; p < classes; p++)
            if (!value_append(row, value_int(confusion[k * classes + p])))
                return false;
    }
    return list != NULL;
}

bool report_set_classes(struct value *v, int classes, const char *const *name,
                        const int64_t *confusion,
                        bool (*set)(struct value *m, const void *of, int k), const void *of)
{
    struct value *list = value_set(v, "per_class", value_array());
    for (int k = 0; k < classes; k++) {
        struct value *m = value_append(list, value_map());
        if (!value_set_int(m, "class", k) || (name && !value_set_text(m, "name", name[k])) ||
            !set(m, of, k))
            return false;
    }
    return set_confusion(v, confusion, classes);
}

static bool set_class(struct value *m, const void *of, int k)
{
    struct classification_class r = classification_class(of, k);
    return value_set_int(m, "support", r.support) && value_set_int(m, "predicted", r.predicted) &&
           value_set_int(m, "right", r.right) && value_set_real(m, "precision", r.precision) &&
           value_set_real(m, "recall", r.recall) && value_set_real(m, "f1", r.f1);
}

struct value *report_new(const struct classification *c, const char *const *name, int draws,
                         uint64_t seed, struct error *e)
{
    struct classification_summary s = classification_summary(c);
    struct value *v = value_map();
    bool good = value_set_int(v, "rows", (int64_t)c->rows) &&
                value_set_int(v, "classes", c->classes) && value_set_real(v, "top1", s.top1) &&
                set_interval(v, "top1", c->row_right, c->rows, draws, seed) &&
                value_set_real(v, "top5", s.top5) && value_set_real(v, "loss", s.loss) &&
                set_interval(v, "loss", c->row_loss, c->rows, draws, seed) &&
                value_set_real(v, "calibration", s.calibration) &&
                value_set_real(v, "brier", s.brier) &&
                value_set_real(v, "precision", s.precision) &&
                value_set_real(v, "recall", s.recall) && value_set_real(v, "f1", s.f1) &&
                value_set_real(v, "spread", s.spread) && set_spread_interval(v, c, draws, seed) &&
                report_set_classes(v, c->classes, name, c->confusion, set_class, c);
    if (good)
        return v;
    value_free(v);
    error_set(e, "out of memory: the report");
    return NULL;
}

/* ---- as a table ---- */

static void print_number(const struct value *v, const char *key, FILE *to)
{
    double x = value_get_real(v, key, NAN);
    if (isnan(x))
        fprintf(to, " %9s", "-");
    else
        fprintf(to, " %9.4f", x);
}

void report_print_head(const struct value *v, const char *const *count, const char *const *number,
                       FILE *to)
{
    for (; *count; count++)
        fprintf(to, "%-14s %12lld\n", *count, (long long)value_get_int(v, *count, 0));
    for (; *number; number++) {
        fprintf(to, "%-14s   ", *number);
        print_number(v, *number, to);
        fputc('\n', to);
    }
}

void report_print_metric(const struct value *v, const char *key, FILE *to)
{
    char low[32], high[32];
    snprintf(low, sizeof low, "%s_low", key);
    snprintf(high, sizeof high, "%s_high", key);
    fprintf(to, "%-12s", key);
    print_number(v, key, to);
    if (value_get(v, low))
        fprintf(to, "   %.4f to %.4f", value_get_real(v, low, NAN), value_get_real(v, high, NAN));
    fputc('\n', to);
}

static void print_class(const struct value *m, FILE *to)
{
    const char *name = value_get_text(m, "name", "");
    fprintf(to, "%5lld  ", (long long)value_get_int(m, "class", 0));
    for (int i = 0; i < NAME_WIDTH; i++) {
        char letter = *name ? *name++ : ' ';
        fputc((unsigned char)letter < 0x20 || letter == 0x7f ? '?' : letter, to);
    }
}

static void print_confusion(const struct value *confusion, FILE *to)
{
    size_t n = confusion ? confusion->count : 0;
    if (n > MOST_CONFUSION)
        return;
    fprintf(to, "\nconfusion: a row for each class, a column for each prediction\n     ");
    for (size_t k = 0; k < n; k++)
        fprintf(to, " %6zu", k);
    for (size_t k = 0; k < n; k++) {
        fprintf(to, "\n%5zu", k);
        for (size_t p = 0; p < n; p++)
            fprintf(to, " %6lld", (long long)confusion->item[k]->item[p]->integer);
    }
    fputc('\n', to);
}

void report_print_classes(const struct value *report, const char *const *count,
                          const char *const *number, FILE *to)
{
    const struct value *list = value_get(report, "per_class");
    fprintf(to, "\n%5s  %-*s", "class", NAME_WIDTH, "name");
    for (int i = 0; count[i]; i++)
        fprintf(to, " %9s", count[i]);
    for (int i = 0; number[i]; i++)
        fprintf(to, " %9s", number[i]);
    fputc('\n', to);
    for (size_t k = 0; list && k < list->count; k++) {
        const struct value *m = list->item[k];
        print_class(m, to);
        for (int i = 0; count[i]; i++)
            fprintf(to, " %9lld", (long long)value_get_int(m, count[i], 0));
        for (int i = 0; number[i]; i++)
            print_number(m, number[i], to);
        fputc('\n', to);
    }
    print_confusion(value_get(report, "confusion"), to);
}

int report_print(const struct value *report, FILE *to)
{
    static const char *const metric[] = {"top1",      "top5",   "loss", "calibration", "brier",
                                         "precision", "recall", "f1",   "spread"};
    fprintf(to, "%-12s %9lld\n", "rows", (long long)value_get_int(report, "rows", 0));
    for (size_t i = 0; i < sizeof metric / sizeof *metric; i++)
        report_print_metric(report, metric[i], to);
    report_print_classes(report, (const char *[]){"support", NULL},
                         (const char *[]){"precision", "recall", "f1", NULL}, to);
    return ferror(to) ? -1 : 0;
}
