/* io/codec and io/url: published vectors, round trips of random bytes, and what must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "io/codec.h"
#include "io/url.h"

/* A small generator with a fixed seed: a failing round trip can be run again. */
static uint32_t seed = 20240607;
static unsigned next_random(unsigned below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static void fill(unsigned char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        data[i] = (unsigned char)next_random(256);
}

static void assert_buf(buf *b, const char *expected)
{
    assert_string_equal(buf_cstr(b), expected);
    assert_int_equal(b->len, strlen(expected));
    buf_finish(b);
}

static void base64_vectors(void **state)
{
    (void)state;
    /* RFC 4648, section 10 */
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        buf b = {0};
        codec_base64(&b, vectors[i][0], strlen(vectors[i][0]));
        assert_buf(&b, vectors[i][1]);
        assert_true(codec_unbase64(&b, vectors[i][1], strlen(vectors[i][1]), NULL));
        assert_buf(&b, vectors[i][0]);
    }
}

static void base64_lenient_forms(void **state)
{
    (void)state;
    buf b = {0};
    assert_true(codec_unbase64(&b, "-_-_", 4, NULL));
    assert_memory_equal(b.data, "\xfb\xff\xbf", 3);
    buf_finish(&b);
    assert_true(codec_unbase64(&b, "Zm9v\r\n Yg", 9, NULL));
    assert_buf(&b, "foob");
}

static void base64_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z", "Zg=", "Zg===", "Z===", "Zm9v=", "Zg==Zg==", "Zm9*", "=", "Zm\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        buf b = {0};
        buf_append_str(&b, "kept");
        err e = {0};
        assert_false(codec_unbase64(&b, bad[i], strlen(bad[i]), &e));
        assert_string_equal(e.code, "invalid");
        assert_buf(&b, "kept");
    }
}

static void encodings_round_trip(void **state)
{
    (void)state;
    unsigned char data[4000];
    for (int round = 0; round < 200; round++) {
        size_t len = next_random(sizeof data);
        fill(data, len);
        buf coded = {0}, back = {0};
        codec_base64(&coded, data, len);
        assert_int_equal(coded.len, (len + 2) / 3 * 4);
        assert_true(codec_unbase64(&back, buf_cstr(&coded), coded.len, NULL));
        codec_hex(&coded, data, len);
        size_t at = (len + 2) / 3 * 4;
        assert_true(codec_unhex(&back, coded.data + at, coded.len - at, NULL));
        at = coded.len;
        codec_url_encode(&coded, (char *)data, len);
        codec_url_decode(&back, coded.data + at, coded.len - at);
        at = coded.len;
        codec_gzip(&coded, data, len, 1 + round % 9);
        assert_true(codec_gunzip(&back, coded.data + at, coded.len - at, len, NULL));
        at = coded.len;
        codec_deflate(&coded, data, len, 1 + round % 9);
        assert_true(codec_gunzip(&back, coded.data + at, coded.len - at, len, NULL));
        assert_int_equal(back.len, 5 * len);
        for (int i = 0; i < 5; i++)
            assert_memory_equal(back.data + (size_t)i * len, data, len);
        buf_finish(&coded);
        buf_finish(&back);
    }
}

static void large_data_round_trip(void **state)
{
    (void)state;
    size_t len = 7 * 1000 * 1000 + 1; /* over base64's slice and many inflate turns */
    buf data = {0}, coded = {0}, back = {0};
    fill((unsigned char *)buf_reserve(&data, len), len / 2);
    memset(data.data + len / 2, 'x', len - len / 2);
    codec_base64(&coded, data.data, len);
    assert_true(codec_unbase64(&back, coded.data, coded.len, NULL));
    assert_int_equal(back.len, len);
    assert_memory_equal(back.data, data.data, len);
    coded.len = back.len = 0;
    codec_gzip(&coded, data.data, len, 6);
    assert_true(coded.len < len * 6 / 10);
    assert_true(codec_gunzip(&back, coded.data, coded.len, len, NULL));
    assert_int_equal(back.len, len);
    assert_memory_equal(back.data, data.data, len);
    buf_finish(&data);
    buf_finish(&coded);
    buf_finish(&back);
}

static void hex_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {"0", "0g", "g0", "00 ", "0x00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        buf b = {0};
        assert_false(codec_unhex(&b, bad[i], strlen(bad[i]), NULL));
        assert_int_equal(b.len, 0);
        buf_finish(&b);
    }
    buf b = {0};
    assert_true(codec_unhex(&b, "4e61NEO0", 8, NULL) == false); /* O is not 0 */
    assert_true(codec_unhex(&b, "4e614E", 6, NULL));
    assert_buf(&b, "NaN");
}

