/* The HTTP client against a server that has every kind of manners. */
#include "test_http_client.h"
#include "test_http_server.h"

static test_server server;

static const char *at(const char *path)
{
    static char url[4096];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", server.port, path);
    return url;
}

static http_options get(const char *path)
{
    http_options o = http_options_default;
    o.url = at(path);
    return o;
}

static void answers_are_whole(void **state)
{
    (void)state;
    test_fetch f;
    http_options o = get("/hello");
    const http_answer *a = fetch_good(&f, &o);
    assert_int_equal(a->status, 200);
    assert_true(body_is(a, "hello"));
    assert_string_equal(a->version, "1.1");
    assert_string_equal(a->remote_ip, "127.0.0.1");
    assert_int_equal(a->remote_port, server.port);
    assert_string_equal(a->url, at("/hello"));
    assert_null(a->certificate);
    assert_int_equal(a->redirect_count, 0);
    fetch_done(&f);
}

static void request_line_and_headers_arrive(void **state)
{
    (void)state;
    test_fetch f;
    const http_header headers[] = {
        {"X-One", "1"}, {"X-Two", "a"}, {"X-Two", "b"}, {"X-Empty", ""}, {"Accept", NULL}};
    http_options o = get("/head");
    o.headers = headers;
    o.header_count = 5;
    const http_answer *a = fetch_good(&f, &o);
    assert_true(body_has(a, "GET /head HTTP/1.1\r\n"));
    assert_true(body_has(a, "X-One: 1\r\n"));
    assert_true(body_has(a, "X-Two: a\r\n"));
    assert_true(body_has(a, "X-Two: b\r\n"));
    assert_true(body_has(a, "X-Empty:\r\n"));
    assert_false(body_has(a, "Accept:"));
    assert_true(body_has(a, "User-Agent: nano-sre/"));
    fetch_done(&f);
}

static void methods_and_bodies_arrive(void **state)
{
    (void)state;
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE", "GET"};
    for (size_t i = 0; i < 5; i++) {
        test_fetch f;
        http_options o = get("/echo");
        o.method = methods[i];
        o.body = "a\0body";
        o.body_len = 6;
        const http_answer *a = fetch_good(&f, &o);
        assert_int_equal(a->body.len, 6);
        assert_memory_equal(a->body.data, "a\0body", 6);
        fetch_done(&f);
        o = get("/head");
        o.method = methods[i];
        char line[64];
        snprintf(line, sizeof line, "%s /head HTTP/1.1", methods[i]);
        a = fetch_good(&f, &o);
        assert_true(body_has(a, line));
        assert_false(body_has(a, "Content-Type"));
        assert_int_equal(body_has(a, "Content-Length: 0"), i < 3);
        fetch_done(&f);
    }
    test_fetch f;
    http_options o = get("/hello");
    o.method = "HEAD"; /* announces 50 MB, sends none */
    const http_answer *a = fetch_good(&f, &o);
    assert_int_equal(a->body.len, 0);
    fetch_done(&f);
}

static void repeated_headers_are_kept(void **state)
{
    (void)state;
    test_fetch f;
    http_options o = get("/repeats");
    const http_answer *a = fetch_good(&f, &o);
    size_t len;
    const char *value = http_header_find(&a->headers, "x-TWICE", &len);
    assert_int_equal(len, 5);
    assert_memory_equal(value, "first", 5);
    assert_non_null(memmem(a->headers.data, a->headers.len, "x-twice:second\r\n", 16));
    assert_non_null(http_header_find(&a->headers, "X-Empty", &len));
    assert_int_equal(len, 0);
    assert_null(http_header_find(&a->headers, "X-Tw", &len));
    fetch_done(&f);
}

static void early_hints_and_trailers_do_not_confuse(void **state)
{
    (void)state;
    test_fetch f;
    size_t len;
    http_options o = get("/early");
    const http_answer *a = fetch_good(&f, &o);
    assert_int_equal(a->status, 200);
    assert_null(http_header_find(&a->headers, "Link", &len));
    assert_non_null(http_header_find(&a->headers, "X-Real", &len));
    fetch_done(&f);
    o = get("/chunked");
    a = fetch_good(&f, &o);
    assert_true(body_is(a, "one two three"));
    assert_null(http_header_find(&a->headers, "X-Trailer", &len));
    fetch_done(&f);
}

