/* io/process: what a child gets, how it is stopped, how failures read, and that nothing of it is
 * left. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "io/loop.h"
#include "io/process.h"

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

typedef struct outcome {
    process *p;
    process_which which;
    buf text;
    bool eof, exited, written;
    process_status status;
    err why;
} outcome;

static void stop_when_done(outcome *o)
{
    if (o->exited && o->eof)
        loop_stop();
}

static void on_exit_seen(void *arg, process_status status)
{
    outcome *o = arg;
    assert_false(o->exited);
    o->exited = true;
    o->status = status;
    stop_when_done(o);
}

static void on_text(void *arg, const char *data, size_t len, const err *why)
{
    outcome *o = arg;
    assert_null(why);
    buf_append(&o->text, data, len);
    if (len)
        assert_true(process_read(o->p, o->which, on_text, o));
    else
        o->eof = true;
    stop_when_done(o);
}

/* Runs argv to its end and gathers one stream of it. */
static void run_with(process_config config, process_which which, outcome *o)
{
    err e;
    memset(o, 0, sizeof *o);
    config.on_exit = on_exit_seen;
    config.arg = o;
    config.streams[which] = PROCESS_PIPE;
    o->which = which;
    o->p = process_spawn(&config, &e);
    if (!o->p)
        fail_msg("%s", e.text);
    assert_true(process_read(o->p, which, on_text, o));
    loop_run();
}

static void finish(outcome *o)
{
    process_destroy(o->p);
    buf_finish(&o->text);
}

static void gives_output_and_exit_code(void **state)
{
    (void)state;
    outcome o;
    run_with((process_config){.argv = ARGV("sh", "-c", "echo out; echo err >&2; exit 3")},
             PROCESS_STDOUT, &o);
    assert_string_equal(buf_cstr(&o.text), "out\n");
    assert_int_equal(o.status.code, 3);
    assert_int_equal(o.status.signal, 0);
    char how[64];
    assert_string_equal(process_describe(o.status, how, sizeof how), "exited with code 3");
    assert_true(process_ended(o.p, NULL));
    err e;
    assert_false(process_signal(o.p, SIGTERM, &e));
    assert_string_equal(e.code, "exited");
    finish(&o);
}

static void passes_environment_directory_and_stderr(void **state)
{
    (void)state;
    outcome o;
    process_config c = {.argv = ARGV("/bin/sh", "-c", "pwd >&2; echo \"$A\" >&2"),
                        .cwd = "/usr",
                        .env = ARGV("A=b")};
    run_with(c, PROCESS_STDERR, &o);
    assert_string_equal(buf_cstr(&o.text), "/usr\nb\n");
    finish(&o);
}

static void child_has_clean_signals_and_no_stray_descriptors(void **state)
{
    (void)state;
    int stray = open("/dev/null", O_RDONLY); /* on purpose without O_CLOEXEC */
    sigset_t block;
    sigemptyset(&block);
    sigaddset(&block, SIGUSR2);
    sigprocmask(SIG_BLOCK, &block, NULL);
    outcome o;
    run_with(
        (process_config){
            .argv = ARGV("sh", "-c",
                         "grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd | wc -l")},
        PROCESS_STDOUT, &o);
    sigprocmask(SIG_UNBLOCK, &block, NULL);
    close(stray);
    /* 0, 1, 2 and the directory that ls reads. SIGPIPE, which we ignore, is not ignored there. */
    assert_string_equal(buf_cstr(&o.text),
                        "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n4\n");
    finish(&o);
}

static void maps_descriptors_to_the_numbers_asked_for(void **state)
{
    (void)state;
    int a[2], b[2];
    assert_int_equal(pipe(a), 0);
    assert_int_equal(pipe(b), 0);
    assert_int_equal(write(a[1], "first", 5), 5);
    assert_int_equal(write(b[1], "second", 6), 6);
    close(a[1]);
    close(b[1]);
    /* Crossed on purpose: each source has the number of the other's target. */
    process_fd fds[] = {{.source = dup2(a[0], 51), .target = 50},
                        {.source = dup2(b[0], 50), .target = 51}};
    outcome o;
    run_with((process_config){.argv = ARGV("sh", "-c", "cat /dev/fd/50; echo; cat /dev/fd/51"),
                              .fds = fds,
                              .fd_count = 2},
             PROCESS_STDOUT, &o);
    assert_string_equal(buf_cstr(&o.text), "first\nsecond");
    close(50);
    close(51);
    close(a[0]);
    close(b[0]);
    finish(&o);
}

static void on_written(void *arg, const err *why)
{
    outcome *o = arg;
    if (why)
        o->why = *why;
    o->written = true;
    process_close_stdin(o->p);
}

