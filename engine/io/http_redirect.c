/*
 * http_redirect.c: see http_request.h. libcurl could follow redirects by itself, but then nobody
 * could check each hop against the policy, tell the chain to people, or keep an app's own token
 * headers from being sent to another shop.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "io/http_request.h"

char *http_url_text(CURLU *url)
{
    char *user = NULL, *text = NULL;
    CURLU *shown = url;
    if (curl.url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK) {
        curl.free(user);
        shown = curl.url_dup(url);
        curl.url_set(shown, CURLUPART_USER, NULL, 0);
        curl.url_set(shown, CURLUPART_PASSWORD, NULL, 0);
    }
    curl.url_get(shown, CURLUPART_URL, &text, 0);
    if (shown != url)
        curl.url_cleanup(shown);
    char *copy = mem_strdup(text ? text : "");
    curl.free(text);
    return copy;
}

void http_hop_finish(http_hop *hop)
{
    if (hop->url)
        curl.url_cleanup(hop->url);
    free(hop->host);
    free(hop->judged_host);
    memset(hop, 0, sizeof *hop);
}

/* The host as policies and people write it: without brackets, in ASCII. */
static char *url_host(CURLU *url)
{
    char *host = NULL;
    if (curl.url_get(url, CURLUPART_HOST, &host, CURLU_PUNYCODE) != CURLUE_OK &&
        curl.url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        return NULL;
    size_t len = strlen(host);
    bool bracketed = len > 1 && host[0] == '[' && host[len - 1] == ']';
    char *copy = bracketed ? mem_strndup(host + 1, len - 2) : mem_strdup(host);
    curl.free(host);
    return copy;
}

bool http_hop_set(http_request *r, CURLU *url, err *e)
{
    http_hop next = {.url = url, .host = url_host(url)};
    char *scheme = NULL, *port = NULL;
    curl.url_get(url, CURLUPART_SCHEME, &scheme, 0);
    curl.url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
    next.tls = scheme && strcmp(scheme, "https") == 0;
    next.port = port ? atoi(port) : 0;
    bool is_http = next.tls || (scheme && strcmp(scheme, "http") == 0);
    curl.free(scheme);
    curl.free(port);
    bool fine;
    if (!is_http || !next.host || !*next.host || !next.port) {
        char *text = http_url_text(url);
        fine = err_set(e, "invalid", "only http:// and https:// addresses can be fetched, not %s",
                       text);
        free(text);
    } else {
        fine = http_policy_allows_host(r->policy, next.host, next.port, e);
    }
    if (!fine) {
        http_hop_finish(&next);
        return false;
    }
    http_hop_finish(&r->hop);
    r->hop = next;
    return true;
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool http_redirect_wanted(const http_request *r)
{
    size_t len;
    return r->max_redirects > 0 && is_redirect(r->answer.status) &&
           http_header_find(&r->answer.headers, "Location", &len);
}

/* Appends the chain of hops to a message; a long one is cut in the middle. */
static void chain_text(const http_request *r, buf *out)
{
    enum { HEAD = 3, TAIL = 2 };
    size_t count = r->answer.redirect_count;
    for (size_t i = 0; i < count; i++) {
        if (count > HEAD + TAIL && i == HEAD) {
            buf_append_str(out, "… → ");
            i = count - TAIL;
        }
        buf_printf(out, "%.100s%s", r->answer.redirects[i].url, i + 1 < count ? " → " : "");
    }
}

static bool too_many(const http_request *r, err *e)
{
    const http_answer *a = &r->answer;
    const char *last = a->redirects[a->redirect_count - 1].url;
    bool circle = false;
    for (size_t i = 0; i + 1 < a->redirect_count; i++)
        circle = circle || strcmp(a->redirects[i].url, last) == 0;
    buf chain = {0};
    chain_text(r, &chain);
    err_set(e, "redirects",
            "%s redirects %s: %d redirects were followed and there was yet another (%s)",
            a->redirects[0].url, circle ? "in a circle" : "too often", r->max_redirects,
            buf_cstr(&chain));
    buf_finish(&chain);
    return false;
}

/* Headers that are safe to send wherever a redirect leads. Others may be secrets of the origin that
 * they were meant for: Authorization, Cookie, and the token headers that every API invents for
 * itself. */
static bool travels(const char *header)
{
    static const char *const safe[] = {
        "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Cache-Control",
        "Content-Language", "Content-Type", "DNT", "Expect", "If-Modified-Since", "If-None-Match",
        "Pragma", "Range", "Save-Data", "Upgrade-Insecure-Requests", "User-Agent",
    };
    size_t len = strcspn(header, ":;");
    for (size_t i = 0; i < sizeof safe / sizeof *safe; i++)
        if (strlen(safe[i]) == len && strncasecmp(safe[i], header, len) == 0)
            return true;
    return strncasecmp(header, "Sec-", 4) == 0 && len > 4;
}

static bool is_content_header(const char *header)
{
    return strncasecmp(header, "Content-", 8) == 0 || strncasecmp(header, "Expect:", 7) == 0;
}

/* Rebuilds the header list with what may go to the next hop. */
static void filter_headers(http_request *r, bool same_origin, bool keeps_body)
{
    struct curl_slist *kept = NULL;
    for (const struct curl_slist *h = r->headers; h; h = h->next)
        if ((same_origin || travels(h->data)) && (keeps_body || !is_content_header(h->data)))
            kept = curl.slist_append(kept, h->data);
    curl.slist_free_all(r->headers);
    r->headers = kept;
}

/* 303 turns everything but HEAD into GET; 301 and 302 turn POST into it, as every browser does. */
static bool becomes_get(int status, const char *method)
{
    if (status == 303)
        return strcmp(method, "HEAD") != 0 && strcmp(method, "GET") != 0;
    return (status == 301 || status == 302) && strcmp(method, "POST") == 0;
}

static CURLU *next_url(const http_request *r, err *e)
{
    size_t len;
    const char *at = http_header_find(&r->answer.headers, "Location", &len);
    char *location = mem_strndup(at, len);
    CURLU *url = curl.url_dup(r->hop.url);
    CURLUcode code = curl.url_set(url, CURLUPART_URL, location,
                                  CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE | CURLU_ALLOW_SPACE);
    if (code != CURLUE_OK) {
        err_set(e, "protocol", "%s redirects to something that is not a URL: %.200s",
                r->answer.redirects[r->answer.redirect_count - 1].url, location);
        curl.url_cleanup(url);
        url = NULL;
    }
    free(location);
    return url;
}

/* A user name and password in the URL hold for the whole origin, unless the redirect brings its
 * own. */
static void keep_credentials(CURLU *old, CURLU *now)
{
    static const CURLUPart parts[] = {CURLUPART_USER, CURLUPART_PASSWORD};
    char *text = NULL;
    if (curl.url_get(now, CURLUPART_USER, &text, 0) == CURLUE_OK) {
        curl.free(text);
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        if (curl.url_get(old, parts[i], &text, 0) == CURLUE_OK) {
            curl.url_set(now, parts[i], text, 0);
            curl.free(text);
        }
    }
}

bool http_redirect_follow(http_request *r, err *e)
{
    http_answer *a = &r->answer;
    a->redirects = mem_resize(a->redirects, (a->redirect_count + 1) * sizeof *a->redirects);
    char *from = http_url_text(r->hop.url);
    a->redirects[a->redirect_count++] = (http_redirect){.status = a->status, .url = from};
    if ((int)a->redirect_count > r->max_redirects)
        return too_many(r, e);
    CURLU *url = next_url(r, e);
    if (!url)
        return false;
    http_hop old = r->hop;
    memset(&r->hop, 0, sizeof r->hop);
    err why;
    bool fine = http_hop_set(r, url, &why);
    if (!fine) {
        const char *code = strcmp(why.code, "invalid") == 0 ? "denied" : why.code;
        err_set(e, code, "%.150s redirects where it must not: %.300s", from, why.text);
        r->hop = old;
        return false;
    }
    bool same_origin = strcasecmp(old.host, r->hop.host) == 0 && old.port == r->hop.port &&
                       old.tls == r->hop.tls;
    if (same_origin)
        keep_credentials(old.url, r->hop.url);
    bool get = becomes_get(a->status, r->method);
    filter_headers(r, same_origin, !get);
    if (get) {
        snprintf(r->method, sizeof r->method, "GET");
        r->has_body = false;
    }
    http_hop_finish(&old);
    return true;
}
