/*
 * bind_worker.c: sys.worker. Main spawns workers and talks to them; in a worker, parent_send and parent_recv are the other
 * end. Messages are text. The handle owns the worker process: collecting it ends the worker.
 */
#include <string.h>

#include "bind/bind.h"
#include "io/worker.h"

#define WORKER_TYPE "sys.worker"

typedef struct handle {
    worker *worker;
    bool receiving; /* a task waits in recv: the line can't be closed under it */
} handle;

static worker *check_worker(lua_State *L)
{
    handle *h = bind_check(L, 1, WORKER_TYPE);
    if (!h->worker)
        luaL_error(L, "the worker has been closed");
    return h->worker;
}

/* spawn() → worker | nil, text, code */
static int l_spawn(lua_State *L)
{
    handle *h = bind_new(L, WORKER_TYPE, sizeof *h);
    err e;
    h->worker = worker_spawn(&e);
    return h->worker ? 1 : bind_fail(L, &e);
}

static int send_text(lua_State *L, channel *line, int index)
{
    size_t len;
    const char *text = luaL_checklstring(L, index, &len);
    err e;
    if (!channel_send(line, text, len, &e))
        return bind_fail(L, &e);
    lua_pushboolean(L, 1);
    return 1;
}

/* worker:send(text) → true | nil, text, "closed" | "busy" | "too-large" */
static int l_send(lua_State *L)
{
    return send_text(L, worker_channel(check_worker(L)), 2);
}

typedef struct receive_op {
    channel *line;
    handle *handle; /* NULL in the worker itself; kept alive by the op's environment */
    task_token token;
} receive_op;

static void receive_over(receive_op *op)
{
    if (op->handle)
        op->handle->receiving = false;
}

static void receive_cancel(void *arg)
{
    receive_op *op = arg;
    channel_receive_cancel(op->line);
    receive_over(op);
}

static void on_message(void *arg, const char *data, size_t len, const err *why)
{
    receive_op *op = arg;
    receive_over(op);
    lua_State *co = task_results(op->token);
    if (!co)
        return;
    if (data) {
        lua_pushlstring(co, data, len);
        task_wake(op->token, 1);
        return;
    }
    /* The line can end a moment before the process is reaped; who wants the exit code asks describe_end(). */
    lua_pushnil(co);
    lua_pushstring(co, why ? why->text : "the line was closed");
    lua_pushliteral(co, "exited");
    task_wake(op->token, 3);
}

static int receive(lua_State *L, channel *line, handle *h, mono_ns timeout)
{
    receive_op *op = lua_newuserdata(L, sizeof *op);
    op->line = line;
    op->handle = h;
    if (h) {
        lua_createtable(L, 1, 0);
        lua_pushvalue(L, 1);
        lua_rawseti(L, -2, 1);
        lua_setfenv(L, -2);
    }
    op->token = task_begin(L, receive_cancel, op);
    if (h)
        h->receiving = true;
    if (channel_receive(line, on_message, op))
        task_limit(op->token, timeout);
    else
        task_wake_error(op->token, "another task is waiting for these messages", "busy");
    return task_wait(L);
}

/* worker:recv([timeout_ms]) waits → text | nil, text, "exited" | "timeout". One task at a time. */
static int l_recv(lua_State *L)
{
    worker *w = check_worker(L);
    handle *h = lua_touserdata(L, 1);
    if (h->receiving)
        return luaL_error(L, "another task is waiting for this worker's messages already");
    return receive(L, worker_channel(w), h, bind_timeout(L, 2));
}

/* worker:kill(): last words, then SIGKILL */
static int l_kill(lua_State *L)
{
    worker_kill(check_worker(L));
    return 0;
}

static int l_pid(lua_State *L)
{
    lua_pushinteger(L, worker_pid(check_worker(L)));
    return 1;
}

/* worker:last_words() → text, "" if it said nothing */
static int l_last_words(lua_State *L)
{
    lua_pushstring(L, worker_last_words(check_worker(L)));
    return 1;
}

/* worker:describe_end() → "was killed by signal 9 (SIGKILL)", "" while it runs or is not reaped yet */
static int l_describe_end(lua_State *L)
{
    lua_pushstring(L, worker_describe_end(check_worker(L)));
    return 1;
}

/* worker:close(): closes the line; the worker ends in its own time, at most five seconds */
static int l_close(lua_State *L)
{
    handle *h = bind_check(L, 1, WORKER_TYPE);
    if (h->receiving)
        return luaL_error(L, "worker:close(): a task is waiting for its messages");
    worker_destroy(h->worker);
    h->worker = NULL;
    return 0;
}

static int l_gc(lua_State *L)
{
    handle *h = bind_check(L, 1, WORKER_TYPE);
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
    return send_text(L, parent_line(L), 1);
}

/* parent_recv() waits → text | nil, text, "exited" when main is gone */
static int l_parent_recv(lua_State *L)
{
    return receive(L, parent_line(L), NULL, -1);
}

/* parent_flush(limit_ms): waits, blocking, until everything sent has left */
static int l_parent_flush(lua_State *L)
{
    lua_pushboolean(L, channel_flush(parent_line(L), (mono_ns)(luaL_optnumber(L, 1, 1000) * (double)NS_PER_MS)));
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
