/* sys.http as Lua sees it: waiting, streams, cookies, the gate, the policy of trusted and other
 * scripts, sudden ends. */
#include "app/stdlib_files.h"
#include "bind/bind_http.h"
#include "bind/driver.h"
#include "script/gate.h"
#include "script/loader.h"
#include "test_http_client.h"
#include "test_http_server.h"

static test_server server;

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

/* The stdlib with one more module, m, whose run(base) is this body. */
static void set_module(const char *body)
{
    static char source[4096];
    static loader_file files[1000];
    assert_in_range(stdlib_file_count, 1, 999);
    memcpy(files, stdlib_files, stdlib_file_count * sizeof *files);
    snprintf(source, sizeof source, "return { run = function(base) %s end }", body);
    files[stdlib_file_count] = (loader_file){"m.lua", (const unsigned char *)source,
                                             strlen(source)};
    qsort(files, stdlib_file_count + 1, sizeof *files, by_name);
    loader_set_files(files, stdlib_file_count + 1);
}

/* Starts a state whose main task runs the body, with `base` (the server's URL) as its argument. */
static void start(const char *body, bool trusted)
{
    char base[64];
    set_module(body);
    snprintf(base, sizeof base, "http://127.0.0.1:%d", server.port);
    run.end = NULL;
    run.d =
        driver_create(&(driver_config){.name = "t", .trusted = trusted, .on_finish = on_finish});
    gate_grant(script_gate(driver_script(run.d)), CAP_HTTP);
    script_start(driver_script(run.d), "m", base, strlen(base));
}

static void stop(void)
{
    driver_destroy(run.d);
    ev_run(loop_ev(), EVRUN_NOWAIT);
    free(run.end);
    run.d = NULL;
    run.end = NULL;
}

static void expect_end(const char *text)
{
    loop_run();
    if (run.how != SCRIPT_OK || strcmp(run.end, text) != 0)
        fail_msg("ended with \"%s\", not \"%s\"", run.end, text);
    stop();
}

static void answers_become_tables(void **state)
{
    (void)state;
    start(
        "local a = assert(sys.http.request { url = base .. '/to/302//hello' })\n"
        "assert(a.timings.total > 0 and a.redirects[1].url == base .. '/to/302//hello')\n"
        "assert(a.header_block:find('Content-Length: 5', 1, true) and a.remote_ip == '127.0.0.1')\n"
        "return table.concat({ a.status, a.body, a.http_version, a.redirects[1].status, "
        "tostring(a.certificate) }, ' ')",
        true);
    expect_end("200 hello 1.1 302 nil");
}

static void headers_and_bodies_are_sent(void **state)
{
    (void)state;
    start("local h = assert(sys.http.request { url = base .. '/head', headers = { 'X-A', '1', "
          "'X-A', '2', 'Accept', false } })\n"
          "local e = assert(sys.http.request { url = base .. '/echo', method = 'PUT', body = "
          "'a\\0b' })\n"
          "local found = h.body:match('X%-A: 1\\r\\nX%-A: 2') and not h.body:find('Accept:')\n"
          "return tostring(found) .. ' ' .. #e.body",
          true);
    expect_end("true 3");
}

static void failures_are_nil_text_code(void **state)
{
    (void)state;
    start("local _, _, a = sys.http.request { url = 'http://127.91.82.73:1/' }\n"
          "local _, _, b = sys.http.request { url = 'nonsense' }\n"
          "local _, _, c = sys.http.request { url = base .. '/no-answer', timeout = 20 }\n"
          "local _, _, d = sys.http.open { url = 'file:///etc/passwd' }\n"
          "local ok, e = pcall(sys.http.request, { url = base, timeout = -1 })\n"
          "local ok2, f = pcall(sys.http.request, 'text')\n"
          "local ok3, g = pcall(sys.http.request, { url = base, headers = { 'one' } })\n"
          "assert(not ok and e:find('timeout') and not ok2 and f:find('table of options') and not "
          "ok3 and g:find('headers'))\n"
          "return table.concat({ a, b, c, d }, ' ')",
          true);
    expect_end("refused invalid timeout invalid");
}

