/* io/worker, both sides: this program starts itself once more in the role "worker". */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "io/loop.h"
#include "io/process.h"
#include "io/worker.h"

/* ---- the worker: does what each message says ---- */

static const char *volatile doing = "nothing";

static void speak(char *words, size_t size)
{
    snprintf(words, size, "busy with %s", doing);
}

static void say(const char *text)
{
    channel_send(worker_parent(), text, strlen(text), NULL);
}

/* What the kernel says of this process, and its descriptors. */
static void tell_status(void)
{
    struct rlimit core, files;
    buf text = {0};
    char line[256];
    getrlimit(RLIMIT_CORE, &core);
    getrlimit(RLIMIT_NOFILE, &files);
    FILE *f = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, f)) {
        if (!strncmp(line, "NoNewPrivs", 10))
            buf_append_str(&text, line);
    }
    fclose(f);
    buf_printf(&text, "core %d files %d stray %d", (int)core.rlim_max, files.rlim_cur <= 8192,
               write(9, "", 0) == 0);
    say(buf_cstr(&text));
    buf_finish(&text);
}

static void crash(void)
{
    volatile char *nowhere = NULL;
    doing = "a crash";
    *nowhere = 1;
}

static void obey(void *arg, const char *data, size_t len, const err *why)
{
    (void)arg, (void)why;
    sigset_t usr1;
    if (!data) {
        say("the last word");
        channel_flush(worker_parent(), NS_PER_SEC);
        exit(0);
    }
    char order[32];
    snprintf(order, sizeof order, "%.*s", (int)len, data);
    if (!strcmp(order, "status")) {
        tell_status();
    } else if (!strcmp(order, "hang")) {
        doing = "a loop";
        say("hanging");
        for (;;)
            ;
    } else if (!strcmp(order, "deaf")) {
        sigemptyset(&usr1);
        sigaddset(&usr1, SIGUSR1);
        sigprocmask(SIG_BLOCK, &usr1, NULL);
        say("deaf");
        for (;;)
            ;
    } else if (!strcmp(order, "crash")) {
        crash();
    } else if (!strcmp(order, "leave")) {
        say("one");
        say("two");
        exit(5);
    } else if (!strcmp(order, "close")) {
        close(3);
        for (;;)
            pause();
    } else {
        say(order);
    }
    channel_receive(worker_parent(), obey, NULL);
}

static int be_worker(void)
{
    worker_enter();
    worker_on_last_words(speak);
    loop_init();
    channel_receive(worker_parent(), obey, NULL);
    loop_run();
    return 0;
}

/* ---- main's side ---- */

typedef struct inbox {
    worker *w;
    unsigned count;
    char last[256];
    bool ended;
    err why;
} inbox;

static void on_message(void *arg, const char *data, size_t len, const err *why)
{
    inbox *in = arg;
    if (!data) {
        in->ended = true;
        in->why = *why;
        return;
    }
    in->count++;
    snprintf(in->last, sizeof in->last, "%.*s", (int)len, data);
    worker_receive(in->w, on_message, in);
}

static void start(inbox *in, const char *order)
{
    err e;
    memset(in, 0, sizeof *in);
    in->w = worker_spawn(&e);
    if (!in->w)
        fail_msg("%s", e.text);
    assert_true(worker_receive(in->w, on_message, in));
    assert_false(worker_receive(in->w, on_message, in));
    if (order)
        assert_true(worker_send(in->w, order, strlen(order), NULL));
}

static void wait_messages(inbox *in, unsigned count)
{
    while (in->count < count && !in->ended)
        ev_run(loop_ev(), EVRUN_ONCE);
    assert_int_equal(in->count, count);
}

static void wait_end(inbox *in)
{
    while (!in->ended)
        ev_run(loop_ev(), EVRUN_ONCE);
    assert_string_equal(in->why.code, "exited");
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* and it is reaped */
    assert_int_equal(errno, ECHILD);
}

static void talks_and_ends_when_closed(void **state)
{
    (void)state;
    inbox in;
    start(&in, "hello");
    wait_messages(&in, 1);
    assert_string_equal(in.last, "hello");
    assert_string_equal(worker_describe_end(in.w), "");
    assert_string_equal(worker_last_words(in.w), "");
    worker_close(in.w, 60 * NS_PER_SEC);
    wait_end(&in);
    assert_string_equal(in.last, "the last word");
    assert_string_equal(worker_describe_end(in.w), "exited with code 0");
    err e;
    assert_false(worker_send(in.w, "x", 1, &e));
    assert_string_equal(e.code, "exited");
    worker_kill(in.w); /* too late, no harm */
    worker_destroy(in.w);
}

