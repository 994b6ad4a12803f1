/*
 * worker.c: main's side of io/worker.h. The shared page is an unnamed file, mapped by both: it
 * outlives a worker that is killed. Main trusts nothing in it: the worker may have died in the
 * middle of writing.
 */
#include "io/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/list.h"
#include "base/mem.h"
#include "io/browser_profile.h"
#include "io/loop.h"
#include "io/process.h"
#include "io/worker_line.h"

/* Until SIGKILL: after asking for last words, after its line has broken while it runs on, after we
 * have let go of it. */
static const mono_ns WORDS_GRACE = 200 * NS_PER_MS, BROKEN_GRACE = NS_PER_SEC,
                     END_GRACE = 5 * NS_PER_SEC;

static list ending = {&ending, &ending}; /* destroyed, but not gone yet */

struct worker {
    list node; /* in `ending` once destroyed */
    process *process;
    channel *line; /* NULL: let go of */
    char *words;   /* mapped */
    loop_timer kill_timer;
    bool line_ended, ended;
    char end_text[80];
    channel_fn fn; /* the receiver */
    void *arg;
};

static void release(worker *w)
{
    list_remove(&w->node);
    loop_timer_stop(&w->kill_timer);
    process_destroy(w->process);
    channel_destroy(w->line);
    if (w->words)
        munmap(w->words, WORKER_WORDS_MAX);
    free(w);
}

static void deliver_end(worker *w)
{
    channel_fn fn = w->fn;
    err e;
    w->fn = NULL;
    if (!fn)
        return;
    err_set(&e, "exited", "the worker process %d %s", worker_pid(w), w->end_text);
    fn(w->arg, NULL, 0, &e);
}

static void on_exit_status(void *arg, process_status status)
{
    worker *w = arg;
    w->ended = true;
    loop_timer_stop(&w->kill_timer);
    process_describe(status, w->end_text, sizeof w->end_text);
    log_debug("worker.exit", "pid=%d how=\"%s\"", worker_pid(w), w->end_text);
    if (status.code != 0)
        browser_profile_sweep(); /* its browser died with it, and nobody else cleans up */
    if (!w->line)
        release(w);
    else if (w->line_ended)
        deliver_end(w);
}

static void kill_now(void *arg)
{
    process_signal(((worker *)arg)->process, SIGKILL, NULL);
}

/* The end of the line alone is no news yet: how the process ended is told with it. */
static void on_message(void *arg, const char *data, size_t len, const err *why)
{
    worker *w = arg;
    (void)why;
    if (data) {
        channel_fn fn = w->fn;
        w->fn = NULL;
        fn(w->arg, data, len, NULL);
        return;
    }
    w->line_ended = true;
    if (w->ended)
        deliver_end(w);
    else
        loop_timer_start(&w->kill_timer, BROKEN_GRACE, kill_now, w);
}

static char *share_words(int *fd, err *e)
{
    *fd = memfd_create("nano-sre-words", MFD_CLOEXEC);
    if (*fd < 0 || ftruncate(*fd, WORKER_WORDS_MAX) != 0) {
        err_set_errno(e, errno, "can't make memory to share with a worker");
        return NULL;
    }
    char *words = mmap(NULL, WORKER_WORDS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (words == MAP_FAILED) {
        err_set_errno(e, errno, "can't map memory to share with a worker");
        return NULL;
    }
    return words;
}

static process *start(worker *w, int line, int words, err *e)
{
    static const char *const argv[] = {"nano-sre", "--role=worker", NULL};
    const process_fd fds[] = {{line, WORKER_LINE_FD}, {words, WORKER_WORDS_FD}};
    /* Standard output is main's alone: it carries the result. */
    return process_spawn(&(process_config){.argv = argv,
                                           .path = "/proc/self/exe",
                                           .streams = {PROCESS_NULL, PROCESS_NULL, PROCESS_INHERIT},
                                           .fds = fds,
                                           .fd_count = 2,
                                           .on_exit = on_exit_status,
                                           .arg = w},
                         e);
}

worker *worker_spawn(err *e)
{
    int pair[2] = {-1, -1}, words_fd = -1;
    worker *w = mem_zero(1, sizeof *w);
    list_init(&w->node);
    w->words = share_words(&words_fd, e);
    if (w->words && channel_pair(pair, e))
        w->process = start(w, pair[1], words_fd, e);
    if (pair[1] >= 0)
        close(pair[1]);
    if (words_fd >= 0)
        close(words_fd);
    if (w->process) {
        w->line = channel_create(pair[0]);
        return w;
    }
    if (pair[0] >= 0)
        close(pair[0]);
    release(w);
    return NULL;
}

void worker_destroy(worker *w)
{
    if (!w)
        return;
    channel_destroy(w->line);
    w->line = NULL;
    w->fn = NULL;
    list_push(&ending, &w->node);
    if (w->ended)
        release(w);
    else if (!w->kill_timer.fn)
        loop_timer_start(&w->kill_timer, END_GRACE, kill_now, w);
}

void worker_finish(void)
{
    while (!list_empty(&ending))
        release(list_entry(ending.next, worker, node));
}

int worker_pid(const worker *w)
{
    return process_pid(w->process);
}

bool worker_send(worker *w, const void *data, size_t len, err *e)
{
    if (w->ended)
        return err_set(e, "exited", "the worker process %d %s", worker_pid(w), w->end_text);
    return channel_send(w->line, data, len, e);
}

bool worker_receive(worker *w, channel_fn fn, void *arg)
{
    if (w->fn)
        return false;
    w->fn = fn;
    w->arg = arg;
    if (!w->line_ended)
        channel_receive(w->line, on_message, w);
    else if (w->ended)
        deliver_end(w);
    return true;
}

void worker_receive_cancel(worker *w)
{
    w->fn = NULL;
    if (w->line)
        channel_receive_cancel(w->line);
}

void worker_kill(worker *w)
{
    if (process_signal(w->process, SIGUSR1, NULL))
        loop_timer_start(&w->kill_timer, WORDS_GRACE, kill_now, w);
}

void worker_close(worker *w, mono_ns grace)
{
    if (w->ended)
        return;
    channel_end(w->line);
    loop_timer_start(&w->kill_timer, grace, kill_now, w);
}

const char *worker_describe_end(const worker *w)
{
    return w->end_text;
}

const char *worker_last_words(worker *w)
{
    w->words[WORKER_WORDS_MAX - 1] = '\0';
    return w->words;
}
