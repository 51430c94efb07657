/* The functions by which bash and zsh complete a command line. */
#include <string.h>
#include "base/help.h"

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
