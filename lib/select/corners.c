#include "select/corners.h"
#include <stddef.h>
#include <stdint.h>
#include "base/processor.h"

typedef float lanes __attribute__((vector_size(CORNERS * sizeof(float)), may_alias));
typedef int32_t mask __attribute__((vector_size(CORNERS * sizeof(int32_t))));

__attribute__((always_inline)) static inline unsigned far_corners(const float *block, int axes,
                                                                  int up, const float *query,
                                                                  float rest, float need,
                                                                  float *squared)
{
    const lanes *row = (const lanes *)block;
    lanes far = row[0] + rest, sum = far * far;
    unsigned bits = 0;
    row++;
    for (int k = 0; k < axes; k++, row++) {
        lanes below = query[k] - row[0], above = row[up] - query[k];
        mask lower = below > above;
        far = (lanes)((lower & (mask)below) | (~lower & (mask)above));
        sum += far * far;
    }
    *(lanes *)squared = sum;
    for (int i = 0; i < CORNERS; i++)
        bits |= (unsigned)(squared[i] >= need) << i;
    return bits;
}

#define KERNEL(name, target)                                                              \
    target static unsigned name(const float *block, int axes, int up, const float *query, \
                                float rest, float need, float *squared)                   \
    {                                                                                     \
        return far_corners(block, axes, up, query, rest, need, squared);                  \
    }

KERNEL(corners_baseline, )
#ifdef __x86_64__
KERNEL(corners_avx2, __attribute__((target("arch=x86-64-v3"))))
KERNEL(corners_avx512, __attribute__((target("arch=x86-64-v4"))))
#endif

corners_kernel *corners_choose(struct error *e)
{
    static corners_kernel *const kernel[PROCESSORS] = {
        [PROCESSOR_BASELINE] = corners_baseline,
#ifdef __x86_64__
        [PROCESSOR_AVX2] = corners_avx2,
        [PROCESSOR_AVX512] = corners_avx512,
#endif
    };
    const int processor = processor_choose(e);
    return processor < 0 ? NULL : kernel[processor];
}
