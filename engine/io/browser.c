/*
 * browser.c: see browser.h. Life of a browser of ours:
 *
 *   STARTING --Browser.getVersion answered--> READY --pipe closed, or closing--> ENDING --process
 * reaped--> freed
 *
 * From ENDING on nobody can connect to it; its calls fail when it is known how it ended. A remote
 * browser (endpoint) has no process: it is freed as soon as its connection is lost.
 */
#include "io/browser.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/browser_command.h"
#include "io/browser_profile.h"
#include "io/browser_stderr.h"
#include "io/loop.h"
#include "io/process.h"

enum {
    IDLE_KEPT = 2, /* browsers of other configurations that stay warm while nobody uses them */
    LAUNCH_SECS = 30,
    END_MS = 1000, /* for the process to end after its pipe has closed or it was told to */
};

typedef enum { STARTING, READY, ENDING } browser_state;

typedef struct browser {
    list node; /* in the.browsers */
    browser_state state;
    char *key; /* what makes two configurations the same */
    char *path, *endpoint, *product;
    process *process; /* NULL: an endpoint */
    pid_t pid;
    browser_profile profile;
    browser_stderr words; /* the last that it wrote to stderr */
    cdp_conn *conn;
    cdp_client *own; /* for Browser.getVersion and Browser.close */
    mono_ns started, last_used;
    double launch_ms;
    loop_timer timer;
    err lost;      /* why it ends, where that is known before the process has ended */
    list requests; /* who waits for it to be ready; once it is ENDING, for its end */
} browser;

struct browser_request {
    list node;
    browser_fn fn;
    void *arg;
};

static struct {
    list browsers; /* the most recently started last */
    pid_t owner;   /* 0: never used */
} the;

/* exit() past browser_finish: no loop, no callbacks, but no browser and no folder may stay. */
static void remove_at_exit(void)
{
    if (getpid() != the.owner)
        return;
    for (list *n = the.browsers.next; n != &the.browsers; n = n->next) {
        browser *b = list_entry(n, browser, node);
        if (b->process && !process_ended(b->process, NULL)) {
            kill(-b->pid, SIGKILL);
            waitpid(b->pid, NULL, 0);
        }
        browser_profile_remove(&b->profile);
    }
}

static void init_once(void)
{
    if (the.owner)
        return;
    the.owner = getpid();
    list_init(&the.browsers);
    atexit(remove_at_exit);
    browser_profile_sweep();
}

static void free_browser(void *arg)
{
    browser *b = arg;
    loop_timer_stop(&b->timer);
    list_remove(&b->node);
    cdp_client_destroy(b->own);
    if (b->conn)
        cdp_conn_release(b->conn);
    process_destroy(b->process);
    browser_profile_remove(&b->profile);
    browser_stderr_finish(&b->words);
    free(b->key);
    free(b->path);
    free(b->endpoint);
    free(b->product);
    free(b);
}

static void answer_requests(browser *b, const err *why)
{
    browser_info info = {
        .product = b->product,
        .path = b->path ? b->path : "",
        .endpoint = b->endpoint ? b->endpoint : "",
        .folder = b->profile.dir ? b->profile.dir : "",
        .pid = (int)b->pid,
        .launch_ms = b->launch_ms,
    };
    list *n;
    while ((n = list_shift(&b->requests))) {
        browser_request *r = list_entry(n, browser_request, node);
        browser_fn fn = r->fn;
        void *arg = r->arg;
        free(r);
        if (why)
            fn(arg, NULL, NULL, why);
        else
            fn(arg, cdp_client_create(b->conn), &info, NULL);
    }
}

/* It is over: everything that waits fails with why. Freed later, since the connection may be on the
 * stack. */
static void conclude(browser *b, const err *why)
{
    b->state = ENDING;
    loop_timer_stop(&b->timer);
    browser_profile_remove(&b->profile);
    cdp_conn_fail(b->conn, why);
    answer_requests(b, why);
    loop_timer_start(&b->timer, 0, free_browser, b);
}

static void kill_now(void *arg)
{
    browser *b = arg;
    process_signal(b->process, SIGKILL, NULL);
}

static void on_lost(void *arg, const err *why)
{
    browser *b = arg;
    err e;
    bool starting = b->state == STARTING;
    b->state = ENDING;
    if (!b->process) {
        err_set(&e, starting ? why->code : "exited", "%s %s: %s",
                starting ? "cannot talk to the browser at" : "lost the browser at", b->endpoint,
                why->text);
        conclude(b, &e);
        return;
    }
    if (!b->lost.code[0] && strcmp(why->code, "protocol") == 0)
        err_set(&b->lost, why->code, "%s is not a Chromium that can be used: %s", b->path,
                why->text);
    /* How it ended is known when it is reaped. Not ending by itself, it is made to. */
    loop_timer_start(&b->timer, b->lost.code[0] ? 0 : END_MS * NS_PER_MS, kill_now, b);
}

