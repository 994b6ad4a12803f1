/* io/server: requests, answers, limits, deadlines, files. The client is this file's own, so that it can misbehave. */
#include "server_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

static void respond_text(fixture *f, uint64_t id, int status, const char *text)
{
    err e;
    server_respond(f->server, id, status, NULL, 0, text, strlen(text), &e);
}

/* Says what was asked. */
static void echo(fixture *f, const server_request *r)
{
    buf b;
    buf_init(&b);
    buf_printf(&b, "%s %s?%s from %s\n", r->method, r->path, r->query, r->remote);
    for (size_t i = 0; i < r->header_count; i++)
        buf_printf(&b, "%s=%s\n", r->headers[i].name, r->headers[i].value);
    buf_printf(&b, "body %zu: ", r->body_len);
    buf_append(&b, r->body, r->body_len);
    const server_header headers[] = {{"Content-Type", "text/plain"}, {"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}};
    err e;
    assert_true(server_respond(f->server, r->id, 200, headers, 3, b.data, b.len, &e));
    buf_finish(&b);
}

static void hold(fixture *f, const server_request *r)
{
    f->held[f->held_count++ % 64] = r->id;
}

#define REQUEST(line) line " HTTP/1.1\r\nHost: shop.test\r\n\r\n"

static void test_request_arrives_whole(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, echo);
    answer a = ask(f, "POST /products/a%20b/../c?x=1&y=a%26b+c&z HTTP/1.1\r\nHost: shop.test\r\nX-Shopify-Topic: orders/paid\r\n"
                      "x-b:2\r\nUser-Agent:  curl  \r\nCookie: k=v; l=w\r\nAccept: a\r\nAccept: b\r\nX-Long-Name-Of-It: 17\r\n"
                      "X-Empty:\r\nContent-Length: 5\r\n\r\nhello");
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "POST /products/c?x=1&y=a%26b%20c&z from 127.0.0.1\n"));
    assert_non_null(strstr(a.body, "\nx-shopify-topic=orders/paid\n"));
    assert_non_null(strstr(a.body, "\nx-b=2\n"));
    assert_non_null(strstr(a.body, "\nx-long-name-of-it=17\n"));
    assert_non_null(strstr(a.body, "\nuser-agent=curl\n"));
    assert_non_null(strstr(a.body, "\ncookie=k=v; l=w\n"));
    assert_non_null(strstr(a.body, "\naccept=a, b\n"));
    assert_non_null(strstr(a.body, "body 5: hello"));
    assert_non_null(strstr(a.head, "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"));
    answer_free(&a);
    fixture_stop(f);
}

static void test_every_method(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, echo);
    const char *methods[] = {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
    for (size_t i = 0; i < 6; i++) {
        char request[200], want[100];
        snprintf(request, sizeof request, "%s /m HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi", methods[i]);
        snprintf(want, sizeof want, "%s /m? from", methods[i]);
        answer a = ask(f, request);
        assert_int_equal(a.status, 200);
        assert_ptr_equal(strstr(a.body, want), a.body);
        assert_non_null(strstr(a.body, "body 2: hi"));
        answer_free(&a);
    }
    answer a = ask(f, REQUEST("HEAD /m"));
    assert_int_equal(a.status, 200);
    assert_true(atoi(answer_header(&a, "Content-Length")) > 10);
    answer_free(&a);
    a = ask(f, "POST /m HTTP/1.1\r\nHost: h\r\n\r\n"); /* neither length nor chunks: no body */
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_header(&a, "Connection"), "close");
    answer_free(&a);
    a = ask(f, "POST /m HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(a.status, 200);
    assert_null(answer_header(&a, "Connection"));
    answer_free(&a);
    fixture_stop(f);
}

