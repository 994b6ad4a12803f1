/*
 * process.c: see process.h. Every started process stays in the list of the living until it is
 * reaped, also after process_destroy, so that process_finish and the atexit handler miss none.
 */
#include "io/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/list.h"
#include "base/mem.h"
#include "io/process_pipe.h"
#include "io/process_spawn.h"

enum { POLL_MS = 2, REAP_MS = 500 };

struct process {
    list node; /* in living until reaped */
    pid_t pid;
    ev_child child;
    bool ended, released;
    process_status status;
    loop_timer kill_timer;
    process_pipe streams[PROCESS_STREAMS];
    void (*on_exit)(void *arg, process_status status);
    void *arg;
};

static struct {
    list living;
    bool ready;
} the;

static process_status decode_status(int status)
{
    if (WIFSIGNALED(status))
        return (process_status){.code = -1, .signal = WTERMSIG(status)};
    return (process_status){.code = WEXITSTATUS(status), .signal = 0};
}

static void process_free(process *p)
{
    for (int i = 0; i < PROCESS_STREAMS; i++)
        process_pipe_close(&p->streams[i]);
    loop_timer_stop(&p->kill_timer);
    free(p);
}

/* The process is reaped: no signal may go to its pid any more, but its group may live on in its
 * children. */
static void mark_ended(process *p, process_status status)
{
    p->ended = true;
    p->status = status;
    list_remove(&p->node);
    loop_timer_stop(&p->kill_timer);
    ev_child_stop(loop_ev(), &p->child);
    kill(-p->pid, SIGKILL);
}

static void on_child(struct ev_loop *ev, ev_child *w, int events)
{
    (void)ev, (void)events;
    process *p = w->data;
    mark_ended(p, decode_status(w->rstatus));
    if (p->released)
        process_free(p);
    else if (p->on_exit)
        p->on_exit(p->arg, p->status);
}

/* The last net: exit() was called past process_finish. Runs without the loop. */
static void kill_at_exit(void)
{
    for (list *n = the.living.next; n != &the.living; n = n->next)
        kill(-list_entry(n, process, node)->pid, SIGKILL);
}

