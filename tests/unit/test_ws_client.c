/* io/ws_client, against the own server on the same loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/loop.h"
#include "io/lws_glue.h"
#include "io/server.h"
#include "io/ws_client.h"
#include "test_cert.h"

typedef struct world {
    server *server;
    server_socket *peer;
    bool mute; /* the server does not echo */
    bool destroy_on_message;
    ws_client *client;
    int opened, messages, want;
    bool close_on_message, closed;
    size_t bytes;
    char *expected; /* every message */
    size_t expected_len;
    err why;
    loop_timer patience;
} world;

static void too_long(void *arg)
{
    (void)arg;
    fail_msg("nothing happened for 20 seconds");
}

static void quit(void *arg)
{
    (void)arg;
    loop_stop();
}

/* ---- the server: echo ------------------------------------------------------------------------ */

static void on_peer_event(void *ctx)
{
    world *w = ctx;
    char *data;
    size_t len;
    bool binary;
    err e;
    while (w->peer && (data = server_socket_next(w->peer, &len, &binary))) {
        if (!w->mute)
            assert_true(server_socket_send(w->peer, data, len, binary, &e));
        free(data);
        if (w->destroy_on_message) {
            server_destroy(w->server);
            w->server = NULL;
        }
    }
    if (w->peer && server_socket_ended(w->peer, NULL, NULL)) {
        server_socket_release(w->peer);
        w->peer = NULL;
    }
}

static void on_ready(server *s, void *ctx)
{
    world *w = ctx;
    const server_request *r;
    err e;
    while ((r = server_accept(s))) {
        if (r->socket) {
            w->peer = r->socket;
            server_socket_watch(w->peer, on_peer_event, w);
        } else {
            server_respond(s, r->id, 404, NULL, 0, "", 0, &e);
        }
    }
}

static void start_server(world *w, bool tls)
{
    err e;
    server_config config = server_config_default;
    config.on_ready = on_ready;
    config.ctx = w;
    config.max_message = 64 << 20;
    if (tls) {
        config.tls_cert = cert_file;
        config.tls_key = key_file;
    }
    w->server = server_open(&config, &e);
    if (!w->server)
        fail_msg("%s", e.text);
    server_add_socket_path(w->server, "/ws", false);
}

/* ---- the client ------------------------------------------------------------------------------ */

static void on_open(ws_client *c, void *ctx)
{
    world *w = ctx;
    (void)c;
    w->opened++;
    if (!w->want)
        loop_stop();
}

static void on_message(ws_client *c, const char *text, size_t len, void *ctx)
{
    world *w = ctx;
    assert_int_equal(text[len], 0);
    if (w->expected) {
        assert_int_equal(len, w->expected_len);
        assert_memory_equal(text, w->expected, len);
    }
    w->bytes += len;
    w->messages++;
    if (w->close_on_message) {
        ws_client_close(c);
        w->client = NULL;
        loop_stop();
    } else if (w->messages == w->want) {
        loop_stop();
    }
}

static void on_closed(ws_client *c, const err *why, void *ctx)
{
    world *w = ctx;
    (void)c;
    assert_false(w->closed);
    w->closed = true;
    w->why = *why;
    loop_stop();
}

static const ws_client_events events = {on_open, on_message, on_closed};

static void open_client(world *w, const char *scheme, const char *host, int port, const char *path,
                        const ws_client_config *config)
{
    char url[200];
    err e;
    snprintf(url, sizeof url, "%s://%s:%d%s", scheme, host, port, path);
    w->client = ws_client_open(url, config, &events, w, &e);
    if (!w->client)
        fail_msg("%s", e.text);
}

static void run(world *w)
{
    loop_timer_start(&w->patience, 20 * NS_PER_SEC, too_long, NULL);
    loop_run();
    loop_timer_stop(&w->patience);
}

