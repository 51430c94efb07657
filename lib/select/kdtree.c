#include "select/kdtree.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "select/order.h"

enum {
    HUB_QUERIES = 256,
    SURE = 16,     /* queries after which a tree that has hardly saved anything is given up */
    TOGETHER = 16, /* searches that scan a block while it is in the cache */
};

double kdtree_squared(const float *a, const float *b, int dimension)
{
    double sum = 0;
    for (int i = 0; i < dimension; i++) {
        double d = (double)a[i] - b[i];
        sum += d * d;
    }
    return sum;
}

/* ---- blocks ---- */

static int rows_of(const struct kdtree *t, int level)
{
    return 1 + (level ? 2 : 1) * t->axes.count;
}

static float *block_of(const struct kdtree *t, int level, size_t block)
{
    return t->level[level].block + block * rows_of(t, level) * CORNERS;
}

static size_t blocks_in(size_t entries)
{
    return (entries + CORNERS - 1) / CORNERS;
}

/* How many of a level's entries a block holds. */
static size_t block_size(const struct kdtree_level *level, size_t block)
{
    size_t left = level->entries - block * CORNERS;
    return left < CORNERS ? left : CORNERS;
}

void kdtree_free(struct kdtree *t)
{
    free(t->point);
    free(t->id);
    free(t->barred);
    free(t->hub);
    free(t->hub_block);
    axes_free(&t->axes);
    for (int level = 0; level < t->levels; level++) {
        free(t->level[level].block);
        free(t->level[level].live);
    }
    *t = (struct kdtree){0};
}

/* ---- live points ---- */

void kdtree_bar(struct kdtree *t, size_t place, bool barred)
{
    if (t->barred[place] == barred)
        return;
    t->barred[place] = barred;
    t->live += barred ? -1 : 1;
    for (int level = 1; level < t->levels; level++) {
        place /= CORNERS;
        t->level[level].live[place] += barred ? -1 : 1;
    }
}

void kdtree_admit_all(struct kdtree *t)
{
    memset(t->barred, 0, t->points * sizeof *t->barred);
    t->live = t->points;
    size_t run = CORNERS;
    for (int level = 1; level < t->levels; level++, run *= CORNERS)
        for (size_t i = 0; i < t->level[level].entries; i++)
            t->level[level].live[i] = t->points - i * run < run ? t->points - i * run : run;
}

/* Points of an entry that are live. */
static size_t live_in(const struct kdtree *t, int level, size_t entry)
{
    return level ? t->level[level].live[entry] : !t->barred[entry];
}

size_t kdtree_live(const struct kdtree *t, size_t k)
{
    size_t entry = 0;
    for (int level = t->levels - 1; level >= 0; level--) {
        if (level < t->levels - 1)
            entry *= CORNERS;
        for (size_t live; k >= (live = live_in(t, level, entry)); entry++)
            k -= live;
    }
    return entry;
}

/* ---- searching ---- */

struct search {
    const struct kdtree *tree;
    const float *query;
    float along[AXES_MOST], rest; /* the query's */
    double factor, error;         /* a true distance <= factor * the far corner's + error */
    double reach;                 /* 1 + epsilon */
    float need;                   /* what lies within this squared distance is hopeless */
    size_t wanted, found;
    struct kdtree_answer *answer;
    struct kdtree_visits visits;
};

/* Coordinates were rounded to float once, which bounds the error by the distance from the centre,
 * at most 1 for points; then come the additions. A query out of all proportion is not projected:
 * for it every bound is hopeful. */
static void aim(struct search *s)
{
    const struct axes *axes = &s->tree->axes;
    double along[AXES_MOST], rest = axes_project(axes, s->query, along), squared = rest * rest;
    for (int k = 0; k < axes->count; k++)
        squared += along[k] * along[k];
    bool sane = squared < 1e18;
    s->factor = 1 + (axes->count + 8) * FLT_EPSILON;
    s->error = sane ? 4 * FLT_EPSILON * (1 + sqrt(squared)) : INFINITY;
    s->need = -1;
    s->rest = sane ? (float)rest : 0;
    for (int k = 0; k < axes->count; k++)
        s->along[k] = sane ? (float)along[k] : 0;
}

static bool further(const struct kdtree_answer *a, const struct kdtree_answer *b)
{
    return a->squared > b->squared || (a->squared == b->squared && a->id < b->id);
}

/* An answer at this squared distance is certain. Strictly nearer is hopeless only: an equal
 * distance may still belong to a lower id. */
static void raise_need(struct search *s, double squared, double reach)
{
    double least = sqrt(squared) * s->tree->axes.scale * reach;
    double corner = (least - s->error) / s->factor;
    float need = corner > 0 ? (float)(corner * corner * (1 - FLT_EPSILON)) : -1;
    s->need = need > s->need ? need : s->need;
}

