/* What units (runs by seed, images) tell of a claim, and whether it holds.
 *
 * A table as text, tab-separated, of a line of names and a line a figure:
 *   part   what the claim is about ("CIFAR-10 at 15"); it holds where it holds in all parts, and
 *          fails where it fails in any. Without that column all is one part.
 *   code   what is claimed of the part, below
 *   unit   the seed, or whatever was drawn on its own
 *   item   of parts where the things measured (test images, classes) are few, so that they count as
 *          drawn, too: every unit has a figure of every item. Of O: the claimed order, lowest first
 *   value  the difference, the side claimed better minus the other
 *   base   of parts whose estimate is sum of values / sum of bases
 * `-` is nothing. The estimate is the mean of the values, or that ratio. Its interval: Student's t
 * over units where there are neither items nor bases, else the percentile bootstrap, that draws
 * units, and items, anew.
 *
 *   D(d)   better: holds if the interval lies above 0; fails if not, and its top is below d
 *   E(d)   no difference: holds inside -d .. d; fails wholly outside
 *   N(d)   no worse: holds if its bottom is above -d; fails if its top is below -d
 *   T(x)   beyond x: holds wholly above it, fails wholly below; T(<x): the other way round
 *   O(d)   an order: two parts, T(0) of Kendall's tau of claimed with measured order, and D(d) of
 *          the last item minus the first
 * All else cannot be told. */
#ifndef MEASURE_EVIDENCE_H
#define MEASURE_EVIDENCE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/error.h"
#include "base/value.h"

enum {
    EVIDENCE_BYTES = 1 << 24, /* of a table */
    EVIDENCE_PARTS = 256,
    EVIDENCE_FIGURES = 1 << 16,
    EVIDENCE_NAMES = 4096, /* units, and items, of a part */
    EVIDENCE_RANKED = 256  /* items that are ranked */
};

struct evidence {
    struct part *part; /* owned */
    size_t parts;
    bool ranked; /* the estimate is Spearman's rho of value and base over items, means over units */
    char *text;  /* the names; owned */
};

struct judging {
    double level; /* of the intervals: 0.95 */
    int draws;    /* of the bootstrap */
    uint64_t seed;
    bool
        flips; /* also exact one-sided sign-flip probabilities over units, at most SIGN_FLIP_MOST */
};

/* Reads the text, which v then owns, whatever is returned. `code` is that of a table that has no column
 * for it; NULL: it must have one. An error names the row; free v whatever is returned. */
int evidence_read(struct evidence *v, char *text, size_t size, const char *code, bool ranked,
                  struct error *e);
void evidence_free(struct evidence *v);

/* A map: verdict ("holds", "fails", "cannot be told"), level, parts: an array of {part, code,
 * estimate, low, high, units, items, interval ("t", "bootstrap"), verdict}. With flips each part
 * and the whole have p_holds and p_fails: of chance, where the claim is wrong or, of p_fails,
 * right; the whole has the largest, and the smallest times the parts. NULL with the error set. */
struct value *evidence_judge(const struct evidence *v, const struct judging *how, struct error *e);
/* The same to read; -1 after a write error, errno set. */
int evidence_print(const struct value *report, FILE *to);

#endif
