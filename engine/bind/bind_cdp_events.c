/* bind_cdp_events.c: sys.cdp's subscriptions and browser contexts; see bind_cdp.h. Events are
 * fetched, never called back. */
#include <string.h>

#include "bind/bind_cdp.h"

#define SUB_TYPE "sys.cdp.sub"
#define CONTEXT_TYPE "sys.cdp.context"

typedef struct sub_handle {
    cdp_holder *holder;
    cdp_sub *sub; /* NULL: closed */
    task_token waiting;
} sub_handle;

typedef struct context_handle {
    cdp_holder *holder;
    cdp_context *context;
    task_token closing;
} context_handle;

static const char subscribe_signature[] = "cdp browser:subscribe(session_id, {method, …})";

/* browser:subscribe(session_id|"" for the browser itself, {"Network.requestWillBeSent", …}) → sub
 */
int bind_cdp_subscribe(lua_State *L)
{
    cdp_holder *h = cdp_holder_check(L, subscribe_signature);
    cdp_span methods[CDP_SUB_METHODS_MAX];
    cdp_span session = cdp_opt_span(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    size_t count = lua_objlen(L, 3);
    if (!count || count > CDP_SUB_METHODS_MAX)
        return bind_usage(L, subscribe_signature, "give between 1 and 64 methods");
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 3, (int)i + 1);
        methods[i].at =
            lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &methods[i].len) : NULL;
        cdp_command probe = {.method = methods[i], .session = session};
        if (!methods[i].at || cdp_command_problem(&probe))
            return bind_usage(L, subscribe_signature,
                              "methods are names like \"Page.loadEventFired\"");
        lua_pop(L, 1); /* the table keeps it */
    }
    sub_handle *s = bind_new(L, SUB_TYPE, sizeof *s);
    s->holder = cdp_holder_keep(h);
    s->sub = cdp_sub_create(h->client, session, methods, count);
    return 1;
}

static void next_cancel(void *arg)
{
    sub_handle *s = arg;
    s->waiting = (task_token){0};
    if (s->sub)
        cdp_sub_cancel(s->sub);
}

static void on_events(void *arg)
{
    sub_handle *s = arg;
    task_token token = s->waiting;
    cdp_span method, params;
    err e;
    s->waiting = (task_token){0};
    if (!cdp_sub_count(s->sub)) {
        cdp_sub_take(s->sub, &method, &params, &e);
        bind_wake_fail(token, &e);
        return;
    }
    lua_State *co = task_results(token);
    if (!co)
        return;
    lua_createtable(co, (int)cdp_sub_count(s->sub) * 2, 0);
    for (int i = 1; cdp_sub_take(s->sub, &method, &params, &e); i += 2) {
        lua_pushlstring(co, method.at, method.len);
        lua_rawseti(co, -2, i);
        lua_pushlstring(co, params.at, params.len);
        lua_rawseti(co, -2, i + 1);
        if (!cdp_sub_count(s->sub))
            break; /* what ends the stream is for the next call */
    }
    task_wake(token, 1);
}

/* sub:next([timeout_ms]) waits → {method1, params_json1, method2, …}, all that has come, at least
 * one | nil, text, "timeout" | "closed" (the page, the browser handle or sub) | "exited" |
 * "too-large" (some were lost) */
static int l_next(lua_State *L)
{
    sub_handle *s = bind_check(L, 1, SUB_TYPE);
    mono_ns timeout = bind_timeout(L, 2);
    if (s->waiting.script)
        return bind_usage(L, "cdp sub:next(timeout_ms)",
                          "another task is waiting for these events already");
    lua_pushvalue(L, 1);
    s->waiting = task_begin(L, next_cancel, s);
    task_limit(s->waiting, timeout);
    if (s->sub) {
        cdp_sub_wait(s->sub, on_events, s);
    } else {
        task_token token = s->waiting;
        s->waiting = (task_token){0};
        task_wake_error(token, "the subscription was closed", "closed");
    }
    return task_wait(L);
}

static void close_sub(lua_State *L, sub_handle *s)
{
    task_token token = s->waiting;
    s->waiting = (task_token){0};
    if (s->holder)
        script_note_owned(script_of(L), -1);
    cdp_sub_destroy(s->sub);
    s->sub = NULL;
    cdp_holder_drop(s->holder);
    s->holder = NULL;
    if (token.script)
        task_wake_error(token, "the subscription was closed", "closed");
}

