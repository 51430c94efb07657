/* A small matrix product for operands that sit in a core's cache: c (m x n) = or += a * b over k.
 * Element (i, l) of a is at a[i * row + l * column], so a may be transposed by its strides; rows of
 * b and c are contiguous, ldb and ldc apart. Tiles of up to 14 x 2 vectors stay in
 * registers. */
#ifndef GRAPH_PRODUCT_H
#define GRAPH_PRODUCT_H
#include "graph/simd.h"

/* Rows of the largest tile: two vectors wide, it leaves some registers for b; one vector wide it
 * holds all sums of a 16 x 16 product. */
enum {
    PRODUCT_ROWS = VECTOR_BYTES == 64 ? 14 : 6,
    PRODUCT_ROWS_OF_ONE = VECTOR_BYTES == 64 ? 16 : 10,
    PRODUCT_MOST_ROWS = 16
};

struct matrix { /* the left operand */
    const real *at;
    ptrdiff_t row, column;
};

/* What all tiles of a product share. A tile's function gets its three places in registers and a
 * pointer to this: more arguments would go through the stack, for which its loads would wait. */
struct product {
    ptrdiff_t row, column, ldb, ldc;
    int k;
    int last; /* lanes of the last vector of columns */
    bool add;
};

/* One step of M x N sums along k. Four rows a pointer, which x86's addresses reach from it: a step
 * from each row to the next would be a chain as long as the multipliers take. */
INLINE void product_step(const int M, const int N, const bool part, const struct product *p,
                         ptrdiff_t row3, const real **left, const real *b, vec sum[][2])
{
    vec right[2];
#pragma GCC unroll 2
    for (int j = 0; j < N; j++)
        right[j] =
            part && j == N - 1 ? vec_load_part(b + j * LANES, p->last) : vec_load(b + j * LANES);
#pragma GCC unroll 16
    for (int i = 0; i < M; i++) {
        const real *at = left[i / 4] + (i % 4 == 3 ? row3 : i % 4 * p->row);
#pragma GCC unroll 2
        for (int j = 0; j < N; j++)
            sum[i][j] += *at * right[j];
    }
#pragma GCC unroll 4
    for (int q = 0; q < (M + 3) / 4; q++)
        left[q] = vec_step(left[q], p->column);
}

/* M rows by N vectors, of which the last has p->last lanes (LANES where !part). */
INLINE void product_tile(const int M, const int N, const bool part, const real *a, const real *b,
                         real *c, const struct product *shared)
{
    const struct product p = *shared;
    const ptrdiff_t row3 = 3 * p.row, ldc3 = 3 * p.ldc;
    const real *left[PRODUCT_MOST_ROWS / 4];
    vec sum[PRODUCT_MOST_ROWS][2];
#pragma GCC unroll 4
    for (int q = 0; q < (M + 3) / 4; q++)
        left[q] = a + 4 * q * p.row;
#pragma GCC unroll 16
    for (int i = 0; i < M; i++)
#pragma GCC unroll 2
        for (int j = 0; j < N; j++)
            sum[i][j] = (vec){0};
    for (int l = 0; l < p.k; l++, b += p.ldb)
        product_step(M, N, part, &p, row3, left, b, sum);
#pragma GCC unroll 16
    for (int i = 0; i < M; i++) {
        if (i && i % 4 == 0)
            c = (real *)vec_step(c, 4 * p.ldc);
        real *out = c + (i % 4 == 3 ? ldc3 : i % 4 * p.ldc);
#pragma GCC unroll 2
        for (int j = 0; j < N; j++) {
            real *to = out + j * LANES;
            int lanes = part && j == N - 1 ? p.last : LANES;
            vec_store_part(to, p.add ? vec_load_part(to, lanes) + sum[i][j] : sum[i][j], lanes);
        }
    }
}

/* A function for each tile: in one for all, pointers would not have registers enough. */
typedef void product_tile_function(const real *a, const real *b, real *c, const struct product *p);

#define EACH_HEIGHT(DO)                                                                 \
    DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11) DO(12) DO(13)   \
    DO(14) DO(15) DO(16)
#define TILE(M, N, name, part)                                                          \
    static __attribute__((noinline)) void product_##name##N##x##M(                      \
        const real *a, const real *b, real *c, const struct product *p)                 \
    {                                                                                   \
        const int most = N == 1 ? PRODUCT_ROWS_OF_ONE : PRODUCT_ROWS;                   \
        product_tile(M < most ? M : most, N, part, a, b, c, p);                         \
    }
#define TILES(M)                                                                        \
    TILE(M, 1, whole, false) TILE(M, 1, part, true)                                     \
    TILE(M, 2, whole, false) TILE(M, 2, part, true)
EACH_HEIGHT(TILES)
#undef TILES
#undef TILE

/* N vectors of columns, all rows, in tiles of about equal height: short ones are slow. */
static void product_panel(int N, bool part, int m, const real *a, const real *b, real *c,
                          const struct product *p)
{
#define TILES(M) {{product_whole1x##M, product_part1x##M}, {product_whole2x##M, product_part2x##M}},
    static product_tile_function *const tile[PRODUCT_MOST_ROWS][2][2] = {EACH_HEIGHT(TILES)};
#undef TILES
    const int most = N == 1 ? PRODUCT_ROWS_OF_ONE : PRODUCT_ROWS;
    for (int rows; m > 0; m -= rows, a += rows * p->row, c += rows * p->ldc) {
        int tiles = (m + most - 1) / most;
        rows = (m + tiles - 1) / tiles;
        tile[rows - 1][N - 1][part](a, b, c, p);
    }
}
#undef EACH_HEIGHT

static void product(int m, int n, int k, struct matrix a, const real *b, ptrdiff_t ldb, real *c,
                    ptrdiff_t ldc, bool add)
{
    struct product p = {a.row, a.column, ldb, ldc, k, LANES, add};
    for (; n >= 2 * LANES; n -= 2 * LANES, b += 2 * LANES, c += 2 * LANES)
        product_panel(2, false, m, a.at, b, c, &p);
    p.last = n > LANES ? n - LANES : n;
    if (n > 0)
        product_panel(n > LANES ? 2 : 1, n % LANES, m, a.at, b, c, &p);
}
#endif
