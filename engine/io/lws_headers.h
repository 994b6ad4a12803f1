/*
 * Reading a request out of libwebsockets' header table: target, query and every header with its
 * name, as one would expect of an HTTP server; libwebsockets offers look-ups of known tokens and of
 * unknown headers by name only. Used by server_request.c, from inside the callbacks in which the
 * table is attached.
 *
 * What libwebsockets 4.1.6 does to a request before anybody can look (nothing here can undo it):
 * - The path arrives percent-decoded, with "//", "/./" and "/../" resolved, and with "+" turned
 * into a space.
 * - The query arrives split at "&" and ";" and decoded. lws_headers_query encodes it again: the
 * parameters are what the client sent, byte for byte, but its spelling of them is lost ("+" comes
 * back as "%20"). "=" encoded in a parameter's name comes back as "_".
 * - "%0A" or "%0D" in the target ends the request line (lws_headers_complete tells; answer 400).
 * "%00" and malformed escapes, a request line and headers of together more than
 * LWS_GLUE_HEADER_BYTES, or more than about 90 parameters and headers end the connection without an
 * answer.
 * - An unknown header that is sent twice keeps its first value; a header without a value does not
 * exist.
 * - HTTP/2 drops every header that libwebsockets does not know, X-Hub-Signature-256 for one, so
 * HTTP/2 is not offered.
 */
#ifndef NANO_IO_LWS_HEADERS_H
#define NANO_IO_LWS_HEADERS_H

#include "base/buf.h"
#include "io/lws_load.h"

/* "GET", "POST", "OPTIONS", "PUT", "PATCH", "DELETE" or "HEAD"; NULL when the table holds no
 * request. */
const char *lws_headers_method(struct lws *wsi);
/* Whether the request line was read to its end: it names an HTTP version. */
bool lws_headers_complete(struct lws *wsi);
/* Whether the request is of HTTP/1.1 (else 1.0). */
bool lws_headers_http11(struct lws *wsi);
/* Appends the decoded path. */
void lws_headers_path(struct lws *wsi, buf *out);
/* Appends the query, encoded again, without "?". */
void lws_headers_query(struct lws *wsi, buf *out);
/* The value of a known header, without white space around it; values of repeated ones joined by ",
 * ". False if absent or longer than size - 1. */
bool lws_headers_get(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size);

/* name is in lower case; neither text is NUL-terminated; both are valid during the call. */
typedef void (*lws_headers_fn)(void *ctx, const char *name, size_t name_len, const char *value,
                               size_t value_len);
/* Calls fn once for each header of the request, known ones first. */
void lws_headers_each(struct lws *wsi, lws_headers_fn fn, void *ctx);

/* libwebsockets' allocator (lws_set_allocator): gives header tables an alignment that lets
 * lws_headers_each find them. */
void *lws_headers_allocate(void *ptr, size_t size, const char *reason);

#endif
