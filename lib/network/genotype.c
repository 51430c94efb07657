#include "network/genotype.h"
#include <math.h>
#include <stdarg.h>
#include <string.h>

static const char *const names[PRIMITIVES] = {
    "none",         "max_pool_3x3", "avg_pool_3x3", "skip_connect",
    "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5",
};

const char *primitive_name(enum primitive p)
{
    return names[p];
}

int primitive_find(const char *name)
{
    for (int p = 0; p < PRIMITIVES; p++)
        if (strcmp(names[p], name) == 0)
            return p;
    return -1;
}

int cell_edge(int node, int input)
{
    return node * CELL_INPUTS + node * (node - 1) / 2 + input;
}

/* ---- from architecture parameters ---- */

/* The largest softmax weight of a row over operations other than none, and than skip where that is
 * banned, and its operation. */
static double best_operation(const float *alpha, bool no_skip, enum primitive *best)
{
    double largest = alpha[0], sum = 0;
    for (int p = 1; p < PRIMITIVES; p++)
        largest = fmax(largest, alpha[p]);
    for (int p = 0; p < PRIMITIVES; p++)
        sum += exp(alpha[p] - largest);
    *best = PRIMITIVE_NONE + 1;
    for (int p = *best + 1; p < PRIMITIVES; p++)
        if (alpha[p] > alpha[*best] && !(no_skip && p == PRIMITIVE_SKIP))
            *best = p;
    return exp(alpha[*best] - largest) / sum;
}

/* The softmax weights of a node's edges, but for their common factor; 1 where they have none. */
static void weigh_edges(const float *beta, int inputs, double *weight)
{
    double largest = -INFINITY;
    for (int i = 0; beta && i < inputs; i++)
        largest = fmax(largest, beta[i]);
    for (int i = 0; i < inputs; i++)
        weight[i] = beta ? exp(beta[i] - largest) : 1;
}

/* of_edge: what each edge weighs with the best of its operations. */
static void derive_nodes(struct cell_genotype *cell, const struct cell_parameters *p,
                         const bool *no_skip, double *of_edge)
{
    for (int node = 0; node < CELL_NODES; node++) {
        int inputs = CELL_INPUTS + node, first = -1, second = -1, edge = cell_edge(node, 0);
        double *weight = of_edge + edge;
        enum primitive op[CELL_INPUTS + CELL_NODES];

        weigh_edges(p->edge ? p->edge + edge : NULL, inputs, weight);
        for (int i = 0; i < inputs; i++) {
            weight[i] *=
                best_operation(p->op + (size_t)(edge + i) * PRIMITIVES, no_skip[edge + i], &op[i]);
            if (first < 0 || weight[i] > weight[first]) {
                second = first;
                first = i;
            } else if (second < 0 || weight[i] > weight[second]) {
                second = i;
            }
        }
        int low = first < second ? first : second, high = first < second ? second : first;
        cell->gene[2 * node] = (struct gene){op[low], low};
        cell->gene[2 * node + 1] = (struct gene){op[high], high};
    }
    cell->concats = CELL_NODES;
    for (int i = 0; i < CELL_NODES; i++)
        cell->concat[i] = CELL_INPUTS + i;
}

static void derive_cell(struct cell_genotype *cell, const struct cell_parameters *p)
{
    bool no_skip[CELL_EDGES] = {false};
    double weight[CELL_EDGES];
    for (;;) {
        int skips = 0, least = 0;
        derive_nodes(cell, p, no_skip, weight);
        for (int i = 0; i < GENOTYPE_PAIRS; i++) {
            const int edge = cell_edge(i / 2, cell->gene[i].input);
            if (cell->gene[i].op == PRIMITIVE_SKIP && (!skips++ || weight[edge] < weight[least]))
                least = edge;
        }
        if (GENOTYPE_PAIRS - skips >= p->fewest_others)
            return;
        no_skip[least] = true;
    }
}

void genotype_derive(struct genotype *g, const struct cell_parameters *normal,
                     const struct cell_parameters *reduce)
{
    memset(g, 0, sizeof *g);
    derive_cell(&g->normal, normal);
    derive_cell(&g->reduce, reduce);
}

/* ---- checking ---- */

