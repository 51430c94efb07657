/* The operations that the edges of a super-net of DARTS have left where a staged search drops some on its way
 * (P-DARTS: Chen et al., ICCV 2019). Its tables of architecture parameters have as many columns. */
#ifndef NETWORK_KEPT_OPS_H
#define NETWORK_KEPT_OPS_H
#include "network/search_space.h"

struct kept_ops {
    int count; /* of each edge */
    enum primitive of[SPACE_MOST_TABLES][CELL_EDGES][PRIMITIVES]; /* ascending */
};

void kept_ops_all(struct kept_ops *k);
/* Leaves `count` to each edge, those with the largest of its row in table[i], [edges, k->count]; ties
 * go to the earlier. */
void kept_ops_drop(struct kept_ops *k, const float *const table[SPACE_MOST_TABLES], int count);
/* Table number i, [edges, k->count], as one of all operations, in which the softmax gives nothing to
 * what was dropped. */
void kept_ops_widen(const struct kept_ops *k, int i, const float *from, float *to);

/* To and from the member `operations` of a network's meta: for each table an array of texts, one an
 * edge, whose digits are the operations. What is read is checked. NULL where memory is out. */
struct value *kept_ops_value(const struct kept_ops *k);
int kept_ops_from_value(struct kept_ops *k, const struct search_space *s, const struct value *v,
                        struct error *e);

#endif
