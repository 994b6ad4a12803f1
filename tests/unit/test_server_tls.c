/* io/server over TLS. */
#include "server_fixture.h"

#include <openssl/ssl.h>

#include "test_cert.h"

static void respond_long(fixture *f, const server_request *r)
{
    err e;
    assert_true(r->tls);
    size_t len = strcmp(r->path, "/long") == 0 ? 5000000 : r->body_len;
    char *text = malloc(len + 1);
    memset(text, 't', len);
    if (len == r->body_len)
        memcpy(text, r->body, len);
    assert_true(server_respond(f->server, r->id, 200, NULL, 0, text, len, &e));
    free(text);
}

static size_t tls_ask(SSL *ssl, const char *request, char *out, size_t size)
{
    assert_true(SSL_write(ssl, request, (int)strlen(request)) > 0);
    size_t at = 0;
    for (;;) {
        int n = SSL_read(ssl, out + at, (int)(size - 1 - at));
        assert_true(n > 0);
        at += (size_t)n;
        out[at] = '\0';
        char *body = strstr(out, "\r\n\r\n");
        const char *length = strstr(out, "Content-Length: ");
        if (body && length && at == (size_t)(body + 4 - out) + strtoul(length + 16, NULL, 10))
            return (size_t)(out + at - body - 4);
    }
}

static void test_tls(void **state)
{
    (void)state;
    server_config config = server_config_default;
    config.tls_cert = cert_file;
    config.tls_key = key_file;
    fixture *f = fixture_start(&config, respond_long);
    if (!f->server)
        fail_msg("%s", f->why.text);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    static const unsigned char both[] = "\x02h2\x08http/1.1";
    char *out = malloc(6000000);
    for (int i = 0; i < 3; i++) {
        int fd = dial(f);
        SSL *ssl = SSL_new(ctx);
        SSL_set_alpn_protos(ssl, both, sizeof both - 1);
        SSL_set_fd(ssl, fd);
        assert_int_equal(SSL_connect(ssl), 1);
        const unsigned char *chosen;
        unsigned len;
        SSL_get0_alpn_selected(ssl, &chosen, &len);
        assert_int_equal(len, 8); /* http/1.1, although HTTP/2 was offered */
        assert_int_equal(tls_ask(ssl, "GET /long HTTP/1.1\r\nHost: h\r\n\r\n", out, 6000000),
                         5000000);
        for (int n = 0; n < 5; n++)
            assert_int_equal(tls_ask(ssl,
                                     "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody",
                                     out, 6000000),
                             4);
        SSL_free(ssl);
        close(fd);
    }
    /* Something else than TLS, and nothing at all. */
    int fd = dial(f);
    put_text(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    shutdown(fd, SHUT_WR);
    buf rest;
    buf_init(&rest);
    while (get_some(fd, &rest))
        ;
    assert_true(!rest.len || !memmem(rest.data, rest.len, "200 OK", 6));
    buf_finish(&rest);
    close(fd);
    free(out);
    SSL_CTX_free(ctx);
    fixture_stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tls),
    };
    return cmocka_run_group_tests_name("server tls", tests, make_certificate, remove_certificate);
}
