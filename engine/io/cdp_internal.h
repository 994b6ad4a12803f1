/* What cdp_conn.c, cdp_client.c and cdp_sub.c share. Nobody else includes it. */
#ifndef NANO_IO_CDP_INTERNAL_H
#define NANO_IO_CDP_INTERNAL_H

#include "base/list.h"
#include "io/cdp_conn.h"

enum { CDP_BUCKETS = 256 }; /* of two hash tables; a power of two */

struct cdp_conn {
    cdp_transport *transport; /* NULL: failed */
    err why;                  /* set when failed */
    void (*on_lost)(void *arg, const err *why);
    void *lost_arg;
    bool released;
    unsigned clients;
    int64_t last_id;
    size_t pending;             /* calls in the table */
    list calls[CDP_BUCKETS];    /* unanswered calls, by id */
    list sessions[CDP_BUCKETS]; /* subscriptions, by session */
    list ready;                 /* subscriptions with events and somebody who waits */
};

struct cdp_client {
    cdp_conn *conn;
    list calls, subs, contexts;
};

struct cdp_call {
    list by_id;     /* in conn->calls while unanswered */
    list of_client; /* unlinked: the connection's own (contexts) */
    cdp_conn *conn;
    int64_t id;
    cdp_answer_fn fn; /* NULL: nobody awaits it yet */
    void *arg;
    void *room[CDP_CALL_ROOM / sizeof(void *)];
    bool answered;
    char *result; /* kept until awaited; NULL: error */
    size_t result_len;
    err error;
    size_t session_len;
    char session[CDP_SESSION_MAX + 1];
};

struct cdp_sub {
    list by_session, of_client, ready;
    cdp_client *client; /* NULL: the client has gone */
    cdp_conn *conn;     /* NULL with it */
    void (*fn)(void *arg);
    void *arg;
    char *queue; /* entries: cdp_sub.c */
    size_t head, tail, cap, count;
    size_t lost;
    bool session_ended;
    size_t session_len, method_count;
    char session[CDP_SESSION_MAX + 1];
    cdp_span methods[]; /* followed by their text */
};

/* Sends and registers a call that belongs to no client; never fails at once. */
cdp_call *cdp_conn_call(cdp_conn *c, const cdp_command *cmd);
/* Sends a command whose answer nobody wants. */
void cdp_conn_post(cdp_conn *c, const cdp_command *cmd);
/* Where subscriptions to this session hang. */
list *cdp_conn_sessions(cdp_conn *c, cdp_span session);
void cdp_conn_add_client(cdp_conn *c);
void cdp_conn_remove_client(cdp_conn *c);

/* Index of the method among those of the sub; -1: not wanted. */
int cdp_sub_wants(const cdp_sub *s, cdp_span method);
/* Queues an event; the sub becomes ready if somebody waits. */
void cdp_sub_push(cdp_sub *s, int method, cdp_span params);
/* Calls the one who waits, if any. */
void cdp_sub_signal(cdp_sub *s);

/* A string constant as a span. */
#define CDP_SPAN(text) ((cdp_span){"" text, sizeof(text) - 1})

#endif
