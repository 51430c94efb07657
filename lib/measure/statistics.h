/* What decides between chance and effect. Doubles; NaN where a figure is not defined. */
#ifndef MEASURE_STATISTICS_H
#define MEASURE_STATISTICS_H
#include <stddef.h>

/* For qsort, which takes no NaN. */
int ascending_doubles(const void *a, const void *b);

/* The t of Student's distribution with so many degrees of freedom (> 0) below which it lies with
 * probability p, 0 < p < 1. */
double student_quantile(double p, double freedom);

/* Spearman's rank correlation: Pearson's of the ranks, ties at their mean rank. In time n^2. */
double spearman(const double *a, const double *b, size_t n);
/* Kendall's tau-b, which makes up for ties. In time n^2. */
double kendall_tau(const double *a, const double *b, size_t n);

enum { SIGN_FLIP_MOST = 24 };
/* The exact one-sided sign-flip test of n <= SIGN_FLIP_MOST paired differences (Fisher 1935): the
 * share of the 2^n choices of their signs by which the sum is at least what it is. */
double sign_flip(const double *difference, int n);

#endif
