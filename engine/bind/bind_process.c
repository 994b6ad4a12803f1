/*
 * bind_process.c: sys.process, other programs. The handle owns the process: collecting it kills the
 * whole group. Reads and writes wait; one reader a stream and one writer at a time.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bind/bind.h"
#include "io/process.h"

#define PROCESS_TYPE "sys.process"

enum { ARGUMENTS_MAX = 4096 };

typedef struct handle {
    process *process;
    bool ended;
    process_status status;
    task_token waiting; /* a task in wait() */
} handle;

static handle *check_handle(lua_State *L)
{
    return bind_check(L, 1, PROCESS_TYPE);
}

static void push_status(lua_State *L, process_status s)
{
    lua_createtable(L, 0, 2);
    if (s.signal > 0) {
        lua_pushinteger(L, s.signal);
        lua_setfield(L, -2, "signal");
    } else {
        lua_pushinteger(L, s.code);
        lua_setfield(L, -2, "code");
    }
}

static void on_exit_status(void *arg, process_status status)
{
    handle *h = arg;
    h->ended = true;
    h->status = status;
    lua_State *co = h->waiting.script ? task_results(h->waiting) : NULL;
    if (!co)
        return;
    task_token token = h->waiting;
    h->waiting = (task_token){0};
    push_status(co, status);
    task_wake(token, 1);
}

/* ---- spawn * ---- */

/* The field's list of strings as a NULL-terminated array that Lua owns (pushed); NULL without the
 * field. */
static const char **read_list(lua_State *L, const char *field)
{
    lua_getfield(L, 1, field);
    if (lua_isnil(L, -1))
        return NULL;
    luaL_checktype(L, -1, LUA_TTABLE);
    int list = lua_gettop(L);
    size_t n = lua_objlen(L, list);
    if (n > ARGUMENTS_MAX)
        luaL_error(L, "sys.process.spawn: the list \"%s\" is longer than %d", field, ARGUMENTS_MAX);
    const char **array = lua_newuserdata(L, (n + 1) * sizeof *array);
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, list, (int)i + 1);
        array[i] = luaL_checkstring(L, -1); /* the list keeps it alive */
        lua_pop(L, 1);
    }
    array[n] = NULL;
    return array;
}

/* env = {NAME = "value"} as "NAME=value" strings, kept alive by a table that is left on the stack.
 */
static const char **read_env(lua_State *L)
{
    lua_getfield(L, 1, "env");
    if (lua_isnil(L, -1))
        return NULL;
    luaL_checktype(L, -1, LUA_TTABLE);
    int source = lua_gettop(L), n = 0;
    lua_newtable(L);
    for (lua_pushnil(L); lua_next(L, source); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) /* converting a key in place would confuse lua_next */
            bind_usage(L, "process.spawn{env={NAME=value}}", "names must be strings");
        lua_pushfstring(L, "%s=%s", lua_tostring(L, -2), luaL_checkstring(L, -1));
        lua_rawseti(L, source + 1, ++n);
    }
    const char **array = lua_newuserdata(L, ((size_t)n + 1) * sizeof *array);
    for (int i = 0; i < n; i++) {
        lua_rawgeti(L, source + 1, i + 1);
        array[i] = lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    array[n] = NULL;
    return array;
}

static process_stream read_stream(lua_State *L, const char *field, process_stream def)
{
    const char *word = bind_opt_string(L, 1, field, NULL, NULL);
    if (!word)
        return def;
    if (strcmp(word, "pipe") == 0)
        return PROCESS_PIPE;
    if (strcmp(word, "null") == 0)
        return PROCESS_NULL;
    if (strcmp(word, "inherit") == 0)
        return PROCESS_INHERIT;
    luaL_error(L, "sys.process.spawn: %s is \"pipe\", \"null\" or \"inherit\", not \"%s\"", field,
               word);
    return def;
}

/* spawn{argv={…}, cwd=, env={NAME=value}, stdin=, stdout=, stderr= "pipe"|"null"|"inherit"} →
 * process | nil, text, code */
static int l_spawn(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    process_config config = {.cwd = bind_opt_string(L, 1, "cwd", NULL, NULL),
                             .on_exit = on_exit_status};
    config.argv = read_list(L, "argv");
    if (!config.argv || !config.argv[0])
        return bind_usage(L, "process.spawn{argv={…}}", "argv must name a program");
    config.env = read_env(L);
    config.streams[PROCESS_STDIN] = read_stream(L, "stdin", PROCESS_NULL);
    config.streams[PROCESS_STDOUT] = read_stream(L, "stdout", PROCESS_PIPE);
    config.streams[PROCESS_STDERR] = read_stream(L, "stderr", PROCESS_INHERIT);
    handle *h = bind_new(L, PROCESS_TYPE, sizeof *h);
    config.arg = h;
    err e;
    h->process = process_spawn(&config, &e);
    return h->process ? 1 : bind_fail(L, &e);
}

/* ---- streams * ---- */

typedef struct stream_op {
    handle *handle; /* kept alive by the environment */
    process_which which;
    task_token token;
} stream_op;

static stream_op *new_op(lua_State *L, handle *h, process_which which)
{
    stream_op *op = lua_newuserdata(L, sizeof *op);
    *op = (stream_op){.handle = h, .which = which};
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 1);
    lua_setfenv(L, -2);
    return op;
}

