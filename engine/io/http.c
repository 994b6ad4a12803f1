/*
 * http.c: the life of a request; see http.h and http_request.h.
 * Requests and their easy handles are kept and used again: setting one up anew costs more than many
 * a request.
 */
#include "io/http.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "io/http_request.h"

enum {
    MAX_KEPT = 128,          /* requests kept for reuse */
    KEPT_BUFFER = 64 * 1024, /* larger buffers are not kept with them */
    LOOKUP_LIMIT_SECONDS = 10, /* for explaining a failed look-up, without a limit of its own */
};

const http_options http_options_default = {
    .connect_timeout = 10 * NS_PER_SEC,
    .total_timeout = 30 * NS_PER_SEC,
    .max_body = 10 * 1024 * 1024,
    .max_redirects = 10,
};

static struct {
    http_request *kept;
    int kept_count;
} the;

static void on_done(curl_job *job, CURLcode result);
static void on_flagged(curl_job *job);

static http_request *request_take(void)
{
    http_request *r = the.kept;
    if (r) {
        the.kept = r->next_free;
        the.kept_count--;
        r->next_free = NULL;
        return r;
    }
    r = mem_zero(1, sizeof *r);
    r->job.easy = curl.easy_init();
    r->job.done = on_done;
    r->job.flagged = on_flagged;
    return r;
}

static void buffer_reset(buf *b)
{
    if (b->cap > KEPT_BUFFER)
        buf_finish(b);
    b->len = 0;
}

static void answer_reset(http_answer *a)
{
    buf headers = a->headers, body = a->body;
    buffer_reset(&headers);
    buffer_reset(&body);
    free(a->url);
    for (size_t i = 0; i < a->redirect_count; i++)
        free(a->redirects[i].url);
    free(a->redirects);
    curl_certificate_destroy(a->certificate);
    memset(a, 0, sizeof *a);
    a->headers = headers;
    a->body = body;
}

/* Leaves nothing of this request in the easy handle: no option, no cookie. */
static void easy_clean(http_request *r)
{
    CURL *easy = r->job.easy;
    if (r->jar)
        curl.easy_setopt(easy, CURLOPT_SHARE, NULL);
    curl.easy_setopt(easy, CURLOPT_COOKIEFILE, NULL); /* which a reset would forget, and leak */
    curl.easy_reset(easy);
}

static void request_free(http_request *r)
{
    curl.easy_cleanup(r->job.easy);
    buf_finish(&r->body);
    buf_finish(&r->answer.headers);
    buf_finish(&r->answer.body);
    free(r);
}

void http_destroy(http_request *r)
{
    if (!r)
        return;
    curl_loop_remove(&r->job);
    loop_timer_stop(&r->timer);
    address_lookup_cancel(r->lookup);
    curl_tls_watch_stop(&r->tls_watch);
    easy_clean(r);
    answer_reset(&r->answer);
    http_hop_finish(&r->hop);
    curl.slist_free_all(r->headers);
    curl.slist_free_all(r->connect_to);
    curl.slist_free_all(r->pinned);
    http_jar_unref(r->jar);
    http_policy_unref(r->policy);
    free(r->proxy);
    free(r->ca_pem);
    free(r->dial_host);
    free(r->origin_host);
    buffer_reset(&r->body);
    http_request fresh = {.job = r->job, .answer = r->answer, .body = r->body};
    *r = fresh;
    if (the.kept_count >= MAX_KEPT) {
        request_free(r);
        return;
    }
    r->next_free = the.kept;
    the.kept = r;
    the.kept_count++;
}

void http_finish(void)
{
    while (the.kept) {
        http_request *r = the.kept;
        the.kept = r->next_free;
        request_free(r);
    }
    the.kept_count = 0;
    curl_loop_close();
    address_lookup_finish();
}

http_state http_get_state(const http_request *r)
{
    return r->state;
}

const http_answer *http_get_answer(const http_request *r)
{
    return &r->answer;
}

const char *http_header_find(const buf *headers, const char *name, size_t *len)
{
    size_t name_len = strlen(name);
    const char *line = headers->data, *end = headers->data ? headers->data + headers->len : NULL;
    while (line && line < end) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t line_len = stop ? (size_t)(stop - line) : (size_t)(end - line);
        if (line_len > name_len && line[name_len] == ':' &&
            strncasecmp(line, name, name_len) == 0) {
            const char *value = line + name_len + 1, *last = line + line_len;
            while (value < last && isspace((unsigned char)*value))
                value++;
            while (last > value && isspace((unsigned char)last[-1]))
                last--;
            *len = (size_t)(last - value);
            return value;
        }
        line = stop ? stop + 1 : end;
    }
    return NULL;
}

static bool is_token(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("!#$%&'*+-.^_`|~", *text))
            return false;
    return true;
}

static bool set_method(http_request *r, const char *method, err *e)
{
    if (!method)
        method = "GET";
    if (!is_token(method) || strlen(method) >= sizeof r->method)
        return err_set(e, "invalid", "not an HTTP method: %.40s", method);
    snprintf(r->method, sizeof r->method, "%s", method);
    return true;
}

