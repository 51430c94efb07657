#include "measure/statistics.h"
#include <float.h>
#include <math.h>
#include <stdint.h>

int ascending_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The continued fraction of the incomplete beta function, by Lentz's method (Abramowitz and Stegun
 * 26.5.8); converges fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
    double c = 1, d = 1 / fmax(1 - (a + b) * x / (a + 1), DBL_MIN), f = d;
    for (int m = 1; m < 1000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / (1 + even * d);
        c = 1 + even / c;
        f *= c * d;
        d = 1 / (1 + odd * d);
        c = 1 + odd / c;
        f *= c * d;
        if (fabs(c * d - 1) < 1e-15)
            break;
    }
    return f;
}

/* The regularised incomplete beta function. */
static double beta(double x, double a, double b)
{
    if (x <= 0 || x >= 1)
        return x >= 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(x, a, b) / a
                                     : 1 - front * beta_fraction(1 - x, b, a) / b;
}

/* The probability of a t beyond `t` >= 0. */
static double student_tail(double t, double freedom)
{
    return beta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2;
}

double student_quantile(double p, double freedom)
{
    if (!(freedom > 0) || !(p > 0 && p < 1))
        return NAN;
    if (p < 0.5)
        return -student_quantile(1 - p, freedom);
    double low = 0, high = 1;
    while (student_tail(high, freedom) > 1 - p && high < DBL_MAX / 4)
        high *= 2;
    for (int i = 0; i < 200 && high - low > 1e-15 * high; i++) {
        double middle = (low + high) / 2;
        *(student_tail(middle, freedom) > 1 - p ? &low : &high) = middle;
    }
    return (low + high) / 2;
}

static double rank(const double *a, size_t n, size_t i)
{
    double r = 0.5;
    for (size_t k = 0; k < n; k++)
        r += (a[k] < a[i]) + 0.5 * (a[k] == a[i]);
    return r;
}

double spearman(const double *a, const double *b, size_t n)
{
    double mean = (n + 1) / 2., both = 0, of_a = 0, of_b = 0;
    for (size_t i = 0; i < n; i++) {
        double x = rank(a, n, i) - mean, y = rank(b, n, i) - mean;
        both += x * y;
        of_a += x * x;
        of_b += y * y;
    }
    return both / sqrt(of_a * of_b);
}

double kendall_tau(const double *a, const double *b, size_t n)
{
    double both = 0, of_a = 0, of_b = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            int x = (a[i] > a[k]) - (a[i] < a[k]), y = (b[i] > b[k]) - (b[i] < b[k]);
            both += x * y;
            of_a += x * x;
            of_b += y * y;
        }
    return both / sqrt(of_a * of_b);
}

double sign_flip(const double *difference, int n)
{
    if (n < 1 || n > SIGN_FLIP_MOST)
        return NAN;
    double sum = 0, size = 0;
    for (int i = 0; i < n; i++) {
        sum += difference[i];
        size += fabs(difference[i]);
    }
    if (!isfinite(sum))
        return NAN;
    /* Sums of the same numbers in another order count as equal. */
    double least = sum - 1e-12 * size;
    uint32_t all = UINT32_C(1) << n, extreme = 0;
    for (uint32_t flips = 0; flips < all; flips++) {
        double s = 0;
        for (int i = 0; i < n; i++)
            s += flips >> i & 1 ? -difference[i] : difference[i];
        extreme += s >= least;
    }
    return (double)extreme / all;
}
