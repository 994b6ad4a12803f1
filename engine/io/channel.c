/* channel.c: see channel.h. Invariants: in.data[0..in.len) starts at a length header; reading only
 * while on_message is set. */
#include "io/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "io/loop.h"

enum { HEADER = sizeof(uint32_t), READ_ROOM = 64 * 1024, KEEP_BUFFER = 1024 * 1024 };

struct channel {
    int fd;
    ev_io readable, writable;
    buf in;
    size_t taken; /* bytes of in already delivered */
    buf out;
    size_t sent; /* bytes of out already sent */
    bool ended;  /* nothing more will come */
    bool ending; /* nothing more may be sent */
    err why;
    channel_fn on_message;
    void *message_arg;
    bool delivering;
    bool *
        destroyed; /* while delivering: where to note that the callback has destroyed the channel */
};

static void release_big(buf *b)
{
    if (b->cap > KEEP_BUFFER)
        buf_finish(b);
    b->len = 0;
}

static void deliver(channel *c, const char *data, size_t len)
{
    channel_fn fn = c->on_message;
    void *arg = c->message_arg;
    c->on_message = NULL;
    fn(arg, data, len, data ? NULL : &c->why);
}

static void drop_queue(channel *c)
{
    c->ending = true;
    ev_io_stop(loop_ev(), &c->writable);
    release_big(&c->out);
    c->sent = 0;
}

/* Nothing more will come. errnum 0: the peer has said so in good order, and may still listen. */
static void set_end(channel *c, int errnum)
{
    if (c->ended)
        return;
    c->ended = true;
    if (!errnum) {
        err_set(&c->why, "closed", "the other process has closed the connection");
        return;
    }
    err_set_errno(&c->why, errnum, "the connection to the other process broke");
    drop_queue(c);
}

/* The length of the message at the front of in; false while its header is not whole. */
static bool front_length(const channel *c, uint32_t *len)
{
    if (c->in.len - c->taken < HEADER)
        return false;
    memcpy(len, c->in.data + c->taken, HEADER);
    return true;
}

/* Delivers one message, if it is whole. The bytes stay in place for the callback, and are dropped
 * before the next read. */
static bool deliver_front(channel *c)
{
    uint32_t len;
    if (!front_length(c, &len))
        return false;
    if (len > CHANNEL_MESSAGE_MAX) {
        set_end(c, EPROTO);
        return false;
    }
    if (c->in.len - c->taken - HEADER < len)
        return false;
    const char *data = c->in.data + c->taken + HEADER;
    c->taken += HEADER + len;
    deliver(c, data, len);
    return true;
}

/* Serves the receiver, who may ask for the next message inside its callback, from what is there
 * already. */
static void pump(channel *c)
{
    bool destroyed = false;
    if (c->delivering)
        return;
    c->delivering = true;
    c->destroyed = &destroyed;
    while (c->on_message && deliver_front(c)) {
        if (destroyed)
            return;
    }
    if (c->on_message && c->ended) {
        deliver(c, NULL, 0);
        if (destroyed)
            return;
    }
    c->delivering = false;
    c->destroyed = NULL;
    if (c->on_message && !c->ended)
        ev_io_start(loop_ev(), &c->readable);
    else
        ev_io_stop(loop_ev(), &c->readable);
}

static void drop_taken(channel *c)
{
    if (c->taken == c->in.len)
        release_big(&c->in);
    else
        buf_consume(&c->in, c->taken);
    c->taken = 0;
}

/* How much to ask for: a chunk, or the rest of a large message so that it comes in few reads. */
static size_t read_room(const channel *c)
{
    uint32_t len;
    if (!front_length(c, &len) || len + HEADER <= c->in.len + READ_ROOM)
        return READ_ROOM;
    return len + HEADER - c->in.len;
}

static void on_readable(struct ev_loop *ev, ev_io *w, int events)
{
    (void)ev, (void)events;
    channel *c = w->data;
    drop_taken(c);
    size_t room = read_room(c);
    ssize_t n = read(c->fd, buf_reserve(&c->in, room), room);
    if (n > 0)
        c->in.len += (size_t)n;
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        set_end(c, n == 0 || errno == ECONNRESET ? 0 : errno);
    pump(c);
}