static void streams_are_read_in_pieces(void **state)
{
    (void)state;
    start("local s = assert(sys.http.open { url = base .. '/big' })\n"
          "local head = assert(s:head())\n"
          "local total, pieces = 0, 0\n"
          "while true do\n"
          "  local piece = assert(s:read())\n"
          "  if piece == '' then break end\n"
          "  total, pieces = total + #piece, pieces + 1\n"
          "end\n"
          "assert(s:read() == '' and pieces > 100)\n"
          "s:close()\n"
          "local _, _, closed = s:read()\n"
          "return head.status .. ' ' .. total .. ' ' .. closed",
          true);
    expect_end("200 52428800 closed");
}

static void stream_waits_can_end_early(void **state)
{
    (void)state;
    start("local s = assert(sys.http.open { url = base .. '/stalls' })\n"
          "local _, _, head = s:head()\n"
          "local piece = assert(s:read())\n"
          "local _, _, late = s:read(10)\n"
          "local t = sys.task.spawn(function() local _, _, code = s:read() return code end)\n"
          "sys.task.spawn(function() s:close() end)\n"
          "local _, code = t:join()\n"
          "local p = assert(sys.http.open { url = base .. '/partial' })\n"
          "local ten, _, broken = p:read(), p:read()\n"
          "return table.concat({ piece, late, code, ten }, ' ') .. ' ' .. select(3, p:read())",
          true);
    expect_end("ten bytes. timeout closed ten bytes. closed");
}

static void jars_share_cookies(void **state)
{
    (void)state;
    start("local jar = sys.http.jar()\n"
          "assert(sys.http.request { url = base .. '/cookie', jar = jar })\n"
          "assert(jar:add('127.0.0.1\\tFALSE\\t/\\tFALSE\\t0\\tc\\t3') and not jar:add('x'))\n"
          "local _, lines = jar:list():gsub('\\n', '')\n"
          "local a = assert(sys.http.request { url = base .. '/head', jar = jar })\n"
          "jar:clear()\n"
          "return lines .. ' ' .. tostring(a.body:match('Cookie: [^\\r]*') ~= nil) .. ' ' .. "
          "#jar:list()",
          true);
    expect_end("3 true 0");
}

static void names_are_resolved(void **state)
{
    (void)state;
    start("local list = assert(sys.http.resolve('127.0.0.1'))\n"
          "local _, text, code = sys.http.resolve('bad..name')\n"
          "return list[1] .. ' ' .. code",
          true);
    expect_end("127.0.0.1 dns");
}

static void scripts_reach_nothing_private(void **state)
{
    (void)state;
    const char *body = "local a, _, code = sys.http.request { url = base .. '/hello' }\n"
                       "return a and a.body or code";
    start(body, false);
    expect_end("private-address");
    start(body, false);
    bind_http_set_policy(driver_script(run.d),
                         http_policy_create(&(http_policy_config){.store_host = "127.0.0.1",
                                                                  .store_port = server.port}));
    expect_end("hello");
    start(body, false);
    bind_http_set_policy(driver_script(run.d), NULL);
    expect_end("hello");
    start("sys.http.restrict { 'api.example' }\n"
          "local _, text, code = sys.http.request { url = base .. '/hello' }\n"
          "local ok, e = pcall(sys.http.restrict, {})\n"
          "return code .. ' ' .. tostring(ok)",
          false);
    expect_end("denied false");
}

static void started_scripts_get_their_policy(void **state)
{
    (void)state;
    start("if base:find('^child:') then\n"
          "  local a, _, code = sys.http.request { url = base:sub(7) .. '/hello' }\n"
          "  return a and a.body or code\n"
          "end\n"
          "local function child(policy)\n"
          "  local h = assert(sys.script.start { module = 'm', argument = 'child:' .. base,\n"
          "    capabilities = { 'http' }, policy = policy })\n"
          "  return (select(2, h:recv()))\n"
          "end\n"
          "local other = base:gsub(':%d+$', ':1')\n"
          "return table.concat({ child { store_url = base .. '/x' }, child { store_url = other }, "
          "child(nil),\n"
          "  child { allow_private = true } }, ' ')",
          true);
    expect_end("hello private-address private-address hello");
}

