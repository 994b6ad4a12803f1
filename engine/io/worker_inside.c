/* worker_inside.c: the worker's side of io/worker.h. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "io/worker.h"
#include "io/worker_line.h"

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1 /* it maps terabytes, and wants to see crashes itself */
#else
#define SANITIZED 0
#endif

enum { OPEN_FILES_MAX = 8192, HANDLER_STACK = 64 * 1024 };
#define DATA_MAX (UINT64_C(4) << 30)

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

/* Asked for last words, it has nothing to do afterwards: main need not wait out its patience. */
static void on_asked(int number)
{
    (void)number;
    if (self.speak)
        self.speak(self.words, WORKER_WORDS_MAX);
    kill(getpid(), SIGKILL);
}

static void on_crash(int number)
{
    if (self.speak)
        self.speak(self.words, WORKER_WORDS_MAX);
    raise(number); /* comes when this returns, now with its default effect (SA_RESETHAND) */
}

static void watch_signals(void)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    static char stack[HANDLER_STACK]; /* running out of stack is one of the ways to crash */
    struct sigaction action = {.sa_handler = on_asked};
    sigfillset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    if (!SANITIZED) {
        sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
        action.sa_handler = on_crash;
        action.sa_flags = SA_ONSTACK | (int)SA_RESETHAND;
        for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
            sigaction(crashes[i], &action, NULL);
    }
    /* Main decides what a terminal's signals mean for a run. */
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
}

/* Soft limits only: the browser needs more and gets the hard ones back (browser.c). */
static void lower(int resource, rlim_t most)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur <= most)
        return;
    limit.rlim_cur = most;
    setrlimit(resource, &limit);
}

void worker_enter(void)
{
    pid_t parent = getppid();
    if (fcntl(WORKER_LINE_FD, F_GETFD) < 0 || fcntl(WORKER_WORDS_FD, F_GETFD) < 0)
        refuse("it was not started by it");
    self.words = mmap(NULL, WORKER_WORDS_MAX, PROT_READ | PROT_WRITE, MAP_SHARED, WORKER_WORDS_FD,
                      0);
    if (self.words == MAP_FAILED)
        refuse("descriptor 4 is not its memory");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        exit(3); /* the parent died before the kernel was told */
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    lower(RLIMIT_NOFILE, OPEN_FILES_MAX);
    if (!SANITIZED)
        lower(RLIMIT_DATA, DATA_MAX);
    close_range(WORKER_WORDS_FD, ~0U, 0);
    fcntl(WORKER_LINE_FD, F_SETFD, FD_CLOEXEC);
    watch_signals();
}

channel *worker_parent(void)
{
    if (!self.parent && self.words)
        self.parent = channel_create(WORKER_LINE_FD);
    return self.parent;
}

void worker_on_last_words(void (*fn)(char *words, size_t size))
{
    self.speak = fn;
}