static void compressed_bodies_are_unpacked(void **state)
{
    (void)state;
    test_fetch f;
    http_options o = get("/gzip");
    assert_true(body_is(fetch_good(&f, &o), "unpacked text"));
    fetch_done(&f);
    o.keep_encoded = true;
    const http_answer *a = fetch_good(&f, &o);
    assert_true(a->body.len > 2 && memcmp(a->body.data, "\x1f\x8b", 2) == 0);
    fetch_done(&f);
}

static void connections_are_kept_unless_fresh(void **state)
{
    (void)state;
    test_fetch f;
    http_options o = get("/hello");
    fetch_good(&f, &o);
    fetch_done(&f);
    int before = server_connections(&server);
    const http_answer *a = fetch_good(&f, &o);
    assert_true(a->reused);
    assert_true(a->timings.connect == 0 && a->timings.first_byte > 0);
    fetch_done(&f);
    assert_int_equal(server_connections(&server), before);
    o.fresh = true;
    a = fetch_good(&f, &o);
    assert_false(a->reused);
    assert_true(a->timings.connect > 0);
    fetch_done(&f);
    assert_int_equal(server_connections(&server), before + 1);
}

static void timings_add_up(void **state)
{
    (void)state;
    test_fetch f;
    http_options o = get("/to/302//hello");
    o.fresh = true;
    const http_timings t = fetch_good(&f, &o)->timings;
    double sum = t.redirects + t.dns + t.connect + t.tls + t.first_byte + t.transfer;
    assert_true(t.redirects > 0 && t.total > 0);
    assert_true(sum > t.total - 0.01 && sum < t.total + 0.01);
    fetch_done(&f);
}

static void size_is_capped(void **state)
{
    (void)state;
    http_options o = get("/big");
    FAILS(&o, "too-large", "larger than 10 MB", "50 MB", at("/big"));
    o = get("/big-unannounced");
    FAILS(&o, "too-large", "larger than 10 MB");
    o = get("/bomb");
    FAILS(&o, "too-large", "larger than 10 MB");
    o = get("/huge-head");
    FAILS(&o, "too-large", "headers", "256 KB");
    o = get("/hello");
    o.max_body = 5;
    test_fetch f;
    fetch_good(&f, &o);
    fetch_done(&f);
    o.max_body = 4;
    FAILS(&o, "too-large", "larger than 4 bytes");
    o = get("/big");
    o.max_body = 0;
    assert_int_equal(fetch_good(&f, &o)->body.len, SERVER_BIG);
    fetch_done(&f);
}

static void time_limits_name_the_phase(void **state)
{
    (void)state;
    http_options o = get("/no-answer");
    o.first_byte_timeout = 30 * NS_PER_MS;
    FAILS(&o, "timeout", "waiting for the first byte", "30 ms");
    o.first_byte_timeout = 0;
    o.total_timeout = 30 * NS_PER_MS;
    FAILS(&o, "timeout", "waiting for the first byte", "127.0.0.1");
    o = get("/stalls");
    o.total_timeout = NS_PER_SEC; /* long enough for the first bytes on a busy machine */
    FAILS(&o, "timeout", "reading the answer", "10 bytes had come");
}

/* A listener that accepts nothing: the kernel still completes the first connections for it. */
static int silent_listener(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a) | listen(fd, 0), 0);
    getsockname(fd, (struct sockaddr *)&a, &len);
    *port = ntohs(a.sin_port);
    return fd;
}

static void connect_time_limit_covers_tcp_and_tls(void **state)
{
    (void)state;
    int port, fd = silent_listener(&port), fillers[4];
    char url[64];
    http_options o = http_options_default;
    o.url = url;
    o.connect_timeout = 30 * NS_PER_MS;
    o.total_timeout = 0;
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", port);
    FAILS(&o, "timeout", "during the TLS handshake with 127.0.0.1:");
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons((uint16_t)port)};
    for (int i = 0; i < 4; i++) { /* its queue is full then, and no more are taken */
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fillers[i], (struct sockaddr *)&a, sizeof a);
    }
    FAILS(&o, "timeout", "while connecting to 127.0.0.1:");
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
    FAILS(&o, "timeout", "while connecting to 127.0.0.1:");
    for (int i = 0; i < 4; i++)
        close(fillers[i]);
    close(fd);
}