static bool add_header(http_request *r, const http_header *h, err *e)
{
    if (!h->name || !is_token(h->name))
        return err_set(e, "invalid", "not the name of an HTTP header: \"%.80s\"",
                       h->name ? h->name : "");
    if (h->value && strpbrk(h->value, "\r\n"))
        return err_set(e, "invalid", "the value of the header %.80s contains a line break",
                       h->name);
    buf line = {0};
    if (!h->value)
        buf_printf(&line, "%s:", h->name);
    else if (h->value[strspn(h->value, " \t")] == 0)
        buf_printf(&line, "%s;", h->name); /* libcurl's way to send an empty value */
    else
        buf_printf(&line, "%s: %s", h->name, h->value);
    r->headers = curl.slist_append(r->headers, buf_cstr(&line));
    buf_finish(&line);
    return true;
}

static bool set_headers(http_request *r, const http_options *o, err *e)
{
    bool has_type = false, has_expect = false;
    for (size_t i = 0; i < o->header_count; i++) {
        if (!add_header(r, &o->headers[i], e))
            return false;
        has_type = has_type || strcasecmp(o->headers[i].name, "Content-Type") == 0;
        has_expect = has_expect || strcasecmp(o->headers[i].name, "Expect") == 0;
    }
    if (r->has_body && !has_type) /* libcurl would call every body a form */
        r->headers = curl.slist_append(r->headers, "Content-Type:");
    if (r->has_body && !has_expect) /* and hold large ones back for a second */
        r->headers = curl.slist_append(r->headers, "Expect:");
    return true;
}

static bool set_version(http_request *r, const char *version, err *e)
{
    static const struct {
        const char *name;
        long value;
    } known[] = {
        {"1.0", CURL_HTTP_VERSION_1_0},
        {"1.1", CURL_HTTP_VERSION_1_1},
        {"2", CURL_HTTP_VERSION_2TLS},
        {"2-prior-knowledge", CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE},
    };
    for (size_t i = 0; version && i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].name, version) == 0) {
            r->http_version = known[i].value;
            return true;
        }
    }
    return !version ||
           err_set(e, "invalid", "http_version must be 1.0, 1.1, 2 or 2-prior-knowledge, not %.40s",
                   version);
}

/* "host:port", "host", "[::1]:port": where the first origin is to be looked for. */
static bool set_connect_to(http_request *r, const char *target, err *e)
{
    if (!target)
        return true;
    CURLU *url = curl.url();
    buf text = {0};
    buf_printf(&text, "http://%s", target);
    char *host = NULL, *port = NULL;
    bool fine = !strpbrk(target, "/?#@") &&
                curl.url_set(url, CURLUPART_URL, buf_cstr(&text), 0) == CURLUE_OK &&
                curl.url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK;
    if (fine) {
        size_t len = strlen(host);
        curl.url_get(url, CURLUPART_PORT, &port, 0);
        r->dial_host = *host == '[' ? mem_strndup(host + 1, len - 2) : mem_strdup(host);
        r->dial_port = port ? atoi(port) : r->hop.port;
        r->origin_host = mem_strdup(r->hop.host);
        r->origin_port = r->hop.port;
        text.len = 0;
        /* For any origin: it is set only on hops to the first one. */
        buf_printf(&text, "::%s:%d", host, r->dial_port);
        r->connect_to = curl.slist_append(NULL, buf_cstr(&text));
        fine = http_policy_allows_host(r->policy, r->dial_host, r->dial_port, e);
    } else {
        err_set(e, "invalid", "connect_to must be host:port, not %.100s", target);
    }
    curl.free(host);
    curl.free(port);
    curl.url_cleanup(url);
    buf_finish(&text);
    return fine;
}

static bool set_url(http_request *r, const char *text, err *e)
{
    CURLU *url = curl.url();
    if (text && strstr(text, "://") &&
        curl.url_set(url, CURLUPART_URL, text,
                     CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE | CURLU_ALLOW_SPACE) == CURLUE_OK)
        return http_hop_set(r, url, e);
    curl.url_cleanup(url);
    return err_set(e, "invalid", "not an absolute URL (https://…): %.200s", text ? text : "");
}

static void copy_options(http_request *r, const http_options *o)
{
    r->policy = http_policy_ref(o->policy);
    r->jar = http_jar_ref(o->jar);
    r->connect_timeout = o->connect_timeout;
    r->first_byte_timeout = o->first_byte_timeout;
    r->total_timeout = o->total_timeout;
    r->max_body = o->max_body;
    r->max_redirects = o->max_redirects;
    r->proxy = o->proxy ? mem_strdup(o->proxy) : NULL;
    r->ca_pem = o->ca_pem ? mem_strdup(o->ca_pem) : NULL;
    r->insecure = o->insecure;
    r->fresh = o->fresh;
    r->keep_encoded = o->keep_encoded;
    r->stream = o->stream;
    if (o->body)
        buf_append(&r->body, o->body, o->body_len);
}