static void test_many_requests_on_one_connection(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, echo);
    int fd = dial(f);
    buf rest;
    buf_init(&rest);
    for (int i = 0; i < 500; i++) {
        char request[200], want[60];
        snprintf(request, sizeof request, "POST /n%d HTTP/1.1\r\nHost: h\r\nX-N: %d\r\nContent-Length: 3\r\n\r\nabc", i, i);
        put_text(fd, request);
        answer a = read_answer(fd, &rest, false);
        assert_int_equal(a.status, 200);
        snprintf(want, sizeof want, "POST /n%d? ", i);
        assert_non_null(strstr(a.body, want));
        snprintf(want, sizeof want, "\nx-n=%d\n", i);
        assert_non_null(strstr(a.body, want));
        answer_free(&a);
    }
    assert_int_equal(rest.len, 0);
    buf_finish(&rest);
    close(fd);
    fixture_stop(f);
}

static void test_pipelined_requests(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, echo);
    int fd = dial(f);
    buf rest, all;
    buf_init(&rest);
    buf_init(&all);
    for (int i = 0; i < 200; i++)
        buf_printf(&all, "GET /p%d HTTP/1.1\r\nHost: h\r\nX-Order: %d\r\n\r\n", i, i);
    put(fd, all.data, all.len);
    for (int i = 0; i < 200; i++) {
        char want[60];
        answer a = read_answer(fd, &rest, false);
        assert_int_equal(a.status, 200);
        snprintf(want, sizeof want, "GET /p%d? ", i);
        assert_ptr_equal(strstr(a.body, want), a.body);
        answer_free(&a);
    }
    buf_finish(&all);
    buf_finish(&rest);
    close(fd);
    fixture_stop(f);
}

/* Not supported, but never misread: the connection ends, and the body is no third request. Without care libwebsockets
 * would hang in each of these. */
static void test_pipelined_bodies_are_refused(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, echo);
    static const char *const second[] = {
        "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 28\r\n\r\nGET /c HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nokGET /c HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\nGET /c HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /b HTTP/1.1\r\nHost: h\r\n\r\nGET /c HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "GET /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nokGET /c HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: nonsense\r\n\r\nGET /c HTTP/1.1\r\nHost: h\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof second / sizeof *second; i++) {
        int fd = dial(f);
        buf rest;
        buf_init(&rest);
        put_text(fd, REQUEST("GET /a"));
        answer a = read_answer(fd, &rest, false);
        assert_int_equal(a.status, 200);
        answer_free(&a);
        char both[400];
        snprintf(both, sizeof both, "%s%s", REQUEST("GET /a"), second[i]);
        put_text(fd, both);
        a = read_answer(fd, &rest, false);
        assert_int_equal(a.status, 200);
        answer_free(&a);
        a = read_answer(fd, &rest, false);
        assert_int_equal(a.status, 400);
        answer_free(&a);
        assert_true(ends(fd));
        buf_finish(&rest);
        close(fd);
    }
    assert_int_equal(f->accepted, 14);
    fixture_stop(f);
}

