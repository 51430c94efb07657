#include "base/sandbox.h"

#ifdef __has_feature
#define HAS(x) __has_feature(x)
#else
#define HAS(x) 0
#endif
#if defined __linux__ && !defined NO_SANDBOX && !defined __SANITIZE_ADDRESS__ &&         \
    !defined __SANITIZE_THREAD__ && !HAS(address_sanitizer) && !HAS(thread_sanitizer) && \
    !HAS(memory_sanitizer)

#include <asm/termbits.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/memory.h"

/* ---- files: Landlock ---- */

enum {
    READ = LANDLOCK_ACCESS_FS_READ_FILE,
    READ_BELOW = READ | LANDLOCK_ACCESS_FS_READ_DIR,
    TRUNCATE = 1 << 14, /* since version 3, which Debian 12's headers do not know */
    WRITE = LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE,
    WRITE_BELOW = WRITE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR,
    ALL = 2 * LANDLOCK_ACCESS_FS_MAKE_SYM - 1, /* of version 1 */
};

/* landlock_ruleset_attr as of version 6, which Debian 12's headers do not know either. An older
 * kernel takes it as long as what it does not know is 0. */
struct ruleset {
    uint64_t files, network, scoped;
};
enum { SCOPED = 3 }; /* abstract Unix sockets, signals: those of processes in this sandbox alone */

/* What the kernel's version takes care of: Landlock refuses the bits that it does not know. */
static struct ruleset handled(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return (struct ruleset){.files = version < 1   ? 0
                                     : version < 3 ? ALL
                                                   : ALL | TRUNCATE,
                            .scoped = version < 6 ? 0 : SCOPED};
}

void sandbox_begin(struct sandbox *s)
{
    const struct ruleset all = handled();
    s->rules = all.files ? (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0) : -1;
}

static void allow(struct sandbox *s, const char *path, uint64_t access)
{
    int fd = s->rules < 0 ? -1 : open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return;
    const struct landlock_path_beneath_attr rule = {.allowed_access = access & handled().files,
                                                    .parent_fd = fd};
    syscall(SYS_landlock_add_rule, s->rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(fd);
}

void sandbox_allow_read(struct sandbox *s, const char *path)
{
    struct stat there;
    if (stat(path, &there) == 0)
        allow(s, path, S_ISDIR(there.st_mode) ? READ_BELOW : READ);
}

/* Links in the folder itself, and in the folders below it, to `levels`. */
static void allow_links(struct sandbox *s, const char *folder, int levels, int *entries)
{
    DIR *open_folder = levels > 0 && s->rules >= 0 ? opendir(folder) : NULL;
    for (struct dirent *d; open_folder && (d = readdir(open_folder)) && (*entries)-- > 0;) {
        bool link = d->d_type == DT_LNK, below = d->d_type == DT_DIR;
        struct stat there;
        char path[PATH_MAX];
        if (!(link || below) || strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 ||
            snprintf(path, sizeof path, "%s/%s", folder, d->d_name) >= PATH_MAX)
            continue;
        if (link && stat(path, &there) == 0 && (S_ISREG(there.st_mode) || S_ISDIR(there.st_mode))) {
            allow(s, path, S_ISDIR(there.st_mode) ? READ_BELOW : READ);
            below = S_ISDIR(there.st_mode);
        }
        if (below)
            allow_links(s, path, levels - 1, entries);
    }
    if (open_folder)
        closedir(open_folder);
}

void sandbox_allow_links(struct sandbox *s, const char *folder)
{
    enum { LEVELS = 4, ENTRIES = 1 << 20 };
    allow_links(s, folder, LEVELS, &(int){ENTRIES});
}

void sandbox_allow_write(struct sandbox *s, const char *path)
{
    struct stat there;
    bool exists = stat(path, &there) == 0;
    if (exists && !S_ISREG(there.st_mode)) {
        allow(s, path, S_ISDIR(there.st_mode) ? WRITE_BELOW : WRITE);
        return;
    }
    /* through a link, what it points to will be replaced */
    autofree char *copy = exists ? realpath(path, NULL) : strdup(path);
    if (!copy)
        return;
    char *folder = dirname(copy);
    while (stat(folder, &there) && strcmp(folder, ".") && strcmp(folder, "/"))
        folder = dirname(folder);
    allow(s, folder, WRITE_BELOW);
}

static bool enforce_rules(struct sandbox *s)
{
    bool enforced = s->rules >= 0 && syscall(SYS_landlock_restrict_self, s->rules, 0) == 0;
    if (s->rules >= 0)
        close(s->rules);
    s->rules = -1;
    return enforced;
}

/* ---- system calls: seccomp ---- */

#if defined __x86_64__
#define MACHINE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define MACHINE AUDIT_ARCH_AARCH64
#endif

#ifdef MACHINE
/* What has come since this list was made, of Linux 6.1, is as if this kernel did not have it. */
enum { LAST_CALL = SYS_set_mempolicy_home_node };

/* clang-format off */
static const int denied[] = {
    /* programs, processes */
    SYS_execve, SYS_execveat,
    /* the network and other ways to talk */
    SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4,
    SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_shmget, SYS_shmat, SYS_shmctl, SYS_msgget,
    SYS_msgsnd, SYS_msgrcv, SYS_msgctl, SYS_semget, SYS_semop, SYS_semtimedop, SYS_semctl,
    SYS_mq_open, SYS_mq_unlink,
    /* other processes: to look into, to send signals, to slow down */
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_open, SYS_pidfd_getfd,
    SYS_kcmp, SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
    SYS_pidfd_send_signal, SYS_setpriority, SYS_ioprio_set, SYS_prlimit64, SYS_sched_setparam,
    SYS_sched_setscheduler, SYS_sched_setattr, SYS_migrate_pages, SYS_move_pages,
    SYS_process_madvise, SYS_process_mrelease,
    /* parts of the kernel that no filter needs */
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_io_uring_enter,
    SYS_io_uring_register, SYS_add_key, SYS_request_key, SYS_keyctl, SYS_unshare, SYS_setns,
    SYS_mount, SYS_umount2, SYS_open_tree, SYS_move_mount, SYS_mount_setattr, SYS_fsopen,
    SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_pivot_root, SYS_chroot, SYS_init_module,
    SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_personality,
    SYS_open_by_handle_at, SYS_fanotify_init, SYS_quotactl, SYS_quotactl_fd, SYS_swapon,
    SYS_swapoff, SYS_acct, SYS_syslog, SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime,
    SYS_adjtimex, SYS_sethostname, SYS_setdomainname, SYS_vhangup, SYS_ioctl,
    /* what Landlock does not watch */
    SYS_fchmodat, SYS_fchownat, SYS_fchown, SYS_utimensat, SYS_truncate, SYS_setxattr,
    SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr,
#ifdef SYS_fork /* older machines have two calls for some things */
    SYS_fork, SYS_vfork, SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat,
    SYS_iopl, SYS_ioperm,
#endif
};
/* clang-format on */
enum { DENIED = sizeof denied / sizeof *denied };

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define SKIP(test, value, if_so, if_not) BPF_JUMP(BPF_JMP | (test) | BPF_K, value, if_so, if_not)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE(number) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (number))
/* The lower half of the argument, which is all that the kernel takes of an int. */
#define WHERE(call, argument, value, answer) \
    SKIP(BPF_JEQ, call, 0, 4), LOAD(args[argument]), SKIP(BPF_JEQ, value, 0, 1), answer, LOAD(nr)

