/*
 * http_error.c: what went wrong with a transfer, as a sentence and a code; see http_request.h. The
 * code says whom to look at: "dns-unreachable" is the monitor's own network, "dns", "refused",
 * "tls", "timeout", … are the shop's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "io/address.h"
#include "io/http_request.h"

void http_size_text(uint64_t bytes, char out[32])
{
    static const char *const units[] = {"bytes", "KB", "MB", "GB"};
    double value = (double)bytes;
    int unit = 0;
    while (value >= 1024 && unit < 3)
        value /= 1024, unit++;
    if (value == (double)(uint64_t)value)
        snprintf(out, 32, "%.0f %s", value, units[unit]);
    else
        snprintf(out, 32, "%.1f %s", value, units[unit]);
}

void http_duration_text(mono_ns duration, char out[32])
{
    int64_t ms = (duration + NS_PER_MS / 2) / NS_PER_MS, tenths = (ms + 50) / 100;
    if (ms < 1000)
        snprintf(out, 32, "%lld ms", (long long)ms);
    else if (tenths % 10 == 0)
        snprintf(out, 32, "%lld s", (long long)(tenths / 10));
    else
        snprintf(out, 32, "%lld.%lld s", (long long)(tenths / 10), (long long)(tenths % 10));
}

/* "10.0.0.1:443 (shop.example)", or only "10.0.0.1:443" where that was the name already. */
static void peer_text(const http_request *r, char *out, size_t size)
{
    const http_hop *hop = &r->hop;
    const char *host = hop->judged_host ? hop->judged_host : hop->host;
    char address[ADDRESS_TEXT_SIZE];
    address_format((const struct sockaddr *)&hop->address, address);
    address_kind kind;
    if (address[0] == '?')
        snprintf(out, size, "%s", host);
    else if (address_classify_text(host, &kind) && !r->dial_host && !hop->proxied)
        snprintf(out, size, "%s", address);
    else
        snprintf(out, size, "%s (%s%s)", address, hop->proxied ? "proxy for " : "", hop->host);
}

static curl_off_t time_of(const http_request *r, CURLINFO info)
{
    curl_off_t us = 0;
    curl.easy_getinfo(r->job.easy, info, &us);
    return us;
}

/* Names the phase in which the time ran out. libcurl reports the time of the TCP connection only
 * when the whole set-up is over, so whether TLS had begun is asked elsewhere. */
static void explain_timeout(http_request *r)
{
    err *e = &r->answer.error;
    char after[32], peer[200], size[32];
    http_duration_text((mono_ns)time_of(r, CURLINFO_TOTAL_TIME_T) * 1000, after);
    http_size_text(r->received, size);
    peer_text(r, peer, sizeof peer);
    if (r->answer.status)
        err_set(e, "timeout", "timed out while reading the answer from %s (after %s, %s had come)",
                peer, after, size);
    else if (time_of(r, CURLINFO_PRETRANSFER_TIME_T) > 0)
        err_set(e, "timeout",
                "timed out while waiting for the first byte from %s (after %s): it is connected "
                "but does not answer",
                peer, after);
    else if (r->tls_watch.began)
        err_set(e, "timeout", "timed out during the TLS handshake with %s (after %s)", peer, after);
    else if (r->hop.opened)
        err_set(e, "timeout", "timed out while connecting to %s (after %s)", peer, after);
    else if (r->hop.proxied)
        err_set(e, "proxy", "timed out while resolving the proxy's name (after %s)", after);
    else
        err_set(e, "dns-unreachable", "timed out while resolving the name %s (after %s)",
                r->hop.judged_host, after);
}

void http_error_first_byte(http_request *r)
{
    char after[32], peer[200];
    http_duration_text(r->first_byte_timeout, after);
    peer_text(r, peer, sizeof peer);
    err_set(&r->answer.error, "timeout",
            "timed out while waiting for the first byte from %s (%s after the request was sent)",
            peer, after);
}

