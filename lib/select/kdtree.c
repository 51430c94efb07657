#include "select/kdtree.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

/* The far corner of a box must never come out nearer than a point inside it. Both sums take the
 * dimensions in the same order, so rounding keeps their order; the slack is for machines where the
 * compiler fuses one of the two loops' multiplications and additions but not the other's. */
#define SLACK (1 + 1e-12)

double kdtree_squared(const float *a, const float *b, int dimension)
{
    double sum = 0;
    for (int i = 0; i < dimension; i++) {
        double d = (double)a[i] - b[i];
        sum += d * d;
    }
    return sum;
}

static double far_corner(const float *box, const float *q, int dimension)
{
    const float *low = box, *high = box + dimension;
    double sum = 0;
    for (int i = 0; i < dimension; i++) {
        double below = (double)q[i] - low[i], above = (double)high[i] - q[i];
        double d = below > above ? below : above;
        sum += d * d;
    }
    return sum;
}

/* ---- building ---- */

static size_t count_nodes(size_t n)
{
    return n <= KDTREE_LEAF ? 1 : 1 + count_nodes(n / 2) + count_nodes(n - n / 2);
}

static size_t lay_out(struct kdtree *t, size_t at, size_t begin, size_t end)
{
    struct kdtree_node *node = &t->node[at];
    size_t n = end - begin;
    *node = (struct kdtree_node){.begin = begin, .end = end, .live = n};
    if (n <= KDTREE_LEAF)
        return at + 1;
    node->right = lay_out(t, at + 1, begin, begin + n / 2);
    return lay_out(t, node->right, begin + n / 2, end);
}

static void widen(float *box, const float *low, const float *high, int dimension)
{
    for (int i = 0; i < dimension; i++) {
        box[i] = fminf(box[i], low[i]);
        box[dimension + i] = fmaxf(box[dimension + i], high[i]);
    }
}

/* Children come after their parents, so one pass backwards has every child's box in time. */
static void fit_boxes(struct kdtree *t)
{
    int d = t->dimension;
    for (size_t at = t->nodes; at-- > 0;) {
        const struct kdtree_node *node = &t->node[at];
        float *box = t->box + at * 2 * d;
        const float *left = box + 2 * d, *right = t->box + node->right * 2 * d;
        for (int i = 0; i < d; i++) {
            box[i] = INFINITY;
            box[d + i] = -INFINITY;
        }
        if (node->right) {
            widen(box, left, left + d, d);
            widen(box, right, right + d, d);
        } else {
            for (size_t p = node->begin; p < node->end; p++)
                widen(box, t->point + p * d, t->point + p * d, d);
        }
    }
}

static int check_points(size_t n, int dimension, const float *point, const int64_t *id,
                        struct error *e)
{
    if (n == 0 || dimension < 1)
        return error_set(e, "a tree needs at least one point of at least one dimension");
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < dimension; k++)
            if (!isfinite(point[i * dimension + k]))
                return error_set(e, "id %lld: the point is not finite in dimension %d",
                                 (long long)id[i], k);
    return 0;
}

/* Takes row order[i] as the i-th; NULL: as they are. */
static int gather(struct kdtree *t, size_t n, int dimension, const float *point, const int64_t *id,
                  const size_t *order, struct error *e)
{
    size_t values, corners;
    *t = (struct kdtree){.points = n, .dimension = dimension, .nodes = count_nodes(n)};
    if (size_multiply(n, dimension, &values) || size_multiply(t->nodes, 2 * dimension, &corners))
        return error_set(e, "a tree of %zu points is too large", n);
    if (!(t->point = array_new(values, sizeof *t->point, "points", e)) ||
        !(t->id = array_new(n, sizeof *t->id, "ids", e)) ||
        !(t->barred = array_new(n, sizeof *t->barred, "barred points", e)) ||
        !(t->node = array_new(t->nodes, sizeof *t->node, "nodes", e)) ||
        !(t->box = array_new(corners, sizeof *t->box, "boxes", e))) {
        kdtree_free(t);
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        size_t from = order ? order[i] : i;
        memcpy(t->point + i * dimension, point + from * dimension, dimension * sizeof *point);
        t->id[i] = id[from];
    }
    lay_out(t, 0, 0, n);
    fit_boxes(t);
    return 0;
}

struct sorting {
    const float *point;
    const int64_t *id;
    int dimension, axis; /* axis -1: by id alone */
};

static int compare(const void *a, const void *b, void *context)
{
    const struct sorting *s = context;
    size_t i = *(const size_t *)a, j = *(const size_t *)b;
    if (s->axis >= 0) {
        float x = s->point[i * s->dimension + s->axis], y = s->point[j * s->dimension + s->axis];
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (s->id[i] > s->id[j]) - (s->id[i] < s->id[j]);
}

static int widest(const struct sorting *s, const size_t *order, size_t n)
{
    int best = 0;
    float width = -1;
    for (int k = 0; k < s->dimension; k++) {
        float low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < n; i++) {
            low = fminf(low, s->point[order[i] * s->dimension + k]);
            high = fmaxf(high, s->point[order[i] * s->dimension + k]);
        }
        if (high - low > width) {
            width = high - low;
            best = k;
        }
    }
    return best;
}

