/*
 * server_request.c: what libwebsockets tells about a connection becomes a request. Everything here
 * runs inside callbacks of libwebsockets: it notes what happened and never closes a connection
 * itself (a callback that returns -1 does).
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/lws_headers.h"
#include "io/server_internal.h"

/* Where the pieces lie in conn.text while it still grows. */
typedef struct header_list {
    conn *c;
    size_t count;
    bool zero; /* one contains a NUL */
} header_list;

static size_t add_text(buf *text, const char *bytes, size_t len)
{
    size_t at = text->len;
    buf_append(text, bytes, len);
    buf_append_char(text, '\0');
    return at;
}

static void add_header(void *ctx, const char *name, size_t name_len, const char *value,
                       size_t value_len)
{
    header_list *l = ctx;
    conn *c = l->c;
    if (l->count == c->header_cap) {
        c->header_cap = c->header_cap ? c->header_cap * 2 : 16;
        c->headers = mem_resize(c->headers, c->header_cap * sizeof *c->headers);
    }
    /* Offsets for now: the text may still move. */
    l->zero = l->zero || memchr(value, '\0', value_len);
    server_header *h = &c->headers[l->count++];
    h->name = (const char *)add_text(&c->text, name, name_len);
    h->value = (const char *)add_text(&c->text, value, value_len);
}

/* Copies the request out of libwebsockets' table. False: there is a NUL in it, at which parts of
 * libwebsockets lose count. */
static bool read_request(conn *c, struct lws *wsi)
{
    header_list l = {.c = c};
    c->text.len = 0;
    lws_headers_path(wsi, &c->text);
    size_t path_len = c->text.len;
    buf_append_char(&c->text, '\0');
    size_t query = c->text.len;
    lws_headers_query(wsi, &c->text);
    buf_append_char(&c->text, '\0');
    lws_headers_each(wsi, add_header, &l);
    for (size_t i = 0; i < l.count; i++) {
        c->headers[i].name = c->text.data + (size_t)c->headers[i].name;
        c->headers[i].value = c->text.data + (size_t)c->headers[i].value;
    }
    c->body.len = 0;
    c->request = (server_request){
        .method = lws_headers_method(wsi),
        .path = c->text.data,
        .path_len = path_len,
        .query = c->text.data + query,
        .headers = c->headers,
        .header_count = l.count,
        .remote = c->remote,
        .tls = c->owner->own_vhost,
    };
    return !l.zero && strlen(c->request.path) == path_len && !strstr(c->request.query, "%00");
}

const char *server_request_header(const server_request *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (strcmp(r->headers[i].name, name) == 0)
            return r->headers[i].value;
    return NULL;
}

/* As libwebsockets reads it, so that both agree on which connections stay open; a "close" among
 * others counts too. */
static bool wants_keep_alive(const conn *c)
{
    const char *value = server_request_header(&c->request, "connection");
    if (!c->http11)
        return value && strcasecmp(value, "keep-alive") == 0;
    return !value || !strcasestr(value, "close");
}

/* -1: not a plain number. */
static int64_t parse_length(const char *text)
{
    int64_t n = 0;
    size_t len = strlen(text);
    if (!len || len > 18)
        return -1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        n = n * 10 + (text[i] - '0');
    }
    return n;
}

/* libwebsockets waits for a body after these methods even if none is announced. */
static bool expects_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

/* Looks at what frames the body. Returns the status that refuses the request, 0 if it is fine. */
static int check_framing(conn *c)
{
    const server_request *r = &c->request;
    const char *length = server_request_header(r, "content-length");
    const char *encoding = server_request_header(r, "transfer-encoding");
    c->body_left = 0;
    if (encoding) {
        c->body_unread = true;
        c->keep = false; /* libwebsockets can't tell where such a body ends */
        if (length || !c->http11)
            return 400;
        if (strcasecmp(encoding, "chunked") != 0)
            return 501;
        if (!expects_body(r->method))
            return 411;
        c->chunks = chunk_reader_create();
        return 0;
    }
    if (!length) {
        if (expects_body(r->method))
            c->keep = false;
        return 0;
    }
    int64_t n = parse_length(length);
    if (n < 0) {
        c->keep = false;
        return 400;
    }
    c->body_left = (uint64_t)n;
    c->body_unread = n > 0;
    return c->body_left > c->owner->config.max_body ? 413 : 0;
}

static int check_request(conn *c, struct lws *wsi, bool sound)
{
    if (!sound || !lws_headers_complete(wsi)) {
        c->keep = false;
        return 400;
    }
    if (c->refuse)
        return c->refuse;
    if (!c->request.method)
        return 501;
    int status = check_framing(c);
    if (!status && c->http11 && !server_request_header(&c->request, "host"))
        status = 400;
    return status;
}

