/* winnow NAME ...: the program NAME that lies beside this one; alone, a list of them. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/program.h"
#include "base/words.h"

/* In the order in which data pass. Only these are asked for their summary: in a folder like
 * /usr/local/bin lie many programs that are not ours to run. */
#define PROGRAMS                                                                              \
    "load|save|peek|pick|mosaic|train-encoder|encode-latent|decode-latent|build-kdtree|mine|" \
    "search-step|derive|train|predict|evaluate"

static const struct program program = {
    .name = "winnow",
    .runs_programs = true,
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

/* The second line of a program's help is "name: summary". */
static void print_summary(const char *name, const char *path)
{
    int ends[2];
    if (pipe(ends))
        return;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(path, name, "--help", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *help = fdopen(ends[0], "r");
    char line[512] = "";
    for (int i = 0; help && i < 2; i++)
        if (!fgets(line, sizeof line, help))
            line[0] = 0;
    if (help)
        fclose(help);
    if (child > 0)
        waitpid(child, NULL, 0);
    const char *summary = strstr(line, ": ");
    printf("  %-14s %s", name, summary ? summary + 2 : "\n");
}

static void list_programs(void)
{
    printf("usage: winnow PROGRAM [argument ...]\n%s\n\n", program.summary);
    for (const char *list = PROGRAMS; *list; list += *list == '|') {
        char name[64];
        size_t length = strcspn(list, "|");
        snprintf(name, sizeof name, "%.*s", (int)length, list);
        list += length;
        char *path = beside(name);
        if (path && access(path, X_OK) == 0) {
            fflush(stdout);
            print_summary(name, path);
        }
        free(path);
    }
    printf("\nEach has a --help of its own.\n");
}

int main(int argc, char **argv)
{
    struct call call;
    bool name = argc > 1 && argv[1][0] != '-', help = argc == 2 && !strcmp(argv[1], "--help");

    program_begin(&program, name || help ? 1 : argc, argv, &call);
    if (!name) {
        list_programs();
        return program_end(&call);
    }
    char *path = strchr(argv[1], '/') ? NULL : beside(argv[1]);
    if (path)
        execv(path, argv + 1);
    char nearest[64];
    if (path && errno == ENOENT && words_nearest(PROGRAMS, argv[1], nearest, sizeof nearest))
        program_usage(&call, "there is no program '%s'; did you mean %s?", argv[1], nearest);
    if (!path || errno == ENOENT)
        program_usage(&call, "there is no program '%s'; winnow alone lists them", argv[1]);
    struct error e;
    error_set(&e, "cannot run %s:", path);
    program_fail(&call, &e);
}
