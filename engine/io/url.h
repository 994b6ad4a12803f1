/*
 * URLs after RFC 3986, with the leniency towards links found in pages that browsers have (WHATWG):
 * white space around, tabs and line breaks inside, back slashes, and bytes that should have been
 * percent-encoded. Pure functions. Used by bind/bind_codec.c; everything above sees URLs through
 * sys.codec.url_*.
 */
#ifndef NANO_IO_URL_H
#define NANO_IO_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* A run of bytes inside the text that was parsed; at is NULL when the part is absent. */
typedef struct url_part {
    const char *at;
    size_t len;
} url_part;

typedef struct url {
    url_part scheme;   /* as written: compare without case */
    url_part userinfo; /* "name:password", still encoded */
    url_part host;     /* as written; an IPv6 address without its brackets */
    int port;          /* -1: not given */
    url_part path;     /* "" or starts with "/" when there is a host */
    url_part query;    /* without "?" */
    url_part fragment; /* without "#" */
} url;

/* Splits an absolute URL. out points into text. Code "invalid": no scheme, no host where the scheme
 * needs one (http, https, ws, wss), control characters or spaces, a port out of range. */
bool url_parse(const char *text, size_t len, url *out, err *e);

/* Appends the absolute URL that the reference ref means in a document at base (RFC 3986 5.2). ref
 * is cleaned as a browser does; the result is plain ASCII without spaces. Code "invalid": base or
 * the result is not a URL. */
bool url_join(buf *out, const char *base, size_t base_len, const char *ref, size_t ref_len, err *e);

#endif
