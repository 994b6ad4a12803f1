/*
 * ws_client.c: see ws_client.h. Callbacks of libwebsockets only note what came; the user hears of
 * it from loop_defer.
 *
 * Invariants: c->wsi is set exactly while libwebsockets has the connection; `deferred` while
 * deliver() is due; c is freed by ws_client_close, or by deliver() when that is on the stack or
 * due.
 */
#include "io/ws_client.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "io/address_lookup.h"
#include "io/loop.h"
#include "io/lws_glue.h"
#include "io/url.h"

enum { WRITES_A_TURN = 32 };

const ws_client_config ws_client_config_default = {
    .max_message = 256u << 20,
    .open_timeout = 10 * NS_PER_SEC,
    .ping_interval = 30 * NS_PER_SEC,
};

typedef struct message {
    list node;
    size_t len;
    char *text;          /* received */
    unsigned char out[]; /* to send: LWS_PRE bytes of room, then len bytes */
} message;

struct ws_client {
    lws_handler handler; /* first */
    ws_client_config config;
    ws_client_events events;
    void *ctx;
    bool tls;
    int port;
    char *name; /* of the host, for look-up and messages */
    char *host; /* the Host header */
    char *path;
    address_lookup *lookup;
    char **addresses; /* those still to be tried begin at next_address */
    size_t address_count, next_address;
    bool try_next; /* deliver() is to connect to the next one */
    struct lws *wsi;
    loop_timer timer; /* until open: the time limit; then: pings */
    list received, unsent;
    size_t unsent_bytes;
    buf incoming;
    bool connecting; /* inside lws_client_connect_via_info */
    bool opened, told_open;
    bool ended, told_ended;
    bool deferred, delivering, released;
    bool pinged, want_ping;
    err why; /* once ended */
};

static void client_free(ws_client *c)
{
    list *node;
    lws_glue_forget(&c->handler);
    while ((node = list_shift(&c->received)) || (node = list_shift(&c->unsent))) {
        message *m = list_entry(node, message, node);
        free(m->text);
        free(m);
    }
    buf_finish(&c->incoming);
    for (size_t i = 0; i < c->address_count; i++)
        free(c->addresses[i]);
    free(c->addresses);
    free(c->name);
    free(c->host);
    free(c->path);
    free(c);
}

static void connect_to_next(ws_client *c);

static void deliver(void *arg)
{
    ws_client *c = arg;
    list *node;
    c->deferred = false;
    c->delivering = true;
    if (c->try_next && !c->released && !c->ended)
        connect_to_next(c);
    c->try_next = false;
    if (c->opened && !c->told_open && !c->released) {
        c->told_open = true;
        if (c->events.on_open)
            c->events.on_open(c, c->ctx);
    }
    while (!c->released && (node = list_shift(&c->received))) {
        message *m = list_entry(node, message, node);
        c->events.on_message(c, m->text, m->len, c->ctx);
        free(m->text);
        free(m);
    }
    if (c->ended && !c->told_ended && !c->released) {
        c->told_ended = true;
        c->events.on_closed(c, &c->why, c->ctx);
    }
    c->delivering = false;
    if (c->released && !c->deferred)
        client_free(c);
}

static void note(ws_client *c)
{
    if (c->deferred)
        return;
    c->deferred = true;
    loop_defer(deliver, c);
}

/* The first reason counts. */
static void end(ws_client *c, const char *code, const char *text)
{
    if (c->ended)
        return;
    c->ended = true;
    err_set(&c->why, code, "%s", text);
    loop_timer_stop(&c->timer);
    note(c);
}

/* Ends the connection from this side; not from inside a callback of libwebsockets. */
static void drop(ws_client *c, const char *code, const char *text)
{
    end(c, code, text);
    address_lookup_cancel(c->lookup);
    c->lookup = NULL;
    if (c->wsi)
        lws_glue_kill(c->wsi);
}

/* ---- what libwebsockets tells ---------------------------------------------------------------- */

static void failed_to_connect(ws_client *c, const char *why)
{
    char text[400];
    const char *code = "connect";
    if (c->next_address < c->address_count) {
        c->try_next = true;
        note(c);
        return;
    }
    if (!why)
        why = "nobody accepts connections there";
    if (strstr(why, "not 101")) {
        code = "protocol";
        why = "there is a web server, but no WebSocket at this path";
    } else if (strncmp(why, "HS:", 3) == 0) {
        code = "protocol";
    } else if (c->tls && (strstr(why, "SSL") || strstr(why, "tls") || strstr(why, "cert"))) {
        code = "tls";
    } else if (strstr(why, "nable to connect") || strstr(why, "nobody")) {
        code = "refused";
    }
    snprintf(text, sizeof text, "can't connect to the WebSocket at %s port %d: %s", c->name,
             c->port, why);
    end(c, code, text);
}

