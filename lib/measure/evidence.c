#include "measure/evidence.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "measure/statistics.h"

struct names {
    const char **name; /* into the text; owned */
    size_t count, capacity, last;
};

struct figure {
    size_t unit, item;
    double value, base; /* NaN: nothing */
};

struct part {
    char name[128], code[32];
    char kind; /* D, E, N, T, < (below), O */
    double limit;
    struct names unit, item;
    struct figure *figure; /* as they were read; owned */
    size_t figures, capacity;
    double *value, *base; /* [units, items]; owned; base NULL: there is none */
};

static void part_free(struct part *p)
{
    free(p->unit.name);
    free(p->item.name);
    free(p->figure);
    free(p->value);
    free(p->base);
}

void evidence_free(struct evidence *v)
{
    for (size_t i = 0; i < v->parts; i++)
        part_free(&v->part[i]);
    free(v->part);
    free(v->text);
    *v = (struct evidence){0};
}

/* ---- reading ---- */

/* Its place in the list, to which it is added where it is new; rows mostly come in order, so the
 * search goes round from where the last one was. */
static int find_name(struct names *n, const char *name, size_t *at, struct error *e)
{
    for (size_t k = 0; k < n->count; k++) {
        *at = (n->last + k) % n->count;
        if (strcmp(n->name[*at], name) == 0) {
            n->last = *at;
            return 0;
        }
    }
    if (n->count == EVIDENCE_NAMES)
        return error_set(e, "more than %d units or items", EVIDENCE_NAMES);
    if (array_grow((void **)&n->name, &n->capacity, n->count + 1, sizeof *n->name, "names", e))
        return -1;
    *at = n->last = n->count;
    n->name[n->count++] = name;
    return 0;
}

static int parse_code(struct part *p, const char *code, struct error *e)
{
    char *end = NULL;
    const size_t below = code[0] == 'T' && code[1] == '(' && code[2] == '<';
    const char *number = code + 2 + below;
    if (code[0] && strchr("DENTO", code[0]) && code[1] == '(') {
        p->kind = below ? '<' : code[0];
        p->limit = strtod(number, &end);
        end = end == number ? NULL : end + (*end == '%');
    }
    if (!end || strcmp(end, ")") != 0 || !isfinite(p->limit) ||
        (p->kind != 'T' && p->kind != '<' && p->limit < 0) || strlen(code) >= sizeof p->code)
        return error_set(e, "code \"%.40s\", expected one of D(d) E(d) N(d) T(x) T(<x) O(d)", code);
    strcpy(p->code, code);
    return 0;
}

static struct part *find_part(struct evidence *v, const char *name, const char *code,
                              struct error *e)
{
    for (size_t i = v->parts; i-- > 0;)
        if (strcmp(v->part[i].name, name) == 0) {
            if (strcmp(v->part[i].code, code) == 0)
                return &v->part[i];
            error_set(e, "code %.40s, but %s before", code, v->part[i].code);
            return NULL;
        }
    struct part *p = &v->part[v->parts];
    if (v->parts == EVIDENCE_PARTS || strlen(name) >= sizeof p->name) {
        error_set(e, "more than %d parts, or the name of one longer than %zu bytes", EVIDENCE_PARTS,
                  sizeof p->name - 1);
        return NULL;
    }
    if (parse_code(p, code, e))
        return NULL;
    strcpy(p->name, name);
    v->parts++;
    return p;
}

static int parse_number(const char *text, double *to, const char *what, struct error *e)
{
    char *end;
    *to = NAN;
    if (strcmp(text, "-") == 0)
        return 0;
    *to = strtod(text, &end);
    return end == text || *end || !isfinite(*to)
               ? error_set(e, "%s \"%.40s\", expected a number or -", what, text)
               : 0;
}

enum column { PART, CODE, UNIT, ITEM, VALUE, BASE, COLUMNS };

