#include "graph/rectifier.h"
#include <stdlib.h>
#include <string.h>
#include "base/clones.h"
#include "base/memory.h"
#include "graph/internal.h"

/* What n rectifies: its input, or its result, whose sign tells the same; NULL where it does not. */
static const struct node *rectified(const struct node *n)
{
    switch (n->code) {
    case OP_CONV2D:
    case OP_POINTWISE: /* the shifted half of a factorised reduce shares the ReLU of the other half */
        return n->window.relu && n->window.pad >= 0 ? n->input[0] : NULL;
    case OP_DEPTHWISE:
        return n->window.relu ? n->input[0] : NULL;
    case OP_SEPARABLE:
        return n->input[0];
    case OP_NORMALISE:
        return n->integer == ACT_RELU ? n : NULL;
    case OP_ACTIVATE:
        return n->integer == ACT_RELU ? n->input[0] : NULL;
    default:
        return NULL;
    }
}

/* Whether something else than its sign at 0 decides. */
static bool hidden(const struct node *n)
{
    enum { SEPARABLE_STATISTICS = 1, NORMALISE_INTO = 4 };
    return (n->code == OP_SEPARABLE && n->input[SEPARABLE_STATISTICS]) ||
           (n->code == OP_NORMALISE && n->input[NORMALISE_INTO]);
}

int graph_rectified(struct graph *g, struct node *of, const struct node ***list, struct error *e)
{
    int count = 0;
    autofree bool *leads = array_new(g->nodes, sizeof *leads, "nodes", e);
    *list = leads ? array_new(g->nodes, sizeof **list, "nodes", e) : NULL;
    if (!*list)
        return -1;
    leads[of->index] = true;
    for (size_t i = g->nodes; i-- > 0;)
        for (int k = 0; leads[i] && k < g->node[i]->inputs; k++)
            if (g->node[i]->input[k] && g->node[i]->code != OP_STOP_GRADIENT)
                leads[g->node[i]->input[k]->index] = true;
    for (size_t i = 0; i < g->nodes; i++) {
        const struct node *n = leads[i] ? rectified(g->node[i]) : NULL;
        if (!n)
            continue;
        if (hidden(g->node[i])) {
            free(*list);
            *list = NULL;
            return error_set(e, "what a fused op rectifies is no value of the graph");
        }
        graph_keep(g->node[n->index]);
        (*list)[count++] = n;
    }
    return count;
}

/* A block of BITS x LANES elements makes LANES words, a bit of each of every LANES elements. */
enum { BITS = 32, LANES = 16, BLOCK = BITS * LANES };

size_t rectified_words(const struct node *n)
{
    return (node_count(n) + BLOCK - 1) / BLOCK * LANES;
}

FAST static void pack(const real *x, uint32_t *word)
{
    uint32_t on[LANES] = {0};
    for (int b = 0; b < BITS; b++)
        for (int l = 0; l < LANES; l++)
            on[l] |= (uint32_t)(x[b * LANES + l] > 0) << b;
    memcpy(word, on, sizeof on);
}

void rectified_code(const struct node *n, int i, uint32_t *word)
{
    const size_t count = node_count(n), whole = count / BLOCK * BLOCK;
    const real *x = n->value + (size_t)i * count;
    for (size_t at = 0; at < whole; at += BLOCK, word += LANES)
        pack(x + at, word);
    if (whole == count)
        return;
    real last[BLOCK] = {0};
    memcpy(last, x + whole, (count - whole) * sizeof *x);
    pack(last, word);
}