/* Sends what the socket takes; false when the peer is gone. */
static bool push(channel *c)
{
    while (c->sent < c->out.len) {
        ssize_t n = send(c->fd, c->out.data + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);
        if (n > 0) {
            c->sent += (size_t)n;
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            /* What the peer said before it went can still be read: only sending has ended. */
            drop_queue(c);
            return false;
        }
    }
    if (c->sent == c->out.len) {
        release_big(&c->out);
        c->sent = 0;
        if (c->ending)
            shutdown(c->fd, SHUT_WR);
    } else if (c->sent > c->out.len / 2 && c->sent > READ_ROOM) {
        buf_consume(&c->out, c->sent);
        c->sent = 0;
    }
    return true;
}

static void on_writable(struct ev_loop *ev, ev_io *w, int events)
{
    (void)events;
    channel *c = w->data;
    push(c);
    if (!c->out.len)
        ev_io_stop(ev, w);
}

channel *channel_create(int fd)
{
    channel *c = mem_zero(1, sizeof *c);
    c->fd = fd;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    ev_io_init(&c->readable, on_readable, fd, EV_READ);
    ev_io_init(&c->writable, on_writable, fd, EV_WRITE);
    c->readable.data = c->writable.data = c;
    return c;
}

void channel_destroy(channel *c)
{
    if (!c)
        return;
    if (c->destroyed)
        *c->destroyed = true;
    ev_io_stop(loop_ev(), &c->readable);
    ev_io_stop(loop_ev(), &c->writable);
    close(c->fd);
    buf_finish(&c->in);
    buf_finish(&c->out);
    free(c);
}

bool channel_send(channel *c, const void *data, size_t len, err *e)
{
    uint32_t header = (uint32_t)len;
    if (len > CHANNEL_MESSAGE_MAX) {
        return err_set(e, "too-large", "a message of %zu bytes is over the limit of %d MB", len,
                       CHANNEL_MESSAGE_MAX / (1024 * 1024));
    }
    if (c->ending)
        return err_set(e, "closed", "the connection to the other process was closed");
    if (channel_queued(c) && channel_queued(c) + len > CHANNEL_QUEUE_MAX) {
        return err_set(e, "busy", "the other process does not keep up: %zu MB wait for it",
                       channel_queued(c) / (1024 * 1024));
    }
    bool idle = !c->out.len;
    buf_append(&c->out, &header, HEADER);
    buf_append(&c->out, data, len);
    if (!idle)
        return true; /* the watcher is at it; order is kept */
    if (!push(c))
        return err_set(e, "closed", "the other process has closed the connection");
    if (c->out.len)
        ev_io_start(loop_ev(), &c->writable);
    return true;
}

size_t channel_queued(const channel *c)
{
    return c->out.len - c->sent;
}

void channel_end(channel *c)
{
    c->ending = true;
    if (!c->out.len)
        shutdown(c->fd, SHUT_WR);
}

bool channel_flush(channel *c, mono_ns limit)
{
    mono_ns until = clock_mono() + limit;
    while (c->out.len) {
        mono_ns left = until - clock_mono();
        struct pollfd p = {.fd = c->fd, .events = POLLOUT};
        if (left <= 0)
            return false;
        if (poll(&p, 1, (int)(left / NS_PER_MS) + 1) < 0 && errno != EINTR)
            return false;
        if (!push(c))
            return false;
    }
    ev_io_stop(loop_ev(), &c->writable);
    return true;
}

bool channel_receive(channel *c, channel_fn fn, void *arg)
{
    if (c->on_message)
        return false;
    c->on_message = fn;
    c->message_arg = arg;
    pump(c);
    return true;
}

void channel_receive_cancel(channel *c)
{
    ev_io_stop(loop_ev(), &c->readable);
    c->on_message = NULL;
}

bool channel_pair(int fds[2], err *e)
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return err_set_errno(e, errno, "cannot make a socket pair");
    return true;
}
