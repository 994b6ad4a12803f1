/*
 * process_spawn.c: see process_spawn.h. vfork, not fork: the cost does not grow with our memory,
 * and the child can tell why it failed by writing into ours. The price: until exec the child runs
 * in our memory, so it may only make system calls, and no signal handler of ours may run in it (all
 * signals are blocked around the vfork, and every disposition is reset before the mask is emptied).
 */
#include "io/process_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

enum { PLAN_FDS = PROCESS_FD_MAX + PROCESS_STREAMS, FD_FALLBACK_MAX = 65536 };

typedef enum { STAGE_EXEC, STAGE_FDS, STAGE_CWD, STAGE_LIMITS, STAGE_ORPHANED } stage;

/* All that the child needs, made before it exists. failed and failed_errno are its answer. */
typedef struct plan {
    const char *path, *cwd;
    const char *const *argv, *const *env;
    process_fd fds[PLAN_FDS];
    size_t fd_count;
    int above; /* first descriptor number over all targets */
    long fd_limit;
    const process_limit *limits;
    size_t limit_count;
    pid_t parent;
    volatile stage failed;
    volatile int failed_errno;
} plan;

static _Noreturn void child_fail(plan *p, stage at, int errnum)
{
    p->failed = at;
    p->failed_errno = errnum;
    _exit(127);
}

