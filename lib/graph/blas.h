/* Matrix products of reals, row-major: c = alpha a b + beta c, a is m x k (or its transpose), with
 * leading extents. OpenBLAS' serial build: each call is one thread's, made from OpenMP slices. */
#ifndef GRAPH_BLAS_H
#define GRAPH_BLAS_H
#include <cblas.h>
#include "graph/graph.h"

static inline void gemm(bool transpose_a, bool transpose_b, int m, int n, int k, real alpha,
                        const real *a, int lda, const real *b, int ldb, real beta, real *c, int ldc)
{
#ifdef GRAPH_F64
#define WINNOW_GEMM cblas_dgemm
#else
#define WINNOW_GEMM cblas_sgemm
#endif
    WINNOW_GEMM(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
                transpose_b ? CblasTrans : CblasNoTrans, m, n, k, alpha, a, lda, b, ldb, beta, c,
                ldc);
#undef WINNOW_GEMM
}

#endif