static int on_receive(ws_client *c, struct lws *wsi, const char *data, size_t len)
{
    c->pinged = false;
    if (lws.is_first_fragment(wsi))
        c->incoming.len = 0;
    if (c->incoming.len + len > c->config.max_message) {
        end(c, "too-large", "a message is longer than is allowed");
        return -1;
    }
    buf_append(&c->incoming, data, len);
    if (!lws.is_final_fragment(wsi))
        return 0;
    message *m = mem_zero(1, sizeof *m);
    m->text = buf_take(&c->incoming, &m->len);
    list_push(&c->received, &m->node);
    note(c);
    return 0;
}

static int on_writeable(ws_client *c, struct lws *wsi)
{
    if (c->want_ping) {
        unsigned char ping[LWS_PRE + 1] = {0}; /* a pong without payload would not be reported */
        c->want_ping = false;
        if (lws.write(wsi, ping + LWS_PRE, 1, LWS_WRITE_PING) < 0)
            return -1;
    }
    for (int i = 0; i < WRITES_A_TURN && !list_empty(&c->unsent) && !lws.partial_buffered(wsi);
         i++) {
        message *m = list_entry(list_shift(&c->unsent), message, node);
        int n = lws.write(wsi, m->out + LWS_PRE, m->len, LWS_WRITE_TEXT);
        c->unsent_bytes -= m->len;
        free(m);
        if (n < 0)
            return -1;
    }
    if (!list_empty(&c->unsent))
        lws.callback_on_writable(wsi);
    return 0;
}

static void on_peer_close(ws_client *c, const unsigned char *data, size_t len)
{
    char text[300] = "the other side closed the WebSocket";
    if (len >= 2)
        snprintf(text, sizeof text, "the other side closed the WebSocket (code %d%s%.*s)",
                 data[0] << 8 | data[1], len > 2 ? ": " : "", (int)(len - 2),
                 (const char *)data + 2);
    end(c, "closed", text);
}

static void ping_if_silent(void *arg)
{
    ws_client *c = arg;
    if (c->pinged) {
        drop(c, "timeout", "the other side of the WebSocket does not answer");
        return;
    }
    c->pinged = c->want_ping = true;
    lws.callback_on_writable(c->wsi);
    loop_timer_start(&c->timer, c->config.ping_interval, ping_if_silent, c);
}

static void on_established(ws_client *c, struct lws *wsi)
{
    c->wsi = wsi;
    c->opened = true;
    lws_glue_clear_timeout(wsi);
    fcntl(lws.get_socket_fd(wsi), F_SETFD, FD_CLOEXEC);
    if (c->config.ping_interval > 0)
        loop_timer_start(&c->timer, c->config.ping_interval, ping_if_silent, c);
    else
        loop_timer_stop(&c->timer);
    if (!list_empty(&c->unsent))
        lws.callback_on_writable(wsi);
    note(c);
}

static int on_event(lws_handler *handler, struct lws *wsi, enum lws_callback_reasons reason,
                    void *in, size_t len)
{
    ws_client *c = (ws_client *)handler;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED: on_established(c, wsi); return 0;
    case LWS_CALLBACK_CLIENT_RECEIVE: return on_receive(c, wsi, in, len);
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG: c->pinged = false; return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE: return on_writeable(c, wsi);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: on_peer_close(c, in, len); return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR: failed_to_connect(c, in); return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        c->wsi = NULL;
        if (c->connecting || c->try_next)
            return 0;
        end(c, "closed",
            c->opened ? "the connection of the WebSocket was lost"
                      : "the connection ended before the WebSocket was open");
        return 0;
    default: return 0;
    }
}

/* ---- connecting ------------------------------------------------------------------------------ */

