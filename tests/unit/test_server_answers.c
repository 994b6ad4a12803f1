/* io/server: answers, deadlines, bounds, clients that go away. */
#include "server_fixture.h"

#include "io/server_internal.h"

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

static void is_settled(fixture *f, void *arg)
{
    *(bool *)arg = list_empty(&f->server->unsettled);
}

static void respond_to(fixture *f, void *arg)
{
    err e;
    assert_true(server_respond(f->server, f->held[*(int *)arg], 200, NULL, 0, "slow", 4, &e));
}

/* Libwebsockets has read them all, and can't be kept from asking for more while they wait: after
 * the first two the connection ends, and the client is to ask again. */
static void test_slow_answers_to_a_pipeline(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, hold);
    int fd = dial(f);
    put_text(fd, REQUEST("GET /1") REQUEST("GET /2") REQUEST("GET /3") REQUEST("GET /4"));
    buf rest;
    buf_init(&rest);
    for (int i = 0; i < 2; i++) {
        wait_accepted(f, i + 1);
        bool settled = false;
        while (!settled)
            on_loop(f, is_settled, &settled);
        on_loop(f, respond_to, &i);
        answer a = read_answer(fd, &rest, false);
        assert_int_equal(a.status, 200);
        assert_true((answer_header(&a, "Connection") != NULL) == (i == 1));
        answer_free(&a);
    }
    assert_true(ends(fd));
    assert_int_equal(f->accepted, 2);
    close(fd);
    buf_finish(&rest);
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
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)f->port),
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
    answer a = ask(
        f, "GET /stream HTTP/1.0\r\n\r\n"); /* no chunks there: the end of the connection ends it */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_clients_are_cut),
        cmocka_unit_test(test_no_answer_in_time),
        cmocka_unit_test(test_client_goes_before_the_answer),
        cmocka_unit_test(test_slow_answers_to_a_pipeline),
        cmocka_unit_test(test_waiting_requests_are_bounded),
        cmocka_unit_test(test_destroyed_while_requests_wait),
        cmocka_unit_test(test_close_finishes_what_is_under_way),
        cmocka_unit_test(test_big_answer),
        cmocka_unit_test(test_client_that_does_not_read),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_answers_are_checked),
        cmocka_unit_test(test_connections_are_bounded),
        cmocka_unit_test(test_a_thousand_connections),
    };
    return cmocka_run_group_tests_name("server answers", tests, NULL, NULL);
}