static void init_once(void)
{
    if (the.ready)
        return;
    the.ready = true;
    list_init(&the.living);
    /* Chromium's zygotes outlive it by a moment; without this they would be init's to reap, which
     * in a container is often a program that does not. libev's SIGCHLD handler reaps any pid, so
     * nothing else is needed. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    atexit(kill_at_exit);
}

static void close_all(const int fds[PROCESS_STREAMS])
{
    for (int i = 0; i < PROCESS_STREAMS; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

/* ours: our end, or -1. theirs: what the child gets as fd number which, to be closed after the
 * start; -1 on failure. An inherited stream that is closed here is /dev/null there: a program whose
 * fd 1 is its first open file would write its output into it. */
static bool open_stream(process_stream how, process_which which, int *ours, int *theirs, err *e)
{
    int pair[2];
    *ours = -1;
    if (how == PROCESS_PIPE) {
        if (pipe2(pair, O_CLOEXEC) < 0)
            return err_set_errno(e, errno, "cannot make a pipe for a process");
        int mine = which == PROCESS_STDIN ? 1 : 0;
        fcntl(pair[mine], F_SETFL,
              O_NONBLOCK); /* only this end: the flag belongs to the end, not to the pipe */
        *ours = pair[mine];
        *theirs = pair[!mine];
        return true;
    }
    *theirs = how == PROCESS_INHERIT ? fcntl((int)which, F_DUPFD_CLOEXEC, 3) : -1;
    if (*theirs < 0)
        *theirs = open("/dev/null", (which == PROCESS_STDIN ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
    return *theirs >= 0 || err_set_errno(e, errno, "cannot open /dev/null for a process");
}

process *process_spawn(const process_config *config, err *e)
{
    int ours[PROCESS_STREAMS] = {-1, -1, -1}, theirs[PROCESS_STREAMS] = {-1, -1, -1};
    process_fd fds[PROCESS_FD_MAX + PROCESS_STREAMS];
    size_t count = 0;
    process *p = NULL;
    pid_t pid;

    init_once();
    if (config->fd_count > PROCESS_FD_MAX || config->limit_count > PROCESS_LIMIT_MAX) {
        err_set(e, "invalid", "too many descriptors or limits for a process");
        return NULL;
    }
    for (int i = 0; i < PROCESS_STREAMS; i++) {
        if (!open_stream(config->streams[i], (process_which)i, &ours[i], &theirs[i], e))
            goto done;
        fds[count++] = (process_fd){.source = theirs[i], .target = i};
    }
    for (size_t i = 0; i < config->fd_count; i++)
        fds[count++] = config->fds[i];

    pid = process_spawn_exec(config, fds, count, e);
    if (pid < 0)
        goto done;
    p = mem_zero(1, sizeof *p);
    p->pid = pid;
    p->on_exit = config->on_exit;
    p->arg = config->arg;
    list_init(&p->node);
    list_push(&the.living, &p->node);
    for (int i = 0; i < PROCESS_STREAMS; i++) {
        process_pipe_open(&p->streams[i], ours[i]);
        ours[i] = -1;
    }
    ev_child_init(&p->child, on_child, pid, 0);
    p->child.data = p;
    ev_child_start(loop_ev(), &p->child);
done:
    close_all(ours);
    close_all(theirs);
    return p;
}

void process_destroy(process *p)
{
    if (!p)
        return;
    if (p->ended) {
        process_free(p);
        return;
    }
    kill(-p->pid, SIGKILL);
    loop_timer_stop(&p->kill_timer);
    for (int i = 0; i < PROCESS_STREAMS; i++)
        process_pipe_close(&p->streams[i]);
    p->on_exit = NULL;
    p->released = true;
}

pid_t process_pid(const process *p)
{
    return p->pid;
}

bool process_ended(const process *p, process_status *status)
{
    if (p->ended && status)
        *status = p->status;
    return p->ended;
}

bool process_signal(process *p, int signal, err *e)
{
    char how[64];
    if (p->ended) {
        return err_set(e, "exited", "process %d %s", (int)p->pid,
                       process_describe(p->status, how, sizeof how));
    }
    if (kill(-p->pid, signal) < 0)
        return err_set_errno(e, errno, "cannot send signal %d to process %d", signal, (int)p->pid);
    return true;
}

static void on_kill_timer(void *arg)
{
    process *p = arg;
    kill(-p->pid, SIGKILL);
}

void process_stop(process *p, mono_ns grace)
{
    if (p->ended)
        return;
    kill(-p->pid, SIGTERM);
    loop_timer_start(&p->kill_timer, grace, on_kill_timer, p);
}

void process_end_now(process *p)
{
    mono_ns until = clock_mono() + REAP_MS * NS_PER_MS;
    int status = 0;
    if (!p->ended)
        kill(-p->pid, SIGKILL);
    while (!p->ended && clock_mono() < until) {
        pid_t pid = waitpid(p->pid, &status, WNOHANG);
        if (pid == p->pid || (pid < 0 && errno == ECHILD))
            mark_ended(p, decode_status(status));
        else
            poll(NULL, 0, POLL_MS);
    }
}

const char *process_describe(process_status status, char *out, size_t size)
{
    if (status.signal > 0) {
        const char *name = sigabbrev_np(status.signal);
        snprintf(out, size, "was killed by signal %d (%s%s)", status.signal, name ? "SIG" : "",
                 name ? name : "unknown");
    } else {
        snprintf(out, size, "exited with code %d", status.code);
    }
    return out;
}

bool process_read(process *p, process_which which, process_read_fn fn, void *arg)
{
    return which != PROCESS_STDIN && process_pipe_read(&p->streams[which], fn, arg);
}

void process_read_cancel(process *p, process_which which)
{
    process_pipe_cancel(&p->streams[which]);
}

size_t process_read_now(process *p, process_which which, void *data, size_t size)
{
    process_pipe *pipe = &p->streams[which];
    if (which == PROCESS_STDIN || pipe->fd < 0 || pipe->on_read)
        return 0;
    ssize_t n = read(pipe->fd, data, size);
    return n > 0 ? (size_t)n : 0;
}

bool process_write(process *p, const void *text, size_t len, process_write_fn fn, void *arg)
{
    return process_pipe_write(&p->streams[PROCESS_STDIN], text, len, fn, arg);
}

void process_write_cancel(process *p)
{
    process_pipe_cancel(&p->streams[PROCESS_STDIN]);
}

void process_close_stdin(process *p)
{
    process_pipe_close(&p->streams[PROCESS_STDIN]);
}

/* Waits for everything that is left, known processes and adopted orphans; true when there are none
 * any more. */
static bool reap_all(mono_ns limit)
{
    mono_ns until = clock_mono() + limit;
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid < 0 && errno != EINTR)
            return true;
        if (pid > 0) {
            for (list *n = the.living.next; n != &the.living; n = n->next) {
                process *p = list_entry(n, process, node);
                if (p->pid == pid) {
                    mark_ended(p, decode_status(status));
                    if (p->released)
                        process_free(p);
                    break;
                }
            }
            continue;
        }
        if (clock_mono() >= until)
            return false;
        poll(NULL, 0, POLL_MS);
    }
}

static void signal_all(int sig)
{
    for (list *n = the.living.next; n != &the.living; n = n->next)
        kill(-list_entry(n, process, node)->pid, sig);
}

void process_finish(mono_ns grace)
{
    if (!the.ready)
        return;
    if (grace > 0 && !list_empty(&the.living)) {
        signal_all(SIGTERM);
        if (reap_all(grace))
            return;
    }
    signal_all(SIGKILL);
    reap_all(REAP_MS * NS_PER_MS);
}
