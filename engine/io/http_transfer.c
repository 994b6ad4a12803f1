/* http_transfer.c: one hop as libcurl sees it, its options and callbacks; see http_request.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "io/address.h"
#include "io/http_proxy.h"
#include "io/http_request.h"

enum {
    MAX_HEADERS = 256 * 1024,   /* bytes of all response headers */
    MAX_DROPPED = 64 * 1024,    /* of a redirect's body; beyond it the connection is given up */
    STREAM_WINDOW = 256 * 1024, /* unread bytes of a stream after which the server must wait */
};

size_t http_transfer_abort(http_request *r, const char *code, const char *format, ...)
{
    char text[sizeof r->answer.error.text];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    err_set(&r->answer.error, code, "%s", text);
    r->aborted = true;
    return 0;
}

/* Every new connection: the address that is really going to be connected is what the policy judges,
 * whatever the DNS said a moment ago. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    http_request *r = arg;
    (void)purpose;
    size_t len = address->addrlen < sizeof r->hop.address ? address->addrlen
                                                          : sizeof r->hop.address;
    memcpy(&r->hop.address, &address->addr, len);
    if (!r->hop.unjudged &&
        !http_policy_allows_address(r->policy, r->hop.judged_host, r->hop.judged_port,
                                    &address->addr, &r->answer.error)) {
        r->hop.refused = true;
        return CURL_SOCKET_BAD;
    }
    r->hop.opened++;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool parse_address(const char *ip, int port, struct sockaddr_storage *out)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, ip, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        return true;
    }
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((uint16_t)port);
    return inet_pton(AF_INET6, ip, &six->sin6_addr) == 1;
}

static void on_first_byte_late(void *arg);

/* A connection is ready for the request. It may be one that another script opened under another
 * policy. */
static int on_ready(void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
    http_request *r = arg;
    (void)local_ip, (void)local_port;
    struct sockaddr_storage address;
    if (r->policy && !r->hop.unjudged) {
        bool known = parse_address(remote_ip, remote_port, &address);
        if (known)
            r->hop.address = address;
        if (!known || !http_policy_allows_address(r->policy, r->hop.judged_host, r->hop.judged_port,
                                                  (struct sockaddr *)&address, &r->answer.error)) {
            r->hop.refused = true;
            return CURL_PREREQFUNC_ABORT;
        }
    }
    if (r->first_byte_timeout > 0)
        loop_timer_start(&r->timer, r->first_byte_timeout, on_first_byte_late, r);
    return CURL_PREREQFUNC_OK;
}

static void on_first_byte_late(void *arg)
{
    http_request *r = arg;
    curl_off_t sent = 0;
    curl.easy_getinfo(r->job.easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    /* Still uploading: the server's turn has not begun. */
    if (r->has_body && (uint64_t)sent < r->body.len) {
        loop_timer_start(&r->timer, r->first_byte_timeout, on_first_byte_late, r);
        return;
    }
    http_error_first_byte(r);
    curl_loop_remove(&r->job);
    r->aborted = true;
    r->job.done(&r->job, CURLE_ABORTED_BY_CALLBACK);
}

static void begin_head(http_request *r, const char *line, size_t len)
{
    const char *space = memchr(line, ' ', len);
    r->answer.status = space ? atoi(space + 1) : 0;
    r->answer.headers.len = 0;
    r->hop.head_done = false;
    loop_timer_stop(&r->timer);
}

static void end_head(http_request *r)
{
    if (r->answer.status < 200)
        return; /* 100 Continue, 103 Early Hints: the real head is still to come */
    r->hop.head_done = true;
    r->hop.follow = http_redirect_wanted(r);
    if (r->hop.tls) {
        curl_certificate_destroy(r->answer.certificate);
        r->answer.certificate = curl_certificate_create(r->job.easy, !r->insecure);
    }
    if (r->stream && !r->hop.follow)
        curl_loop_flag(&r->job);
}

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
    http_request *r = arg;
    size_t len = size * count;
    if (len > 5 && memcmp(line, "HTTP/", 5) == 0) {
        begin_head(r, line, len);
        return len;
    }
    if (r->hop.head_done) /* trailers */
        return len;
    if (len <= 2 && (line[0] == '\r' || line[0] == '\n')) {
        end_head(r);
        return len;
    }
    if (r->answer.headers.len + len > MAX_HEADERS)
        return http_transfer_abort(r, "too-large",
                                   "the headers of the answer from %s are larger than %d KB",
                                   r->hop.host, MAX_HEADERS / 1024);
    buf_append(&r->answer.headers, line, len);
    return len;
}

