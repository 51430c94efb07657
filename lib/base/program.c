#include "base/program.h"
#include <errno.h>
#include <fcntl.h>
#include <omp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/file.h"
#include "base/help.h"
#include "base/options.h"
#include "base/text.h"
#include "base/sandbox.h"
#include "base/words.h"

/* ---- messages ---- */

/* One line, whatever is in it: names out of files may hold line feeds or a terminal's commands. */
static void message(const struct call *c, const char *format, va_list a)
{
    char text[2048];
    vsnprintf(text, sizeof text, format, a);
    text_make_printable(text);
    /* on a terminal a progress bar may stand in the line */
    const char *erase = isatty(STDERR_FILENO) == 1 ? "\r\033[K" : "";
    fprintf(stderr, "%s%s: %s\n", erase, c->program->name, text);
}

void program_usage(const struct call *c, const char *format, ...)
{
    va_list a;
    va_start(a, format);
    message(c, format, a);
    va_end(a);
    fprintf(stderr, "try '%s --help'\n", c->program->name);
    exit(EXIT_USAGE);
}

/* ---- what the call took ---- */

static bool runs_programs(const struct program *p)
{
    return p->runs_programs && *p->runs_programs;
}

static double cpu_of(int who)
{
    struct rusage use;
    getrusage(who, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

/* Of this process and of those that it ran and that have ended. */
static double cpu_seconds(void)
{
    return cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN);
}

static double largest_kib(int who)
{
    struct rusage use;
    getrusage(who, &use);
    return (double)use.ru_maxrss;
}

/* The kernel keeps ru_maxrss over an exec: it may be the shell's. */
static double peak_kib(const struct call *c)
{
    char line[256];
    double peak = 0;
    while (c->status && peak == 0 && fgets(line, sizeof line, c->status))
        sscanf(line, "VmHWM: %lf kB", &peak);
    if (peak == 0)
        peak = largest_kib(RUSAGE_SELF);
    const double others = runs_programs(c->program) ? largest_kib(RUSAGE_CHILDREN) : 0;
    return peak > others ? peak : others;
}

/* The last line of -v. */
static void closing_line(const struct call *c)
{
    if (c->verbosity < 1)
        return;
    program_note(c, "winnow %s, %.2f s, %.2f s of CPU, %.1f MiB at most", winnow_version(),
                 clock_seconds() - c->started, cpu_seconds() - c->cpu_before, peak_kib(c) / 1024);
}

/* ---- failures and notes ---- */

void program_fail(const struct call *c, const struct error *e)
{
    struct call loud = *c;
    loud.verbosity = 0;
    program_warn(&loud, "%s", e->text);
    closing_line(c);
    exit(EXIT_FAILED); /* which removes temporaries, see base/file.c */
}

void program_note(const struct call *c, const char *format, ...)
{
    if (c->verbosity < 1)
        return;
    va_list a;
    va_start(a, format);
    message(c, format, a);
    va_end(a);
}

void program_warn(const struct call *c, const char *format, ...)
{
    if (c->verbosity < 0)
        return;
    va_list a;
    va_start(a, format);
    message(c, format, a);
    va_end(a);
}

/* ---- wrong calls with files ---- */

void program_check_inputs(const struct call *c, const char *const *inputs)
{
    int standard = 0;
    for (; *inputs; inputs++)
        standard += strcmp(*inputs, "-") == 0;
    if (standard > 1)
        program_usage(c, "only one input can be standard input: name a file for the others");
}

void program_check_output(const struct call *c, const char *option, const char *path)
{
    if (path && strcmp(path, "-") == 0)
        program_usage(c, "--%s: expected a file, found standard output", option);
    if (c->output && path && file_is_same(c->output, path))
        program_usage(c, "-o would replace the file of --%s", option);
}

/* ---- the sandbox ---- */

/* Whether the program writes what this option, or the operand of this number, names. */
static bool is_written(const struct program *p, const char *name)
{
    return strcmp(name, "output") == 0 || (p->writes && words_have(p->writes, name));
}

static void allow_path(struct sandbox *s, const char *path, bool written)
{
    if (!path || strcmp(path, "-") == 0)
        return;
    sandbox_allow_read(s, path);
    if (written)
        sandbox_allow_write(s, path);
    else
        sandbox_allow_links(s, path);
}

/* What the command line names, what Debian installed (data sets, libraries), and the count of cores
 * that libc asks for. */
static void enter_sandbox(const struct call *c, const struct option *options)
{
    struct sandbox s;
    sandbox_begin(&s);
    sandbox_allow_read(&s, "/usr");
    sandbox_allow_read(&s, "/sys/devices/system/cpu");
    for (const struct option *o = options; o->name; o++)
        if (o->type == OPTION_FILE)
            allow_path(&s, *(const char *const *)o->to, is_written(c->program, o->name));
    for (int i = 0; i < c->argc; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i + 1);
        allow_path(&s, c->argv[i], is_written(c->program, number));
    }
    sandbox_enter(&s); /* silently less where the kernel has less */
}

/* ---- memory ---- */

