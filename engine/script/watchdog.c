/*
 * watchdog.c: ends Lua that runs too long without waiting, and makes a doomed task's error one that
 * no pcall swallows. Called around every resume of an untrusted task.
 *
 * A count hook runs every HOOK_EVERY instructions of interpreted code; an untrusted state has no
 * JIT (script.c), because a hook never fires in compiled code.
 * Once a task is doomed the hook fires on every instruction: whoever catches the error meets it
 * again at once. No hook interrupts a C function; for that there is the supervisor's kill.
 */
#include <stdio.h>
#include <string.h>

#include "script/script_internal.h"

enum { HOOK_EVERY = 10000 };

/* The innermost line of the user's own code, for errors that leave no line behind. */
static void look(script *s, lua_State *L)
{
    lua_Debug at;
    for (int level = 0; level < 20 && lua_getstack(L, level, &at); level++) {
        if (!lua_getinfo(L, "Sl", &at) || at.source[0] != '@' ||
            strncmp(at.source, "@[nano]/", 8) == 0)
            continue;
        snprintf(s->last_seen, sizeof s->last_seen, "%s:%d", at.source + 1, at.currentline);
        return;
    }
}

/* What counts is CPU time: on a machine that is too busy, or was asleep, a script that got no turn
 * is not one that loops. It is asked for only where the clock says that there may be a case. */
static bool within_cap(script *s)
{
    if (!s->slice_cpu)
        s->slice_cpu = clock_thread_cpu_ns();
    return clock_mono() - s->slice_start < s->config.slice_cap ||
           clock_thread_cpu_ns() - s->slice_cpu < s->config.slice_cap;
}

static void on_hook(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    script *s = script_of(L);
    task *t = s->running;
    if (!t)
        return;
    look(s, L);
    if (!t->doomed) {
        if (!s->config.slice_cap || within_cap(s))
            return;
        /* Before all that could raise: near the end of the stack much does, and a task that is
         * doomed with the slow hook left on would swallow one error in ten thousand instructions
         * for ever. */
        lua_sethook(L, on_hook, LUA_MASKCOUNT, 1);
        s->every_instruction = true;
        char text[160];
        snprintf(text, sizeof text,
                 "the script ran for %.1f s without waiting for anything (an endless loop?)",
                 (double)(clock_mono() - s->slice_start) / (double)NS_PER_SEC);
        task_doom_at(L, t, "slice", text);
    }
    luaL_error(L, "%s", t->doom_text);
}

void watchdog_refused(alloc_account *account)
{
    script *s = (script *)account; /* its first member */
    if (s->running)
        look(s, s->running->co);
}

void watchdog_open(script *s)
{
    if (!s->config.trusted)
        lua_sethook(s->L, on_hook, LUA_MASKCOUNT, HOOK_EVERY);
}

/* The hook belongs to the whole state and changing it rebuilds LuaJIT's dispatch table, so it is
 * touched only when a doomed task comes or goes. */
void watchdog_enter(task *t)
{
    script *s = t->owner;
    s->slice_start = clock_mono();
    s->slice_cpu = 0;
    if (t->doomed == s->every_instruction)
        return;
    s->every_instruction = t->doomed;
    if (t->doomed)
        lua_sethook(s->L, on_hook, LUA_MASKCOUNT, 1);
    else if (s->config.trusted)
        lua_sethook(s->L, NULL, 0, 0);
    else
        lua_sethook(s->L, on_hook, LUA_MASKCOUNT, HOOK_EVERY);
}
