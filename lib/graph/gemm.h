/* A matrix product of any size, in any thread, for operands larger than product.h's: c (m x n) = or
 * += op(a) op(b), all row-major, rows lda, ldb, ldc apart. b is packed first: where many products
 * share one b, once for all of them. (OpenBLAS' serial build as Debian ships it has no locks, and
 * gives wrong products where two threads call it at once.) */
#ifndef GRAPH_GEMM_H
#define GRAPH_GEMM_H
#include "graph/product.h"

/* A packed b: for each GEMM_DEPTH rows, panels of GEMM_PANEL columns, the last one padded. A block
 * of GEMM_WIDTH columns stays in the L2 cache, a tile's rows of a in the L1. */
enum { GEMM_DEPTH = 256, GEMM_WIDTH = 256, GEMM_PANEL = 2 * LANES };

INLINE size_t gemm_packed(int k, int n)
{
    return (size_t)k * (size_t)((n + GEMM_PANEL - 1) / GEMM_PANEL * GEMM_PANEL);
}

/* LANES vectors as the columns of what they were the rows of. */
INLINE void vec_transpose(vec v[LANES])
{
#pragma GCC unroll 4
    for (int s = 1; s < LANES; s *= 2) {
        ivec low, high;
#pragma GCC unroll 16
        for (int l = 0; l < LANES; l++) {
            low[l] = l & s ? LANES + l - s : l;
            high[l] = l & s ? LANES + l : l + s;
        }
#pragma GCC unroll 16
        for (int i = 0; i < LANES; i++)
            if (!(i & s)) {
                vec a = v[i], b = v[i + s];
                v[i] = vec_shuffle(a, b, low);
                v[i + s] = vec_shuffle(a, b, high);
            }
    }
}

/* One panel: up to GEMM_PANEL columns of `depth` rows of b, zeros for missing columns. */
static void gemm_pack_panel(bool transpose, const real *b, ptrdiff_t ldb, int depth, int columns,
                            real *out)
{
    for (int l = 0; l < depth && !transpose; l++)
        for (int q = 0; q < GEMM_PANEL; q += LANES)
            vec_store(out + l * GEMM_PANEL + q,
                      q < columns ? vec_load_part(b + l * ldb + q, columns - q) : (vec){0});
    for (int l = 0; l < depth && transpose; l += LANES)
        for (int q = 0; q < GEMM_PANEL; q += LANES) {
            vec square[LANES];
            int rows = depth - l < LANES ? depth - l : LANES;
#pragma GCC unroll 16
            for (int i = 0; i < LANES; i++)
                square[i] = q + i < columns ? vec_load_part(b + (q + i) * ldb + l, rows) : (vec){0};
            vec_transpose(square);
            for (int i = 0; i < rows; i++)
                vec_store(out + (l + i) * GEMM_PANEL + q, square[i]);
        }
}

/* All of b is packed by panels 0 to gemm_panels - 1, in any order. */
INLINE int gemm_panels(int k, int n)
{
    return (k + GEMM_DEPTH - 1) / GEMM_DEPTH * ((n + GEMM_PANEL - 1) / GEMM_PANEL);
}
static void gemm_pack(bool transpose, const real *b, ptrdiff_t ldb, int k, int n, int panel,
                      real *packed)
{
    int panels = (n + GEMM_PANEL - 1) / GEMM_PANEL;
    int l = panel / panels * GEMM_DEPTH, j = panel % panels * GEMM_PANEL;
    int depth = k - l < GEMM_DEPTH ? k - l : GEMM_DEPTH;
    int columns = n - j < GEMM_PANEL ? n - j : GEMM_PANEL;
    gemm_pack_panel(transpose, transpose ? b + j * ldb + l : b + l * ldb + j, ldb, depth, columns,
                    packed + gemm_packed(l, n) + (size_t)j * (size_t)depth);
}

/* A tile's rows of a, side by side; of a transposed a, GEMM_ROW elements of each row. */
enum { GEMM_ROW = (PRODUCT_ROWS + LANES - 1) / LANES * LANES };

