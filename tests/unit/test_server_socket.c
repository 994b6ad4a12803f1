/* io/server: WebSockets. The client is plain, so that it can send frames as it likes. */
#include "server_fixture.h"

/* ---- frames ---------------------------------------------------------------------------------- */

enum { MORE = 0x00, TEXT = 0x1, BINARY = 0x2, CLOSE = 0x8, PING = 0x9, PONG = 0xa, FIN = 0x80 };

static void put_frame(int fd, int first, const void *data, size_t len)
{
    static const unsigned char mask[4] = {0x12, 0x34, 0x56, 0x78};
    buf b;
    buf_init(&b);
    buf_append_char(&b, (char)first);
    if (len < 126) {
        buf_append_char(&b, (char)(0x80 | len));
    } else if (len < 65536) {
        unsigned char head[] = {0x80 | 126, (unsigned char)(len >> 8), (unsigned char)len};
        buf_append(&b, head, 3);
    } else {
        buf_append_char(&b, (char)(0x80 | 127));
        for (int shift = 56; shift >= 0; shift -= 8)
            buf_append_char(&b, (char)((uint64_t)len >> shift));
    }
    buf_append(&b, mask, 4);
    char *at = buf_reserve(&b, len);
    for (size_t i = 0; i < len; i++)
        at[i] = (char)(((const char *)data)[i] ^ mask[i % 4]);
    b.len += len;
    put(fd, b.data, b.len);
    buf_finish(&b);
}

typedef struct frame {
    int first; /* -1: the connection ended */
    char *data;
    size_t len;
} frame;

static bool fill(int fd, buf *rest, size_t len)
{
    while (rest->len < len)
        if (!get_some(fd, rest))
            return false;
    return true;
}

static frame get_frame(int fd, buf *rest)
{
    frame f = {-1, NULL, 0};
    if (!fill(fd, rest, 2))
        return f;
    size_t head = 2;
    unsigned char *at = (unsigned char *)rest->data;
    assert_int_equal(at[1] & 0x80, 0);
    f.len = at[1] & 0x7f;
    int extra = f.len == 126 ? 2 : f.len == 127 ? 8 : 0;
    if (extra) {
        assert_true(fill(fd, rest, head + (size_t)extra));
        at = (unsigned char *)rest->data;
        f.len = 0;
        for (int i = 0; i < extra; i++)
            f.len = f.len << 8 | at[head + (size_t)i];
        head += (size_t)extra;
    }
    assert_true(fill(fd, rest, head + f.len));
    f.first = (unsigned char)rest->data[0];
    f.data = mem_strndup(rest->data + head, f.len);
    buf_consume(rest, head + f.len);
    return f;
}

static void expect_frame(int fd, buf *rest, int first, const char *data, size_t len)
{
    frame f = get_frame(fd, rest);
    assert_int_equal(f.first, first);
    assert_int_equal(f.len, len);
    assert_memory_equal(f.data, data, len);
    free(f.data);
}

static void expect_close(int fd, buf *rest, int code)
{
    frame f = get_frame(fd, rest);
    assert_int_equal(f.first, FIN | CLOSE);
    assert_true(f.len >= 2);
    assert_int_equal((unsigned char)f.data[0] << 8 | (unsigned char)f.data[1], code);
    free(f.data);
}

#define HANDSHAKE(path, more) \
    "GET " path " HTTP/1.1\r\nHost: shop.test:80\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" more "\r\n"

static int open_socket(const fixture *f, buf *rest)
{
    int fd = dial(f);
    put_text(fd, HANDSHAKE("/ws", "X-Who: me\r\n"));
    char *end;
    while (!(end = rest->len ? memmem(rest->data, rest->len, "\r\n\r\n", 4) : NULL))
        assert_true(get_some(fd, rest));
    assert_non_null(memmem(rest->data, rest->len, "101 Switching", 13));
    assert_non_null(memmem(rest->data, rest->len, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28));
    buf_consume(rest, (size_t)(end - rest->data) + 4);
    return fd;
}

/* ---- the owner: echoes, and does what some messages say -------------------------------------- */

typedef struct peer {
    fixture *f;
    server_socket *k;
} peer;

typedef struct seen {
    int ended, code, taken;
    bool paused; /* do not take messages, and drop them later */
    bool drop;
    char reason[128];
    peer *last;
} seen;

