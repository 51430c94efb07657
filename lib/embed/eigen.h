/* The largest eigenvalues of a symmetric matrix, and their vectors: a random block that is filtered
 * by Chebyshev polynomials and rotated to its own best directions (Zhou, Saad, Tiago, Chelikowsky,
 * J. Comput. Phys. 219, 2006), turn by turn, until |A v - value v| <= EIGEN_TOLERANCE times the
 * largest |value| for each. The same for any number of threads. */
#ifndef EMBED_EIGEN_H
#define EMBED_EIGEN_H
#include <stddef.h>
#include "base/error.h"

#define EIGEN_TOLERANCE 1e-10

/* a: [n, n]; 1 <= count <= n; least: no eigenvalue is below it (0: a is positive semi-definite;
 * -INFINITY: not known). value: [count], falling; vector: [count, n], rows of length 1 whose number
 * of the largest magnitude, the first such, is positive. -1 where memory is out, or where n is
 * large and the values are so near each other that the tolerance is not met. */
int eigen_largest(size_t n, const double *a, size_t count, double least, double *value,
                  double *vector, struct error *e);

#endif