static void test_body_limit(void **state)
{
    (void)state;
    server_config config = server_config_default;
    config.max_body = 1000;
    fixture *f = fixture_start(&config, echo);
    answer a = ask(f, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n");
    assert_int_equal(a.status, 413);
    answer_free(&a);
    /* A client that sends on regardless still gets to read the answer. */
    int fd = dial(f);
    buf rest, big;
    buf_init(&rest);
    buf_init(&big);
    buf_append_str(&big, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n");
    memset(buf_reserve(&big, 300000), 'x', 300000);
    big.len += 300000;
    put(fd, big.data, big.len);
    a = read_answer(fd, &rest, false);
    assert_int_equal(a.status, 413);
    assert_string_equal(answer_header(&a, "Connection"), "close");
    answer_free(&a);
    close(fd);
    buf_finish(&big);
    buf_append_str(&big, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n");
    memset(buf_reserve(&big, 1001), 'x', 1001);
    big.len += 1001;
    a = ask(f, buf_cstr(&big));
    assert_int_equal(a.status, 413);
    answer_free(&a);
    fixture_stop(f);
    buf_finish(&rest);
    buf_finish(&big);
}

static void test_bad_requests(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, echo);
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", 400},                                                     /* no Host */
        {"GET /\r\nHost: h\r\n\r\n", 400},                                                   /* no version */
        {"GET /a%0aX-Forged:1 HTTP/1.1\r\nHost: h\r\n\r\n", 400},                            /* forged header */
        {"GET /a%0d%0aOrigin:x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5x\r\n\r\nhello", 400},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999999999999999\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
        {"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411},
        {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;\nhello", 400},
        {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n", 400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        answer a = ask(f, cases[i].request);
        if (a.status != cases[i].status)
            fail_msg("case %zu: %d instead of %d", i, a.status, cases[i].status);
        answer_free(&a);
    }
    assert_int_equal(f->accepted, 0);
    /* What libwebsockets ends by itself, with or without an answer: never a request. */
    static const char *const others[] = {
        "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", "BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET http://h/x HTTP/1.1\r\nHost: h\r\n\r\n", "GET /a%00b HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /%00b HTTP/1.1\r\nHost: h\r\n\r\n", "GET /?a=%00b HTTP/1.1\r\nHost: h\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: telnet\r\nConnection: upgrade\r\n\r\n",
        "\r\n\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "GET GET GET\r\nGET / GET\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        int fd = dial(f);
        put_text(fd, others[i]);
        shutdown(fd, SHUT_WR);
        buf rest;
        buf_init(&rest);
        while (get_some(fd, &rest))
            ;
        if (rest.len && memmem(rest.data, rest.len, " 200 ", 5))
            fail_msg("%s got %.*s", others[i], (int)rest.len, rest.data);
        buf_finish(&rest);
        close(fd);
    }
    assert_int_equal(f->accepted, 0);
    answer a = ask(f, REQUEST("GET /still-there"));
    assert_int_equal(a.status, 200);
    answer_free(&a);
    fixture_stop(f);
}

static void test_headers_beyond_the_limit(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, echo);
    buf big;
    buf_init(&big);
    buf_append_str(&big, "GET / HTTP/1.1\r\nHost: h\r\nX-Big: ");
    size_t at = big.len;
    memset(buf_reserve(&big, 15000), 'y', 15000);
    big.len += 15000;
    buf_append_str(&big, "\r\n\r\n");
    answer a = ask(f, buf_cstr(&big));
    assert_int_equal(a.status, 200); /* 15,000 bytes are fine */
    assert_non_null(strstr(a.body, "\nx-big=yyyyy"));
    answer_free(&a);
    big.len = at;
    memset(buf_reserve(&big, 20000), 'y', 20000);
    big.len += 20000;
    buf_append_str(&big, "\r\n\r\n");
    int fd = dial(f);
    send(fd, big.data, big.len, MSG_NOSIGNAL);
    assert_true(ends(fd)); /* more is the end of the connection */
    close(fd);
    big.len = 0;
    buf_append_str(&big, "GET /?");
    for (int i = 0; i < 300; i++)
        buf_printf(&big, "p%d=%d&", i, i);
    buf_append_str(&big, " HTTP/1.1\r\nHost: h\r\n\r\n");
    fd = dial(f);
    send(fd, big.data, big.len, MSG_NOSIGNAL);
    assert_true(ends(fd));
    close(fd);
    a = ask(f, REQUEST("GET /still-there"));
    assert_int_equal(a.status, 200);
    answer_free(&a);
    buf_finish(&big);
    fixture_stop(f);
}

/* No header of one client is ever shown to another, although libwebsockets' memory is used again. */
static void test_headers_do_not_leak(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, echo);
    for (int i = 0; i < 50; i++) {
        answer a = ask(f, "GET / HTTP/1.1\r\nHost: h\r\nX-Pad: 1234567890\r\nX-Secret: abc\r\nX-Same: first\r\n\r\n");
        assert_non_null(strstr(a.body, "x-secret=abc"));
        answer_free(&a);
        a = ask(f, "GET / HTTP/1.1\r\nHost: h\r\nX-Same: b\r\n\r\n");
        assert_null(strstr(a.body, "x-secret"));
        const char *same = strstr(a.body, "x-same=b");
        assert_non_null(same);
        assert_null(strstr(same + 1, "x-same"));
        answer_free(&a);
    }
    fixture_stop(f);
}

static void test_chunked_body(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, echo);
    int fd = dial(f);
    buf rest;
    buf_init(&rest);
    const char *all = "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "5;ext=1\r\nhello\r\nA\r\n, world...\r\n0\r\nTrailer: x\r\n\r\n";
    for (const char *at = all; *at; at++)
        put(fd, at, 1); /* in the smallest pieces */
    answer a = read_answer(fd, &rest, false);
    assert_int_equal(a.status, 200);
    assert_non_null(strstr(a.body, "body 15: hello, world..."));
    answer_free(&a);
    assert_true(ends(fd));
    buf_finish(&rest);
    close(fd);
    fixture_stop(f);
}

static void test_expect_continue(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, echo);
    int fd = dial(f);
    put_text(fd, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    buf rest;
    buf_init(&rest);
    assert_true(get_some(fd, &rest));
    assert_memory_equal(rest.data, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    put_text(fd, "ok");
    answer a = read_answer(fd, &rest, false);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    buf_finish(&rest);
    close(fd);
    fixture_stop(f);
}

static void test_http_1_0(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, echo);
    int fd = dial(f);
    put_text(fd, "GET /old HTTP/1.0\r\n\r\n");
    buf rest;
    buf_init(&rest);
    answer a = read_answer(fd, &rest, false);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    assert_true(ends(fd));
    close(fd);
    fd = dial(f);
    for (int i = 0; i < 3; i++) {
        put_text(fd, "GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        a = read_answer(fd, &rest, false);
        assert_int_equal(a.status, 200);
        answer_free(&a);
    }
    close(fd);
    buf_finish(&rest);
    fixture_stop(f);
}

static void test_slow_clients_are_cut(void **state)
{
    (void)state;
    server_config config = server_config_default;
    config.header_timeout = config.body_timeout = config.idle_timeout = 60 * NS_PER_MS;
    fixture *f = fixture_start(&config, echo);
    int silent = dial(f), headers = dial(f), body = dial(f);
    put_text(headers, "GET / HTTP/1.1\r\nHos");
    put_text(body, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhal");
    assert_true(ends(silent));
    assert_true(ends(headers));
    buf rest;
    buf_init(&rest);
    answer a = read_answer(body, &rest, false);
    assert_int_equal(a.status, 408);
    answer_free(&a);
    assert_int_equal(f->accepted, 0);
    int idle = dial(f);
    put_text(idle, REQUEST("GET /"));
    a = read_answer(idle, &rest, false);
    assert_int_equal(a.status, 200);
    answer_free(&a);
    assert_true(ends(idle));
    close(silent), close(headers), close(body), close(idle);
    buf_finish(&rest);
    fixture_stop(f);
}

static void test_no_answer_in_time(void **state)
{
    (void)state;
    server_config config = server_config_default;
    config.answer_timeout = 50 * NS_PER_MS;
    fixture *f = fixture_start(&config, hold);
    answer a = ask(f, REQUEST("GET /slow"));
    assert_int_equal(a.status, 504);
    answer_free(&a);
    fixture_stop(f);
}

static void respond_late(fixture *f, void *arg)
{
    bool *answered = arg;
    err e;
    *answered = server_respond(f->server, f->held[0], 200, NULL, 0, "late", 4, &e);
    if (!*answered)
        assert_string_equal(e.code, "closed");
}

static void is_over(fixture *f, void *arg)
{
    *(bool *)arg = !server_stream_on_drain(f->server, f->held[0], NULL, NULL);
}

/* Until the server has noticed; there is nothing else to wait for. */
static void wait_over(fixture *f)
{
    bool over = false;
    while (!over)
        on_loop(f, is_over, &over);
}

static void test_client_goes_before_the_answer(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, hold);
    int fd = dial(f);
    put_text(fd, REQUEST("GET /gone"));
    wait_accepted(f, 1);
    close(fd);
    wait_over(f);
    bool answered = true;
    on_loop(f, respond_late, &answered);
    assert_false(answered);
    /* And with another request in the pipe, so that the connection stays readable. */
    f->held_count = 0;
    fd = dial(f);
    put_text(fd, REQUEST("GET /gone") REQUEST("GET /next"));
    wait_accepted(f, 2);
    close(fd);
    wait_over(f);
    fixture_stop(f);
}

static void test_waiting_requests_are_bounded(void **state)
{
    (void)state;
    server_config config = server_config_default;
    config.max_waiting = 3;
    fixture *f = fixture_start(&config, hold);
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = dial(f);
        put_text(fds[i], REQUEST("GET /wait"));
        wait_accepted(f, i + 1);
    }
    answer a = ask(f, REQUEST("GET /too-many"));
    assert_int_equal(a.status, 503);
    answer_free(&a);
    bool answered = false;
    on_loop(f, respond_late, &answered);
    assert_true(answered);
    buf rest;
    buf_init(&rest);
    a = read_answer(fds[0], &rest, false);
    assert_string_equal(a.body, "late");
    answer_free(&a);
    buf_finish(&rest);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    fixture_stop(f);
}

static void destroy_server(fixture *f, void *arg)
{
    (void)arg;
    server_destroy(f->server);
    f->server = NULL;
}

static void test_destroyed_while_requests_wait(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, hold);
    int fd = dial(f);
    put_text(fd, REQUEST("GET /wait"));
    wait_accepted(f, 1);
    on_loop(f, destroy_server, NULL);
    buf rest;
    buf_init(&rest);
    answer a = read_answer(fd, &rest, false);
    assert_int_equal(a.status, 503);
    answer_free(&a);
    buf_finish(&rest);
    close(fd);
    fixture_stop(f);
}