static void the_gate_sees_the_method(void **state)
{
    (void)state;
    start("local get = sys.http.request { url = base .. '/hello' }\n"
          "local _, _, post = sys.http.request { url = base .. '/hello', method = 'POST' }\n"
          "local _, _, open = sys.http.open { url = base .. '/hello', method = 'DELETE' }\n"
          "return get.status .. ' ' .. post .. ' ' .. open",
          true);
    gate_set_dry_run(script_gate(driver_script(run.d)), true);
    loop_run();
    assert_string_equal(run.end, "200 dry-run dry-run");
    gate_counts n = gate_get_counts(script_gate(driver_script(run.d)));
    assert_int_equal(n.effects, 0);
    assert_int_equal(n.reads, 1);
    assert_int_equal(n.refused, 2);
    stop();
    start("local _, _, code = sys.http.request { url = base }\nreturn code", true);
    gate_restrict(script_gate(driver_script(run.d)), CAP_NONE);
    expect_end("denied");
}

/* stdlib/http.lua on top of it; its parts that need no server are tested beside it. */
static void the_public_module_works_on_the_wire(void **state)
{
    (void)state;
    start("local http = require 'http'\n"
          "local res = assert(http.post(base .. '/echo', { json = { a = 1 }, timeout = '5s' }))\n"
          "assert(res.ok and res:json().a == 1 and res.attempts == 1)\n"
          "res = assert(http.get(base .. '/repeats'))\n"
          "assert(res.headers['X-TWICE'] == 'first, second' and res.timings.total > 0)\n"
          "assert(#res:header_values('x-twice') == 2)\n"
          "local jar = assert(http.jar())\n"
          "assert(http.get(base .. '/cookie', { jar = jar }))\n"
          "assert(#jar:cookies() == 2)\n"
          "res = assert(http.get(base .. '/head', { jar = jar, query = { q = 1 } }))\n"
          "assert(res.status == 404 and not res.ok)\n"
          "local _, message, code = http.get(base .. '/loop', { max_redirects = 2 })\n"
          "assert(code == 'redirects' and message:find('in a circle'))\n"
          "local stream = assert(http.open { url = base .. '/chunked' })\n"
          "local body = ''\n"
          "for piece in function() return stream:read('5s') end do body = body .. piece end\n"
          "assert(stream.status == 200 and select('#', stream:read()) == 1)\n"
          "stream:close()\n"
          "return body .. ' ' .. select(3, stream:read())",
          true);
    expect_end("one two three closed");
}

static void killed_scripts_leave_nothing_behind(void **state)
{
    (void)state;
    start("for i = 1, 5 do sys.task.spawn(sys.http.request, { url = base .. '/no-answer' }) end\n"
          "local s = assert(sys.http.open { url = base .. '/stalls' })\n"
          "sys.task.spawn(sys.http.resolve, 'localhost')\n"
          "s:read() pcall(s.read, s) return 'never'",
          true);
    for (int i = 0; i < 3; i++)
        ev_run(loop_ev(), EVRUN_ONCE);
    script_kill(driver_script(run.d), "enough");
    loop_run();
    assert_int_equal(run.how, SCRIPT_KILLED);
    stop();
    start("for i = 1, 5 do sys.task.spawn(sys.http.request, { url = base .. '/big', max_body = 0 "
          "}) end\n"
          "sys.http.request { url = base .. '/no-answer' }",
          true);
    for (int i = 0; i < 5; i++)
        ev_run(loop_ev(), EVRUN_ONCE);
    stop(); /* in the middle of everything */
}

static int open_all(void **state)
{
    http_tests_open(state);
    server_start(&server, NULL);
    return 0;
}

static int close_all(void **state)
{
    http_tests_close(state);
    server_stop(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_become_tables),
        cmocka_unit_test(headers_and_bodies_are_sent),
        cmocka_unit_test(failures_are_nil_text_code),
        cmocka_unit_test(streams_are_read_in_pieces),
        cmocka_unit_test(stream_waits_can_end_early),
        cmocka_unit_test(jars_share_cookies),
        cmocka_unit_test(names_are_resolved),
        cmocka_unit_test(scripts_reach_nothing_private),
        cmocka_unit_test(started_scripts_get_their_policy),
        cmocka_unit_test(the_gate_sees_the_method),
        cmocka_unit_test(the_public_module_works_on_the_wire),
        cmocka_unit_test(killed_scripts_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
