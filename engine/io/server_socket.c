/*
 * server_socket.c: WebSockets. A server_socket is shared by its connection, until that is gone, and
 * by the owner who took it, until he releases it; it is freed when neither has it. The owner hears
 * of messages from loop_defer only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "io/server_internal.h"

enum {
    MAX_UNREAD_MESSAGES = 256, /* reading pauses above; or above max_message bytes */
    MAX_UNSENT_BYTES = 16 << 20,
    WRITES_A_TURN = 16,
    CLOSE_SECONDS = 5, /* for everything queued and the client's close */
    MAX_REASON = 120,
};

typedef struct message {
    list node;
    size_t len;
    bool binary;
    char *data;          /* received */
    unsigned char out[]; /* to send: LWS_PRE bytes of room, then len bytes */
} message;

struct server_socket {
    conn *c;    /* NULL: the connection is gone */
    bool taken; /* the owner has it */
    bool deferred;
    void (*fn)(void *ctx);
    void *ctx;
    list received;
    size_t received_bytes;
    int received_count;
    bool paused;
    buf incoming;
    bool incoming_binary;
    list unsent;
    size_t unsent_bytes;
    bool pinged, want_ping;
    bool closing; /* close as soon as everything is sent */
    int close_code;
    char close_reason[MAX_REASON + 1];
    int end_code; /* what the client said */
    char end_reason[MAX_REASON + 4];
};

struct server_socket_path {
    char *path;
    bool any_origin;
};

/* ---- the handshake --------------------------------------------------------------------------- */

void server_add_socket_path(server *s, const char *path, bool any_origin)
{
    s->socket_paths = mem_resize(s->socket_paths,
                                 (s->socket_path_count + 1) * sizeof *s->socket_paths);
    s->socket_paths[s->socket_path_count++] = (server_socket_path){mem_strdup(path), any_origin};
}

void server_socket_paths_finish(server *s)
{
    for (size_t i = 0; i < s->socket_path_count; i++)
        free(s->socket_paths[i].path);
    free(s->socket_paths);
}

static const server_socket_path *find_path(const server *s, const char *path)
{
    for (size_t i = 0; i < s->socket_path_count; i++) {
        const char *p = s->socket_paths[i].path;
        size_t len = strlen(p);
        if (strcmp(p, path) == 0 || (len && p[len - 1] == '/' && strncmp(p, path, len) == 0))
            return &s->socket_paths[i];
    }
    return NULL;
}

/* Browsers let any page connect to any server, but say which page it was. */
static bool is_same_origin(const server_request *r)
{
    const char *origin = server_request_header(r, "origin"),
               *host = server_request_header(r, "host");
    if (!origin)
        return true;
    const char *authority = strstr(origin, "://");
    return authority && host && strcasecmp(authority + 3, host) == 0;
}

bool server_socket_allowed(conn *c)
{
    const server_request *r = &c->request;
    const server_socket_path *p = find_path(c->owner, r->path);
    if (!p || !r->method || strcmp(r->method, "GET") != 0 || !server_request_header(r, "host"))
        return false;
    const char *version = server_request_header(r, "sec-websocket-version");
    if (!version || strcmp(version, "13") != 0)
        c->refuse = 426;
    else if (!server_request_header(r, "sec-websocket-key"))
        c->refuse = 400;
    else if (!p->any_origin && !is_same_origin(r))
        c->refuse = 403;
    else if (c->owner->closing)
        c->refuse = 503;
    return c->refuse == 0;
}

/* ---- both sides' ends ------------------------------------------------------------------------ */

static void free_messages(list *messages)
{
    list *node;
    while ((node = list_shift(messages))) {
        message *m = list_entry(node, message, node);
        free(m->data);
        free(m);
    }
}

static void free_if_unused(server_socket *k)
{
    if (k->c || k->taken || k->deferred)
        return;
    free_messages(&k->received);
    free_messages(&k->unsent);
    buf_finish(&k->incoming);
    free(k);
}

static void notify(void *arg)
{
    server_socket *k = arg;
    k->deferred = false;
    if (k->taken && k->fn)
        k->fn(k->ctx);
    else
        free_if_unused(k);
}