static void feeds_large_input_through_a_slow_reader(void **state)
{
    (void)state;
    enum { SIZE = 3 * 1024 * 1024 };
    char *big = malloc(SIZE);
    memset(big, 'x', SIZE);
    outcome o = {.which = PROCESS_STDOUT};
    process_config c = {.argv = ARGV("wc", "-c"),
                        .streams = {PROCESS_PIPE, PROCESS_PIPE, PROCESS_INHERIT},
                        .on_exit = on_exit_seen,
                        .arg = &o};
    o.p = process_spawn(&c, NULL);
    assert_non_null(o.p);
    assert_true(process_write(o.p, big, SIZE, on_written, &o));
    assert_false(process_write(o.p, big, SIZE, on_written, &o)); /* one at a time */
    free(big);
    assert_true(process_read(o.p, PROCESS_STDOUT, on_text, &o));
    loop_run();
    assert_true(o.written);
    assert_string_equal(o.why.text, "");
    assert_int_equal(atoi(buf_cstr(&o.text)), SIZE);
    finish(&o);
}

static void writing_to_a_child_that_does_not_read_fails(void **state)
{
    (void)state;
    outcome o = {.which = PROCESS_STDOUT};
    process_config c = {.argv = ARGV("sh", "-c", "exec <&-; echo closed; read x <&1"),
                        .streams = {PROCESS_PIPE, PROCESS_PIPE, PROCESS_NULL},
                        .on_exit = on_exit_seen,
                        .arg = &o};
    o.p = process_spawn(&c, NULL);
    assert_true(process_read(o.p, PROCESS_STDOUT, on_text, &o));
    loop_run();
    assert_true(process_write(o.p, "x", 1, on_written, &o));
    while (!o.written)
        ev_run(loop_ev(), EVRUN_ONCE);
    assert_string_equal(o.why.code, "closed");
    finish(&o);
}

static void expect_failure(process_config config, const char *code, const char *part)
{
    err e;
    assert_null(process_spawn(&config, &e));
    if (strcmp(e.code, code) || !strstr(e.text, part))
        fail_msg("wanted [%s] …%s…, got [%s] %s", code, part, e.code, e.text);
}

static void says_why_a_program_cannot_start(void **state)
{
    (void)state;
    char path[] = "/tmp/nano-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    expect_failure((process_config){.argv = ARGV("no-such-program-here")}, "not-found",
                   "no such program in PATH");
    expect_failure((process_config){.argv = ARGV("/no/such/file")}, "not-found",
                   "cannot start \"/no/such/file\": No such file");
    expect_failure((process_config){.argv = ARGV(path)}, "permission", "chmod +x");
    expect_failure((process_config){.argv = ARGV("/usr")}, "permission", "it is a directory");
    expect_failure((process_config){.argv = ARGV("true"), .cwd = "/no/such/dir"}, "not-found",
                   "in the directory \"/no/such/dir\"");
    fchmod(fd, 0755);
    close(fd);
    expect_failure((process_config){.argv = ARGV(path)}, "io",
                   "neither a program for this machine nor a script");
    FILE *f = fopen(path, "w");
    fputs("#!/no/such/interpreter\n", f);
    fclose(f);
    expect_failure((process_config){.argv = ARGV(path)}, "not-found", "not the interpreter");
    unlink(path);
    /* A failed start leaves no zombie. */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void sets_limits(void **state)
{
    (void)state;
    process_limit limits[] = {{RLIMIT_NOFILE, {64, 64}}, {RLIMIT_AS, {1u << 30, 1u << 30}}};
    outcome o;
    run_with((process_config){.argv = ARGV("sh", "-c", "ulimit -c; ulimit -n; ulimit -v"),
                              .limits = limits,
                              .limit_count = 2},
             PROCESS_STDOUT, &o);
    assert_string_equal(buf_cstr(&o.text), "0\n64\n1048576\n");
    finish(&o);
}

static void stop_kills_what_ignores_term(void **state)
{
    (void)state;
    outcome o = {.which = PROCESS_STDOUT};
    process_config c = {
        .argv = ARGV("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 5; done"),
        .streams = {PROCESS_NULL, PROCESS_PIPE, PROCESS_NULL},
        .on_exit = on_exit_seen,
        .arg = &o};
    o.p = process_spawn(&c, NULL);
    assert_true(process_read(o.p, PROCESS_STDOUT, on_text, &o));
    while (!o.text.len)
        ev_run(loop_ev(), EVRUN_ONCE);
    process_stop(o.p, 20 * NS_PER_MS);
    loop_run(); /* the sleep holds the pipe too: end of file means that the whole group is gone */
    assert_int_equal(o.status.signal, SIGKILL);
    finish(&o);
}

static void group_ends_with_its_leader(void **state)
{
    (void)state;
    outcome o;
    run_with((process_config){.argv = ARGV("sh", "-c", "sleep 1000 & echo started")},
             PROCESS_STDOUT, &o);
    assert_int_equal(o.status.code,
                     0); /* and the loop ended: the sleep's copy of the pipe is closed */
    finish(&o);
}