static void arrange(struct sorting *s, size_t *order, size_t n)
{
    s->axis = n <= KDTREE_LEAF ? -1 : widest(s, order, n);
    qsort_r(order, n, sizeof *order, compare, s);
    if (n <= KDTREE_LEAF)
        return;
    arrange(s, order, n / 2);
    arrange(s, order + n / 2, n - n / 2);
}

int kdtree_build(struct kdtree *t, size_t n, int dimension, const float *point, const int64_t *id,
                 struct error *e)
{
    *t = (struct kdtree){0};
    if (check_points(n, dimension, point, id, e))
        return -1;
    autofree size_t *order = array_new(n, sizeof *order, "the order of the points", e);
    if (!order)
        return -1;
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    arrange(&(struct sorting){point, id, dimension, 0}, order, n);
    return gather(t, n, dimension, point, id, order, e);
}

int kdtree_restore(struct kdtree *t, size_t n, int dimension, const float *point, const int64_t *id,
                   struct error *e)
{
    *t = (struct kdtree){0};
    if (check_points(n, dimension, point, id, e))
        return -1;
    return gather(t, n, dimension, point, id, NULL, e);
}

void kdtree_free(struct kdtree *t)
{
    free(t->point);
    free(t->id);
    free(t->barred);
    free(t->node);
    free(t->box);
    *t = (struct kdtree){0};
}

/* ---- live points ---- */

void kdtree_bar(struct kdtree *t, size_t place, bool barred)
{
    if (t->barred[place] == barred)
        return;
    t->barred[place] = barred;
    for (size_t at = 0;;) {
        struct kdtree_node *node = &t->node[at];
        node->live += barred ? -1 : 1;
        if (!node->right)
            return;
        at = place < t->node[node->right].begin ? at + 1 : node->right;
    }
}

void kdtree_admit_all(struct kdtree *t)
{
    memset(t->barred, 0, t->points * sizeof *t->barred);
    for (size_t i = 0; i < t->nodes; i++)
        t->node[i].live = t->node[i].end - t->node[i].begin;
}

size_t kdtree_live(const struct kdtree *t, size_t k)
{
    size_t at = 0;
    while (t->node[at].right) {
        size_t left = t->node[at + 1].live;
        if (k < left) {
            at = at + 1;
        } else {
            k -= left;
            at = t->node[at].right;
        }
    }
    size_t place = t->node[at].begin;
    while (t->barred[place] || k-- > 0)
        place++;
    return place;
}

/* ---- searching ---- */

struct search {
    const struct kdtree *tree;
    const float *query;
    size_t wanted, found;
    double reach; /* (1 + epsilon)^2 */
    struct kdtree_answer *answer;
    struct kdtree_visits visits;
};

static bool further(const struct kdtree_answer *a, const struct kdtree_answer *b)
{
    return a->squared > b->squared || (a->squared == b->squared && a->id < b->id);
}

static void offer(struct search *s, struct kdtree_answer a)
{
    size_t i = s->found;
    if (i < s->wanted)
        s->found++;
    else if (further(&a, &s->answer[i - 1]))
        i--;
    else
        return;
    for (; i > 0 && further(&a, &s->answer[i - 1]); i--)
        s->answer[i] = s->answer[i - 1];
    s->answer[i] = a;
}

static void scan(struct search *s, size_t begin, size_t end)
{
    const struct kdtree *t = s->tree;
    for (size_t p = begin; p < end; p++) {
        if (t->barred[p])
            continue;
        s->visits.points++;
        const float *point = t->point + p * t->dimension;
        offer(s,
              (struct kdtree_answer){p, t->id[p], kdtree_squared(point, s->query, t->dimension)});
    }
}

/* Strictly nearer only: an equal distance may still belong to a lower id. */
static bool hopeless(const struct search *s, double corner)
{
    return s->found == s->wanted && corner * SLACK < s->answer[s->found - 1].squared * s->reach;
}

static void descend(struct search *s, size_t at)
{
    const struct kdtree *t = s->tree;
    const struct kdtree_node *node = &t->node[at];
    s->visits.nodes++;
    if (!node->right) {
        scan(s, node->begin, node->end);
        return;
    }
    size_t child[2] = {at + 1, node->right};
    double corner[2];
    for (int i = 0; i < 2; i++)
        corner[i] = far_corner(t->box + child[i] * 2 * t->dimension, s->query, t->dimension);
    int first = corner[1] > corner[0];
    for (int i = 0; i < 2; i++) {
        int side = i ? !first : first;
        if (t->node[child[side]].live && !hopeless(s, corner[side]))
            descend(s, child[side]);
    }
}

size_t kdtree_furthest(const struct kdtree *t, const float *query, size_t k, double epsilon,
                       struct kdtree_answer *answer, struct kdtree_visits *visits)
{
    struct search s = {.tree = t,
                       .query = query,
                       .wanted = k,
                       .reach = (1 + epsilon) * (1 + epsilon),
                       .answer = answer};
    if (k == 0)
        return 0;
    if (t->points <= (size_t)KDTREE_SCAN * t->dimension)
        scan(&s, 0, t->points);
    else if (t->node[0].live)
        descend(&s, 0);
    if (visits) {
        visits->queries++;
        visits->nodes += s.visits.nodes;
        visits->points += s.visits.points;
    }
    return s.found;
}
