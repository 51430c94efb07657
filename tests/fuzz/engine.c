/* What calls fuzz_one: an engine (FUZZ_ENGINE: libFuzzer's entry, which AFL++ takes too), or a main
 * that replays files: those of the folders named, else of tests/fuzz/corpus/NAME; each as it is,
 * then with an allocation that fails, one after the other, then read in pieces. */
#include "fuzz/fuzz.h"
#include <stdio.h>

#ifdef FUZZ_ENGINE
#include <signal.h>
#include <time.h>

/* In place of the kernels, which take clang minutes: no parser runs one. */
const char kernels_op_baseline, kernels_op_avx2, kernels_op_avx512;

_Noreturn void fuzz_broken(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: broken: %s\n", file, line, condition);
    abort();
}

/* libFuzzer counts wall time alone: after FUZZ_SECONDS of CPU time it gets the signal at which it
 * closes its statistics and exits. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *seconds = getenv("FUZZ_SECONDS");
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec after = {.it_value.tv_sec = seconds ? atoi(seconds) : 0};
    timer_t timer;
    (void)argc, (void)argv;
    return timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer) ||
           timer_settime(timer, 0, &after, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    fuzz_one(bytes, size);
    return 0;
}
#else
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "promises/fault.h"
#include "tap.h"

enum { MOST_BYTES = 1 << 24, MOST_FAULTS = 100 };

static jmp_buf given_up;
static long faults;
static bool excused; /* memory is short: a promise may break, but nothing worse */

void fuzz_broken(const char *condition, const char *file, int line)
{
    if (excused && fault_hits())
        longjmp(given_up, 1);
    fault_set(NULL);
    fprintf(stderr, "%s:%d: broken: %s\n", file, line, condition);
    abort();
}

/* The sanitizer is not told of what is left behind where a try was given up; blocks are counted. */
#pragma weak __lsan_disable
#pragma weak __lsan_enable
void __lsan_disable(void);
void __lsan_enable(void);

/* Fails the allocation number n. Whether that many were made. */
static bool try_without(int n, const uint8_t *bytes, size_t size)
{
    char told[32];
    int first_free = dup(STDOUT_FILENO);
    close(first_free);
    long blocks = fault_blocks();
    snprintf(told, sizeof told, "alloc %d error %d", n, ENOMEM);
    excused = true;
    fault_set(told);
    if (setjmp(given_up))
        close_range((unsigned)first_free, ~0U, 0);
    else if (fuzz_one(bytes, size), fault_blocks() > blocks) {
        excused = false;
        fuzz_broken("all memory is given back", __FILE__, n);
    }
    bool hit = fault_hits() > 0;
    fault_set(NULL);
    excused = false;
    return hit;
}

static void try_faults(const uint8_t *bytes, size_t size, int accepted)
{
    if (__lsan_disable)
        __lsan_disable();
    for (int n = 1; n <= MOST_FAULTS && try_without(n, bytes, size); n++)
        faults++;
    if (__lsan_enable)
        __lsan_enable();
    fault_set("read 0 short 5");
    must(fuzz_one(bytes, size) == accepted);
    fault_set(NULL);
}

static int is_input(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

/* 1 accepted, 0 refused, -1 not read. The name comes first, to be the last word of a crash. */
static int replay_file(const char *folder, const char *name)
{
    char path[4096];
    struct error e;
    size_t size;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    printf("# %s\n", path);
    fflush(stdout);
    char *bytes = input_read_all(path, MOST_BYTES, &size, &e);
    char *exact = bytes ? realloc(bytes, size + !size) : NULL; /* a byte beyond is a sanitizer's */
    int accepted = exact ? fuzz_one((const uint8_t *)exact, size) : -1;
    if (exact)
        try_faults((const uint8_t *)exact, size, accepted);
    free(exact);
    return accepted;
}

static void replay(const char *folder)
{
    struct dirent **input;
    int inputs = scandir(folder, &input, is_input, alphasort), count[3] = {0};
    for (int i = 0; i < inputs; i++) {
        count[1 + replay_file(folder, input[i]->d_name)]++;
        free(input[i]);
    }
    if (inputs >= 0)
        free(input);
    ok(count[2] > 0 && count[1] > 0 && count[0] == 0,
       "%s: some accepted (%d), some refused (%d), all read; allocations that failed: %ld", folder,
       count[2], count[1], faults);
}

int main(int argc, char **argv)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", program_invocation_short_name);
    if (argc < 2)
        replay(folder);
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    return tap_done();
}
#endif
