/*
 * A WebSocket client, made for attaching to a browser by its ws:// URL: text messages of any size
 * both ways, in order. Used by the browser transport. Loop thread; every call returns at once, and
 * no callback happens inside a call.
 *
 * Life: ws_client_open → on_open → on_message … → on_closed, at most once; ws_client_close at any
 * time.
 */
#ifndef NANO_IO_WS_CLIENT_H
#define NANO_IO_WS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"

typedef struct ws_client ws_client;

typedef struct ws_client_events {
    void (*on_open)(ws_client *c, void *ctx);
    /* A whole message; text is NUL-terminated behind len and valid during the call. */
    void (*on_message)(ws_client *c, const char *text, size_t len, void *ctx);
    /* The connection has ended or could not be made; nothing comes after this. Codes: "dns",
     * "dns-unreachable", "refused", "connect", "tls", "protocol" (no WebSocket there), "too-large",
     * "timeout" (not opened in time, or no answer to a ping), "closed". */
    void (*on_closed)(ws_client *c, const err *why, void *ctx);
} ws_client_events;

typedef struct ws_client_config {
    size_t max_message;    /* bytes; a longer one ends the connection with "too-large" */
    mono_ns open_timeout;  /* name, connection and handshake together */
    mono_ns ping_interval; /* after so long in silence a ping is sent; without an answer in as long
                              again: "timeout" */
} ws_client_config;

/* 256 MB, 10 s, 30 s. */
extern const ws_client_config ws_client_config_default;

/* Begins to connect to a ws:// or wss:// URL (TLS: the system's authorities are trusted, the name
 * is checked). config may be NULL: the default. NULL with e set: "invalid" (no such URL),
 * "not-found" (libwebsockets is missing). */
ws_client *ws_client_open(const char *url, const ws_client_config *config,
                          const ws_client_events *events, void *ctx, err *e);
/* Queues a text message (copied), also before on_open. False when the connection has ended. */
bool ws_client_send(ws_client *c, const char *text, size_t len);
/* Bytes that are queued and not handed to the socket yet. */
size_t ws_client_unsent(const ws_client *c);
/* Ends the connection without ceremony and frees c: no callback happens after this. Also from
 * inside a callback. NULL is fine. */
void ws_client_close(ws_client *c);

#endif