static void on_exit_seen(void *arg, process_status status)
{
    browser *b = arg;
    err e;
    bool starting = b->product == NULL;
    char how[64], words[280];
    browser_stderr_drain(&b->words, b->process);
    browser_stderr_last(&b->words, words, sizeof words);
    process_describe(status, how, sizeof how);
    log_info("browser.exit", "pid=%d how=\"%s\"", (int)b->pid, how);
    if (b->lost.code[0])
        err_set(&e, b->lost.code, "%s%s%s", b->lost.text, *words ? "; it wrote: " : "", words);
    else
        err_set(&e, "exited", "the browser (%s) %s%s%s%s%s", b->path, how,
                starting ? " while it was starting" : "", *words ? "; it wrote: " : "", words,
                starting ? browser_stderr_hint(&b->words) : "");
    conclude(b, &e);
}

static void on_version(void *arg, cdp_span result, const err *error)
{
    browser *b = arg;
    char product[128];
    if (b->state != STARTING)
        return;
    loop_timer_stop(&b->timer);
    if (error) {
        if (b->process) {
            err_set(&b->lost, "protocol", "%s does not know Browser.getVersion: %s", b->path,
                    error->text);
            kill_now(b);
        } else {
            on_lost(b, error);
        }
        return;
    }
    b->product =
        mem_strdup(cdp_scan_text(cdp_scan_member(result, "product"), product, sizeof product));
    b->launch_ms = (double)(clock_mono() - b->started) / (double)NS_PER_MS;
    b->state = READY;
    log_info("browser.ready", "pid=%d product=\"%s\" ms=%.0f", (int)b->pid, b->product,
             b->launch_ms);
    answer_requests(b, NULL);
}

static void on_launch_timeout(void *arg)
{
    browser *b = arg;
    err e;
    err_set(&e, "timeout", "the browser (%s) did not answer within %.0f s of its start",
            b->process ? b->path : b->endpoint,
            (double)(clock_mono() - b->started) / (double)NS_PER_SEC);
    if (b->process) {
        b->lost = e;
        kill_now(b);
    } else {
        conclude(b, &e);
    }
}

static void greet(browser *b, cdp_transport *t, mono_ns timeout)
{
    cdp_command cmd = {.method = {"Browser.getVersion", strlen("Browser.getVersion")}};
    b->conn = cdp_conn_create(t, on_lost, b);
    b->own = cdp_client_create(b->conn);
    loop_timer_start(&b->timer, timeout ? timeout : LAUNCH_SECS * NS_PER_SEC, on_launch_timeout, b);
    cdp_call_await(cdp_call_send(b->own, &cmd), on_version, b);
}

static bool start_process(browser *b, const browser_command *cmd, int to_browser, int from_browser,
                          err *e)
{
    struct rlimit data, files;
    process_fd fds[] = {{.source = to_browser, .target = 3}, {.source = from_browser, .target = 4}};
    process_limit limits[2];
    /* A worker's own limits are not meant for its browser. */
    getrlimit(RLIMIT_DATA, &data);
    getrlimit(RLIMIT_NOFILE, &files);
    limits[0] = (process_limit){RLIMIT_DATA, {data.rlim_max, data.rlim_max}};
    limits[1] = (process_limit){RLIMIT_NOFILE, {files.rlim_max, files.rlim_max}};
    process_config config = {
        .argv = (const char *const *)cmd->argv,
        .env = (const char *const *)cmd->env,
        .streams = {PROCESS_NULL, PROCESS_NULL, PROCESS_PIPE},
        .fds = fds,
        .fd_count = 2,
        .limits = limits,
        .limit_count = 2,
        .on_exit = on_exit_seen,
        .arg = b,
    };
    b->process = process_spawn(&config, e);
    if (!b->process)
        return false;
    b->pid = process_pid(b->process);
    browser_stderr_follow(&b->words, b->process);
    return true;
}

static bool launch(browser *b, const browser_config *config, err *e)
{
    int down[2] = {-1, -1}, up[2] = {-1, -1}; /* to the browser, from the browser */
    browser_command cmd = {0};
    bool ok = false;
    if (!browser_profile_create(&b->profile, e) ||
        !browser_command_make(&cmd, config, b->profile.dir, e))
        goto done;
    b->path = mem_strdup(cmd.path);
    if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0) {
        err_set(e, "io", "cannot make the browser's pipes: too many open files");
        goto done;
    }
    if (!start_process(b, &cmd, down[0], up[1], e))
        goto done;
    greet(b, cdp_pipe_create(up[0], down[1]), config->launch_timeout);
    up[0] = down[1] = -1; /* the transport's */
    ok = true;
