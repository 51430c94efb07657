/* winnow NAME ...: the program NAME that lies beside this one; alone, a list of them. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/program.h"
#include "base/words.h"

/* In the order in which data pass. Only these are asked for their summary: in a folder like
 * /usr/local/bin lie many programs that are not ours to run. */
#define PROGRAMS                                                                        \
    "load|save|peek|pick|compose|mosaic|frames|flow|compress|decompress|degrade|"       \
    "train-encoder|encode-latent|decode-latent|embed-2d|build-kdtree|mine|search-step|" \
    "derive|score|train|predict|fuse|evaluate|judge|verify"

static const bool always = true;

static const struct program program = {
    .name = "winnow",
    .runs_programs = &always,
    .summary = "small Unix filters that make computer vision cheap",
    .operands = "[PROGRAM [ARGUMENT ...]]",
    .words = PROGRAMS,
    .description = "Runs PROGRAM, one of those that lie beside winnow, with its arguments and its "
                   "exit status; without one, lists them.",
    .examples = "winnow\n"
                "# the same as peek subset\n"
                "winnow peek subset",
};

/* The path of the program `name` beside this one, malloc'd, or NULL with errno set. */
static char *beside(const char *name)
{
    char self[PATH_MAX], *path;
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0)
        return NULL;
    self[length] = 0;
    *(strrchr(self, '/') + 1) = 0;
    return asprintf(&path, "%s%s", self, name) < 0 ? NULL : path;
}

/* Prints what the second line of the program's help is: "name: summary". */
static int print_summary(const char *name, const char *path, struct error *e)
{
    int ends[2], status = -1;
    char help[4096] = "", rest[4096];
    if (pipe(ends))
        return error_set(e, "cannot make a pipe:");
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(path, name, "--help", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    ssize_t got = input_read(ends[0], help, sizeof help - 1, e);
    while (got > 0)
        got = input_read(ends[0], rest, sizeof rest, e);
    close(ends[0]);
    bool ran = child > 0 && waitpid(child, &status, 0) == child && status == 0;
    const char *second = strchr(help, '\n'), *summary = second ? strstr(second, ": ") : NULL;
    if (got < 0 || !ran || !summary)
        return error_set(e, "%s --help failed", path);
    printf("  %-14s %.*s\n", name, (int)strcspn(summary + 2, "\n"), summary + 2);
    return 0;
}

static int list_programs(struct error *e)
{
    int failed = 0;
    printf("usage: winnow PROGRAM [argument ...]\n%s\n\n", program.summary);
    for (const char *list = PROGRAMS; *list && !failed; list += *list == '|') {
        char name[64];
        size_t length = strcspn(list, "|");
        snprintf(name, sizeof name, "%.*s", (int)length, list);
        list += length;
        char *path = beside(name);
        if (!path)
            return error_set(e, "cannot look for %s:", name);
        if (access(path, X_OK) == 0) {
            fflush(stdout);
            failed = print_summary(name, path, e);
        }
        free(path);
    }
    printf("\nEach has a --help of its own; man 7 winnow has a tutorial.\n");
    return failed;
}

int main(int argc, char **argv)
{
    struct call call;
    struct error e;
    bool name = argc > 1 && argv[1][0] != '-', help = argc == 2 && !strcmp(argv[1], "--help");

    program_begin(&program, name || help ? 1 : argc, argv, &call);
    if (!name) {
        if (list_programs(&e))
            program_fail(&call, &e);
        return program_end(&call);
    }
    const bool elsewhere = strchr(argv[1], '/');
    char *path = elsewhere ? NULL : beside(argv[1]);
    if (path) {
        execv(path, argv + 1);
    } else if (!elsewhere) {
        error_set(&e, "cannot look for %s:", argv[1]);
        program_fail(&call, &e);
    }
    char nearest[64];
    if (path && errno == ENOENT && words_nearest(PROGRAMS, argv[1], nearest, sizeof nearest))
        program_usage(&call, "there is no program '%s'; did you mean %s?", argv[1], nearest);
    if (!path || errno == ENOENT)
        program_usage(&call, "there is no program '%s'; winnow alone lists them", argv[1]);
    error_set(&e, "cannot run %s:", path);
    program_fail(&call, &e);
}
