/* HTTPS: certificates that are good, bad and ugly, made on the spot; what is told of them. */
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "test_http_client.h"
#include "test_http_server.h"

typedef struct authority {
    X509 *certificate;
    EVP_PKEY *key;
    char *pem;
} authority;

static authority ca;
static test_server good, expired, early, self_signed, elsewhere, stranger;

static void add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, nid, (char *)value);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
}

/* Valid from and until so many days from now; signed by `by`, or by itself where that is NULL. */
static authority make_certificate(const char *name, const char *alt, int from, int until,
                                  const authority *by)
{
    static long serial = 1;
    authority a = {.certificate = X509_new(), .key = EVP_EC_gen("P-256")};
    X509 *x = a.certificate;
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x), from * 86400L);
    X509_gmtime_adj(X509_getm_notAfter(x), until * 86400L);
    X509_set_pubkey(x, a.key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(by ? by->certificate : x));
    if (alt)
        add_extension(x, by ? by->certificate : x, NID_subject_alt_name, alt);
    else
        add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(x, by ? by->key : a.key, EVP_sha256());
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, x);
    char *text;
    long len = BIO_get_mem_data(bio, &text);
    a.pem = strndup(text, (size_t)len);
    BIO_free(bio);
    return a;
}

static void authority_finish(authority *a)
{
    X509_free(a->certificate);
    EVP_PKEY_free(a->key);
    free(a->pem);
}

static void serve(test_server *s, const char *alt, int from, int until, const authority *by)
{
    authority a = make_certificate("shop.example Café", alt, from, until, by);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, a.certificate);
    SSL_CTX_use_PrivateKey(context, a.key);
    server_start(s, context);
    authority_finish(&a);
}

static http_options get(const test_server *s, const char *path)
{
    static char url[256];
    http_options o = http_options_default;
    snprintf(url, sizeof url, "https://localhost:%d%s", s->port, path);
    o.url = url;
    o.ca_pem = ca.pem;
    return o;
}

static const char *day(int from_now)
{
    static char text[16];
    time_t when = time(NULL) + from_now * 86400L;
    strftime(text, sizeof text, "%Y-%m-%d", gmtime(&when));
    return text;
}

static void good_certificates_are_told_of(void **state)
{
    (void)state;
    test_fetch f;
    http_options o = get(&good, "/hello");
    for (int i = 0; i < 2; i++) { /* also on a connection that is used again */
        const http_answer *a = fetch_good(&f, &o);
        assert_int_equal(a->reused, i);
        assert_true(body_is(a, "hello"));
        assert_int_equal(a->timings.tls > 0, !i);
        assert_non_null(a->certificate);
        assert_string_equal(a->certificate->subject, "CN=shop.example Café");
        assert_string_equal(a->certificate->issuer, "CN=Test authority");
        assert_string_equal(a->certificate->names, "localhost, www.localhost, 127.0.0.1");
        assert_string_equal(a->certificate->verify, "ok");
        assert_string_equal(a->certificate->protocol, "TLSv1.3");
        assert_memory_equal(a->certificate->not_after, day(30), 10);
        assert_memory_equal(a->certificate->not_before, day(-1), 10);
        assert_int_equal(strlen(a->certificate->not_after), 20);
        fetch_done(&f);
    }
}

static void bad_certificates_are_explained(void **state)
{
    (void)state;
    http_options o = get(&expired, "/hello");
    FAILS(&o, "tls", "TLS: the certificate of localhost has expired on ", day(-2),
          "CN=Test authority");
    o = get(&early, "/hello");
    FAILS(&o, "tls", "is valid only from ", day(5), "clock");
    o = get(&self_signed, "/hello");
    FAILS(&o, "tls", "the certificate of localhost is self-signed (CN=shop.example Café)");
    o = get(&elsewhere, "/hello");
    FAILS(&o, "tls", "the certificate of localhost is not for that name but for other.example");
    o = get(&stranger, "/hello");
    FAILS(&o, "tls", "not signed by an authority that this machine trusts", "CN=Unknown authority");
    o = get(&good, "/hello");
    o.fresh = true;
    o.ca_pem = NULL; /* the system's authorities */
    FAILS(&o, "tls", "not signed by an authority that this machine trusts");
}

static void any_certificate_will_do_when_asked(void **state)
{
    (void)state;
    test_fetch f;
    http_options o = get(&expired, "/hello");
    o.insecure = true;
    const http_answer *a = fetch_good(&f, &o);
    assert_string_equal(a->certificate->verify, "not checked");
    assert_memory_equal(a->certificate->not_after, day(-2), 10);
    fetch_done(&f);
    o.insecure = false; /* that connection is still open, and must not serve */
    FAILS(&o, "tls", "has expired");
}

static void failures_after_the_handshake_are_no_tls_failures(void **state)
{
    (void)state;
    http_options o = get(&good, "/no-answer");
    o.total_timeout = 100 * NS_PER_MS;
    o.fresh = true;
    FAILS(&o, "timeout", "waiting for the first byte from 127.0.0.1:", "(localhost)");
    o = get(&good, "/partial");
    FAILS(&o, "closed", "before the whole answer had come");
}

static void redirects_cross_into_plain_http(void **state)
{
    (void)state;
    test_server plain;
    test_fetch f;
    server_start(&plain, NULL);
    char path[100];
    snprintf(path, sizeof path, "/to/302/http://localhost:%d/hello", plain.port);
    http_options o = get(&good, path);
    const http_answer *a = fetch_good(&f, &o);
    assert_null(a->certificate); /* facts are of the last hop */
    assert_true(a->timings.tls == 0);
    fetch_done(&f);
    server_stop(&plain);
}

static int open_all(void **state)
{
    http_tests_open(state);
    ca = make_certificate("Test authority", NULL, -10, 100, NULL);
    authority unknown = make_certificate("Unknown authority", NULL, -10, 100, NULL);
    serve(&good, "DNS:localhost,DNS:www.localhost,IP:127.0.0.1", -1, 30, &ca);
    serve(&expired, "DNS:localhost", -30, -2, &ca);
    serve(&early, "DNS:localhost", 5, 30, &ca);
    serve(&self_signed, "DNS:localhost", -1, 30, NULL);
    serve(&elsewhere, "DNS:other.example", -1, 30, &ca);
    serve(&stranger, "DNS:localhost", -1, 30, &unknown);
    authority_finish(&unknown);
    return 0;
}

static int close_all(void **state)
{
    http_tests_close(state);
    test_server *all[] = {&good, &expired, &early, &self_signed, &elsewhere, &stranger};
    for (size_t i = 0; i < 6; i++)
        server_stop(all[i]);
    authority_finish(&ca);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_certificates_are_told_of),
        cmocka_unit_test(bad_certificates_are_explained),
        cmocka_unit_test(any_certificate_will_do_when_asked),
        cmocka_unit_test(failures_after_the_handshake_are_no_tls_failures),
        cmocka_unit_test(redirects_cross_into_plain_http),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