http_request *http_start(const http_options *o, http_notify_fn notify, void *arg, err *e)
{
    if (!curl_loop_open(e))
        return NULL;
    http_request *r = request_take();
    r->notify = notify;
    r->arg = arg;
    r->started = clock_mono();
    copy_options(r, o);
    bool fine = r->job.easy ? set_method(r, o->method, e)
                            : err_set(e, "memory", "no memory for a request");
    static const char *const with_body[] = {"POST", "PUT", "PATCH"};
    r->has_body = o->body != NULL;
    for (size_t i = 0; i < 3; i++) /* these say Content-Length: 0 rather than nothing */
        r->has_body = r->has_body || strcmp(r->method, with_body[i]) == 0;
    fine = fine && set_url(r, o->url, e) && set_connect_to(r, o->connect_to, e) &&
           set_headers(r, o, e) && set_version(r, o->http_version, e);
    if (fine) {
        http_transfer_prepare(r);
        fine = http_transfer_aim(r, e) && curl_loop_add(&r->job, e);
    }
    if (!fine) {
        http_destroy(r);
        return NULL;
    }
    return r;
}

static void finish(http_request *r, http_state state)
{
    r->state = state;
    loop_timer_stop(&r->timer);
    if (state == HTTP_DONE)
        memset(&r->answer.error, 0, sizeof r->answer.error);
    r->notify(r->arg);
}

static void on_looked_up(void *arg, const char *const *addresses, size_t count, const err *e)
{
    http_request *r = arg;
    (void)addresses, (void)count;
    r->lookup = NULL;
    if (e)
        r->answer.error = *e;
    else
        err_set(&r->answer.error, "dns-unreachable",
                "the name %s could not be resolved, yet a moment later it could: the DNS resolver "
                "is not reliable",
                r->hop.host);
    finish(r, HTTP_FAILED);
}

static void on_lookup_late(void *arg)
{
    http_request *r = arg;
    address_lookup_cancel(r->lookup);
    r->lookup = NULL;
    err_set(&r->answer.error, "dns-unreachable",
            "the name %s could not be resolved: the DNS resolver of this machine does not answer",
            r->hop.host);
    finish(r, HTTP_FAILED);
}

/* libcurl does not say whether the name does not exist or nobody could tell. */
static void ask_why(http_request *r)
{
    mono_ns limit = LOOKUP_LIMIT_SECONDS * NS_PER_SEC;
    if (r->total_timeout > 0 && r->total_timeout - (clock_mono() - r->started) < limit)
        limit = r->total_timeout - (clock_mono() - r->started);
    loop_timer_start(&r->timer, limit, on_lookup_late, r);
    r->lookup = address_lookup_start(r->hop.judged_host, on_looked_up, r);
}

static void next_hop(http_request *r)
{
    r->received = 0;
    r->answer.body.len = 0;
    r->paused = false;
    curl_certificate_destroy(r->answer.certificate);
    r->answer.certificate = NULL;
    if (!http_redirect_follow(r, &r->answer.error) || !http_transfer_aim(r, &r->answer.error) ||
        !curl_loop_add(&r->job, &r->answer.error)) {
        finish(r, HTTP_FAILED);
        return;
    }
    r->answer.status = 0;
    r->answer.headers.len = 0;
}

static void on_done(curl_job *job, CURLcode result)
{
    http_request *r = (http_request *)job;
    loop_timer_stop(&r->timer);
    http_transfer_collect(r);
    bool gave_up_body = r->hop.follow && result == CURLE_WRITE_ERROR && !r->aborted;
    if (r->hop.follow && (result == CURLE_OK || gave_up_body)) {
        next_hop(r);
        return;
    }
    free(r->answer.url);
    r->answer.url = http_url_text(r->hop.url);
    if (result == CURLE_OK && r->hop.head_done) {
        finish(r, HTTP_DONE);
        return;
    }
    http_error_explain(r, result == CURLE_OK ? CURLE_GOT_NOTHING : result);
    if (result == CURLE_COULDNT_RESOLVE_HOST && !r->hop.proxied)
        ask_why(r);
    else
        finish(r, HTTP_FAILED);
}

/* Streams: the head or a piece of the body has come. */
static void on_flagged(curl_job *job)
{
    http_request *r = (http_request *)job;
    if (r->state == HTTP_WAITING) {
        r->state = HTTP_HEAD;
        http_transfer_collect(r);
        free(r->answer.url);
        r->answer.url = http_url_text(r->hop.url);
    }
    r->notify(r->arg);
}

bool http_read(http_request *r, buf *out)
{
    if (!r->answer.body.len)
        return false;
    *out = r->answer.body;
    buf_init(&r->answer.body);
    if (r->paused) {
        r->paused = false;
        curl.easy_pause(r->job.easy, CURLPAUSE_CONT);
    }
    return true;
}
