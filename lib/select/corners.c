#include "select/corners.h"
#include <stddef.h>
#include <stdint.h>
#include "base/processor.h"

/* A kernel of vectors as wide as the target's registers: wider ones GCC takes apart number by
 * number. */
#define KERNEL(name, width, target)                                                               \
    typedef float name##_lanes __attribute__((vector_size(width * sizeof(float)), may_alias));    \
    typedef int32_t name##_mask __attribute__((vector_size(width * sizeof(int32_t))));            \
    target static unsigned name(const float *block, int axes, int up, const float *query,         \
                                float rest, float need, float *squared)                           \
    {                                                                                             \
        unsigned bits = 0;                                                                        \
        for (int i = 0; i < CORNERS; i += width) {                                                \
            name##_lanes far = *(const name##_lanes *)(block + i) + rest, sum = far * far;        \
            const float *row = block + CORNERS + i;                                               \
            for (int k = 0; k < axes; k++, row += CORNERS) {                                      \
                far = query[k] - *(const name##_lanes *)row;                                      \
                if (up) {                                                                         \
                    name##_lanes above = *(const name##_lanes *)(row + up * CORNERS) - query[k];  \
                    name##_mask less = far < above;                                               \
                    far =                                                                         \
                        (name##_lanes)((less & (name##_mask)above) | (~less & (name##_mask)far)); \
                }                                                                                 \
                sum += far * far;                                                                 \
            }                                                                                     \
            *(name##_lanes *)(squared + i) = sum;                                                 \
        }                                                                                         \
        for (int i = 0; i < CORNERS; i++)                                                         \
            bits |= (unsigned)(squared[i] >= need) << i;                                          \
        return bits;                                                                              \
    }

KERNEL(corners_baseline, 4, )
#ifdef __x86_64__
KERNEL(corners_avx2, 8, __attribute__((target("arch=x86-64-v3"))))
KERNEL(corners_avx512, 16, __attribute__((target("arch=x86-64-v4"))))
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
