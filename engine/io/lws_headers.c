/*
 * lws_headers.c: see lws_headers.h.
 *
 * How the names of unknown headers are found: libwebsockets keeps them in the table's block as
 * 16-bit name length, 16-bit value length, 32-bit link, name with ":", value, but exports neither
 * the links nor an enumeration. The request's path lies in the same block, the blocks are aligned
 * to their size (lws_headers_allocate), so the block's bounds follow from the path's address.
 * Whatever looks like such a record in it is only a guess, old bytes of other requests included: it
 * counts if lws_hdr_custom_length, asked for that very name, says that this request has it.
 */
#include "io/lws_headers.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "io/lws_glue.h"

static const struct {
    const char *name;
    enum lws_token_indexes token;
} methods[] = {
    /* in the order of lws_http_get_uri_and_method's results */
    {"GET", WSI_TOKEN_GET_URI},         {"POST", WSI_TOKEN_POST_URI},
    {"OPTIONS", WSI_TOKEN_OPTIONS_URI}, {"PUT", WSI_TOKEN_PUT_URI},
    {"PATCH", WSI_TOKEN_PATCH_URI},     {"DELETE", WSI_TOKEN_DELETE_URI},
    {"CONNECT", WSI_TOKEN_CONNECT},     {"HEAD", WSI_TOKEN_HEAD_URI},
};

/* One value at a time is copied through here; the loop has one thread. */
static char scratch[LWS_GLUE_HEADER_BYTES + 1];

void *lws_headers_allocate(void *ptr, size_t size, const char *reason)
{
    if (!size) {
        free(ptr);
        return NULL;
    }
    if (!ptr && size == LWS_GLUE_HEADER_BYTES && strcmp(reason, "ah data") == 0)
        return posix_memalign(&ptr, LWS_GLUE_HEADER_BYTES, LWS_GLUE_HEADER_BYTES) ? NULL : ptr;
    return realloc(ptr, size);
}

static int method_index(struct lws *wsi, char **uri)
{
    int len;
    int n = lws.http_get_uri_and_method(wsi, uri, &len);
    return n >= 0 && n < (int)(sizeof methods / sizeof *methods) ? n : -1;
}

const char *lws_headers_method(struct lws *wsi)
{
    char *uri;
    int n = method_index(wsi, &uri);
    return n < 0 || methods[n].token == WSI_TOKEN_CONNECT ? NULL : methods[n].name;
}

bool lws_headers_complete(struct lws *wsi)
{
    return lws.hdr_total_length(wsi, WSI_TOKEN_HTTP) > 0;
}

bool lws_headers_http11(struct lws *wsi)
{
    char version[16];
    return lws_headers_get(wsi, WSI_TOKEN_HTTP, version, sizeof version) &&
           strcmp(version, "HTTP/1.1") == 0;
}

/* Copies the index-th piece of a header; its length, -1 when there is none. */
static int piece(struct lws *wsi, enum lws_token_indexes token, int index)
{
    return lws.hdr_copy_fragment(wsi, scratch, sizeof scratch, token, index);
}

void lws_headers_path(struct lws *wsi, buf *out)
{
    char *uri;
    int n = method_index(wsi, &uri), len;
    if (n < 0)
        return;
    for (int i = 0; (len = piece(wsi, methods[n].token, i)) >= 0; i++) {
        if (i) /* "&" and ";" split paths too */
            buf_append_char(out, '&');
        buf_append(out, scratch, (size_t)len);
    }
}

static void encode(buf *out, const char *text, size_t len)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (isalnum(c) || (c && strchr("-._~/:@?!$'()*,[]", c))) {
            buf_append_char(out, (char)c);
        } else {
            char escape[] = {'%', hex[c >> 4], hex[c & 15]};
            buf_append(out, escape, 3);
        }
    }
}

void lws_headers_query(struct lws *wsi, buf *out)
{
    int len;
    for (int i = 0; (len = piece(wsi, WSI_TOKEN_HTTP_URI_ARGS, i)) >= 0; i++) {
        if (i)
            buf_append_char(out, '&');
        const char *equals = memchr(scratch, '=', (size_t)len);
        size_t name = equals ? (size_t)(equals - scratch) : (size_t)len;
        encode(out, scratch, name);
        if (equals) {
            buf_append_char(out, '=');
            encode(out, equals + 1, (size_t)len - name - 1);
        }
    }
}

static const char *trim(const char *text, size_t *len)
{
    while (*len && (*text == ' ' || *text == '\t')) {
        text++;
        --*len;
    }
    while (*len && (text[*len - 1] == ' ' || text[*len - 1] == '\t'))
        --*len;
    return text;
}