static void offer(struct search *s, size_t place)
{
    const struct kdtree *t = s->tree;
    const float *point = t->point + place * t->dimension;
    const struct kdtree_answer a = {place, t->id[place],
                                    kdtree_squared(point, s->query, t->dimension)};
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
    if (s->found == s->wanted)
        raise_need(s, s->answer[s->wanted - 1].squared, s->reach);
}

/* Takes away the bit of the furthest corner. */
static int take_furthest(const float *corner, unsigned *bits)
{
    int furthest = __builtin_ctz(*bits);
    for (unsigned left = *bits & (*bits - 1); left; left &= left - 1) {
        int i = __builtin_ctz(left);
        furthest = corner[i] > corner[furthest] ? i : furthest;
    }
    *bits &= ~(1u << furthest);
    return furthest;
}

/* Visits the entries of a block, the one with the furthest corner first. */
static void descend(struct search *s, int level, size_t block)
{
    const struct kdtree *t = s->tree;
    const int axes = t->axes.count;
    const size_t count = block_size(&t->level[level], block);
    _Alignas(64) float corner[CORNERS];
    *(level ? &s->visits.nodes : &s->visits.points) += count;
    unsigned hopeful = t->far_corners(block_of(t, level, block), axes, level ? axes : 0, s->along,
                                      s->rest, s->need, corner);
    hopeful &= (1u << count) - 1;
    while (hopeful) {
        const int i = take_furthest(corner, &hopeful);
        const size_t entry = block * CORNERS + i;
        if (corner[i] < s->need)
            return;
        if (live_in(t, level, entry) == 0)
            continue;
        if (level)
            descend(s, level - 1, entry);
        else
            offer(s, entry);
    }
}

/* Before the first answer: the furthest of the hubs is a good guess. It is not offered, as the
 * search will meet it again. */
static void guess(struct search *s)
{
    const struct kdtree *t = s->tree;
    float most = -1;
    size_t place = 0;
    for (size_t h = 0; h < t->hubs; h += CORNERS) {
        _Alignas(64) float far[CORNERS];
        t->far_corners(t->hub_block + h * rows_of(t, 0), t->axes.count, 0, s->along, s->rest, 0,
                       far);
        for (size_t i = h; i < t->hubs && i < h + CORNERS; i++)
            if (far[i - h] > most && !t->barred[t->hub[i]]) {
                most = far[i - h];
                place = t->hub[i];
            }
    }
    s->visits.points += t->hubs;
    if (most >= 0)
        raise_need(s, kdtree_squared(t->point + place * t->dimension, s->query, t->dimension), 1);
}

static void begin(struct search *s, const struct kdtree *t, const float *query, size_t k,
                  double epsilon, struct kdtree_answer *answer)
{
    s->tree = t;
    s->query = query;
    s->reach = 1 + epsilon;
    s->wanted = k;
    s->found = 0;
    s->answer = answer;
    s->visits = (struct kdtree_visits){.queries = 1};
    aim(s);
    if (k == 1)
        guess(s);
}

/* Of some searches in one tree. */
static void run(struct search *s, size_t searches)
{
    const struct kdtree *t = s->tree;
    if (t->flat)
        for (size_t block = 0; block < blocks_in(t->points); block++)
            for (size_t i = 0; i < searches; i++)
                descend(&s[i], 0, block);
    else
        for (size_t i = 0; i < searches; i++)
            descend(&s[i], t->levels - 1, 0);
}

static void add_visits(struct kdtree_visits *to, const struct kdtree_visits *from)
{
    to->queries += from->queries;
    to->nodes += from->nodes;
    to->points += from->points;
}

size_t kdtree_furthest(const struct kdtree *t, const float *query, size_t k, double epsilon,
                       struct kdtree_answer *answer, struct kdtree_visits *visits)
{
    struct search s;
    if (k == 0)
        return 0;
    begin(&s, t, query, k, epsilon, answer);
    run(&s, 1);
    if (visits)
        add_visits(visits, &s.visits);
    return s.found;
}

void kdtree_furthest_each(const struct kdtree *t, size_t n, const float *const *query,
                          struct kdtree_answer *answer, struct kdtree_visits *visits)
{
    struct kdtree_visits sum = {0};
#pragma omp parallel for schedule(dynamic)
    for (size_t first = 0; first < n; first += TOGETHER) {
        struct search s[TOGETHER];
        const size_t count = n - first < TOGETHER ? n - first : TOGETHER;
        for (size_t i = 0; i < count; i++)
            begin(&s[i], t, query[first + i], 1, 0, &answer[first + i]);
        run(s, count);
        for (size_t i = 0; i < count; i++)
#pragma omp critical
            add_visits(&sum, &s[i].visits);
    }
    if (visits)
        add_visits(visits, &sum);
}

/* ---- boxes ---- */

static int make_level(struct kdtree *t, int level, size_t entries, struct error *e)
{
    struct kdtree_level *l = &t->level[level];
    size_t values;
    l->entries = entries;
    t->levels = level + 1;
    if (size_multiply(blocks_in(entries) * CORNERS, rows_of(t, level), &values))
        return error_set(e, "a tree of %zu points is too large", t->points);
    if (!(l->block = array_new(values, sizeof *l->block, "boxes", e)) ||
        (level && !(l->live = array_new(entries, sizeof *l->live, "counts of points", e))))
        return -1;
    return 0;
}

