/* The daemon and an init system: what `nano-sre watch` tells a NOTIFY_SOCKET from its start to its
 * end, and that it ends in time with a check that runs. Runs the program ($NANO_SRE). */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 30000, STOP_MS = 10000 };

static char dir[] = "/tmp/nano-watch-XXXXXX";
static int notified = -1;
static pid_t daemon_pid;

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int listen_in(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    assert_true(strlen(path) < sizeof at.sun_path);
    memcpy(at.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* Waits for a message that has this line, whatever comes before it. Returns the message. */
static const char *await(const char *line)
{
    static char got[1000];
    struct pollfd p = {.fd = notified, .events = POLLIN};
    for (;;) {
        if (poll(&p, 1, PATIENCE_MS) != 1)
            fail_msg("nothing like \"%s\" came", line);
        ssize_t n = recv(notified, got + 1, sizeof got - 2, 0);
        assert_true(n > 0);
        got[0] = '\n';
        got[n + 1] = 0;
        char want[100];
        snprintf(want, sizeof want, "\n%s", line);
        if (strstr(got, want))
            return got;
    }
}

static long long mono_usec(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static int start(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return 1;
    char path[128];
    snprintf(path, sizeof path, "%s/skills", dir);
    mkdir(path, 0700);
    write_file("nano-sre.lua", "return { store = { url = 'http://127.0.0.1:1', name = 's' } }");
    write_file("skills/hang.lua", "return skill 'hang' { every = '1s', timeout = '60s',\n"
                                  "  run = function(t) t.sleep('50s') end }");
    snprintf(path, sizeof path, "%s/notify", dir);
    notified = listen_in(path);
    const char *program = getenv("NANO_SRE");
    program = program ? program : "./nano-sre";
    char full[4096];
    if (!realpath(program, full))
        return 1;
    daemon_pid = fork();
    if (daemon_pid == 0) {
        setenv("NOTIFY_SOCKET", path, 1);
        setenv("WATCHDOG_USEC", "300000", 1);
        setenv("HOME", dir, 1);
        if (chdir(dir) == 0)
            execl(full, full, "watch", "-q", (char *)NULL);
        _exit(127);
    }
    return daemon_pid < 0;
}

static int finish(void **state)
{
    (void)state;
    if (daemon_pid > 0) {
        kill(daemon_pid, SIGKILL);
        waitpid(daemon_pid, NULL, 0);
    }
    close(notified);
    char command[200];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static void says_that_it_is_ready_and_alive(void **state)
{
    (void)state;
    const char *text = await("READY=1");
    char pid[40];
    snprintf(pid, sizeof pid, "\nMAINPID=%d\n", (int)daemon_pid);
    assert_non_null(strstr(text, pid));
    assert_non_null(strstr(text, "STATUS=watching 1 checks"));
    await("WATCHDOG=1");
    await("WATCHDOG=1");
}

static void says_that_it_reloads(void **state)
{
    (void)state;
    long long before = mono_usec();
    assert_int_equal(kill(daemon_pid, SIGHUP), 0);
    const char *stamp = strstr(await("RELOADING=1"), "MONOTONIC_USEC=");
    assert_non_null(stamp);
    long long at = atoll(stamp + strlen("MONOTONIC_USEC="));
    assert_true(at >= before - 1000 && at <= mono_usec());
    assert_non_null(strstr(await("READY=1"), "STATUS=watching 1 checks"));
    write_file("skills/hang.lua", "return skill 'hang' {");
    assert_int_equal(kill(daemon_pid, SIGHUP), 0);
    await("RELOADING=1");
    assert_non_null(strstr(await("READY=1"), "the reload failed"));
}

static void stops_in_time_with_a_check_that_runs(void **state)
{
    (void)state;
    assert_int_equal(kill(daemon_pid, SIGTERM), 0);
    long long begun = mono_usec();
    await("STOPPING=1");
    int status;
    assert_int_equal(waitpid(daemon_pid, &status, 0), daemon_pid);
    daemon_pid = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(mono_usec() - begun < STOP_MS * 1000LL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_that_it_is_ready_and_alive),
        cmocka_unit_test(says_that_it_reloads),
        cmocka_unit_test(stops_in_time_with_a_check_that_runs),
    };
    return cmocka_run_group_tests_name("service_watch", tests, start, finish);
}
