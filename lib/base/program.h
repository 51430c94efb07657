/* The outside of every program: one table describes its options, and from that table come parsing,
 * --help, --version, usage errors, the manual page (--help=man) and the completions of two shells
 * (--help=bash, --help=zsh). Messages go to stderr as one line that begins with the program's name.
 */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/error.h"
#include "base/value.h"

#define EXIT_FAILED 1 /* the work failed */
#define EXIT_USAGE 2  /* the call was wrong */

enum option_type {
    OPTION_FLAG,   /* bool, set true                                        */
    OPTION_INT,    /* int64_t, least <= x <= most                           */
    OPTION_BYTES,  /* the same; K, M, G or T behind it is times 1024, ...   */
    OPTION_REAL,   /* double, least <= x <= most                            */
    OPTION_TEXT,   /* const char *, points into argv                        */
    OPTION_FILE,   /* the same; completion offers file names                */
    OPTION_CHOICE, /* const char *, one of the words in `choices`           */
};

struct option {
    const char *name; /* long name without dashes; NULL ends the table */
    char letter;      /* short name, or 0 */
    enum option_type type;
    void *to;             /* where the value goes; holds the default beforehand */
    const char *argument; /* "N", "FILE": name in the help; NULL for flags */
    const char *help;     /* one sentence, no full stop; defaults are added by the printer */
    double least, most;   /* of numbers; both 0: any value of the type */
    const char *choices;  /* OPTION_CHOICE: words parted by '|' */
};

struct program {
    const char *name;
    const char *summary;  /* the NAME line of the manual page: "pick rows of a samples stream" */
    const char *operands; /* usage after the options: "[STREAM]"; "" for none */
    int least_operands, most_operands;
    const char *words;       /* NULL, or what the first operand may be, parted by '|' */
    const char *description; /* paragraphs parted by a blank line, for --help and the manual */
    const char *examples;    /* lines of shell, parted by '\n'; those that begin with # explain */
    const char *files;       /* the manual's FILES: what it reads or keeps unasked; may be NULL */
    const char *see_also;    /* the manual's next of kin, parted by blanks: "mine pick" */
    const struct option *options; /* the program's own; the common ones are added */
    unsigned common;              /* COMMON_... that it takes; --help, --version, -q, -v always */
    const char *writes; /* what names files to write, beside -o: long options, and operands by their
                           number from 1, parted by '|'; NULL for none */
    const bool *runs_programs; /* whether it runs others, known once options are read, and so has
                                  no sandbox (base/sandbox.h), else it may open only what the
                                  command line names; -v's closing line counts them in;
                                  NULL: never */
};

enum {
    COMMON_OUTPUT = 1,  /* -o, --output FILE: call.output, NULL for standard output */
    COMMON_SEED = 2,    /* --seed N, default 1: call.seed */
    COMMON_THREADS = 4, /* --threads N, default all cores: call.threads; sets OpenMP's count */
    COMMON_HISTORY = 8, /* --no-history: call.history is false */
    COMMON_JSON = 16,   /* --json: call.json */
    COMMON_STREAM = 32, /* reads a stream: --max-tensor BYTES, call.most_tensor_bytes */
};

/* What every program knows of its own call. main owns it. */
struct call {
    const struct program *program;
    int argc; /* operands */
    char **argv;
    const char *output;
    uint64_t seed;
    int threads;
    bool history, json;
    int verbosity; /* -1 with -q, 0, 1 with -v */
    size_t most_tensor_bytes;
    struct value *given;     /* long names of the options given; owned */
    struct option *options;  /* the program's and the common ones; owned */
    struct value *arguments; /* all that followed the name, as given, for the history; owned */
    double started;          /* seconds, monotonic */
    double cpu_before;       /* seconds of CPU time that the process had taken by then */
    FILE *status;            /* with -v, /proc/self/status, or NULL; owned */
};

/* Parses the command line, prints help or usage and exits (0 or 2) where that is all there is to
 * do, sets up signals and threads, enters the sandbox, limits memory. After it returns the options'
 * variables hold their values. */
void program_begin(const struct program *p, int argc, char **argv, struct call *c);

/* Whether the command line has the option, by its long name. */
bool program_given(const struct call *c, const char *option);
/* No option is taken and ignored: `when` any of these (long names parted by blanks) was given, says
 * "--NAME why" and exits 2. */
void program_forbid(const struct call *c, bool when, const char *why, const char *options);
/* The values of options, long names parted by blanks, as a map: settings that a file is to keep. A
 * key is the name with '_' for '-'. `given`: of those alone that the command line has. NULL where
 * memory is out. */
struct value *program_settings(const struct call *c, const char *options, bool given);

/* A wrong call found after parsing (two options that exclude each other): message, hint, exit 2. */
_Noreturn void program_usage(const struct call *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Wrong calls with files. Paths of inputs, NULL-terminated; an input that was not given is "". "-"
 * is standard input, which only one of them can be. */
void program_check_inputs(const struct call *c, const char *const *inputs);
/* `option` keeps a file, which -o may not replace by whatever name. `path` may be NULL. */
void program_check_output(const struct call *c, const char *option, const char *path);

/* Prints "name: text" for the error, then -v's closing line, and exits 1, temporaries removed. */
_Noreturn void program_fail(const struct call *c, const struct error *e);

/* A line on stderr: a note with -v only, a warning unless -q. */
void program_note(const struct call *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void program_warn(const struct call *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Flushes and closes stdout (an error there is exit 1), frees the call, prints the closing line of
 * -v (version, wall and CPU seconds, peak memory); returns 0, main's last statement:
 * `return program_end(&call);` */
int program_end(struct call *c);

/* Progress on a terminal's stderr (or with -v, a line every ten seconds): a bar, rate, time left.
 */
struct progress {
    const struct call *call;
    const char *what; /* "epoch", "image" */
    double total;     /* 0: unknown */
    double shown;     /* when it was last drawn */
    double started;
    bool drawn;
};
void progress_begin(struct progress *p, const struct call *c, const char *what, double total);
void progress_at(struct progress *p, double done, const char *note); /* note may be NULL */
void progress_end(struct progress *p);

const char *winnow_version(void); /* "0.1.0" or what git describe said at build time */
double clock_seconds(void);       /* monotonic */

#endif
