/* A certificate of our own: what a browser needs to accept it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "io/codec.h"
#include "io/tls_cert.h"

static X509 *parse(const buf *pem)
{
    BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
    X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(x);
    return x;
}

static void makes_a_pair_for_all_names(void **state)
{
    (void)state;
    const char *const names[] = {"www.facebook.com", "ready.pixels.test"};
    tls_cert made = {0};
    err e;
    assert_true(tls_cert_make(names, 2, 30, &made, &e));
    X509 *x = parse(&made.cert);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(X509_check_host(x, names[i], 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(x, "shop.example", 0, 0, NULL), 0);
    assert_true(X509_cmp_current_time(X509_get0_notBefore(x)) < 0);
    assert_true(X509_cmp_current_time(X509_get0_notAfter(x)) > 0);

    BIO *bio = BIO_new_mem_buf(made.key.data, (int)made.key.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(key);
    assert_int_equal(X509_check_private_key(x, key), 1);
    assert_int_equal(X509_verify(x, key), 1);

    unsigned char *der = NULL, digest[CODEC_SHA256_SIZE];
    int len = i2d_PUBKEY(key, &der);
    codec_sha256(der, (size_t)len, digest);
    OPENSSL_free(der);
    buf text = {0};
    codec_base64(&text, digest, sizeof digest);
    assert_string_equal(buf_cstr(&text), buf_cstr(&made.spki));
    buf_finish(&text);
    EVP_PKEY_free(key);
    X509_free(x);
    tls_cert_finish(&made);
}

static void two_are_not_the_same(void **state)
{
    (void)state;
    const char *const names[] = {"shop.example"};
    tls_cert a = {0}, b = {0};
    assert_true(tls_cert_make(names, 1, 1, &a, NULL));
    assert_true(tls_cert_make(names, 1, 1, &b, NULL));
    assert_string_not_equal(buf_cstr(&a.spki), buf_cstr(&b.spki));
    tls_cert_finish(&a);
    tls_cert_finish(&b);
}

static void refuses_what_is_no_name(void **state)
{
    (void)state;
    const char *const bad[] = {"", "a,DNS:evil.example", "a b", "ü.example"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tls_cert made = {0};
        err e;
        assert_false(tls_cert_make(&bad[i], 1, 1, &made, &e));
        assert_string_equal(e.code, "tls");
        assert_int_equal(made.cert.len + made.key.len + made.spki.len, 0);
    }
    tls_cert made = {0};
    assert_false(tls_cert_make(NULL, 0, 1, &made, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_a_pair_for_all_names),
        cmocka_unit_test(two_are_not_the_same),
        cmocka_unit_test(refuses_what_is_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