/* sub:close(): a task that waits for events gets nil, text, "closed" */
static int l_sub_close(lua_State *L)
{
    close_sub(L, bind_check(L, 1, SUB_TYPE));
    return 0;
}

/* ---- contexts ---- */

typedef struct context_op {
    task_token token;
    cdp_context *context;
    cdp_holder *holder;
} context_op;

static void create_cancel(void *arg)
{
    context_op *op = arg;
    cdp_context_destroy(op->context);
    cdp_holder_drop(op->holder);
}

static void on_created(void *arg, const err *error)
{
    context_op *op = arg;
    lua_State *co = error ? NULL : task_results(op->token);
    if (!co) {
        if (error)
            bind_wake_fail(op->token, error);
        create_cancel(op);
        return;
    }
    context_handle *x = bind_new(co, CONTEXT_TYPE, sizeof *x);
    x->context = op->context;
    x->holder = op->holder;
    task_wake(op->token, 1);
}

/* browser:context() waits → context, with cookies and cache of its own; it goes with its handle */
int bind_cdp_context(lua_State *L)
{
    cdp_holder *h = cdp_holder_check(L, "cdp browser:context()");
    context_op *op = lua_newuserdata(L, sizeof *op);
    memset(op, 0, sizeof *op);
    op->token = task_begin(L, create_cancel, op);
    op->holder = cdp_holder_keep(h);
    cdp_context_create(h->client, &op->context, on_created, op);
    return task_wait(L);
}

/* context:id() → the browserContextId for Target.createTarget; "" when it was closed */
static int l_id(lua_State *L)
{
    context_handle *x = bind_check(L, 1, CONTEXT_TYPE);
    lua_pushstring(L, x->context ? cdp_context_id(x->context) : "");
    return 1;
}

static void close_cancel(void *arg)
{
    const context_handle *x = arg;
    if (x->context)
        cdp_context_cancel(x->context);
}

static void on_closed(void *arg, const err *error)
{
    context_handle *x = arg;
    lua_State *co = error ? NULL : task_results(x->closing);
    if (error) {
        bind_wake_fail(x->closing, error);
    } else if (co) {
        lua_pushboolean(co, 1);
        task_wake(x->closing, 1);
    }
}

/* context:close() waits: closes its pages, forgets its data → true | nil, text, code. A second
 * time: true */
static int l_context_close(lua_State *L)
{
    context_handle *x = bind_check(L, 1, CONTEXT_TYPE);
    lua_pushvalue(L, 1);
    x->closing = task_begin(L, close_cancel, x);
    if (!x->context || !cdp_context_close(x->context, on_closed, x))
        on_closed(x, NULL);
    return task_wait(L);
}

static int l_sub_gc(lua_State *L)
{
    close_sub(L, bind_check(L, 1, SUB_TYPE));
    return 0;
}

/* context:release(): closes it without waiting for that, if it is open */
static int l_context_release(lua_State *L)
{
    context_handle *x = bind_check(L, 1, CONTEXT_TYPE);
    if (x->holder)
        script_note_owned(script_of(L), -1);
    cdp_context_destroy(x->context);
    x->context = NULL;
    cdp_holder_drop(x->holder);
    x->holder = NULL;
    return 0;
}

static const gate_fn sub_methods[] = {
    {"next", l_next, GATE_READ, CAP_BROWSER, NULL},
    {"close", l_sub_close, GATE_READ, CAP_BROWSER, NULL},
    {NULL, NULL, 0, 0, NULL},
};

static const gate_fn context_methods[] = {
    {"id", l_id, GATE_READ, CAP_BROWSER, NULL},
    {"close", l_context_close, GATE_READ, CAP_BROWSER, NULL},
    {"release", l_context_release, GATE_READ, CAP_BROWSER, NULL},
    {NULL, NULL, 0, 0, NULL},
};

void bind_cdp_events(lua_State *L)
{
    bind_type(L, SUB_TYPE, sub_methods, l_sub_gc);
    bind_type(L, CONTEXT_TYPE, context_methods, l_context_release);
}
