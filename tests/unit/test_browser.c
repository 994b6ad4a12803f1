/* io/browser with the real Chromium: found, started, shared, killed, and nothing of it left. Also
 * with programs that are no browser at all. Everything happens in a TMPDIR of the test's own, so
 * what is left is seen. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "io/browser.h"
#include "io/browser_profile.h"
#include "io/loop.h"
#include "io/process.h"

static char tmp[64];

/* ---- waiting for things ---- */

typedef struct connection {
    bool done;
    cdp_client *k;
    browser_info info; /* product and path copied below */
    char product[128], path[256];
    err why;
} connection;

static void on_connected(void *arg, cdp_client *k, const browser_info *info, const err *why)
{
    connection *c = arg;
    c->done = true;
    c->k = k;
    if (why) {
        c->why = *why;
        return;
    }
    if (!k)
        return; /* of browser_leave */
    c->info = *info;
    snprintf(c->product, sizeof c->product, "%s", info->product);
    snprintf(c->path, sizeof c->path, "%s", info->path);
}

static void turn_until(const bool *flag)
{
    while (!*flag)
        ev_run(loop_ev(), EVRUN_ONCE);
}

static connection try_connect(browser_config config)
{
    connection c = {0};
    browser_connect(&config, on_connected, &c);
    turn_until(&c.done);
    return c;
}

static connection connect_to(browser_config config)
{
    connection c = try_connect(config);
    if (!c.k)
        fail_msg("[%s] %s", c.why.code, c.why.text);
    return c;
}

typedef struct answer {
    bool done;
    char *text; /* NULL: why */
    size_t len;
    err why;
} answer;

static void on_answer(void *arg, cdp_span result, const err *error)
{
    answer *a = arg;
    a->done = true;
    if (error)
        a->why = *error;
    else
        a->text = mem_strndup(result.at, a->len = result.len);
}

static void ask(cdp_client *k, const char *method, const char *params, const char *session,
                answer *a)
{
    cdp_command cmd = {{method, strlen(method)},
                       {params, params ? strlen(params) : 0},
                       {session, session ? strlen(session) : 0}};
    assert_null(cdp_command_problem(&cmd));
    memset(a, 0, sizeof *a);
    cdp_call_await(cdp_call_send(k, &cmd), on_answer, a);
}

/* The member of the answer; fails the test when there is none. Static memory. */
static const char *get(cdp_client *k, const char *method, const char *params, const char *session,
                       const char *key)
{
    static char text[256];
    answer a;
    ask(k, method, params, session, &a);
    turn_until(&a.done);
    if (!a.text)
        fail_msg("%s: %s", method, a.why.text);
    cdp_span value = cdp_scan_member((cdp_span){a.text, a.len}, key);
    if (!value.at)
        fail_msg("%s: no %s in %.200s", method, key, a.text);
    cdp_scan_text(value, text, sizeof text);
    free(a.text);
    return text;
}

/* The session of a new page. */
static void open_page(cdp_client *k, char session[64])
{
    char params[512];
    snprintf(params, sizeof params, "{\"targetId\":\"%s\",\"flatten\":true}",
             get(k, "Target.createTarget", "{\"url\":\"about:blank\"}", NULL, "targetId"));
    snprintf(session, 64, "%s", get(k, "Target.attachToTarget", params, NULL, "sessionId"));
}

/* ---- what is left ---- */

static unsigned folders(void)
{
    unsigned count = 0;
    DIR *d = opendir(tmp);
    for (struct dirent *entry; (entry = readdir(d));)
        count += strncmp(entry->d_name, "nano-sre-browser-", 17) == 0;
    closedir(d);
    return count;
}

/* Processes, zombies too, that belong to this test: with TMPDIR in their command line, or children
 * of ours. */
static unsigned processes(void)
{
    unsigned count = 0;
    DIR *d = opendir("/proc");
    for (struct dirent *entry; (entry = readdir(d));) {
        char path[300], line[4096] = "";
        int ppid = 0;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *f = atoi(entry->d_name) ? fopen(path, "r") : NULL;
        if (!f)
            continue;
        if (!fgets(line, sizeof line, f) || sscanf(strrchr(line, ')') + 1, " %*c %d", &ppid) != 1)
            ppid = 0;
        fclose(f);
        snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
        f = fopen(path, "r");
        size_t n = f ? fread(line, 1, sizeof line - 1, f) : 0;
        if (f)
            fclose(f);
        if (ppid == getpid() || memmem(line, n, tmp, strlen(tmp)))
            count++;
    }
    closedir(d);
    return count;
}

