/*
 * For tests of the server: the loop and a server run on a thread of their own, the test itself is
 * the client, with plain blocking sockets. Everything of the server happens on the loop's thread
 * (on_loop), as it must.
 */
#ifndef NANO_TESTS_SERVER_FIXTURE_H
#define NANO_TESTS_SERVER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "io/loop.h"
#include "io/lws_glue.h"
#include "io/server.h"

typedef struct fixture fixture;
typedef void (*fixture_fn)(fixture *f, void *arg);

struct fixture {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ready;
    server *server;
    err why;
    int port;
    server_config config;
    void (*on_request)(fixture *f, const server_request *r);
    uint64_t held[64]; /* ids that the handler kept */
    int held_count;
    int accepted;
    void *extra;
};

typedef struct fixture_call {
    fixture *f;
    fixture_fn fn;
    void *arg;
    bool done;
} fixture_call;

static void fixture_take(server *s, void *ctx)
{
    fixture *f = ctx;
    const server_request *r;
    while ((r = server_accept(s))) {
        pthread_mutex_lock(&f->lock);
        f->accepted++;
        pthread_cond_broadcast(&f->changed);
        pthread_mutex_unlock(&f->lock);
        f->on_request(f, r);
    }
}

static void fixture_run_call(void *arg)
{
    fixture_call *call = arg;
    call->fn(call->f, call->arg);
    pthread_mutex_lock(&call->f->lock);
    call->done = true;
    pthread_cond_broadcast(&call->f->changed);
    pthread_mutex_unlock(&call->f->lock);
}

/* Runs fn on the loop's thread and waits for it. */
static void on_loop(fixture *f, fixture_fn fn, void *arg)
{
    fixture_call call = {f, fn, arg, false};
    loop_post(fixture_run_call, &call);
    pthread_mutex_lock(&f->lock);
    while (!call.done)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

/* Waits until the handler has seen count requests. */
static inline void wait_accepted(fixture *f, int count)
{
    pthread_mutex_lock(&f->lock);
    while (f->accepted < count)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

static void *fixture_thread(void *arg)
{
    fixture *f = arg;
    loop_init();
    f->server = server_open(&f->config, &f->why);
    f->port = f->server ? server_port(f->server) : 0;
    pthread_mutex_lock(&f->lock);
    f->ready = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
    loop_run();
    loop_finish();
    return NULL;
}

static fixture *fixture_start(const server_config *config,
                              void (*on_request)(fixture *f, const server_request *r))
{
    fixture *f = mem_zero(1, sizeof *f);
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    f->config = config ? *config : server_config_default;
    f->config.on_ready = fixture_take;
    f->config.ctx = f;
    f->on_request = on_request;
    pthread_create(&f->thread, NULL, fixture_thread, f);
    pthread_mutex_lock(&f->lock);
    while (!f->ready)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
    return f;
}

static void fixture_end(fixture *f, void *arg)
{
    (void)arg;
    server_destroy(f->server);
    lws_glue_finish();
    loop_stop();
}

static void fixture_stop(fixture *f)
{
    on_loop(f, fixture_end, NULL);
    pthread_join(f->thread, NULL);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->changed);
    free(f);
}

/* ---- a plain client -------------------------------------------------------------------------- */

static int dial(const fixture *f)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)f->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = 20}; /* a hung test ends as a failure */
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static void put(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        assert_true(n > 0);
        at += n;
        len -= (size_t)n;
    }
}

static inline void put_text(int fd, const char *text)
{
    put(fd, text, strlen(text));
}