/* least: the first state that may be an output; a reduction cell's inputs are larger than its
 * nodes, so they cannot be among them. */
static int check_cell(const struct cell_genotype *c, const char *name, int least, struct error *e)
{
    unsigned seen = 0;
    for (int i = 0; i < GENOTYPE_PAIRS; i++) {
        int op = (int)c->gene[i].op, input = c->gene[i].input;
        if (op <= PRIMITIVE_NONE || op >= PRIMITIVES)
            return error_set(e, "%s cell, node %d: expected an operation other than none", name,
                             i / 2);
        if (input < 0 || input >= CELL_INPUTS + i / 2)
            return error_set(e, "%s cell, node %d: input %d, expected 0 to %d", name, i / 2, input,
                             CELL_INPUTS + i / 2 - 1);
    }
    if (c->concats < 1 || c->concats > GENOTYPE_MOST_CONCAT)
        return error_set(e, "%s cell: %d outputs, expected 1 to %d", name, c->concats,
                         GENOTYPE_MOST_CONCAT);
    for (int i = 0; i < c->concats; i++) {
        if (c->concat[i] < least || c->concat[i] >= GENOTYPE_MOST_CONCAT)
            return error_set(e, "%s cell: output %d, expected %d to %d", name, c->concat[i], least,
                             GENOTYPE_MOST_CONCAT - 1);
        if (seen >> c->concat[i] & 1)
            return error_set(e, "%s cell: output %d twice", name, c->concat[i]);
        seen |= 1u << c->concat[i];
    }
    return 0;
}

int genotype_check(const struct genotype *g, struct error *e)
{
    if (check_cell(&g->normal, "normal", 0, e))
        return -1;
    return check_cell(&g->reduce, "reduce", CELL_INPUTS, e);
}

/* ---- the text: a recursive descent over one line of Python ---- */

struct parser {
    const char *text;
    size_t length, at;
    struct error *e;
};

__attribute__((format(printf, 2, 3))) static int expected(struct parser *p, const char *format, ...)
{
    char what[128];
    int line = 1;
    size_t start = 0, at = p->at < p->length ? p->at : p->length;
    va_list a;

    va_start(a, format);
    vsnprintf(what, sizeof what, format, a);
    va_end(a);
    for (size_t i = 0; i < at; i++)
        if (p->text[i] == '\n') {
            line++;
            start = i + 1;
        }
    error_set(p->e, "line %d, column %zu: expected %s", line, at - start + 1, what);
    if (strstr(what, ", found "))
        return -1;
    size_t said = strlen(p->e->text);
    char found[8] = "the end";
    if (at < p->length)
        snprintf(found, sizeof found, "'%c'", p->text[at]);
    snprintf(p->e->text + said, sizeof p->e->text - said, ", found %s", found);
    return -1;
}

static int next(struct parser *p) /* the next character that is no white space, or -1 */
{
    while (p->at < p->length && p->text[p->at] && strchr(" \t\r\n\\", p->text[p->at]))
        p->at++;
    return p->at < p->length ? (unsigned char)p->text[p->at] : -1;
}

static bool take(struct parser *p, int c)
{
    if (next(p) != c)
        return false;
    p->at++;
    return true;
}

static int must_take(struct parser *p, int c)
{
    return take(p, c) ? 0 : expected(p, "'%c'", c);
}

