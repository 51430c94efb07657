/* What a sandboxed process can still do, and what not: each act in a child of its own. */
#include "base/sandbox.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "base/file.h"
#include "tap.h"

static int in_force; /* where a child said what holds here */

/* ---- acts: 0, or the errno that stopped it ---- */

static int open_it(const char *path, int flags)
{
    int fd = open(path, flags, 0666);
    return fd < 0 ? errno : close(fd);
}

static int read_named(void)
{
    return open_it("named", O_RDONLY);
}
static int read_below(void)
{
    return open_it("folder/below", O_RDONLY);
}
static int read_linked(void)
{
    return open_it("folder/1/link", O_RDONLY);
}
static int read_linked_below(void)
{
    return open_it("folder/1/away/file", O_RDONLY);
}
static int write_linked(void)
{
    return open_it("folder/1/link", O_WRONLY);
}
static int read_linked_deep(void)
{
    return open_it("folder/1/2/3/4/link", O_RDONLY);
}
static int read_other(void)
{
    return open_it("other", O_RDONLY);
}
static int read_passwd(void)
{
    return open_it("/etc/passwd", O_RDONLY);
}
static int write_named(void)
{
    return open_it("named", O_WRONLY);
}
static int write_null(void)
{
    return open_it("/dev/null", O_WRONLY);
}
static int make_beside(void)
{
    return open_it("made", O_WRONLY | O_CREAT);
}
static int remove_other(void)
{
    return unlink("other") ? errno : 0;
}
static int chmod_other(void)
{
    return chmod("other", 0777) ? errno : 0;
}
static int truncate_named(void)
{
    return truncate("named", 0) ? errno : 0;
}
static int mark_named(void)
{
    int fd = open("named", O_RDONLY);
    return fsetxattr(fd, "user.mark", "", 0, 0) ? errno : 0;
}
static int unmark_named(void)
{
    return removexattr("named", "user.mark") ? errno : 0;
}

/* By numbers that came after Linux 6.1. */
static int chmod_anew(void)
{
    enum { FCHMODAT2 = 452 };
    return syscall(FCHMODAT2, AT_FDCWD, "other", 0777, 0) ? errno : 0;
}
static int unmark_anew(void)
{
    enum { REMOVEXATTRAT = 466 };
    return syscall(REMOVEXATTRAT, AT_FDCWD, "other", 0, "user.mark") ? errno : 0;
}

static int put(const char *path)
{
    struct output o;
    struct error e;
    if (output_open(&o, path, &e))
        return -1;
    return output_write(&o, "new", 3, &e) || output_commit(&o, &e) ? -1 : 0;
}

static int replace_output(void)
{
    return put("out/result");
}
static int make_folder(void)
{
    struct error e;
    return folder_make("out/a/b", &e) ? -1 : put("out/a/b/result");
}
static int follow_link(void)
{
    return put("link");
}

static int run_program(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return errno;
}
static int make_process(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child < 0 ? errno : 0;
}
static int make_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
}
static int trace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) ? errno : 0;
}

/* Nothing is sent: signal 0 asks whether it could be. */
static int signal_parent(void)
{
    return kill(getppid(), 0) ? errno : 0;
}
static int signal_init(void)
{
    return kill(1, 0) ? errno : 0;
}
static int signal_all(void)
{
    return kill(-1, 0) ? errno : 0;
}
static int signal_thread(void)
{
    return syscall(SYS_tkill, getppid(), 0) ? errno : 0;
}
static int signal_its_thread(void)
{
    return syscall(SYS_tgkill, getppid(), getppid(), 0) ? errno : 0;
}
static int signal_with_value(void)
{
    return sigqueue(getppid(), 0, (union sigval){0}) ? errno : 0;
}
static int signal_thread_with_value(void)
{
    siginfo_t info = {.si_code = SI_QUEUE};
    return syscall(SYS_rt_tgsigqueueinfo, getppid(), getppid(), 0, &info) ? errno : 0;
}
static int parent_descriptor = -1;
static int signal_by_descriptor(void)
{
    return syscall(SYS_pidfd_send_signal, parent_descriptor, 0, NULL, 0) ? errno : 0;
}
static int signal_when_ready(void)
{
    int ends[2];
    return pipe(ends) || fcntl(ends[0], F_SETOWN, getppid()) ? errno : 0;
}
static int slow_down(void)
{
    return setpriority(PRIO_PROCESS, (id_t)getppid(), getpriority(PRIO_PROCESS, 0)) ? errno : 0;
}
static int slow_reading_down(void)
{
    enum { OF_A_PROCESS = 1, BEST_EFFORT = 2 << 13 };
    return syscall(SYS_ioprio_set, OF_A_PROCESS, getppid(), BEST_EFFORT | 4) ? errno : 0;
}
static int schedule(void)
{
    return sched_setscheduler(getppid(), SCHED_OTHER, &(struct sched_param){0}) ? errno : 0;
}
static int limit_parent(void)
{
    struct rlimit limit;
    return prlimit(getppid(), RLIMIT_CORE, NULL, &limit) ? errno : 0;
}
static int type_in(void)
{
    return ioctl(open("/dev/null", O_WRONLY), TIOCSTI, "x") ? errno : 0;
}

