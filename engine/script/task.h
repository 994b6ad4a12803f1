/*
 * Tasks: the one owner of suspend and resume. A task is a coroutine of a script. A binding that
 * must wait does
 *
 *     luaL_check…(arguments);                        may throw
 *     my_op *op = lua_newuserdata(L, sizeof *op);    userdata with __gc: no plain malloc lives over
 * a throw op->token = task_begin(L, my_cancel, op);      throws where waiting is impossible (user's
 * coroutine, load) start the I/O                                  cannot throw; on immediate
 * failure still wake the token return task_wait(L);
 *
 * and later, from a loop callback:
 *
 *     lua_State *co = task_results(op->token);       NULL: the task has moved on, drop the result
 *     if (co) { lua_pushstring(co, …); task_wake(op->token, 1); }
 *
 * The op userdata must stay reachable while it waits: task_begin anchors the value at the top of
 * the stack (the op) until the wake. task_wake only queues: the task runs from script_turn, never
 * inside the callback. A wake may come before task_wait has yielded (an operation that completes at
 * once): that is fine.
 */
#ifndef NANO_SCRIPT_TASK_H
#define NANO_SCRIPT_TASK_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct script;

typedef struct task_token {
    struct script *script; /* NULL: never begun */
    uint32_t slot;
    uint32_t generation; /* a token of an earlier wait does not match */
} task_token;

/* Called at most once, when the wait ends without task_wake (timeout, kill, script_destroy). Must
 * abandon the I/O so that no callback touches op afterwards. Must not call task_wake. */
typedef void (*task_cancel_fn)(void *op);

/* Begins a wait of the task that L is running. The value at the top of L's stack is anchored until
 * the wait ends (push nil if there is no op). Throws if L is not a task's own coroutine. */
task_token task_begin(lua_State *L, task_cancel_fn cancel, void *op);
/* Gives the wait a time limit: after it, cancel is called and the call returns nil, "timed out
 * after …", "timeout". timeout < 0: none. */
void task_limit(task_token token, mono_ns timeout);
/* `return task_wait(L);` ends the binding. */
int task_wait(lua_State *L);

/* The stack onto which the results of the wait are pushed, or NULL if the token is stale. Between
 * this and task_wake the memory cap is lifted: pushing does not throw. */
lua_State *task_results(task_token token);
/* Ends the wait with the top count values of that stack. A stale or second wake is logged and
 * ignored. */
void task_wake(task_token token, int count);
/* The usual failure: results nil, text, code. */
void task_wake_error(task_token token, const char *text, const char *code);

/* ---- For bind_task.c: handles are userdata of type TASK_TYPE ---- */
#define TASK_TYPE "sys.task"
struct task;

/* Pops a function and count arguments off L, pushes the new task's handle; it runs from the next
 * turn. */
struct task *task_spawn(lua_State *L, int count);
/* The task whose own coroutine L is; NULL inside a script's own coroutine or while a file loads. */
struct task *task_of(lua_State *L);
/* Waits until t has ended: true, results… or nil, error, code, traceback. */
int task_join(lua_State *L, struct task *t, mono_ns timeout);
/* Waits for task_unpark: returns its values. */
int task_park(lua_State *L, mono_ns timeout);
/* Wakes t with the top count values of L (popped); false (values left) if it is not parked. */
bool task_unpark(lua_State *L, struct task *t, int count);
/* Ends t with an error that it can't catch; its pending wait is cancelled. code is a literal. */
void task_doom(struct task *t, const char *code, const char *text);
/* Pushes t's handle. t must be alive. */
void task_push(lua_State *L, struct task *t);
bool task_is_done(const struct task *t);

#endif