/* The whole value of a known header in out; false if it does not fit. */
static bool join(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size,
                 size_t *total)
{
    const char *separator = token == WSI_TOKEN_HTTP_COOKIE ? "; " : ", ";
    size_t at = 0;
    int n;
    for (int i = 0; (n = piece(wsi, token, i)) >= 0; i++) {
        size_t len = (size_t)n;
        const char *text = trim(scratch, &len);
        if (at + len + 3 > size)
            return false;
        if (i) {
            memcpy(out + at, separator, 2);
            at += 2;
        }
        memcpy(out + at, text, len);
        at += len;
    }
    out[at] = '\0';
    *total = at;
    return true;
}

bool lws_headers_get(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size)
{
    size_t len;
    return lws.hdr_total_length(wsi, token) > 0 && join(wsi, token, out, size, &len);
}

static bool is_header(enum lws_token_indexes token)
{
    switch (token) {
    case WSI_TOKEN_GET_URI:
    case WSI_TOKEN_POST_URI:
    case WSI_TOKEN_OPTIONS_URI:
    case WSI_TOKEN_PATCH_URI:
    case WSI_TOKEN_PUT_URI:
    case WSI_TOKEN_DELETE_URI:
    case WSI_TOKEN_CONNECT:
    case WSI_TOKEN_HEAD_URI:
    case WSI_TOKEN_HTTP:
    case WSI_TOKEN_HTTP1_0:
    case WSI_TOKEN_HTTP_URI_ARGS:
    case WSI_TOKEN_CHALLENGE: return false;
    default: return token < _WSI_TOKEN_CLIENT_SENT_PROTOCOLS;
    }
}

static void each_known(struct lws *wsi, lws_headers_fn fn, void *ctx)
{
    static char joined[2 * LWS_GLUE_HEADER_BYTES];
    for (int token = 0; token < WSI_TOKEN_COUNT; token++) {
        size_t len;
        if (lws.hdr_total_length(wsi, token) <= 0 || !is_header(token))
            continue;
        const char *name = (const char *)lws.token_to_string(token);
        size_t name_len = name ? strcspn(name, ":") : 0;
        if (name_len && join(wsi, token, joined, sizeof joined, &len))
            fn(ctx, name, name_len, joined, len);
    }
}

/* The length (with its ":") of the unknown header's name that ends at colon; 0 if this request has
 * no such header. */
static size_t name_ending_at(struct lws *wsi, const unsigned char *block, size_t colon)
{
    for (size_t start = colon; start-- > 8;) {
        unsigned char c = block[start];
        size_t len = colon - start + 1;
        if (c <= ' ' || c >= 0x7f || c == ':')
            return 0;
        if ((size_t)(block[start - 8] << 8 | block[start - 7]) == len &&
            lws.hdr_custom_length(wsi, (const char *)block + start, (int)len) > 0)
            return len;
    }
    return 0;
}

typedef struct seen_names {
    size_t count;
    struct {
        const char *name;
        size_t len;
    } list[96];
} seen_names;

/* Old bytes of the block can name a header once more. */
static bool seen_before(seen_names *seen, const char *name, size_t len)
{
    for (size_t i = 0; i < seen->count; i++)
        if (seen->list[i].len == len && memcmp(seen->list[i].name, name, len) == 0)
            return true;
    if (seen->count == sizeof seen->list / sizeof *seen->list)
        return true;
    seen->list[seen->count].name = name;
    seen->list[seen->count++].len = len;
    return false;
}

static void each_unknown(struct lws *wsi, lws_headers_fn fn, void *ctx)
{
    char *uri;
    if (method_index(wsi, &uri) < 0)
        return;
    const unsigned char *block = (const unsigned char *)((uintptr_t)uri &
                                                         ~(uintptr_t)(LWS_GLUE_HEADER_BYTES - 1));
    seen_names seen = {.count = 0};
    for (size_t at = 0; at < LWS_GLUE_HEADER_BYTES; at++) {
        const unsigned char *colon = memchr(block + at, ':', LWS_GLUE_HEADER_BYTES - at);
        if (!colon)
            return;
        at = (size_t)(colon - block);
        size_t len = name_ending_at(wsi, block, at);
        const char *name = (const char *)colon + 1 - len;
        if (!len || seen_before(&seen, name, len))
            continue;
        int n = lws.hdr_custom_copy(wsi, scratch, sizeof scratch, name, (int)len);
        size_t value_len = n > 0 ? strnlen(scratch, (size_t)n) : 0;
        const char *value = trim(scratch, &value_len);
        if (value_len)
            fn(ctx, name, len - 1, value, value_len);
    }
}

void lws_headers_each(struct lws *wsi, lws_headers_fn fn, void *ctx)
{
    each_known(wsi, fn, ctx);
    each_unknown(wsi, fn, ctx);
}
