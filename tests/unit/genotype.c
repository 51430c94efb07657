#include "tap.h"
#include <string.h>
#include "base/random.h"
#include "network/genotype.h"

/* As published: github.com/quark0/darts, cnn/genotypes.py. */
static const char darts_v1[] =
    "DARTS_V1 = Genotype(normal=[('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0), "
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
    "('skip_connect', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), "
    "('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 0), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('avg_pool_3x3', 0)], reduce_concat=[2, 3, 4, 5])";
static const char darts_v2[] =
    "DARTS_V2 = Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
    "('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), "
    "('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), "
    "('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])";

/* github.com/chenxin061/pdarts and github.com/yuhuixu1993/PC-DARTS, genotypes.py. */
static const char p_darts[] =
    "PDARTS = Genotype(normal=[('skip_connect', 0), ('dil_conv_3x3', 1), ('skip_connect', 0),"
    "('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('sep_conv_3x3', 3), ('sep_conv_3x3',0), "
    "('dil_conv_5x5', 4)], normal_concat=range(2, 6), reduce=[('avg_pool_3x3', 0), "
    "('sep_conv_5x5', 1), ('sep_conv_3x3', 0), ('dil_conv_5x5', 2), ('max_pool_3x3', 0), "
    "('dil_conv_3x3', 1), ('dil_conv_3x3', 1), ('dil_conv_5x5', 3)], reduce_concat=range(2, 6))";
static const char pc_darts_cifar[] =
    "PC_DARTS_cifar = Genotype(normal=[('sep_conv_3x3', 1), ('skip_connect', 0), "
    "('sep_conv_3x3', 0), ('dil_conv_3x3', 1), ('sep_conv_5x5', 0), ('sep_conv_3x3', 1), "
    "('avg_pool_3x3', 0), ('dil_conv_3x3', 1)], normal_concat=range(2, 6), "
    "reduce=[('sep_conv_5x5', 1), ('max_pool_3x3', 0), ('sep_conv_5x5', 1), ('sep_conv_5x5', 2), "
    "('sep_conv_3x3', 0), ('sep_conv_3x3', 3), ('sep_conv_3x3', 1), ('sep_conv_3x3', 2)], "
    "reduce_concat=range(2, 6))";
static const char pc_darts_image[] =
    "PC_DARTS_image = Genotype(normal=[('skip_connect', 1), ('sep_conv_3x3', 0), "
    "('sep_conv_3x3', 0), ('skip_connect', 1), ('sep_conv_3x3', 1), ('sep_conv_3x3', 3), "
    "('sep_conv_3x3', 1), ('dil_conv_5x5', 4)], normal_concat=range(2, 6), "
    "reduce=[('sep_conv_3x3', 0), ('skip_connect', 1), ('dil_conv_5x5', 2), ('max_pool_3x3', 1), "
    "('sep_conv_3x3', 2), ('sep_conv_3x3', 1), ('sep_conv_5x5', 0), ('sep_conv_3x3', 3)], "
    "reduce_concat=range(2, 6))";

static char *printed(const struct genotype *g, int (*print)(const struct genotype *, FILE *))
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    print(g, f);
    fclose(f);
    return text;
}

