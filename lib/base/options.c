#include "base/options.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/help.h"
#include "base/words.h"

enum { COMMON_SANDBOX = 1 << 16, COMMON_OPTIONS = 12, MOST_THREADS = 1024 };

struct option *options_join(const struct program *p, struct common *k)
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
         {"max-tensor", 0, OPTION_BYTES, &k->most_tensor_bytes, "BYTES",
          "refuse streams with a larger tensor", 1, INFINITY, NULL}},
        {0,
         {"max-memory", 0, OPTION_BYTES, &k->most_memory_bytes, "BYTES",
          "fail rather than take more memory, by default as much as there is", 1, INFINITY, NULL}},
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
    const unsigned common =
        p->common | (p->runs_programs && *p->runs_programs ? 0 : COMMON_SANDBOX);
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

void options_out_of_memory(const struct call *c)
{
    struct error e;
    error_set(&e, "out of memory: the command line");
    program_fail(c, &e);
}

static bool parse_int(const struct option *o, const char *text)
{
    char *end;
    errno = 0;
    long long x = strtoll(text, &end, 10);
    static const char units[] = "KMGT";
    const char *unit = o->type == OPTION_BYTES && end > text && *end ? strchr(units, *end) : NULL;
    if (unit && __builtin_mul_overflow(x, 1LL << 10 * (unit - units + 1), &x))
        return false;
    end += unit != NULL;
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
    else if (o->type == OPTION_INT || o->type == OPTION_BYTES)
        good = parse_int(o, text);
    else if (o->type == OPTION_REAL)
        good = parse_real(o, text);
    else if ((good = o->type == OPTION_CHOICE ? words_have(o->choices, text)
                                              : o->type != OPTION_FILE || *text))
        *(const char **)o->to = text;
    if (good) {
        if (!value_append(c->given, value_text(o->name)))
            options_out_of_memory(c);
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

int options_parse(struct call *c, const struct option *options, int argc, char **argv)
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
    if (o->type == OPTION_INT || o->type == OPTION_BYTES)
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
