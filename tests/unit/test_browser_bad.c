/* io/browser with programs that are no browser, or none that can start: each failure says what and
 * why. */
#include "test_browser_help.h"

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
            .path = script("echo '[1:2:FATAL:x.cc(3)] No usable sandbox! If this is a Debian "
                           "system, do.' >&2; exit 7")},
        "exited",
        "exited with code 7 while it was starting; it wrote: No usable sandbox. Allow user "
        "namespaces");
    expect_failure((browser_config){.path = script("kill -SEGV $$")}, "exited",
                   "was killed by signal 11 (SIGSEGV)");
    expect_failure((browser_config){.path = script("exec 3<&- 4>&-; sleep 1000")}, "exited",
                   "was killed by signal 9");
}

static void wrapper_in_path_is_used(void **state)
{
    (void)state;
    char wrapper[160], before[4096], path[4400];
    snprintf(wrapper, sizeof wrapper, "%s/chromium-headless-shell", tmp);
    assert_int_equal(rename(script("echo 'this is the wrapper' >&2; exit 9"), wrapper), 0);
    snprintf(before, sizeof before, "%s", getenv("PATH"));
    snprintf(path, sizeof path, "/no/such/folder:%s:%s", tmp, before);
    setenv("PATH", path, 1);
    expect_failure((browser_config){.kind = BROWSER_SHELL}, "exited", "this is the wrapper");
    setenv("PATH", before, 1);
    unlink(wrapper);
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

int main(void)
{
    make_tmp();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_why_there_is_no_browser),
        cmocka_unit_test(says_how_it_died_at_its_start),
        cmocka_unit_test(wrapper_in_path_is_used),
        cmocka_unit_test(gives_up_on_what_does_not_speak_the_protocol),
        cmocka_unit_test(window_without_a_display),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    remove_tmp();
    return failed;
}
