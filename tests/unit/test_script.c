/* The script core without any I/O: tasks, limits, dooming, memory cap, gate and its record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "script/gate.h"
#include "script/loader.h"
#include "script/script.h"
#include "script/task.h"

typedef struct harness {
    script *s;
    int turns_wanted;
    script_end how;
    char *end;
    buf record;
    task_token pending;
    int cancelled;
} harness;

static harness h;

static void schedule(script *s, void *owner)
{
    (void)s;
    ((harness *)owner)->turns_wanted++;
}

static void arm(script *s, void *owner, mono_ns at)
{
    (void)s, (void)owner, (void)at;
}

static void on_finish(script *s, void *owner, script_end how, const char *text)
{
    (void)s;
    harness *x = owner;
    x->how = how;
    x->end = mem_strdup(text);
}

static bool sink(void *ctx, const char *line, size_t len)
{
    buf_append(ctx, line, len);
    return true;
}

/* One wait at a time is enough here: hold() waits for the test to wake it. */
static void hold_cancel(void *op)
{
    (void)op;
    h.cancelled++;
}

static int hold(lua_State *L)
{
    lua_Number limit_ms = luaL_optnumber(L, 1, -1);
    lua_pushnil(L);
    h.pending = task_begin(L, hold_cancel, NULL);
    if (limit_ms >= 0)
        task_limit(h.pending, (mono_ns)(limit_ms * 1e6));
    return task_wait(L);
}

static int hold_early(lua_State *L)
{
    lua_pushnil(L);
    task_token token = task_begin(L, hold_cancel, NULL);
    lua_pushstring(task_results(token), "early");
    task_wake(token, 1);
    return task_wait(L);
}

static int twice(lua_State *L)
{
    lua_pushnumber(L, 2 * luaL_checknumber(L, 1));
    return 1;
}

static int spawn(lua_State *L)
{
    task_spawn(L, lua_gettop(L) - 1);
    return 1;
}

static int join(lua_State *L)
{
    return task_join(L, lua_touserdata(L, 1), -1);
}

static const gate_fn functions[] = {
    {"hold", hold, GATE_READ, CAP_NONE, NULL},
    {"hold_early", hold_early, GATE_READ, CAP_NONE, NULL},
    {"twice", twice, GATE_EFFECT, CAP_NONE, NULL},
    {"secret", twice, GATE_READ, CAP_STORE, NULL},
    {"spawn", spawn, GATE_PURE, CAP_NONE, NULL},
    {"join", join, GATE_PURE, CAP_NONE, NULL},
    {NULL, NULL, 0, 0, NULL},
};

/* The stdlib of these tests is one module, whose source the test gives. */
static loader_file module = {"m.lua", NULL, 0};

static void start(const char *source, size_t memory_cap, bool record)
{
    memset(&h, 0, sizeof h);
    module.data = (const unsigned char *)source;
    module.size = strlen(source);
    loader_set_files(&module, 1);
    h.s = script_create(&(script_config){.name = "t",
                                         .memory_cap = memory_cap,
                                         .slice_cap = 50 * NS_PER_MS,
                                         .schedule = schedule,
                                         .arm = arm,
                                         .on_finish = on_finish,
                                         .owner = &h});
    assert_non_null(h.s);
    if (record)
        gate_set_sink(script_gate(h.s), sink, &h.record);
    gate_push_module(script_lua(h.s), "x", functions);
    lua_setglobal(script_lua(h.s), "x");
    script_start(h.s, "m", "arg", 3);
}

static void turn_until_idle(void)
{
    for (int i = 0; i < 100 && h.turns_wanted; i++) {
        h.turns_wanted = 0;
        script_turn(h.s);
    }
}

static int stop(void **state)
{
    (void)state;
    script_destroy(h.s);
    free(h.end);
    buf_finish(&h.record);
    return 0;
}

static void test_returns_the_argument(void **state)
{
    (void)state;
    start("return {run = function(a) return a .. '!' end}", 0, false);
    turn_until_idle();
    assert_int_equal(h.how, SCRIPT_OK);
    assert_string_equal(h.end, "arg!");
}

static void test_wait_and_wake(void **state)
{
    (void)state;
    start("return {run = function() local a, b = x.hold() return a .. b end}", 0, false);
    turn_until_idle();
    assert_null(h.end);
    task_token token = h.pending;
    lua_State *co = task_results(token);
    lua_pushstring(co, "one");
    lua_pushstring(co, "two");
    task_wake(token, 2);
    assert_null(task_results(token)); /* the token is used up */
    task_wake(token, 0);              /* logged, ignored */
    turn_until_idle();
    assert_string_equal(h.end, "onetwo");
}

static void test_early_wake(void **state)
{
    (void)state;
    start("return {run = function() local a = x.hold_early() return a end}", 0, false);
    turn_until_idle();
    assert_string_equal(h.end, "early");
}

