#include "base/help.h"
#include <ctype.h>
#include <math.h>
#include <string.h>
#include <xxhash.h>

enum { WIDTH = 80, OPTION_WIDTH = 26 };

/* Prints text wrapped, the cursor being in column `at`, continuation lines indented. */
static void print_wrapped(const char *text, size_t at, size_t indent, FILE *to)
{
    while (*text) {
        size_t length = strcspn(text, " \n");
        if (at > indent && at + 1 + length > WIDTH) {
            fprintf(to, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            fputc(' ', to);
            at++;
        }
        fwrite(text, 1, length, to);
        at += length;
        text += length;
        if (strncmp(text, "\n\n", 2) == 0) {
            fprintf(to, "\n\n%*s", (int)indent, "");
            at = indent;
        }
        text += strspn(text, " \n");
    }
    fputc('\n', to);
}

static void number_text(double x, bool whole, char *text, size_t size)
{
    if (whole && x >= 0x1p63)
        snprintf(text, size, "%lld", (long long)INT64_MAX);
    else if (whole && x <= -0x1p63)
        snprintf(text, size, "%lld", (long long)INT64_MIN);
    else if (whole)
        snprintf(text, size, "%lld", (long long)x);
    else
        snprintf(text, size, "%g", x);
}

void help_expectation(const struct option *o, char *text, size_t size)
{
    bool whole = o->type == OPTION_INT;
    const char *kind = whole ? "a whole number" : "a number";
    char least[32], most[32];
    number_text(o->least, whole, least, sizeof least);
    number_text(o->most, whole, most, sizeof most);
    if (o->type == OPTION_CHOICE)
        snprintf(text, size, "one of %s", o->choices);
    else if (o->type == OPTION_TEXT || o->type == OPTION_FILE)
        snprintf(text, size, "a text");
    else if (o->least == 0 && o->most == 0)
        snprintf(text, size, "%s", kind);
    else if (isinf(o->most))
        snprintf(text, size, "%s of at least %s", kind, least);
    else
        snprintf(text, size, "%s from %s to %s", kind, least, most);
}

/* " [default 5]", or nothing where the variable holds a mark for "not given": NULL, NaN, or a
 * number out of the option's own range. */
static void default_text(const struct option *o, char *text, size_t size)
{
    bool ranged = o->least != 0 || o->most != 0;
    text[0] = 0;
    if (o->type == OPTION_INT) {
        int64_t x = *(const int64_t *)o->to;
        if (!ranged || ((double)x >= o->least && (double)x <= o->most))
            snprintf(text, size, " [default %lld]", (long long)x);
    } else if (o->type == OPTION_REAL) {
        double x = *(const double *)o->to;
        if (!isnan(x) && (!ranged || (x >= o->least && x <= o->most)))
            snprintf(text, size, " [default %g]", x);
    } else if (o->type != OPTION_FLAG) {
        const char *x = *(const char *const *)o->to;
        if (x)
            snprintf(text, size, " [default %s]", x);
    }
}

void help_usage(const struct program *p, FILE *to)
{
    fprintf(to, "usage: %s [options]%s%s\n", p->name, *p->operands ? " " : "", p->operands);
}

void help_print(const struct program *p, const struct option *options, FILE *to)
{
    help_usage(p, to);
    fprintf(to, "%s: %s\n\n", p->name, p->summary);
    if (p->description)
        print_wrapped(p->description, 0, 0, to);
    fprintf(to, "%soptions:\n", p->description ? "\n" : "");
    for (const struct option *o = options; o->name; o++) {
        char left[128], unset[128];
        int n = o->letter ? snprintf(left, sizeof left, "  -%c, --%s", o->letter, o->name)
                          : snprintf(left, sizeof left, "      --%s", o->name);
        if (o->argument)
            n += snprintf(left + n, sizeof left - (size_t)n, "%s%s", *o->argument == '[' ? "" : " ",
                          o->argument);
        fprintf(to, "%-*s", OPTION_WIDTH, left);
        if (n >= OPTION_WIDTH)
            fprintf(to, "\n%*s", OPTION_WIDTH, "");
        default_text(o, unset, sizeof unset);
        char text[1024];
        if (o->type == OPTION_CHOICE)
            snprintf(text, sizeof text, "%s: %s%s", o->help, o->choices, unset);
        else
            snprintf(text, sizeof text, "%s%s", o->help, unset);
        print_wrapped(text, OPTION_WIDTH, OPTION_WIDTH, to);
    }
    if (p->examples)
        fprintf(to, "\nexamples:\n");
    for (const char *line = p->examples; line && *line;) {
        size_t length = strcspn(line, "\n");
        fprintf(to, "  %.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

/* ---- the manual page, in mdoc ---- */

/* A word with roff's special characters made plain. */
static void print_roff(const char *word, size_t length, bool begins_line, FILE *to)
{
    if (begins_line && (*word == '.' || *word == '\''))
        fputs("\\&", to);
    for (size_t i = 0; i < length; i++) {
        if (word[i] == '\\')
            fputs("\\e", to);
        else if (word[i] == '-')
            fputs("\\-", to);
        else
            fputc(word[i], to);
    }
}

/* Text wrapped, a new line after each sentence as mdoc wants, paragraphs parted by .Pp. */
static void print_roff_text(const char *text, FILE *to)
{
    size_t at = 0;
    while (*text) {
        size_t length = strcspn(text, " \n");
        if (at && at + 1 + length > 72) {
            fputc('\n', to);
            at = 0;
        } else if (at) {
            fputc(' ', to);
            at++;
        }
        print_roff(text, length, at == 0, to);
        at += length;
        bool sentence = length && strchr(".!?", text[length - 1]);
        text += length;
        bool paragraph = strncmp(text, "\n\n", 2) == 0;
        text += strspn(text, " \n");
        if ((sentence || paragraph) && *text) {
            fputs(paragraph ? "\n.Pp\n" : "\n", to);
            at = 0;
        }
    }
    fputc('\n', to);
}

static void print_roff_option(const struct option *o, FILE *to)
{
    fputs(".It ", to);
    if (o->letter)
        fprintf(to, "Fl %c , ", o->letter);
    fputs("Fl \\-", to);
    print_roff(o->name, strlen(o->name), false, to);
    if (o->argument && *o->argument == '[') /* --help[=WHAT] */
        fprintf(to, " Ns Op = Ns Ar %.*s", (int)strlen(o->argument) - 3, o->argument + 2);
    else if (o->argument)
        fprintf(to, " Ar %s", o->argument);
    fputc('\n', to);
    char unset[128], text[1024];
    default_text(o, unset, sizeof unset);
    int n = snprintf(text, sizeof text, "%c%s", toupper((unsigned char)o->help[0]), o->help + 1);
    if (o->type == OPTION_CHOICE)
        n += snprintf(text + n, sizeof text - (size_t)n, ": ");
    for (const char *c = o->type == OPTION_CHOICE ? o->choices : ""; *c && n < 900; c++)
        n += snprintf(text + n, sizeof text - (size_t)n, *c == '|' ? ", " : "%c", *c);
    snprintf(text + n, sizeof text - (size_t)n, "%s.", unset);
    print_roff_text(text, to);
}

void help_print_manual(const struct program *p, const struct option *options, FILE *to)
{
    fputs(".Dd November 22, 2026\n.Dt ", to);
    for (const char *c = p->name; *c; c++)
        fputc(toupper((unsigned char)*c), to);
    fprintf(to, " 1\n.Os\n.Sh NAME\n.Nm %s\n.Nd ", p->name);
    print_roff_text(p->summary, to);
    fputs(".Sh SYNOPSIS\n.Nm\n.Op Ar options\n", to);
    if (*p->operands) {
        fputs(".Ar ", to);
        print_roff(p->operands, strlen(p->operands), false, to);
        fputs("\\&\n", to); /* a last bracket is the operand's, not punctuation */
    }
    fputs(".Sh DESCRIPTION\n", to);
    print_roff_text(p->description ? p->description : p->summary, to);
    fputs(".Pp\nThe options are:\n.Bl -tag -width Ds\n", to);
    for (const struct option *o = options; o->name; o++)
        print_roff_option(o, to);
    fputs(".El\n.Sh EXIT STATUS\n"
          "0 where the work is done, 1 where it failed, 2 where the call was wrong.\n",
          to);
    if (p->examples)
        fputs(".Sh EXAMPLES\n.Bd -literal\n", to);
    for (const char *line = p->examples; line && *line;) {
        size_t length = strcspn(line, "\n");
        print_roff(line, length, true, to);
        fputc('\n', to);
        line += length + (line[length] == '\n');
    }
    fputs(p->examples ? ".Ed\n" : "", to);
    bool first = strcmp(p->name, "winnow") == 0;
    fprintf(to, ".Sh SEE ALSO\n%swinnow-stream(5)\n", first ? "" : "winnow(1), ");
}

/* ---- completion, for bash ---- */

void help_print_completion(const struct program *p, const struct option *options, FILE *to)
{
    char function[64];
    snprintf(function, sizeof function, "_winnow_%s", p->name);
    for (char *c = function; *c; c++)
        *c = *c == '-' ? '_' : *c;
    fprintf(to,
            "%s()\n{\n    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
            "    COMPREPLY=()\n    case $prev in\n",
            function);
    for (const struct option *o = options; o->name; o++) {
        if (o->type == OPTION_FLAG)
            continue;
        fprintf(to, "    --%s", o->name);
        if (o->letter)
            fprintf(to, " | -%c", o->letter);
        fputs(") ", to);
        if (o->type == OPTION_FILE) {
            fputs("COMPREPLY=($(compgen -f -- \"$cur\")); ", to);
        } else if (o->type == OPTION_CHOICE) {
            fputs("COMPREPLY=($(compgen -W '", to);
            for (const char *c = o->choices; *c; c++)
                fputc(*c == '|' ? ' ' : *c, to);
            fputs("' -- \"$cur\")); ", to);
        }
        fputs("return ;;\n", to);
    }
    fputs("    esac\n    case $cur in\n    -*) COMPREPLY=($(compgen -W '", to);
    for (const struct option *o = options; o->name; o++)
        fprintf(to, "%s--%s", o == options ? "" : " ", o->name);
    fprintf(to,
            "' -- \"$cur\")) ;;\n    *) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n    esac\n}\n"
            "complete -o filenames -F %s %s\n",
            function, p->name);
}

/* ---- version ---- */

/* Base needs none of these; they are named where the program is linked with them anyway. */
extern const char *msgpack_version(void) __attribute__((weak));
extern const char *zlibVersion(void) __attribute__((weak));
extern const char *png_get_libpng_ver(const void *) __attribute__((weak));

void help_print_version(const struct program *p, FILE *to)
{
    unsigned xxh = XXH_versionNumber();
    fprintf(to, "%s (winnow) %s, xxHash %u.%u.%u", p->name, winnow_version(), xxh / 10000,
            xxh / 100 % 100, xxh % 100);
    if (msgpack_version)
        fprintf(to, ", msgpack-c %s", msgpack_version());
    if (zlibVersion)
        fprintf(to, ", zlib %s", zlibVersion());
    if (png_get_libpng_ver)
        fprintf(to, ", libpng %s", png_get_libpng_ver(NULL));
    fputc('\n', to);
}