static int limit_itself(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_CORE, &limit) || setrlimit(RLIMIT_CORE, &limit) ? errno : 0;
}
static int terminal = -1;
static int know_terminal(void)
{
    return isatty(terminal) ? 0 : errno;
}
static int signal_itself(void)
{
    signal(SIGUSR1, SIG_IGN);
    return raise(SIGUSR1) || kill(getpid(), SIGUSR1) ? errno : 0;
}
static int give_up(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    abort();
}

static void *nothing(void *p)
{
    return p;
}
static int make_thread(void)
{
    pthread_t thread;
    int failed = pthread_create(&thread, NULL, nothing, NULL);
    return failed ? failed : pthread_join(thread, NULL);
}
static int bind_thread(void)
{
    cpu_set_t cores;
    pthread_t thread;
    pthread_attr_t how;
    pthread_attr_init(&how);
    sched_getaffinity(0, sizeof cores, &cores);
    pthread_attr_setaffinity_np(&how, sizeof cores, &cores);
    int failed = pthread_create(&thread, &how, nothing, NULL);
    return failed ? failed : pthread_join(thread, NULL);
}

/* ---- in a child ---- */

/* What the act returned, or its signal + SIGNALLED, in a sandbox that may read `named`, `folder`
 * and what is linked there, and write out/result, what `link` points to and /dev/null. */
enum { SIGNALLED = 1000 };

static int try(int (*act)(void))
{
    pid_t child = fork();
    if (child == 0) {
        struct sandbox s;
        sandbox_begin(&s);
        sandbox_allow_read(&s, "named");
        sandbox_allow_read(&s, "folder");
        sandbox_allow_links(&s, "folder");
        sandbox_allow_read(&s, "missing");
        sandbox_allow_links(&s, "missing");
        sandbox_allow_write(&s, "out/result");
        sandbox_allow_write(&s, "link");
        sandbox_allow_write(&s, "/dev/null");
        sandbox_enter(&s);
        _exit(act());
    }
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status);
}

static int enter(void)
{
    struct sandbox s;
    sandbox_begin(&s);
    return sandbox_enter(&s);
}

static void put_files(void)
{
    static const char *const folders[] = {"folder",       "out",           "real",
                                          "away",         "folder/1",      "folder/1/2",
                                          "folder/1/2/3", "folder/1/2/3/4"};
    static const char *const files[] = {"named",       "folder/below", "other",
                                        "real/result", "linked",       "away/file"};
    static const char *const links[][2] = {{"../../linked", "folder/1/link"},
                                           {"../../away", "folder/1/away"},
                                           {".", "folder/itself"},
                                           {"../../../../../other", "folder/1/2/3/4/link"}};
    int made = 0;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        mkdir(folders[i], 0777);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        close(open(files[i], O_WRONLY | O_CREAT, 0666));
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        made += symlink(links[i][0], links[i][1]) == 0;
    ok(symlink("real/result", "link") == 0 && made == 4, "files to try");
}

