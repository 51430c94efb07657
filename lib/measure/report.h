/* A classifier's metrics as a tree of values, for JSON and results streams, and as a table to
 * read. */
#ifndef MEASURE_REPORT_H
#define MEASURE_REPORT_H
#include <stdio.h>
#include "base/value.h"
#include "measure/classification.h"

/* A map: rows, classes, and the metrics of classification_summary, top1 and loss with the ends of
 * their 95 % intervals (top1_low, top1_high, ...) unless draws is 0; then per_class, an array of
 * maps, and confusion, an array of rows (label) of counts (prediction). `name` has a text a class
 * or is NULL. The caller frees it; NULL with the error set. */
struct value *report_new(const struct classification *c, const char *const *name, int draws,
                         uint64_t seed, struct error *e);
/* The same to read; -1 after a write error, errno set. */
int report_print(const struct value *report, FILE *to);

/* ---- what the reports of other tasks share ---- */

/* Sets v's `per_class`, an array of maps {class, name unless NULL, what `set` sets of class k}, and
 * `confusion`, an array of rows (truth) of counts (prediction); false where memory is out. */
bool report_set_classes(struct value *v, int classes, const char *const *name,
                        const int64_t *confusion,
                        bool (*set)(struct value *m, const void *of, int k), const void *of);
/* Members that are counts and members that are numbers, a line each; NULL ends both lists. */
void report_print_head(const struct value *v, const char *const *count, const char *const *number,
                       FILE *to);
/* A member that is a number, with its interval where there is one, of members KEY_low, KEY_high. */
void report_print_metric(const struct value *v, const char *key, FILE *to);
/* per_class, a line each with these counts and numbers; then, of few classes, the confusion. Names
 * from outside print no control characters. */
void report_print_classes(const struct value *report, const char *const *count,
                          const char *const *number, FILE *to);

#endif
