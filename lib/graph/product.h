/* A small matrix product for operands that sit in a core's cache: c (m x n) = or += a * b over k.
 * Element (i, l) of a is at a[i * row + l * column], so a may be transposed by its strides; rows of
 * b and c are contiguous, ldb and ldc apart. Tiles of up to 14 x 2 vectors stay in
 * registers. */
#ifndef GRAPH_PRODUCT_H
#define GRAPH_PRODUCT_H
#include "graph/simd.h"

/* Rows of the largest tile: two vectors wide, it leaves some registers for b. */
enum { PRODUCT_ROWS = VECTOR_BYTES == 64 ? 14 : 6 };

struct matrix { /* the left operand */
    const real *at;
    ptrdiff_t row, column;
};

/* M rows by N vectors, of which the last has `last` lanes (LANES where !part). */
INLINE void product_tile(const int M, const int N, const bool part, int k, struct matrix a,
                         const real *b, ptrdiff_t ldb, real *c, ptrdiff_t ldc, int last, bool add)
{
    vec sum[14][2];
#pragma GCC unroll 16
    for (int i = 0; i < M; i++)
#pragma GCC unroll 4
        for (int j = 0; j < N; j++)
            sum[i][j] = (vec){0};
    for (int l = 0; l < k; l++, b += ldb, a.at += a.column) {
        vec right[2];
#pragma GCC unroll 4
        for (int j = 0; j < N; j++)
            right[j] =
                part && j == N - 1 ? vec_load_part(b + j * LANES, last) : vec_load(b + j * LANES);
        const real *left = a.at;
#pragma GCC unroll 16
        for (int i = 0; i < M; i++, left = vec_step(left, a.row))
#pragma GCC unroll 4
            for (int j = 0; j < N; j++)
                sum[i][j] += *left * right[j];
    }
#pragma GCC unroll 16
    for (int i = 0; i < M; i++)
#pragma GCC unroll 4
        for (int j = 0; j < N; j++) {
            real *out = c + i * ldc + j * LANES;
            int lanes = part && j == N - 1 ? last : LANES;
            vec_store_part(out, add ? vec_load_part(out, lanes) + sum[i][j] : sum[i][j], lanes);
        }
}

/* One or two vectors of columns, all rows, in tiles of about equal height: short ones are slow. */
INLINE void product_panel(const int N, const bool part, int m, int k, struct matrix a,
                          const real *b, ptrdiff_t ldb, real *c, ptrdiff_t ldc, int last, bool add)
{
    for (int rows; m > 0; m -= rows, a.at += rows * a.row, c += rows * ldc) {
        int tiles = (m + PRODUCT_ROWS - 1) / PRODUCT_ROWS;
        rows = (m + tiles - 1) / tiles;
#define TILE(M)                                                        \
    case M:                                                            \
        if (M <= PRODUCT_ROWS)                                         \
            product_tile(M, N, part, k, a, b, ldb, c, ldc, last, add); \
        break;
        switch (rows) {
            TILE(1)
            TILE(2) TILE(3) TILE(4) TILE(5) TILE(6) TILE(7) TILE(8) TILE(9) TILE(10) TILE(11)
                TILE(12) TILE(13) TILE(14)
        }
#undef TILE
    }
}

static void product(int m, int n, int k, struct matrix a, const real *b, ptrdiff_t ldb, real *c,
                    ptrdiff_t ldc, bool add)
{
    for (; n >= 2 * LANES; n -= 2 * LANES, b += 2 * LANES, c += 2 * LANES)
        product_panel(2, false, m, k, a, b, ldb, c, ldc, LANES, add);
    if (n > LANES)
        product_panel(2, true, m, k, a, b, ldb, c, ldc, n - LANES, add);
    else if (n == LANES)
        product_panel(1, false, m, k, a, b, ldb, c, ldc, LANES, add);
    else if (n > 0)
        product_panel(1, true, m, k, a, b, ldb, c, ldc, n, add);
}
#endif