static bool equal(const struct genotype *a, const struct genotype *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static void published(const char *name, const char *text)
{
    struct genotype g, again;
    struct error e = {""};
    char *line;

    if (!ok(genotype_parse(&g, text, strlen(text), &e) == 0, "%s parses %s", name, e.text))
        return;
    line = printed(&g, genotype_print);
    /* but for ranges, and a blank that was forgotten */
    ok(strstr(text, "range") || strncmp(line, strstr(text, "Genotype"), strlen(line) - 1) == 0,
       "%s prints as published", name);
    const char *at = strstr(text, "reduce=");
    for (int i = 0; i < GENOTYPE_PAIRS && at; i++) {
        char gene[32];
        snprintf(gene, sizeof gene, "('%s', %d)", primitive_name(g.reduce.gene[i].op),
                 g.reduce.gene[i].input);
        at = strstr(at, gene);
    }
    ok(at != NULL, "%s: the genes of the reduction cell, in their order", name);
    ok(genotype_parse(&again, line, strlen(line), &e) == 0 && equal(&g, &again),
       "%s: what is printed parses to the same", name);
    free(line);
}

static void spellings(void)
{
    static const char text[] =
        "\n Genotype ( reduce_concat = range(2,6),\n\treduce=(['max_pool_3x3',0],"
        "[\"max_pool_3x3\",1],('skip_connect',2),('max_pool_3x3',1),('max_pool_3x3',0),"
        "('skip_connect',2),('skip_connect',2),('max_pool_3x3',1),), normal_concat=(2,3,4,5,),"
        "normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
        "('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), "
        "('dil_conv_3x3', 2)],)\n";
    struct genotype a, b;
    struct error e = {""};
    genotype_parse(&a, darts_v2, strlen(darts_v2), &e);
    ok(genotype_parse(&b, text, strlen(text), &e) == 0 && equal(&a, &b),
       "quotes, brackets, ranges, order and trailing commas as Python has them %s", e.text);
}

static void random_genotype(struct genotype *g, struct random *r)
{
    float normal[CELL_EDGES * PRIMITIVES], reduce[CELL_EDGES * PRIMITIVES];
    for (int i = 0; i < CELL_EDGES * PRIMITIVES; i++) {
        normal[i] = (float)random_normal(r);
        reduce[i] = (float)random_normal(r);
    }
    genotype_derive(g, &(struct cell_parameters){.op = normal},
                    &(struct cell_parameters){.op = reduce});
}

static void round_trips(void)
{
    struct random r = random_stream(1, "genotypes", 0);
    struct genotype g, again;
    struct error e = {""};
    int good = 0;

    for (int i = 0; i < 500; i++) {
        random_genotype(&g, &r);
        char *line = printed(&g, genotype_print);
        good += genotype_check(&g, &e) == 0 &&
                genotype_parse(&again, line, strlen(line), &e) == 0 && equal(&g, &again);
        free(line);
    }
    ok(good == 500, "500 random genotypes are valid and round trip, %d did", good);
}

static void derivation(void)
{
    float normal[CELL_EDGES * PRIMITIVES] = {0}, reduce[CELL_EDGES * PRIMITIVES] = {0};
    const struct cell_parameters n = {.op = normal}, r = {.op = reduce};
    struct genotype g;
    bool ties = true;

    genotype_derive(&g, &n, &r);
    for (int i = 0; i < GENOTYPE_PAIRS; i++)
        ties &= g.normal.gene[i].input == i % 2 && g.normal.gene[i].op == PRIMITIVE_MAX_POOL_3;
    ok(ties, "equal weights give the lower edge and the earlier operation");
    ok(cell_edge(0, 1) == 1 && cell_edge(1, 0) == 2 && cell_edge(2, 0) == 5 &&
           cell_edge(3, 4) == CELL_EDGES - 1,
       "edges count up node by node");

    /* Edge (1, 2): the largest raw alpha of its node, but none takes its softmax weight. */
    normal[cell_edge(1, 2) * PRIMITIVES + PRIMITIVE_SEP_5] = 3;
    normal[cell_edge(1, 2) * PRIMITIVES + PRIMITIVE_NONE] = 9;
    normal[cell_edge(1, 0) * PRIMITIVES + PRIMITIVE_DIL_3] = 2;
    normal[cell_edge(1, 1) * PRIMITIVES + PRIMITIVE_SKIP] = 1;
    genotype_derive(&g, &n, &r);
    ok(g.normal.gene[2].input == 0 && g.normal.gene[2].op == PRIMITIVE_DIL_3 &&
           g.normal.gene[3].input == 1 && g.normal.gene[3].op == PRIMITIVE_SKIP,
       "edges are compared by softmax weight, none counted in the sum");
    normal[cell_edge(1, 2) * PRIMITIVES + PRIMITIVE_NONE] = -9;
    genotype_derive(&g, &n, &r);
    ok(g.normal.gene[2].input == 0 && g.normal.gene[3].input == 2 &&
           g.normal.gene[3].op == PRIMITIVE_SEP_5,
       "the two best edges, listed by input");
}

static double softmax_of(const float *x, int count, int i)
{
    double sum = 0;
    for (int k = 0; k < count; k++)
        sum += exp((double)x[k] - (double)x[i]);
    return 1 / sum;
}

/* The two edges of a node, and an operation each, that no others beat: tried one by one. */
static bool best_of_all(const struct cell_genotype *cell, const struct cell_parameters *p, int node)
{
    const int first = cell_edge(node, 0), inputs = CELL_INPUTS + node;
    double chosen = INFINITY;
    for (int k = 2 * node; k < 2 * node + 2; k++) {
        const int input = cell->gene[k].input, op = (int)cell->gene[k].op;
        chosen = fmin(chosen, softmax_of(p->op + (first + input) * PRIMITIVES, PRIMITIVES, op) *
                                  softmax_of(p->edge + first, inputs, input));
    }
    int better = 0; /* edges that have an operation no worse */
    for (int input = 0; input < inputs; input++) {
        double most = 0;
        for (int op = 1; op < PRIMITIVES; op++)
            most = fmax(most, softmax_of(p->op + (first + input) * PRIMITIVES, PRIMITIVES, op));
        better += most * softmax_of(p->edge + first, inputs, input) >= chosen * (1 - 1e-12);
    }
    return better == 2;
}

static void weighed_derivation(void)
{
    struct random r = random_stream(2, "tables", 0);
    int good = 0, changed = 0;
    for (int i = 0; i < 200; i++) {
        float op[2][CELL_EDGES * PRIMITIVES], edge[2][CELL_EDGES];
        struct cell_parameters p[2];
        struct genotype g, plain;
        for (int c = 0; c < 2; c++) {
            for (int k = 0; k < CELL_EDGES * PRIMITIVES; k++)
                op[c][k] = (float)random_normal(&r);
            for (int k = 0; k < CELL_EDGES; k++)
                edge[c][k] = (float)random_normal(&r);
            p[c] = (struct cell_parameters){.op = op[c]};
        }
        genotype_derive(&plain, &p[0], &p[1]);
        p[0].edge = edge[0];
        p[1].edge = edge[1];
        genotype_derive(&g, &p[0], &p[1]);
        changed += !equal(&plain, &g);
        for (int node = 0; node < CELL_NODES; node++)
            good += best_of_all(&g.normal, &p[0], node) + best_of_all(&g.reduce, &p[1], node);
    }
    ok(good == 200 * 2 * CELL_NODES && changed > 150,
       "edges that weigh something: the best products of edge and operation, %d of %d; they change "
       "%d of 200",
       good, 200 * 2 * CELL_NODES, changed);
}

static void refused(const char *what, const char *from, const char *to)
{
    char text[2048];
    struct genotype g;
    struct error e = {""};
    const char *at = strstr(darts_v2, from);

    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - darts_v2), darts_v2, to, at + strlen(from));
    ok(genotype_parse(&g, text, strlen(text), &e) == -1 && e.text[0], "%s: %s", what, e.text);
}

