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

#endif
