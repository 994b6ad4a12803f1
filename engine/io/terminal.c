/* terminal.c: see terminal.h. */
#include "io/terminal.h"

#include <errno.h>
#include <ev.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "io/loop.h"

bool terminal_is_tty(int fd)
{
    return isatty(fd) == 1;
}

int terminal_columns(int fd)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    const char *text = getenv("COLUMNS");
    int columns = text ? atoi(text) : 0;
    return columns > 0 && columns < 10000 ? columns : 80;
}

int terminal_rows(int fd)
{
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0)
        return size.ws_row;
    const char *text = getenv("LINES");
    int rows = text ? atoi(text) : 0;
    return rows > 0 && rows < 10000 ? rows : 24;
}

/* The streams may have been made non-blocking by whoever shares them with us. */
static void wait_for(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    poll(&p, 1, -1);
}

bool terminal_write(int fd, const void *data, size_t len, err *e)
{
    const char *at = data;
    while (len) {
        ssize_t n = write(fd, at, len);
        if (n >= 0) {
            at += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            wait_for(fd, POLLOUT);
        } else if (errno != EINTR) {
            return err_set_errno(e, errno, "cannot write to %s",
                                 fd == 1 ? "standard output" : "standard error");
        }
    }
    return true;
}

bool terminal_read_all(int fd, size_t max, buf *out, err *e)
{
    size_t before = out->len;
    for (;;) {
        ssize_t n = read(fd, buf_reserve(out, 65536), 65536);
        if (n == 0)
            return true;
        if (n > 0) {
            out->len += (size_t)n;
            if (out->len - before > max) {
                out->len = before;
                return err_set(e, "too-large", "standard input has more than %zu bytes", max);
            }
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            wait_for(fd, POLLIN);
        } else if (errno != EINTR) {
            int why = errno;
            out->len = before;
            return err_set_errno(e, why, "cannot read standard input");
        }
    }
}

/* Signals that came while nobody waited. A person who presses Ctrl-C again and again means it: more
 * need no room. */
#define QUEUE_SIZE 16

static const struct {
    int number;
    const char *name;
} kinds[] = {{SIGINT, "INT"}, {SIGTERM, "TERM"}, {SIGHUP, "HUP"}};
#define KINDS (sizeof kinds / sizeof *kinds)

static struct {
    bool watching, handing_out;
    ev_signal watchers[KINDS];
    list waiting;
    const char *queue[QUEUE_SIZE];
    size_t queued;
} the;

static void hand_out(void *unused)
{
    (void)unused;
    the.handing_out = false;
    while (the.queued && !list_empty(&the.waiting)) {
        const char *name = the.queue[0];
        the.queued--;
        for (size_t i = 0; i < the.queued; i++)
            the.queue[i] = the.queue[i + 1];
        terminal_waiter *w = list_entry(list_shift(&the.waiting), terminal_waiter, node);
        w->fn(w->arg, name);
    }
}

/* Always through the loop, so that a waiter is never called from inside terminal_wait_signal. */
static void hand_out_soon(void)
{
    if (the.handing_out)
        return;
    the.handing_out = true;
    loop_defer(hand_out, NULL);
}

static void on_signal(struct ev_loop *ev, ev_signal *w, int events)
{
    (void)ev, (void)events;
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].number == w->signum && the.queued < QUEUE_SIZE)
            the.queue[the.queued++] = kinds[i].name;
    hand_out_soon();
}

void terminal_watch_signals(void)
{
    if (the.watching)
        return;
    the.watching = true;
    list_init(&the.waiting);
    for (size_t i = 0; i < KINDS; i++) {
        ev_signal_init(&the.watchers[i], on_signal, kinds[i].number);
        ev_signal_start(loop_ev(), &the.watchers[i]);
        ev_unref(loop_ev()); /* watching for signals alone keeps no loop alive */
    }
}

void terminal_wait_signal(terminal_waiter *w, void (*fn)(void *arg, const char *name), void *arg)
{
    terminal_watch_signals();
    *w = (terminal_waiter){.fn = fn, .arg = arg};
    list_push(&the.waiting, &w->node);
    if (the.queued)
        hand_out_soon();
}

void terminal_cancel(terminal_waiter *w)
{
    list_remove(&w->node);
}
