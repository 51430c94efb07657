/* Whether two measures rank the same things alike: Kendall's tau-b and Spearman's rho, with
 * bootstrap intervals over the things. */
#ifndef MEASURE_RANKS_H
#define MEASURE_RANKS_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/error.h"
#include "base/value.h"

enum { RANKS_BYTES = 1 << 28 }; /* of a table */

/* Numbers by id: of a table as text, tab-separated, with a line of names, those of the columns `id`
 * and `column`; with a third, what groups them. */
struct scores {
    char *text; /* owned; the ids point into it */
    size_t count, capacity;
    struct score {
        const char *id;
        const char *group; /* NULL without that column */
        double value;      /* may be infinite */
    } * each;              /* owned; by id, in order */
};
/* Reads the text, which s then owns, whatever is returned; free s whatever is returned. group: NULL
 * for none. An error names the row: no number, an id twice, other columns than names. */
int scores_read(struct scores *s, char *text, size_t size, const char *column, const char *group,
                struct error *e);
void scores_free(struct scores *s);

struct correlations {
    double kendall;  /* tau-b, which makes up for ties */
    double spearman; /* Pearson's of the ranks, ties at their mean rank */
};                   /* NaN where one side is all ties */

/* Pairs of numbers, ranked once, so that any sample of them is correlated in time n log n. */
struct ranks {
    size_t n;
    uint32_t *of;    /* which of the pairs given it is, in the order of a; owned, as are */
    uint32_t *a, *b; /* their dense ranks, from 0 */
    uint32_t as, bs; /* how many there are */
};
/* Of numbers that are no NaN. */
int ranks_new(struct ranks *r, const double *a, const double *b, size_t n, struct error *e);
void ranks_free(struct ranks *r);
/* Of a sample in which pair i, in the order of a, is times[i] times; work: RANKS_WORK(r) of them.
 */
#define RANKS_WORK(r) ((size_t)(r)->as + 2 * ((size_t)(r)->bs + 1))
struct correlations ranks_correlate(const struct ranks *r, const uint32_t *times, uint64_t *work);

/* A map: pairs, how many ids both tables have; unmatched, how many one of them has alone; groups,
 * if a has them; kendall and spearman and, unless draws is 0, the ends of the intervals that hold
 * the middle 95 % of so many bootstrap draws over pairs, or over groups, each with all its pairs
 * (kendall_low, ...), without those that cannot be ranked. NULL with the error set, as for fewer
 * than two pairs. */
struct value *ranks_report(const struct scores *a, const struct scores *b, int draws, uint64_t seed,
                           struct error *e);
/* The same to read; -1 after a write error, errno set. */
int ranks_print(const struct value *report, FILE *to);

#endif