/* Without its end, which may be CR LF; NULL behind the last. */
static char *next_line(char **text)
{
    char *line = strsep(text, "\n");
    const size_t length = line ? strlen(line) : 0;
    if (length && line[length - 1] == '\r')
        line[length - 1] = 0;
    return line;
}

static int read_heading(char *line, const char *code, enum column *column, int *columns,
                        struct error *e)
{
    static const char *const name[] = {"part", "code", "unit", "item", "value", "base"};
    unsigned seen = 0;
    *columns = 0;
    for (char *cell; (cell = strsep(&line, "\t"));) {
        int k = 0;
        while (k < COLUMNS && strcmp(cell, name[k]) != 0)
            k++;
        if (k == COLUMNS || seen >> k & 1)
            return error_set(e,
                             "column \"%.40s\", expected each of part code unit item value base "
                             "at most once",
                             cell);
        seen |= 1u << k;
        column[(*columns)++] = k;
    }
    if (code && seen >> CODE & 1)
        return error_set(e, "a column code, and --code %.40s", code);
    if (!(seen >> UNIT & 1) || !(seen >> VALUE & 1))
        return error_set(e, "expected columns unit and value at least");
    return 0;
}

static int read_figure(struct evidence *v, char *line, const enum column *column, int columns,
                       const char *code, struct error *e)
{
    const char *cell[COLUMNS] = {"-", code ? code : "", "-", "-", "-", "-"};
    for (int k = 0; k < columns; k++)
        if (!(cell[column[k]] = strsep(&line, "\t")))
            return error_set(e, "%d columns, expected %d", k, columns);
    if (line)
        return error_set(e, "more than %d columns", columns);
    struct figure f;
    struct part *p = find_part(v, cell[PART], cell[CODE], e);
    if (!p || find_name(&p->unit, cell[UNIT], &f.unit, e) ||
        find_name(&p->item, cell[ITEM], &f.item, e) ||
        parse_number(cell[VALUE], &f.value, "value", e) ||
        parse_number(cell[BASE], &f.base, "base", e) ||
        array_grow((void **)&p->figure, &p->capacity, p->figures + 1, sizeof *p->figure, "figures",
                   e))
        return -1;
    if (isnan(f.value))
        return error_set(e, "no value");
    p->figure[p->figures++] = f;
    return 0;
}

/* Units by items. */
static int arrange(struct part *p, struct error *e)
{
    size_t cells = p->unit.count * p->item.count, bases = 0;
    if (cells != p->figures || cells > EVIDENCE_FIGURES)
        return error_set(e,
                         "%zu figures of %zu units and %zu items, expected one of each, at most "
                         "%d",
                         p->figures, p->unit.count, p->item.count, EVIDENCE_FIGURES);
    autofree bool *seen = array_new(cells, sizeof *seen, "figures", e);
    if (!seen || !(p->value = array_new(cells, sizeof *p->value, "values", e)) ||
        !(p->base = array_new(cells, sizeof *p->base, "bases", e)))
        return -1;
    for (size_t i = 0; i < cells; i++) {
        const struct figure *f = &p->figure[i];
        size_t at = f->unit * p->item.count + f->item;
        if (seen[at])
            return error_set(e, "unit %.40s has two values of item %.40s", p->unit.name[f->unit],
                             p->item.name[f->item]);
        seen[at] = true;
        p->value[at] = f->value;
        p->base[at] = f->base;
        bases += !isnan(f->base);
    }
    if (bases != 0 && bases != cells)
        return error_set(e, "%zu of %zu figures have a base, expected all or none", bases, cells);
    if (bases == 0) {
        free(p->base);
        p->base = NULL;
    }
    return 0;
}

/* An order becomes its two figures a unit: the rank correlation here, the difference of the ends in
 * `ends`. */