int main(void)
{
    char folder[] = "/tmp/sandbox-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder))
        return 1;
    put_files();
    pid_t child = fork();
    if (child == 0)
        _exit(enter());
    int status;
    waitpid(child, &status, 0);
    in_force = WEXITSTATUS(status);
    parent_descriptor = (int)syscall(SYS_pidfd_open, getpid(), 0);
    terminal = posix_openpt(O_RDWR | O_NOCTTY);

    static const struct {
        const char *what;
        int (*act)(void);
    } allowed[] = {{"read what was named", read_named},
                   {"read below a folder that was named", read_below},
                   {"read what a link in it leads to", read_linked},
                   {"read below a folder that a link in it leads to", read_linked_below},
                   {"write to a device that was named", write_null},
                   {"put the output in place", replace_output},
                   {"make folders for it", make_folder},
                   {"put it where a link points", follow_link},
                   {"start a thread", make_thread},
                   {"start a thread on certain cores", bind_thread},
                   {"limit itself", limit_itself},
                   {"tell a terminal", know_terminal},
                   {"send itself a signal", signal_itself}};
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        int failed = try(allowed[i].act);
        ok(failed == 0, "can %s (%s)", allowed[i].what, strerror(failed));
    }
    ok(try(give_up) == SIGNALLED + SIGABRT, "can abort");
    static const struct {
        const char *what;
        int (*act)(void);
        int by, failure;
    } forbidden[] = {
        {"read another file", read_other, SANDBOX_FILES, EACCES},
        {"read what a link far below it leads to", read_linked_deep, SANDBOX_FILES, EACCES},
        {"write what a link in it leads to", write_linked, SANDBOX_FILES, EACCES},
        {"read /etc/passwd", read_passwd, SANDBOX_FILES, EACCES},
        {"write what is read", write_named, SANDBOX_FILES, EACCES},
        {"make a file elsewhere", make_beside, SANDBOX_FILES, EACCES},
        {"remove a file", remove_other, SANDBOX_FILES, EACCES},
        {"change a file's mode", chmod_other, SANDBOX_CALLS, EPERM},
        {"run a program", run_program, SANDBOX_CALLS, EPERM},
        {"start a process", make_process, SANDBOX_CALLS, EPERM},
        {"open a socket", make_socket, SANDBOX_CALLS, EPERM},
        {"be traced", trace, SANDBOX_CALLS, EPERM},
        {"truncate what is read", truncate_named, SANDBOX_CALLS, EPERM},
        {"mark what is read", mark_named, SANDBOX_CALLS, EPERM},
        {"remove its mark", unmark_named, SANDBOX_CALLS, EPERM},
        {"change a file's mode by a newer call", chmod_anew, SANDBOX_CALLS, ENOSYS},
        {"remove a mark by a newer call", unmark_anew, SANDBOX_CALLS, ENOSYS},
        {"send its parent a signal", signal_parent, SANDBOX_CALLS, EPERM},
        {"send the first process a signal", signal_init, SANDBOX_CALLS, EPERM},
        {"send all a signal", signal_all, SANDBOX_CALLS, EPERM},
        {"send a thread a signal", signal_thread, SANDBOX_CALLS, EPERM},
        {"send its parent's thread a signal", signal_its_thread, SANDBOX_CALLS, EPERM},
        {"send a signal with a value", signal_with_value, SANDBOX_CALLS, EPERM},
        {"send a thread a signal with a value", signal_thread_with_value, SANDBOX_CALLS, EPERM},
        {"send a signal by a descriptor", signal_by_descriptor, SANDBOX_CALLS, EPERM},
        {"have a signal sent when a file is ready", signal_when_ready, SANDBOX_CALLS, EPERM},
        {"set its parent's priority", slow_down, SANDBOX_CALLS, EPERM},
        {"set its parent's priority of reading", slow_reading_down, SANDBOX_CALLS, EPERM},
        {"schedule its parent", schedule, SANDBOX_CALLS, EPERM},
        {"limit its parent", limit_parent, SANDBOX_CALLS, EPERM},
        {"type on a terminal", type_in, SANDBOX_CALLS, EPERM}};
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        if (!(in_force & forbidden[i].by)) {
            skip("no sandbox here that forbids to %s", forbidden[i].what);
            continue;
        }
        int failed = try(forbidden[i].act);
        ok(failed == forbidden[i].failure, "cannot %s (%s)", forbidden[i].what, strerror(failed));
    }
    return tap_done();
}
