#include "base/program.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <omp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/file.h"
#include "base/help.h"
#include "base/memory.h"
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

/* What the call took: the last line of -v. */
static void closing_line(const struct call *c)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    double cpu = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
                 1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
    program_note(c, "winnow %s, %.2f s, %.2f s of CPU, %.1f MiB at most", winnow_version(),
                 clock_seconds() - c->started, cpu, (double)use.ru_maxrss / 1024);
}

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

_Noreturn static void out_of_memory(const struct call *c)
{
    struct error e;
    error_set(&e, "out of memory: the command line");
    program_fail(c, &e);
}

/* ---- options ---- */

/* What the common options set, before it moves into the call. */
struct common {
    bool version, quiet, verbose, no_history, no_sandbox, json;
    const char *help, *output;
    int64_t seed, threads, most_tensor_bytes;
};

enum { COMMON_SANDBOX = 1 << 16, COMMON_OPTIONS = 11, MOST_THREADS = 1024 };

/* The program's options and, after them, the common ones that it takes. */
static struct option *join_options(const struct program *p, struct common *k)
{
    const struct {
        unsigned if_common;
        struct option option;
    } all[] = {
        {COMMON_OUTPUT,
         {"output", 'o', OPTION_FILE, &k->output, "FILE",
          "write to FILE, whole or not at all, instead of standard output", 0, 0, NULL}},
        {COMMON_SEED,
         {"seed", 0, OPTION_INT, &k->seed, "N",
          "seed of all random numbers: the same seed gives the same bytes", 0, 0x1p63, NULL}},
        {COMMON_THREADS,
         {"threads", 0, OPTION_INT, &k->threads, "N",
          "threads, by default one a core; the result does not depend on it", 1, MOST_THREADS,
          NULL}},
        {COMMON_HISTORY,
         {"no-history", 0, OPTION_FLAG, &k->no_history, NULL,
          "leave the history out of the header, for comparisons byte by byte", 0, 0, NULL}},
        {COMMON_JSON,
         {"json", 0, OPTION_FLAG, &k->json, NULL, "report as one JSON object", 0, 0, NULL}},
        {COMMON_STREAM,
         {"max-tensor", 0, OPTION_INT, &k->most_tensor_bytes, "BYTES",
          "refuse streams with a larger tensor", 1, INFINITY, NULL}},
        {COMMON_SANDBOX,
         {"no-sandbox", 0, OPTION_FLAG, &k->no_sandbox, NULL,
          "open any file, not those alone that the command line names", 0, 0, NULL}},
        {0, {"quiet", 'q', OPTION_FLAG, &k->quiet, NULL, "no warnings, no progress", 0, 0, NULL}},
        {0,
         {"verbose", 'v', OPTION_FLAG, &k->verbose, NULL,
          "notes, progress where there is no terminal, time and memory at the end", 0, 0, NULL}},
        {0,
         {"help", 0, OPTION_CHOICE, &k->help, "[=WHAT]",
          "print this help, the manual page (mdoc) or a shell's completion, and exit", 0, 0,
          "man|bash|zsh"}},
        {0, {"version", 0, OPTION_FLAG, &k->version, NULL, "print versions and exit", 0, 0, NULL}},
    };
    const unsigned common = p->common | (p->runs_programs ? 0 : COMMON_SANDBOX);
    size_t own = 0, n = 0;
    while (p->options && p->options[own].name)
        own++;
    struct option *joined = calloc(own + COMMON_OPTIONS + 1, sizeof *joined);
    if (!joined)
        return NULL;
    for (; n < own; n++)
        joined[n] = p->options[n];
    for (size_t i = 0; i < COMMON_OPTIONS; i++)
        if (!all[i].if_common || (common & all[i].if_common))
            joined[n++] = all[i].option;
    return joined;
}

