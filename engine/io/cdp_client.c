/* cdp_client.c: see cdp_conn.h. Here: what belongs to one client, its calls and its browser
 * contexts. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "io/cdp_internal.h"

enum { CONTEXT_ID_MAX = 64 };

typedef enum { CONTEXT_CREATING, CONTEXT_OPEN, CONTEXT_CLOSED } context_state;

struct cdp_context {
    list of_client;
    cdp_client *client; /* NULL: the client has gone */
    cdp_conn *conn;     /* valid while a call of ours is under way */
    context_state state;
    bool busy;     /* a call of ours (create, dispose) is under way: its answer comes to us */
    bool released; /* the handle is gone: free when no longer busy */
    char id[CONTEXT_ID_MAX];
    void (*fn)(void *arg, const err *error);
    void *arg;
};

cdp_client *cdp_client_create(cdp_conn *c)
{
    cdp_client *k = mem_zero(1, sizeof *k);
    k->conn = c;
    list_init(&k->calls);
    list_init(&k->subs);
    list_init(&k->contexts);
    cdp_conn_add_client(c);
    return k;
}

bool cdp_client_alive(const cdp_client *k)
{
    return cdp_conn_alive(k->conn);
}

const cdp_conn *cdp_client_conn(const cdp_client *k)
{
    return k->conn;
}

cdp_call *cdp_call_send(cdp_client *k, const cdp_command *cmd)
{
    cdp_call *call = cdp_conn_call(k->conn, cmd);
    list_push(&k->calls, &call->of_client);
    return call;
}

void cdp_call_post(cdp_client *k, const cdp_command *cmd)
{
    cdp_conn_post(k->conn, cmd);
}

int64_t cdp_call_id(const cdp_call *call)
{
    return call->id;
}

cdp_call *cdp_call_find(cdp_client *k, int64_t id)
{
    /* Mostly the newest is asked for. */
    for (list *n = k->calls.prev; n != &k->calls; n = n->prev) {
        cdp_call *call = list_entry(n, cdp_call, of_client);
        if (call->id == id)
            return call->fn ? NULL : call;
    }
    return NULL;
}

void cdp_call_await(cdp_call *call, cdp_answer_fn fn, void *arg)
{
    call->fn = fn;
    call->arg = arg;
    if (!call->answered)
        return;
    list_remove(&call->of_client);
    fn(arg, (cdp_span){call->result, call->result_len}, call->result ? NULL : &call->error);
    free(call->result);
    free(call);
}

void *cdp_call_room(cdp_call *call)
{
    return call->room;
}

void cdp_call_drop(cdp_call *call)
{
    list_remove(&call->of_client);
    list_remove(&call->by_id);
    if (!call->answered)
        call->conn->pending--;
    free(call->result);
    free(call);
}

const char *cdp_context_id(const cdp_context *x)
{
    return x->state == CONTEXT_OPEN ? x->id : "";
}

static cdp_command dispose_command(const cdp_context *x, buf *params)
{
    buf_printf(params, "{\"browserContextId\":\"%s\"}", x->id);
    return (cdp_command){.method = CDP_SPAN("Target.disposeBrowserContext"),
                         .params = {params->data, params->len}};
}

/* Tells the browser, wants no answer. */
static void dispose(cdp_context *x)
{
    buf params = {0};
    cdp_command cmd = dispose_command(x, &params);
    x->state = CONTEXT_CLOSED;
    cdp_conn_post(x->conn, &cmd);
    buf_finish(&params);
}

static void finish(cdp_context *x, const err *error)
{
    void (*fn)(void *arg, const err *error) = x->fn;
    x->fn = NULL;
    x->busy = false;
    if (x->released)
        free(x);
    else if (fn)
        fn(x->arg, error);
}

/* An id that goes back to the browser inside JSON: nothing but what its ids are made of. */
static bool take_id(cdp_context *x, cdp_span id)
{
    cdp_command probe = {.method = CDP_SPAN("x"), .session = id};
    if (!id.at || !id.len || id.len >= sizeof x->id || cdp_command_problem(&probe))
        return false;
    memcpy(x->id, id.at, id.len);
    x->id[id.len] = '\0';
    return true;
}

static void on_created(void *arg, cdp_span result, const err *error)
{
    cdp_context *x = arg;
    err e;
    x->state = CONTEXT_CLOSED;
    if (!error && !take_id(x, cdp_scan_member(result, "browserContextId"))) {
        err_set(&e, "protocol", "the browser made a context without an id");
        error = &e;
    }
    if (!error) {
        x->state = CONTEXT_OPEN;
        if (x->released || !x->client)
            dispose(x); /* made for somebody who is gone */
    }
    finish(x, error);
}

static void on_disposed(void *arg, cdp_span result, const err *error)
{
    (void)result;
    finish(arg, error);
}

void cdp_context_create(cdp_client *k, cdp_context **out, void (*fn)(void *arg, const err *error),
                        void *arg)
{
    cdp_context *x = mem_zero(1, sizeof *x);
    cdp_command cmd = {.method = CDP_SPAN("Target.createBrowserContext"),
                       .params = CDP_SPAN("{\"disposeOnDetach\":true}")};
    x->client = k;
    x->conn = k->conn;
    x->fn = fn;
    x->arg = arg;
    x->busy = true;
    list_push(&k->contexts, &x->of_client);
    *out = x;
    cdp_call_await(cdp_conn_call(k->conn, &cmd), on_created, x);
}

bool cdp_context_close(cdp_context *x, void (*fn)(void *arg, const err *error), void *arg)
{
    if (x->state != CONTEXT_OPEN || x->busy)
        return false;
    buf params = {0};
    cdp_command cmd = dispose_command(x, &params);
    x->state = CONTEXT_CLOSED;
    x->busy = true;
    x->fn = fn;
    x->arg = arg;
    cdp_call_await(cdp_conn_call(x->conn, &cmd), on_disposed, x);
    buf_finish(&params);
    return true;
}

void cdp_context_cancel(cdp_context *x)
{
    x->fn = NULL;
}

void cdp_context_destroy(cdp_context *x)
{
    if (!x)
        return;
    list_remove(&x->of_client);
    if (x->state == CONTEXT_OPEN)
        dispose(x);
    x->client = NULL;
    x->fn = NULL;
    x->released = true;
    if (!x->busy)
        free(x);
}

void cdp_client_destroy(cdp_client *k)
{
    list *n;
    if (!k)
        return;
    while (!list_empty(&k->calls))
        cdp_call_drop(list_entry(k->calls.next, cdp_call, of_client));
    while ((n = list_shift(&k->subs))) {
        cdp_sub *s = list_entry(n, cdp_sub, of_client);
        list_remove(&s->by_session);
        list_remove(&s->ready);
        s->client = NULL;
        s->conn = NULL;
        cdp_sub_signal(s);
    }
    while ((n = list_shift(&k->contexts))) {
        cdp_context *x = list_entry(n, cdp_context, of_client);
        if (x->state == CONTEXT_OPEN)
            dispose(x);
        x->client = NULL;
    }
    cdp_conn_remove_client(k->conn);
    free(k);
}