static void obey(peer *p, const char *data, size_t len, bool binary)
{
    err e;
    if (strcmp(data, "close") == 0) {
        assert_true(server_socket_send(p->k, "bye", 3, false, &e));
        server_socket_close(p->k, 4001, "asked to");
        assert_false(server_socket_send(p->k, "late", 4, false, &e));
        assert_string_equal(e.code, "closed");
    } else if (strcmp(data, "flood") == 0) {
        char *megabyte = calloc(1, 1 << 20);
        int sent = 0;
        while (server_socket_send(p->k, megabyte, 1 << 20, true, &e))
            sent++;
        assert_string_equal(e.code, "busy");
        assert_int_equal(sent, 16);
        free(megabyte);
    } else {
        assert_true(server_socket_send(p->k, data, len, binary, &e));
    }
}

static void on_socket_event(void *ctx)
{
    peer *p = ctx;
    seen *s = p->f->extra;
    char *data;
    const char *reason;
    size_t len;
    bool binary;
    int code;
    if (s && s->paused)
        return;
    while ((data = server_socket_next(p->k, &len, &binary))) {
        if (s) {
            pthread_mutex_lock(&p->f->lock);
            s->taken++;
            pthread_cond_broadcast(&p->f->changed);
            pthread_mutex_unlock(&p->f->lock);
        }
        if (!s || !s->drop)
            obey(p, data, len, binary);
        free(data);
    }
    if (!server_socket_ended(p->k, &code, &reason))
        return;
    if (s) {
        pthread_mutex_lock(&p->f->lock);
        s->ended++;
        s->code = code;
        snprintf(s->reason, sizeof s->reason, "%s", reason);
        pthread_cond_broadcast(&p->f->changed);
        pthread_mutex_unlock(&p->f->lock);
    }
    server_socket_release(p->k);
    free(p);
}

static void serve(fixture *f, const server_request *r)
{
    err e;
    if (!r->socket) {
        assert_true(server_respond(f->server, r->id, 200, NULL, 0, "plain", 5, &e));
        return;
    }
    assert_string_equal(r->path, "/ws");
    assert_int_equal(r->id, 0);
    peer *p = mem_zero(1, sizeof *p);
    p->f = f;
    p->k = r->socket;
    seen *s = f->extra;
    if (s)
        s->last = p;
    server_socket_watch(p->k, on_socket_event, p);
}

static void add_path(fixture *f, void *arg)
{
    (void)arg;
    server_add_socket_path(f->server, "/ws", false);
    server_add_socket_path(f->server, "/open/", true);
}

static fixture *start(const server_config *config, seen *s)
{
    fixture *f = fixture_start(config, serve);
    f->extra = s;
    on_loop(f, add_path, NULL);
    return f;
}