static bool parse_int(const struct option *o, const char *text)
{
    char *end;
    errno = 0;
    long long x = strtoll(text, &end, 10);
    bool ranged = o->least != 0 || o->most != 0;
    if (end == text || *end || errno || (ranged && ((double)x < o->least || (double)x > o->most)))
        return false;
    *(int64_t *)o->to = x;
    return true;
}

static bool parse_real(const struct option *o, const char *text)
{
    char *end;
    errno = 0;
    double x = strtod(text, &end);
    bool ranged = o->least != 0 || o->most != 0;
    bool overflow = errno == ERANGE && isinf(x);
    if (end == text || *end || overflow || isnan(x) || (!ranged && isinf(x)) ||
        (ranged && (x < o->least || x > o->most)))
        return false;
    *(double *)o->to = x;
    return true;
}

static void set_option(struct call *c, const struct option *o, const char *text)
{
    bool good = true;
    if (o->type == OPTION_FLAG)
        *(bool *)o->to = true;
    else if (o->type == OPTION_INT)
        good = parse_int(o, text);
    else if (o->type == OPTION_REAL)
        good = parse_real(o, text);
    else if ((good = o->type != OPTION_CHOICE || words_have(o->choices, text)))
        *(const char **)o->to = text;
    if (good) {
        if (!value_append(c->given, value_text(o->name)))
            out_of_memory(c);
        return;
    }
    char wanted[512];
    help_expectation(o, wanted, sizeof wanted);
    program_usage(c, "--%s: expected %s, found '%s'", o->name, wanted, text);
}

_Noreturn static void unknown_option(const struct call *c, const struct option *options,
                                     const char *name)
{
    char names[2048] = "", nearest[64];
    for (size_t n = 0; options->name && n < sizeof names; options++)
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", n ? "|" : "", options->name);
    if (words_nearest(names, name, nearest, sizeof nearest))
        program_usage(c, "unknown option --%s; did you mean --%s?", name, nearest);
    program_usage(c, "unknown option --%s", name);
}

/* Handles argv[i], a long option; returns the index of the last argument used. */
static int long_option(struct call *c, const struct option *options, char **argv, int i)
{
    const char *name = argv[i] + 2;
    size_t length = strcspn(name, "=");
    const char *text = name[length] ? name + length + 1 : NULL;
    const struct option *o = options;
    while (o->name && (strncmp(o->name, name, length) != 0 || o->name[length]))
        o++;
    if (!o->name) {
        argv[i][2 + length] = 0;
        unknown_option(c, options, name);
    }
    if (o->type == OPTION_FLAG && text)
        program_usage(c, "--%s takes no value", o->name);
    if (o->type == OPTION_FLAG || text)
        set_option(c, o, text);
    else if (argv[i + 1])
        set_option(c, o, argv[++i]);
    else
        program_usage(c, "--%s needs a value: %s", o->name, o->argument);
    return i;
}

/* Handles argv[i], letters after one dash: flags, the last one perhaps with a value. */
static int short_options(struct call *c, const struct option *options, char **argv, int i)
{
    for (const char *letter = argv[i] + 1; *letter; letter++) {
        const struct option *o = options;
        while (o->name && o->letter != *letter)
            o++;
        if (!o->name)
            program_usage(c, "unknown option -%c", *letter);
        if (o->type == OPTION_FLAG) {
            set_option(c, o, NULL);
            continue;
        }
        if (letter[1])
            set_option(c, o, letter + 1);
        else if (argv[i + 1])
            set_option(c, o, argv[++i]);
        else
            program_usage(c, "-%c needs a value: %s", *letter, o->argument);
        break;
    }
    return i;
}

static bool is_operand(const char *argument)
{
    if (argument[0] != '-' || argument[1] == 0)
        return true;
    return argument[1] == '.' || (argument[1] >= '0' && argument[1] <= '9'); /* -3 */
}