static void expect_nothing_left(void)
{
    while (folders() || processes())
        ev_run(loop_ev(), EVRUN_ONCE); /* each orphan that dies is a SIGCHLD to us */
}

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

/* ---- what is no browser ---- */

/* A program of one line; removed with TMPDIR's contents at the end. */
static const char *script(const char *text)
{
    static char path[128];
    static unsigned number;
    snprintf(path, sizeof path, "%s/script-%u", tmp, number++);
    FILE *f = fopen(path, "w");
    fprintf(f, "#!/bin/sh\n%s\n", text);
    fclose(f);
    chmod(path, 0755);
    return path;
}

static void expect_failure(browser_config config, const char *code, const char *part)
{
    connection c = try_connect(config);
    assert_null(c.k);
    if (strcmp(c.why.code, code) || !strstr(c.why.text, part))
        fail_msg("wanted [%s] …%s…, got [%s] %s", code, part, c.why.code, c.why.text);
    expect_nothing_left();
}

static void says_why_there_is_no_browser(void **state)
{
    (void)state;
    expect_failure((browser_config){.path = "/no/such/browser"}, "not-found",
                   "there is no browser at /no/such/browser");
    expect_failure((browser_config){.path = "/etc/passwd"}, "permission", "can be executed");
    expect_failure((browser_config){.path = "no-such-browser"}, "not-found",
                   "\"no-such-browser\" in PATH");
    expect_failure((browser_config){.kind = BROWSER_SHELL, .headed = true}, "invalid",
                   "cannot show a window");
    const char *own[] = {"--user-data-dir=/tmp/x"}, *bare[] = {"http://x/"};
    expect_failure((browser_config){.args = own, .arg_count = 1}, "invalid",
                   "set by nano-sre itself");
    expect_failure((browser_config){.args = bare, .arg_count = 1}, "invalid", "begin with --");
}

static void says_how_it_died_at_its_start(void **state)
{
    (void)state;
    expect_failure((browser_config){.path = "/bin/false"}, "exited",
                   "(/bin/false) exited with code 1 while it was starting");
    expect_failure(
        (browser_config){
            .path = script("echo '[1:2:FATAL:x.cc(3)] No usable sandbox! Sorry.' >&2; exit 7")},
        "exited",
        "exited with code 7 while it was starting; it wrote: No usable sandbox! Sorry.. Allow user "
        "namespaces");
    expect_failure((browser_config){.path = script("kill -SEGV $$")}, "exited",
                   "was killed by signal 11 (SIGSEGV)");
    expect_failure((browser_config){.path = script("exec 3<&- 4>&-; sleep 1000")}, "exited",
                   "was killed by signal 9");
}

static void gives_up_on_what_does_not_speak_the_protocol(void **state)
{
    (void)state;
    expect_failure((browser_config){.path = script("printf 'hello\\0' >&4; sleep 1000")},
                   "protocol", "not the DevTools protocol");
    expect_failure(
        (browser_config){
            .path =
                script("printf '{\"id\":1,\"error\":{\"message\":\"what?\"}}\\0' >&4; sleep 1000")},
        "protocol", "does not know Browser.getVersion: what?");
    expect_failure((browser_config){.path = script("sleep 1000"), .launch_timeout = 50 * NS_PER_MS},
                   "timeout", "did not answer within");
}

static void window_without_a_display(void **state)
{
    (void)state;
    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    expect_failure((browser_config){.headed = true}, "exited", "A window needs a display");
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

static void remove_tmp(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", tmp);
    if (system(command))
        fprintf(stderr, "cannot remove %s\n", tmp);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--hold")) {
        set_up(NULL);
        return hold();
    }
    snprintf(tmp, sizeof tmp, "/tmp/nano-test-XXXXXX");
    if (!mkdtemp(tmp))
        return 1;
    setenv("TMPDIR", tmp, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_why_there_is_no_browser),
        cmocka_unit_test(says_how_it_died_at_its_start),
        cmocka_unit_test(gives_up_on_what_does_not_speak_the_protocol),
        cmocka_unit_test(window_without_a_display),
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