static size_t too_large(http_request *r, uint64_t known)
{
    char limit[32], size[32] = "";
    http_size_text(r->max_body, limit);
    if (known)
        http_size_text(known, size);
    char *url = http_url_text(r->hop.url);
    http_transfer_abort(r, "too-large", "the answer is larger than %s (%s%s%.300s)", limit, size,
                        known ? ", " : "", url);
    free(url);
    return 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    http_request *r = arg;
    size_t len = size * count;
    if (r->hop.follow) {
        r->hop.dropped += len;
        return r->hop.dropped > MAX_DROPPED ? 0 : len;
    }
    buf *body = &r->answer.body;
    if (r->stream && body->len >= STREAM_WINDOW) {
        r->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (r->received == 0) {
        curl_off_t announced = -1;
        curl.easy_getinfo(r->job.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
        if (r->max_body && announced > 0 && (uint64_t)announced > r->max_body)
            return too_large(r, (uint64_t)announced);
        if (!r->stream && r->max_body && announced > (curl_off_t)len)
            buf_reserve(body, (size_t)announced);
    }
    r->received += len;
    if (r->max_body && r->received > r->max_body)
        return too_large(r, 0);
    buf_append(body, data, len);
    if (r->stream)
        curl_loop_flag(&r->job);
    return len;
}

void http_transfer_prepare(http_request *r)
{
    CURL *easy = r->job.easy;
    curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    /* A look-up that hangs must not hold the loop when its request is given up. */
    curl.easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, r->curl_text);
    curl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl.easy_setopt(easy, CURLOPT_OPENSOCKETDATA, r);
    if (r->policy || r->first_byte_timeout > 0) {
        curl.easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_ready);
        curl.easy_setopt(easy, CURLOPT_PREREQDATA, r);
    }
    curl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl.easy_setopt(easy, CURLOPT_HEADERDATA, r);
    curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl.easy_setopt(easy, CURLOPT_WRITEDATA, r);
    curl.easy_setopt(easy, CURLOPT_USERAGENT, "nano-sre/" NANO_VERSION);
    if (!r->keep_encoded)
        curl.easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    if (r->http_version)
        curl.easy_setopt(easy, CURLOPT_HTTP_VERSION, r->http_version);
    if (r->fresh) {
        curl.easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl.easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
        curl.easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
        curl.easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    }
    if (r->jar)
        curl.easy_setopt(easy, CURLOPT_SHARE, r->jar->share);
    /* Switches cookies on, with a jar too: a shared jar alone does not on a fresh handle. */
    curl.easy_setopt(easy, CURLOPT_COOKIEFILE, "");
}

static void aim_method(http_request *r)
{
    CURL *easy = r->job.easy;
    bool head = strcmp(r->method, "HEAD") == 0;
    curl.easy_setopt(easy, CURLOPT_NOBODY, head ? 1L : 0L);
    if (r->has_body && !head) {
        curl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
        curl.easy_setopt(easy, CURLOPT_POSTFIELDS, buf_cstr(&r->body));
        curl.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r->method);
    } else if (!head) {
        curl.easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
        curl.easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        curl.easy_setopt(easy, CURLOPT_CUSTOMREQUEST,
                         strcmp(r->method, "GET") == 0 ? NULL : r->method);
    }
    curl.easy_setopt(easy, CURLOPT_HTTPHEADER, r->headers);
}

static void aim_timeouts(http_request *r)
{
    CURL *easy = r->job.easy;
    long connect = (long)(r->connect_timeout / NS_PER_MS), total = 0;
    if (r->total_timeout > 0) {
        mono_ns left = r->total_timeout - (clock_mono() - r->started);
        total = left >= NS_PER_MS ? (long)(left / NS_PER_MS) : 1;
    }
    curl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect);
    curl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, total);
}

