/* server.c: see server.h and server_internal.h. Listening, the lives of connections, deadlines. */
#include "io/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/server_internal.h"

enum { ACCEPT_BATCH = 64, BACKLOG = 1024 };

const server_config server_config_default = {
    .host = "127.0.0.1",
    .max_body = 1 << 20,
    .max_message = 8 << 20,
    .max_connections = 1000,
    .max_waiting = 1000,
    .header_timeout = 10 * NS_PER_SEC,
    .idle_timeout = 60 * NS_PER_SEC,
    .body_timeout = 30 * NS_PER_SEC,
    .answer_timeout = 30 * NS_PER_SEC,
    .write_timeout = 30 * NS_PER_SEC,
    .ping_interval = 30 * NS_PER_SEC,
};

/* ---- work outside of callbacks --------------------------------------------------------------- */

static void conn_changed(conn *c)
{
    if (c->gone) {
        server_kill(c);
    } else if (c->reply_now) {
        c->reply_now = false;
        server_flush(c);
    } else if (c->on_drain && c->sent == c->out.len) {
        server_drain_fn fn = c->on_drain;
        c->on_drain = NULL;
        fn(c->drain_ctx, false);
    }
}

static void server_free(server *s)
{
    loop_timer_stop(&s->sweep);
    loop_timer_stop(&s->accept_again);
    loop_timer_stop(&s->settling);
    server_files_finish(s);
    server_socket_paths_finish(s);
    if (s->own_vhost && lws_glue_running())
        lws.vhost_destroy(s->vhost);
    free((char *)s->config.host);
    free(s->slots);
    free(s->free_slots);
    free(s);
}

static void server_work(void *arg)
{
    server *s = arg;
    list *node;
    while (!s->destroyed && (node = list_shift(&s->changed)))
        conn_changed(list_entry(node, conn, changed));
    if (!s->destroyed && s->announce && s->config.on_ready) {
        s->announce = false;
        s->config.on_ready(s, s->config.ctx);
    }
    s->deferred = false;
    if (s->destroyed)
        server_free(s);
    else if (!list_empty(&s->changed) || s->announce)
        server_defer(s);
}

void server_defer(server *s)
{
    if (s->deferred)
        return;
    s->deferred = true;
    loop_defer(server_work, s);
}

void server_note(conn *c)
{
    if (list_empty(&c->changed))
        list_push(&c->owner->changed, &c->changed);
    server_defer(c->owner);
}

void server_announce(server *s)
{
    s->announce = true;
    server_defer(s);
}

/* ---- connections ----------------------------------------------------------------------------- */

static void sweep_connections(void *arg);
static void resume_accepting(void *arg);

static void start_sweep(server *s)
{
    const server_config *g = &s->config;
    const mono_ns all[] = {g->header_timeout, g->idle_timeout,  g->body_timeout,
                           g->answer_timeout, g->write_timeout, g->ping_interval};
    mono_ns period = NS_PER_SEC;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] > 0 && all[i] / 4 < period)
            period = all[i] / 4;
    if (period < 5 * NS_PER_MS)
        period = 5 * NS_PER_MS;
    loop_timer_start(&s->sweep, period, sweep_connections, s);
}

static conn *conn_create(server *s, int fd, const struct sockaddr *from, socklen_t from_len)
{
    conn *c = mem_zero(1, sizeof *c);
    c->handler.on_event = server_on_event;
    list_init(&c->changed);
    list_init(&c->waiting);
    list_init(&c->unsettled);
    c->owner = s;
    c->fd = fd;
    c->file = -1;
    c->slot = s->free_slots[--s->free_count];
    s->slots[c->slot] = c;
    list_push(&s->conns, &c->node);
    c->deadline = clock_mono() + s->config.header_timeout;
    if (getnameinfo(from, from_len, c->remote, sizeof c->remote, NULL, 0, NI_NUMERICHOST))
        c->remote[0] = '\0';
    if (strncmp(c->remote, "::ffff:", 7) == 0 && strchr(c->remote, '.'))
        memmove(c->remote, c->remote + 7, strlen(c->remote + 7) + 1);
    if (s->conn_count++ == 0)
        start_sweep(s);
    return c;
}

void server_end_request(conn *c)
{
    if (c->counted)
        c->owner->requests--;
    c->counted = false;
    c->request.id = 0;
    list_remove(&c->waiting);
    if (c->on_drain) {
        server_drain_fn fn = c->on_drain;
        c->on_drain = NULL;
        fn(c->drain_ctx, true);
    }
}

