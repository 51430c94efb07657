/* The command line, taken apart by the program's option table (within base). */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H
#include "base/program.h"

/* What the common options set, before it moves into the call. */
struct common {
    bool version, quiet, verbose, no_history, no_sandbox, json;
    const char *help, *output;
    int64_t seed, threads, most_tensor_bytes, most_memory_bytes;
};

/* The program's options and, after them, the common ones that it takes, ended by a NULL name; NULL
 * where memory is out. The caller frees the table; k holds what the common ones set. */
struct option *options_join(const struct program *p, struct common *k);
/* Sets options and moves the operands to the front of argv, with a NULL behind them; returns how
 * many there are. A wrong option ends the program. */
int options_parse(struct call *c, const struct option *options, int argc, char **argv);

_Noreturn void options_out_of_memory(const struct call *c);

#endif
