#include "base/processor.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

const char *const processor_name[PROCESSORS] = {"baseline", "avx2", "avx512"};

static int best(void)
{
#ifdef __x86_64__
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
    return avx512 ? PROCESSOR_AVX512 : avx2 ? PROCESSOR_AVX2 : PROCESSOR_BASELINE;
#else
    return PROCESSOR_BASELINE;
#endif
}

int processor_choose(struct error *e)
{
    const int most = best();
    const char *wish = getenv("WINNOW_CPU");
    if (!wish || !*wish)
        return most;
    for (int i = 0; i <= most; i++)
        if (!strcmp(processor_name[i], wish))
            return i;
    return error_set(e, "WINNOW_CPU=%s: expected an instruction set of this processor, at best %s",
                     wish, processor_name[most]);
}
