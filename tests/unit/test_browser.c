/* io/browser with the real Chromium: found, started, shared, killed, and nothing of it left. */
#include "test_browser_help.h"

/* ---- tests with the real one ---- */

static void starts_answers_and_leaves_nothing(void **state)
{
    (void)state;
    connection c = connect_to((browser_config){0});
    char session[64];
    assert_non_null(strstr(c.product, "Chrome/"));
    assert_true(c.info.pid > 0 && c.info.launch_ms > 0);
    /* The program itself is our child, no wrapper script that would survive it or hide its death.
     */
    char link[64], exe[256] = "";
    snprintf(link, sizeof link, "/proc/%d/exe", c.info.pid);
    assert_true(readlink(link, exe, sizeof exe - 1) > 0);
    assert_string_equal(exe, c.path);
    open_page(c.k, session);
    assert_string_equal(
        get(c.k, "Runtime.evaluate", "{\"expression\":\"'a'+1\"}", session, "result"),
        "{\"type\":\"string\",\"value\":\"a1\"}");
    assert_int_equal(folders(), 1);
    cdp_client_destroy(c.k);
    browser_finish();
    expect_nothing_left();
}

static void full_chromium_starts_too(void **state)
{
    (void)state;
    connection c = connect_to((browser_config){.kind = BROWSER_CHROMIUM});
    char session[64];
    assert_true(strncmp(c.product, "Chrome/", 7) == 0 || strstr(c.product, "HeadlessChrome/"));
    assert_null(strstr(c.path, "headless"));
    open_page(c.k, session);
    cdp_client_destroy(c.k);
    browser_finish();
    expect_nothing_left();
}

static void one_warm_browser_a_configuration(void **state)
{
    (void)state;
    const char *args[] = {"--disable-features=OneOfMine", "--lang=de"};
    connection a = connect_to((browser_config){0}), b = connect_to((browser_config){0});
    assert_int_equal(a.info.pid, b.info.pid);
    cdp_client_destroy(a.k);
    connection c = connect_to((browser_config){0});
    assert_int_equal(c.info.pid, b.info.pid);
    connection d = connect_to((browser_config){.args = args, .arg_count = 2});
    assert_int_not_equal(d.info.pid, b.info.pid);
    /* Of several --disable-features Chromium heeds the last only. */
    char path[64], line[8192];
    snprintf(path, sizeof path, "/proc/%d/cmdline", d.info.pid);
    FILE *f = fopen(path, "r");
    size_t n = fread(line, 1, sizeof line - 1, f);
    fclose(f);
    for (size_t i = 0; i < n; i++)
        line[i] = line[i] ? line[i] : ' ';
    line[n] = '\0';
    const char *features = strstr(line, "--disable-features=");
    assert_non_null(features);
    assert_null(strstr(features + 1, "--disable-features="));
    assert_non_null(strstr(features, ",OneOfMine"));
    assert_non_null(strstr(line, " --lang=de "));
    cdp_client_destroy(b.k);
    cdp_client_destroy(c.k);
    cdp_client_destroy(d.k);
    browser_finish();
    expect_nothing_left();
}

static void idle_browsers_do_not_pile_up(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        char arg[32];
        const char *args[] = {arg};
        snprintf(arg, sizeof arg, "--nano-test=%d", i);
        cdp_client_destroy(connect_to((browser_config){.args = args, .arg_count = 1}).k);
    }
    while (folders() > 3)
        ev_run(loop_ev(), EVRUN_ONCE);
    browser_finish();
    expect_nothing_left();
}

static void leaving_ends_it_when_nobody_else_is_there(void **state)
{
    (void)state;
    connection a = connect_to((browser_config){0}), b = connect_to((browser_config){0}), left = {0};
    char session[64];
    assert_null(browser_leave(a.k, on_connected, &left));
    assert_true(left.done);
    open_page(b.k, session); /* it lives on for the other */
    left.done = false;
    assert_non_null(browser_leave(b.k, on_connected, &left));
    turn_until(&left.done);
    expect_nothing_left();
}