static void explain_connect(http_request *r)
{
    err *e = &r->answer.error;
    if (r->hop.refused && !r->hop.opened)
        return; /* the policy's own words are there already */
    long number = 0;
    char peer[200];
    curl.easy_getinfo(r->job.easy, CURLINFO_OS_ERRNO, &number);
    peer_text(r, peer, sizeof peer);
    if (!number) {
        err_set(e, r->hop.proxied ? "proxy" : "connect", "could not connect to %s: %s", peer,
                r->curl_text);
        return;
    }
    const char *code = r->hop.proxied           ? "proxy"
                       : number == ECONNREFUSED ? "refused"
                       : number == ETIMEDOUT    ? "timeout"
                                                : "connect";
    char why[100];
    snprintf(why, sizeof why, "%s", strerror((int)number));
    if (number == ECONNREFUSED)
        snprintf(why, sizeof why, "connection refused");
    err_set(e, code, "could not connect to %s: %s", peer, why);
}

static void explain_tls(http_request *r, CURLcode code)
{
    err *e = &r->answer.error;
    buf why = {0};
    if (curl_tls_explain(&r->tls_watch, r->hop.host, &why) ||
        (code == CURLE_PEER_FAILED_VERIFICATION &&
         curl_tls_explain_name(&r->tls_watch, r->hop.host, &why)))
        err_set(e, "tls", "TLS: %s", buf_cstr(&why));
    else
        err_set(e, "tls", "TLS: the handshake with %s failed: %s", r->hop.host,
                r->curl_text[0] ? r->curl_text : curl.easy_strerror(code));
    buf_finish(&why);
}

/* The connection ended, or broke, while something was still expected. */
static void explain_closed(http_request *r, CURLcode code)
{
    err *e = &r->answer.error;
    long proxy_status = 0;
    curl.easy_getinfo(r->job.easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    char peer[200], size[32];
    peer_text(r, peer, sizeof peer);
    http_size_text(r->received, size);
    if (proxy_status && (proxy_status < 200 || proxy_status > 299))
        err_set(e, "proxy", "the proxy refused to connect to %s: it answered %ld", r->hop.host,
                proxy_status);
    else if (code == CURLE_PARTIAL_FILE)
        err_set(e, "closed", "%s closed the connection before the whole answer had come (%s)", peer,
                r->curl_text);
    else if (r->answer.status)
        err_set(e, "closed",
                "the connection to %s broke while the answer was coming (%s had come): %s", peer,
                size, r->curl_text);
    else if (strstr(r->curl_text, "reset"))
        err_set(e, "closed", "%s reset the connection instead of answering", peer);
    else
        err_set(e, "closed", "%s closed the connection without an answer", peer);
}

static void explain_protocol(http_request *r, CURLcode code)
{
    const char *detail = r->curl_text[0] ? r->curl_text : curl.easy_strerror(code);
    err *e = &r->answer.error;
    if (strstr(detail, "HTTP/0.9"))
        err_set(e, "protocol", "%s:%d did not answer in HTTP: something else is listening there",
                r->hop.host, r->hop.port);
    else
        err_set(e, "protocol", "the answer from %s is not proper HTTP: %s", r->hop.host, detail);
}

void http_error_explain(http_request *r, CURLcode code)
{
    err *e = &r->answer.error;
    const char *detail = r->curl_text[0] ? r->curl_text : curl.easy_strerror(code);
    if (r->aborted || (r->hop.refused && code == CURLE_ABORTED_BY_CALLBACK))
        return; /* whoever ended the transfer has said why */
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT: explain_timeout(r); break;
    case CURLE_COULDNT_CONNECT: explain_connect(r); break;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS: explain_tls(r, code); break;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE: explain_closed(r, code); break;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM: explain_protocol(r, code); break;
    case CURLE_URL_MALFORMAT:
        err_set(e, "invalid", "not a URL that can be fetched: %s", detail);
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
        err_set(e, "dns", "the name %s could not be resolved", r->hop.host);
        break;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
        err_set(e, "proxy", "the proxy for %s does not work: %s", r->hop.host, detail);
        break;
    case CURLE_OUT_OF_MEMORY:
        err_set(e, "memory", "no memory for the request to %s", r->hop.host);
        break;
    default: err_set(e, "io", "the request to %s failed: %s", r->hop.host, detail); break;
    }
}