static int split_order(struct part *p, struct part *ends, struct error *e)
{
    size_t n = p->item.count, units = p->unit.count;
    if (n < 2 || n > EVIDENCE_RANKED || p->base)
        return error_set(e, "an order is of values of 2 to %d items, without bases",
                         EVIDENCE_RANKED);
    *ends = (struct part){.kind = 'D', .limit = p->limit, .unit.count = units, .item.count = 1};
    snprintf(ends->name, sizeof ends->name, "%.100s, ends", p->name);
    snprintf(ends->code, sizeof ends->code, "D%s", p->code + 1);
    double claimed[EVIDENCE_RANKED];
    for (size_t i = 0; i < n; i++)
        claimed[i] = (double)i;
    if (!(ends->value = array_new(units, sizeof *ends->value, "values", e)))
        return -1;
    for (size_t u = 0; u < units; u++) {
        const double *row = &p->value[u * n];
        ends->value[u] = row[n - 1] - row[0];
        p->value[u] = kendall_tau(claimed, row, n);
    }
    p->item.count = 1;
    p->kind = 'T';
    p->limit = 0;
    strcpy(p->code, "T(0)");
    snprintf(p->name + strnlen(p->name, 100), 28, ", order");
    return 0;
}

static int finish(struct evidence *v, struct error *e)
{
    size_t read = v->parts;
    if (read == 0)
        return error_set(e, "no figures");
    for (size_t i = 0; i < read; i++) {
        struct part *p = &v->part[i];
        if (arrange(p, e) || (p->kind == 'O' && split_order(p, &v->part[v->parts++], e)))
            return error_wrap(e, "part %s", p->name);
        if (v->ranked && (!p->base || p->item.count < 2 || p->item.count > EVIDENCE_RANKED))
            return error_set(e, "part %s: ranks are of values and bases of 2 to %d items", p->name,
                             EVIDENCE_RANKED);
    }
    return 0;
}

int evidence_read(struct evidence *v, char *text, size_t size, const char *code, bool ranked,
                  struct error *e)
{
    enum column column[COLUMNS];
    int columns, row = 0;
    *v = (struct evidence){.ranked = ranked, .text = text};
    if (strlen(text) != size)
        return error_set(e, "a zero byte, expected text");
    if (!(v->part = array_new(2 * EVIDENCE_PARTS, sizeof *v->part, "parts", e)))
        return -1;
    if (!size)
        return error_set(e, "empty: expected a line of names");
    char *line = next_line(&text);
    if (read_heading(line, code, column, &columns, e))
        return -1;
    while ((line = next_line(&text)) && (*line || text)) {
        row++;
        if (read_figure(v, line, column, columns, code, e))
            return error_wrap(e, "row %d", row);
    }
    return finish(v, e);
}

/* ---- judging ---- */

/* Of the units and items drawn; NULL: all of them. */
static double estimate(const struct evidence *v, const struct part *p, const size_t *unit,
                       size_t units, const size_t *item)
{
    double x[EVIDENCE_RANKED], y[EVIDENCE_RANKED], value = 0, base = 0;
    for (size_t k = 0; k < p->item.count; k++) {
        double of_value = 0, of_base = 0;
        for (size_t u = 0; u < units; u++) {
            size_t at = (unit ? unit[u] : u) * p->item.count + (item ? item[k] : k);
            of_value += p->value[at];
            of_base += p->base ? p->base[at] : 1;
        }
        if (v->ranked) {
            x[k] = of_value;
            y[k] = of_base;
        }
        value += of_value;
        base += of_base;
    }
    const double found = v->ranked ? spearman(x, y, p->item.count) : base > 0 ? value / base : NAN;
    return isnan(found) ? NAN : found; /* without the sign that 0 / 0 may have */
}

struct interval {
    double estimate, low, high;
    bool drawn; /* by the bootstrap */
};

