/*
 * cdp_pipe.c: the transport over Chromium's debugging pipe, frames ended by NUL. Commands that are
 * sent in one turn of the loop go out in one write, just before the loop waits; only a large one is
 * written at once, to spare the copy.
 *
 * A page that loads makes the browser tell of a few hundred events in as many writes. Being woken
 * for each costs more than handling it, so after a read that made nobody send a command the pipe is
 * left alone for REST; the kernel keeps what comes meanwhile. Not so while somebody asks and gets
 * answers: for PROMPT after a command every frame is taken at once. libev cannot leave a descriptor
 * alone for a moment without being woken by it once, so the pipe lies in an epoll set of its own,
 * and the loop watches that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "io/cdp_split.h"
#include "io/cdp_transport.h"
#include "io/loop.h"

enum {
    PIPE_SIZE =
        1024 * 1024, /* what the kernel allows without privilege: fewer switches for a screenshot */
    LARGE_FRAME = 64 * 1024,
    KEEP_QUEUE = 256 * 1024,
    PARTS_MAX = 8,
};

static const mono_ns REST = 6 * NS_PER_MS, PROMPT = 10 * NS_PER_MS;

typedef struct cdp_pipe {
    cdp_transport base;
    cdp_transport_events events;
    int in, out;
    int in_set; /* an epoll set that holds in alone; -1: none was to be had, then it never rests */
    ev_io readable, writable;
    ev_prepare flush;
    loop_timer rest;
    bool deaf;         /* in_set does not tell of what comes: the timer runs */
    bool has_read;     /* in this turn of the loop */
    mono_ns last_sent; /* when there was a command */
    cdp_split split;
    buf queue;
    size_t sent; /* bytes of queue already written */
    bool delivering, destroyed, closed;
} cdp_pipe;

static cdp_pipe *pipe_of(const cdp_transport *t)
{
    return (cdp_pipe *)list_entry(t, cdp_pipe, base);
}

static void stop(cdp_pipe *p)
{
    ev_io_stop(loop_ev(), &p->readable);
    ev_io_stop(loop_ev(), &p->writable);
    ev_prepare_stop(loop_ev(), &p->flush);
    loop_timer_stop(&p->rest);
}

static void pipe_free(cdp_pipe *p)
{
    stop(p);
    if (p->in_set >= 0)
        close(p->in_set);
    close(p->in);
    close(p->out);
    cdp_split_finish(&p->split);
    buf_finish(&p->queue);
    free(p);
}

static void report_closed(cdp_pipe *p, const char *code, const char *text)
{
    err e;
    stop(p);
    p->closed = true;
    err_set(&e, code, "%s", text);
    p->events.closed(p->events.arg, &e);
}

/* The end of the pipe is told of to the deaf as well. */
static void set_deaf(cdp_pipe *p, bool on)
{
    if (p->deaf == on || p->in_set < 0)
        return;
    p->deaf = on;
    epoll_ctl(p->in_set, EPOLL_CTL_MOD, p->in, &(struct epoll_event){.events = on ? 0 : EPOLLIN});
}

/* Reads once and hands out what is whole; p may be gone afterwards. */
static void take(cdp_pipe *p)
{
    size_t room;
    char *space = cdp_split_space(&p->split, &room);
    ssize_t n = read(p->in, space, room);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        set_deaf(p, false);
        return;
    }
    p->delivering = p->has_read = true;
    if (n <= 0)
        report_closed(p, "exited", "the browser has closed its debugging pipe");
    else if (!cdp_split_commit(&p->split, (size_t)n, p->events.frame, p->events.arg) &&
             !p->destroyed)
        report_closed(p, "protocol", "what came from the browser is not the DevTools protocol");
    else if (!p->destroyed)
        p->events.idle(p->events.arg);
    p->delivering = false;
    if (p->destroyed)
        pipe_free(p);
}

static void on_readable(struct ev_loop *ev, ev_io *w, int events)
{
    (void)ev, (void)events;
    take(w->data);
}

static void on_rested(void *arg)
{
    take(arg);
}

/* The browser does not read any more. It is about to close its end too: on_readable reports it. */
static void lost_writer(cdp_pipe *p)
{
    buf_finish(&p->queue);
    p->sent = 0;
    ev_io_stop(loop_ev(), &p->writable);
}

