#include "select/pick.h"
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/random.h"

/* ---- lists of ids ---- */

static int by_id_then_place(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

int id_list_init(struct id_list *l, const int64_t *ids, size_t count, struct error *e)
{
    l->count = 0;
    l->entry = array_new(count, sizeof *l->entry, "ids", e);
    if (!l->entry)
        return -1;
    for (size_t i = 0; i < count; i++)
        l->entry[i] = (struct listed){.id = ids[i], .place = i, .times = 1};
    qsort(l->entry, count, sizeof *l->entry, by_id_then_place);
    for (size_t i = 0; i < count; i++) {
        struct listed *last = l->count ? &l->entry[l->count - 1] : NULL;
        if (last && last->id == l->entry[i].id)
            last->times++;
        else
            l->entry[l->count++] = l->entry[i];
    }
    return 0;
}

static int compare_id(const void *key, const void *entry)
{
    int64_t x = *(const int64_t *)key, y = ((const struct listed *)entry)->id;
    return (x > y) - (x < y);
}

size_t id_list_meet(struct id_list *l, int64_t id)
{
    struct listed *found = bsearch(&id, l->entry, l->count, sizeof *l->entry, compare_id);
    if (!found)
        return 0;
    found->met = true;
    return found->times;
}

const int64_t *id_list_missing(const struct id_list *l)
{
    const struct listed *first = NULL;
    for (size_t i = 0; i < l->count; i++)
        if (!l->entry[i].met && (!first || l->entry[i].place < first->place))
            first = &l->entry[i];
    return first ? &first->id : NULL;
}

void id_list_free(struct id_list *l)
{
    free(l->entry);
    *l = (struct id_list){0};
}

/* ---- the rows of least rank ---- */

enum { MOST_GROUPS = 1 << 16 };

struct group { /* a heap, the greatest rank on top */
    int32_t label;
    struct chosen *heap;
    size_t count, capacity;
};

struct chooser {
    struct random random;
    size_t most;
    struct group *group; /* sorted by label */
    size_t groups, capacity;
    struct chosen *all;
};

struct chooser *chooser_new(uint64_t seed, const char *purpose, size_t most, struct error *e)
{
    struct chooser *c = array_new(1, sizeof *c, "choice", e);
    if (c) {
        c->random = random_stream(seed, purpose, 0);
        c->most = most;
    }
    return c;
}

static bool before(const struct chosen *a, const struct chosen *b)
{
    if (a->rank != b->rank)
        return a->rank < b->rank;
    return a->id != b->id ? a->id < b->id : a->row < b->row;
}

static void swap(struct chosen *a, struct chosen *b)
{
    struct chosen t = *a;
    *a = *b;
    *b = t;
}

static void sift_up(struct chosen *heap, size_t at)
{
    for (size_t parent; at && before(&heap[parent = (at - 1) / 2], &heap[at]); at = parent)
        swap(&heap[parent], &heap[at]);
}

static void sift_down(struct chosen *heap, size_t count)
{
    for (size_t at = 0, child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && before(&heap[child], &heap[child + 1]))
            child++;
        if (!before(&heap[at], &heap[child]))
            return;
        swap(&heap[at], &heap[child]);
    }
}

static struct group *find_group(struct chooser *c, int32_t label, struct error *e)
{
    size_t low = 0, high = c->groups;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c->group[middle].label < label)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < c->groups && c->group[low].label == label)
        return &c->group[low];
    if (c->groups == MOST_GROUPS) {
        error_set(e, "more than %d classes", MOST_GROUPS);
        return NULL;
    }
    if (array_grow((void **)&c->group, &c->capacity, c->groups + 1, sizeof *c->group, "classes", e))
        return NULL;
    memmove(c->group + low + 1, c->group + low, (c->groups - low) * sizeof *c->group);
    c->groups++;
    c->group[low] = (struct group){.label = label};
    return &c->group[low];
}

int chooser_expect(struct chooser *c, int32_t label, struct error *e)
{
    return find_group(c, label, e) ? 0 : -1;
}

int chooser_offer(struct chooser *c, int32_t label, int64_t id, int64_t row, const void *bytes,
                  size_t size, struct error *e)
{
    struct group *g = find_group(c, label, e);
    if (!g)
        return -1;
    struct chosen one = {random_u64_at(&c->random, (uint64_t)id), id, row, NULL, size};
    bool full = g->count == c->most;
    if (full && (!c->most || !before(&one, &g->heap[0])))
        return 0;
    one.bytes = array_new(size, 1, "row", e);
    if (!one.bytes)
        return -1;
    memcpy(one.bytes, bytes, size);
    if (full) {
        free(g->heap[0].bytes);
        g->heap[0] = one;
        sift_down(g->heap, g->count);
        return 0;
    }
    if (array_grow((void **)&g->heap, &g->capacity, g->count + 1, sizeof *g->heap, "choice", e)) {
        free(one.bytes);
        return -1;
    }
    g->heap[g->count] = one;
    sift_up(g->heap, g->count++);
    return 0;
}

static int by_row(const void *a, const void *b)
{
    const struct chosen *x = a, *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

const struct chosen *chooser_finish(struct chooser *c, size_t *count, int32_t *group,
                                    struct error *e)
{
    *count = 0;
    for (size_t i = 0; i < c->groups; i++) {
        *count += c->group[i].count;
        if (c->group[i].count < c->most) {
            *group = c->group[i].label;
            error_set(e, "expected %zu rows to choose from, found %zu", c->most, c->group[i].count);
            return NULL;
        }
    }
    free(c->all);
    c->all = array_new(*count, sizeof *c->all, "choice", e);
    if (!c->all)
        return NULL;
    struct chosen *to = c->all;
    for (size_t i = 0; i < c->groups; to += c->group[i++].count)
        if (c->group[i].count)
            memcpy(to, c->group[i].heap, c->group[i].count * sizeof *to);
    qsort(c->all, *count, sizeof *c->all, by_row);
    return c->all;
}

void chooser_free(struct chooser *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->groups; i++) {
        for (size_t k = 0; k < c->group[i].count; k++)
            free(c->group[i].heap[k].bytes);
        free(c->group[i].heap);
    }
    free(c->group);
    free(c->all);
    free(c);
}