static void child_reset_signals(void)
{
    /* The kernel's call, not the library's, which refuses its own two signals: whoever was started
     * by posix_spawn (make does) has them ignored, and would pass that on. */
    static const struct {
        void *handler; /* SIG_DFL */
        unsigned long flags;
        void *restorer;
        unsigned long mask;
    } dfl;
    for (int sig = 1; sig < NSIG; sig++)
        syscall(SYS_rt_sigaction, sig, &dfl, NULL, sizeof dfl.mask);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child_close_others(const plan *p)
{
    if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
        return;
    for (int fd = 3; fd < p->fd_limit; fd++) /* a kernel before 5.11 */
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void child_map_fds(plan *p)
{
    /* A source may have the number of another's target, so all sources first move out of the way.
     */
    for (size_t i = 0; i < p->fd_count; i++) {
        int fd = fcntl(p->fds[i].source, F_DUPFD_CLOEXEC, p->above);
        if (fd < 0)
            child_fail(p, STAGE_FDS, errno);
        p->fds[i].source = fd;
    }
    for (size_t i = 0; i < p->fd_count; i++) {
        if (dup2(p->fds[i].source, p->fds[i].target) < 0)
            child_fail(p, STAGE_FDS, errno);
    }
}

static void child_limit(plan *p)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    for (size_t i = 0; i < p->limit_count; i++) {
        if (setrlimit(p->limits[i].resource, &p->limits[i].value) < 0)
            child_fail(p, STAGE_LIMITS, errno);
    }
}

static _Noreturn void child_main(plan *p)
{
    setpgid(0, 0);
    /* The parent may have died before the prctl took effect: then nobody would ever send the
     * signal. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != p->parent)
        child_fail(p, STAGE_ORPHANED, ESRCH);
    child_close_others(p);
    child_map_fds(p);
    if (p->cwd && chdir(p->cwd) < 0)
        child_fail(p, STAGE_CWD, errno);
    child_limit(p);
    child_reset_signals();
    execve(p->path, (char *const *)p->argv, (char *const *)p->env);
    child_fail(p, STAGE_EXEC, errno);
}

/* A frame of its own that lives on until the child is gone, with nothing in it for the child to
 * clobber. */
static __attribute__((noinline)) pid_t start(plan *p)
{
    pid_t pid = vfork();
    if (pid == 0)
        child_main(p);
    return pid;
}

static const char *env_get(const char *const *env, const char *name)
{
    size_t len = strlen(name);
    for (; *env; env++) {
        if (!strncmp(*env, name, len) && (*env)[len] == '=')
            return *env + len + 1;
    }
    return NULL;
}

static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Finds name as a shell would. On failure found holds nothing. */
static bool find_program(const char *name, const char *const *env, buf *found, err *e)
{
    if (strchr(name, '/')) {
        buf_append_str(found, name);
        return true;
    }
    const char *dirs = env_get(env, "PATH");
    if (!dirs)
        dirs = "/usr/local/bin:/usr/bin:/bin";
    for (const char *at = dirs; *name; at++) {
        size_t len = strcspn(at, ":");
        found->len = 0;
        buf_append(found, len ? at : ".", len ? len : 1);
        buf_append_char(found, '/');
        buf_append_str(found, name);
        if (is_program(buf_cstr(found)))
            return true;
        at += len;
        if (!*at)
            break;
    }
    return err_set(e, "not-found", "cannot start \"%s\": no such program in PATH (%s)", name, dirs);
}

static const char *exec_hint(const plan *p, int errnum)
{
    struct stat st;
    switch (errnum) {
    case ENOENT:
        return stat(p->path, &st) == 0
                   ? "; the file is there, but not the interpreter that its first line names"
                   : "";
    case EACCES:
        if (stat(p->path, &st) == 0 && S_ISDIR(st.st_mode))
            return "; it is a directory";
        return "; it must be executable (chmod +x) and not on a file system mounted noexec";
    case ENOEXEC: return "; it is neither a program for this machine nor a script with a #! line";
    case ETXTBSY: return "; somebody is writing to it";
    case E2BIG: return "; the arguments and the environment together are too large";
    default: return "";
    }
}

static bool explain(const plan *p, err *e)
{
    int errnum = p->failed_errno;
    switch (p->failed) {
    case STAGE_EXEC: {
        const char *hint = exec_hint(p, errnum);
        err_set_errno(e, errnum, "cannot start \"%s\"", p->path);
        if (e && *hint)
            strncat(e->text, hint, sizeof e->text - strlen(e->text) - 1);
        return false;
    }
    case STAGE_CWD:
        return err_set_errno(e, errnum, "cannot start \"%s\" in the directory \"%s\"", p->path,
                             p->cwd);
    case STAGE_LIMITS: return err_set_errno(e, errnum, "cannot set the limits of \"%s\"", p->path);
    default: return err_set_errno(e, errnum, "cannot set up the process for \"%s\"", p->path);
    }
}

static void plan_fds(plan *p, const process_fd *fds, size_t count)
{
    struct rlimit nofile;
    memcpy(p->fds, fds, count * sizeof *fds);
    p->fd_count = count;
    p->above = 3;
    for (size_t i = 0; i < count; i++) {
        if (fds[i].target >= p->above)
            p->above = fds[i].target + 1;
    }
    p->fd_limit = FD_FALLBACK_MAX;
    if (getrlimit(RLIMIT_NOFILE, &nofile) == 0 && nofile.rlim_cur < FD_FALLBACK_MAX)
        p->fd_limit = (long)nofile.rlim_cur;
}

pid_t process_spawn_exec(const process_config *config, const process_fd *fds, size_t fd_count,
                         err *e)
{
    const char *const *env = config->env ? config->env : (const char *const *)environ;
    plan p = {
        .argv = config->argv,
        .env = env,
        .cwd = config->cwd,
        .limits = config->limits,
        .limit_count = config->limit_count,
        .parent = getpid(),
    };
    buf path = {0};
    pid_t pid = -1;
    if (!find_program(config->path ? config->path : config->argv[0], env, &path, e))
        goto done;
    p.path = buf_cstr(&path);
    plan_fds(&p, fds, fd_count);

    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = start(&p);
    int fork_errno = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    if (pid < 0) {
        err_set_errno(e, fork_errno, "cannot start another process (\"%s\")", p.path);
    } else if (p.failed_errno) {
        /* It has already called _exit; SIGCHLD may reap it first, which is as good. */
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
        explain(&p, e);
        pid = -1;
    }
done:
    buf_finish(&path);
    return pid;
}
