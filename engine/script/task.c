/*
 * task.c: the one owner of suspend and resume; see task.h for the protocol. Called by bindings
 * (begin, wait, wake), by script.c (turns) and bind_task.c (spawn, join, park).
 *
 * Invariants: a task is in script.ready exactly while TASK_READY; its generation changes with every
 * wait, so a token of an earlier wait is stale; nothing is resumed except from script_turn.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "script/script_internal.h"
#include "script/trace.h"

/* registry[co] = task userdata, registry[&ops_key + …] would need a key per task: the op is
 * anchored in a table. */
static const char ops_key = 0;

static void push_ops(lua_State *L)
{
    lua_pushlightuserdata(L, (void *)&ops_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    if (!lua_isnil(L, -1))
        return;
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushlightuserdata(L, (void *)&ops_key);
    lua_pushvalue(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
}

task *task_of(lua_State *L)
{
    lua_pushthread(L);
    lua_rawget(L, LUA_REGISTRYINDEX);
    task *t = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return t;
}

static void slot_take(script *s, task *t)
{
    uint32_t i = 0;
    while (i < s->slot_count && s->slots[i])
        i++;
    if (i == s->slot_cap) {
        s->slot_cap = s->slot_cap ? s->slot_cap * 2 : 8;
        s->slots = mem_resize(s->slots, s->slot_cap * sizeof *s->slots);
    }
    if (i == s->slot_count)
        s->slot_count++;
    s->slots[i] = t;
    t->slot = i;
}

static task *token_task(task_token token)
{
    if (!token.script || token.slot >= token.script->slot_count)
        return NULL;
    task *t = token.script->slots[token.slot];
    return t && t->begun && t->generation == token.generation ? t : NULL;
}

void task_make_ready(task *t)
{
    script *s = t->owner;
    t->state = TASK_READY;
    list_push(&s->ready, &t->ready_node);
    if (!s->scheduled && !s->turning) {
        s->scheduled = true;
        s->config.schedule(s, s->config.owner);
    }
}

task *task_spawn(lua_State *L, int count)
{
    script *s = script_of(L);
    int base = lua_gettop(L) - count; /* of the function */
    task *t = lua_newuserdata(L, sizeof *t);
    memset(t, 0, sizeof *t);
    list_init(&t->ready_node);
    list_init(&t->waiters);
    list_push(&s->tasks, &t->all_node);
    t->owner = s;
    t->argument_count = count;
    luaL_getmetatable(L, TASK_TYPE);
    lua_setmetatable(L, -2);
    lua_newtable(L); /* the handle keeps the coroutine, where the results stay */
    t->co = lua_newthread(L);
    lua_rawseti(L, -2, 1);
    lua_setfenv(L, -2);
    for (int i = 0; i <= count; i++)
        lua_pushvalue(L, base + i);
    lua_xmove(L, t->co, count + 1);
    lua_pushthread(t->co); /* anchored while alive: registry[co] = task */
    lua_xmove(t->co, L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_replace(L, base); /* [.. function args task] → [.. task] */
    lua_settop(L, base);
    slot_take(s, t);
    s->alive++;
    task_make_ready(t);
    return t;
}

task_token task_begin(lua_State *L, task_cancel_fn cancel, void *op)
{
    task *t = task_of(L);
    /* Not to be found out by lua_yield: by then the operation has begun, and nobody would cancel
     * it. */
    if (!t || !lua_isyieldable(L))
        luaL_error(
            L,
            "this call waits, so it can't be made here (while a file loads, inside coroutine.wrap, "
            "or in a callback of gsub or sort); "
            "call it from the skill's own functions");
    if (t->begun)
        luaL_error(L, "the task is already waiting");
    push_ops(L);
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, (int)t->slot + 1);
    lua_pop(L, 1);
    t->generation = ++t->owner->next_generation;
    t->begun = true;
    t->cancel = cancel;
    t->op = op;
    t->limit_at = 0;
    return (task_token){t->owner, t->slot, t->generation};
}

void task_limit(task_token token, mono_ns timeout)
{
    task *t = token_task(token);
    if (!t || timeout < 0)
        return;
    t->limit_span = timeout;
    t->limit_at = clock_mono() + timeout;
    script *s = t->owner;
    if (!s->armed_at || t->limit_at < s->armed_at) {
        s->armed_at = t->limit_at;
        s->config.arm(s, s->config.owner, s->armed_at);
    }
}

int task_wait(lua_State *L)
{
    task *t = task_of(L);
    return lua_yield(L, t && t->early ? t->argument_count : 0);
}

lua_State *task_results(task_token token)
{
    task *t = token_task(token);
    if (!t) {
        log_debug("task.stale", "slot=%u generation=%u", token.slot, token.generation);
        return NULL;
    }
    t->owner->memory.uncapped++;
    lua_checkstack(t->co, LUA_MINSTACK);
    return t->co;
}

static void end_wait(task *t, int count)
{
    script *s = t->owner;
    t->begun = false;
    t->parked = false;
    t->limit_at = 0;
    t->cancel = NULL;
    t->op = NULL;
    push_ops(s->L);
    lua_pushnil(s->L);
    lua_rawseti(s->L, -2, (int)t->slot + 1);
    lua_pop(s->L, 1);
    t->argument_count = count;
    if (t->state == TASK_RUNNING)
        t->early = true;
    else
        task_make_ready(t);
}

void task_wake(task_token token, int count)
{
    task *t = token_task(token);
    if (!t) {
        log_warn("task.second_wake", "slot=%u generation=%u", token.slot, token.generation);
        return;
    }
    end_wait(t, count);
    t->owner->memory.uncapped--;
}

void task_wake_error(task_token token, const char *text, const char *code)
{
    lua_State *co = task_results(token);
    if (!co)
        return;
    lua_pushnil(co);
    lua_pushstring(co, text);
    lua_pushstring(co, code);
    task_wake(token, 3);
}

/* Ends the wait from this side: the operation is abandoned, the call returns nil, text, code. */
static void interrupt(task *t, const char *text, const char *code)
{
    task_cancel_fn cancel = t->cancel;
    t->cancel = NULL;
    if (cancel)
        cancel(t->op);
    task_wake_error((task_token){t->owner, t->slot, t->generation}, text, code);
}

void task_doom(task *t, const char *code, const char *text)
{
    task_doom_at(t->co, t, code, text);
}

void task_doom_at(lua_State *L, task *t, const char *code, const char *text)
{
    if (t->doomed || t->state == TASK_DONE)
        return;
    t->doomed = true;
    t->doom_code = code;
    t->doom_text = mem_strdup(text);
    /* Now: the frame that a hook interrupts has lost its line by the time the error is seen. */
    t->doom_trace = trace_of(L, text);
    if (t->begun)
        interrupt(t, text, code);
}

void task_expire_limits(script *s, mono_ns now)
{
    mono_ns next = 0;
    for (uint32_t i = 0; i < s->slot_count; i++) {
        task *t = s->slots[i];
        if (!t || !t->begun || !t->limit_at)
            continue;
        if (t->limit_at <= now) {
            char text[64];
            snprintf(text, sizeof text, "timed out after %" PRId64 " ms",
                     t->limit_span / NS_PER_MS);
            interrupt(t, text, "timeout");
        } else if (!next || t->limit_at < next) {
            next = t->limit_at;
        }
    }
    s->armed_at = next;
    s->config.arm(s, s->config.owner, next);
}

static void keep_error(task *t, int result)
{
    lua_State *co = t->co;
    t->failed = true;
    if (t->doomed) {
        t->error_text = t->doom_trace;
        t->doom_trace = NULL;
        return;
    }
    /* A hostile __tostring is never called from here. */
    t->owner->memory.uncapped++; /* a number becomes a text */
    bool plain = lua_type(co, -1) == LUA_TSTRING || lua_type(co, -1) == LUA_TNUMBER;
    t->error_text = trace_of(co, plain ? lua_tostring(co, -1) : "(error object)");
    t->owner->memory.uncapped--;
    if (result != LUA_ERRMEM || !t->owner->last_seen[0])
        return;
    /* Running out of memory calls no handler and leaves no line but what the watchdog saw. */
    buf text;
    buf_init(&text);
    buf_printf(&text, "%s\n\t%s: last seen here", t->error_text, t->owner->last_seen);
    free(t->error_text);
    t->error_text = buf_take(&text, NULL);
}

static void task_finish(task *t)
{
    script *s = t->owner;
    t->state = TASK_DONE;
    s->slots[t->slot] = NULL;
    s->alive--;
    s->memory.uncapped++;
    lua_pushthread(t->co);
    lua_pushnil(t->co);
    lua_rawset(t->co, LUA_REGISTRYINDEX);
    s->memory.uncapped--;
    if (t->failed && t != s->main_task && list_empty(&t->waiters) && !t->doomed)
        log_debug("task.failed", "script=%s error=\"%s\"", s->name, t->error_text);
}

/* A joining task's op: lives on the joiner's stack as userdata. */
typedef struct join_wait {
    list node;
    task_token token;
    task *target;
} join_wait;

static void push_outcome(lua_State *co, task *t)
{
    if (!t->failed) {
        int count = lua_gettop(t->co);
        lua_checkstack(co, count + 1);
        lua_pushboolean(co, 1);
        for (int i = 1; i <= count; i++) {
            lua_pushvalue(t->co, i);
            lua_xmove(t->co, co, 1);
        }
        return;
    }
    lua_pushnil(co);
    if (t->doomed) {
        lua_pushstring(co, t->doom_text);
    } else {
        lua_pushvalue(t->co, -1); /* the error object itself */
        lua_xmove(t->co, co, 1);
    }
    lua_pushstring(co, t->doomed ? t->doom_code : "error");
    lua_pushstring(co, t->error_text);
}

static int outcome_count(const task *t)
{
    return t->failed ? 4 : lua_gettop(t->co) + 1;
}

static void wake_waiters(task *t)
{
    list *node;
    while ((node = list_shift(&t->waiters))) {
        join_wait *wait = list_entry(node, join_wait, node);
        lua_State *co = task_results(wait->token);
        if (!co)
            continue;
        int count = outcome_count(t);
        push_outcome(co, t);
        task_wake(wait->token, count);
    }
}

void task_resume(task *t)
{
    script *s = t->owner;
    t->state = TASK_RUNNING;
    t->early = false;
    int count = t->argument_count;
    t->argument_count = 0;
    /* Here, not at the wake: the record tells in which order the script learned things. */
    gate_note_result(t, t->co, count);
    s->running = t;
    watchdog_enter(t);
    int result = lua_resume(t->co, count);
    s->running = NULL;
    if (result == LUA_YIELD) {
        if (t->early) {
            task_make_ready(t);
        } else if (t->begun) {
            t->state = TASK_WAITING;
        } else {
            lua_settop(t->co, 0);
            lua_pushliteral(t->co, "coroutine.yield was called outside of a coroutine");
            t->failed = true;
            t->error_text = mem_strdup(lua_tostring(t->co, -1));
        }
        if (!t->failed)
            return;
    } else if (result != 0 ||
               t->doomed) { /* doomed in its last instruction: it may have returned all the same */
        keep_error(t, result);
    }
    task_finish(t);
    wake_waiters(t);
}

void task_cancel_all(script *s)
{
    for (uint32_t i = 0; i < s->slot_count; i++) {
        task *t = s->slots[i];
        if (!t || !t->begun || !t->cancel)
            continue;
        task_cancel_fn cancel = t->cancel;
        t->cancel = NULL;
        t->begun = false;
        cancel(t->op);
    }
}

/* ---- what bind_task.c offers to Lua ---- */

static void join_cancel(void *op)
{
    list_remove(&((join_wait *)op)->node);
}

int task_join(lua_State *L, struct task *t, mono_ns timeout)
{
    t->joined = true;
    join_wait *wait = lua_newuserdata(L, sizeof *wait);
    list_init(&wait->node);
    wait->target = t;
    wait->token = task_begin(L, join_cancel, wait);
    if (t->state == TASK_DONE) {
        lua_State *co = task_results(wait->token);
        int count = outcome_count(t);
        push_outcome(co, t);
        task_wake(wait->token, count);
    } else {
        list_push(&t->waiters, &wait->node);
        task_limit(wait->token, timeout);
    }
    return task_wait(L);
}

int task_park(lua_State *L, mono_ns timeout)
{
    lua_pushnil(L);
    task_token token = task_begin(L, NULL, NULL);
    token_task(token)->parked = true;
    task_limit(token, timeout);
    return task_wait(L);
}

bool task_unpark(lua_State *L, struct task *t, int count)
{
    if (!t->parked || !t->begun)
        return false;
    task_token token = {t->owner, t->slot, t->generation};
    lua_State *co = task_results(token);
    lua_checkstack(co, count);
    lua_xmove(L, co, count);
    task_wake(token, count);
    return true;
}

void task_push(lua_State *L, struct task *t)
{
    lua_pushthread(t->co);
    lua_xmove(t->co, L, 1);
    lua_rawget(L, LUA_REGISTRYINDEX);
}

bool task_is_done(const struct task *t)
{
    return t->state == TASK_DONE;
}

void task_release(task *t)
{
    list_remove(&t->all_node);
    free(t->doom_text);
    free(t->doom_trace);
    free(t->error_text);
    free(t->record_open);
    t->doom_text = t->doom_trace = t->error_text = t->record_open = NULL;
}

static int finish_handle(lua_State *L)
{
    task_release(lua_touserdata(L, 1));
    return 0;
}

void task_open(lua_State *L)
{
    luaL_newmetatable(L, TASK_TYPE);
    lua_pushcfunction(L, finish_handle);
    lua_setfield(L, -2, "__gc");
    lua_pop(L, 1);
}