static void wait_ended(fixture *f, const seen *s, int count)
{
    pthread_mutex_lock(&f->lock);
    while (s->ended < count)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void test_echo(void **state)
{
    (void)state;
    seen s = {0};
    fixture *f = start(NULL, &s);
    buf rest;
    buf_init(&rest);
    int fd = open_socket(f, &rest);
    put_frame(fd, FIN | TEXT, "hello", 5);
    expect_frame(fd, &rest, FIN | TEXT, "hello", 5);
    put_frame(fd, FIN | BINARY, "\0\xff", 2);
    expect_frame(fd, &rest, FIN | BINARY, "\0\xff", 2);
    put_frame(fd, FIN | TEXT, "", 0);
    expect_frame(fd, &rest, FIN | TEXT, "", 0);
    /* In fragments, with a ping between them. */
    put_frame(fd, TEXT, "one ", 4);
    put_frame(fd, FIN | PING, "p", 1);
    put_frame(fd, MORE, "two ", 4);
    put_frame(fd, FIN | MORE, "three", 5);
    expect_frame(fd, &rest, FIN | PONG, "p", 1);
    expect_frame(fd, &rest, FIN | TEXT, "one two three", 13);
    char *big = malloc(3000000);
    memset(big, 'x', 3000000);
    put_frame(fd, FIN | TEXT, big, 3000000);
    expect_frame(fd, &rest, FIN | TEXT, big, 3000000);
    free(big);
    put_frame(fd, FIN | CLOSE,
              "\x03\xe8"
              "done",
              6);
    expect_close(fd, &rest, 1000);
    wait_ended(f, &s, 1);
    assert_int_equal(s.code, 1000);
    assert_string_equal(s.reason, "done");
    close(fd);
    buf_finish(&rest);
    fixture_stop(f);
}

static void test_many_messages_in_order(void **state)
{
    (void)state;
    seen s = {0};
    fixture *f = start(NULL, &s);
    buf rest;
    buf_init(&rest);
    int fd = open_socket(f, &rest);
    for (int i = 0; i < 2000; i++) {
        char text[32];
        int len = snprintf(text, sizeof text, "message %d", i);
        put_frame(fd, FIN | TEXT, text, (size_t)len);
    }
    for (int i = 0; i < 2000; i++) {
        char text[32];
        int len = snprintf(text, sizeof text, "message %d", i);
        expect_frame(fd, &rest, FIN | TEXT, text, (size_t)len);
    }
    close(fd);
    wait_ended(f, &s, 1);
    assert_int_equal(s.code, 1006);
    buf_finish(&rest);
    fixture_stop(f);
}

static void test_owner_closes(void **state)
{
    (void)state;
    seen s = {0};
    fixture *f = start(NULL, &s);
    buf rest;
    buf_init(&rest);
    int fd = open_socket(f, &rest);
    put_frame(fd, FIN | TEXT, "close", 5);
    expect_frame(fd, &rest, FIN | TEXT, "bye", 3);
    expect_close(fd, &rest, 4001);
    put_frame(fd, FIN | CLOSE, "\x0f\xa1", 2);
    assert_true(ends(fd));
    wait_ended(f, &s, 1);
    close(fd);
    buf_finish(&rest);
    fixture_stop(f);
}

static void test_bad_messages(void **state)
{
    (void)state;
    server_config config = server_config_default;
    config.max_message = 1000;
    fixture *f = start(&config, NULL);
    buf rest;
    buf_init(&rest);
    int fd = open_socket(f, &rest);
    put_frame(fd, FIN | TEXT, "bad \xff", 5);
    expect_close(fd, &rest, 1007);
    close(fd);
    rest.len = 0;
    fd = open_socket(f, &rest);
    char big[1001] = {0};
    put_frame(fd, BINARY, big, 600);
    put_frame(fd, FIN | MORE, big, 401);
    expect_close(fd, &rest, 1009);
    close(fd);
    rest.len = 0;
    fd = open_socket(f, &rest);
    put_frame(fd, FIN | MORE, "x", 1); /* a continuation of nothing */
    expect_close(fd, &rest, 1002);
    close(fd);
    rest.len = 0;
    fd = open_socket(f, &rest);
    put_frame(fd, FIN | 0x3, "x", 1); /* no such opcode */
    expect_close(fd, &rest, 1002);
    close(fd);
    buf_finish(&rest);
    fixture_stop(f);
}

static void expect_status(const fixture *f, const char *request, int status)
{
    answer a = ask(f, request);
    if (a.status != status)
        fail_msg("%d instead of %d for %s", a.status, status, request);
    answer_free(&a);
}

static void test_handshakes(void **state)
{
    (void)state;
    fixture *f = start(NULL, NULL);
    expect_status(f, HANDSHAKE("/other", ""), 200); /* no WebSocket there: an ordinary request */
    expect_status(f, HANDSHAKE("/ws", "Origin: https://evil.test\r\n"), 403);
    expect_status(f, HANDSHAKE("/ws", "Origin: null\r\n"), 403);
    expect_status(f,
                  "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n",
                  426);
    expect_status(f,
                  "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Version: 13\r\n\r\n",
                  400);
    buf rest;
    buf_init(&rest);
    int fd = dial(f);
    put_text(fd, HANDSHAKE("/ws", "Origin: http://shop.test:80\r\n"));
    assert_true(get_some(fd, &rest));
    assert_memory_equal(rest.data, "HTTP/1.1 101", 12);
    close(fd);
    buf_finish(&rest);
    fixture_stop(f);
}

static void take_again(fixture *f, void *arg)
{
    seen *s = f->extra;
    (void)arg;
    s->paused = false;
    on_socket_event(s->last);
}

enum { FRAME = (1 << 20) + 14, FRAMES = 100 };

/* Sends frames of 1 MB, masked with zeros, from byte `from` on; stops where the connection takes no
 * more. */
static size_t send_frames(int fd, size_t from)
{
    static const char head[14] = {
        (char)(FIN | BINARY), (char)(0x80 | 127), 0, 0, 0, 0, 0, 0x10, 0, 0};
    char *whole = calloc(1, FRAME);
    memcpy(whole, head, 14);
    while (from < (size_t)FRAMES * FRAME) {
        ssize_t n = send(fd, whole + from % FRAME, FRAME - from % FRAME, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        from += (size_t)n;
    }
    free(whole);
    return from;
}

/* The owner does not take messages: the client is held up, and nothing is lost. */
static void test_reading_pauses(void **state)
{
    (void)state;
    seen s = {.paused = true, .drop = true};
    fixture *f = start(NULL, &s);
    buf rest;
    buf_init(&rest);
    int fd = open_socket(f, &rest);
    wait_accepted(f, 1);
    struct timeval brief = {.tv_usec = 200000}, patient = {.tv_sec = 20};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &brief, sizeof brief);
    size_t sent = send_frames(fd, 0);
    assert_true(sent < (size_t)FRAMES * FRAME / 2);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patient, sizeof patient);
    on_loop(f, take_again, NULL);
    assert_int_equal(send_frames(fd, sent), (size_t)FRAMES * FRAME);
    pthread_mutex_lock(&f->lock);
    while (s.taken < FRAMES)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
    close(fd);
    wait_ended(f, &s, 1);
    assert_int_equal(s.taken, FRAMES);
    buf_finish(&rest);
    fixture_stop(f);
}

