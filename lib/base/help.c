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

/* Plain text of so many bytes, what roff would take for its own, or print as another character,
 * escaped; returns the bytes printed. */
static size_t print_roff(const char *text, size_t length, bool begins_line, FILE *to)
{
    static const char *const escape[] = {
        ['\\'] = "\\e",  ['-'] = "\\-",   ['`'] = "\\(ga", ['\''] = "\\(aq",
        ['^'] = "\\(ha", ['~'] = "\\(ti", ['"'] = "\\(dq"};
    size_t printed = 0;
    if (begins_line && *text == '.')
        printed += (size_t)fprintf(to, "\\&");
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        bool plain = c >= sizeof escape / sizeof *escape || !escape[c];
        printed += (size_t)(plain ? fprintf(to, "%c", c) : fprintf(to, "%s", escape[c]));
    }
    return printed;
}

/* Text wrapped, a new line after each sentence as mdoc wants, paragraphs parted by .Pp. */
static void print_roff_text(const char *text, FILE *to)
{
    size_t at = 0;
    while (*text) {
        size_t length = strcspn(text, " \n");
        if (at && at + 1 + length > 66) {
            fputc('\n', to);
            at = 0;
        } else if (at) {
            fputc(' ', to);
            at++;
        }
        at += print_roff(text, length, at == 0, to);
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

static void print_roff_examples(const char *examples, FILE *to)
{
    fputs(".Sh EXAMPLES\n.Bd -literal\n", to);
    for (const char *line = examples; *line;) {
        size_t length = strcspn(line, "\n");
        print_roff(line, length, true, to);
        fputc('\n', to);
        line += length + (line[length] == '\n');
    }
    fputs(".Ed\n", to);
}

static void print_roff_see_also(const struct program *p, FILE *to)
{
    fputs(".Sh SEE ALSO\n", to);
    if (strcmp(p->name, "winnow") != 0)
        fputs(".Xr winnow 1 ,\n", to);
    for (const char *s = p->see_also ? p->see_also : ""; *s;) {
        size_t length = strcspn(s, " ");
        fprintf(to, ".Xr winnow-%.*s 1 ,\n", (int)length, s);
        s += length + (s[length] == ' ');
    }
    fputs(".Xr winnow-stream 5 ,\n.Xr winnow 7\n", to);
}

void help_print_manual(const struct program *p, const struct option *options, FILE *to)
{
    const char *family = strcmp(p->name, "winnow") == 0 ? "" : "winnow-";
    fputs(".Dd November 22, 2026\n.Dt ", to);
    for (const char *c = family; *c; c++)
        fputc(toupper((unsigned char)*c), to);
    for (const char *c = p->name; *c; c++)
        fputc(toupper((unsigned char)*c), to);
    fprintf(to, " 1\n.Os\n.Sh NAME\n.Nm %s%s\n.Nd ", family, p->name);
    print_roff_text(p->summary, to);
    fprintf(to, ".Sh SYNOPSIS\n.Nm %s\n.Op Ar option ...\n", p->name);
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
    fputs(".El\n", to);
    if (p->common & COMMON_THREADS)
        fputs(".Sh ENVIRONMENT\n.Bl -tag -width Ds\n.It Ev OMP_NUM_THREADS\n"
              "How many threads, where\n.Fl \\-threads\ndoes not say.\n.El\n",
              to);
    if (p->files) {
        fputs(".Sh FILES\n", to);
        print_roff_text(p->files, to);
    }
    fprintf(to,
            ".Sh EXIT STATUS\n.Bl -tag -width Ds -compact\n.It 0\nThe work is done%s.\n"
            ".It 1\nThe work failed: one line on standard error tells what and where.\n%s"
            ".It 2\nThe call was wrong, and nothing was begun.\n.El\n",
            p->common & COMMON_OUTPUT ? ", all of it written" : "",
            p->common & COMMON_OUTPUT ? "The file of\n.Fl o\nis what it was before.\n" : "");
    if (p->examples)
        print_roff_examples(p->examples, to);
    print_roff_see_also(p, to);
}

/* ---- completion ---- */

/* name with '_' for '-': _winnow_build_kdtree completes build-kdtree. */
static void function_name(const struct program *p, char *name, size_t size)
{
    snprintf(name, size, "_winnow_%s", p->name);
    for (char *c = name; *c; c++)
        *c = *c == '-' ? '_' : *c;
}

static void print_words(const char *words, FILE *to)
{
    for (const char *c = words; *c; c++)
        fputc(*c == '|' ? ' ' : *c, to);
}

/* winnow's function hands over to the one of the program that it is to run. */
#define BASH_HAND_OVER                                                      \
    "    local other=_winnow_${COMP_WORDS[1]//-/_}\n"                       \
    "    if ((COMP_CWORD > 1)) && declare -F \"$other\" >/dev/null; then\n" \
    "        \"$other\"\n        return\n    fi\n"

void help_print_bash(const struct program *p, const struct option *options, FILE *to)
{
    char function[64];
    function_name(p, function, sizeof function);
    fprintf(to,
            "%s()\n{\n    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
            "    local words=\n%s    COMPREPLY=()\n"
            "    if [ \"$cur\" = = ]; then cur=; fi # --name=value is three words\n"
            "    if [ \"$prev\" = = ]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
            "    case $prev in\n",
            function, strcmp(p->name, "winnow") == 0 ? BASH_HAND_OVER : "");
    for (const struct option *o = options; o->name; o++) {
        if (o->type == OPTION_FLAG || *o->argument == '[')
            continue;
        fprintf(to, "    --%s", o->name);
        if (o->letter)
            fprintf(to, " | -%c", o->letter);
        fputs(") ", to);
        if (o->type == OPTION_CHOICE) {
            fputs("words='", to);
            print_words(o->choices, to);
            fputs("' ;;\n", to);
        } else {
            fputs(o->type == OPTION_FILE ? ";;\n" : "return ;;\n", to);
        }
    }
    fputs("    *)\n        case $cur in\n        -*) words='", to);
    for (const struct option *o = options; o->name; o++)
        fprintf(to, "%s--%s", o == options ? "" : " ", o->name);
    fputs("' ;;\n", to);
    if (p->words) {
        fprintf(to, "        *) case $prev in %s | */%s) words='", p->name, p->name);
        print_words(p->words, to);
        fputs("' ;; esac ;;\n", to);
    }
    fprintf(to,
            "        esac ;;\n    esac\n"
            "    if [ -n \"$words\" ]; then\n"
            "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
            "    else\n        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n    fi\n}\n"
            "complete -o filenames -F %s %s\n",
            function, p->name);
}

/* Text within '...[ ]' of a specification of _arguments. */
static void print_zsh(const char *text, FILE *to)
{
    for (const char *c = text; *c; c++)
        if (*c == '\'')
            fputs("'\\''", to);
        else
            fprintf(to, strchr("[]:\\", *c) ? "\\%c" : "%c", *c);
}

static void print_zsh_option(const struct option *o, FILE *to)
{
    bool maybe = o->argument && *o->argument == '[', flag = o->type == OPTION_FLAG;
    const char *value = maybe ? "=-" : flag ? "" : "=";
    fputs(" \\\n        ", to);
    if (o->letter)
        fprintf(to, "'(-%c --%s)'{-%c%s,--%s%s}'[", o->letter, o->name, o->letter, flag ? "" : "+",
                o->name, value);
    else
        fprintf(to, "'--%s%s[", o->name, value);
    print_zsh(o->help, to);
    fputs("]", to);
    if (!flag) {
        fputs(maybe ? "::" : ":", to);
        print_zsh(maybe ? "what" : o->argument, to);
        fputs(o->type == OPTION_FILE ? ":_files" : o->type == OPTION_CHOICE ? ":(" : ": ", to);
    }
    if (o->type == OPTION_CHOICE) {
        print_words(o->choices, to);
        fputs(")", to);
    }
    fputs("'", to);
}

void help_print_zsh(const struct program *p, const struct option *options, FILE *to)
{
    char function[64];
    bool first = strcmp(p->name, "winnow") == 0;
    function_name(p, function, sizeof function);
    fprintf(to, "%s()\n{\n    _arguments -s%s", function, first ? " -A '-*'" : "");
    for (const struct option *o = options; o->name; o++)
        print_zsh_option(o, to);
    if (p->words) {
        fputs(" \\\n        '1:what:(", to);
        print_words(p->words, to);
        fputs(")'", to);
    }
    fprintf(to, " \\\n        '*:%s'\n}\n", first ? ":argument:_winnow_other" : "file:_files");
    if (first)
        fputs("_winnow_other()\n{\n    local other=_winnow_${words[1]//-/_}\n"
              "    if (($+functions[$other])); then $other; else _files; fi\n}\n",
              to);
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