static void push(cdp_pipe *p)
{
    while (p->sent < p->queue.len) {
        ssize_t n = write(p->out, p->queue.data + p->sent, p->queue.len - p->sent);
        if (n > 0) {
            p->sent += (size_t)n;
        } else if (errno == EAGAIN) {
            ev_io_start(loop_ev(), &p->writable);
            return;
        } else if (errno != EINTR) {
            lost_writer(p);
            return;
        }
    }
    ev_io_stop(loop_ev(), &p->writable);
    p->sent = p->queue.len = 0;
    if (p->queue.cap > KEEP_QUEUE)
        buf_finish(&p->queue);
}

static void on_writable(struct ev_loop *ev, ev_io *w, int events)
{
    (void)ev, (void)events;
    push(w->data);
}

static void on_before_wait(struct ev_loop *ev, ev_prepare *w, int events)
{
    (void)ev, (void)events;
    cdp_pipe *p = w->data;
    bool has_read = p->has_read;
    p->has_read = false;
    if (p->queue.len) {
        set_deaf(p, false);
        loop_timer_stop(&p->rest);
        if (!ev_is_active(&p->writable))
            push(p);
    } else if (has_read && !p->closed && p->in_set >= 0 && clock_mono() - p->last_sent > PROMPT) {
        set_deaf(p, true);
        loop_timer_start(&p->rest, REST, on_rested, p);
    }
}

static void pipe_start(cdp_transport *t, const cdp_transport_events *events)
{
    cdp_pipe *p = pipe_of(t);
    p->events = *events;
    ev_io_start(loop_ev(), &p->readable);
    ev_prepare_start(loop_ev(), &p->flush);
}

static void append_from(cdp_pipe *p, const struct iovec *parts, int count, size_t skip)
{
    for (int i = 0; i < count; i++) {
        size_t cut = skip < parts[i].iov_len ? skip : parts[i].iov_len;
        buf_append(&p->queue, (const char *)parts[i].iov_base + cut, parts[i].iov_len - cut);
        skip -= cut;
    }
}

static void pipe_send(cdp_transport *t, const struct iovec *parts, int count)
{
    static char nul = '\0';
    cdp_pipe *p = pipe_of(t);
    struct iovec all[PARTS_MAX];
    size_t total = 1, written = 0;
    if (p->closed || count >= PARTS_MAX)
        return;
    p->last_sent = clock_mono();
    for (int i = 0; i < count; i++) {
        all[i] = parts[i];
        total += parts[i].iov_len;
    }
    all[count++] = (struct iovec){.iov_base = &nul, .iov_len = 1};
    if (total >= LARGE_FRAME && !ev_is_active(&p->writable)) {
        push(p);
        ssize_t n = p->queue.len ? 0 : writev(p->out, all, count);
        written = n > 0 ? (size_t)n : 0;
    }
    append_from(p, all, count, written);
}

static size_t pipe_queued(const cdp_transport *t)
{
    const cdp_pipe *p = pipe_of(t);
    return p->queue.len - p->sent;
}

static void pipe_destroy(cdp_transport *t)
{
    cdp_pipe *p = pipe_of(t);
    if (p->delivering)
        p->destroyed = true;
    else
        pipe_free(p);
}

cdp_transport *cdp_pipe_create(int in, int out)
{
    cdp_pipe *p = mem_zero(1, sizeof *p);
    p->base = (cdp_transport){pipe_start, pipe_send, pipe_queued, pipe_destroy};
    p->in = in;
    p->out = out;
    fcntl(in, F_SETFL, O_NONBLOCK);
    fcntl(out, F_SETFL, O_NONBLOCK);
    fcntl(in, F_SETPIPE_SZ, PIPE_SIZE); /* may be refused: then it stays at 64 KB */
    p->in_set = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(p->in_set, EPOLL_CTL_ADD, in, &(struct epoll_event){.events = EPOLLIN});
    ev_io_init(&p->readable, on_readable, p->in_set >= 0 ? p->in_set : in, EV_READ);
    ev_io_init(&p->writable, on_writable, out, EV_WRITE);
    ev_prepare_init(&p->flush, on_before_wait);
    ev_set_priority(&p->flush, EV_MINPRI); /* after the tasks that the loop runs there */
    p->readable.data = p->writable.data = p->flush.data = p;
    return &p->base;
}