static void destroy_of_a_running_process_leaves_nothing(void **state)
{
    (void)state;
    process_config c = {.argv = ARGV("sh", "-c", "sleep 1000 & sleep 1000")};
    process *p = process_spawn(&c, NULL);
    pid_t pid = process_pid(p);
    process_destroy(p);
    while (kill(-pid, 0) == 0)
        ev_run(loop_ev(), EVRUN_ONCE);
    assert_int_equal(errno, ESRCH);
}

static void adopts_and_reaps_orphans(void **state)
{
    (void)state;
    int hold[2], stay[2];
    assert_int_equal(pipe(hold), 0);
    assert_int_equal(pipe(stay), 0);
    process_fd fds[] = {{.source = hold[0], .target = 3}, {.source = stay[0], .target = 4}};
    outcome o = {.which = PROCESS_STDOUT};
    /* The grandchild leaves the group, tells its pid and outlives its parent: each waits for our
     * end of a pipe. The parent must stay until the other has left the group, which ends with it.
     */
    process_config c = {
        .argv = ARGV("sh", "-c", "setsid sh -c 'echo $$; read x <&3' 4<&- & read y <&4"),
        .streams = {PROCESS_NULL, PROCESS_PIPE, PROCESS_NULL},
        .fds = fds,
        .fd_count = 2,
        .on_exit = on_exit_seen,
        .arg = &o};
    o.p = process_spawn(&c, NULL);
    assert_true(process_read(o.p, PROCESS_STDOUT, on_text, &o));
    close(hold[0]);
    close(stay[0]);
    while (!o.text.len)
        ev_run(loop_ev(), EVRUN_ONCE);
    close(stay[1]);
    while (!o.exited)
        ev_run(loop_ev(), EVRUN_ONCE);
    pid_t orphan = (pid_t)atoi(buf_cstr(&o.text));
    assert_int_equal(kill(orphan, 0), 0);
    close(hold[1]);
    while (kill(orphan, 0) == 0) /* a zombie would stay for ever */
        ev_run(loop_ev(), EVRUN_ONCE);
    finish(&o);
}

/* A parent that is killed takes its child along: fork one that spawns, learn the grandchild's pid,
 * kill it. */
static void child_dies_with_its_parent(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(pipe(pair), 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t parent = fork();
    if (parent == 0) {
        ev_loop_fork(loop_ev());
        process_config c = {.argv = ARGV("sleep", "1000")};
        process *p = process_spawn(&c, NULL);
        pid_t pid = p ? process_pid(p) : -1;
        if (write(pair[1], &pid, sizeof pid) < 0)
            _exit(1);
        for (;;)
            pause();
    }
    pid_t child = -1;
    assert_int_equal(read(pair[0], &child, sizeof child), sizeof child);
    assert_true(child > 0);
    assert_int_equal(kill(child, 0), 0);
    kill(parent, SIGKILL);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child); /* adopted by us, its subreaper */
    assert_int_equal(WTERMSIG(status), SIGKILL);
    close(pair[0]);
    close(pair[1]);
}

static void finish_ends_everything(void **state)
{
    (void)state;
    process *all[4];
    for (int i = 0; i < 4; i++) {
        const char *deaf = "trap '' TERM; while :; do sleep 100; done";
        process_config c = {.argv = ARGV("sh", "-c", i % 2 ? deaf : "sleep 100")};
        all[i] = process_spawn(&c, NULL);
        assert_non_null(all[i]);
    }
    process_destroy(all[0]);
    process_finish(50 * NS_PER_MS);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    for (int i = 1; i < 4; i++) {
        assert_true(process_ended(all[i], NULL));
        process_destroy(all[i]);
    }
}

static int set_up(void **state)
{
    (void)state;
    alarm(60); /* a hang is a failure */
    loop_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_output_and_exit_code),
        cmocka_unit_test(passes_environment_directory_and_stderr),
        cmocka_unit_test(child_has_clean_signals_and_no_stray_descriptors),
        cmocka_unit_test(maps_descriptors_to_the_numbers_asked_for),
        cmocka_unit_test(feeds_large_input_through_a_slow_reader),
        cmocka_unit_test(writing_to_a_child_that_does_not_read_fails),
        cmocka_unit_test(says_why_a_program_cannot_start),
        cmocka_unit_test(sets_limits),
        cmocka_unit_test(stop_kills_what_ignores_term),
        cmocka_unit_test(group_ends_with_its_leader),
        cmocka_unit_test(destroy_of_a_running_process_leaves_nothing),
        cmocka_unit_test(adopts_and_reaps_orphans),
        cmocka_unit_test(child_dies_with_its_parent),
        cmocka_unit_test(finish_ends_everything),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
