/*
 * bind_task.c: sys.task, concurrency inside one script. Pure as far as the gate goes, but for time
 * limits: what tasks learn from each other follows from what crossed the gate.
 */
#include <string.h>

#include "bind/bind.h"

/* spawn(fn, …) → task */
static int l_spawn(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    task_spawn(L, lua_gettop(L) - 1);
    return 1;
}

/* current() → task */
static int l_current(lua_State *L)
{
    struct task *t = task_of(L);
    if (!t)
        return bind_usage(L, "task.current()", "this is not a task's own coroutine");
    task_push(L, t);
    return 1;
}

/* park([timeout_ms]) waits → the values that unpark gave | nil, text, "timeout" */
static int l_park(lua_State *L)
{
    return task_park(L, bind_timeout(L, 1));
}

/* task:join([timeout_ms]) waits → true, results… | nil, error, code, traceback */
static int l_join(lua_State *L)
{
    struct task *t = bind_check(L, 1, TASK_TYPE);
    return task_join(L, t, bind_timeout(L, 2));
}

/* task:unpark(…) → whether it was parked */
static int l_unpark(lua_State *L)
{
    struct task *t = bind_check(L, 1, TASK_TYPE);
    lua_pushboolean(L, task_unpark(L, t, lua_gettop(L) - 1));
    return 1;
}

/* task:kill(message[, code]): ends it with an error that it cannot catch */
static int l_kill(lua_State *L)
{
    struct task *t = bind_check(L, 1, TASK_TYPE);
    const char *text = luaL_checkstring(L, 2);
    const char *code = luaL_optstring(L, 3, "killed");
    task_doom(t, strcmp(code, "timeout") == 0 ? "timeout" : "killed", text);
    return 0;
}

static int l_done(lua_State *L)
{
    lua_pushboolean(L, task_is_done(bind_check(L, 1, TASK_TYPE)));
    return 1;
}

/* A wait with a time limit tells the clock's news; one without hangs on other tasks alone. */
static gate_class classify_park(lua_State *L)
{
    return lua_isnoneornil(L, 1) ? GATE_PURE : GATE_CHANCE;
}

static gate_class classify_join(lua_State *L)
{
    return lua_isnoneornil(L, 2) ? GATE_PURE : GATE_CHANCE;
}

static const gate_fn functions[] = {
    {"spawn", l_spawn, GATE_PURE, CAP_NONE, NULL},
    {"current", l_current, GATE_PURE, CAP_NONE, NULL},
    {"park", l_park, GATE_CHANCE, CAP_NONE, classify_park},
    {NULL, NULL, 0, 0, NULL},
};

static const gate_fn methods[] = {
    {"join", l_join, GATE_CHANCE, CAP_NONE, classify_join},
    {"unpark", l_unpark, GATE_PURE, CAP_NONE, NULL},
    {"kill", l_kill, GATE_PURE, CAP_NONE, NULL},
    {"done", l_done, GATE_PURE, CAP_NONE, NULL},
    {NULL, NULL, 0, 0, NULL},
};

int bind_task(lua_State *L)
{
    bind_type(L, TASK_TYPE, methods, NULL);
    gate_push_module(L, "task", functions);
    return 1;
}
