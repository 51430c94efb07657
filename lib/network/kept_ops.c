#include "network/kept_ops.h"
#include <float.h>
#include <stdbool.h>
#include <string.h>

void kept_ops_all(struct kept_ops *k)
{
    k->count = PRIMITIVES;
    for (int i = 0; i < SPACE_MOST_TABLES; i++)
        for (int edge = 0; edge < CELL_EDGES; edge++)
            for (int op = 0; op < PRIMITIVES; op++)
                k->of[i][edge][op] = (enum primitive)op;
}

/* How many of a row are ahead of number i. */
static int rank_of(const float *row, int count, int i)
{
    int rank = 0;
    for (int k = 0; k < count; k++)
        rank += row[k] > row[i] || (k < i && row[k] == row[i]);
    return rank;
}

void kept_ops_drop(struct kept_ops *k, const float *const table[SPACE_MOST_TABLES], int count)
{
    for (int i = 0; i < SPACE_MOST_TABLES; i++)
        for (int edge = 0; edge < CELL_EDGES; edge++) {
            const float *row = table[i] + edge * k->count;
            enum primitive *of = k->of[i][edge];
            int left = 0;
            for (int c = 0; c < k->count; c++)
                if (rank_of(row, k->count, c) < count)
                    of[left++] = of[c];
        }
    k->count = count;
}

void kept_ops_widen(const struct kept_ops *k, int i, const float *from, float *to)
{
    for (int at = 0; at < CELL_EDGES * PRIMITIVES; at++)
        to[at] = -FLT_MAX;
    for (int edge = 0; edge < CELL_EDGES; edge++)
        for (int c = 0; c < k->count; c++)
            to[edge * PRIMITIVES + (int)k->of[i][edge][c]] = from[edge * k->count + c];
}

struct value *kept_ops_value(const struct kept_ops *k)
{
    struct value *tables = value_array();
    bool good = tables;
    for (int i = 0; i < SPACE_MOST_TABLES && good; i++) {
        struct value *edges = value_append(tables, value_array());
        for (int edge = 0; edge < CELL_EDGES && good; edge++) {
            char digits[PRIMITIVES + 1] = "";
            for (int c = 0; c < k->count; c++)
                digits[c] = (char)('0' + (int)k->of[i][edge][c]);
            good = value_append(edges, value_text(digits)) != NULL;
        }
    }
    if (good)
        return tables;
    value_free(tables);
    return NULL;
}

/* Operations of one edge, by their digits. */
static bool take_edge(struct kept_ops *k, enum primitive *of, const char *digits)
{
    const size_t length = strlen(digits);
    if (length < 1 || length > PRIMITIVES || (k->count && length != (size_t)k->count))
        return false;
    k->count = (int)length;
    for (int c = 0; c < k->count; c++) {
        of[c] = (enum primitive)(digits[c] - '0');
        if (digits[c] < '0' || digits[c] >= '0' + PRIMITIVES || (c && digits[c] <= digits[c - 1]))
            return false;
    }
    return true;
}

int kept_ops_from_value(struct kept_ops *k, const struct search_space *s, const struct value *v,
                        struct error *e)
{
    *k = (struct kept_ops){0};
    if (s != &SPACE_DARTS)
        return error_set(e, "network: operations: %s drops none", s->name);
    if (v->type != VALUE_ARRAY || v->count != SPACE_MOST_TABLES)
        return error_set(e, "network: operations: expected an array of %d", SPACE_MOST_TABLES);
    for (int i = 0; i < SPACE_MOST_TABLES; i++) {
        const struct value *edges = v->item[i];
        if (edges->type != VALUE_ARRAY || edges->count != CELL_EDGES)
            return error_set(e, "network: operations %d: expected an array of %d", i, CELL_EDGES);
        for (int edge = 0; edge < CELL_EDGES; edge++) {
            const struct value *text = edges->item[edge];
            if (text->type != VALUE_TEXT || !take_edge(k, k->of[i][edge], text->text))
                return error_set(e,
                                 "network: operations %d: edge %d: expected digits below %d, "
                                 "ascending, as many as of the others",
                                 i, edge, PRIMITIVES);
        }
    }
    return 0;
}
