/* A matrix product of any size, in any thread. OpenBLAS' serial build as Debian ships it has no
 * locks, and gives wrong products where two threads call it at once; at the sizes of small images
 * this is as fast. */
#ifndef GRAPH_GEMM_H
#define GRAPH_GEMM_H
#include "graph/product.h"

/* c (m x n) = or += op(a) op(b), row-major, of any size. Where it pays, operands are packed: a
 * block of b for the L2 cache, a tile's rows of a transposed a for the L1. Any number of threads
 * may call it at once, which cannot be said of OpenBLAS' serial build as Debian ships it. */
enum { GEMM_DEPTH = 256, GEMM_WIDTH = 256, GEMM_ROW = (PRODUCT_ROWS + LANES - 1) / LANES * LANES };

static void gemm_pack_b(bool transpose, const real *b, ptrdiff_t ldb, int k, int n, real *out)
{
    const int panel = 2 * LANES;
    for (int j = 0; j < n; j += panel) {
        int width = n - j < panel ? n - j : panel;
        for (int l = 0; l < k; l++, out += panel) {
            if (transpose)
                for (int q = 0; q < width; q++)
                    out[q] = b[(j + q) * ldb + l];
            else
                for (int q = 0; q < width; q += LANES)
                    vec_store(out + q, vec_load_part(b + l * ldb + j + q, width - q));
        }
    }
}

/* Up to PRODUCT_ROWS adjacent elements of each of k rows. */
static void gemm_pack_a(const real *a, ptrdiff_t lda, int k, int rows, real *out)
{
    for (int l = 0; l < k; l++, a += lda, out += GEMM_ROW)
        for (int r = 0; r < rows; r += LANES)
            vec_store(out + r, vec_load_part(a + r, rows - r));
}

/* c (m x n) = or += op(a) op(b) over k, all row-major, rows lda, ldb, ldc apart. */
static void gemm(bool transpose_a, bool transpose_b, int m, int n, int k, const real *a,
                 ptrdiff_t lda, const real *b, ptrdiff_t ldb, real *c, ptrdiff_t ldc, bool add)
{
    real right[GEMM_DEPTH * GEMM_WIDTH] __attribute__((aligned(64)));
    real left[GEMM_DEPTH * GEMM_ROW] __attribute__((aligned(64)));
    bool pack_b = transpose_b || n > 4 * LANES, pack_a = transpose_a && n > 2 * LANES;
    struct matrix from = {a, transpose_a ? 1 : lda, transpose_a ? lda : 1};
    for (int j = 0; j < n; j += GEMM_WIDTH)
        for (int l = 0; l < k; l += GEMM_DEPTH) {
            int width = n - j < GEMM_WIDTH ? n - j : GEMM_WIDTH;
            int depth = k - l < GEMM_DEPTH ? k - l : GEMM_DEPTH;
            const real *block = transpose_b ? b + j * ldb + l : b + l * ldb + j;
            if (pack_b)
                gemm_pack_b(transpose_b, block, ldb, depth, width, right);
            for (int i = 0; i < m; i += PRODUCT_ROWS) {
                int rows = m - i < PRODUCT_ROWS ? m - i : PRODUCT_ROWS;
                struct matrix tile = from;
                tile.at += i * from.row + l * from.column;
                if (pack_a) {
                    gemm_pack_a(tile.at, lda, depth, rows, left);
                    tile = (struct matrix){left, 1, GEMM_ROW};
                }
                for (int q = 0; q < width; q += 2 * LANES)
                    product(rows, width - q < 2 * LANES ? width - q : 2 * LANES, depth, tile,
                            pack_b ? right + q * depth : block + q, pack_b ? 2 * LANES : ldb,
                            c + i * ldc + j + q, ldc, add || l > 0);
            }
        }
}
#endif