static void test_limit_cancels_once(void **state)
{
    (void)state;
    start("return {run = function() local a, b, c = x.hold(0) return c end}", 0, false);
    turn_until_idle();
    h.turns_wanted = 1;
    turn_until_idle();
    assert_string_equal(h.end, "timeout");
    assert_int_equal(h.cancelled, 1);
}

static void test_kill_is_not_swallowed(void **state)
{
    (void)state;
    start("return {run = function() while true do pcall(x.hold) end end}", 0, false);
    turn_until_idle();
    script_kill(h.s, "time is over");
    turn_until_idle();
    assert_int_equal(h.how, SCRIPT_KILLED);
    assert_non_null(strstr(h.end, "time is over"));
    assert_int_equal(h.cancelled, 1);
}

static void test_loop_is_ended(void **state)
{
    (void)state;
    /* The stdlib's own code is compiled, where no hook fires; users' code is not. */
    start("return {run = function() local f = sys.load_user('while true do end', 'u.lua', {})\n"
          "local a, b, c, d = x.join(x.spawn(f)) return c .. ' ' .. d end}",
          0, false);
    turn_until_idle();
    assert_non_null(strstr(h.end, "slice "));
    assert_non_null(strstr(h.end, "u.lua:1"));
}

static void test_memory_cap(void **state)
{
    (void)state;
    start("return {run = function() local ok, e = pcall(function() local t = {} for i = 1, 1e9 do "
          "t[i] = {} end end)\n"
          "return e end}",
          4 << 20, false);
    turn_until_idle();
    assert_string_equal(h.end, "not enough memory");
    assert_true(script_get_stats(h.s).memory_peak <= 4 << 20);
}

static void test_no_bytecode(void **state)
{
    (void)state;
    start("return {run = function() local f, e = sys.load_user(string.dump(function() end), "
          "'b.lua', {}) return e end}",
          0, false);
    turn_until_idle();
    assert_non_null(strstr(h.end, "bytecode"));
}

static void test_no_wait_in_a_coroutine(void **state)
{
    (void)state;
    start("return {run = function() local ok, e = pcall(coroutine.wrap(function() x.hold() end)) "
          "return e end}",
          0, false);
    turn_until_idle();
    assert_non_null(strstr(h.end, "can't be made here"));
}

static void test_capability_and_dry_run(void **state)
{
    (void)state;
    start("return {run = function()\nlocal _, _, a = x.secret(1)\nlocal _, _, b = "
          "x.twice(1)\nreturn a .. ' ' .. b end}",
          0, false);
    gate_set_dry_run(script_gate(h.s), true);
    turn_until_idle();
    assert_string_equal(h.end, "denied dry-run");
    gate_counts n = gate_get_counts(script_gate(h.s));
    assert_int_equal(n.effects, 0);
    assert_int_equal(n.refused, 1);
    assert_int_equal(n.denied, 1);
}

static void test_record_is_in_order_of_waking(void **state)
{
    (void)state;
    start("return {run = function() local t = x.spawn(function() return x.hold() end)\n"
          "local a = x.hold_early() local b = x.twice(21) x.join(t) return a end}",
          0, true);
    turn_until_idle();
    lua_pushlstring(task_results(h.pending), "\xff\x01", 2);
    task_wake(h.pending, 1);
    turn_until_idle();
    buf_append_char(&h.record, '\0');
    assert_string_equal(
        h.record.data,
        "{\"seq\":1,\"op\":\"x.hold_early\",\"class\":\"read\",\"args\":[],\"result\":[\"early\"]}"
        "\n"
        "{\"seq\":3,\"op\":\"x.twice\",\"class\":\"effect\",\"args\":[21],\"result\":[42]}\n"
        "{\"seq\":2,\"op\":\"x.hold\",\"class\":\"read\",\"args\":[],\"result\":[{\"$hex\":"
        "\"ff01\"}]}\n");
}

static void test_destroy_cancels_waits(void **state)
{
    (void)state;
    start("return {run = function() x.hold() end}", 0, false);
    turn_until_idle();
    script_destroy(h.s);
    h.s = NULL;
    assert_int_equal(h.cancelled, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_returns_the_argument, stop),
        cmocka_unit_test_teardown(test_wait_and_wake, stop),
        cmocka_unit_test_teardown(test_early_wake, stop),
        cmocka_unit_test_teardown(test_limit_cancels_once, stop),
        cmocka_unit_test_teardown(test_kill_is_not_swallowed, stop),
        cmocka_unit_test_teardown(test_loop_is_ended, stop),
        cmocka_unit_test_teardown(test_memory_cap, stop),
        cmocka_unit_test_teardown(test_no_bytecode, stop),
        cmocka_unit_test_teardown(test_no_wait_in_a_coroutine, stop),
        cmocka_unit_test_teardown(test_capability_and_dry_run, stop),
        cmocka_unit_test_teardown(test_record_is_in_order_of_waking, stop),
        cmocka_unit_test_teardown(test_destroy_cancels_waits, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
