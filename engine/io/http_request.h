/*
 * The inside of a request, shared by the http_*.c files and nobody else:
 *   http.c           life of a request, pool, hops, the public functions
 *   http_transfer.c  one hop: options given to libcurl, and its callbacks
 *   http_redirect.c  where a redirect leads and what it does to method and headers
 *   http_error.c     libcurl's codes as sentences
 *   http_jar.c       cookies
 */
#ifndef NANO_IO_HTTP_REQUEST_H
#define NANO_IO_HTTP_REQUEST_H

#include <sys/socket.h>

#include "io/address_lookup.h"
#include "io/curl_loop.h"
#include "io/curl_tls.h"
#include "io/http.h"
#include "io/loop.h"

struct http_jar {
    int refs;
    CURLSH *share;
};

/* Where one hop goes. */
typedef struct http_hop {
    CURLU *url;
    char *host; /* without brackets */
    int port;
    bool tls;
    bool proxied;
    /* Whom a socket is opened to, as the policy sees it: the host, connect_to's or the proxy's. */
    char *judged_host;
    int judged_port;
    bool unjudged;   /* a proxy that whoever runs the program has set is allowed wherever it is */
    bool follow;     /* its answer is a redirect that will be followed: the body is dropped */
    size_t dropped;  /* bytes of such a body */
    bool head_done;  /* the headers of the final answer (not 1xx) are complete */
    unsigned opened; /* sockets opened */
    bool refused;    /* the policy refused an address; error holds why */
    struct sockaddr_storage address; /* the last one that was tried */
} http_hop;

struct http_request {
    curl_job job; /* first: done and flagged get a pointer to it */
    http_notify_fn notify;
    void *arg;
    http_state state;
    http_answer answer;
    http_hop hop;

    /* Copies of the options. */
    char method[24];
    bool has_body;
    buf body;
    struct curl_slist *headers;
    struct curl_slist *connect_to;
    struct curl_slist *pinned; /* the policy's address of the store, as connect_to; made on use */
    mono_ns connect_timeout, first_byte_timeout, total_timeout;
    uint64_t max_body;
    int max_redirects;
    http_jar *jar;
    char *proxy;
    long http_version;
    char *ca_pem;
    bool insecure, fresh, keep_encoded, stream;
    http_policy *policy;
    char *dial_host; /* connect_to: its host and port, "host" without brackets; NULL: not given */
    int dial_port;
    char *origin_host; /* of the first URL; connect_to is for this origin */
    int origin_port;

    mono_ns started;
    bool aborted; /* a callback ended the transfer on purpose: answer.error says why */
    bool paused;
    uint64_t received; /* body bytes of the final answer */
    loop_timer timer;  /* first byte, or the look-up that explains a failure */
    address_lookup *lookup;
    curl_tls_watch tls_watch;
    char curl_text[CURL_ERROR_SIZE];
    struct http_request *next_free;
};

/* http_transfer.c: gives libcurl everything that does not change between hops; then what the
 * present hop needs. */
void http_transfer_prepare(http_request *r);
bool http_transfer_aim(http_request *r, err *e);
/* Ends the transfer from inside a callback with this error; returns 0, which is how a callback says
 * so. */
size_t http_transfer_abort(http_request *r, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Reads from the easy handle what the answer tells about connection and time. */
void http_transfer_collect(http_request *r);

/* http_redirect.c: takes url (owned from then on) as the present hop, or frees it
 * and says why not. */
bool http_hop_set(http_request *r, CURLU *url, err *e);
void http_hop_finish(http_hop *hop);
/* After an answer that is to be followed: records it, makes the next hop the present one. */
bool http_redirect_follow(http_request *r, err *e);
/* Whether the answer whose headers are complete is a redirect to be followed. */
bool http_redirect_wanted(const http_request *r);
/* The URL without user name and password; free() it. */
char *http_url_text(CURLU *url);

/* http_error.c: fills answer.error for a transfer that ended with code. */
void http_error_explain(http_request *r, CURLcode code);
/* What is said when the first byte did not come in time. */
void http_error_first_byte(http_request *r);
/* "10 MB", "1.5 KB"; "10 s", "250 ms". */
void http_size_text(uint64_t bytes, char out[32]);
void http_duration_text(mono_ns duration, char out[32]);

#endif
