/* codec.c: see codec.h. */
#include "io/codec.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <zlib.h>

#include "base/log.h"
#include "io/crypto_load.h"

static const char hex_digits[] = "0123456789abcdef";

/* For failures of OpenSSL and zlib that only a broken installation or exhausted memory can cause.
 */
static _Noreturn void give_up(const char *what)
{
    log_error("codec.broken", "what=\"%s\"", what);
    abort();
}

void codec_base64(buf *out, const void *data, size_t len)
{
    /* OpenSSL counts in int: feed it slices whose size is a multiple of 3, so that they
     * concatenate. */
    const size_t slice = 3 * (1 << 20);
    const unsigned char *at = data;
    while (len) {
        size_t n = len < slice ? len : slice;
        unsigned char *to = (unsigned char *)buf_reserve(out, (n + 2) / 3 * 4 + 1);
        out->len += (size_t)crypto()->EVP_EncodeBlock(to, at, (int)n);
        at += n;
        len -= n;
    }
}

enum { NO_DIGIT = 64 };

/* By ASCII code; both alphabets. */
static const unsigned char base64_values[128] = {
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 62,
    64, 62, 64, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 64, 64, 64, 64, 0,
    1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
    23, 24, 25, 64, 64, 64, 64, 63, 64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38,
    39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 64, 64, 64, 64, 64,
};

static unsigned base64_value(unsigned char c)
{
    return c < sizeof base64_values ? base64_values[c] : NO_DIGIT;
}

/* Four digits as three bytes; false when something else is among them. A screenshot has half a
 * million digits. */
static bool four_digits(const char *text, unsigned char *to)
{
    const unsigned char *at = (const unsigned char *)text;
    unsigned a = base64_value(at[0]), b = base64_value(at[1]);
    unsigned c = base64_value(at[2]), d = base64_value(at[3]);
    if ((a | b | c | d) & NO_DIGIT)
        return false;
    to[0] = (unsigned char)(a << 2 | b >> 4);
    to[1] = (unsigned char)(b << 4 | c >> 2);
    to[2] = (unsigned char)(c << 6 | d);
    return true;
}

static bool is_space(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool codec_unbase64(buf *out, const char *text, size_t len, err *e)
{
    unsigned char *to = (unsigned char *)buf_reserve(out, len / 4 * 3 + 3);
    uint32_t bits = 0;
    size_t digits = 0, padding = 0, produced = 0;
    for (size_t i = 0; i < len; i++) {
        for (; digits % 4 == 0 && !padding && len - i >= 4 && four_digits(text + i, to + produced);
             i += 4, digits += 4)
            produced += 3;
        if (i == len)
            break;
        unsigned char c = (unsigned char)text[i];
        if (is_space(c))
            continue;
        if (c == '=') {
            padding++;
            continue;
        }
        unsigned value = base64_value(c);
        if (value == NO_DIGIT || padding)
            return err_set(e, "invalid", "not base64: unexpected character at position %zu", i + 1);
        bits = bits << 6 | value;
        if (++digits % 4 == 0) {
            to[produced++] = (unsigned char)(bits >> 16);
            to[produced++] = (unsigned char)(bits >> 8);
            to[produced++] = (unsigned char)bits;
        }
    }
    size_t rest = digits % 4;
    if (rest == 1 || padding > 2 || (padding && (digits + padding) % 4 != 0))
        return err_set(e, "invalid", "not base64: it is cut short or wrongly padded");
    if (rest == 2)
        to[produced++] = (unsigned char)(bits >> 4);
    if (rest == 3) {
        to[produced++] = (unsigned char)(bits >> 10);
        to[produced++] = (unsigned char)(bits >> 2);
    }
    out->len += produced;
    return true;
}

void codec_hex(buf *out, const void *data, size_t len)
{
    const unsigned char *at = data;
    char *to = buf_reserve(out, len * 2);
    for (size_t i = 0; i < len; i++) {
        *to++ = hex_digits[at[i] >> 4];
        *to++ = hex_digits[at[i] & 15];
    }
    out->len += len * 2;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool codec_unhex(buf *out, const char *text, size_t len, err *e)
{
    if (len % 2)
        return err_set(e, "invalid", "not hexadecimal: the number of digits is odd");
    char *to = buf_reserve(out, len / 2);
    for (size_t i = 0; i < len; i += 2) {
        int high = hex_value(text[i]), low = hex_value(text[i + 1]);
        if (high < 0 || low < 0)
            return err_set(e, "invalid", "not hexadecimal: unexpected character at position %zu",
                           i + (high < 0 ? 1 : 2));
        to[i / 2] = (char)(high << 4 | low);
    }
    out->len += len / 2;
    return true;
}

void codec_sha256(const void *data, size_t len, unsigned char digest[CODEC_SHA256_SIZE])
{
    if (!crypto()->EVP_Digest(data, len, digest, NULL, crypto()->EVP_sha256(), NULL))
        give_up("sha256");
}

void codec_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                       unsigned char digest[CODEC_SHA256_SIZE])
{
    /* A NULL key means "the key of the last call" to OpenSSL. */
    if (!crypto()->EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key_len ? key : "", key_len, data,
                             len, digest, CODEC_SHA256_SIZE, NULL))
        give_up("hmac");
}

