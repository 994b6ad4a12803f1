/*
 * Encodings, hashes and compression: thin, uniform wrappers over OpenSSL and zlib. Pure functions
 * of their arguments, thread-safe, except codec_random. Used by bind/bind_codec.c,
 * bind/bind_random.c and other io code.
 *
 * Functions that produce bytes append them to `out` (the caller owns it); on failure `out` keeps
 * what it had.
 */
#ifndef NANO_IO_CODEC_H
#define NANO_IO_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define CODEC_SHA256_SIZE 32
#define CODEC_UUID_SIZE 37 /* 36 characters and the NUL */

/* Standard alphabet, padded, no line breaks. */
void codec_base64(buf *out, const void *data, size_t len);
/* Takes both the standard and the URL-safe alphabet, with or without padding; skips white space.
 * Code "invalid" on anything else. */
bool codec_unbase64(buf *out, const char *text, size_t len, err *e);

/* Lower-case hexadecimal. */
void codec_hex(buf *out, const void *data, size_t len);
/* Either case; code "invalid" on an odd length or another character. */
bool codec_unhex(buf *out, const char *text, size_t len, err *e);

void codec_sha256(const void *data, size_t len, unsigned char digest[CODEC_SHA256_SIZE]);
void codec_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
                       unsigned char digest[CODEC_SHA256_SIZE]);
/* Compares in a time that depends on the lengths alone. */
bool codec_equal(const void *a, size_t a_len, const void *b, size_t b_len);

/* A gzip member without name or time, so that equal input gives equal output. level 1 to 9. */
void codec_gzip(buf *out, const void *data, size_t len, int level);
/* A zlib stream (RFC 1950), as HTTP "deflate" and PNG want it. */
void codec_deflate(buf *out, const void *data, size_t len, int level);
/* Reads gzip (several members too) and zlib streams, told apart by their header. Codes: "invalid"
 * (not such a stream, damaged, cut short), "too-large" (more than max bytes would come out). */
bool codec_gunzip(buf *out, const void *data, size_t len, size_t max, err *e);
uint32_t codec_crc32(const void *data, size_t len);

/* Percent-encodes everything but RFC 3986's unreserved characters. */
void codec_url_encode(buf *out, const char *text, size_t len);
/* Decodes %XX; a percent sign without two hex digits stays as it is, "+" stays "+". */
void codec_url_decode(buf *out, const char *text, size_t len);

/* len unpredictable bytes. Without a source of randomness the process ends: nothing safe could go
 * on. */
void codec_random(void *out, size_t len);
/* A random (version 4) UUID in lower case, NUL-terminated. */
void codec_uuid(char out[CODEC_UUID_SIZE]);

#endif
