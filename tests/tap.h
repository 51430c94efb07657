/* Test Anything Protocol for the unit tests: one line a check, for prove. A failure says where and
 * what; the exit status is 1 where any failed. */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int tap_tests, tap_failures;

__attribute__((format(printf, 4, 5), unused)) static bool tap_check(bool good, const char *file,
                                                                    int line, const char *format,
                                                                    ...)
{
    va_list a;
    printf("%sok %d - ", good ? "" : "not ", ++tap_tests);
    va_start(a, format);
    vprintf(format, a);
    va_end(a);
    printf("\n");
    if (!good) {
        printf("#   at %s:%d\n", file, line);
        tap_failures++;
    }
    fflush(stdout);
    return good;
}
/* ok(condition, "what should hold, with %d values", n) */
#define ok(condition, ...) tap_check((condition), __FILE__, __LINE__, __VA_ARGS__)
#define skip(...) (printf("ok %d # SKIP ", ++tap_tests), printf(__VA_ARGS__), (void)printf("\n"))

/* Whether the test is watched instruction by instruction (BRIEF=1, as under valgrind): what does the
 * same thousands of times over is to be left out. */
__attribute__((unused)) static bool tap_brief(void)
{
    const char *text = getenv("BRIEF");
    return text && *text && *text != '0';
}
/* unless_brief(call(...)) */
#define unless_brief(call) (tap_brief() ? skip("BRIEF: " #call) : (void)(call))

__attribute__((unused)) static int tap_done(void)
{
    printf("1..%d\n", tap_tests);
    return tap_failures != 0;
}
#endif