static int bootstrap(const struct evidence *v, const struct part *p, const struct judging *how,
                     struct interval *i, struct error *e)
{
    size_t units = p->unit.count, items = p->item.count;
    autofree double *found = array_new(how->draws, sizeof *found, "draws", e);
    autofree size_t *drawn = array_new(units + items, sizeof *drawn, "a draw", e);
    if (!found || !drawn)
        return -1;
    for (int d = 0; d < how->draws; d++) {
        struct random r = random_stream(how->seed, "evidence", d);
        for (size_t k = 0; k < units; k++)
            drawn[k] = random_below(&r, units);
        for (size_t k = 0; k < items; k++)
            drawn[units + k] = random_below(&r, items);
        found[d] = estimate(v, p, drawn, units, drawn + units);
        if (isnan(found[d]))
            return 0; /* a draw that tells nothing: no interval */
    }
    qsort(found, how->draws, sizeof *found, ascending_doubles);
    int cut = (int)(how->draws * (1 - how->level) / 2);
    i->low = found[cut];
    i->high = found[how->draws - 1 - cut];
    return 0;
}

static int find_interval(const struct evidence *v, const struct part *p, const struct judging *how,
                         struct interval *i, struct error *e)
{
    size_t n = p->unit.count;
    *i = (struct interval){estimate(v, p, NULL, n, NULL), NAN, NAN, p->item.count > 1 || p->base};
    if (i->drawn && n * p->item.count < 2)
        return 0; /* the same in all draws: no interval */
    if (i->drawn)
        return bootstrap(v, p, how, i, e);
    double square = 0;
    for (size_t u = 0; u < n; u++)
        square += (p->value[u] - i->estimate) * (p->value[u] - i->estimate);
    double t = student_quantile((1 + how->level) / 2, (double)n - 1);
    double half = t * sqrt(square / ((double)n - 1) / (double)n);
    i->low = i->estimate - half;
    i->high = i->estimate + half;
    return 0;
}

static const char HOLDS[] = "holds", FAILS[] = "fails", UNTOLD[] = "cannot be told";

static const char *judge(const struct part *p, const struct interval *i)
{
    double low = i->low, high = i->high, d = p->limit;
    bool holds = false, fails = false;
    switch (p->kind) {
    case 'D':
        holds = low > 0;
        fails = !holds && high < d;
        break;
    case 'E':
        holds = low > -d && high < d;
        fails = low > d || high < -d;
        break;
    case 'N':
        holds = low > -d;
        fails = high < -d;
        break;
    case 'T':
        holds = low > d;
        fails = high < d;
        break;
    case '<':
        holds = high < d;
        fails = low > d;
        break;
    }
    return holds ? HOLDS : fails ? FAILS : UNTOLD;
}

/* That the units, each shifted, and in its sign turned where sign is -1, lie above 0 by chance:
 * where one of them tells nothing, surely. */
static double chance(const struct evidence *v, const struct part *p, double sign, double shift)
{
    double d[SIGN_FLIP_MOST];
    for (size_t u = 0; u < p->unit.count; u++)
        d[u] = sign * (estimate(v, p, &u, 1, NULL) - shift);
    return fmin(1, sign_flip(d, (int)p->unit.count)); /* NaN is none: 1 */
}

static void find_chances(const struct evidence *v, const struct part *p, double *holds,
                         double *fails)
{
    double d = p->limit;
    switch (p->kind) {
    case 'D':
        *holds = chance(v, p, 1, 0);
        *fails = chance(v, p, -1, d);
        break;
    case 'E':
        *holds = fmax(chance(v, p, 1, -d), chance(v, p, -1, d));
        *fails = fmin(1, 2 * fmin(chance(v, p, 1, d), chance(v, p, -1, -d)));
        break;
    case 'N':
        *holds = chance(v, p, 1, -d);
        *fails = chance(v, p, -1, -d);
        break;
    default:
        *holds = chance(v, p, p->kind == '<' ? -1 : 1, d);
        *fails = chance(v, p, p->kind == '<' ? 1 : -1, d);
    }
}

