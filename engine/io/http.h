/*
 * The HTTP client: one request, its redirects, its answer. libcurl does the protocol; this module
 * adds the policy (what may be reached), redirects that are checked hop by hop, limits, phase
 * timings and messages that people understand. Used by bind_http.c. Loop thread; every call returns
 * at once.
 *
 * Life: http_start → notify (see http_notify_fn) → look at the answer → http_destroy. Or
 * http_destroy at any time.
 */
#ifndef NANO_IO_HTTP_H
#define NANO_IO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "io/http_policy.h"

typedef struct http_request http_request;

/* Cookies shared between requests. Counted references. */
typedef struct http_jar http_jar;

typedef struct http_header {
    const char *name;
    const char *value; /* NULL: do not send the header that would be sent by default */
} http_header;

/* What is asked for. All pointers are borrowed for the call of http_start. Zeroed fields are the
 * defaults; start with http_options_default, where some are not zero. */
typedef struct http_options {
    const char *url;            /* absolute, http or https */
    const char *method;         /* NULL: GET */
    const http_header *headers; /* in order; a name may repeat */
    size_t header_count;
    const char *body; /* NULL: none. No content type is sent unless a header names one */
    size_t body_len;
    mono_ns connect_timeout;    /* name, connection and TLS; 0: no limit of its own. Default 10 s */
    mono_ns first_byte_timeout; /* from sending to the first byte of the answer; 0: none */
    mono_ns total_timeout;      /* everything, redirects too; 0: none. Default 30 s */
    uint64_t max_body;          /* bytes after decompression; default 10 MB; 0: none */
    int max_redirects;          /* default 10; 0: a redirect is an answer like any other */
    http_jar *jar;     /* NULL: cookies live as long as this request (its redirects see them) */
    const char *proxy; /* NULL: none; "env": as the environment says; a URL (http, socks5 …) */
    const char *http_version; /* NULL: the best both can. "1.0", "1.1", "2", "2-prior-knowledge" */
    const char *connect_to; /* "host:port" to connect to for the URL's own origin */
    const char *ca_pem;     /* trusted instead of the system's authorities */
    bool insecure;       /* any certificate will do */
    bool fresh;          /* look up, connect and shake hands anew, and close afterwards */
    bool keep_encoded;   /* ask for and return the body as it is, without decompression */
    bool stream;         /* the body is read with http_read while it comes */
    http_policy *policy; /* NULL: everything is allowed */
} http_options;

extern const http_options http_options_default;

typedef enum {
    HTTP_WAITING, /* nothing to see yet */
    HTTP_HEAD,    /* stream only: status and headers are there, the body is coming */
    HTTP_DONE,    /* the answer is complete */
    HTTP_FAILED,  /* see answer->error */
} http_state;

/* Milliseconds of each phase of the last hop; a phase that did not happen (reused connection, no
 * TLS) is 0. */
typedef struct http_timings {
    double redirects;  /* all earlier hops */
    double dns;        /* look-up of the name */
    double connect;    /* TCP (and proxy) */
    double tls;        /* handshake */
    double first_byte; /* from being connected to the first byte: the server's own time */
    double transfer;   /* first to last byte */
    double total;      /* the sum of all */
} http_timings;

typedef struct http_redirect {
    int status;
    char *url; /* where this answer came from */
} http_redirect;

/* The server's certificate in words. */
typedef struct http_certificate {
    char *subject, *issuer; /* RFC 2253: "CN=shop.example,O=Shop" */
    char *names;         /* what it is valid for, "a.example, b.example"; "" if it says nothing */
    char not_before[24]; /* "2026-03-01T00:00:00Z" */
    char not_after[24];
    char verify[128];  /* "ok", "not checked", or why it is not trusted */
    char protocol[16]; /* "TLSv1.3" */
} http_certificate;

/* Owned by the request; complete in HTTP_DONE, without body and timings in HTTP_HEAD, partly filled
 * in HTTP_FAILED. */
typedef struct http_answer {
    int status;
    const char *version; /* "1.0", "1.1", "2", "3" */
    buf headers;         /* "Name: value\r\n" per header, in order, repeats kept */
    buf body;            /* not for streams */
    char *url;           /* of the last hop, without user name and password */
    char remote_ip[64];  /* "" if no connection was made */
    int remote_port;
    bool reused; /* an open connection was used again */
    http_timings timings;
    http_certificate *certificate; /* NULL without TLS */
    http_redirect *redirects;
    size_t redirect_count;
    err error;
} http_answer;

/* Called from the loop, never from inside http_start. Without stream: once, in HTTP_DONE or
 * HTTP_FAILED. With it: when the head has come, when there is something to read, and at the end;
 * look at state and http_read. The callee may destroy the request. */
typedef void (*http_notify_fn)(void *arg);

/* NULL and e when the request can't even be begun: a wrong URL or option ("invalid"), a host that
 * the policy refuses ("denied"), no libcurl ("not-found"). */
http_request *http_start(const http_options *options, http_notify_fn notify, void *arg, err *e);
/* Ends the request if it is under way; no notify afterwards. NULL is fine. */
void http_destroy(http_request *r);

http_state http_get_state(const http_request *r);
const http_answer *http_get_answer(const http_request *r);
/* Streams: moves the body bytes that have come since the last call into out (which must be empty),
 * false if there are none now. While nobody reads, at most about 256 KB pile up and then the server
 * is made to wait. */
bool http_read(http_request *r, buf *out);

http_jar *http_jar_create(err *e); /* NULL only without libcurl */
http_jar *http_jar_ref(http_jar *jar);
void http_jar_unref(http_jar *jar); /* NULL is fine */
/* Appends the cookies, one a line, in Netscape's format (domain, subdomains, path, secure, expiry,
 * name, value; tabs). */
void http_jar_list(http_jar *jar, buf *out);
/* Adds a cookie given as such a line. False: it is none. */
bool http_jar_add(http_jar *jar, const char *line);
void http_jar_clear(http_jar *jar);

/* The value of the first header of that name in a header block, its length in *len; NULL if there
 * is none. */
const char *http_header_find(const buf *headers, const char *name, size_t *len);

/* Closes kept connections and frees everything; no request may be alive. Before loop_finish. */
void http_finish(void);

#endif