static void connect_to_next(ws_client *c)
{
    err e;
    const char *address = c->addresses[c->next_address++];
    struct lws_vhost *vhost = c->tls ? lws_glue_tls_client_vhost(&e) : lws_glue_plain_vhost(&e);
    if (!vhost) {
        end(c, e.code, e.text);
        return;
    }
    struct lws_client_connect_info info = {
        .context = lws_glue_context(NULL),
        .vhost = vhost,
        .address = address,
        .port = c->port,
        .path = c->path,
        .host = c->host,
        .local_protocol_name = "http",
        .ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (c->tls ? LCCSCF_USE_SSL : 0),
        .opaque_user_data = &c->handler,
        .pwsi = &c->wsi,
    };
    c->connecting = true;
    struct lws *wsi = lws.client_connect_via_info(&info);
    c->connecting = false;
    if (!wsi) {
        c->wsi = NULL;
        failed_to_connect(c, NULL);
        return;
    }
    c->wsi = wsi;
    lws_glue_clear_timeout(wsi);
}

static void on_addresses(void *arg, const char *const *addresses, size_t count, const err *e)
{
    ws_client *c = arg;
    c->lookup = NULL;
    if (e || !count) {
        end(c, e ? e->code : "dns", e ? e->text : "the name has no address");
        return;
    }
    c->addresses = mem_alloc(count * sizeof *c->addresses);
    for (size_t i = 0; i < count; i++)
        c->addresses[i] = mem_strdup(addresses[i]);
    c->address_count = count;
    connect_to_next(c);
}

static void too_late(void *arg)
{
    ws_client *c = arg;
    char text[300];
    snprintf(text, sizeof text, "the WebSocket at %s port %d was not open within %d ms", c->name,
             c->port, (int)(c->config.open_timeout / NS_PER_MS));
    drop(c, "timeout", text);
}

static bool part_is(url_part part, const char *text)
{
    return part.len == strlen(text) && strncasecmp(part.at, text, part.len) == 0;
}

/* Fills the parts of c that come from the URL. */
static bool take_url(ws_client *c, const char *text, err *e)
{
    url u;
    if (!url_parse(text, strlen(text), &u, e))
        return false;
    c->tls = part_is(u.scheme, "wss");
    if (!c->tls && !part_is(u.scheme, "ws"))
        return err_set(
            e, "invalid",
            "\"%.200s\" is not the URL of a WebSocket: it must begin with ws:// or wss://", text);
    int usual = c->tls ? 443 : 80;
    c->port = u.port >= 0 ? u.port : usual;
    c->name = mem_strndup(u.host.at, u.host.len);
    buf b;
    buf_init(&b);
    bool v6 = memchr(u.host.at, ':', u.host.len) != NULL;
    buf_printf(&b, v6 ? "[%s]" : "%s", c->name);
    if (c->port != usual)
        buf_printf(&b, ":%d", c->port);
    c->host = buf_take(&b, NULL);
    buf_append(&b, u.path.len ? u.path.at : "/", u.path.len ? u.path.len : 1);
    if (u.query.at) {
        buf_append_char(&b, '?');
        buf_append(&b, u.query.at, u.query.len);
    }
    c->path = buf_take(&b, NULL);
    return true;
}

ws_client *ws_client_open(const char *url_text, const ws_client_config *config,
                          const ws_client_events *events, void *ctx, err *e)
{
    ws_client *c = mem_zero(1, sizeof *c);
    c->handler.on_event = on_event;
    c->config = config ? *config : ws_client_config_default;
    c->events = *events;
    c->ctx = ctx;
    list_init(&c->received);
    list_init(&c->unsent);
    if (!take_url(c, url_text, e) || !lws_glue_context(e)) {
        client_free(c);
        return NULL;
    }
    loop_timer_start(&c->timer, c->config.open_timeout, too_late, c);
    c->lookup = address_lookup_start(c->name, on_addresses, c);
    return c;
}

/* ---- using it -------------------------------------------------------------------------------- */

bool ws_client_send(ws_client *c, const char *text, size_t len)
{
    if (c->ended)
        return false;
    message *m = mem_alloc(sizeof *m + LWS_PRE + len + 1);
    list_init(&m->node);
    m->len = len;
    m->text = NULL;
    memcpy(m->out + LWS_PRE, text, len);
    list_push(&c->unsent, &m->node);
    c->unsent_bytes += len;
    if (c->opened)
        lws.callback_on_writable(c->wsi);
    return true;
}

size_t ws_client_unsent(const ws_client *c)
{
    return c->unsent_bytes;
}

void ws_client_close(ws_client *c)
{
    if (!c || c->released)
        return;
    c->released = true;
    drop(c, "closed", "closed");
    loop_timer_stop(&c->timer);
    if (!c->deferred && !c->delivering)
        client_free(c);
}