void server_forget(conn *c)
{
    server *s = c->owner;
    if (c->detaching)
        return;
    if (c->adopting) {
        c->orphan = true;
        return;
    }
    server_watch_io(c, 0);
    c->wsi = NULL;
    server_end_request(c);
    if (c->socket)
        server_socket_detach(c);
    list_remove(&c->node);
    list_remove(&c->changed);
    list_remove(&c->unsettled);
    s->slots[c->slot] = NULL;
    s->free_slots[s->free_count++] = c->slot;
    lws_glue_forget(&c->handler);
    chunk_reader_destroy(c->chunks);
    if (c->file >= 0)
        close(c->file);
    buf_finish(&c->text);
    buf_finish(&c->body);
    buf_finish(&c->out);
    free(c->headers);
    free(c);
    if (--s->conn_count == 0)
        loop_timer_stop(&s->sweep);
    if (!s->closing)
        resume_accepting(s);
}

void server_kill(conn *c)
{
    server_watch_io(c, 0);
    if (c->wsi) {
        lws_glue_kill(c->wsi);
        return;
    }
    close(c->fd);
    server_forget(c);
}

conn *server_conn(server *s, uint64_t id, err *e)
{
    uint64_t slot = id % (SERVER_MAX_CONNECTIONS + 1);
    conn *c = id && slot < (uint64_t)s->config.max_connections ? s->slots[slot] : NULL;
    if (c && c->request.id == id && !c->gone && !s->destroyed)
        return c;
    err_set(e, "closed", "the request is over: its client has gone, or it was answered already");
    return NULL;
}

static void adopt(server *s, int fd, const struct sockaddr *from, socklen_t from_len)
{
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    conn *c = conn_create(s, fd, from, from_len);
    lws_adopt_desc_t description = {
        .vh = s->vhost,
        .type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | LWS_ADOPT_ALLOW_SSL,
        .fd.sockfd = fd,
        .opaque = &c->handler,
    };
    c->adopting = true;
    struct lws *wsi = lws.adopt_descriptor_vhost_via_info(&description);
    c->adopting = false;
    if (!wsi || c->orphan) {
        server_forget(c); /* the descriptor is closed already */
        return;
    }
    c->wsi = wsi;
    lws_glue_clear_timeout(wsi);
}

static void pause_accepting(server *s)
{
    ev_io_stop(loop_ev(), &s->accepting);
}

static void resume_accepting(void *arg)
{
    server *s = arg;
    if (!s->closing && s->free_count > 0 && !s->accept_again.fn)
        ev_io_start(loop_ev(), &s->accepting);
}

static void on_accept(struct ev_loop *ev, ev_io *w, int events)
{
    (void)ev, (void)events;
    server *s = w->data;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        if (s->free_count == 0) {
            pause_accepting(s);
            return;
        }
        struct sockaddr_storage from;
        socklen_t len = sizeof from;
        int fd = accept4(s->listen_fd, (struct sockaddr *)&from, &len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            adopt(s, fd, (struct sockaddr *)&from, len);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
            log_warn("server.accept", "port=%d error=\"%s\"", s->port, strerror(errno));
            pause_accepting(s);
            loop_timer_start(&s->accept_again, 100 * NS_PER_MS, resume_accepting, s);
        }
        if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

/* ---- deadlines ------------------------------------------------------------------------------- */

static void expire(conn *c, mono_ns now)
{
    switch (c->state) {
    case CONN_BODY: server_refuse(c, 408); break;
    case CONN_WAITING:
        log_warn("server.no_answer", "port=%d method=%s seconds=%d", c->owner->port,
                 c->request.method, (int)(c->owner->config.answer_timeout / NS_PER_SEC));
        server_end_request(c);
        server_refuse(c, 504);
        break;
    case CONN_SOCKET: server_socket_expired(c, now); break;
    default: c->gone = true; server_note(c);
    }
}

static void sweep_connections(void *arg)
{
    server *s = arg;
    mono_ns now = clock_mono();
    for (list *node = s->conns.next; node != &s->conns; node = node->next) {
        conn *c = list_entry(node, conn, node);
        if (c->deaf && server_client_gone(c)) {
            c->gone = true;
            server_note(c);
        } else if (c->deadline && c->deadline <= now) {
            expire(c, now);
        }
    }
    start_sweep(s);
}

/* ---- opening and closing --------------------------------------------------------------------- */

static struct addrinfo *resolve(const server_config *config, err *e)
{
    const char *host = strcmp(config->host, "localhost") == 0 ? "127.0.0.1" : config->host;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found = NULL;
    char port[16];
    snprintf(port, sizeof port, "%d", config->port);
    if (config->port < 0 || config->port > 65535) {
        err_set(e, "invalid", "%d is not a port (0 to 65535)", config->port);
    } else if (getaddrinfo(host, port, &hints, &found)) {
        err_set(e, "invalid", "can't listen on \"%s\": not a numeric address", config->host);
        found = NULL;
    }
    return found;
}

static int listening_port(int fd)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &len))
        return 0;
    return ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
                                          : ((struct sockaddr_in *)&at)->sin_port);
}