static void note(server_socket *k)
{
    if (k->deferred || !k->taken)
        return;
    k->deferred = true;
    loop_defer(notify, k);
}

static void established(conn *c, struct lws *wsi)
{
    server_socket *k = mem_zero(1, sizeof *k);
    list_init(&k->received);
    list_init(&k->unsent);
    k->c = c;
    k->end_code = 1006;
    c->wsi = wsi;
    c->socket = k;
    c->request.socket = k;
    c->state = CONN_SOCKET;
    lws_glue_clear_timeout(wsi);
    mono_ns interval = c->owner->config.ping_interval;
    c->deadline = interval > 0 ? clock_mono() + interval : 0;
    list_push(&c->owner->waiting, &c->waiting);
    server_announce(c->owner);
}

void server_socket_taken(server_socket *k)
{
    k->taken = true;
    note(k);
}

void server_socket_detach(conn *c)
{
    server_socket *k = c->socket;
    c->socket = NULL;
    k->c = NULL;
    note(k);
    free_if_unused(k);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void heard(conn *c)
{
    mono_ns interval = c->owner->config.ping_interval;
    c->socket->pinged = false;
    if (interval > 0 && !c->socket->closing)
        c->deadline = clock_mono() + interval;
}

static int close_now(server_socket *k, struct lws *wsi, int code, const char *reason)
{
    k->closing = true;
    k->c->deadline = clock_mono() + CLOSE_SECONDS * NS_PER_SEC;
    unsigned char copy[MAX_REASON];
    size_t len = strlen(reason);
    if (len > MAX_REASON)
        len = MAX_REASON;
    memcpy(copy, reason, len);
    lws.close_reason(wsi, code, copy, len);
    return -1;
}

static void keep_message(server_socket *k)
{
    message *m = mem_zero(1, sizeof *m);
    m->binary = k->incoming_binary;
    m->data = buf_take(&k->incoming, &m->len);
    list_push(&k->received, &m->node);
    k->received_bytes += m->len;
    k->received_count++;
    note(k);
}

static int on_receive(conn *c, struct lws *wsi, const char *data, size_t len)
{
    server_socket *k = c->socket;
    heard(c);
    if (k->closing)
        return 0;
    if (lws.is_first_fragment(wsi)) {
        k->incoming.len = 0;
        k->incoming_binary = lws.frame_is_binary(wsi);
    }
    if (k->incoming.len + len > c->owner->config.max_message)
        return close_now(k, wsi, 1009, "the message is too long");
    buf_append(&k->incoming, data, len);
    if (!lws.is_final_fragment(wsi))
        return 0;
    if (!k->incoming_binary &&
        !utf8_valid(k->incoming.data ? k->incoming.data : "", k->incoming.len))
        return close_now(k, wsi, 1007, "the text is not UTF-8");
    keep_message(k);
    if (k->received_count >= MAX_UNREAD_MESSAGES ||
        k->received_bytes > c->owner->config.max_message) {
        k->paused = true;
        lws.rx_flow_control(wsi, 0);
    }
    return 0;
}

static int send_one(server_socket *k, struct lws *wsi)
{
    message *m = list_entry(list_shift(&k->unsent), message, node);
    int n = lws.write(wsi, m->out + LWS_PRE, m->len, m->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
    k->unsent_bytes -= m->len;
    free(m);
    return n;
}

static int on_writeable(conn *c, struct lws *wsi)
{
    server_socket *k = c->socket;
    if (k->want_ping) {
        unsigned char ping[LWS_PRE + 1] = {0}; /* a pong without payload would not be reported */
        k->want_ping = false;
        if (lws.write(wsi, ping + LWS_PRE, 1, LWS_WRITE_PING) < 0)
            return -1;
        lws.callback_on_writable(wsi);
        return 0;
    }
    for (int i = 0; i < WRITES_A_TURN && !list_empty(&k->unsent) && !lws.partial_buffered(wsi); i++)
        if (send_one(k, wsi) < 0)
            return -1;
    if (!list_empty(&k->unsent)) {
        lws.callback_on_writable(wsi);
        return 0;
    }
    if (!k->closing || !k->close_code)
        return 0;
    if (lws.partial_buffered(wsi)) {
        lws.callback_on_writable(wsi);
        return 0;
    }
    int code = k->close_code;
    k->close_code = 0;
    return close_now(k, wsi, code, k->close_reason);
}

static void on_peer_close(server_socket *k, const unsigned char *data, size_t len)
{
    k->end_code = 1005; /* none given */
    if (len < 2)
        return;
    k->end_code = data[0] << 8 | data[1];
    len -= 2;
    if (len > sizeof k->end_reason - 1)
        len = sizeof k->end_reason - 1;
    memcpy(k->end_reason, data + 2, len);
    k->end_reason[len] = '\0';
}

int server_socket_event(conn *c, struct lws *wsi, enum lws_callback_reasons reason, void *in,
                        size_t len)
{
    if (reason == LWS_CALLBACK_ESTABLISHED) {
        established(c, wsi);
        return 0;
    }
    if (!c->socket)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_RECEIVE: return on_receive(c, wsi, in, len);
    case LWS_CALLBACK_RECEIVE_PONG: heard(c); return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE: return on_writeable(c, wsi);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: on_peer_close(c->socket, in, len); return 0;
    default: return 0;
    }
}

void server_socket_expired(conn *c, mono_ns now)
{
    server_socket *k = c->socket;
    if (k->closing || k->pinged) {
        c->gone = true;
        server_note(c);
        return;
    }
    k->pinged = k->want_ping = true;
    c->deadline = now + c->owner->config.ping_interval;
    lws.callback_on_writable(c->wsi);
}

void server_socket_go_away(conn *c)
{
    server_socket_close(c->socket, 1001, "the server stops");
}

/* ---- what the owner calls -------------------------------------------------------------------- */

void server_socket_watch(server_socket *k, void (*fn)(void *ctx), void *ctx)
{
    k->fn = fn;
    k->ctx = ctx;
}

char *server_socket_next(server_socket *k, size_t *len, bool *binary)
{
    list *node = list_shift(&k->received);
    if (!node)
        return NULL;
    message *m = list_entry(node, message, node);
    char *data = m->data;
    *len = m->len;
    *binary = m->binary;
    free(m);
    k->received_bytes -= *len;
    k->received_count--;
    if (k->paused && k->c && k->received_count <= MAX_UNREAD_MESSAGES / 2 &&
        k->received_bytes <= k->c->owner->config.max_message / 2) {
        k->paused = false;
        lws.rx_flow_control(k->c->wsi, 1);
    }
    return data;
}

bool server_socket_ended(const server_socket *k, int *code, const char **reason)
{
    if (k->c || !list_empty(&k->received))
        return false;
    if (code)
        *code = k->end_code;
    if (reason)
        *reason = k->end_reason;
    return true;
}

bool server_socket_send(server_socket *k, const void *data, size_t len, bool binary, err *e)
{
    if (!k->c || k->closing || k->c->gone)
        return err_set(e, "closed", "the WebSocket is closed");
    if (k->unsent_bytes + len > MAX_UNSENT_BYTES && k->unsent_bytes)
        return err_set(e, "busy", "the client does not read: %zu bytes are waiting for it",
                       k->unsent_bytes);
    message *m = mem_alloc(sizeof *m + LWS_PRE + len + 1);
    list_init(&m->node);
    m->len = len;
    m->binary = binary;
    m->data = NULL;
    memcpy(m->out + LWS_PRE, data, len);
    list_push(&k->unsent, &m->node);
    k->unsent_bytes += len;
    lws.callback_on_writable(k->c->wsi);
    return true;
}

void server_socket_close(server_socket *k, int code, const char *reason)
{
    if (!k->c || k->closing)
        return;
    k->closing = true;
    k->close_code = code;
    snprintf(k->close_reason, sizeof k->close_reason, "%s", reason ? reason : "");
    k->c->deadline = clock_mono() + CLOSE_SECONDS * NS_PER_SEC;
    if (k->paused) { /* the client's own close must be read */
        k->paused = false;
        lws.rx_flow_control(k->c->wsi, 1);
    }
    lws.callback_on_writable(k->c->wsi);
}

void server_socket_release(server_socket *k)
{
    if (!k)
        return;
    server_socket_close(k, 1001, "");
    k->taken = false;
    k->fn = NULL;
    free_if_unused(k);
}
