/* process_pipe.c: see process_pipe.h. */
#include "io/process_pipe.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { READ_CHUNK = 64 * 1024 };

void process_pipe_init(process_pipe *p)
{
    memset(p, 0, sizeof *p);
    p->fd = -1;
}

static void finish_read(process_pipe *p, const char *data, size_t len, const err *why)
{
    process_read_fn fn = p->on_read;
    void *arg = p->arg;
    process_pipe_cancel(p);
    fn(arg, data, len, why);
}

static void finish_write(process_pipe *p, const err *why)
{
    process_write_fn fn = p->on_write;
    void *arg = p->arg;
    process_pipe_cancel(p);
    fn(arg, why);
}

static void on_readable(struct ev_loop *ev, ev_io *w, int events)
{
    (void)ev, (void)events;
    process_pipe *p = w->data;
    char chunk[READ_CHUNK];
    ssize_t n = read(p->fd, chunk, sizeof chunk);
    if (n > 0) {
        finish_read(p, chunk, (size_t)n, NULL);
    } else if (n == 0) {
        finish_read(p, "", 0, NULL);
    } else if (errno != EAGAIN && errno != EINTR) {
        err e;
        err_set_errno(&e, errno, "cannot read from the process");
        finish_read(p, "", 0, &e);
    }
}

static void on_writable(struct ev_loop *ev, ev_io *w, int events)
{
    (void)ev, (void)events;
    process_pipe *p = w->data;
    if (p->written < p->out.len) {
        ssize_t n = write(p->fd, p->out.data + p->written, p->out.len - p->written);
        if (n >= 0) {
            p->written += (size_t)n;
        } else if (errno != EAGAIN && errno != EINTR) {
            err e;
            if (errno == EPIPE)
                err_set(&e, "closed", "the process has closed its input");
            else
                err_set_errno(&e, errno, "cannot write to the process");
            finish_write(p, &e);
            return;
        }
    }
    if (p->written == p->out.len)
        finish_write(p, NULL);
}

void process_pipe_open(process_pipe *p, int fd)
{
    process_pipe_init(p);
    p->fd = fd;
}

void process_pipe_cancel(process_pipe *p)
{
    if (!p->on_read && !p->on_write)
        return;
    ev_io_stop(loop_ev(), &p->watcher);
    p->on_read = NULL;
    p->on_write = NULL;
    p->written = 0;
    buf_finish(&p->out);
}

void process_pipe_close(process_pipe *p)
{
    process_pipe_cancel(p);
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

bool process_pipe_read(process_pipe *p, process_read_fn fn, void *arg)
{
    if (p->fd < 0 || p->on_read)
        return false;
    p->on_read = fn;
    p->arg = arg;
    ev_io_init(&p->watcher, on_readable, p->fd, EV_READ);
    p->watcher.data = p;
    ev_io_start(loop_ev(), &p->watcher);
    return true;
}

bool process_pipe_write(process_pipe *p, const void *text, size_t len, process_write_fn fn,
                        void *arg)
{
    if (p->fd < 0 || p->on_write)
        return false;
    buf_append(&p->out, text, len);
    p->on_write = fn;
    p->arg = arg;
    ev_io_init(&p->watcher, on_writable, p->fd, EV_WRITE);
    p->watcher.data = p;
    ev_io_start(loop_ev(), &p->watcher);
    return true;
}