static int open_listener(const server_config *config, err *e)
{
    struct addrinfo *a = resolve(config, e);
    if (!a)
        return -1;
    int on = 1;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, BACKLOG)) {
        if (errno == EADDRINUSE)
            err_set(e, "exists", "port %d of %s is in use by another program", config->port,
                    config->host);
        else if (errno == EADDRNOTAVAIL)
            err_set(e, "invalid", "%s is not an address of this machine", config->host);
        else
            err_set_errno(e, errno, "can't listen on port %d of %s", config->port, config->host);
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(a);
    return fd;
}

static void make_slots(server *s)
{
    int count = s->config.max_connections;
    if (count < 1)
        count = 1;
    if (count > SERVER_MAX_CONNECTIONS)
        count = SERVER_MAX_CONNECTIONS;
    s->config.max_connections = count;
    s->slots = mem_zero((size_t)count, sizeof *s->slots);
    s->free_slots = mem_alloc((size_t)count * sizeof *s->free_slots);
    for (int i = count - 1; i >= 0; i--)
        s->free_slots[s->free_count++] = i;
}

server *server_open(const server_config *config, err *e)
{
    bool tls = config->tls_cert && config->tls_key;
    int fd = open_listener(config, e);
    if (fd < 0)
        return NULL;
    struct lws_vhost *vhost = tls ? lws_glue_tls_vhost(config->tls_cert, config->tls_key, e)
                                  : lws_glue_plain_vhost(e);
    if (!vhost) {
        close(fd);
        return NULL;
    }
    server *s = mem_zero(1, sizeof *s);
    s->config = *config;
    s->config.host = mem_strdup(config->host);
    s->config.tls_cert = s->config.tls_key = NULL;
    s->vhost = vhost;
    s->own_vhost = tls;
    s->listen_fd = fd;
    s->port = listening_port(fd);
    list_init(&s->conns);
    list_init(&s->changed);
    list_init(&s->waiting);
    list_init(&s->unsettled);
    make_slots(s);
    ev_io_init(&s->accepting, on_accept, fd, EV_READ);
    s->accepting.data = s;
    ev_io_start(loop_ev(), &s->accepting);
    log_info("server.listening", "host=%s port=%d tls=%d", s->config.host, s->port, tls);
    return s;
}

int server_port(const server *s)
{
    return s->port;
}

bool server_closing(const server *s)
{
    return s->closing;
}

static void stop_listening(server *s)
{
    s->closing = true;
    pause_accepting(s);
    loop_timer_stop(&s->accept_again);
    close(s->listen_fd);
}

void server_close(server *s)
{
    if (s->closing)
        return;
    stop_listening(s);
    for (list *node = s->conns.next; node != &s->conns; node = node->next) {
        conn *c = list_entry(node, conn, node);
        if (c->state == CONN_SOCKET)
            server_socket_go_away(c);
        if (c->state != CONN_HEADERS)
            continue;
        c->gone = true;
        server_note(c);
    }
    server_announce(s);
}

/* What waits is answered as far as the socket takes it at once. */
static void cut(conn *c)
{
    if (c->state == CONN_WAITING) {
        server_end_request(c);
        server_refuse(c, 503);
    }
    if (c->state == CONN_FLUSHING)
        server_flush(c);
    else
        server_kill(c);
}

void server_destroy(server *s)
{
    if (!s || s->destroyed)
        return;
    if (!s->closing)
        stop_listening(s);
    s->config.on_ready = NULL;
    for (int i = 0; i < s->config.max_connections; i++)
        if (s->slots[i])
            cut(s->slots[i]);
    for (int i = 0; i < s->config.max_connections; i++)
        if (s->slots[i])
            server_kill(s->slots[i]);
    s->destroyed = true;
    if (!s->deferred)
        server_free(s);
}

const server_request *server_accept(server *s)
{
    list *node = list_shift(&s->waiting);
    if (!node)
        return NULL;
    conn *c = list_entry(node, conn, waiting);
    if (c->socket)
        server_socket_taken(c->socket);
    return &c->request;
}
