/* With fault.c, loaded before libc: with FAULT_SERVE='STDIN STDOUT STDERR SECONDS', paths without
 * blanks, a program stops before its main and serves. For each line on descriptor 97, empty or what
 * FAULT is to be, a copy of the process goes on with these files, for so long, and its wait status
 * goes to descriptor 98 as a line. So a try costs neither exec nor linking. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "promises/fault.h"

enum { REQUESTS = 97, REPLIES = 98, CANNOT_BEGIN = 126 };

typedef int entry(int argc, char **argv, char **environment);
static entry *program_main;

/* By bare system calls: fault.c must not count ours. */
static void put(const char *path, int flags, int at)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0666);
    if (fd < 0 || dup2(fd, at) < 0)
        _exit(CANNOT_BEGIN);
    if (fd != at)
        syscall(SYS_close, fd);
}

/* Returns in the copies alone. */
static void serve(const char *how)
{
    char in[4096], out[4096], err[4096], fault[64], process[16];
    unsigned seconds;
    ssize_t length;
    if (sscanf(how, "%4095s %4095s %4095s %u", in, out, err, &seconds) != 4)
        _exit(CANNOT_BEGIN);
    unsetenv("FAULT_SERVE");
    while ((length = syscall(SYS_read, REQUESTS, fault, sizeof fault - 1)) > 0) {
        int status;
        fault[length - 1] = 0; /* whose line feed it was */
        pid_t copy = fork();
        if (copy == 0) {
            syscall(SYS_close, REQUESTS);
            syscall(SYS_close, REPLIES);
            put(in, O_RDONLY, STDIN_FILENO);
            put(out, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
            put(err, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
            alarm(seconds);
            snprintf(process, sizeof process, "%d", (int)getpid());
            setenv("FAULT_PROCESS", process, 1);
            setenv("FAULT", fault, 1); /* should it become another program */
            fault_set(fault);
            return;
        }
        if (copy < 0 || waitpid(copy, &status, 0) != copy || dprintf(REPLIES, "%d\n", status) < 0)
            break;
    }
    _exit(0);
}

static int main_or_serve(int argc, char **argv, char **environment)
{
    const char *how = getenv("FAULT_SERVE");
    if (how)
        serve(how);
    return program_main(argc, argv, environment);
}

typedef int start(entry *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
start __libc_start_main;
int __libc_start_main(entry *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*linker_fini)(void), void *stack)
{
    start *real = (start *)dlsym(RTLD_NEXT, "__libc_start_main");
    program_main = main;
    return real(main_or_serve, argc, argv, init, fini, linker_fini, stack);
}