done:
    for (int i = 0; i < 2; i++) {
        if (down[i] >= 0)
            close(down[i]);
        if (up[i] >= 0)
            close(up[i]);
    }
    browser_command_finish(&cmd);
    return ok;
}

static bool attach(browser *b, const browser_config *config, err *e)
{
    b->endpoint = mem_strdup(config->endpoint);
    cdp_transport *t = cdp_ws_create(config->endpoint, e);
    if (t)
        greet(b, t, config->launch_timeout);
    return t != NULL;
}

static char *make_key(const browser_config *config)
{
    buf key = {0};
    if (config->endpoint) {
        buf_printf(&key, "%s", config->endpoint);
    } else {
        buf_printf(&key, "%d\n%d\n%s", (int)config->kind, config->headed,
                   config->path ? config->path : "");
        for (size_t i = 0; i < config->arg_count; i++)
            buf_printf(&key, "\n%s", config->args[i]);
    }
    return buf_take(&key, NULL);
}

static browser *find_warm(const char *key)
{
    for (list *n = the.browsers.next; n != &the.browsers; n = n->next) {
        browser *b = list_entry(n, browser, node);
        if (b->state != ENDING && !strcmp(b->key, key))
            return b;
    }
    return NULL;
}

/* Asks it to end, and makes sure that it does. */
static void end(browser *b)
{
    cdp_command cmd = {.method = {"Browser.close", strlen("Browser.close")}};
    err e;
    if (b->process) {
        b->state = ENDING;
        cdp_call_post(b->own, &cmd);
        loop_timer_start(&b->timer, END_MS * NS_PER_MS, kill_now, b);
    } else {
        err_set(&e, "exited", "the connection to the browser was closed");
        conclude(b, &e);
    }
}

/* A browser more is about to start: lets those go that nobody has used for longest. */
static void end_idle(void)
{
    for (;;) {
        unsigned idle = 0;
        browser *oldest = NULL;
        for (list *n = the.browsers.next; n != &the.browsers; n = n->next) {
            browser *b = list_entry(n, browser, node);
            if (b->state != READY || cdp_conn_clients(b->conn) > 1) /* 1: our own */
                continue;
            idle++;
            if (!oldest || b->last_used < oldest->last_used)
                oldest = b;
        }
        if (idle <= IDLE_KEPT)
            return;
        end(oldest);
    }
}

static browser_request *add_request(browser *b, browser_fn fn, void *arg)
{
    browser_request *r = mem_zero(1, sizeof *r);
    r->fn = fn;
    r->arg = arg;
    list_push(&b->requests, &r->node);
    return r;
}

browser_request *browser_connect(const browser_config *config, browser_fn fn, void *arg)
{
    init_once();
    char *key = make_key(config);
    browser *b = find_warm(key);
    if (b) {
        free(key);
    } else {
        err e;
        end_idle();
        b = mem_zero(1, sizeof *b);
        b->key = key;
        b->started = clock_mono();
        list_init(&b->requests);
        list_init(&b->node);
        if (!(config->endpoint ? attach(b, config, &e) : launch(b, config, &e))) {
            free_browser(b);
            fn(arg, NULL, NULL, &e);
            return NULL;
        }
        list_push(&the.browsers, &b->node);
    }
    b->last_used = clock_mono();
    browser_request *r = add_request(b, fn, arg);
    if (b->state == STARTING)
        return r;
    answer_requests(b, NULL);
    return NULL;
}

browser_request *browser_leave(cdp_client *k, browser_fn fn, void *arg)
{
    const cdp_conn *conn = cdp_client_conn(k);
    browser *b = NULL;
    for (list *n = the.browsers.next; n != &the.browsers; n = n->next) {
        browser *each = list_entry(n, browser, node);
        if (each->conn == conn && each->state == READY)
            b = each;
    }
    cdp_client_destroy(k);
    if (!b || cdp_conn_clients(b->conn) > 1) { /* 1: our own */
        fn(arg, NULL, NULL, NULL);
        return NULL;
    }
    bool later = b->process != NULL; /* an endpoint ends inside end() */
    browser_request *r = add_request(b, fn, arg);
    end(b);
    return later ? r : NULL;
}

void browser_cancel(browser_request *r)
{
    list_remove(&r->node);
    free(r);
}

void browser_finish(void)
{
    err e;
    err_set(&e, "exited", "the browser was closed");
    while (the.owner && !list_empty(&the.browsers)) {
        browser *b = list_entry(the.browsers.next, browser, node);
        if (b->process)
            process_end_now(b->process);
        cdp_conn_fail(b->conn, &e);
        answer_requests(b, &e);
        free_browser(b);
    }
    if (the.owner || browser_profile_unswept())
        browser_profile_sweep();
}