/* The level's entry is the box of a block of the level below. */
static void enclose(struct kdtree *t, int level, size_t entry)
{
    const int axes = t->axes.count, high = level > 1 ? axes : 0;
    const float *from = block_of(t, level - 1, entry);
    float *to = block_of(t, level, entry / CORNERS) + entry % CORNERS;
    const size_t count = block_size(&t->level[level - 1], entry);
    for (int row = 0; row <= axes; row++) {
        const float *low = from + row * CORNERS, *up = low + (row ? high : 0) * CORNERS;
        float least = low[0], most = up[0];
        for (size_t i = 1; i < count; i++) {
            least = low[i] < least ? low[i] : least;
            most = up[i] > most ? up[i] : most;
        }
        to[row * CORNERS] = row ? least : most;
        if (row)
            to[(row + axes) * CORNERS] = most;
    }
}

/* A few queries among so many points have the same few answers. They also tell what boxes are
 * worth: a plain scan is twice as fast a point. */
static int find_hubs(struct kdtree *t, struct error *e)
{
    struct kdtree_visits visits = {0};
    const int rows = rows_of(t, 0);
    if (!(t->hub = array_new(KDTREE_HUBS, sizeof *t->hub, "hubs", e)) ||
        !(t->hub_block = array_new(KDTREE_HUBS * rows, sizeof *t->hub_block, "hubs", e)))
        return -1;
    for (size_t i = 0; i < HUB_QUERIES && t->hubs < KDTREE_HUBS; i++) {
        struct kdtree_answer a;
        size_t from = i * t->points / HUB_QUERIES, known = 0;
        if (i == SURE && 4 * visits.points > 3 * SURE * t->points)
            break;
        kdtree_furthest(t, t->point + from * t->dimension, 1, 0, &a, &visits);
        while (known < t->hubs && t->hub[known] != a.place)
            known++;
        if (known < t->hubs)
            continue;
        const float *entry = block_of(t, 0, a.place / CORNERS) + a.place % CORNERS;
        float *copy = t->hub_block + t->hubs / CORNERS * CORNERS * rows + t->hubs % CORNERS;
        for (int row = 0; row < rows; row++)
            copy[row * CORNERS] = entry[row * CORNERS];
        t->hub[t->hubs++] = a.place;
    }
    t->flat = 2 * visits.points > visits.queries * t->points;
    return 0;
}

static int fit_boxes(struct kdtree *t, struct error *e)
{
    if (!(t->far_corners = corners_choose(e)) ||
        axes_fit(&t->axes, t->points, t->dimension, t->point, NULL, e) ||
        make_level(t, 0, t->points, e))
        return -1;
#pragma omp parallel for schedule(static)
    for (size_t p = 0; p < t->points; p++) {
        double along[AXES_MOST];
        float *to = block_of(t, 0, p / CORNERS) + p % CORNERS;
        to[0] = (float)axes_project(&t->axes, t->point + p * t->dimension, along);
        for (int k = 0; k < t->axes.count; k++)
            to[(1 + k) * CORNERS] = (float)along[k];
    }
    for (int level = 1; t->level[level - 1].entries > CORNERS; level++) {
        if (make_level(t, level, blocks_in(t->level[level - 1].entries), e))
            return -1;
#pragma omp parallel for schedule(static)
        for (size_t i = 0; i < t->level[level].entries; i++)
            enclose(t, level, i);
    }
    kdtree_admit_all(t);
    return t->points > HUB_QUERIES ? find_hubs(t, e) : 0;
}

/* ---- building ---- */

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
    size_t values;
    *t = (struct kdtree){.points = n, .dimension = dimension};
    if (size_multiply(n, dimension, &values))
        return error_set(e, "a tree of %zu points is too large", n);
    if (!(t->point = array_new(values, sizeof *t->point, "points", e)) ||
        !(t->id = array_new(n, sizeof *t->id, "ids", e)) ||
        !(t->barred = array_new(n, sizeof *t->barred, "barred points", e)))
        goto failed;
    for (size_t i = 0; i < n; i++) {
        size_t from = order ? order[i] : i;
        memcpy(t->point + i * dimension, point + from * dimension, dimension * sizeof *point);
        t->id[i] = id[from];
    }
    if (fit_boxes(t, e) == 0)
        return 0;
failed:
    kdtree_free(t);
    return -1;
}

int kdtree_build(struct kdtree *t, size_t n, int dimension, const float *point, const int64_t *id,
                 struct error *e)
{
    *t = (struct kdtree){0};
    if (check_points(n, dimension, point, id, e))
        return -1;
    autofree size_t *order = array_new(n, sizeof *order, "the order of the points", e);
    if (!order || order_points(order, n, dimension, point, id, e))
        return -1;
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
