/* bind_clock.c: sys.clock, the time as a script may know it. Class chance: a replay answers from
 * the record. */
#include "bind/bind.h"
#include "io/loop.h"

/* now() → milliseconds since the epoch */
static int clock_now(lua_State *L)
{
    lua_pushnumber(L, (double)clock_wall_ms());
    return 1;
}

/* mono() → milliseconds, only for differences */
static int clock_mono_ms(lua_State *L)
{
    lua_pushnumber(L, (double)clock_mono() / (double)NS_PER_MS);
    return 1;
}

/* cpu() → milliseconds of CPU that this process has used */
static int clock_cpu_ms(lua_State *L)
{
    lua_pushnumber(L, (double)clock_cpu_ns() / (double)NS_PER_MS);
    return 1;
}

typedef struct sleep_op {
    loop_timer timer;
    task_token token;
} sleep_op;

static void sleep_cancel(void *op)
{
    loop_timer_stop(&((sleep_op *)op)->timer);
}

static void sleep_over(void *arg)
{
    sleep_op *op = arg;
    lua_State *co = task_results(op->token);
    if (!co)
        return;
    lua_pushboolean(co, 1);
    task_wake(op->token, 1);
}

/* sleep(ms) waits → true */
static int clock_sleep(lua_State *L)
{
    mono_ns delay = bind_duration(L, 1);
    sleep_op *op = bind_new(L, "sys.clock.sleep", sizeof *op);
    op->token = task_begin(L, sleep_cancel, op);
    loop_timer_start(&op->timer, delay, sleep_over, op);
    return task_wait(L);
}

static const gate_fn functions[] = {
    {"now", clock_now, GATE_CHANCE, CAP_NONE, NULL},
    {"mono", clock_mono_ms, GATE_CHANCE, CAP_NONE, NULL},
    {"cpu", clock_cpu_ms, GATE_CHANCE, CAP_NONE, NULL},
    {"sleep", clock_sleep, GATE_CHANCE, CAP_NONE, NULL},
    {NULL, NULL, 0, 0, NULL},
};

int bind_clock(lua_State *L)
{
    bind_type(L, "sys.clock.sleep", NULL, NULL);
    gate_push_module(L, "clock", functions);
    return 1;
}
