/*
 * server_reply.c: answers. They are written to the socket here, past libwebsockets, which does not
 * read meanwhile: see server_internal.h. When an answer is out, libwebsockets is told that the
 * transaction is complete and reads on.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "io/server_internal.h"

enum { FILE_PIECE = 65536, LINGER_SECONDS = 2, SETTLE_MS = 5 };

/* ---- the socket ------------------------------------------------------------------------------ */

/* Libwebsockets let go of the connection, which goes on without it, up to the end of this answer.
 * Not possible with TLS, which is libwebsockets' own. */
static void detach(conn *c)
{
    int fd = c->owner->own_vhost ? -1 : fcntl(c->fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0) {
        c->gone = true;
        server_note(c);
        return;
    }
    int events = c->io_events;
    server_watch_io(c, 0);
    c->detaching = true;
    lws_glue_kill(c->wsi); /* closes the descriptor, but does not shut down the connection */
    c->detaching = false;
    c->wsi = NULL;
    c->fd = fd;
    c->keep = false;
    server_watch_io(c, events);
}

static void settle(void *arg)
{
    server *s = arg;
    list *node;
    while ((node = list_shift(&s->unsettled))) {
        conn *c = list_entry(node, conn, unsettled);
        if (lws_glue_has_leftovers(&c->handler))
            detach(c);
        else
            server_pause_reading(c);
    }
}

/* While libwebsockets holds back pipelined requests, pausing makes it ask for writability again and
 * again. Most answers are quick, and then nothing needs to be done; if this one is not, the
 * pipeline is given up. */
void server_pause_reading(conn *c)
{
    server *s = c->owner;
    if (c->reading_paused || !list_empty(&c->unsettled) || !c->wsi)
        return;
    if (lws_glue_has_leftovers(&c->handler)) {
        if (list_empty(&s->unsettled))
            loop_timer_start(&s->settling, SETTLE_MS * NS_PER_MS, settle, s);
        list_push(&s->unsettled, &c->unsettled);
        return;
    }
    c->reading_paused = true;
    lws.rx_flow_control(c->wsi, 0);
}

void server_resume_reading(conn *c)
{
    list_remove(&c->unsettled);
    if (c->reading_paused)
        lws.rx_flow_control(c->wsi, 1);
    c->reading_paused = false;
}

bool server_client_gone(const conn *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0 && p.revents & (POLLRDHUP | POLLHUP | POLLERR);
}