/* The request is complete: answer it from here, or hand it to the owner. */
static void dispatch(conn *c)
{
    server *s = c->owner;
    c->body_unread = false;
    c->request.body = buf_cstr(&c->body);
    c->request.body_len = c->body.len;
    if (server_files_answer(c))
        return;
    if (s->requests >= s->config.max_waiting) {
        log_warn("server.overload", "port=%d waiting=%d", s->port, s->requests);
        server_refuse(c, 503);
        return;
    }
    c->request.id = ++s->next_id * (SERVER_MAX_CONNECTIONS + 1) + (uint64_t)c->slot;
    c->counted = true;
    s->requests++;
    c->state = CONN_WAITING;
    c->deadline = clock_mono() + s->config.answer_timeout;
    server_pause_reading(c);
    server_watch_io(c, EV_READ);
    list_push(&s->waiting, &c->waiting);
    server_announce(s);
}

/* Small enough for the socket's buffer; if it does not fit, the client goes on without it after a
 * while. */
static void send_continue(conn *c)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    SSL *ssl = lws.get_ssl(c->wsi);
    if (ssl)
        lws_tls.SSL_write(ssl, text, sizeof text - 1);
    else if (send(c->fd, text, sizeof text - 1, MSG_NOSIGNAL) < 0)
        return;
}

/* See lws_glue_has_leftovers: such a request ends the connection before libwebsockets gets to its
 * body. */
static bool may_hang(const conn *c, int status)
{
    const server_request *r = &c->request;
    bool body = status || c->body_unread || !r->method || expects_body(r->method);
    return body && lws_glue_has_leftovers(&c->handler);
}

static int on_headers(conn *c, struct lws *wsi)
{
    c->wsi = wsi;
    lws_glue_clear_timeout(wsi);
    chunk_reader_destroy(c->chunks);
    c->chunks = NULL;
    c->body_unread = false;
    bool sound = read_request(c, wsi);
    c->http11 = lws_headers_http11(wsi);
    c->head = c->request.method && strcmp(c->request.method, "HEAD") == 0;
    c->keep = wants_keep_alive(c) && !c->owner->closing;
    int status = check_request(c, wsi, sound);
    c->refuse = 0;
    if (may_hang(c, status)) {
        c->keep = false;
        server_refuse(c, 400);
        server_send_now(c);
        return -1;
    }
    if (status) {
        server_refuse(c, status);
        return 0;
    }
    if (!c->body_left && !c->chunks) {
        dispatch(c);
        return 0;
    }
    c->state = CONN_BODY;
    c->deadline = clock_mono() + c->owner->config.body_timeout;
    const char *expect = server_request_header(&c->request, "expect");
    if (expect && c->http11 && strcasecmp(expect, "100-continue") == 0)
        send_continue(c);
    return 0;
}

static int on_body(conn *c, const char *data, size_t len)
{
    lws_glue_clear_timeout(c->wsi);
    if (c->state != CONN_BODY || !len)
        return 0;
    if (!c->chunks) {
        buf_append(&c->body, data, len);
        return 0;
    }
    chunks_state state = chunk_reader_feed(c->chunks, data, len, &c->body);
    if (state == CHUNKS_BAD)
        server_refuse(c, 400);
    else if (c->body.len > c->owner->config.max_body)
        server_refuse(c, 413);
    else if (state == CHUNKS_DONE)
        dispatch(c);
    return 0;
}

static int on_body_complete(conn *c)
{
    lws_glue_clear_timeout(c->wsi);
    if (c->state == CONN_BODY && !c->chunks)
        dispatch(c);
    return 0;
}

/* An upgrade that is not accepted is to go on as an ordinary request. libwebsockets can't be told
 * so, but it compares the header's value again after this callback, in the buffer that it passes
 * here. */
static int on_upgrade(conn *c, struct lws *wsi, char *wanted)
{
    /* For other protocols libwebsockets has already answered 403 and freed the buffer (4.1.6). */
    if (lws.hdr_total_length(wsi, WSI_TOKEN_UPGRADE) <= 0)
        return -1;
    c->wsi = wsi;
    if (strcasecmp(wanted, "websocket") == 0) {
        if (read_request(c, wsi) && lws_headers_complete(wsi) && server_socket_allowed(c))
            return 0;
    }
    *wanted = '-';
    return 0;
}

int server_on_event(lws_handler *handler, struct lws *wsi, enum lws_callback_reasons reason,
                    void *in, size_t len)
{
    conn *c = (conn *)handler;
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: return on_upgrade(c, wsi, in);
    case LWS_CALLBACK_HTTP: return on_headers(c, wsi);
    case LWS_CALLBACK_HTTP_BODY: return on_body(c, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION: return on_body_complete(c);
    case LWS_CALLBACK_CLOSED_HTTP:
        server_watch_io(c, 0); /* before the descriptor is closed */
        return 0;
    case LWS_CALLBACK_WSI_DESTROY: server_forget(c); return 0;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
    case LWS_CALLBACK_ESTABLISHED:
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_RECEIVE_PONG:
    case LWS_CALLBACK_SERVER_WRITEABLE:
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
    case LWS_CALLBACK_CLOSED: return server_socket_event(c, wsi, reason, in, len);
    case LWS_CALLBACK_RAW_ADOPT: /* CONNECT leads here */
    case LWS_CALLBACK_RAW_RX: return -1;
    default: return 0;
    }
}