static void killed_in_mid_call_is_noticed_and_replaced(void **state)
{
    (void)state;
    connection c = connect_to((browser_config){0});
    char session[64];
    answer a, later;
    open_page(c.k, session);
    ask(c.k, "Runtime.evaluate", "{\"expression\":\"new Promise(()=>0)\",\"awaitPromise\":true}",
        session, &a);
    kill(c.info.pid, SIGKILL);
    turn_until(&a.done);
    assert_null(a.text);
    assert_string_equal(a.why.code, "exited");
    assert_non_null(strstr(a.why.text, "was killed by signal 9 (SIGKILL)"));
    ask(c.k, "Browser.getVersion", NULL, NULL, &later);
    assert_true(later.done);
    assert_string_equal(later.why.code, "exited");
    connection fresh = connect_to((browser_config){0});
    assert_int_not_equal(fresh.info.pid, c.info.pid);
    open_page(fresh.k, session);
    cdp_client_destroy(c.k);
    assert_int_equal(folders(), 1);
    cdp_client_destroy(fresh.k);
    browser_finish();
    expect_nothing_left();
}

static void large_results_come_whole(void **state)
{
    (void)state;
    enum { SIZE = 20 * 1024 * 1024 };
    connection c = connect_to((browser_config){0});
    char session[64];
    answer a;
    open_page(c.k, session);
    ask(c.k, "Runtime.evaluate",
        "{\"expression\":\"'\\\\\\\\'.repeat(2097152)+'x'.repeat(18874368)\"}", session, &a);
    turn_until(&a.done);
    assert_non_null(a.text);
    cdp_span value = cdp_scan_member(cdp_scan_member((cdp_span){a.text, a.len}, "result"), "value");
    assert_int_equal(value.len, SIZE + 2097152); /* a backslash is two bytes of JSON */
    free(a.text);
    /* And a large command on the way out: 8 MB, through a pipe that holds 64 KB. */
    char *params = malloc(SIZE);
    int n = sprintf(params, "{\"expression\":\"'");
    memset(params + n, 'y', 8 * 1024 * 1024);
    strcpy(params + n + 8 * 1024 * 1024, "'.length\"}");
    assert_string_equal(get(c.k, "Runtime.evaluate", params, session, "result"),
                        "{\"type\":\"number\",\"value\":8388608,\"description\":\"8388608\"}");
    free(params);
    cdp_client_destroy(c.k);
    browser_finish();
}

static void on_context(void *arg, const err *error)
{
    assert_null(error);
    ++*(unsigned *)arg;
}

static void five_hundred_contexts_go_with_their_client(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    connection c = connect_to((browser_config){0}), other = connect_to((browser_config){0});
    cdp_context *contexts[COUNT];
    unsigned made = 0;
    for (int i = 0; i < COUNT; i++)
        cdp_context_create(c.k, &contexts[i], on_context, &made);
    while (made < COUNT)
        ev_run(loop_ev(), EVRUN_ONCE);
    assert_string_not_equal(cdp_context_id(contexts[0]), cdp_context_id(contexts[COUNT - 1]));
    cdp_client_destroy(c.k);
    assert_string_equal(get(other.k, "Target.getBrowserContexts", NULL, NULL, "browserContextIds"),
                        "[]");
    for (int i = 0; i < COUNT; i++)
        cdp_context_destroy(contexts[i]);
    cdp_client_destroy(other.k);
    browser_finish();
}

