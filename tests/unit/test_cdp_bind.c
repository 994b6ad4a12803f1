/* sys.cdp at the gate and at a script's sudden end, with the real browser. (What it does for a
 * script: tests/lua/cdp_test.lua.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/stdlib_files.h"
#include "bind/driver.h"
#include "io/browser.h"
#include "io/loop.h"
#include "io/process.h"
#include "script/gate.h"
#include "script/loader.h"

#define PREPARE \
    "local b = assert(sys.cdp.connect { kind = 'auto' })\n" \
    "local function id(json, key) return (json:match('\"' .. key .. '\":\"([^\"]+)')) end\n" \
    "local target = id(assert(b:call('Target.createTarget', '{\"url\":\"about:blank\"}')), " \
    "'targetId')\n" \
    "local s = id(assert(b:call('Target.attachToTarget', '{\"flatten\":true,\"targetId\":\"' .. " \
    "target .. " \
    "'\"}')), 'sessionId')\n"

static struct {
    driver *d;
    script_end how;
    char *end;
} run;

static void on_finish(void *owner, script_end how, const char *text)
{
    (void)owner;
    run.how = how;
    run.end = strdup(text);
    loop_stop();
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const loader_file *)a)->name, ((const loader_file *)b)->name);
}

/* The stdlib with one more module, m, whose run() is this body. */
static void set_module(const char *body)
{
    static char source[4096];
    static loader_file files[1000];
    assert_in_range(stdlib_file_count, 1, 999);
    memcpy(files, stdlib_files, stdlib_file_count * sizeof *files);
    snprintf(source, sizeof source, "return { run = function() %s end }", body);
    files[stdlib_file_count] = (loader_file){"m.lua", (const unsigned char *)source,
                                             strlen(source)};
    qsort(files, stdlib_file_count + 1, sizeof *files, by_name);
    loader_set_files(files, stdlib_file_count + 1);
}

static gate *start(const char *body, size_t memory_cap)
{
    set_module(body);
    run.end = NULL;
    run.d = driver_create(
        &(driver_config){.name = "t", .memory_cap = memory_cap, .on_finish = on_finish});
    gate *g = script_gate(driver_script(run.d));
    gate_grant(g, CAP_BROWSER);
    script_start(driver_script(run.d), "m", "", 0);
    return g;
}

static void stop(void)
{
    driver_destroy(run.d);
    ev_run(loop_ev(), EVRUN_NOWAIT);
    free(run.end);
    run.end = NULL;
}

static void acting_is_refused_in_a_dry_run_and_looking_is_not(void **state)
{
    (void)state;
    gate *g = start(PREPARE "local said = {}\n"
                            "local function try(how, method, params)\n"
                            "  local ok, _, code = b[how](b, method, params, s)\n"
                            "  said[#said + 1] = code == 'dry-run' and 'no' or 'yes'\n"
                            "end\n"
                            "try('call', 'Page.navigate', '{\"url\":\"about:blank\"}')\n"
                            "try('call', 'Runtime.evaluate', '{\"expression\":\"1\"}')\n"
                            "try('send', 'Runtime.callFunctionOn', '{}')\n"
                            "try('call', 'Input.insertText', '{\"text\":\"x\"}')\n"
                            "try('post', 'Network.setCookie', '{}')\n"
                            "try('call', 'Network.getCookies', '{}')\n"
                            "try('call', 'Storage.clearCookies', '{}')\n"
                            "try('call', 'Page.setDocumentContent', '{}')\n"
                            "local add = 'Page.addScriptToEvaluateOnNewDocument'\n"
                            "try('call', add, '{\"source\":\"\\\\\"worldName\\\\\":\"}')\n"
                            "try('call', add, '{\"source\":\"1\",\"worldName\":\"ours\"}')\n"
                            "said[#said + 1] = b:peek('{\"expression\":\"1\"}', s) and 'yes'\n"
                            "return table.concat(said, ' ')",
                    0);
    gate_set_dry_run(g, true);
    loop_run();
    assert_string_equal(run.end, "yes no no no no yes no no no yes yes");
    gate_counts counts = gate_get_counts(g);
    assert_int_equal(counts.effects, 0);
    assert_int_equal(counts.refused, 7);
    assert_int_equal(counts.reads, 7);
    stop();
}

static void browser_needs_its_capability(void **state)
{
    (void)state;
    gate *g = start("return select(3, sys.cdp.connect { kind = 'auto' })", 0);
    gate_restrict(g, 0);
    loop_run();
    assert_string_equal(run.end, "denied");
    assert_int_equal(gate_get_counts(g).denied, 1);
    stop();
}

static void result_larger_than_the_scripts_memory_ends_the_script(void **state)
{
    (void)state;
    start(PREPARE "return #b:call('Runtime.evaluate', "
                  "'{\"expression\":\"\\'x\\'.repeat(20000000)\"}', s) .. string.rep('y', 1e6)",
          4 * 1024 * 1024);
    loop_run();
    assert_int_equal(run.how, SCRIPT_ERROR);
    assert_non_null(strstr(run.end, "not enough memory"));
    stop();
}

/* Asks, as another script, until the browser has no context left: what was being made when its
 * script ended is disposed of when the answer comes. */
static void wait_for_no_contexts(void)
{
    start("local b = assert(sys.cdp.connect { kind = 'auto' })\n"
          "repeat local list = assert(b:call('Target.getBrowserContexts')):match('%[(.-)%]') until "
          "list == ''\n"
          "return 'none'",
          0);
    loop_run();
    assert_string_equal(run.end, "none");
    stop();
}

/* Ends the script after each number of the loop's turns, until it ends by itself. */
static void end_at_any_turn(const char *body)
{
    bool ended = false;
    for (int turns = 1; !ended && turns < 40; turns++) {
        start(body, 0);
        for (int i = 0; i < turns && !run.end; i++)
            ev_run(loop_ev(), EVRUN_ONCE);
        ended = run.end;
        stop();
    }
    wait_for_no_contexts();
}

static void script_may_end_in_any_wait(void **state)
{
    (void)state;
    wait_for_no_contexts(); /* and the browser is warm */
    end_at_any_turn("sys.cdp.connect { path = '/bin/cat' }");
    end_at_any_turn("local b = assert(sys.cdp.connect { kind = 'auto' })\n"
                    "for i = 1, 9 do b:context() end");
    end_at_any_turn(PREPARE
                    "local c, sub = b:context(), b:subscribe(s, { 'Runtime.consoleAPICalled' })\n"
                    "b:send('Runtime.enable', '{}', s)\n"
                    "b:post('Runtime.evaluate', '{\"expression\":\"console.log(1)\"}', s)\n"
                    "sub:next()\n"
                    "c:close()");
    end_at_any_turn(PREPARE
                    "b:send('Browser.getVersion')\n"
                    "b:call('Runtime.evaluate', "
                    "'{\"expression\":\"new Promise(()=>0)\",\"awaitPromise\":true}', s, 1)\n"
                    "b:close()");
}

static int set_up(void **state)
{
    (void)state;
    alarm(120); /* a hang is a failure */
    loop_init();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    browser_finish();
    process_finish(0);
    loop_finish();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acting_is_refused_in_a_dry_run_and_looking_is_not),
        cmocka_unit_test(browser_needs_its_capability),
        cmocka_unit_test(result_larger_than_the_scripts_memory_ends_the_script),
        cmocka_unit_test(script_may_end_in_any_wait),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