/* Sets options and moves the operands to the front of argv; returns how many there are. */
static int parse(struct call *c, const struct option *options, int argc, char **argv)
{
    int operands = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            while (++i < argc)
                argv[operands++] = argv[i];
            break;
        } else if (is_operand(argv[i])) {
            argv[operands++] = argv[i];
        } else if (argv[i][1] == '-') {
            i = long_option(c, options, argv, i);
        } else {
            i = short_options(c, options, argv, i);
        }
    }
    argv[operands] = NULL;
    return operands;
}

/* ---- options as settings ---- */

bool program_given(const struct call *c, const char *option)
{
    for (size_t i = 0; i < c->given->count; i++)
        if (strcmp(c->given->item[i]->text, option) == 0)
            return true;
    return false;
}

void program_forbid(const struct call *c, bool when, const char *why, const char *options)
{
    for (size_t length; when && *options; options += length + (options[length] == ' ')) {
        char name[64];
        length = strcspn(options, " ");
        snprintf(name, sizeof name, "%.*s", (int)length, options);
        if (program_given(c, name))
            program_usage(c, "--%s %s", name, why);
    }
}

static struct value *setting_of(const struct call *c, const char *name)
{
    const struct option *o = c->program->options;
    if (strcmp(name, "seed") == 0)
        return value_int((int64_t)c->seed);
    while (o->name && strcmp(o->name, name) != 0)
        o++;
    if (!o->name)
        return NULL;
    if (o->type == OPTION_FLAG)
        return value_bool(*(const bool *)o->to);
    if (o->type == OPTION_INT)
        return value_int(*(const int64_t *)o->to);
    if (o->type == OPTION_REAL)
        return value_real(*(const double *)o->to);
    return *(const char *const *)o->to ? value_text(*(const char *const *)o->to) : value_nil();
}

struct value *program_settings(const struct call *c, const char *options, bool given)
{
    struct value *v = value_map();
    bool good = v != NULL;
    for (size_t length; good && *options; options += length + (options[length] == ' ')) {
        char name[64], key[64];
        length = strcspn(options, " ");
        snprintf(name, sizeof name, "%.*s", (int)length, options);
        strcpy(key, name);
        for (char *k = key; *k; k++)
            *k = *k == '-' ? '_' : *k;
        if (!given || program_given(c, name))
            good = value_set(v, key, setting_of(c, name)) != NULL;
    }
    if (good)
        return v;
    value_free(v);
    return NULL;
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
    signal(SIGPIPE, SIG_DFL);
    *c = (struct call){.program = p, .started = clock_seconds()};
    const struct option *options = c->options = join_options(p, &k);
    c->arguments = list_arguments(argc, argv);
    c->given = value_array();
    if (!options || !c->arguments || !c->given)
        out_of_memory(c);
    /* the help shows defaults, so it must see the variables before any option is set */
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        answer(c, options, argv[i]);
    c->argc = parse(c, options, argc, argv);
    c->argv = argv;
    c->output = k.output && strcmp(k.output, "-") != 0 ? k.output : NULL;
    c->seed = (uint64_t)k.seed;
    /* else OpenMP's own default: OMP_NUM_THREADS, or the cores we may run on */
    c->threads = k.threads ? (int)k.threads : omp_get_max_threads();
    c->history = !k.no_history;
    c->json = k.json;
    c->verbosity = k.quiet ? -1 : k.verbose;
    c->most_tensor_bytes = (size_t)k.most_tensor_bytes;
    omp_set_num_threads(c->threads);
    program_forbid(c, k.quiet, "excludes --quiet", "verbose");
    check_operands(c);
    if (!p->runs_programs && !k.no_sandbox)
        enter_sandbox(c, options);
}

int program_end(struct call *c)
{
    close_stdout(c);
    closing_line(c);
    value_free(c->arguments);
    value_free(c->given);
    free(c->options);
    c->arguments = c->given = NULL;
    c->options = NULL;
    return 0;
}
