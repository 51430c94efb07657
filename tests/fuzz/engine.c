/* What calls fuzz_one: an engine (FUZZ_ENGINE: libFuzzer's entry, which AFL++ takes too), or a main
 * that replays files: those of the folders named, else of tests/fuzz/corpus/NAME. */
#include "fuzz/fuzz.h"

#ifdef FUZZ_ENGINE
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    fuzz_one(bytes, size);
    return 0;
}
#else
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include "base/file.h"
#include "tap.h"

enum { MOST_BYTES = 1 << 24 };

static int is_input(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

/* 1 accepted, 0 refused, -1 not read. The name comes first, to be the last word of a crash. */
static int replay_file(const char *folder, const char *name)
{
    char path[4096];
    struct error e;
    size_t size;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    printf("# %s\n", path);
    fflush(stdout);
    char *bytes = input_read_all(path, MOST_BYTES, &size, &e);
    char *exact = bytes ? realloc(bytes, size + !size) : NULL; /* a byte beyond is a sanitizer's */
    int accepted = exact ? fuzz_one((const uint8_t *)exact, size) : -1;
    free(exact);
    return accepted;
}

static void replay(const char *folder)
{
    struct dirent **input;
    int inputs = scandir(folder, &input, is_input, alphasort), count[3] = {0};
    for (int i = 0; i < inputs; i++) {
        count[1 + replay_file(folder, input[i]->d_name)]++;
        free(input[i]);
    }
    if (inputs >= 0)
        free(input);
    ok(count[2] > 0 && count[1] > 0 && count[0] == 0,
       "%s: some accepted (%d), some refused (%d), all read", folder, count[2], count[1]);
}

int main(int argc, char **argv)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", program_invocation_short_name);
    if (argc < 2)
        replay(folder);
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    return tap_done();
}
#endif
