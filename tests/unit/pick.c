/* Lists of ids and random choice by rank. */
#include "tap.h"
#include <string.h>
#include "base/random.h"
#include "select/pick.h"

static void test_lists(void)
{
    struct error e;
    struct id_list l;
    const int64_t ids[] = {7, -3, 7, INT64_MAX, 0, 7};
    ok(!id_list_init(&l, ids, 6, &e) && l.count == 4, "four distinct ids");
    ok(id_list_meet(&l, 7) == 3 && id_list_meet(&l, 0) == 1 && id_list_meet(&l, 5) == 0,
       "how often each is listed");
    const int64_t *missing = id_list_missing(&l);
    ok(missing && *missing == -3, "the first of those never met, in the order of the list");
    id_list_meet(&l, -3);
    id_list_meet(&l, INT64_MAX);
    ok(!id_list_missing(&l), "all met");
    id_list_free(&l);
    ok(!id_list_init(&l, NULL, 0, &e) && !id_list_meet(&l, 1) && !id_list_missing(&l), "no ids");
    id_list_free(&l);
}

enum { ROWS = 1000 };

/* Offers ids 0 .. ROWS - 1 in a shuffled order (by seed `order`; 0: ascending) to two groups. */
static bool *choose(uint64_t seed, size_t most, uint64_t order, bool *chosen, bool *ascending)
{
    struct error e;
    size_t index[ROWS], count = 0;
    int32_t group;
    struct random r = random_stream(order, "order", 0);
    for (size_t i = 0; i < ROWS; i++)
        index[i] = i;
    if (order)
        random_shuffle(&r, index, ROWS);
    struct chooser *c = chooser_new(seed, "pick", most, &e);
    for (size_t i = 0; i < ROWS; i++)
        chooser_offer(c, index[i] % 10 == 0, (int64_t)index[i], (int64_t)i, &index[i],
                      sizeof *index, &e);
    const struct chosen *all = chooser_finish(c, &count, &group, &e);
    memset(chosen, 0, ROWS);
    *ascending = all && count == 2 * most;
    for (size_t i = 0; all && i < count; i++) {
        size_t was;
        memcpy(&was, all[i].bytes, sizeof was);
        chosen[was] = true;
        *ascending &= was == (size_t)all[i].id && (!i || all[i].row > all[i - 1].row);
    }
    chooser_free(c);
    return chosen;
}

static void test_choice(void)
{
    bool one[ROWS], two[ROWS], ascending;
    choose(1, 40, 0, one, &ascending);
    ok(ascending, "40 of each group, by ascending row, with their bytes");
    int tens = 0, all = 0;
    for (int i = 0; i < ROWS; i++) {
        tens += one[i] && i % 10 == 0;
        all += one[i];
    }
    ok(tens == 40 && all == 80, "without replacement");
    ok(!memcmp(one, choose(1, 40, 5, two, &ascending), ROWS), "another order, the same choice");
    ok(memcmp(one, choose(2, 40, 0, two, &ascending), ROWS), "another seed, another choice");
    choose(1, 60, 0, two, &ascending);
    int lost = 0;
    for (int i = 0; i < ROWS; i++)
        lost += one[i] && !two[i];
    ok(!lost, "60 of a seed contain its 40");

    /* Every id must be as likely: 2000 choices of 25 of 100, a chi-square with 99 degrees. */
    int times[100] = {0};
    struct error e;
    size_t count;
    int32_t group;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        struct chooser *c = chooser_new(seed, "pick", 25, &e);
        for (int i = 0; i < 100; i++)
            chooser_offer(c, 0, i, i, "", 1, &e);
        const struct chosen *a = chooser_finish(c, &count, &group, &e);
        for (size_t i = 0; i < count; i++)
            times[a[i].id]++;
        chooser_free(c);
    }
    double square = 0;
    for (int i = 0; i < 100; i++)
        square += (times[i] - 500.0) * (times[i] - 500.0) / (500 * .75);
    ok(square > 55 && square < 155, "uniform: chi-square %.0f of 99 degrees", square);
}

static void test_too_few(void)
{
    struct error e;
    size_t count;
    int32_t group = 0;
    struct chooser *c = chooser_new(1, "pick", 2, &e);
    chooser_offer(c, 5, 1, 0, "a", 1, &e);
    chooser_offer(c, 3, 2, 1, "b", 1, &e);
    chooser_offer(c, 3, 3, 2, "c", 1, &e);
    ok(!chooser_finish(c, &count, &group, &e) && group == 5, "too few in group 5: %s", e.text);
    chooser_free(c);
    c = chooser_new(1, "pick", 0, &e);
    chooser_offer(c, 0, 1, 0, "a", 1, &e);
    ok(chooser_finish(c, &count, &group, &e) && count == 0, "none of some");
    chooser_free(c);
}

int main(void)
{
    test_lists();
    test_choice();
    test_too_few();
    return tap_done();
}