static void close_server(fixture *f, void *arg)
{
    (void)arg;
    server_close(f->server);
}

static void test_close_finishes_what_is_under_way(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, hold);
    int idle = dial(f), busy = dial(f);
    put_text(busy, REQUEST("GET /wait"));
    wait_accepted(f, 1);
    on_loop(f, close_server, NULL);
    assert_true(ends(idle));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)f->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_not_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    close(fd);
    bool answered = false;
    on_loop(f, respond_late, &answered);
    assert_true(answered);
    buf rest;
    buf_init(&rest);
    answer a = read_answer(busy, &rest, false);
    assert_string_equal(a.body, "late");
    assert_string_equal(answer_header(&a, "Connection"), "close");
    answer_free(&a);
    assert_true(ends(busy));
    close(idle), close(busy);
    buf_finish(&rest);
    fixture_stop(f);
}

enum { BIG = 30 << 20 };

static void respond_big(fixture *f, const server_request *r)
{
    char *big = malloc(BIG);
    for (size_t i = 0; i < BIG; i++)
        big[i] = (char)(i * 31 + (i >> 8));
    err e;
    assert_true(server_respond(f->server, r->id, 200, NULL, 0, big, BIG, &e));
    free(big);
}

static void test_big_answer(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, respond_big);
    answer a = ask(f, REQUEST("GET /big"));
    assert_int_equal(a.len, BIG);
    for (size_t i = 0; i < BIG; i += 997)
        if (a.body[i] != (char)(i * 31 + (i >> 8)))
            fail_msg("byte %zu", i);
    answer_free(&a);
    /* A client that goes in the middle of it harms nobody. */
    for (int i = 0; i < 20; i++) {
        int fd = dial(f);
        put_text(fd, REQUEST("GET /big"));
        buf some;
        buf_init(&some);
        assert_true(get_some(fd, &some));
        buf_finish(&some);
        close(fd);
    }
    a = ask(f, REQUEST("HEAD /big"));
    assert_int_equal(atoi(answer_header(&a, "Content-Length")), BIG);
    answer_free(&a);
    fixture_stop(f);
}

