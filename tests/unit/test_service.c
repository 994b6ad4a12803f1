/* io/service.c: what an init system hears, and the lock. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/service.h"

static int listen_at(const char *name, bool abstract)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", name);
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    if (abstract)
        at.sun_path[0] = 0;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    return fd;
}

static void hears(int fd, const char *name, const char *text)
{
    char got[100] = "";
    err e;
    setenv("NOTIFY_SOCKET", name, 1);
    assert_true(service_notify(text, &e));
    assert_int_equal(recv(fd, got, sizeof got - 1, MSG_DONTWAIT), strlen(text));
    assert_string_equal(got, text);
    unsetenv("NOTIFY_SOCKET");
}

static void test_notify_path(void **state)
{
    (void)state;
    char name[] = "/tmp/nano-notify-XXXXXX";
    assert_non_null(mkdtemp(name));
    char path[64];
    snprintf(path, sizeof path, "%s/s", name);
    int fd = listen_at(path, false);
    hears(fd, path, "READY=1\nSTATUS=fine");
    close(fd);
    unlink(path);
    rmdir(name);
}

static void test_notify_abstract(void **state)
{
    (void)state;
    char name[64];
    snprintf(name, sizeof name, "@nano-notify-%d", getpid());
    int fd = listen_at(name, true);
    hears(fd, name, "WATCHDOG=1");
    close(fd);
}

static void test_notify_nobody(void **state)
{
    (void)state;
    err e;
    unsetenv("NOTIFY_SOCKET");
    assert_true(service_notify("READY=1", &e));
    setenv("NOTIFY_SOCKET", "/nowhere/socket", 1);
    assert_false(service_notify("READY=1", &e));
    setenv("NOTIFY_SOCKET", "relative", 1);
    assert_false(service_notify("READY=1", &e));
    assert_string_equal(e.code, "invalid");
    unsetenv("NOTIFY_SOCKET");
}

static void test_lock_ends_with_process(void **state)
{
    (void)state;
    char path[] = "/tmp/nano-lock-XXXXXX";
    close(mkstemp(path));
    int ready[2], go[2];
    assert_int_equal(pipe(ready) | pipe(go), 0);
    pid_t child = fork();
    if (child == 0) {
        char c = service_lock(path, NULL) >= 0 ? 'y' : 'n';
        if (write(ready[1], &c, 1) != 1 || read(go[0], &c, 1) < 0)
            _exit(1);
        _exit(0);
    }
    char c = 0;
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(c, 'y');
    err e;
    assert_int_equal(service_lock(path, &e), -1);
    assert_string_equal(e.code, "busy");
    kill(child, 9);
    waitpid(child, NULL, 0);
    int fd = service_lock(path, &e);
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notify_path),
        cmocka_unit_test(test_notify_abstract),
        cmocka_unit_test(test_notify_nobody),
        cmocka_unit_test(test_lock_ends_with_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
