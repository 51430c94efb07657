#include "network/tuples.h"
#include <stdlib.h>
#include "base/memory.h"

static int by_label(const void *a, const void *b)
{
    const struct place *p = a, *q = b;
    if (p->label != q->label)
        return p->label < q->label ? -1 : 1;
    return p->image < q->image ? -1 : p->image > q->image;
}

int tuples_new(struct tuples *t, size_t count, const int64_t *label, struct error *e)
{
    struct place *p = array_new(count, sizeof *p, "images", e);
    *t = (struct tuples){.place = p};
    if (!p)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (!label || label[i] >= 0)
            p[t->count++] = (struct place){.image = i, .label = label ? label[i] : 0};
    qsort(p, t->count, sizeof *p, by_label);
    for (size_t first = 0, last; first < t->count; first = last, t->classes++) {
        for (last = first; last < t->count && p[last].label == p[first].label;)
            last++;
        for (size_t i = first; i < last; i++) {
            p[i].first = first;
            p[i].last = last;
            p[i].class = t->classes;
        }
    }
    return 0;
}

void tuples_free(struct tuples *t)
{
    free(t->place);
    *t = (struct tuples){0};
}

static size_t draw_alike(const struct tuples *t, struct random *r, size_t anchor)
{
    const struct place *a = &t->place[anchor];
    if (a->last - a->first == 1)
        return anchor;
    size_t i = a->first + random_below(r, a->last - a->first - 1);
    return i + (i >= anchor);
}

static size_t draw_unlike(const struct tuples *t, struct random *r, size_t anchor)
{
    const struct place *a = &t->place[anchor];
    size_t size = a->last - a->first, i = random_below(r, t->count - size);
    return i + (i >= a->first ? size : 0);
}

void tuples_draw_triplets(const struct tuples *t, struct random *r, const size_t *anchor, int n,
                          size_t *positive, size_t *negative)
{
    for (int i = 0; i < n; i++) {
        positive[i] = draw_alike(t, r, anchor[i]);
        negative[i] = draw_unlike(t, r, anchor[i]);
    }
}

void tuples_draw_pairs(const struct tuples *t, struct random *r, const size_t *anchor, int n,
                       size_t *other)
{
    for (int i = 0; i < n; i++)
        other[i] = random_below(r, 2) ? draw_alike(t, r, anchor[i]) : draw_unlike(t, r, anchor[i]);
}