static void stall_writes(fixture *f, const server_request *r)
{
    respond_big(f, r);
    f->held[0] = r->id;
}

static void test_client_that_does_not_read(void **state)
{
    (void)state;
    server_config config = server_config_default;
    config.write_timeout = 60 * NS_PER_MS;
    fixture *f = fixture_start(&config, stall_writes);
    int fd = dial(f);
    put_text(fd, REQUEST("GET /big"));
    wait_accepted(f, 1);
    wait_over(f);
    buf rest;
    buf_init(&rest);
    while (get_some(fd, &rest))
        ;
    assert_true(rest.len > 1000 && rest.len < BIG);
    buf_finish(&rest);
    close(fd);
    fixture_stop(f);
}

typedef struct stream {
    fixture *f;
    uint64_t id;
    int pieces;
} stream;

static void stream_more(void *ctx, bool gone);

static void stream_later(void *arg)
{
    stream *s = arg;
    err e;
    char piece[5000];
    memset(piece, 'a' + s->pieces % 26, sizeof piece);
    if (s->pieces++ == 1000) {
        assert_true(server_stream_end(s->f->server, s->id, &e));
        free(s);
        return;
    }
    if (!server_stream_write(s->f->server, s->id, piece, sizeof piece, &e) ||
        !server_stream_on_drain(s->f->server, s->id, stream_more, s)) {
        free(s);
    }
}

