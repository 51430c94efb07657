/* The instruction sets that kernels are compiled for, of which one is chosen at run time. */
#ifndef BASE_PROCESSOR_H
#define BASE_PROCESSOR_H
#include "base/error.h"

enum processor { PROCESSOR_BASELINE, PROCESSOR_AVX2, PROCESSOR_AVX512, PROCESSORS };
extern const char *const processor_name[PROCESSORS]; /* "baseline", "avx2", "avx512" */

/* The best that this processor has, or the one that the environment variable WINNOW_CPU names; -1
 * where it has not got that. */
int processor_choose(struct error *e);

#endif