static void on_readable(conn *c)
{
    if (c->state == CONN_LINGER) {
        char rest[16384];
        ssize_t n = recv(c->fd, rest, sizeof rest, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            server_kill(c);
        return;
    }
    if (server_client_gone(c)) {
        server_kill(c);
        return;
    }
    /* The next request is there already. It stays in the kernel, so this would be reported again
     * and again. */
    c->deaf = true;
    server_watch_io(c, c->io_events & ~EV_READ);
}

static void on_io(struct ev_loop *ev, ev_io *w, int events)
{
    (void)ev;
    conn *c = w->data;
    if (events & EV_READ && (c->state == CONN_LINGER || !(events & EV_WRITE)))
        on_readable(c);
    else if (events & EV_WRITE)
        server_flush(c);
}

void server_watch_io(conn *c, int events)
{
    if (c->deaf)
        events &= ~EV_READ;
    if (events == c->io_events)
        return;
    if (c->io_events)
        ev_io_stop(loop_ev(), &c->io);
    c->io_events = events;
    if (!events)
        return;
    ev_io_init(&c->io, on_io, c->fd, events);
    c->io.data = c;
    ev_io_start(loop_ev(), &c->io);
}

/* Bytes taken, 0 if the socket is full, -1 if the connection is broken. */
static ssize_t write_some(conn *c, const char *data, size_t len)
{
    SSL *ssl = c->wsi ? lws.get_ssl(c->wsi) : NULL;
    if (!ssl) {
        ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL);
        return n >= 0 ? n : errno == EAGAIN || errno == EINTR ? 0 : -1;
    }
    lws_tls.ERR_clear_error();
    int n = lws_tls.SSL_write(ssl, data, len > FILE_PIECE ? FILE_PIECE : (int)len);
    if (n > 0)
        return n;
    return lws_tls.SSL_get_error(ssl, n) == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

/* Puts the next piece of the file into the empty out. False: it can't be read to its end, so the
 * answer is broken. */
static bool read_file(conn *c)
{
    size_t want = c->file_left > FILE_PIECE ? FILE_PIECE : (size_t)c->file_left;
    ssize_t n = read(c->file, buf_reserve(&c->out, want), want);
    if (n <= 0)
        return false;
    c->out.len += (size_t)n;
    c->file_left -= n;
    if (!c->file_left) {
        close(c->file);
        c->file = -1;
    }
    return true;
}

/* ---- the end of an answer -------------------------------------------------------------------- */

static void hang_up(conn *c)
{
    int unread = 0;
    if (!c->body_unread && !c->deaf)
        ioctl(c->fd, FIONREAD, &unread);
    if (!c->body_unread && !c->deaf && !unread) {
        if (c->wsi)
            lws_glue_end(c->wsi);
        else
            server_kill(c);
        return;
    }
    /* Closing with unread bytes resets the connection, and the client might lose the answer. */
    shutdown(c->fd, SHUT_WR);
    c->state = CONN_LINGER;
    c->deaf = false;
    c->deadline = clock_mono() + LINGER_SECONDS * NS_PER_SEC;
    server_watch_io(c, EV_READ);
}

static void release(buf *b)
{
    if (b->cap > SERVER_KEPT_BUFFER)
        buf_finish(b);
    b->len = 0;
}

static void finish_reply(conn *c)
{
    server_watch_io(c, 0);
    server_end_request(c);
    release(&c->out);
    release(&c->body);
    c->sent = 0;
    if (!c->keep || c->owner->closing) {
        hang_up(c);
        return;
    }
    c->deaf = false;
    c->state = CONN_HEADERS;
    c->deadline = clock_mono() + c->owner->config.idle_timeout;
    server_resume_reading(c);
    if (lws.http_transaction_completed(c->wsi))
        server_kill(c);
    else
        lws_glue_clear_timeout(c->wsi);
}

/* True when the socket took everything. */
static bool write_out(conn *c)
{
    for (;;) {
        if (c->sent == c->out.len) {
            c->sent = c->out.len = 0;
            if (c->file < 0)
                return true;
            if (!read_file(c)) {
                c->gone = true;
                return false;
            }
        }
        ssize_t n = write_some(c, c->out.data + c->sent, c->out.len - c->sent);
        if (n <= 0) {
            c->gone = n < 0;
            return false;
        }
        c->sent += (size_t)n;
        c->deadline = 0;
    }
}

void server_send_now(conn *c)
{
    write_out(c);
}

void server_flush(conn *c)
{
    bool all = write_out(c);
    if (c->gone) {
        server_kill(c);
    } else if (!all) {
        if (!c->deadline)
            c->deadline = clock_mono() + c->owner->config.write_timeout;
        server_watch_io(c, EV_READ | EV_WRITE);
    } else if (c->state == CONN_FLUSHING) {
        finish_reply(c);
    } else {
        release(&c->out);
        server_watch_io(c, EV_READ);
        if (c->on_drain)
            server_note(c);
    }
}

/* ---- the head -------------------------------------------------------------------------------- */

const char *server_reason(int status)
{
    static const struct {
        int status;
        const char *words;
    } known[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {423, "Locked"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {430, "Rejected"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].status == status)
            return known[i].words;
    return "Status";
}

static bool is_token(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("!#$%&'*+-.^_`|~", *text))
            return false;
    return true;
}

bool server_headers_valid(const server_header *headers, size_t count, err *e)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_token(headers[i].name))
            return err_set(e, "invalid", "\"%.100s\" is not the name of a header", headers[i].name);
        if (strpbrk(headers[i].value, "\r\n"))
            return err_set(e, "invalid", "the value of the header %.100s contains a line break",
                           headers[i].name);
    }
    return true;
}

/* The date is the same for a second. */
static const char *date(void)
{
    static time_t made;
    static char text[64];
    time_t now = time(NULL);
    if (now != made) {
        struct tm tm;
        gmtime_r(&now, &tm);
        strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
        made = now;
    }
    return text;
}

static void append_number(buf *out, uint64_t n)
{
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + n % 10);
    } while (n /= 10);
    buf_append(out, digits + at, sizeof digits - at);
}

/* What this module says itself. */
static bool is_ours(const char *name)
{
    return strcasecmp(name, "content-length") == 0 || strcasecmp(name, "transfer-encoding") == 0 ||
           strcasecmp(name, "connection") == 0 || strcasecmp(name, "date") == 0 ||
           strcasecmp(name, "keep-alive") == 0;
}

static void append_headers(conn *c, const server_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(headers[i].name, "connection") == 0 &&
            strcasecmp(headers[i].value, "close") == 0)
            c->keep = false;
        if (is_ours(headers[i].name))
            continue;
        buf_append_str(&c->out, headers[i].name);
        buf_append(&c->out, ": ", 2);
        buf_append_str(&c->out, headers[i].value);
        buf_append(&c->out, "\r\n", 2);
    }
}