static void stream_more(void *ctx, bool gone)
{
    if (gone)
        free(ctx);
    else
        loop_defer(stream_later, ctx);
}

static void begin_stream(fixture *f, const server_request *r)
{
    err e;
    stream *s = mem_zero(1, sizeof *s);
    s->f = f;
    s->id = r->id;
    const server_header type = {"Content-Type", "text/event-stream"};
    assert_true(server_stream_begin(f->server, r->id, 200, &type, 1, &e));
    stream_later(s);
}

static void test_stream(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, begin_stream);
    int fd = dial(f);
    buf rest;
    buf_init(&rest);
    for (int round = 0; round < 2; round++) { /* the connection is kept */
        put_text(fd, REQUEST("GET /stream"));
        answer a = read_answer(fd, &rest, false);
        assert_string_equal(answer_header(&a, "Content-Type"), "text/event-stream");
        assert_int_equal(a.len, 5000000);
        assert_int_equal(a.body[5000 * 30], 'e');
        answer_free(&a);
    }
    close(fd);
    answer a = ask(f, "GET /stream HTTP/1.0\r\n\r\n"); /* no chunks there: the end of the connection ends it */
    assert_null(answer_header(&a, "Transfer-Encoding"));
    assert_int_equal(a.len, 5000000);
    answer_free(&a);
    for (int i = 0; i < 10; i++) {
        fd = dial(f);
        put_text(fd, REQUEST("GET /stream"));
        assert_true(get_some(fd, &rest));
        close(fd);
    }
    buf_finish(&rest);
    fixture_stop(f);
}

static void refuse_headers(fixture *f, const server_request *r)
{
    err e;
    const server_header forged = {"X-A", "b\r\nSet-Cookie: c"}, name = {"X A", "b"};
    assert_false(server_respond(f->server, r->id, 200, &forged, 1, "", 0, &e));
    assert_string_equal(e.code, "invalid");
    assert_false(server_respond(f->server, r->id, 200, &name, 1, "", 0, &e));
    assert_false(server_respond(f->server, r->id, 99, NULL, 0, "", 0, &e));
    assert_false(server_stream_write(f->server, r->id, "x", 1, &e));
    const server_header close_it = {"Connection", "close"};
    uint64_t id = r->id;
    assert_true(server_respond(f->server, id, 204, &close_it, 1, "dropped", 7, &e));
    assert_false(server_respond(f->server, id, 200, NULL, 0, "", 0, &e));
    assert_string_equal(e.code, "closed");
}

static void test_answers_are_checked(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, refuse_headers);
    int fd = dial(f);
    put_text(fd, REQUEST("GET /"));
    buf rest;
    buf_init(&rest);
    answer a = read_answer(fd, &rest, false);
    assert_int_equal(a.status, 204);
    assert_null(answer_header(&a, "Content-Length"));
    answer_free(&a);
    assert_true(ends(fd));
    close(fd);
    buf_finish(&rest);
    fixture_stop(f);
}