static void hash_vectors(void **state)
{
    (void)state;
    unsigned char digest[CODEC_SHA256_SIZE];
    buf b = {0};
    codec_sha256("abc", 3, digest); /* FIPS 180-2, B.1 */
    codec_hex(&b, digest, sizeof digest);
    assert_buf(&b, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    codec_sha256("", 0, digest);
    codec_hex(&b, digest, sizeof digest);
    assert_buf(&b, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    /* RFC 4231, cases 1, 2 and 6 (a key longer than the block) */
    unsigned char key[131];
    memset(key, 0x0b, 20);
    codec_hmac_sha256(key, 20, "Hi There", 8, digest);
    codec_hex(&b, digest, sizeof digest);
    assert_buf(&b, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    codec_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, digest);
    codec_hex(&b, digest, sizeof digest);
    assert_buf(&b, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    codec_hmac_sha256(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
                      digest);
    codec_hex(&b, digest, sizeof digest);
    assert_buf(&b, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    codec_hmac_sha256("", 0, "", 0, digest); /* an empty key is a key */
    codec_hex(&b, digest, sizeof digest);
    assert_buf(&b, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void equal_and_crc(void **state)
{
    (void)state;
    assert_true(codec_equal("", 0, "", 0));
    assert_true(codec_equal("a\0b", 3, "a\0b", 3));
    assert_false(codec_equal("a\0b", 3, "a\0c", 3));
    assert_false(codec_equal("ab", 2, "abc", 3));
    assert_int_equal(codec_crc32("123456789", 9), 0xcbf43926); /* the check value of CRC-32 */
    assert_int_equal(codec_crc32("", 0), 0);
}

static void gunzip_refuses(void **state)
{
    (void)state;
    buf packed = {0}, out = {0};
    char zeros[5000] = {0};
    codec_gzip(&packed, zeros, sizeof zeros, 9);
    err e = {0};
    assert_false(codec_gunzip(&out, packed.data, packed.len, sizeof zeros - 1, &e));
    assert_string_equal(e.code, "too-large");
    assert_true(codec_gunzip(&out, packed.data, packed.len, sizeof zeros, &e));
    for (size_t cut = 0; cut < packed.len; cut++) {
        out.len = 0;
        assert_false(codec_gunzip(&out, packed.data, cut, sizeof zeros, &e));
        assert_string_equal(e.code, "invalid");
        assert_int_equal(out.len, 0);
    }
    packed.data[packed.len - 6] ^= 1; /* in the checksum */
    assert_false(codec_gunzip(&out, packed.data, packed.len, sizeof zeros, &e));
    assert_string_equal(e.code, "invalid");
    assert_false(codec_gunzip(&out, "<html>", 6, 100, &e));
    assert_string_equal(e.code, "invalid");
    buf_finish(&packed);
    buf_finish(&out);
}

static void gunzip_reads_members(void **state)
{
    (void)state;
    buf packed = {0}, out = {0};
    codec_gzip(&packed, "snow", 4, 6);
    codec_gzip(&packed, "board", 5, 6);
    assert_true(codec_gunzip(&out, packed.data, packed.len, 100, NULL));
    assert_buf(&out, "snowboard");
    buf_finish(&packed);
}

static void percent_encoding(void **state)
{
    (void)state;
    buf b = {0};
    codec_url_encode(&b, "a b&c/d?e=f~\xc3\xa9+", 15);
    assert_buf(&b, "a%20b%26c%2Fd%3Fe%3Df~%C3%A9%2B");
    codec_url_decode(&b, "a+b%2", 5);
    assert_buf(&b, "a+b%2");
    codec_url_decode(&b, "%zz%41%4", 8);
    assert_buf(&b, "%zzA%4");
}

static void assert_url(const char *text, const char *expected)
{
    url u;
    err e = {0};
    buf b = {0};
    if (!url_parse(text, strlen(text), &u, &e)) {
        buf_append_str(&b, e.code);
    } else {
        const url_part parts[] = {u.scheme, u.userinfo, u.host, u.path, u.query, u.fragment};
        for (size_t i = 0; i < 6; i++)
            buf_printf(&b, "%s%.*s", i ? "|" : "", parts[i].at ? (int)parts[i].len : 1,
                       parts[i].at ? parts[i].at : "-");
        buf_printf(&b, "|%d", u.port);
    }
    assert_buf(&b, expected);
}

static void url_parts(void **state)
{
    (void)state;
    assert_url("https://u:p@shop.test:8443/a/b?c=d#e", "https|u:p|shop.test|/a/b|c=d|e|8443");
    assert_url("http://shop.test", "http|-|shop.test||-|-|-1");
    assert_url("http://shop.test?#", "http|-|shop.test||||-1");
    assert_url("http://[::1]:80/", "http|-|::1|/|-|-|80");
    assert_url("http://a@b@c/", "http|a@b|c|/|-|-|-1");
    assert_url("http://shop.test:/x", "http|-|shop.test|/x|-|-|-1");
    assert_url("mailto:a@b.test", "mailto|-|-|a@b.test|-|-|-1");
    assert_url("data:text/plain,x", "data|-|-|text/plain,x|-|-|-1");
    assert_url("file:///etc/hosts", "file|-||/etc/hosts|-|-|-1");
    static const char *const bad[] = {"",
                                      "shop.test",
                                      "/path",
                                      "http:",
                                      "http://",
                                      "http:///x",
                                      "http://a b/",
                                      "http://a:65536/",
                                      "http://a:8x",
                                      "http://[::1",
                                      "http://[::1]x",
                                      "http://a\\b/",
                                      "1http://a/",
                                      "http://a\n.test/",
                                      "://a",
                                      "http://%41/"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_url(bad[i], "invalid");
}

static void assert_join(const char *base, const char *ref, const char *expected)
{
    buf b = {0};
    err e = {0};
    if (!url_join(&b, base, strlen(base), ref, strlen(ref), &e))
        buf_append_str(&b, e.code);
    assert_buf(&b, expected);
}

static void url_join_rfc3986(void **state)
{
    (void)state;
    /* sections 5.4.1 and 5.4.2; "http:g" in its backward-compatible reading, which is the browsers'
     */
    static const char *const cases[][2] = {
        {"g:h", "g:h"},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"},
        {"g#s", "http://a/b/c/g#s"},
        {"g?y#s", "http://a/b/c/g?y#s"},
        {";x", "http://a/b/c/;x"},
        {"g;x", "http://a/b/c/g;x"},
        {"g;x?y#s", "http://a/b/c/g;x?y#s"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {".g", "http://a/b/c/.g"},
        {"g..", "http://a/b/c/g.."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"g#s/./x", "http://a/b/c/g#s/./x"},
        {"g#s/../x", "http://a/b/c/g#s/../x"},
        {"http:g", "http://a/b/c/g"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_join("http://a/b/c/d;p?q", cases[i][0], cases[i][1]);
}

static void url_join_as_browsers_do(void **state)
{
    (void)state;
    assert_join("https://shop.test", "cart", "https://shop.test/cart");
    assert_join("https://shop.test", "", "https://shop.test");
    assert_join("https://shop.test/x", " \n/products/a b\t ", "https://shop.test/products/a%20b");
    assert_join("https://shop.test/x", "/caf\xc3\xa9?q=\xc3\xa9",
                "https://shop.test/caf%C3%A9?q=%C3%A9");
    assert_join("https://shop.test/x", "\\\\other.test\\a?b\\c", "https://other.test/a?b\\c");
    assert_join("https://shop.test/x", "HTTPS://Other.test/", "https://Other.test/");
    assert_join("https://shop.test/x", "mailto:a@shop.test", "mailto:a@shop.test");
    assert_join("https://shop.test/x", "javascript:void(0)", "javascript:void(0)");
    assert_join("https://shop.test/x", "http://", "invalid");
    assert_join("https://shop.test/x", "//", "invalid");
    assert_join("shop.test", "/x", "invalid");
}

static void uuids_differ(void **state)
{
    (void)state;
    char a[CODEC_UUID_SIZE], b[CODEC_UUID_SIZE];
    codec_uuid(a);
    codec_uuid(b);
    assert_int_equal(strlen(a), 36);
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_vectors),        cmocka_unit_test(base64_lenient_forms),
        cmocka_unit_test(base64_refuses),        cmocka_unit_test(encodings_round_trip),
        cmocka_unit_test(large_data_round_trip), cmocka_unit_test(hex_refuses),
        cmocka_unit_test(hash_vectors),          cmocka_unit_test(equal_and_crc),
        cmocka_unit_test(gunzip_refuses),        cmocka_unit_test(gunzip_reads_members),
        cmocka_unit_test(percent_encoding),      cmocka_unit_test(url_parts),
        cmocka_unit_test(url_join_rfc3986),      cmocka_unit_test(url_join_as_browsers_do),
        cmocka_unit_test(uuids_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