static struct matrix gemm_pack_rows(bool transpose, const real *a, ptrdiff_t lda, int rows,
                                    int depth, bool relu, real *out)
{
    int lines = transpose ? depth : rows, length = transpose ? rows : depth;
    int step = transpose ? GEMM_ROW : GEMM_DEPTH;
    for (int i = 0; i < lines; i++)
        for (int q = 0; q < length; q += LANES) {
            vec v = vec_load_part(a + i * lda + q, length - q);
            vec_store(out + i * step + q, relu ? vec_relu(v) : v);
        }
    return (struct matrix){out, transpose ? 1 : step, transpose ? step : 1};
}

/* The product with one block of b: packed (ldb is GEMM_PANEL), or as it is. Rows of a are packed
 * where they are rectified, or would meet in one set of the cache. */
static void gemm_block(bool transpose, int m, int n, int k, const real *a, ptrdiff_t lda, bool relu,
                       const real *b, ptrdiff_t ldb, real *c, ptrdiff_t ldc, bool add)
{
    real left[GEMM_DEPTH * GEMM_ROW] __attribute__((aligned(64)));
    bool pack = relu || (transpose ? n > GEMM_PANEL : lda > 2 * GEMM_DEPTH);
    for (int rows; m > 0; m -= rows, a += transpose ? rows : rows * lda, c += rows * ldc) {
        int tiles = (m + PRODUCT_ROWS - 1) / PRODUCT_ROWS;
        rows = (m + tiles - 1) / tiles;
        struct matrix tile = {a, transpose ? 1 : lda, transpose ? lda : 1};
        if (pack)
            tile = gemm_pack_rows(transpose, a, lda, rows, k, relu, left);
        for (int q = 0; q < n; q += GEMM_PANEL)
            product(rows, n - q < GEMM_PANEL ? n - q : GEMM_PANEL, k, tile,
                    b + (ldb == GEMM_PANEL ? q * k : q), ldb, c + q, ldc, add);
    }
}

/* c = or += op(a) b, b packed. */
static inline void gemm_by_packed(bool transpose, int m, int n, int k, const real *a, ptrdiff_t lda,
                                  bool relu, const real *packed, real *c, ptrdiff_t ldc, bool add)
{
    for (int j = 0; j < n; j += GEMM_WIDTH)
        for (int l = 0; l < k; l += GEMM_DEPTH) {
            int width = n - j < GEMM_WIDTH ? n - j : GEMM_WIDTH;
            int depth = k - l < GEMM_DEPTH ? k - l : GEMM_DEPTH;
            gemm_block(transpose, m, width, depth, transpose ? a + l * lda : a + l, lda, relu,
                       packed + gemm_packed(l, n) + (size_t)j * (size_t)depth, GEMM_PANEL, c + j,
                       ldc, add || l > 0);
        }
}

static void gemm(bool transpose_a, bool transpose_b, int m, int n, int k, const real *a,
                 ptrdiff_t lda, bool relu, const real *b, ptrdiff_t ldb, real *c, ptrdiff_t ldc,
                 bool add)
{
    real right[GEMM_DEPTH * GEMM_WIDTH] __attribute__((aligned(64)));
    bool pack = transpose_b || n > 2 * GEMM_PANEL;
    for (int j = 0; j < n; j += GEMM_WIDTH)
        for (int l = 0; l < k; l += GEMM_DEPTH) {
            int width = n - j < GEMM_WIDTH ? n - j : GEMM_WIDTH;
            int depth = k - l < GEMM_DEPTH ? k - l : GEMM_DEPTH;
            const real *block = transpose_b ? b + j * ldb + l : b + l * ldb + j;
            for (int p = 0; pack && p < gemm_panels(depth, width); p++)
                gemm_pack(transpose_b, block, ldb, depth, width, p, right);
            gemm_block(transpose_a, m, width, depth, transpose_a ? a + l * lda : a + l, lda, relu,
                       pack ? right : block, pack ? GEMM_PANEL : ldb, c + j, ldc, add || l > 0);
        }
}
#endif
