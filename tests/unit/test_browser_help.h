/*
 * What the tests of io/browser share: connecting and asking in a straight line, and seeing what is
 * left. Everything happens in a TMPDIR of the test's own.
 */
#ifndef NANO_TEST_BROWSER_HELP_H
#define NANO_TEST_BROWSER_HELP_H

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

static inline void on_connected(void *arg, cdp_client *k, const browser_info *info, const err *why)
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

static inline void turn_until(const bool *flag)
{
    while (!*flag)
        ev_run(loop_ev(), EVRUN_ONCE);
}

static inline connection try_connect(browser_config config)
{
    connection c = {0};
    browser_connect(&config, on_connected, &c);
    turn_until(&c.done);
    return c;
}

static inline connection connect_to(browser_config config)
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

static inline void on_answer(void *arg, cdp_span result, const err *error)
{
    answer *a = arg;
    a->done = true;
    if (error)
        a->why = *error;
    else
        a->text = mem_strndup(result.at, a->len = result.len);
}

static inline void ask(cdp_client *k, const char *method, const char *params, const char *session,
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
static inline const char *get(cdp_client *k, const char *method, const char *params,
                              const char *session, const char *key)
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
static inline void open_page(cdp_client *k, char session[64])
{
    char params[512];
    snprintf(params, sizeof params, "{\"targetId\":\"%s\",\"flatten\":true}",
             get(k, "Target.createTarget", "{\"url\":\"about:blank\"}", NULL, "targetId"));
    snprintf(session, 64, "%s", get(k, "Target.attachToTarget", params, NULL, "sessionId"));
}

/* ---- what is left ---- */

static inline unsigned folders(void)
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
static inline unsigned processes(void)
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

static inline void expect_nothing_left(void)
{
    while (folders() || processes())
        ev_run(loop_ev(), EVRUN_ONCE); /* each orphan that dies is a SIGCHLD to us */
}

static inline void expect_failure(browser_config config, const char *code, const char *part)
{
    connection c = try_connect(config);
    assert_null(c.k);
    if (strcmp(c.why.code, code) || !strstr(c.why.text, part))
        fail_msg("wanted [%s] …%s…, got [%s] %s", code, part, c.why.code, c.why.text);
    expect_nothing_left();
}

static inline int set_up(void **state)
{
    (void)state;
    alarm(120); /* a hang is a failure */
    loop_init();
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    browser_finish();
    process_finish(0);
    loop_finish();
    return 0;
}

static inline void remove_tmp(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", tmp);
    if (system(command))
        fprintf(stderr, "cannot remove %s\n", tmp);
}

/* In main, before the tests. */
static inline void make_tmp(void)
{
    snprintf(tmp, sizeof tmp, "/tmp/nano-test-XXXXXX");
    if (!mkdtemp(tmp))
        abort();
    setenv("TMPDIR", tmp, 1);
}

#endif