/* Of what is written to, not of mere addresses, of which every thread's heap takes 64 MiB. Threads
 * are made beforehand, as OpenMP has a message of its own where there is no memory for one. */
static void limit_memory(const struct call *c, rlim_t bytes)
{
    struct rlimit limit;
    struct error e;
    if (c->program->common & COMMON_THREADS) {
#pragma omp parallel
        (void)omp_get_thread_num();
    }
    int failed = getrlimit(RLIMIT_DATA, &limit);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    if (failed || setrlimit(RLIMIT_DATA, &limit)) {
        error_set(&e, "cannot limit memory:");
        program_fail(c, &e);
    }
}

/* ---- begin and end ---- */

/* A file opened on a closed 0, 1 or 2 would be taken for a standard stream. These stand-ins are
 * open the wrong way round, so that using one is an error. */
static void hold_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

/* Closing is where a full disk may first show. */
static void close_stdout(const struct call *c)
{
    bool failed = ferror(stdout);
    errno = 0;
    if (fclose(stdout) || failed) {
        fprintf(stderr, "%s: cannot write standard output%s%s\n", c->program->name,
                errno ? ": " : "", errno ? strerror(errno) : "");
        exit(EXIT_FAILED);
    }
}

/* Where the argument asks for help or the version: prints it and ends the program. */
static void answer(const struct call *c, const struct option *options, const char *argument)
{
    if (strcmp(argument, "--version") == 0)
        help_print_version(c->program, stdout);
    else if (strcmp(argument, "--help") == 0)
        help_print(c->program, options, stdout);
    else if (strcmp(argument, "--help=man") == 0)
        help_print_manual(c->program, options, stdout);
    else if (strcmp(argument, "--help=bash") == 0)
        help_print_bash(c->program, options, stdout);
    else if (strcmp(argument, "--help=zsh") == 0)
        help_print_zsh(c->program, options, stdout);
    else
        return;
    close_stdout(c);
    exit(0);
}

static struct value *list_arguments(int argc, char **argv)
{
    struct value *list = value_array();
    for (int i = 1; i < argc; i++)
        if (!value_append(list, value_text(argv[i]))) {
            value_free(list);
            return NULL;
        }
    return list;
}

static void check_operands(const struct call *c)
{
    const struct program *p = c->program;
    if (c->argc < p->least_operands)
        program_usage(c, "expected %s", p->operands);
    if (c->argc > p->most_operands)
        program_usage(c, "unexpected operand '%s'", c->argv[p->most_operands]);
    if (!p->words || c->argc == 0 || words_have(p->words, c->argv[0]))
        return;
    char nearest[64];
    if (words_nearest(p->words, c->argv[0], nearest, sizeof nearest))
        program_usage(c, "expected one of %s, found '%s'; did you mean %s?", p->words, c->argv[0],
                      nearest);
    program_usage(c, "expected one of %s, found '%s'", p->words, c->argv[0]);
}

void program_begin(const struct program *p, int argc, char **argv, struct call *c)
{
    struct common k = {.seed = 1, .most_tensor_bytes = 1 << 30};
    hold_standard_descriptors();
    signal(SIGPIPE, SIG_DFL); /* whatever our parent ignores */
    signal(SIGXFSZ, SIG_IGN); /* a file that grows too large is an error as any other */
    *c = (struct call){.program = p, .started = clock_seconds(), .cpu_before = cpu_seconds()};
    const struct option *options = c->options = options_join(p, &k);
    c->arguments = list_arguments(argc, argv);
    c->given = value_array();
    if (!options || !c->arguments || !c->given)
        options_out_of_memory(c);
    /* the help shows defaults, so it must see the variables before any option is set */
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        answer(c, options, argv[i]);
    c->argc = options_parse(c, options, argc, argv);
    c->argv = argv;
    c->output = k.output && strcmp(k.output, "-") != 0 ? k.output : NULL;
    c->seed = (uint64_t)k.seed;
    /* else OpenMP's own default: OMP_NUM_THREADS, or the cores we may run on */
    c->threads = k.threads ? (int)k.threads : omp_get_max_threads();
    c->history = !k.no_history;
    c->json = k.json;
    c->verbosity = k.quiet ? -1 : k.verbose;
    c->status = k.verbose ? fopen("/proc/self/status", "re") : NULL; /* no sandbox would open it */
    c->most_tensor_bytes = (size_t)k.most_tensor_bytes;
    omp_set_num_threads(c->threads);
    program_forbid(c, k.quiet, "excludes --quiet", "verbose");
    check_operands(c);
    if (!runs_programs(p) && !k.no_sandbox)
        enter_sandbox(c, options);
    if (k.most_memory_bytes)
        limit_memory(c, (rlim_t)k.most_memory_bytes);
}

int program_end(struct call *c)
{
    close_stdout(c);
    closing_line(c);
    if (c->status)
        fclose(c->status);
    value_free(c->arguments);
    value_free(c->given);
    free(c->options);
    c->arguments = c->given = NULL;
    c->options = NULL;
    c->status = NULL;
    return 0;
}