/* One byte more in b; false at the end of the connection. */
static inline bool get_some(int fd, buf *b)
{
    char *at = buf_reserve(b, 65536);
    ssize_t n = recv(fd, at, 65536, 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        fail_msg("no answer for 20 seconds");
    if (n <= 0)
        return false;
    b->len += (size_t)n;
    return true;
}

typedef struct answer {
    int status;
    char *head; /* with the empty line */
    char *body;
    size_t len;
} answer;

static inline const char *answer_header(const answer *a, const char *name)
{
    static char value[1024];
    char pattern[128];
    snprintf(pattern, sizeof pattern, "\r\n%s: ", name);
    const char *at = strcasestr(a->head, pattern);
    if (!at)
        return NULL;
    at += strlen(pattern);
    snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r"), at);
    return value;
}

static inline void answer_free(answer *a)
{
    free(a->head);
    free(a->body);
}

static void read_chunks(int fd, buf *rest, answer *a)
{
    buf body;
    buf_init(&body);
    for (;;) {
        char *line_end;
        while (!(line_end = rest->len ? memmem(rest->data, rest->len, "\r\n", 2) : NULL))
            assert_true(get_some(fd, rest));
        size_t size = strtoul(rest->data, NULL, 16);
        size_t head = (size_t)(line_end - rest->data) + 2;
        while (rest->len < head + size + 2)
            assert_true(get_some(fd, rest));
        buf_append(&body, rest->data + head, size);
        buf_consume(rest, head + size + 2);
        if (!size)
            break;
    }
    a->body = buf_take(&body, &a->len);
}

/* Reads one answer; bytes behind it stay in rest. status 0: the connection ended instead. */
static inline answer read_answer(int fd, buf *rest, bool head_only)
{
    answer a = {0};
    char *end;
    while (!(end = rest->len ? memmem(rest->data, rest->len, "\r\n\r\n", 4) : NULL))
        if (!get_some(fd, rest))
            return a;
    size_t head = (size_t)(end - rest->data) + 4;
    a.head = mem_strndup(rest->data, head);
    buf_consume(rest, head);
    assert_int_equal(sscanf(a.head, "HTTP/1.%*d %d", &a.status), 1);
    if (a.status == 100) {
        answer_free(&a);
        return read_answer(fd, rest, head_only);
    }
    const char *length = answer_header(&a, "Content-Length");
    const char *encoding = answer_header(&a, "Transfer-Encoding");
    if (head_only || a.status == 204 || a.status == 304) {
        a.body = mem_strdup("");
    } else if (encoding) {
        read_chunks(fd, rest, &a);
    } else if ((length = answer_header(&a, "Content-Length"))) {
        a.len = strtoul(length, NULL, 10);
        while (rest->len < a.len)
            assert_true(get_some(fd, rest));
        a.body = mem_strndup(rest->data ? rest->data : "", a.len);
        buf_consume(rest, a.len);
    } else {
        while (get_some(fd, rest))
            ;
        a.body = buf_take(rest, &a.len);
    }
    return a;
}

/* Sends request on a new connection and reads the answer. */
static inline answer ask(const fixture *f, const char *request)
{
    int fd = dial(f);
    buf rest;
    buf_init(&rest);
    put_text(fd, request);
    answer a = read_answer(fd, &rest, strncmp(request, "HEAD", 4) == 0);
    buf_finish(&rest);
    close(fd);
    return a;
}

/* Whether the server ends the connection without another byte. */
static inline bool ends(int fd)
{
    char c;
    ssize_t n = recv(fd, &c, 1, 0);
    return n == 0 || (n < 0 && errno != EAGAIN);
}

/* ---- handlers -------------------------------------------------------------------------------- */

/* Says what was asked. */
static inline void echo(fixture *f, const server_request *r)
{
    buf b;
    buf_init(&b);
    buf_printf(&b, "%s %s?%s from %s\n", r->method, r->path, r->query, r->remote);
    for (size_t i = 0; i < r->header_count; i++)
        buf_printf(&b, "%s=%s\n", r->headers[i].name, r->headers[i].value);
    buf_printf(&b, "body %zu: ", r->body_len);
    buf_append(&b, r->body, r->body_len);
    const server_header headers[] = {
        {"Content-Type", "text/plain"}, {"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}};
    err e;
    assert_true(server_respond(f->server, r->id, 200, headers, 3, b.data, b.len, &e));
    buf_finish(&b);
}

static inline void hold(fixture *f, const server_request *r)
{
    f->held[f->held_count++ % 64] = r->id;
}

#define REQUEST(line) line " HTTP/1.1\r\nHost: shop.test\r\n\r\n"

#endif
