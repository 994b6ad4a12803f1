/*
 * The process's one libwebsockets context on the process's one event loop, made at first use (it
 * takes 1 to 3 ms). Used by server*.c and ws_client.c. Loop thread.
 *
 * What was learnt about libwebsockets 4.1.6 with its libev plugin, and what follows for everything
 * built on it:
 * - The plugin's timer is only re-armed by socket events, and never earlier than it already stands:
 * timeouts of libwebsockets come late or not at all. Every deadline is therefore kept with
 * loop_timer, and those of libwebsockets are set so far away that they never end a connection.
 * - A connection that waits for its answer is not read from, but its readability is still polled: a
 * client that goes away or pipelines makes the loop spin. While reading is paused
 * (rx_flow_control), the HTTP role ignores writability too. So a server pauses reading and writes
 * to the socket itself, with a watcher of its own; see server_reply.c.
 * - Adding a timeout walks a sorted list: timeouts that stay would make a thousand idle connections
 * slow. They are cleared at once.
 * - Callbacks may come for a wsi that is no connection of ours (context start, vhosts): there the
 * handler is NULL.
 */
#ifndef NANO_IO_LWS_GLUE_H
#define NANO_IO_LWS_GLUE_H

#include "io/lws_load.h"

/* First member of whatever owns a connection; its address is the wsi's opaque user data. */
typedef struct lws_handler lws_handler;
struct lws_handler {
    int leftovers; /* kept by lws_glue.c: pieces of input that libwebsockets holds back, see below
                    */
    /* As a libwebsockets protocol callback. Called from inside libwebsockets: it must not call out
     * to users' code nor close other connections; it queues and uses loop_defer. */
    int (*on_event)(lws_handler *self, struct lws *wsi, enum lws_callback_reasons reason, void *in,
                    size_t len);
};

enum {
    LWS_GLUE_HEADER_BYTES =
        16384, /* room for one request's line and headers; a power of two (see lws_headers.c) */
    LWS_GLUE_READ_BYTES =
        65536, /* read at once; the largest piece of a WebSocket message that is delivered */
    LWS_GLUE_MAX_FD = 8192, /* file descriptors from here on can't be served */
    LWS_GLUE_FOREVER = 86400 * 365,
};

/* The context, made now if there is none. NULL with e set if libwebsockets or its libev plugin is
 * missing. */
struct lws_context *lws_glue_context(err *e);
/* The virtual host of every connection without TLS. */
struct lws_vhost *lws_glue_plain_vhost(err *e);
/* A new virtual host that accepts TLS with these PEM files; end it with lws.vhost_destroy. NULL
 * with e set. */
struct lws_vhost *lws_glue_tls_vhost(const char *cert, const char *key, err *e);
/* The virtual host of outgoing TLS connections: trusts the system's authorities (made at first use,
 * 20 ms). */
struct lws_vhost *lws_glue_tls_client_vhost(err *e);

/* Whether libwebsockets has read more from this connection than it has dealt with: what it deals
 * with now lay in its buffer. A request with a body in there makes libwebsockets 4.1.6 loop for
 * ever, whoever sends it: it takes the request's head for the beginning of the body, and what
 * follows the body is never taken. It must not get that far. */
bool lws_glue_has_leftovers(const lws_handler *handler);
/* Before a handler is freed. */
void lws_glue_forget(lws_handler *handler);

/* Forgets the timeouts that libwebsockets has set on wsi. */
void lws_glue_clear_timeout(struct lws *wsi);
/* Both close the connection now; its handler gets its last callbacks inside the call. Not from
 * inside a callback. end says goodbye first (TLS), but does not close at all while libwebsockets
 * itself has unsent bytes; kill always does. */
void lws_glue_end(struct lws *wsi);
void lws_glue_kill(struct lws *wsi);

/* Whether there is a context. */
bool lws_glue_running(void);
/* Closes every connection and destroys the context. Before loop_finish, not from inside a callback;
 * may be called when nothing was ever started. */
void lws_glue_finish(void);

#endif
