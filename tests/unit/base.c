/* Errors, memory, files that appear whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <dirent.h>
#include <unistd.h>
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "tap.h"

static void errors(void)
{
    struct error e;
    ok(error_set(&e, "rows: expected %d, found %d", 3, 4) == -1 &&
           !strcmp(e.text, "rows: expected 3, found 4"),
       "a text");
    errno = ENOENT;
    error_set(&e, "cannot open %s:", "x");
    ok(!strcmp(e.text, "cannot open x: No such file or directory"), "errno's text: %s", e.text);
    ok(error_wrap(&e, "%s: row %d", "a", 7) == -1 &&
           !strcmp(e.text, "a: row 7: cannot open x: No such file or directory"),
       "context in front: %s", e.text);
    char longer[3000];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    error_set(&e, "%s:", longer);
    error_wrap(&e, "%s", longer);
    ok(strlen(e.text) < sizeof e.text, "no text is too long");
}

static void memory(void)
{
    struct error e;
    size_t product = 5;
    ok(size_multiply(SIZE_MAX / 2, 3, &product) == -1 && product == 5, "an overflow is told");
    ok(size_multiply(6, 7, &product) == 0 && product == 42, "a product");
    ok(!array_new(SIZE_MAX / 2, 4, "labels", &e) && strstr(e.text, "labels"), "%s", e.text);
    ok(!array_new(SIZE_MAX, 1, "labels", &e), "nor where rounding would overflow");
    char *none = array_new(0, 8, "nothing", &e), *some = array_new(100, 4, "some", &e);
    bool zero = true;
    for (int i = 0; i < 400; i++)
        zero = zero && some[i] == 0;
    ok(none && zero && (uintptr_t)some % 64 == 0, "zeroed and aligned");
    free(none);
    free(some);
    void *array = NULL;
    size_t capacity = 0;
    bool good = true;
    for (int i = 0; i < 1000 && good; i++) {
        good = array_grow(&array, &capacity, (size_t)i + 1, sizeof(int), "ints", &e) == 0;
        ((int *)array)[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        good = good && ((int *)array)[i] == i;
    for (size_t i = 1000; i < capacity; i++)
        good = good && ((int *)array)[i] == 0;
    ok(good, "growing keeps what is there and zeroes the rest");
    ok(array_grow(&array, &capacity, SIZE_MAX / 2, 4, "ints", &e) == -1 &&
           ((int *)array)[999] == 999,
       "a failed growth leaves the old");
    free(array);
}

static int count_files(const char *folder)
{
    int n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *entry; d && (entry = readdir(d));)
        n += entry->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

static bool holds(const char *path, const char *text)
{
    struct error e;
    size_t size;
    char *found = input_read_all(path, 1 << 20, &size, &e);
    bool same = found && strcmp(found, text) == 0;
    free(found);
    return same;
}

static void outputs(void)
{
    struct error e = {""};
    struct output o;
    ok(output_open(&o, "a", &e) == 0 && access("a", F_OK) != 0, "nothing before the commit");
    ok(output_write(&o, "one", 3, &e) == 0 && output_commit(&o, &e) == 0 && holds("a", "one"),
       "whole after it");
    chmod("a", 0600);
    symlink("a", "link");
    output_open(&o, "link", &e);
    output_write(&o, "two", 3, &e);
    ok(holds("a", "one"), "the old file until the commit");
    output_commit(&o, &e);
    struct stat there;
    ok(holds("a", "two") && lstat("link", &there) == 0 && S_ISLNK(there.st_mode),
       "a link is followed");
    ok(stat("a", &there) == 0 && (there.st_mode & 0777) == 0600, "the mode is kept");
    output_open(&o, "a", &e);
    output_write(&o, "three", 5, &e);
    output_abandon(&o);
    ok(holds("a", "two") && count_files(".") == 2, "abandoned: the old file, no temporary");
    output_abandon(&o);
    ok(output_open(&o, "none/a", &e) == -1 && strstr(e.text, "cannot create none/a: No such file"),
       "%s", e.text);
    output_abandon(&o);
    ok(output_open(&o, "/dev/full", &e) == 0 && output_write(&o, "x", 1, &e) == -1 &&
           strstr(e.text, "No space left"),
       "%s", e.text);
    output_abandon(&o);
    ok(access("/dev/full", F_OK) == 0, "a device is not replaced");
    unlink("link");
}

/* A child that dies in the middle of a file: by the signal, and leaving nothing. */
static void signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXCPU};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        pid_t child = fork();
        if (child == 0) {
            struct error e;
            struct output o, p;
            output_open(&o, "b", &e);
            output_open(&p, "a", &e);
            output_write(&o, "half", 4, &e);
            raise(numbers[i]);
            _exit(0);
        }
        int status;
        waitpid(child, &status, 0);
        ok(WIFSIGNALED(status) && WTERMSIG(status) == numbers[i], "ends by signal %d", numbers[i]);
        ok(holds("a", "two") && count_files(".") == 1, "and leaves the old file only");
    }
    pid_t child = fork();
    if (child == 0) {
        struct error e;
        struct output o;
        output_open(&o, "b", &e);
        exit(1);
    }
    waitpid(child, NULL, 0);
    ok(count_files(".") == 1, "exit() in the middle leaves nothing either");
}

static void inputs(void)
{
    struct error e;
    size_t size = 0;
    ok(input_open("none", &e) == -1 && strstr(e.text, "cannot open none:"), "%s", e.text);
    char *text = input_read_all("a", 3, &size, &e);
    ok(text && size == 3, "as large as allowed");
    free(text);
    ok(!input_read_all("a", 2, &size, &e) && strstr(e.text, "a: larger than 2 bytes"), "%s",
       e.text);
    ok(!input_read_all(".", 9, &size, &e) && strstr(e.text, "directory"), "%s", e.text);
    ok(folder_make("x/y/z", &e) == 0 && access("x/y/z", F_OK) == 0 &&
           folder_make("x/y/z/", &e) == 0,
       "mkdir -p");
    ok(folder_make("a/b", &e) == -1, "%s", e.text);
}

static void printable(void)
{
    char text[] = "caf\xc3\xa9\n\x1b[31m \x7f \xc2\x9b \xff\xe2\x82\xac \xe2\x82";
    text_make_printable(text);
    ok(!strcmp(text, "caf\xc3\xa9??[31m ? ?? ?\xe2\x82\xac ??"), "%s", text);
}

static void kept_text(void)
{
    struct text_buffer b;
    FILE *to = text_buffer_open(&b);
    for (int i = 0; i < 5000; i++)
        fprintf(to, "%d,", i);
    ok(text_buffer_close(to, &b) == 0 && b.size == strlen(b.text) && b.size == 23890 &&
           !strncmp(b.text + b.size - 5, "4999,", 5),
       "a text of %zu bytes is kept", b.size);
    free(b.text);
    to = text_buffer_open(&b);
    ok(text_buffer_close(to, &b) == 0 && !strcmp(b.text, ""), "an empty one is a text too");
    free(b.text);
}

int main(void)
{
    char folder[] = "/tmp/winnow-base.XXXXXX";
    if (!mkdtemp(folder) || chdir(folder))
        return 1;
    /* A shell starts what it puts in the background with these ignored. */
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    errors();
    memory();
    outputs();
    signals();
    inputs();
    printable();
    kept_text();
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return tap_done() | (system(command) != 0);
}