static void test_connections_are_bounded(void **state)
{
    (void)state;
    server_config config = server_config_default;
    config.max_connections = 100;
    fixture *f = fixture_start(&config, echo);
    enum { CLIENTS = 1000 };
    int *fds = malloc(CLIENTS * sizeof *fds);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = dial(f);
        put_text(fds[i], "GET /n HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    }
    buf rest;
    buf_init(&rest);
    for (int i = 0; i < CLIENTS; i++) { /* everybody's turn comes */
        rest.len = 0;
        answer a = read_answer(fds[i], &rest, false);
        assert_int_equal(a.status, 200);
        answer_free(&a);
        close(fds[i]);
    }
    buf_finish(&rest);
    free(fds);
    fixture_stop(f);
}

static void test_a_thousand_connections(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, echo);
    enum { CLIENTS = 1000 };
    int *fds = malloc(CLIENTS * sizeof *fds);
    for (int i = 0; i < CLIENTS; i++)
        fds[i] = dial(f);
    buf rest;
    buf_init(&rest);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < CLIENTS; i++)
            put_text(fds[i], REQUEST("GET /n"));
        for (int i = 0; i < CLIENTS; i++) {
            answer a = read_answer(fds[i], &rest, false);
            assert_int_equal(a.status, 200);
            answer_free(&a);
        }
    }
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    buf_finish(&rest);
    free(fds);
    fixture_stop(f);
}

/* ---- files --------------------------------------------------------------------------------------------------- */

static void write_file(const char *dir, const char *name, const char *text, size_t len)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fwrite(text, 1, len, file);
    fclose(file);
}

static void add_files(fixture *f, void *arg)
{
    err e;
    server_add_file(f->server, "/mem.css", "text/css", "p{}", 3);
    assert_true(server_add_folder(f->server, "/static/", arg, &e));
    assert_false(server_add_folder(f->server, "/none/", "/proc/nonexistent", &e));
    assert_string_equal(e.code, "not-found");
}

static void test_files(void **state)
{
    (void)state;
    char dir[] = "/tmp/nano-server-test.XXXXXX", path[600];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/public", dir);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/public/sub", dir);
    mkdir(path, 0700);
    char *big = malloc(1 << 20);
    memset(big, 'b', 1 << 20);
    write_file(dir, "secret.txt", "secret", 6);
    write_file(dir, "public/a b.html", "<p>", 3);
    write_file(dir, "public/.env", "KEY", 3);
    write_file(dir, "public/big.bin", big, 1 << 20);
    write_file(dir, "public/sub/index.html", "index", 5);
    free(big);
    char target[600];
    snprintf(target, sizeof target, "%s/secret.txt", dir);
    snprintf(path, sizeof path, "%s/public/link.txt", dir);
    assert_int_equal(symlink(target, path), 0);
    snprintf(path, sizeof path, "%s/public/out", dir);
    assert_int_equal(symlink(dir, path), 0);
    fixture *f = fixture_start(NULL, echo);
    snprintf(path, sizeof path, "%s/public", dir);
    on_loop(f, add_files, path);

    answer a = ask(f, REQUEST("GET /mem.css"));
    assert_string_equal(a.body, "p{}");
    assert_string_equal(answer_header(&a, "Content-Type"), "text/css");
    char again[1200];
    snprintf(again, sizeof again, "GET /mem.css HTTP/1.1\r\nHost: h\r\nIf-None-Match: %s\r\n\r\n", answer_header(&a, "ETag"));
    answer_free(&a);
    a = ask(f, again);
    assert_int_equal(a.status, 304);
    answer_free(&a);
    a = ask(f, REQUEST("GET /static/a%20b.html"));
    assert_string_equal(a.body, "<p>");
    assert_string_equal(answer_header(&a, "Content-Type"), "text/html; charset=utf-8");
    answer_free(&a);
    a = ask(f, REQUEST("GET /static/big.bin"));
    assert_int_equal(a.len, 1 << 20);
    answer_free(&a);
    a = ask(f, REQUEST("HEAD /static/big.bin"));
    assert_int_equal(atoi(answer_header(&a, "Content-Length")), 1 << 20);
    answer_free(&a);
    a = ask(f, REQUEST("GET /static/sub/"));
    assert_string_equal(a.body, "index");
    answer_free(&a);
    a = ask(f, REQUEST("GET /static/sub"));
    assert_int_equal(a.status, 301);
    assert_string_equal(answer_header(&a, "Location"), "/static/sub/");
    answer_free(&a);
    assert_int_equal(f->accepted, 0);
    static const char *const outside[] = {
        REQUEST("GET /static/../secret.txt"), REQUEST("GET /static/%2e%2e/secret.txt"),
        REQUEST("GET /static/..%2fsecret.txt"), REQUEST("GET /static/sub/../../secret.txt"),
        REQUEST("GET /static/link.txt"), REQUEST("GET /static/out/secret.txt"), REQUEST("GET /static/.env"),
        REQUEST("GET /static//etc/passwd"), REQUEST("GET /static/nothing"), REQUEST("POST /mem.css"),
    };
    int count = (int)(sizeof outside / sizeof *outside);
    for (int i = 0; i < count; i++) { /* all of these reach the owner instead */
        a = ask(f, outside[i]);
        assert_int_equal(a.status, 200);
        assert_null(strstr(a.body, "secret\n"));
        assert_non_null(strstr(a.body, " from 127.0.0.1"));
        answer_free(&a);
    }
    assert_int_equal(f->accepted, count);
    fixture_stop(f);
    char command[600];
    snprintf(command, sizeof command, "rm -r '%s'", dir);
    assert_int_equal(system(command), 0);
}