static void hostile(void)
{
    struct genotype g;
    struct error e;
    size_t n = strlen(darts_v2);
    int good = 0;

    refused("unknown operation", "dil_conv_3x3", "conv_9x9");
    refused("no operation", "skip_connect', 0", "none', 0");
    refused("input from the future", "('sep_conv_3x3', 1)", "('sep_conv_3x3', 2)");
    refused("number without end", "('sep_conv_3x3', 1)", "('sep_conv_3x3', 11111111111111111111)");
    refused("negative number", "('sep_conv_3x3', 1)", "('sep_conv_3x3', -1)");
    refused("seven pairs", "('sep_conv_3x3', 1), ", "");
    refused("nine pairs", "('sep_conv_3x3', 1)", "('sep_conv_3x3', 1), ('sep_conv_3x3', 1)");
    refused("output out of bounds", "[2, 3, 4, 5]", "[2, 3, 4, 6]");
    refused("output twice", "[2, 3, 4, 5]", "[2, 3, 4, 4]");
    refused("no outputs", "[2, 3, 4, 5]", "[]");
    refused("a vast range", "[2, 3, 4, 5]", "range(0, 9999)");
    refused("an empty range", "[2, 3, 4, 5]", "range(6, 2)");
    refused("a call", "[2, 3, 4, 5]", "__import__('os')");
    refused("a member twice", "reduce=", "normal=");
    refused("mixed quotes", "'sep_conv_3x3'", "'sep_conv_3x3\"");
    refused("another name", "Genotype", "Phenotype");

    for (size_t i = 0; i < n; i++)
        good += genotype_parse(&g, darts_v2, i, &e) == -1;
    ok(good == (int)n, "cut at every byte: always an error");
    struct random r = random_stream(1, "bytes", 0);
    for (int i = 0; i < 20000; i++) {
        char *text = malloc(n);
        memcpy(text, darts_v2, n);
        for (int k = 0; k < 3; k++)
            text[random_below(&r, n)] = (char)random_u64(&r);
        if (genotype_parse(&g, text, n, &e) == 0 && genotype_check(&g, &e))
            good = -1;
        free(text);
    }
    ok(good == (int)n, "20000 altered texts: an error or a valid genotype");
}

static void other_forms(void)
{
    struct genotype g;
    struct error e;
    genotype_parse(&g, darts_v2, strlen(darts_v2), &e);
    char *dot = printed(&g, genotype_print_dot);
    ok(strstr(dot, "cluster_normal") &&
           strstr(dot, "reduce_2 -> reduce_5 [label=\"skip_connect\"]"),
       "DOT has both cells and their edges");
    free(dot);
    struct value *v = genotype_value(&g);
    char *json = value_json_text(v);
    ok(json && strstr(json, "\"normal\"") && strstr(json, "dil_conv_3x3") &&
           value_get(v, "reduce_concat") && value_get(v, "reduce_concat")->count == 4,
       "JSON has both cells");
    free(json);
    value_free(v);
}

int main(void)
{
    published("DARTS_V1", darts_v1);
    published("DARTS_V2", darts_v2);
    published("PDARTS", p_darts);
    published("PC_DARTS_cifar", pc_darts_cifar);
    published("PC_DARTS_image", pc_darts_image);
    spellings();
    derivation();
    weighed_derivation();
    round_trips();
    hostile();
    other_forms();
    return tap_done();
}
