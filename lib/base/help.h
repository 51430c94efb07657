/* What --help prints, from the program's option table (within base). */
#ifndef BASE_HELP_H
#define BASE_HELP_H
#include <stdio.h>
#include "base/program.h"

/* `options`: the program's own and the common ones, ended by a NULL name; their variables still
 * hold the defaults. */
void help_usage(const struct program *p, FILE *to);
void help_print(const struct program *p, const struct option *options, FILE *to);
void help_print_manual(const struct program *p, const struct option *options, FILE *to);
/* The function that completes the program's arguments, for bash or zsh. */
void help_print_bash(const struct program *p, const struct option *options, FILE *to);
void help_print_zsh(const struct program *p, const struct option *options, FILE *to);
void help_print_version(const struct program *p, FILE *to);

/* What a value of the option should be: "a whole number from 0 to 9". */
void help_expectation(const struct option *o, char *text, size_t size);
/* " [default 5]", or nothing where the variable holds a mark for "not given": NULL, NaN, or a
 * number out of the option's own range. */
void help_default(const struct option *o, char *text, size_t size);

#endif