bool codec_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
    return a_len == b_len && crypto()->CRYPTO_memcmp(a, b, a_len) == 0;
}

/* zlib counts in unsigned int. */
static uInt slice_of(size_t len)
{
    return (uInt)(len < UINT_MAX / 2 ? len : UINT_MAX / 2);
}

static void compress_into(buf *out, const void *data, size_t len, int level, int window_bits)
{
    z_stream z = {0};
    if (deflateInit2(&z, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        give_up("deflate");
    z.next_in = (Bytef *)(uintptr_t)data; /* zlib only reads it */
    int status = Z_OK;
    while (status != Z_STREAM_END) {
        if (!z.avail_in) {
            z.avail_in = slice_of(len);
            len -= z.avail_in;
        }
        z.next_out = (Bytef *)buf_reserve(out, (size_t)deflateBound(&z, z.avail_in) + 64);
        uInt room = slice_of(out->cap - out->len);
        z.avail_out = room;
        status = deflate(&z, len ? Z_NO_FLUSH : Z_FINISH);
        out->len += room - z.avail_out;
        if (status != Z_OK && status != Z_STREAM_END)
            give_up("deflate");
    }
    deflateEnd(&z);
}

void codec_gzip(buf *out, const void *data, size_t len, int level)
{
    compress_into(out, data, len, level, MAX_WBITS + 16);
}

void codec_deflate(buf *out, const void *data, size_t len, int level)
{
    compress_into(out, data, len, level, MAX_WBITS);
}

static bool inflate_into(z_stream *z, buf *out, size_t len, size_t max, err *e)
{
    size_t start = out->len;
    for (;;) {
        if (!z->avail_in) {
            z->avail_in = slice_of(len);
            len -= z->avail_in;
        }
        z->next_out = (Bytef *)buf_reserve(out, 16384);
        uInt room = slice_of(out->cap - out->len);
        z->avail_out = room;
        int status = inflate(z, Z_NO_FLUSH);
        out->len += room - z->avail_out;
        if (out->len - start > max)
            return err_set(e, "too-large",
                           "more than %zu bytes would come out of the compressed data", max);
        if (status == Z_STREAM_END) {
            if (!z->avail_in && !len)
                return true;
            if (inflateReset(z) != Z_OK) /* another gzip member follows */
                give_up("inflate");
        } else if (status == Z_BUF_ERROR ||
                   (status == Z_OK && !z->avail_in && !len && z->avail_out)) {
            return err_set(e, "invalid", "the compressed data is cut short");
        } else if (status != Z_OK) {
            return err_set(e, "invalid", "not gzip or zlib data%s%s", z->msg ? ": " : "",
                           z->msg ? z->msg : "");
        }
    }
}

bool codec_gunzip(buf *out, const void *data, size_t len, size_t max, err *e)
{
    z_stream z = {0};
    if (inflateInit2(&z, MAX_WBITS + 32) != Z_OK)
        give_up("inflate");
    z.next_in = (Bytef *)(uintptr_t)data;
    size_t before = out->len;
    bool ok = inflate_into(&z, out, len, max, e);
    if (!ok)
        out->len = before;
    inflateEnd(&z);
    return ok;
}

uint32_t codec_crc32(const void *data, size_t len)
{
    return (uint32_t)crc32_z(crc32_z(0, NULL, 0), data, len);
}

void codec_url_encode(buf *out, const char *text, size_t len)
{
    static const char upper[] = "0123456789ABCDEF";
    char *to = buf_reserve(out, len * 3), *start = to;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            c == '-' || c == '.' || c == '_' || c == '~') {
            *to++ = (char)c;
        } else {
            *to++ = '%';
            *to++ = upper[c >> 4];
            *to++ = upper[c & 15];
        }
    }
    out->len += (size_t)(to - start);
}

void codec_url_decode(buf *out, const char *text, size_t len)
{
    char *to = buf_reserve(out, len), *start = to;
    for (size_t i = 0; i < len; i++) {
        int high = -1, low = -1;
        if (text[i] == '%' && i + 2 < len) {
            high = hex_value(text[i + 1]);
            low = hex_value(text[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            *to++ = (char)(high << 4 | low);
            i += 2;
        } else {
            *to++ = text[i];
        }
    }
    out->len += (size_t)(to - start);
}

/* From the kernel, not from OpenSSL: its first use reads configuration files, which every start
 * would pay for. */
void codec_random(void *out, size_t len)
{
    unsigned char *at = out;
    while (len) {
        ssize_t n = getrandom(at, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            give_up("random");
        at += n;
        len -= (size_t)n;
    }
}

void codec_uuid(char out[CODEC_UUID_SIZE])
{
    unsigned char b[16];
    codec_random(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* version 4 */
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80); /* variant of RFC 4122 */
    char *to = out;
    for (size_t i = 0; i < sizeof b; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        *to++ = hex_digits[b[i] >> 4];
        *to++ = hex_digits[b[i] & 15];
    }
    *to = '\0';
}
