/*
 * bind_worker.c: sys.worker. Main spawns workers and talks to them; in a worker, parent_send and
 * parent_recv are the other end. Messages are text. The handle owns the worker process: collecting
 * it ends the worker.
 */
#include "bind/bind.h"
#include "io/worker.h"

#define WORKER_TYPE "sys.worker"

enum { CLOSE_GRACE_MS = 5000 };

typedef struct handle {
    worker *worker;
    task_token waiting; /* a task in recv */
} handle;

/* The task that waits for main's next message; a worker has one line, so there is one. */
static task_token parent_waiting;

static handle *check_handle(lua_State *L)
{
    return bind_check(L, 1, WORKER_TYPE);
}

static task_token take(task_token *slot)
{
    task_token token = *slot;
    *slot = (task_token){0};
    return token;
}

static void wake(task_token token, const char *data, size_t len, const err *why)
{
    if (!data) {
        bind_wake_fail(token, why);
        return;
    }
    lua_State *co = task_results(token);
    if (!co)
        return;
    lua_pushlstring(co, data, len);
    task_wake(token, 1);
}

/* spawn() → worker | nil, text, code */
static int l_spawn(lua_State *L)
{
    handle *h = bind_new(L, WORKER_TYPE, sizeof *h);
    err e;
    h->worker = worker_spawn(&e);
    return h->worker ? 1 : bind_fail(L, &e);
}

/* worker:send(text) → true | nil, text, "exited" | "closed" | "busy" (it does not read) |
 * "too-large" */
static int l_send(lua_State *L)
{
    handle *h = check_handle(L);
    size_t len;
    const char *text = luaL_checklstring(L, 2, &len);
    err e;
    if (!worker_send(h->worker, text, len, &e))
        return bind_fail(L, &e);
    lua_pushboolean(L, 1);
    return 1;
}

static void on_message(void *arg, const char *data, size_t len, const err *why)
{
    wake(take(&((handle *)arg)->waiting), data, len, why);
}

static void recv_cancel(void *arg)
{
    handle *h = arg;
    take(&h->waiting);
    worker_receive_cancel(h->worker);
}

/* worker:recv([timeout_ms]) waits → text | nil, text, "exited" (all its messages were received;
 * text says how it ended) | "timeout". One task at a time. */
static int l_recv(lua_State *L)
{
    handle *h = check_handle(L);
    mono_ns timeout = bind_timeout(L, 2);
    if (h->waiting.script)
        return luaL_error(L, "another task is waiting for this worker's messages already");
    lua_pushvalue(L, 1);
    h->waiting = task_begin(L, recv_cancel, h);
    task_limit(h->waiting, timeout);
    worker_receive(h->worker, on_message, h);
    return task_wait(L);
}

/* worker:kill(): last words, then its end, at the latest after 200 ms */
static int l_kill(lua_State *L)
{
    worker_kill(check_handle(L)->worker);
    return 0;
}

static int l_pid(lua_State *L)
{
    lua_pushinteger(L, worker_pid(check_handle(L)->worker));
    return 1;
}

/* worker:last_words() → text, "" if it said nothing */
static int l_last_words(lua_State *L)
{
    lua_pushstring(L, worker_last_words(check_handle(L)->worker));
    return 1;
}

/* worker:describe_end() → "was killed by signal 9 (SIGKILL)", "" while it runs (recv's "exited"
 * says that it does not) */
static int l_describe_end(lua_State *L)
{
    lua_pushstring(L, worker_describe_end(check_handle(L)->worker));
    return 1;
}

/* worker:close(): its parent_recv ends, upon which it ends in its own time, at most five seconds.
 * recv goes on to its end. */
static int l_close(lua_State *L)
{
    worker_close(check_handle(L)->worker, CLOSE_GRACE_MS * NS_PER_MS);
    return 0;
}

static int l_gc(lua_State *L)
{
    handle *h = check_handle(L);
    worker_destroy(h->worker);
    h->worker = NULL;
    return 0;
}

static channel *parent_line(lua_State *L)
{
    channel *line = worker_parent();
    if (!line)
        luaL_error(L, "sys.worker.parent_…: this process is not a worker");
    return line;
}

/* parent_send(text) → true | nil, text, code */
static int l_parent_send(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    err e;
    if (!channel_send(parent_line(L), text, len, &e))
        return bind_fail(L, &e);
    lua_pushboolean(L, 1);
    return 1;
}

static void on_parent_message(void *arg, const char *data, size_t len, const err *why)
{
    (void)arg;
    wake(take(&parent_waiting), data, len, why);
}

static void parent_cancel(void *arg)
{
    (void)arg;
    take(&parent_waiting);
    channel_receive_cancel(worker_parent());
}

/* parent_recv([timeout_ms]) waits → text | nil, text, "closed" (main is gone or wants no more) |
 * "timeout" */
static int l_parent_recv(lua_State *L)
{
    channel *line = parent_line(L);
    mono_ns timeout = bind_timeout(L, 1);
    if (parent_waiting.script)
        return luaL_error(L, "another task is waiting for main's messages already");
    lua_pushnil(L);
    parent_waiting = task_begin(L, parent_cancel, NULL);
    task_limit(parent_waiting, timeout);
    channel_receive(line, on_parent_message, NULL);
    return task_wait(L);
}

/* parent_flush([limit_ms]): blocks until everything sent has left → whether it has */
static int l_parent_flush(lua_State *L)
{
    double limit_ms = luaL_optnumber(L, 1, 1000);
    lua_pushboolean(L, channel_flush(parent_line(L), (mono_ns)(limit_ms * (double)NS_PER_MS)));
    return 1;
}

static const gate_fn functions[] = {
    {"spawn", l_spawn, GATE_EFFECT, CAP_ENGINE, NULL},
    {"parent_send", l_parent_send, GATE_EFFECT, CAP_ENGINE, NULL},
    {"parent_recv", l_parent_recv, GATE_READ, CAP_ENGINE, NULL},
    {"parent_flush", l_parent_flush, GATE_EFFECT, CAP_ENGINE, NULL},
    {NULL, NULL, 0, 0, NULL},
};

static const gate_fn methods[] = {
    {"send", l_send, GATE_EFFECT, CAP_ENGINE, NULL},
    {"recv", l_recv, GATE_READ, CAP_ENGINE, NULL},
    {"kill", l_kill, GATE_EFFECT, CAP_ENGINE, NULL},
    {"close", l_close, GATE_EFFECT, CAP_ENGINE, NULL},
    {"pid", l_pid, GATE_READ, CAP_ENGINE, NULL},
    {"last_words", l_last_words, GATE_READ, CAP_ENGINE, NULL},
    {"describe_end", l_describe_end, GATE_READ, CAP_ENGINE, NULL},
    {NULL, NULL, 0, 0, NULL},
};

int bind_worker(lua_State *L)
{
    bind_type(L, WORKER_TYPE, methods, l_gc);
    gate_push_module(L, "worker", functions);
    return 1;
}
