/*
 * worker.c: see worker.h. The shared page is an unnamed file, mapped by both: it outlives a worker that is killed.
 */
#include "io/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/loop.h"
#include "io/process.h"

enum { LINE_FD = 3, WORDS_FD = 4, OPEN_FILES_MAX = 4096 };

/* Between asking for last words and SIGKILL, and between closing the line and SIGKILL. */
static const mono_ns WORDS_GRACE = 200 * NS_PER_MS, END_GRACE = 5 * NS_PER_SEC;

struct worker {
    process *process;
    channel *line;
    char *words; /* mapped */
    process_status status;
    bool ended, dying, abandoned;
    loop_timer kill_timer;
    char end_text[80];
};

/* ---- main's side --------------------------------------------------------------------------------------------- */

static void release(worker *w)
{
    loop_timer_stop(&w->kill_timer);
    channel_destroy(w->line);
    process_destroy(w->process);
    munmap(w->words, WORKER_WORDS_MAX);
    free(w);
}

static void on_exit_status(void *arg, process_status status)
{
    worker *w = arg;
    w->ended = true;
    w->status = status;
    loop_timer_stop(&w->kill_timer);
    if (w->abandoned)
        release(w);
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
    const process_fd fds[] = {{line, LINE_FD}, {words, WORDS_FD}};
    return process_spawn(&(process_config){.argv = argv,
                                           .path = "/proc/self/exe",
                                           .streams = {PROCESS_NULL, PROCESS_INHERIT, PROCESS_INHERIT},
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
    if (w->words)
        munmap(w->words, WORKER_WORDS_MAX);
    free(w);
    return NULL;
}

static void kill_now(void *arg)
{
    process_signal(((worker *)arg)->process, SIGKILL, NULL);
}

void worker_destroy(worker *w)
{
    if (!w)
        return;
    channel_destroy(w->line);
    w->line = NULL;
    w->abandoned = true;
    if (w->ended)
        release(w);
    else if (!w->dying)
        loop_timer_start(&w->kill_timer, END_GRACE, kill_now, w);
}

channel *worker_channel(worker *w)
{
    return w->line;
}

int worker_pid(const worker *w)
{
    return process_pid(w->process);
}

void worker_kill(worker *w)
{
    if (w->ended || w->dying)
        return;
    w->dying = true;
    process_signal(w->process, SIGUSR1, NULL);
    loop_timer_start(&w->kill_timer, WORDS_GRACE, kill_now, w);
}

const char *worker_describe_end(worker *w)
{
    w->end_text[0] = '\0';
    if (w->ended)
        process_describe(w->status, w->end_text, sizeof w->end_text);
    return w->end_text;
}

const char *worker_last_words(worker *w)
{
    w->words[WORKER_WORDS_MAX - 1] = '\0';
    return w->words;
}

/* ---- the worker's side ------------------------------------------------------------------------------------------ */

static struct {
    channel *parent;
    char *words;
    void (*speak)(char *words, size_t size);
} self;

static void refuse(const char *why)
{
    fprintf(stderr, "nano-sre: the role \"worker\" is for nano-sre itself (%s)\n", why);
    exit(3);
}

static void on_signal(int number)
{
    if (self.speak)
        self.speak(self.words, WORKER_WORDS_MAX);
    if (number == SIGUSR1)
        return;
    signal(number, SIG_DFL);
    raise(number);
}

/* The handler has a stack of its own: running out of stack is one of the ways to crash. */
static void watch_signals(void)
{
    static char stack[65536];
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
    static const int numbers[] = {SIGUSR1, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
        sigaction(numbers[i], &action, NULL);
    }
    /* A terminal's Ctrl-C reaches the whole group; main decides what it means for a run. */
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

void worker_enter(void)
{
    struct rlimit files;
    pid_t parent = getppid();
    if (fcntl(LINE_FD, F_GETFD) < 0 || fcntl(WORDS_FD, F_GETFD) < 0)
        refuse("it was not started by it");
    self.words = mmap(NULL, WORKER_WORDS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, WORDS_FD, 0);
    if (self.words == MAP_FAILED)
        refuse("descriptor 4 is not its memory");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        exit(3); /* the parent died before the kernel was told */
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > OPEN_FILES_MAX) {
        files.rlim_cur = OPEN_FILES_MAX;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    close_range(WORDS_FD, ~0U, 0);
    watch_signals();
}

channel *worker_parent(void)
{
    if (!self.parent && self.words)
        self.parent = channel_create(LINE_FD);
    return self.parent;
}

void worker_on_last_words(void (*fn)(char *words, size_t size))
{
    self.speak = fn;
}