static bool filter_calls(void)
{
    const unsigned self = (unsigned)getpid();
    const struct sock_filter before[] = {
        LOAD(arch),
        SKIP(BPF_JEQ, MACHINE, 1, 0),
        REFUSE(EPERM),
        LOAD(nr), /* those of another calling convention are above all others */
        SKIP(BPF_JGT, LAST_CALL, 0, 1),
        REFUSE(ENOSYS),
        /* abort() and raise(); our own limits; whether it is a terminal */
        WHERE(SYS_kill, 0, self, ALLOW),
        WHERE(SYS_tgkill, 0, self, ALLOW),
        WHERE(SYS_prlimit64, 0, 0, ALLOW),
        WHERE(SYS_ioctl, 1, TCGETS, ALLOW),
        WHERE(SYS_ioctl, 1, TCGETS2, ALLOW),
        /* signals to other processes, when a file is ready */
        WHERE(SYS_fcntl, 1, F_SETOWN, REFUSE(EPERM)),
        WHERE(SYS_fcntl, 1, F_SETOWN_EX, REFUSE(EPERM)),
    };
    /* threads but no processes; clone3's flags lie in memory, so libc falls back to clone */
    const struct sock_filter after[] = {
        SKIP(BPF_JEQ, SYS_clone3, 0, 1),
        REFUSE(ENOSYS),
        SKIP(BPF_JEQ, SYS_clone, 1, 0),
        ALLOW,
        LOAD(args[0]),
        SKIP(BPF_JSET, CLONE_THREAD, 1, 0),
        REFUSE(EPERM),
        ALLOW,
    };
    enum { BEFORE = sizeof before / sizeof *before, AFTER = sizeof after / sizeof *after };
    struct sock_filter filter[BEFORE + 2 * DENIED + AFTER], *f = filter + BEFORE;
    memcpy(filter, before, sizeof before);
    for (int i = 0; i < DENIED; i++) {
        *f++ = (struct sock_filter)SKIP(BPF_JEQ, (unsigned)denied[i], 0, 1);
        *f++ = (struct sock_filter)REFUSE(EPERM);
    }
    memcpy(f, after, sizeof after);
    const struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
#else
static bool filter_calls(void)
{
    return false;
}
#endif

int sandbox_enter(struct sandbox *s)
{
    int in_force = 0;
    bool ready = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (enforce_rules(s) && ready)
        in_force |= SANDBOX_FILES;
    if (ready && filter_calls())
        in_force |= SANDBOX_CALLS;
    return in_force;
}

#else

void sandbox_begin(struct sandbox *s)
{
    s->rules = -1;
}

void sandbox_allow_read(struct sandbox *s, const char *path)
{
    (void)s;
    (void)path;
}

void sandbox_allow_write(struct sandbox *s, const char *path)
{
    (void)s;
    (void)path;
}

void sandbox_allow_links(struct sandbox *s, const char *folder)
{
    (void)s;
    (void)folder;
}

int sandbox_enter(struct sandbox *s)
{
    (void)s;
    return 0;
}

#endif