static void a_late_upload_is_not_a_late_server(void **state)
{
    (void)state;
    test_fetch f;
    http_options o = get("/echo");
    o.method = "POST";
    o.body = "x";
    o.body_len = 1;
    o.first_byte_timeout = 20 * NS_PER_SEC;
    assert_true(body_is(fetch_good(&f, &o), "x"));
    fetch_done(&f);
}

static void broken_servers_are_told_apart(void **state)
{
    (void)state;
    http_options o = get("/reset");
    FAILS(&o, "closed", "reset the connection");
    o = get("/close");
    FAILS(&o, "closed", "without an answer");
    o = get("/partial");
    FAILS(&o, "closed", "before the whole answer");
    o = get("/garbage");
    FAILS(&o, "protocol", "did not answer in HTTP");
    o = get("/no-headers");
    FAILS(&o, "protocol", "did not answer in HTTP");
    o = get("/bad-gzip");
    FAILS(&o, "protocol", "not proper HTTP");
    o = get("/bad-chunk");
    FAILS(&o, "closed", "broke");
    o.url = "http://127.91.82.73:1/";
    FAILS(&o, "refused", "could not connect to 127.91.82.73:1: connection refused");
    o.url = "http://shop.example/";
    o.connect_to = "127.91.82.73:1";
    FAILS(&o, "refused", "could not connect to 127.91.82.73:1 (shop.example): connection refused");
    o = get("/hello");
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", server.port);
    o.url = url;
    FAILS(&o, "tls", "TLS: the handshake with 127.0.0.1 failed");
}

static void wrong_requests_do_not_begin(void **state)
{
    (void)state;
    static const char *const urls[] = {"",
                                       "shop.example",
                                       "/cart",
                                       "file:///etc/passwd",
                                       "ftp://a/",
                                       "gopher://a/",
                                       "http://",
                                       "http://a b/",
                                       "http://a:99999/",
                                       "javascript:x"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        http_options o = http_options_default;
        o.url = urls[i];
        err e;
        if (http_start(&o, fetch_notify, NULL, &e))
            fail_msg("%s was begun", urls[i]);
        assert_string_equal(e.code, "invalid");
    }
    http_options o = get("/hello");
    o.method = "GET /evil";
    FAILS(&o, "invalid", "not an HTTP method");
    o = get("/hello");
    http_header bad[] = {{"X-Evil", "a\r\nX-Injected: 1"}};
    o.headers = bad;
    o.header_count = 1;
    FAILS(&o, "invalid", "X-Evil", "line break");
    bad[0] = (http_header){"X Evil", "1"};
    FAILS(&o, "invalid", "not the name of an HTTP header");
    o = get("/hello");
    o.http_version = "9";
    FAILS(&o, "invalid", "http_version");
    o = get("/hello");
    o.connect_to = "a/b";
    FAILS(&o, "invalid", "connect_to");
}

static void a_cancelled_request_is_silent(void **state)
{
    (void)state;
    static const char *const paths[] = {"/no-answer", "/stalls", "/big-unannounced", "/loop"};
    for (size_t i = 0; i < 4; i++) {
        for (int turns = 0; turns < 4; turns++) {
            test_fetch f = {0};
            http_options o = get(paths[i]);
            o.max_redirects = 1000;
            o.max_body = 0;
            f.request = http_start(&o, fetch_notify, &f, &f.e);
            assert_non_null(f.request);
            for (int t = 0; t < turns; t++)
                ev_run(loop_ev(), t == 0 ? EVRUN_NOWAIT : EVRUN_ONCE);
            int before = f.notified; /* it may have been quicker */
            http_destroy(f.request);
            ev_run(loop_ev(), EVRUN_NOWAIT);
            assert_int_equal(f.notified, before);
        }
    }
    http_destroy(NULL);
}

