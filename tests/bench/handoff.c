/* Nanoseconds that a word takes from the first of this process's cores to the second and back, the
 * best of some runs. Of cores that share a cache that is well below 150; of others, on which a
 * hypervisor may put the cores of one machine for minutes at a time, two to five times as much, and
 * what threads make for each other costs accordingly. usage: handoff */
#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include "base/program.h"

enum { ROUNDS = 1000, RUNS = 200 };

/* Puts this thread on core `which` of those that the process may use. */
static void take_core(const cpu_set_t *cores, int which)
{
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, cores) && which-- == 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(i, &one);
            sched_setaffinity(0, sizeof one, &one);
        }
}

static void wait_for(atomic_int *word, int value)
{
    while (atomic_load(word) != value)
        ;
}

int main(void)
{
    static _Alignas(128) atomic_int word;
    double best = 1;
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) || CPU_COUNT(&cores) < 2) {
        fprintf(stderr, "handoff: there is but one core\n");
        return 1;
    }
#pragma omp parallel num_threads(2)
    {
        int mine = omp_get_thread_num(), other = !mine;
        take_core(&cores, mine);
        for (int run = 0; run < RUNS && omp_get_num_threads() == 2; run++) {
            double start = clock_seconds();
            for (int i = 0; i < ROUNDS; i++) {
                wait_for(&word, mine);
                atomic_store(&word, other);
            }
            double spent = (clock_seconds() - start) / ROUNDS;
            if (!mine && spent < best)
                best = spent;
        }
    }
    if (best == 1) {
        fprintf(stderr, "handoff: there is but one thread\n");
        return 1;
    }
    printf("%.0f ns there and back\n", 1e9 * best);
    return 0;
}
