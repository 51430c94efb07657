/* Vectors of the instruction set a kernel file is compiled for, as GCC vector types of `real`: one
 * register wide, so the same source fills AVX-512, AVX2 and SSE registers, in float and in double.
 * A part is the first n lanes (0 < n <= LANES): channel counts that are no multiple of LANES end in
 * one. A part's other lanes load as zero and are not stored. */
#ifndef GRAPH_SIMD_H
#define GRAPH_SIMD_H
#include <string.h>
#ifdef __AVX512F__
#include <immintrin.h>
#endif
#include "graph/graph.h"

#if defined __AVX512F__
#define VECTOR_BYTES 64
#elif defined __AVX__
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
enum { LANES = VECTOR_BYTES / sizeof(real) };

typedef real vec __attribute__((vector_size(VECTOR_BYTES)));
typedef real loose_vec __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));
#ifdef GRAPH_F64
typedef int64_t ivec __attribute__((vector_size(VECTOR_BYTES)));
#else
typedef int32_t ivec __attribute__((vector_size(VECTOR_BYTES))); /* what vec > vec gives */
#endif

#define INLINE static inline __attribute__((always_inline))

INLINE vec vec_load(const real *p)
{
    return *(const loose_vec *)p;
}
/* Asks for what will be read soon; any address may be given. */
INLINE void vec_prefetch(const real *p)
{
    __builtin_prefetch(p);
}
/* Asks for the cache lines of n reals, of which all will be written soon. */
INLINE void vec_prefetch_written(const real *p, ptrdiff_t n)
{
#ifdef __x86_64__
    for (const real *end = p + n; p < end; p += 64 / sizeof *p)
        __asm__ volatile("prefetchw %0" ::"m"(*p));
#else
    (void)p, (void)n;
#endif
}
/* p + step, computed here: else the compiler prepares the addresses of a whole unrolled loop, and
 * spends its registers on them. */
INLINE const real *vec_step(const real *p, ptrdiff_t step)
{
    p += step;
    __asm__("" : "+r"(p));
    return p;
}
/* v, in a register: else what is used twice may be loaded twice. */
INLINE vec vec_held(vec v)
{
#ifdef __x86_64__
    __asm__("" : "+v"(v));
#endif
    return v;
}
INLINE void vec_store(real *p, vec v)
{
    *(loose_vec *)p = v;
}
INLINE vec vec_all(real x)
{
    return x - (vec){0};
}
INLINE vec vec_load_part(const real *p, int n)
{
    if (n >= LANES)
        return vec_load(p);
#if defined __AVX512F__ && !defined GRAPH_F64
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#else
    vec v = {0};
    memcpy(&v, p, (size_t)n * sizeof *p);
    return v;
#endif
}
INLINE void vec_store_part(real *p, vec v, int n)
{
    if (n >= LANES) {
        vec_store(p, v);
        return;
    }
#if defined __AVX512F__ && !defined GRAPH_F64
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v);
#else
    memcpy(p, &v, (size_t)n * sizeof *p);
#endif
}
/* x where the mask's lane is set, else 0; and a where it is set, else b. */
INLINE vec vec_keep(ivec mask, vec x)
{
    return (vec)(mask & (ivec)x);
}
INLINE vec vec_select(ivec mask, vec a, vec b)
{
    return (vec)((mask & (ivec)a) | (~mask & (ivec)b));
}
/* Lane l is lane from[l] of a and b, one behind the other. */
INLINE vec vec_shuffle(vec a, vec b, ivec from)
{
#ifdef __clang__ /* for the thread sanitizer, whose OpenMP is clang's */
    vec v;
    for (int l = 0; l < LANES; l++)
        v[l] = from[l] < LANES ? a[from[l]] : b[from[l] - LANES];
    return v;
#else
    return __builtin_shuffle(a, b, from);
#endif
}
/* NaN stays NaN: where one of two operands is, the processor's maximum is the second. */
INLINE vec vec_relu(vec x)
{
#if defined __AVX512F__ && !defined GRAPH_F64
    return (vec)_mm512_max_ps(_mm512_setzero_ps(), (__m512)x);
#else
    return vec_keep(~(x <= 0), x);
#endif
}
#endif