static bool describe(struct value *m, const struct part *p, const struct interval *i,
                     const char *verdict)
{
    return value_set_text(m, "part", p->name) && value_set_text(m, "code", p->code) &&
           value_set_real(m, "estimate", i->estimate) && value_set_real(m, "low", i->low) &&
           value_set_real(m, "high", i->high) &&
           value_set_int(m, "units", (int64_t)p->unit.count) &&
           value_set_int(m, "items", (int64_t)p->item.count) &&
           value_set_text(m, "interval", i->drawn ? "bootstrap" : "t") &&
           value_set_text(m, "verdict", verdict);
}

static bool set_chances(struct value *m, double holds, double fails)
{
    return value_set_real(m, "p_holds", holds) && value_set_real(m, "p_fails", fails);
}

static int judge_parts(const struct evidence *v, const struct judging *how, struct value *report,
                       struct error *e)
{
    struct value *parts = value_array();
    const char *verdict = HOLDS;
    double holds = 0, fails = 1;
    for (size_t k = 0; k < v->parts; k++) {
        const struct part *p = &v->part[k];
        struct interval i;
        if (how->flips && p->unit.count > SIGN_FLIP_MOST) {
            value_free(parts);
            return error_set(e, "part %s: %zu units, at most %d for exact chances", p->name,
                             p->unit.count, SIGN_FLIP_MOST);
        }
        if (find_interval(v, p, how, &i, e)) {
            value_free(parts);
            return -1;
        }
        const char *of_part = judge(p, &i);
        if (of_part == FAILS || (of_part == UNTOLD && verdict == HOLDS))
            verdict = of_part;
        struct value *m = value_append(parts, value_map());
        describe(m, p, &i, of_part);
        if (how->flips) {
            double p_holds, p_fails;
            find_chances(v, p, &p_holds, &p_fails);
            set_chances(m, p_holds, p_fails);
            holds = fmax(holds, p_holds);
            fails = fmin(fails, p_fails);
        }
    }
    value_set_text(report, "verdict", verdict);
    value_set_real(report, "level", how->level);
    if (how->flips)
        set_chances(report, holds, fmin(1, fails * (double)v->parts));
    value_set(report, "parts", parts);
    return value_is_whole(report) ? 0 : error_set(e, "out of memory: the report");
}

struct value *evidence_judge(const struct evidence *v, const struct judging *how, struct error *e)
{
    struct value *report = value_map();
    if (report && !judge_parts(v, how, report, e))
        return report;
    if (!report)
        error_set(e, "out of memory: the report");
    value_free(report);
    return NULL;
}

int evidence_print(const struct value *report, FILE *to)
{
    const struct value *parts = value_get(report, "parts");
    for (size_t k = 0; parts && k < parts->count; k++) {
        const struct value *m = parts->item[k];
        text_print_printable(value_get_text(m, "part", ""), to);
        const double low = value_get_real(m, "low", NAN);
        fprintf(to, "\t%s\t%.4g", value_get_text(m, "code", ""),
                value_get_real(m, "estimate", NAN));
        if (isnan(low))
            fputs(" (no interval)", to); /* of one unit */
        else
            fprintf(to, " (%.4g to %.4g)", low, value_get_real(m, "high", NAN));
        fprintf(to, ", n %lld", (long long)value_get_int(m, "units", 0));
        if (value_get_int(m, "items", 1) > 1)
            fprintf(to, " x %lld", (long long)value_get_int(m, "items", 1));
        if (value_get(m, "p_holds"))
            fprintf(to, ", p %.2g and %.2g", value_get_real(m, "p_holds", NAN),
                    value_get_real(m, "p_fails", NAN));
        fprintf(to, "\t%s\n", value_get_text(m, "verdict", ""));
    }
    fprintf(to, "%s\n", value_get_text(report, "verdict", ""));
    return ferror(to) ? -1 : 0;
}
