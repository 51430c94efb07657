/* A command line, an argument a line, for a program with an option of every type. A wrong one exits
 * with 2, one that asks for help with 0: exit is wrapped (ld's --wrap) and comes back here, and so
 * is setrlimit, as --max-memory is not meant for the fuzzer. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include "base/program.h"
#include "base/words.h"
#include "fuzz/fuzz.h"

enum { MOST_ARGUMENTS = 64 };

static bool flag;
static int64_t count, any;
static double rate, scale;
static const char *text, *file, *choice;

static const struct option options[] = {
    {"flag", 'f', OPTION_FLAG, &flag, NULL, "a flag", 0, 0, NULL},
    {"count", 'n', OPTION_INT, &count, "N", "a count", 1, 9, NULL},
    {"rate", 'r', OPTION_REAL, &rate, "X", "a rate", -1, 0.5, NULL},
    {"any", 0, OPTION_INT, &any, "N", "any whole number", 0, 0, NULL},
    {"scale", 0, OPTION_REAL, &scale, "X", "any number", 0, 0, NULL},
    {"text", 't', OPTION_TEXT, &text, "TEXT", "a text", 0, 0, NULL},
    {"file", 0, OPTION_FILE, &file, "FILE", "a file", 0, 0, NULL},
    {"choice", 'c', OPTION_CHOICE, &choice, "WORD", "a word", 0, 0, "one|two|three"},
    {0},
};

static const bool unboxed = true; /* an engine does not live in a sandbox */

static const struct program program = {
    .name = "fuzz",
    .summary = "try the command line",
    .operands = "[WORD] [FILE]",
    .words = "load|save|peek",
    .most_operands = 2,
    .description = "Nothing.",
    .examples = "fuzz --flag",
    .options = options,
    .common =
        COMMON_OUTPUT | COMMON_SEED | COMMON_THREADS | COMMON_HISTORY | COMMON_JSON | COMMON_STREAM,
    .runs_programs = &unboxed,
};

static jmp_buf at_exit;
static int status;

_Noreturn void __wrap_exit(int code);
_Noreturn void __real_exit(int code);
static bool parsing;

void __wrap_exit(int code)
{
    if (!parsing)
        __real_exit(code);
    status = code;
    longjmp(at_exit, 1);
}

int __wrap_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit);
int __real_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit);
int __wrap_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
    if (resource != RLIMIT_DATA) /* the address sanitizer's own, before main */
        return __real_setrlimit(resource, limit);
    must(limit->rlim_cur >= 1);
    return 0;
}

static void check(const struct call *c)
{
    must(count >= 1 && count <= 9 && rate >= -1 && rate <= 0.5);
    must(scale - scale == 0 && words_have("one|two|three", choice));
    must(c->argc <= 2 && c->threads >= 1 && c->verbosity >= -1 && c->verbosity <= 1);
    must(c->most_tensor_bytes >= 1);
    struct value *settings =
        program_settings(c, "flag count rate any scale text file choice seed", false);
    must(settings && settings->count == 9);
    value_free(settings);
    settings = program_settings(c, "flag count rate", true);
    must(settings && settings->count <= 3);
    value_free(settings);
}

static void parse(struct call *c, int argc, char **argv)
{
    FILE *out = stdout, *err = stderr, *to[] = {fopen("/dev/null", "w"), fopen("/dev/null", "w")};
    must(to[0] && to[1]);
    stdout = to[0];
    stderr = to[1];
    flag = false;
    count = 5;
    rate = scale = 0;
    any = 0;
    text = file = NULL;
    choice = "two";
    status = -1;
    *c = (struct call){0};
    parsing = true;
    if (setjmp(at_exit) == 0)
        program_begin(&program, argc, argv, c);
    parsing = false;
    if (status != 0) /* else closed */
        fclose(stdout);
    fclose(stderr);
    stdout = out;
    stderr = err;
}

int fuzz_one(const uint8_t *bytes, size_t size)
{
    struct call c;
    char *argv[MOST_ARGUMENTS + 1] = {"fuzz"}, *line = strndup((const char *)bytes, size);
    int argc = 1;
    for (char *rest = line, *word; argc < MOST_ARGUMENTS && (word = strsep(&rest, "\n"));)
        argv[argc++] = word;
    parse(&c, argc, argv);
    must(status == -1 || status == 0 || status == EXIT_USAGE);
    if (status == -1)
        check(&c);
    if (c.status)
        fclose(c.status);
    value_free(c.arguments);
    value_free(c.given);
    free(c.options);
    free(line);
    return status == -1;
}