static int setup(void **state)
{
    loop_init();
    *state = mem_zero(1, sizeof(world));
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    ws_client_close(w->client);
    server_destroy(w->server);
    lws_glue_finish();
    loop_defer(quit, NULL); /* what is deferred gets its turn */
    loop_run();
    server_socket_release(w->peer);
    free(w->expected);
    free(w);
    loop_finish();
    return 0;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void test_echo(void **state)
{
    world *w = *state;
    start_server(w, false);
    open_client(w, "ws", "127.0.0.1", server_port(w->server), "/ws?token=1", NULL);
    char text[32];
    w->want = 1000;
    for (int i = 0; i < 1000; i++) /* from before it is open */
        assert_true(
            ws_client_send(w->client, text, (size_t)snprintf(text, sizeof text, "message %d", i)));
    run(w);
    assert_int_equal(w->opened, 1);
    assert_int_equal(w->messages, 1000);
    assert_int_equal(w->bytes, 10890);
    w->want++;
    w->expected = mem_strdup("");
    assert_true(ws_client_send(w->client, "", 0));
    run(w);
    assert_int_equal(ws_client_unsent(w->client), 0);
    assert_false(w->closed);
}

static void test_big_message(void **state)
{
    world *w = *state;
    start_server(w, false);
    w->expected_len = 20 << 20;
    w->expected = malloc(w->expected_len);
    for (size_t i = 0; i < w->expected_len; i++)
        w->expected[i] = (char)('a' + i % 23);
    w->want = 2;
    open_client(w, "ws", "127.0.0.1", server_port(w->server), "/ws", NULL);
    assert_true(ws_client_send(w->client, w->expected, w->expected_len));
    assert_true(ws_client_send(w->client, w->expected, w->expected_len));
    run(w);
    assert_false(w->closed);
    assert_int_equal(w->messages, 2);
}

static void test_message_beyond_the_limit(void **state)
{
    world *w = *state;
    start_server(w, false);
    ws_client_config config = ws_client_config_default;
    config.max_message = 100000;
    open_client(w, "ws", "127.0.0.1", server_port(w->server), "/ws", &config);
    char *big = calloc(1, 100001);
    memset(big, 'x', 100001);
    w->want = 2;
    ws_client_send(w->client, big, 100000);
    ws_client_send(w->client, big, 100001);
    free(big);
    run(w);
    assert_int_equal(w->messages, 1);
    assert_true(w->closed);
    assert_string_equal(w->why.code, "too-large");
    assert_false(ws_client_send(w->client, "x", 1));
}

static void test_server_dies(void **state)
{
    world *w = *state;
    start_server(w, false);
    w->mute = w->destroy_on_message = true;
    w->want = 1;
    open_client(w, "ws", "127.0.0.1", server_port(w->server), "/ws", NULL);
    ws_client_send(w->client, "die", 3);
    run(w);
    assert_true(w->closed);
    assert_string_equal(w->why.code, "closed");
    assert_int_equal(w->messages, 0);
}

static void close_peer(void *arg)
{
    world *w = arg;
    server_socket_close(w->peer, 4321, "enough");
}

static void test_server_closes(void **state)
{
    world *w = *state;
    start_server(w, false);
    w->mute = true;
    open_client(w, "ws", "127.0.0.1", server_port(w->server), "/ws", NULL);
    run(w);
    assert_int_equal(w->opened, 1);
    loop_defer(close_peer, w);
    run(w);
    assert_string_equal(w->why.code, "closed");
    assert_non_null(strstr(w->why.text, "4321"));
    assert_non_null(strstr(w->why.text, "enough"));
}

static void test_closed_inside_a_callback(void **state)
{
    world *w = *state;
    start_server(w, false);
    w->close_on_message = true;
    w->want = 5;
    open_client(w, "ws", "127.0.0.1", server_port(w->server), "/ws", NULL);
    for (int i = 0; i < 5; i++)
        ws_client_send(w->client, "x", 1);
    run(w);
    assert_int_equal(w->messages, 1); /* none of the others, and no on_closed */
    assert_false(w->closed);
}

/* A socket that listens but whose backlog nobody takes from, and its port. */
static int silent_listener(int *port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void test_failures_to_connect(void **state)
{
    world *w = *state;
    err e;
    assert_null(ws_client_open("http://127.0.0.1/", NULL, &events, w, &e));
    assert_string_equal(e.code, "invalid");
    assert_null(ws_client_open("ws//x", NULL, &events, w, &e));
    assert_string_equal(e.code, "invalid");

    int port, fd = silent_listener(&port);
    ws_client_config hasty = ws_client_config_default;
    hasty.open_timeout = 50 * NS_PER_MS;
    open_client(w, "ws", "127.0.0.1", port, "/", &hasty);
    run(w);
    assert_string_equal(w->why.code, "timeout");
    ws_client_close(w->client);
    close(fd);

    w->closed = false;
    open_client(w, "ws", "127.0.0.1", port, "/", NULL); /* nobody there any more */
    run(w);
    assert_string_equal(w->why.code, "refused");
    ws_client_close(w->client);

    w->closed = false;
    start_server(w, false);
    open_client(w, "ws", "127.0.0.1", server_port(w->server), "/not-there", NULL);
    run(w);
    assert_string_equal(w->why.code, "protocol");
    assert_int_equal(w->opened, 0);
    ws_client_close(w->client);

    w->closed = false; /* given up before anything came of it */
    open_client(w, "ws", "127.0.0.1", server_port(w->server), "/ws", NULL);
    ws_client_close(w->client);
    w->client = NULL;
    loop_timer pause = {.fn = NULL}; /* for the look-up's thread to end */
    loop_timer_start(&pause, 100 * NS_PER_MS, quit, NULL);
    run(w);
}

/* localhost is often ::1 first, where nobody listens. */
static void test_next_address(void **state)
{
    world *w = *state;
    start_server(w, false);
    open_client(w, "ws", "localhost", server_port(w->server), "/ws", NULL);
    run(w);
    if (w->closed)
        fail_msg("%s", w->why.text);
    assert_int_equal(w->opened, 1);
}

static void test_silence(void **state)
{
    world *w = *state;
    start_server(w, false);
    ws_client_config config = ws_client_config_default;
    config.ping_interval = 30 * NS_PER_MS;
    open_client(w, "ws", "127.0.0.1", server_port(w->server), "/ws", &config);
    run(w);
    assert_int_equal(w->opened, 1);
    loop_timer pause = {.fn = NULL};
    loop_timer_start(&pause, 150 * NS_PER_MS, quit, NULL);
    run(w);
    assert_false(w->closed); /* the server answers pings */
}

static void test_tls(void **state)
{
    world *w = *state;
    start_server(w, true);
    open_client(w, "wss", "127.0.0.1", server_port(w->server), "/ws", NULL);
    run(w);
    assert_true(w->closed); /* nobody vouches for the certificate */
    assert_string_equal(w->why.code, "tls");
    assert_int_equal(w->opened, 0);
}

static void test_trusted_tls(void **state)
{
    world *w = *state;
    setenv("SSL_CERT_FILE", cert_file, 1);
    start_server(w, true);
    w->want = 1;
    open_client(w, "wss", "localhost", server_port(w->server), "/ws", NULL);
    ws_client_send(w->client, "secret", 6);
    run(w);
    if (w->closed)
        fail_msg("%s", w->why.text);
    assert_int_equal(w->messages, 1);
    unsetenv("SSL_CERT_FILE");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_echo),
        TEST(test_big_message),
        TEST(test_message_beyond_the_limit),
        TEST(test_server_dies),
        TEST(test_server_closes),
        TEST(test_closed_inside_a_callback),
        TEST(test_failures_to_connect),
        TEST(test_next_address),
        TEST(test_silence),
        TEST(test_tls),
        TEST(test_trusted_tls),
    };
    return cmocka_run_group_tests_name("ws_client", tests, make_certificate, remove_certificate);
}