/* ---- opening ------------------------------------------------------------------------------------------------- */

static void open_others(fixture *f, void *arg)
{
    (void)arg;
    err e;
    server_config config = server_config_default;
    config.port = f->port;
    assert_null(server_open(&config, &e));
    assert_string_equal(e.code, "exists");
    config.port = 0;
    config.host = "no.such.host";
    assert_null(server_open(&config, &e));
    assert_string_equal(e.code, "invalid");
    config.host = "203.0.113.1";
    assert_null(server_open(&config, &e));
    assert_string_equal(e.code, "invalid");
    config.host = "localhost";
    config.tls_cert = config.tls_key = "/proc/nonexistent.pem";
    assert_null(server_open(&config, &e));
    assert_string_equal(e.code, "not-found");
    config.tls_cert = config.tls_key = "/etc/passwd";
    assert_null(server_open(&config, &e));
    assert_string_equal(e.code, "tls");
    config.tls_cert = NULL;
    server *second = server_open(&config, &e);
    assert_non_null(second);
    assert_int_not_equal(server_port(second), f->port);
    server_destroy(second);
}

static void test_opening(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, echo);
    on_loop(f, open_others, NULL);
    answer a = ask(f, REQUEST("GET /first"));
    assert_int_equal(a.status, 200);
    answer_free(&a);
    fixture_stop(f);
}

static void respond_status(fixture *f, const server_request *r)
{
    respond_text(f, r->id, atoi(r->path + 1), "said");
}

/* HTTP/2 is offered to nobody: a client that asks for it goes on with HTTP/1.1. */
static void test_upgrade_to_http2_is_ignored(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, respond_status);
    answer a = ask(f, "GET /418 HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                      "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n");
    assert_int_equal(a.status, 418);
    assert_string_equal(a.body, "said");
    answer_free(&a);
    fixture_stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_arrives_whole),
        cmocka_unit_test(test_every_method),
        cmocka_unit_test(test_many_requests_on_one_connection),
        cmocka_unit_test(test_pipelined_requests),
        cmocka_unit_test(test_pipelined_bodies_are_refused),
        cmocka_unit_test(test_body_limit),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_headers_beyond_the_limit),
        cmocka_unit_test(test_headers_do_not_leak),
        cmocka_unit_test(test_chunked_body),
        cmocka_unit_test(test_expect_continue),
        cmocka_unit_test(test_http_1_0),
        cmocka_unit_test(test_slow_clients_are_cut),
        cmocka_unit_test(test_no_answer_in_time),
        cmocka_unit_test(test_client_goes_before_the_answer),
        cmocka_unit_test(test_waiting_requests_are_bounded),
        cmocka_unit_test(test_destroyed_while_requests_wait),
        cmocka_unit_test(test_close_finishes_what_is_under_way),
        cmocka_unit_test(test_big_answer),
        cmocka_unit_test(test_client_that_does_not_read),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_answers_are_checked),
        cmocka_unit_test(test_connections_are_bounded),
        cmocka_unit_test(test_a_thousand_connections),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_opening),
        cmocka_unit_test(test_upgrade_to_http2_is_ignored),
    };
    if (getenv("ONLY"))
        cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
