/*
 * A connection to a browser, shared by many clients: numbers the commands, brings each answer to
 * the call that waits for it and each event to the subscriptions that want it. What nobody wants is
 * dropped without being read. A client is what one script holds: when it goes, so do its calls,
 * subscriptions and browser contexts, and nothing else. Loop thread only. Text that goes in is
 * copied; text that comes out is valid during the callback.
 */
#ifndef NANO_IO_CDP_CONN_H
#define NANO_IO_CDP_CONN_H

#include "io/cdp_scan.h"
#include "io/cdp_transport.h"

enum {
    CDP_SESSION_MAX = 63,                /* longest session id */
    CDP_COMMAND_MAX = 100 * 1024 * 1024, /* Chromium drops the connection on a larger command */
    CDP_QUEUE_MAX =
        128 * 1024 * 1024, /* bytes that a browser may leave unread before commands are refused */
    CDP_SUB_BYTES_MAX =
        16 * 1024 * 1024, /* queued for one subscription; later events are lost, and said to be */
    CDP_SUB_METHODS_MAX = 64,
    CDP_CALL_ROOM = 32,
};

typedef struct cdp_conn cdp_conn;
typedef struct cdp_client cdp_client;
typedef struct cdp_call cdp_call;
typedef struct cdp_sub cdp_sub;
typedef struct cdp_context cdp_context;

/* Takes t over and starts it. on_lost is called once when the transport has closed by itself; its
 * owner then says how the calls that wait are to fail (cdp_conn_fail), at once or when it knows
 * more. */
cdp_conn *cdp_conn_create(cdp_transport *t, void (*on_lost)(void *arg, const err *why), void *arg);
/* Ends the connection: every wait fails with why, now, and so does every later one. The second
 * time: nothing. */
void cdp_conn_fail(cdp_conn *c, const err *why);
/* The owner lets go (cdp_conn_fail first, or it fails as "exited"); freed when the last client has
 * gone. */
void cdp_conn_release(cdp_conn *c);
bool cdp_conn_alive(const cdp_conn *c);
/* How many clients there are. */
unsigned cdp_conn_clients(const cdp_conn *c);

cdp_client *cdp_client_create(cdp_conn *c);
/* Drops its calls, ends its subscriptions and contexts (their handles stay the owner's to destroy).
 * NULL is fine. */
void cdp_client_destroy(cdp_client *k);
bool cdp_client_alive(const cdp_client *k);
/* To tell connections apart. */
const cdp_conn *cdp_client_conn(const cdp_client *k);

/* A command. method: letters and dots. params: a JSON object, at NULL for none. session: at most
 * CDP_SESSION_MAX letters, digits, '-' or '_', len 0 for the browser itself. */
typedef struct cdp_command {
    cdp_span method, params, session;
} cdp_command;

/* NULL, or what is wrong with the command: a constant text. */
const char *cdp_command_problem(const cdp_command *cmd);

/* The answer to a call: error NULL and JSON text, or the reason: code "cdp" (the browser said no),
 * "closed" (the session has ended), "exited", "protocol", "busy", "too-large". */
typedef void (*cdp_answer_fn)(void *arg, cdp_span result, const err *error);

/* Sends a command without cdp_command_problem. The call is the client's until it is awaited,
 * dropped, or the client goes; a failure to send is the call's answer. */
cdp_call *cdp_call_send(cdp_client *k, const cdp_command *cmd);
/* The same, the answer unwanted. */
void cdp_call_post(cdp_client *k, const cdp_command *cmd);
/* Identifies the call within its connection; above 0. */
int64_t cdp_call_id(const cdp_call *call);
/* The client's call with that id that nobody awaits yet, NULL if there is none. */
cdp_call *cdp_call_find(cdp_client *k, int64_t id);
/* Calls fn once with the answer, inside this call if it is there already; then the call is gone. */
void cdp_call_await(cdp_call *call, cdp_answer_fn fn, void *arg);
/* The call is gone, its answer will be dropped. */
void cdp_call_drop(cdp_call *call);
/* Room for whoever awaits the call, CDP_CALL_ROOM bytes, aligned as for a pointer; valid until fn
 * returns. */
void *cdp_call_room(cdp_call *call);

/* Events of one session. methods: at most CDP_SUB_METHODS_MAX. The sub is the caller's
 * (cdp_sub_destroy). */
cdp_sub *cdp_sub_create(cdp_client *k, cdp_span session, const cdp_span *methods, size_t count);
/* NULL is fine; may come before or after the client's end. */
void cdp_sub_destroy(cdp_sub *s);
/* Calls fn once when events are queued or the sub has ended, inside this call if that is so
 * already. fn takes them with cdp_sub_take. False: another waits. */
bool cdp_sub_wait(cdp_sub *s, void (*fn)(void *arg), void *arg);
void cdp_sub_cancel(cdp_sub *s);
/* The oldest queued event, valid until the next call on s. False when there is none: then e (if the
 * code is set, else it is empty) says why no more will come, or that some were lost: "too-large",
 * once, after which events go on. */
bool cdp_sub_take(cdp_sub *s, cdp_span *method, cdp_span *params, err *e);
size_t cdp_sub_count(const cdp_sub *s);

/* A browser context (cookies and cache of its own) that goes with its client. *out is the caller's
 * at once (cdp_context_destroy, also before fn: then fn is not called). fn: created, or error says
 * why not; inside this call if the connection has ended. */
void cdp_context_create(cdp_client *k, cdp_context **out, void (*fn)(void *arg, const err *error),
                        void *arg);
/* The id for Target.createTarget; "" until created and after the end. */
const char *cdp_context_id(const cdp_context *x);
/* Closes its pages and forgets its data; fn is called when that is done. False: it is closed, or
 * was never open. */
bool cdp_context_close(cdp_context *x, void (*fn)(void *arg, const err *error), void *arg);
/* fn is not called any more. */
void cdp_context_cancel(cdp_context *x);
/* Disposes of the context if it is open. NULL is fine; may come before or after the client's end.
 */
void cdp_context_destroy(cdp_context *x);

#endif
