#include "base/help.h"
#include <gnu/libc-version.h>
#include <math.h>
#include <string.h>
#include "base/library.h"

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
    bool bytes = o->type == OPTION_BYTES, whole = o->type == OPTION_INT || bytes;
    const char *kind = bytes   ? "a number of bytes (9, 9K, 9M, 9G, 9T)"
                       : whole ? "a whole number"
                               : "a number";
    char least[32], most[32];
    number_text(o->least, whole, least, sizeof least);
    number_text(o->most, whole, most, sizeof most);
    if (o->type == OPTION_CHOICE)
        snprintf(text, size, "one of %s", o->choices);
    else if (o->type == OPTION_TEXT || o->type == OPTION_FILE)
        snprintf(text, size, o->type == OPTION_TEXT ? "a text" : "the name of a file");
    else if (o->least == 0 && o->most == 0)
        snprintf(text, size, "%s", kind);
    else if (isinf(o->most))
        snprintf(text, size, "%s of at least %s", kind, least);
    else
        snprintf(text, size, "%s from %s to %s", kind, least, most);
}

void help_default(const struct option *o, char *text, size_t size)
{
    bool ranged = o->least != 0 || o->most != 0;
    text[0] = 0;
    if (o->type == OPTION_INT || o->type == OPTION_BYTES) {
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
        help_default(o, unset, sizeof unset);
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

/* ---- version ---- */

#ifdef __GLIBC__
LIBRARY(glibc, "glibc", gnu_get_libc_version); /* whose exp, log and tanh are in results */
#endif

void help_print_version(const struct program *p, FILE *to)
{
    fprintf(to, "%s (winnow) %s", p->name, winnow_version());
    for (const struct library *l = library_first(); l; l = l->next) {
        const char *version = l->version();
        if (version)
            fprintf(to, ", %s %s", l->name, version);
    }
    fputc('\n', to);
}