static bool is_word(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

enum { WORD = 64 };

static int parse_word(struct parser *p, char word[WORD], const char *what)
{
    size_t start, n;

    next(p);
    start = p->at;
    while (p->at < p->length && is_word((unsigned char)p->text[p->at]))
        p->at++;
    n = p->at - start;
    if (n == 0 || n >= WORD) {
        p->at = start;
        return expected(p, "%s", what);
    }
    memcpy(word, p->text + start, n);
    word[n] = 0;
    return 0;
}

static int parse_integer(struct parser *p, int *value)
{
    size_t start;

    next(p);
    start = p->at;
    for (*value = 0; p->at < p->length; p->at++) {
        int digit = p->text[p->at] - '0';
        if (digit < 0 || digit > 9)
            break;
        if (p->at - start == 4)
            return expected(p, "a small number");
        *value = *value * 10 + digit;
    }
    return p->at > start ? 0 : expected(p, "a number");
}

/* Calls item(p, to, i) for each member of a bracketed list; the count, or -1. */
static int parse_list(struct parser *p, int most, int (*item)(struct parser *, void *, int),
                      void *to)
{
    int n = 0, close = take(p, '[') ? ']' : take(p, '(') ? ')' : 0;

    if (!close)
        return expected(p, "'[' or '('");
    while (!take(p, close)) {
        if (n == most)
            return expected(p, "'%c' after %d members", close, most);
        if (item(p, to, n++))
            return -1;
        if (!take(p, ',') && next(p) != close)
            return expected(p, "',' or '%c'", close);
    }
    return n;
}

static int parse_gene(struct parser *p, void *to, int i)
{
    struct cell_genotype *cell = to;
    char word[WORD];
    int op, quote, close = take(p, '(') ? ')' : take(p, '[') ? ']' : 0;
    size_t start;

    if (!close)
        return expected(p, "('operation', input)");
    quote = next(p);
    if (quote != '\'' && quote != '"')
        return expected(p, "a quoted operation");
    start = ++p->at;
    if (parse_word(p, word, "an operation"))
        return -1;
    op = primitive_find(word);
    if (op < 0) {
        p->at = start;
        return expected(p, "an operation of the DARTS space, found %s", word);
    }
    if (must_take(p, quote) || must_take(p, ',') || parse_integer(p, &cell->gene[i].input))
        return -1;
    cell->gene[i].op = op;
    return must_take(p, close);
}

static int parse_state(struct parser *p, void *to, int i)
{
    return parse_integer(p, &((struct cell_genotype *)to)->concat[i]);
}

static int parse_genes(struct parser *p, struct cell_genotype *cell)
{
    int n = parse_list(p, GENOTYPE_PAIRS, parse_gene, cell);
    if (n >= 0 && n < GENOTYPE_PAIRS)
        return expected(p, "%d pairs, found %d", GENOTYPE_PAIRS, n);
    return n < 0 ? -1 : 0;
}

static int parse_concat(struct parser *p, struct cell_genotype *cell)
{
    char word[WORD];
    int from, to;

    if (next(p) == '[' || next(p) == '(') {
        cell->concats = parse_list(p, GENOTYPE_MOST_CONCAT, parse_state, cell);
        return cell->concats < 0 ? -1 : 0;
    }
    if (parse_word(p, word, "a list or range(from, to)"))
        return -1;
    if (strcmp(word, "range") != 0)
        return expected(p, "a list or range(from, to), found %s", word);
    if (must_take(p, '(') || parse_integer(p, &from) || must_take(p, ',') ||
        parse_integer(p, &to) || must_take(p, ')'))
        return -1;
    if (to <= from || to - from > GENOTYPE_MOST_CONCAT)
        return expected(p, "a range of 1 to %d members", GENOTYPE_MOST_CONCAT);
    cell->concats = to - from;
    for (int i = 0; i < cell->concats; i++)
        cell->concat[i] = from + i;
    return 0;
}

static int parse_members(struct parser *p, struct genotype *g)
{
    const struct {
        const char *name;
        int (*parse)(struct parser *, struct cell_genotype *);
        struct cell_genotype *cell;
    } member[] = {{"normal", parse_genes, &g->normal},
                  {"normal_concat", parse_concat, &g->normal},
                  {"reduce", parse_genes, &g->reduce},
                  {"reduce_concat", parse_concat, &g->reduce}};
    enum { MEMBERS = sizeof member / sizeof *member };
    bool seen[MEMBERS] = {false};
    char word[WORD];

    for (int found = 0; found < MEMBERS; found++) {
        int m = 0;
        if (parse_word(p, word, "normal, normal_concat, reduce or reduce_concat"))
            return -1;
        while (m < MEMBERS && strcmp(member[m].name, word) != 0)
            m++;
        if (m == MEMBERS || seen[m])
            return expected(p, "normal, normal_concat, reduce and reduce_concat, once each");
        seen[m] = true;
        if (must_take(p, '=') || member[m].parse(p, member[m].cell))
            return -1;
        if (!take(p, ',') && found < MEMBERS - 1)
            return expected(p, "','");
    }
    return 0;
}

int genotype_parse(struct genotype *g, const char *text, size_t length, struct error *e)
{
    struct parser p = {text, length, 0, e};
    char word[WORD];

    memset(g, 0, sizeof *g);
    if (parse_word(&p, word, "Genotype"))
        return -1;
    if (take(&p, '=') && parse_word(&p, word, "Genotype"))
        return -1;
    if (strcmp(word, "Genotype") != 0)
        return expected(&p, "Genotype, found %s", word);
    if (must_take(&p, '(') || parse_members(&p, g) || must_take(&p, ')'))
        return -1;
    if (next(&p) >= 0)
        return expected(&p, "nothing after the genotype");
    return genotype_check(g, e);
}

/* ---- printing ---- */

static void print_cell(const struct cell_genotype *c, const char *name, FILE *to)
{
    fprintf(to, "%s=[", name);
    for (int i = 0; i < GENOTYPE_PAIRS; i++)
        fprintf(to, "%s('%s', %d)", i ? ", " : "", names[c->gene[i].op], c->gene[i].input);
    fprintf(to, "], %s_concat=[", name);
    for (int i = 0; i < c->concats; i++)
        fprintf(to, "%s%d", i ? ", " : "", c->concat[i]);
    fputc(']', to);
}

int genotype_print(const struct genotype *g, FILE *to)
{
    fputs("Genotype(", to);
    print_cell(&g->normal, "normal", to);
    fputs(", ", to);
    print_cell(&g->reduce, "reduce", to);
    fputs(")\n", to);
    return fflush(to) || ferror(to) ? -1 : 0;
}

static void print_dot_cell(const struct cell_genotype *c, const char *name, FILE *to)
{
    static const char *const state[] = {"c_{k-2}", "c_{k-1}", "0", "1", "2", "3"};

    fprintf(to, "    subgraph cluster_%s {\n        label=\"%s cell\";\n", name, name);
    for (int i = 0; i < GENOTYPE_MOST_CONCAT; i++)
        fprintf(to, "        %s_%d [label=\"%s\", fillcolor=%s];\n", name, i, state[i],
                i < CELL_INPUTS ? "darkseagreen2" : "lightblue");
    fprintf(to, "        %s_out [label=\"c_{k}\", fillcolor=palegoldenrod];\n", name);
    for (int i = 0; i < GENOTYPE_PAIRS; i++)
        fprintf(to, "        %s_%d -> %s_%d [label=\"%s\"];\n", name, c->gene[i].input, name,
                CELL_INPUTS + i / 2, names[c->gene[i].op]);
    for (int i = 0; i < c->concats; i++)
        fprintf(to, "        %s_%d -> %s_out;\n", name, c->concat[i], name);
    fputs("    }\n", to);
}

int genotype_print_dot(const struct genotype *g, FILE *to)
{
    fputs("digraph genotype {\n    rankdir=LR;\n"
          "    node [shape=box, style=\"filled,rounded\", fontname=\"Helvetica\"];\n"
          "    edge [fontname=\"Helvetica\", fontsize=10];\n",
          to);
    print_dot_cell(&g->normal, "normal", to);
    print_dot_cell(&g->reduce, "reduce", to);
    fputs("}\n", to);
    return fflush(to) || ferror(to) ? -1 : 0;
}

static struct value *cell_value(const struct cell_genotype *c, struct value *to, const char *name,
                                const char *concat)
{
    struct value *genes = value_set(to, name, value_array());
    struct value *outputs = value_set(to, concat, value_array());
    struct value *good = outputs;

    for (int i = 0; i < GENOTYPE_PAIRS && good; i++) {
        struct value *pair = value_append(genes, value_array());
        value_append(pair, value_text(names[c->gene[i].op]));
        good = value_append(pair, value_int(c->gene[i].input));
    }
    for (int i = 0; i < c->concats && good; i++)
        good = value_append(outputs, value_int(c->concat[i]));
    return good;
}

struct value *genotype_value(const struct genotype *g)
{
    struct value *v = value_map();
    if (!cell_value(&g->normal, v, "normal", "normal_concat") ||
        !cell_value(&g->reduce, v, "reduce", "reduce_concat")) {
        value_free(v);
        return NULL;
    }
    return v;
}
