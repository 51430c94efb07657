/* Pairs and triplets: of which classes, how evenly, by which seed. */
#include <string.h>
#include "network/tuples.h"
#include "tap.h"

enum { IMAGES = 12, ANCHORS = 11, DRAWS = 4000 };

/* Classes of 4, 3, 3 and 1; one image has no label. */
static const int64_t label[IMAGES] = {70, 5, 70, -1, 900, 5, 900, 70, 41, 900, 5, 70};

static void triplets(const struct tuples *t)
{
    size_t anchor[ANCHORS], positive[ANCHORS], negative[ANCHORS];
    static int times[2][ANCHORS][ANCHORS];
    struct random r = random_stream(1, "triplets", 0);
    bool good = true, even = true;

    for (size_t i = 0; i < ANCHORS; i++)
        anchor[i] = i;
    for (int d = 0; d < DRAWS; d++) {
        tuples_draw_triplets(t, &r, anchor, ANCHORS, positive, negative);
        for (int i = 0; i < ANCHORS; i++) {
            times[0][i][positive[i]]++;
            times[1][i][negative[i]]++;
        }
    }
    for (int i = 0; i < ANCHORS; i++) {
        int size = (int)(t->place[i].last - t->place[i].first);
        for (int k = 0; k < ANCHORS; k++) {
            bool alike = t->place[i].label == t->place[k].label, itself = i == k;
            double wanted[] = {alike && !itself ? DRAWS / (size - 1.) : 0,
                               alike ? 0 : DRAWS / (double)(ANCHORS - size)};
            if (size == 1 && itself)
                wanted[0] = DRAWS;
            for (int side = 0; side < 2; side++) {
                good &= (wanted[side] == 0) == (times[side][i][k] == 0);
                even &= fabs(times[side][i][k] - wanted[side]) <= 5 * sqrt(wanted[side]);
            }
        }
    }
    ok(good, "one of its class but itself, where it is not alone; one of another");
    ok(even, "each as often as the others, within five standard deviations");
}

static void pairs(const struct tuples *t)
{
    size_t anchor[ANCHORS], other[ANCHORS], again[ANCHORS];
    struct random r = random_stream(1, "pairs", 7), s = r;
    int alike = 0;
    bool equal = true;

    for (size_t i = 0; i < ANCHORS; i++)
        anchor[i] = i;
    for (int d = 0; d < DRAWS; d++) {
        tuples_draw_pairs(t, &r, anchor, ANCHORS, other);
        tuples_draw_pairs(t, &s, anchor, ANCHORS, again);
        equal &= memcmp(other, again, sizeof other) == 0;
        for (int i = 0; i < ANCHORS; i++)
            alike += t->place[i].class == t->place[other[i]].class;
    }
    ok(equal, "the same stream, the same pairs");
    ok(abs(alike - ANCHORS * DRAWS / 2) < 5 * sqrt(ANCHORS * DRAWS) / 2,
       "%d of %d are of one class", alike, ANCHORS * DRAWS);
}

int main(void)
{
    struct tuples t;
    struct error e;
    bool sorted = true;

    if (tuples_new(&t, IMAGES, label, &e))
        return 1;
    ok(t.count == ANCHORS && t.classes == 4, "%zu images of %d classes", t.count, t.classes);
    for (size_t i = 0; i < t.count; i++) {
        const struct place *p = &t.place[i];
        sorted &= p->label == label[p->image] && p->first <= i && i < p->last;
        sorted &= p->class == (p->first ? t.place[p->first - 1].class + 1 : 0);
        sorted &= i == p->first || t.place[i - 1].image < p->image;
    }
    ok(sorted, "sorted by label, then by place in the data");
    triplets(&t);
    pairs(&t);
    tuples_free(&t);
    if (tuples_new(&t, IMAGES, NULL, &e))
        return 1;
    ok(t.count == IMAGES && t.classes == 1 && t.place[3].image == 3,
       "without labels: as they come");
    tuples_free(&t);
    ok(!tuples_new(&t, 0, label, &e) && t.classes == 0, "of nothing");
    tuples_free(&t);
    return tap_done();
}