static void is_confined(void **state)
{
    (void)state;
    inbox in;
    assert_int_equal(dup2(STDERR_FILENO, 9), 9); /* must not be there in the worker */
    start(&in, "status");
    wait_messages(&in, 1);
    assert_string_equal(in.last, "NoNewPrivs:\t1\ncore 0 files 1 stray 0");
    close(9);
    worker_close(in.w, 60 * NS_PER_SEC);
    wait_end(&in); /* or it would be a child of the next test */
    worker_destroy(in.w);
}

static void last_message_comes_before_the_end(void **state)
{
    (void)state;
    inbox in;
    start(&in, "leave");
    wait_end(&in);
    assert_int_equal(in.count, 2);
    assert_string_equal(in.last, "two");
    assert_string_equal(worker_describe_end(in.w), "exited with code 5");
    assert_non_null(strstr(in.why.text, "exited with code 5"));
    worker_destroy(in.w);
}

static void hung_worker_says_where_and_dies(void **state)
{
    (void)state;
    inbox in;
    start(&in, "hang");
    wait_messages(&in, 1);
    worker_kill(in.w);
    wait_end(&in);
    assert_string_equal(worker_last_words(in.w), "busy with a loop");
    assert_non_null(strstr(in.why.text, "signal 9"));
    worker_destroy(in.w);
}

static void deaf_worker_dies_all_the_same(void **state)
{
    (void)state;
    inbox in;
    start(&in, "deaf");
    wait_messages(&in, 1);
    worker_kill(in.w);
    wait_end(&in);
    assert_string_equal(worker_last_words(in.w), "");
    worker_destroy(in.w);
}

static void crash_leaves_last_words(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* the sanitizer reports crashes itself */
#endif
    inbox in;
    start(&in, "crash");
    wait_end(&in);
    assert_string_equal(worker_last_words(in.w), "busy with a crash");
    assert_string_equal(worker_describe_end(in.w), "was killed by signal 11 (SIGSEGV)");
    worker_destroy(in.w);
}

static void worker_that_breaks_its_line_is_killed(void **state)
{
    (void)state;
    inbox in;
    start(&in, "close");
    wait_end(&in);
    assert_string_equal(worker_describe_end(in.w), "was killed by signal 9 (SIGKILL)");
    worker_destroy(in.w);
}

static void may_be_let_go_at_any_time(void **state)
{
    (void)state;
    inbox in;
    start(&in, "hello");
    worker_destroy(in.w); /* it ends by itself, in the background */
    start(&in, "hang");
    wait_messages(&in, 1);
    worker_kill(in.w);
    worker_destroy(in.w);
    siginfo_t info;
    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0) /* there are children */
        ev_run(loop_ev(), EVRUN_ONCE);
    assert_int_equal(errno, ECHILD);
}

static void refuses_to_be_started_by_hand(void **state)
{
    (void)state;
    const char *argv[] = {"nano-sre", "--role=worker", NULL};
    process *p = process_spawn(&(process_config){.argv = argv, .path = "/proc/self/exe"}, NULL);
    process_status status;
    while (!process_ended(p, &status))
        ev_run(loop_ev(), EVRUN_ONCE);
    assert_int_equal(status.code, 3);
    process_destroy(p);
}

static int set_up(void **state)
{
    (void)state;
    alarm(60); /* a hang is a failure */
    loop_init();
    return 0;
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--role=worker"))
        return be_worker();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(talks_and_ends_when_closed),
        cmocka_unit_test(is_confined),
        cmocka_unit_test(last_message_comes_before_the_end),
        cmocka_unit_test(hung_worker_says_where_and_dies),
        cmocka_unit_test(deaf_worker_dies_all_the_same),
        cmocka_unit_test(crash_leaves_last_words),
        cmocka_unit_test(worker_that_breaks_its_line_is_killed),
        cmocka_unit_test(may_be_let_go_at_any_time),
        cmocka_unit_test(refuses_to_be_started_by_hand),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