static void read_cancel(void *arg)
{
    stream_op *op = arg;
    process_read_cancel(op->handle->process, op->which);
}

static void on_read(void *arg, const char *data, size_t len, const err *why)
{
    stream_op *op = arg;
    lua_State *co = task_results(op->token);
    if (!co)
        return;
    if (why) {
        lua_pushnil(co);
        lua_pushstring(co, why->text);
        lua_pushstring(co, why->code);
        task_wake(op->token, 3);
    } else {
        lua_pushlstring(co, len ? data : "", len);
        task_wake(op->token, 1);
    }
}

/* process:read("stdout" | "stderr"[, timeout_ms]) waits → bytes, "" at the end | nil, text, code */
static int l_read(lua_State *L)
{
    static const char *const names[] = {"stdout", "stderr", NULL};
    handle *h = check_handle(L);
    process_which which = luaL_checkoption(L, 2, "stdout", names) == 0 ? PROCESS_STDOUT
                                                                       : PROCESS_STDERR;
    mono_ns timeout = bind_timeout(L, 3);
    stream_op *op = new_op(L, h, which);
    op->token = task_begin(L, read_cancel, op);
    if (process_read(h->process, which, on_read, op))
        task_limit(op->token, timeout);
    else
        task_wake_error(op->token, "the stream is no pipe, or another task reads it", "invalid");
    return task_wait(L);
}

static void write_cancel(void *arg)
{
    process_write_cancel(((stream_op *)arg)->handle->process);
}

static void on_written(void *arg, const err *why)
{
    stream_op *op = arg;
    lua_State *co = task_results(op->token);
    if (!co)
        return;
    if (why) {
        lua_pushnil(co);
        lua_pushstring(co, why->text);
        lua_pushstring(co, why->code);
        task_wake(op->token, 3);
    } else {
        lua_pushboolean(co, 1);
        task_wake(op->token, 1);
    }
}

/* process:write(text) waits → true | nil, text, code */
static int l_write(lua_State *L)
{
    handle *h = check_handle(L);
    size_t len;
    const char *text = luaL_checklstring(L, 2, &len);
    stream_op *op = new_op(L, h, PROCESS_STDIN);
    op->token = task_begin(L, write_cancel, op);
    if (!process_write(h->process, text, len, on_written, op))
        task_wake_error(op->token,
                        "standard input is no pipe, is closed, or another task writes to it",
                        "invalid");
    return task_wait(L);
}

static int l_close_stdin(lua_State *L)
{
    process_close_stdin(check_handle(L)->process);
    return 0;
}

/* ---- the end * ---- */

static void wait_cancel(void *arg)
{
    ((stream_op *)arg)->handle->waiting = (task_token){0};
}

/* process:wait([timeout_ms]) waits → {code=} or {signal=} | nil, text, "timeout" */
static int l_wait(lua_State *L)
{
    handle *h = check_handle(L);
    mono_ns timeout = bind_timeout(L, 2);
    if (h->waiting.script)
        return luaL_error(L, "another task is waiting for this process already");
    stream_op *op = new_op(L, h, PROCESS_STDIN);
    op->token = task_begin(L, wait_cancel, op);
    if (h->ended) {
        push_status(task_results(op->token), h->status);
        task_wake(op->token, 1);
    } else {
        h->waiting = op->token;
        task_limit(op->token, timeout);
    }
    return task_wait(L);
}

/* process:kill(["TERM" | "KILL" | "INT" | "HUP" | "USR1" | "STOP" | "CONT"]) → true | nil, text,
 * code; the whole group */
static int l_kill(lua_State *L)
{
    static const char *const names[] = {"TERM", "KILL", "INT", "HUP", "USR1", "STOP", "CONT", NULL};
    static const int numbers[] = {SIGTERM, SIGKILL, SIGINT, SIGHUP, SIGUSR1, SIGSTOP, SIGCONT};
    handle *h = check_handle(L);
    err e;
    if (!process_signal(h->process, numbers[luaL_checkoption(L, 2, "TERM", names)], &e))
        return bind_fail(L, &e);
    lua_pushboolean(L, 1);
    return 1;
}

static int l_pid(lua_State *L)
{
    lua_pushinteger(L, process_pid(check_handle(L)->process));
    return 1;
}

static int l_gc(lua_State *L)
{
    process_destroy(check_handle(L)->process);
    return 0;
}

static const gate_fn functions[] = {
    {"spawn", l_spawn, GATE_EFFECT, CAP_PROCESS, NULL},
    {NULL, NULL, 0, 0, NULL},
};

static const gate_fn methods[] = {
    {"read", l_read, GATE_READ, CAP_PROCESS, NULL},
    {"write", l_write, GATE_EFFECT, CAP_PROCESS, NULL},
    {"close_stdin", l_close_stdin, GATE_EFFECT, CAP_PROCESS, NULL},
    {"wait", l_wait, GATE_READ, CAP_PROCESS, NULL},
    {"kill", l_kill, GATE_EFFECT, CAP_PROCESS, NULL},
    {"pid", l_pid, GATE_READ, CAP_PROCESS, NULL},
    {NULL, NULL, 0, 0, NULL},
};

int bind_process(lua_State *L)
{
    bind_type(L, PROCESS_TYPE, methods, l_gc);
    gate_push_module(L, "process", functions);
    return 1;
}