static void aim_tls(http_request *r)
{
    CURL *easy = r->job.easy;
    curl_tls_watch_start(&r->tls_watch, easy);
    if (r->insecure) {
        curl.easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl.easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    /* libcurl keeps the parsed bundle (10 ms to load) from one connection to the next only without
     * a CA path. */
    curl.easy_setopt(easy, CURLOPT_CAPATH, NULL);
    if (r->ca_pem) {
        struct curl_blob pem = {
            .data = r->ca_pem, .len = strlen(r->ca_pem), .flags = CURL_BLOB_NOCOPY};
        curl.easy_setopt(easy, CURLOPT_CAINFO_BLOB, &pem);
    }
}

/* Takes apart the proxy's URL for the policy. */
static bool judge_proxy(http_request *r, const char *proxy, err *e)
{
    CURLU *url = curl.url();
    char *host = NULL, *port = NULL;
    bool fine = curl.url_set(url, CURLUPART_URL, proxy,
                             CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) == CURLUE_OK &&
                curl.url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK;
    if (fine) {
        curl.url_get(url, CURLUPART_PORT, &port, 0);
        size_t len = strlen(host);
        r->hop.judged_host = *host == '[' ? mem_strndup(host + 1, len - 2) : mem_strdup(host);
        r->hop.judged_port = port ? atoi(port) : 1080;
        fine = http_policy_allows_host(r->policy, r->hop.judged_host, r->hop.judged_port, e);
    } else {
        err_set(e, "invalid", "the proxy is not a URL such as http://proxy.example:3128");
    }
    curl.free(host);
    curl.free(port);
    curl.url_cleanup(url);
    return fine;
}

/* Behind a proxy nobody here sees the target's address, but a literal one can be judged. */
static bool judge_literal_target(const http_request *r, err *e)
{
    struct sockaddr_storage address;
    if (strcasecmp(r->hop.host, "localhost") == 0)
        parse_address("127.0.0.1", r->hop.port, &address);
    else if (!parse_address(r->hop.host, r->hop.port, &address))
        return true;
    return http_policy_allows_address(r->policy, r->hop.host, r->hop.port,
                                      (struct sockaddr *)&address, e);
}

static bool aim_proxy(http_request *r, err *e)
{
    CURL *easy = r->job.easy;
    bool from_env = r->proxy && strcmp(r->proxy, "env") == 0;
    char *proxy = NULL;
    if (from_env)
        proxy = http_proxy_from_env(r->hop.tls, r->hop.host, r->hop.port);
    else if (r->proxy)
        proxy = mem_strdup(r->proxy);
    bool fine = true;
    if (proxy) {
        r->hop.proxied = true;
        r->hop.unjudged = from_env;
        fine = (from_env || judge_proxy(r, proxy, e)) && judge_literal_target(r, e);
        curl.easy_setopt(easy, CURLOPT_NOPROXY, "");
        curl.easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    }
    curl.easy_setopt(easy, CURLOPT_PROXY, proxy ? proxy : "");
    free(proxy);
    return fine;
}

/* Where the present hop connects to: nothing, connect_to, or the address that the policy has for
 * the store. Behind a proxy the name is resolved elsewhere. */
static struct curl_slist *dial_list(http_request *r, bool first_origin)
{
    if (first_origin)
        return r->connect_to;
    const char *address = r->hop.proxied || r->dial_host
                              ? NULL
                              : http_policy_address(r->policy, r->hop.host, r->hop.port);
    if (address && !r->pinned) {
        buf text = {0};
        buf_printf(&text, strchr(address, ':') ? "::[%s]:" : "::%s:", address);
        r->pinned = curl.slist_append(NULL, buf_cstr(&text));
        buf_finish(&text);
    }
    return address ? r->pinned : NULL;
}

bool http_transfer_aim(http_request *r, err *e)
{
    CURL *easy = r->job.easy;
    char *text = NULL;
    if (curl.url_get(r->hop.url, CURLUPART_URL, &text, 0) != CURLUE_OK)
        return err_set(e, "invalid", "not a URL that can be fetched");
    curl.easy_setopt(easy, CURLOPT_URL, text);
    curl.free(text);
    aim_method(r);
    aim_timeouts(r);
    if (r->hop.tls)
        aim_tls(r);
    if (!aim_proxy(r, e))
        return false;
    bool first_origin = r->dial_host && r->hop.port == r->origin_port &&
                        strcasecmp(r->hop.host, r->origin_host) == 0;
    curl.easy_setopt(easy, CURLOPT_CONNECT_TO, dial_list(r, first_origin));
    if (!r->hop.judged_host) {
        r->hop.judged_host = mem_strdup(first_origin ? r->dial_host : r->hop.host);
        r->hop.judged_port = first_origin ? r->dial_port : r->hop.port;
    }
    r->curl_text[0] = 0;
    return true;
}

static double phase(curl_off_t from, curl_off_t to)
{
    return to > from ? (double)(to - from) / 1000. : 0;
}

static void collect_timings(http_request *r)
{
    CURL *easy = r->job.easy;
    curl_off_t dns = 0, connect = 0, handshake = 0, first = 0, total = 0;
    curl.easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &dns);
    curl.easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connect);
    curl.easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &handshake);
    curl.easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
    curl.easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &total);
    http_timings *t = &r->answer.timings;
    t->redirects = t->total; /* of the hops before */
    if (r->answer.reused)
        dns = connect = handshake = 0;
    t->dns = phase(0, dns);
    t->connect = phase(dns, connect);
    t->tls = phase(connect, handshake);
    t->first_byte = phase(handshake ? handshake : connect, first);
    t->transfer = first ? phase(first, total) : 0;
    t->total = t->redirects + phase(0, total);
}

static const char *version_text(long version)
{
    switch (version) {
    case CURL_HTTP_VERSION_1_0: return "1.0";
    case CURL_HTTP_VERSION_2_0: return "2";
    case CURL_HTTP_VERSION_3: return "3";
    default: return "1.1";
    }
}

void http_transfer_collect(http_request *r)
{
    CURL *easy = r->job.easy;
    http_answer *a = &r->answer;
    long version = 0, port = 0, connects = 0;
    char *ip = NULL;
    curl.easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    curl.easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip);
    curl.easy_getinfo(easy, CURLINFO_PRIMARY_PORT, &port);
    curl.easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
    a->version = version_text(version);
    snprintf(a->remote_ip, sizeof a->remote_ip, "%s", ip ? ip : "");
    a->remote_port = (int)port;
    a->reused = connects == 0 && a->status != 0;
    collect_timings(r);
}