static void many_at_once(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    static test_fetch all[COUNT];
    for (int i = 0; i < COUNT; i++) {
        http_options o = get("/hello");
        all[i] = (test_fetch){0};
        all[i].request = http_start(&o, fetch_notify, &all[i], &all[i].e);
        assert_non_null(all[i].request);
    }
    for (int i = 0; i < COUNT; i++) {
        while (!all[i].notified)
            loop_run();
        assert_int_equal(http_get_state(all[i].request), HTTP_DONE);
        assert_true(body_is(fetch_answer(&all[i]), "hello"));
    }
    for (int i = 0; i < COUNT; i++)
        fetch_done(&all[i]);
}

/* Reads a stream to its end, all that is there at a time; returns the bytes and the largest piece.
 */
static size_t drain(test_fetch *f, size_t *largest)
{
    size_t total = 0;
    *largest = 0;
    for (;;) {
        buf piece = {0};
        if (http_read(f->request, &piece)) {
            total += piece.len;
            *largest = piece.len > *largest ? piece.len : *largest;
            buf_finish(&piece);
        } else if (http_get_state(f->request) >= HTTP_DONE) {
            return total;
        } else {
            loop_run();
        }
    }
}

static void streams_make_the_server_wait(void **state)
{
    (void)state;
    test_fetch f;
    size_t largest;
    http_options o = get("/big");
    o.stream = true;
    o.max_body = 0;
    fetch_run(&f, &o);
    assert_int_equal(http_get_state(f.request), HTTP_HEAD);
    assert_int_equal(fetch_answer(&f)->status, 200);
    assert_string_equal(fetch_answer(&f)->url, at("/big"));
    assert_int_equal(drain(&f, &largest), SERVER_BIG);
    assert_int_equal(http_get_state(f.request), HTTP_DONE);
    assert_in_range(largest, 1, 300 * 1024);
    fetch_done(&f);

    o = get("/bomb"); /* inflated inside of libcurl while paused */
    o.stream = true;
    o.max_body = 0;
    fetch_run(&f, &o);
    assert_int_equal(drain(&f, &largest), 50u << 20);
    assert_int_equal(http_get_state(f.request), HTTP_DONE);
    fetch_done(&f);
}

static void streams_end_and_fail_in_order(void **state)
{
    (void)state;
    test_fetch f;
    size_t largest;
    http_options o = get("/partial");
    o.stream = true;
    fetch_run(&f, &o);
    assert_int_equal(drain(&f, &largest), 10); /* what came before the failure is not lost */
    assert_int_equal(http_get_state(f.request), HTTP_FAILED);
    assert_string_equal(fetch_answer(&f)->error.code, "closed");
    fetch_done(&f);
    o = get("/to/302//hello"); /* the redirect's own body does not show */
    o.stream = true;
    fetch_run(&f, &o);
    assert_int_equal(drain(&f, &largest), 5);
    assert_int_equal(fetch_answer(&f)->redirect_count, 1);
    fetch_done(&f);
    o = get("/big"); /* abandoned in the middle, while the server waits */
    o.stream = true;
    o.max_body = 0;
    fetch_run(&f, &o);
    fetch_done(&f);
    ev_run(loop_ev(), EVRUN_NOWAIT);
}

static int open_all(void **state)
{
    http_tests_open(state);
    server_start(&server, NULL);
    return 0;
}

static int close_all(void **state)
{
    http_tests_close(state);
    server_stop(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_whole),
        cmocka_unit_test(request_line_and_headers_arrive),
        cmocka_unit_test(methods_and_bodies_arrive),
        cmocka_unit_test(repeated_headers_are_kept),
        cmocka_unit_test(early_hints_and_trailers_do_not_confuse),
        cmocka_unit_test(compressed_bodies_are_unpacked),
        cmocka_unit_test(connections_are_kept_unless_fresh),
        cmocka_unit_test(timings_add_up),
        cmocka_unit_test(size_is_capped),
        cmocka_unit_test(time_limits_name_the_phase),
        cmocka_unit_test(connect_time_limit_covers_tcp_and_tls),
        cmocka_unit_test(a_late_upload_is_not_a_late_server),
        cmocka_unit_test(broken_servers_are_told_apart),
        cmocka_unit_test(wrong_requests_do_not_begin),
        cmocka_unit_test(a_cancelled_request_is_silent),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(streams_make_the_server_wait),
        cmocka_unit_test(streams_end_and_fail_in_order),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
