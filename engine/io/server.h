/*
 * The HTTP/1.1 and WebSocket server. libwebsockets reads requests and frames WebSockets; this
 * module owns sockets, limits, deadlines and answers. Used by bind_server.c. Loop thread; every
 * call returns at once.
 *
 * It is pull-based: on_ready says that something waits, server_accept takes it, server_respond
 * answers it later. Nothing is called back from inside another call of this module. A request is
 * known by its id; once it is answered, has run out of time or its client has gone, the id means
 * nothing any more and every call with it fails with code "closed".
 *
 * Not offered, because libwebsockets 4.1.6 can't do it well enough (lws_headers.h and lws_glue.h
 * say more):
 * - HTTP/2: it drops every header that it does not know. TLS connections are HTTP/1.1.
 * - The query as it was spelt: its parameters are the same, byte for byte.
 * - 431 for a head beyond 16 KB: the connection is closed without an answer.
 * - A request with a body that is sent before the answer to an earlier one has come: 400, closed.
 * - A pipeline of more than two requests while the second waits for its answer for long: closed
 *   after that answer (with TLS: before it). Quick answers to pipelines of any length are fine.
 * - WebSocket subprotocols and compression.
 */
#ifndef NANO_IO_SERVER_H
#define NANO_IO_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

typedef struct server server;
typedef struct server_socket server_socket;

typedef struct server_header {
    const char *name, *value; /* NUL-terminated */
} server_header;

typedef struct server_config {
    const char *host;               /* a numeric address or "localhost" */
    int port;                       /* 0: any free one */
    const char *tls_cert, *tls_key; /* PEM files; NULL: no TLS */
    size_t max_body;                /* bytes; a longer body is answered with 413 */
    size_t max_message;  /* bytes of one WebSocket message; a longer one closes with 1009 */
    int max_connections; /* further clients wait in the kernel's queue */
    int max_waiting; /* requests taken or waiting to be taken; further ones are answered with 503 */
    mono_ns header_timeout; /* from accepting a connection to the end of its first headers */
    mono_ns idle_timeout;   /* from one answer to the end of the next request's headers */
    mono_ns body_timeout;   /* for the whole body */
    mono_ns answer_timeout; /* from on_ready to server_respond or server_stream_begin; then 504 */
    mono_ns write_timeout;  /* without a byte being taken by the client */
    mono_ns
        ping_interval; /* a silent WebSocket is pinged, and dropped after as long again; 0: never */
    void (*on_ready)(
        server *s, void *ctx); /* server_accept has something, or server_closing has become true */
    void *ctx;
} server_config;

/* Local, 1 MB bodies, 8 MB messages, 1,000 connections and waiting requests; 10, 60, 30, 30, 30, 30
 * seconds. */
extern const server_config server_config_default;

/* Strings are copied. NULL with e set: code "exists" (the address is in use), "permission",
 * "invalid" (no address of this machine), "tls", "not-found" (a file or library). */
server *server_open(const server_config *config, err *e);
int server_port(const server *s);
/* Stops accepting connections; requests that are under way are still taken and answered, then s is
 * idle. */
void server_close(server *s);
bool server_closing(const server *s);
/* No more callbacks. Requests that wait are answered with 503 and get out, streams are cut; s must
 * not be used again. Safe at any time, also from on_ready. Sockets that were taken stay valid,
 * closed. NULL is fine. */
void server_destroy(server *s);

/* ---- files ----------------------------------------------------------------------------------- */

/* GET and HEAD of exactly this path are answered from memory (copied); with ETag. Replaces an
 * earlier one. */
void server_add_file(server *s, const char *path, const char *content_type, const void *data,
                     size_t len);
/* GET and HEAD below prefix (it ends with "/") are answered with files below dir, a folder with its
 * index.html; with ETag. What does not exist there goes on to server_accept. Names that begin with
 * a dot are never served (but .well-known is), symbolic links are never followed. False with e set
 * when dir is no folder. */
bool server_add_folder(server *s, const char *prefix, const char *dir, err *e);
/* Web sockets are accepted at exactly this path, or below it if it ends with "/"; elsewhere an
 * upgrade is an ordinary GET. Unless any_origin, browsers' pages of other origins are answered with
 * 403. */
void server_add_socket_path(server *s, const char *path, bool any_origin);

/* ---- requests -------------------------------------------------------------------------------- */

typedef struct server_request {
    uint64_t id;
    const char *method; /* in upper case */
    const char *path;   /* decoded, starts with "/" */
    size_t path_len;    /* it may contain any byte but NUL */
    const char *query;  /* without "?", "" if there is none; spelt as lws_headers_query does */
    const server_header *headers; /* names in lower case */
    size_t header_count;
    const char *body;
    size_t body_len;
    const char *remote; /* the client's address, without port */
    bool tls;
    server_socket *socket; /* not NULL: this is a WebSocket, accepted; the caller owns it now, no
                              answer is due */
} server_request;

/* The longest waiting request, which is the caller's from now on; NULL if none waits. Valid until
 * it is answered or given up; for a WebSocket until the next turn of the loop. */
const server_request *server_accept(server *s);

/* A complete answer: status 200 to 599. Content-Length, Transfer-Encoding, Date and Connection are
 * made here; "connection: close" among the headers closes. body is copied; it is not sent for HEAD,
 * 204 and 304. False with e set: "closed", "invalid" (a header that could forge another). */
bool server_respond(server *s, uint64_t id, int status, const server_header *headers, size_t count,
                    const void *body, size_t len, err *e);

/* An answer in pieces, of any length. The time limits of an answer end with begin. */
bool server_stream_begin(server *s, uint64_t id, int status, const server_header *headers,
                         size_t count, err *e);
bool server_stream_write(server *s, uint64_t id, const void *data, size_t len, err *e);
bool server_stream_end(server *s, uint64_t id, err *e);
/* Breaks the connection, so that the client can't take what it has for the whole answer. */
bool server_stream_abort(server *s, uint64_t id, err *e);
/* Bytes that the client has not taken yet. */
size_t server_stream_pending(server *s, uint64_t id);
/* Calls fn(ctx, gone) once, when all of it has been taken or the client has gone. fn only takes
 * note: it must not call this module. fn NULL takes an earlier call back. False when the id means
 * nothing, or somebody waits already. */
typedef void (*server_drain_fn)(void *ctx, bool gone);
bool server_stream_on_drain(server *s, uint64_t id, server_drain_fn fn, void *ctx);

/* ---- WebSockets ------------------------------------------------------------------------------ */

/* Calls fn(ctx) from the loop whenever messages or the end may have come. NULL: none. */
void server_socket_watch(server_socket *k, void (*fn)(void *ctx), void *ctx);
/* The next message (text: valid UTF-8), which the caller frees; NULL if none has come. Reading from
 * the network pauses while a client is far ahead of this. */
char *server_socket_next(server_socket *k, size_t *len, bool *binary);
/* Whether the socket has ended and every message was taken. code is the close code that the client
 * sent, 1006 if it just went away; reason is valid as long as k. Either may be NULL. */
bool server_socket_ended(const server_socket *k, int *code, const char **reason);
/* Queues a message. False with e set: "closed"; "busy" when 16 MB wait because the client does not
 * read. */
bool server_socket_send(server_socket *k, const void *data, size_t len, bool binary, err *e);
/* Sends what is queued, then closes with code (1000, or 3000 to 4999) and a reason of at most 120
 * bytes. */
void server_socket_close(server_socket *k, int code, const char *reason);
/* Gives k back; a socket that is still open is closed with 1001. NULL is fine. */
void server_socket_release(server_socket *k);

#endif