static void test_client_that_does_not_read(void **state)
{
    (void)state;
    seen s = {0};
    server_config config = server_config_default;
    config.ping_interval = 50 * NS_PER_MS;
    fixture *f = start(&config, &s);
    buf rest;
    buf_init(&rest);
    int fd = open_socket(f, &rest);
    put_frame(fd, FIN | TEXT, "flood", 5);
    wait_ended(f, &s, 1); /* dropped: it answers no ping */
    assert_int_equal(s.code, 1006);
    close(fd);
    buf_finish(&rest);
    fixture_stop(f);
}

static void test_silent_clients_are_pinged(void **state)
{
    (void)state;
    seen s = {0};
    server_config config = server_config_default;
    config.ping_interval = 50 * NS_PER_MS;
    fixture *f = start(&config, &s);
    buf rest;
    buf_init(&rest);
    int fd = open_socket(f, &rest);
    for (int i = 0; i < 3; i++) {
        frame ping = get_frame(fd, &rest);
        assert_int_equal(ping.first, FIN | PING);
        put_frame(fd, FIN | PONG, ping.data, ping.len);
        free(ping.data);
    }
    wait_ended(f, &s, 1); /* now it does not answer any more */
    close(fd);
    buf_finish(&rest);
    fixture_stop(f);
}

static void close_server(fixture *f, void *arg)
{
    (void)arg;
    server_close(f->server);
}

static void test_server_goes_away(void **state)
{
    (void)state;
    seen s = {0};
    fixture *f = start(NULL, &s);
    buf rest;
    buf_init(&rest);
    int fd = open_socket(f, &rest);
    put_frame(fd, FIN | TEXT, "x", 1);
    expect_frame(fd, &rest, FIN | TEXT, "x", 1);
    on_loop(f, close_server, NULL);
    expect_close(fd, &rest, 1001);
    put_frame(fd, FIN | CLOSE, "\x03\xe9", 2);
    assert_true(ends(fd));
    wait_ended(f, &s, 1);
    close(fd);
    buf_finish(&rest);
    fixture_stop(f);
}

static void test_destroyed_with_open_sockets(void **state)
{
    (void)state;
    fixture *f = start(NULL, NULL);
    buf rest;
    buf_init(&rest);
    int fds[5];
    for (int i = 0; i < 5; i++) {
        rest.len = 0;
        fds[i] = open_socket(f, &rest);
    }
    wait_accepted(f, 5);
    fixture_stop(f); /* frees the server; the owners' handles live a little longer and are told */
    for (int i = 0; i < 5; i++) {
        assert_true(ends(fds[i]));
        close(fds[i]);
    }
    buf_finish(&rest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_many_messages_in_order),
        cmocka_unit_test(test_owner_closes),
        cmocka_unit_test(test_bad_messages),
        cmocka_unit_test(test_handshakes),
        cmocka_unit_test(test_reading_pauses),
        cmocka_unit_test(test_client_that_does_not_read),
        cmocka_unit_test(test_silent_clients_are_pinged),
        cmocka_unit_test(test_server_goes_away),
        cmocka_unit_test(test_destroyed_with_open_sockets),
    };
    return cmocka_run_group_tests_name("server sockets", tests, NULL, NULL);
}
