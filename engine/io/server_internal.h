/*
 * What the parts of the server share: server.c (listening, connections' lives, deadlines),
 * server_request.c (what libwebsockets tells about a connection), server_reply.c (answers),
 * server_files.c, server_socket.c (WebSockets).
 *
 * A connection's life:
 *   HEADERS → [BODY] → WAITING → [STREAMING] → FLUSHING → HEADERS …, or → LINGER → gone;  HEADERS →
 * SOCKET → gone From WAITING to LINGER libwebsockets is told not to read; conn.io watches the
 * socket instead, sees a client go away and writes the answer past libwebsockets (lws_glue.h says
 * why).
 *
 * Nothing of the owner's runs inside a callback of libwebsockets: what happened is noted in
 * server.changed, and handled from loop_defer.
 */
#ifndef NANO_IO_SERVER_INTERNAL_H
#define NANO_IO_SERVER_INTERNAL_H

#include <ev.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/list.h"
#include "io/loop.h"
#include "io/lws_glue.h"
#include "io/server.h"

enum {
    SERVER_MAX_CONNECTIONS = 8000,
    SERVER_KEPT_BUFFER = 65536, /* larger buffers are given back after each request */
};

typedef enum {
    CONN_HEADERS,   /* the next request is awaited or being read */
    CONN_BODY,      /* its body is being read */
    CONN_WAITING,   /* it is the owner's turn */
    CONN_STREAMING, /* the owner has begun to answer */
    CONN_FLUSHING,  /* the answer is complete and on its way */
    CONN_LINGER, /* sent; the rest of the request is thrown away so that the client gets to read the
                    answer */
    CONN_SOCKET, /* a WebSocket */
} conn_state;

typedef struct conn {
    lws_handler handler; /* first */
    list node;           /* in server.conns */
    list changed;        /* in server.changed */
    list waiting;        /* in server.waiting until accepted */
    list unsettled;      /* in server.unsettled while reading should be paused but can't be */
    server *owner;
    struct lws *wsi; /* NULL before and after libwebsockets has it, and when it was detached */
    struct lws_vhost *vhost;
    int fd, slot;
    conn_state state;
    bool adopting, orphan; /* inside adoption; libwebsockets let it go meanwhile */
    bool detaching;        /* libwebsockets is made to let it go */
    bool reading_paused;
    bool reply_now; /* an answer was put into out inside a callback: send it from loop_defer */
    bool counted;   /* among server.requests */
    bool deaf; /* pipelined bytes keep the socket readable, so a client's going is polled for */
    bool gone; /* broken: to be killed from loop_defer */
    mono_ns deadline; /* 0: none */
    char remote[48];

    /* The request. */
    server_request request; /* id 0: none */
    buf text;               /* path, query and headers, NUL-terminated each */
    buf body;
    server_header *headers;
    size_t header_cap;
    uint64_t body_left;          /* by Content-Length */
    bool body_unread;            /* the client may still be sending what nobody will read */
    struct chunk_reader *chunks; /* the body comes in chunks */
    bool http11, head, keep;
    int refuse; /* the upgrade is to be answered with this status */

    /* The answer. */
    ev_io io;
    int io_events;
    buf out;
    size_t sent;
    bool chunked;  /* the stream is sent in chunks */
    bool bodyless; /* HEAD, 204, 304 */
    int file;      /* the rest of the answer, -1: none */
    off_t file_left;
    server_drain_fn on_drain;
    void *drain_ctx;

    server_socket *socket;
} conn;

typedef struct server_file server_file;
typedef struct server_socket_path server_socket_path;

struct server {
    server_config config;
    struct lws_vhost *vhost;
    bool own_vhost;
    int port, listen_fd;
    ev_io accepting;
    loop_timer accept_again; /* after the process ran out of descriptors */
    loop_timer sweep;
    bool closing, destroyed;
    bool announce; /* on_ready is due */
    bool deferred; /* server_work is under way */
    list conns, changed, waiting, unsettled;
    loop_timer settling;
    conn **slots;
    int *free_slots;
    int free_count, conn_count;
    int requests; /* being with the owner */
    uint64_t next_id;
    server_file *files;
    size_t file_count;
    server_socket_path *socket_paths;
    size_t socket_path_count;
};

/* server.c */
void server_defer(server *s);     /* look at what has changed from loop_defer */
void server_note(conn *c);        /* c has changed */
void server_announce(server *s);  /* on_ready is due */
void server_kill(conn *c);        /* ends the connection at once; never from inside a callback */
void server_forget(conn *c);      /* libwebsockets has let go of it: frees c */
void server_end_request(conn *c); /* the request is answered or given up */
conn *server_conn(server *s, uint64_t id, err *e);

/* server_request.c */
int server_on_event(lws_handler *handler, struct lws *wsi, enum lws_callback_reasons reason,
                    void *in, size_t len);
/* The value of a request's header, NULL if absent. */
const char *server_request_header(const server_request *r, const char *name);

/* server_reply.c */
/* Libwebsockets is to leave the socket alone, as far as it can be made to: see there. */
void server_pause_reading(conn *c);
void server_resume_reading(conn *c);
void server_watch_io(conn *c, int events);
/* Whether the client has closed its side, or all of it. */
bool server_client_gone(const conn *c);
/* Sends what it can of out, without any consequence. */
void server_send_now(conn *c);
/* Answers from inside: status with a plain text. Safe inside callbacks. */
void server_refuse(conn *c, int status);
void server_reply_begin(conn *c, int status, const server_header *headers, size_t count,
                        int64_t length);
/* Sends what it can; goes on when it all went. May end the connection: c is not to be touched
 * afterwards. */
void server_flush(conn *c);
bool server_headers_valid(const server_header *headers, size_t count, err *e);
const char *server_reason(int status);

/* server_files.c */
/* Answers c's request with a file if there is one for it. Safe inside callbacks. */
bool server_files_answer(conn *c);
void server_files_finish(server *s);
const char *server_content_type(const char *path);

/* server_socket.c */
/* Decides on an upgrade request while its headers are there: true: go on with it; c->refuse may be
 * set instead. */
bool server_socket_allowed(conn *c);
int server_socket_event(conn *c, struct lws *wsi, enum lws_callback_reasons reason, void *in,
                        size_t len);
void server_socket_expired(conn *c, mono_ns now); /* its deadline has passed */
void server_socket_taken(server_socket *k);       /* the owner has it */
void server_socket_detach(conn *c);               /* the connection is no more */
void server_socket_go_away(conn *c);              /* the server closes */
void server_socket_paths_finish(server *s);

/* server_chunks.c */
typedef struct chunk_reader chunk_reader;
typedef enum { CHUNKS_MORE, CHUNKS_DONE, CHUNKS_BAD } chunks_state;
chunk_reader *chunk_reader_create(void);
void chunk_reader_destroy(chunk_reader *r);
/* Appends the body's bytes in data to out. */
chunks_state chunk_reader_feed(chunk_reader *r, const char *data, size_t len, buf *out);

#endif