static void end_of_a_page_fails_its_calls(void **state)
{
    (void)state;
    connection c = connect_to((browser_config){0});
    char session[64], params[256];
    answer a, closed;
    snprintf(params, sizeof params, "{\"targetId\":\"%s\",\"flatten\":true}",
             get(c.k, "Target.createTarget", "{\"url\":\"about:blank\"}", NULL, "targetId"));
    snprintf(session, sizeof session, "%s",
             get(c.k, "Target.attachToTarget", params, NULL, "sessionId"));
    ask(c.k, "Runtime.evaluate", "{\"expression\":\"new Promise(()=>0)\",\"awaitPromise\":true}",
        session, &a);
    ask(c.k, "Target.closeTarget", params, NULL, &closed);
    turn_until(&a.done);
    assert_null(a.text);
    turn_until(&closed.done);
    free(closed.text);
    cdp_client_destroy(c.k);
    browser_finish();
}

static void cancelled_connect_calls_nobody(void **state)
{
    (void)state;
    connection c = {0};
    browser_request *r = browser_connect(&(browser_config){0}, on_connected, &c);
    assert_non_null(r);
    browser_cancel(r);
    connection second = connect_to((browser_config){0}); /* the browser came up all the same */
    assert_false(c.done);
    cdp_client_destroy(second.k);
    browser_finish();
    expect_nothing_left();
}

/* ---- a process that dies with a browser: this program again, as --hold ---- */

static int hold(void)
{
    connection c = connect_to((browser_config){0});
    printf("%d\n", c.info.pid);
    fflush(stdout);
    loop_run();
    return 0;
}

typedef struct holder {
    process *p;
    buf text;
    bool exited;
} holder;

static void on_line(void *arg, const char *data, size_t len, const err *why)
{
    holder *h = arg;
    (void)why;
    buf_append(&h->text, data, len);
}

static void on_holder_exit(void *arg, process_status status)
{
    (void)status;
    ((holder *)arg)->exited = true;
}

static void dies_with_its_process_and_is_swept_away(void **state)
{
    (void)state;
    holder h = {0};
    const char *argv[] = {"test_browser", "--hold", NULL};
    process_config config = {.argv = argv,
                             .path = "/proc/self/exe",
                             .streams = {PROCESS_NULL, PROCESS_PIPE, PROCESS_INHERIT},
                             .on_exit = on_holder_exit,
                             .arg = &h};
    h.p = process_spawn(&config, NULL);
    assert_true(process_read(h.p, PROCESS_STDOUT, on_line, &h));
    while (!h.text.len)
        ev_run(loop_ev(), EVRUN_ONCE);
    pid_t browser = (pid_t)atoi(buf_cstr(&h.text));
    assert_int_equal(kill(browser, 0), 0);
    assert_int_equal(browser_profile_sweep(), 0); /* in use: stays */
    assert_int_equal(folders(), 1);
    kill(process_pid(h.p), SIGKILL);
    turn_until(&h.exited);
    while (kill(browser, 0) == 0) /* its parent-death signal; then it is ours to reap */
        ev_run(loop_ev(), EVRUN_ONCE);
    while (processes())
        ev_run(loop_ev(), EVRUN_ONCE);
    assert_int_equal(folders(), 1);
    assert_int_equal(browser_profile_sweep(), 1);
    assert_int_equal(folders(), 0);
    process_destroy(h.p);
    buf_finish(&h.text);
}

/* ---- a browser that runs already, reached by its ws:// address ---- */

static void on_stderr(void *arg, const char *data, size_t len, const err *why)
{
    holder *h = arg;
    (void)why;
    buf_append(&h->text, data, len);
    if (len)
        process_read(h->p, PROCESS_STDERR, on_stderr, h);
}

/* Starts one that listens on a port of its own; the address into url. */
static void start_listening(holder *h, char *url, size_t size)
{
    connection c = connect_to((browser_config){0}); /* only to learn where the program is */
    char profile[128];
    snprintf(profile, sizeof profile, "--user-data-dir=%s/remote", tmp);
    const char *argv[] = {c.path, "--no-sandbox", "--remote-debugging-port=0", profile, NULL};
    process_config config = {.argv = argv,
                             .streams = {PROCESS_NULL, PROCESS_NULL, PROCESS_PIPE},
                             .on_exit = on_holder_exit,
                             .arg = h};
    h->p = process_spawn(&config, NULL);
    assert_true(process_read(h->p, PROCESS_STDERR, on_stderr, h));
    const char *at = NULL;
    while (!at || !strchr(at, '\n')) {
        ev_run(loop_ev(), EVRUN_ONCE);
        at = strstr(buf_cstr(&h->text), "ws://");
    }
    snprintf(url, size, "%.*s", (int)strcspn(at, "\n"), at);
    cdp_client_destroy(c.k);
    browser_finish();
}

