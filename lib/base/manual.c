/* Manual pages in mdoc. */
#include <ctype.h>
#include <string.h>
#include "base/help.h"

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
    help_default(o, unset, sizeof unset);
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
