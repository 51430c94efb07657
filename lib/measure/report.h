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

/* Sets v's `confusion`, an array of rows (truth) of counts (prediction); false where memory is out.
 */
bool report_set_confusion(struct value *v, const int64_t *confusion, int classes);
/* A member of a fixed width, or a dash where it is no number. */
void report_print_number(const struct value *v, const char *key, FILE *to);
/* A class's number and name in columns, or (NULL) their headings; names from outside print no
 * control characters. */
void report_print_class(const struct value *m, FILE *to);
/* Of few classes; nothing of more. */
void report_print_confusion(const struct value *confusion, FILE *to);

#endif