/* length < 0: not known yet. */
void server_reply_begin(conn *c, int status, const server_header *headers, size_t count,
                        int64_t length)
{
    buf *out = &c->out;
    bool empty = status == 204 || status == 304;
    c->bodyless = c->head || empty;
    c->chunked = length < 0 && c->http11;
    if (length < 0 && !c->http11 && !c->bodyless)
        c->keep = false;
    if (c->owner->closing)
        c->keep = false;
    buf_append_str(out, c->http11 ? "HTTP/1.1 " : "HTTP/1.0 ");
    append_number(out, (uint64_t)status);
    buf_append_char(out, ' ');
    buf_append_str(out, server_reason(status));
    buf_append(out, "\r\n", 2);
    append_headers(c, headers, count);
    buf_append_str(out, date());
    if (length >= 0 && !empty) {
        buf_append_str(out, "Content-Length: ");
        append_number(out, (uint64_t)length);
        buf_append(out, "\r\n", 2);
    } else if (c->chunked && !empty) {
        buf_append_str(out, "Transfer-Encoding: chunked\r\n");
    }
    if (!c->keep)
        buf_append_str(out, "Connection: close\r\n");
    else if (!c->http11)
        buf_append_str(out, "Connection: keep-alive\r\n");
    buf_append(out, "\r\n", 2);
}

/* ---- what the owner calls -------------------------------------------------------------------- */

void server_refuse(conn *c, int status)
{
    static const server_header plain = {"Content-Type", "text/plain; charset=utf-8"};
    if (c->body_unread)
        c->keep = false;
    char text[64];
    int len = snprintf(text, sizeof text, "%d %s\n", status, server_reason(status));
    c->out.len = c->sent = 0;
    server_reply_begin(c, status, &plain, 1, len);
    if (!c->bodyless)
        buf_append(&c->out, text, (size_t)len);
    c->state = CONN_FLUSHING;
    c->reply_now = true;
    c->deadline = clock_mono() + c->owner->config.write_timeout;
    server_pause_reading(c);
    server_note(c);
}

/* The connection whose request id may be answered now. */
static conn *answerable(server *s, uint64_t id, int status, const server_header *headers,
                        size_t count, err *e)
{
    conn *c = server_conn(s, id, e);
    if (!c)
        return NULL;
    if (c->state != CONN_WAITING) {
        err_set(e, "invalid", "the answer to this request has already begun");
        return NULL;
    }
    if (status < 200 || status > 599) {
        err_set(e, "invalid", "%d is not the status of an answer (200 to 599)", status);
        return NULL;
    }
    return server_headers_valid(headers, count, e) ? c : NULL;
}

bool server_respond(server *s, uint64_t id, int status, const server_header *headers, size_t count,
                    const void *body, size_t len, err *e)
{
    conn *c = answerable(s, id, status, headers, count, e);
    if (!c)
        return false;
    server_reply_begin(c, status, headers, count, (int64_t)len);
    if (!c->bodyless)
        buf_append(&c->out, body, len);
    c->state = CONN_FLUSHING;
    c->deadline = 0;
    server_flush(c);
    return true;
}

bool server_stream_begin(server *s, uint64_t id, int status, const server_header *headers,
                         size_t count, err *e)
{
    conn *c = answerable(s, id, status, headers, count, e);
    if (!c)
        return false;
    server_reply_begin(c, status, headers, count, -1);
    c->state = CONN_STREAMING;
    c->deadline = 0;
    server_flush(c);
    return true;
}

static conn *streaming(server *s, uint64_t id, err *e)
{
    conn *c = server_conn(s, id, e);
    if (c && c->state != CONN_STREAMING) {
        err_set(e, "invalid", "the answer to this request is not a stream that has begun");
        return NULL;
    }
    return c;
}

bool server_stream_write(server *s, uint64_t id, const void *data, size_t len, err *e)
{
    conn *c = streaming(s, id, e);
    if (!c)
        return false;
    if (!len || c->bodyless)
        return true; /* an empty chunk would end the answer */
    if (c->sent > SERVER_KEPT_BUFFER && c->sent > c->out.len / 2) {
        buf_consume(&c->out, c->sent); /* moves at most as much as was sent since the last time */
        c->sent = 0;
    }
    if (c->chunked)
        buf_printf(&c->out, "%zx\r\n", len);
    buf_append(&c->out, data, len);
    if (c->chunked)
        buf_append(&c->out, "\r\n", 2);
    server_flush(c);
    return true;
}

bool server_stream_end(server *s, uint64_t id, err *e)
{
    conn *c = streaming(s, id, e);
    if (!c)
        return false;
    if (c->chunked && !c->bodyless)
        buf_append(&c->out, "0\r\n\r\n", 5);
    c->state = CONN_FLUSHING;
    server_flush(c);
    return true;
}

bool server_stream_abort(server *s, uint64_t id, err *e)
{
    conn *c = streaming(s, id, e);
    if (c)
        server_kill(c);
    return c != NULL;
}

size_t server_stream_pending(server *s, uint64_t id)
{
    conn *c = server_conn(s, id, NULL);
    return c ? c->out.len - c->sent : 0;
}

bool server_stream_on_drain(server *s, uint64_t id, server_drain_fn fn, void *ctx)
{
    conn *c = server_conn(s, id, NULL);
    if (!c || (fn && c->on_drain))
        return false;
    c->on_drain = fn;
    c->drain_ctx = ctx;
    if (fn && c->sent == c->out.len)
        server_note(c);
    return true;
}