static void attaches_to_a_running_browser(void **state)
{
    (void)state;
    enum { SIZE = 4 * 1024 * 1024 };
    holder h = {0};
    char url[128], session[64];
    answer a, hanging;
    start_listening(&h, url, sizeof url);
    connection c = connect_to((browser_config){.endpoint = url}),
               same = connect_to((browser_config){.endpoint = url});
    assert_string_equal(c.info.path, "");
    assert_int_equal(c.info.pid, 0);
    assert_ptr_equal(cdp_client_conn(c.k), cdp_client_conn(same.k));
    open_page(c.k, session);
    ask(c.k, "Runtime.evaluate", "{\"expression\":\"'x'.repeat(4194304)\"}", session, &a);
    turn_until(&a.done);
    assert_true(a.text && a.len > SIZE);
    free(a.text);
    /* Leaving it does not end it. */
    connection left = {0};
    cdp_client_destroy(same.k);
    browser_leave(c.k, on_connected, &left);
    assert_true(left.done);
    c = connect_to((browser_config){.endpoint = url});
    open_page(c.k, session);
    ask(c.k, "Runtime.evaluate", "{\"expression\":\"new Promise(()=>0)\",\"awaitPromise\":true}",
        session, &hanging);
    kill(process_pid(h.p), SIGKILL);
    turn_until(&hanging.done);
    assert_string_equal(hanging.why.code, "exited");
    assert_non_null(strstr(hanging.why.text, "lost the browser at ws://"));
    turn_until(&h.exited);
    expect_failure((browser_config){.endpoint = url}, "refused",
                   "cannot talk to the browser at ws://");
    expect_failure((browser_config){.endpoint = "http://127.0.0.1:1/"}, "invalid", "");
    cdp_client_destroy(c.k);
    process_destroy(h.p);
    buf_finish(&h.text);
}

static void sweep_touches_nothing_of_others(void **state)
{
    (void)state;
    char fresh[128], link[128];
    snprintf(fresh, sizeof fresh, "%s/nano-sre-browser-aaaaaa", tmp);
    snprintf(link, sizeof link, "%s/nano-sre-browser-bbbbbb", tmp);
    mkdir(fresh, 0700); /* no lock yet: somebody is just making it */
    assert_int_equal(symlink("/usr", link), 0);
    assert_int_equal(browser_profile_sweep(), 0);
    assert_int_equal(rmdir(fresh), 0);
    assert_int_equal(unlink(link), 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--hold")) {
        set_up(NULL);
        return hold();
    }
    make_tmp();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_answers_and_leaves_nothing),
        cmocka_unit_test(full_chromium_starts_too),
        cmocka_unit_test(one_warm_browser_a_configuration),
        cmocka_unit_test(idle_browsers_do_not_pile_up),
        cmocka_unit_test(leaving_ends_it_when_nobody_else_is_there),
        cmocka_unit_test(killed_in_mid_call_is_noticed_and_replaced),
        cmocka_unit_test(large_results_come_whole),
        cmocka_unit_test(five_hundred_contexts_go_with_their_client),
        cmocka_unit_test(end_of_a_page_fails_its_calls),
        cmocka_unit_test(cancelled_connect_calls_nobody),
        cmocka_unit_test(dies_with_its_process_and_is_swept_away),
        cmocka_unit_test(attaches_to_a_running_browser),
        cmocka_unit_test(sweep_touches_nothing_of_others),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    remove_tmp();
    return failed;
}
