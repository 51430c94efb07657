/* GFLOP/s of OpenBLAS on one thread: a 1024 x 1024 x 1024 product in single precision, the best of
 * half a second's. Loaded at run time, so that nothing else needs the library. usage: sgemm */
#include <dlfcn.h>
#include <stdio.h>
#include "base/memory.h"
#include "base/program.h"

enum { N = 1024, ROW_MAJOR = 101, PLAIN = 111 };

typedef void sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                   const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

int main(void)
{
    struct error e;
    void *library = dlopen("libopenblas.so.0", RTLD_NOW);
    sgemm *product = library ? (sgemm *)dlsym(library, "cblas_sgemm") : NULL;
    void (*set_threads)(int) = library ? dlsym(library, "openblas_set_num_threads") : NULL;
    char *(*configuration)(void) = library ? dlsym(library, "openblas_get_config") : NULL;
    if (!product || !set_threads || !configuration) {
        fprintf(stderr, "sgemm: no OpenBLAS (apt install libopenblas0)\n");
        return 1;
    }
    float *a = array_new(3 * N * N, sizeof *a, "matrices", &e), *b = a + N * N, *c = b + N * N;
    if (!a) {
        fprintf(stderr, "sgemm: %s\n", e.text);
        return 1;
    }
    for (int i = 0; i < 2 * N * N; i++)
        a[i] = (float)(i % 7) - 3;
    set_threads(1);
    double best = 1e9, end = clock_seconds() + 0.5;
    do {
        double start = clock_seconds();
        product(ROW_MAJOR, PLAIN, PLAIN, N, N, N, 1, a, N, b, N, 0, c, N);
        double spent = clock_seconds() - start;
        best = spent < best ? spent : best;
    } while (clock_seconds() < end);
    printf("sgemm %.1f GFLOP/s, %s\n", 2e-9 * N * N * N / best, configuration());
    return 0;
}
