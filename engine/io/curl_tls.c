/*
 * curl_tls.c: see curl_tls.h.
 * A connection outlives the transfer that opened it, so its SSL_CTX must not point at a transfer:
 * it carries the number of its watch, which is looked up among the live ones.
 */
#include "io/curl_tls.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"

static struct {
    list live;
    unsigned long last_serial;
} the;

static curl_tls_watch *find(unsigned long serial)
{
    for (list *node = the.live.next; node != &the.live; node = node->next) {
        curl_tls_watch *w = list_entry(node, curl_tls_watch, node);
        if (w->serial == serial)
            return w;
    }
    return NULL;
}

/* OpenSSL asks about each certificate of the chain; `ok` is its own verdict, which stays. */
static int on_verify(int ok, X509_STORE_CTX *store)
{
    int depth = ossl.X509_STORE_CTX_get_error_depth(store);
    if (ok && depth > 0)
        return ok;
    SSL *ssl = ossl.X509_STORE_CTX_get_ex_data(store, ossl.SSL_get_ex_data_X509_STORE_CTX_idx());
    unsigned long serial =
        ssl ? (unsigned long)ossl.SSL_CTX_get_ex_data(ossl.SSL_get_SSL_CTX(ssl), 0) : 0;
    curl_tls_watch *w = serial ? find(serial) : NULL;
    if (w && (!ok || w->reason == X509_V_OK)) {
        if (w->refused)
            ossl.X509_free(w->refused);
        w->refused = ossl.X509_STORE_CTX_get_current_cert(store);
        if (w->refused)
            ossl.X509_up_ref(w->refused);
        w->reason = ok ? X509_V_OK : ossl.X509_STORE_CTX_get_error(store);
    }
    return ok;
}

static CURLcode on_ssl_ctx(CURL *easy, void *context, void *serial)
{
    (void)easy;
    curl_tls_watch *w = find((unsigned long)serial);
    if (w)
        w->began = true;
    /* Index 0 is what SSL_CTX_set_app_data uses; libcurl leaves it alone. */
    ossl.SSL_CTX_set_ex_data(context, 0, serial);
    ossl.SSL_CTX_set_verify(context, ossl.SSL_CTX_get_verify_mode(context), on_verify);
    return CURLE_OK;
}

void curl_tls_watch_start(curl_tls_watch *w, CURL *easy)
{
    if (!curl_has_openssl())
        return;
    if (!the.live.next)
        list_init(&the.live);
    curl_tls_watch_stop(w);
    list_init(&w->node);
    list_push(&the.live, &w->node);
    w->serial = ++the.last_serial;
    w->reason = X509_V_OK;
    curl.easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
    curl.easy_setopt(easy, CURLOPT_SSL_CTX_DATA, (void *)w->serial);
}

void curl_tls_watch_stop(curl_tls_watch *w)
{
    if (!w->node.next)
        return;
    list_remove(&w->node);
    if (w->refused)
        ossl.X509_free(w->refused);
    memset(w, 0, sizeof *w);
}

static char *name_text(const X509_NAME *name)
{
    buf text = {0};
    BIO *bio = ossl.BIO_new(ossl.BIO_s_mem());
    /* UTF-8 as it is, not escaped byte by byte. */
    if (bio && ossl.X509_NAME_print_ex(
                   bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0) {
        char part[256];
        int n;
        while ((n = ossl.BIO_read(bio, part, sizeof part)) > 0)
            buf_append(&text, part, (size_t)n);
    }
    if (bio)
        ossl.BIO_free(bio);
    return buf_take(&text, NULL);
}

static void time_text(const ASN1_TIME *when, char *out, size_t size)
{
    struct tm tm;
    if (!when || ossl.ASN1_TIME_to_tm(when, &tm) != 1 ||
        !strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
        snprintf(out, size, "unknown");
}

/* A host's name or address; "" for what is neither. */
static void name_of_host(const GENERAL_NAME *name, char *out, size_t size)
{
    out[0] = 0;
    if (name->type == GEN_DNS) {
        snprintf(out, size, "%.*s", name->d.dNSName->length, (const char *)name->d.dNSName->data);
    } else if (name->type == GEN_IPADD) {
        int len = name->d.iPAddress->length;
        if (len == 4 || len == 16)
            inet_ntop(len == 4 ? AF_INET : AF_INET6, name->d.iPAddress->data, out,
                      (socklen_t)size);
    }
}

/* Appends the hosts that the certificate is for, a few of them. */
static void names_text(const X509 *certificate, int most, buf *out)
{
    GENERAL_NAMES *names = ossl.X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    if (!names)
        return;
    int count = ossl.OPENSSL_sk_num((const OPENSSL_STACK *)names), shown = 0;
    for (int i = 0; i < count && shown < most; i++) {
        const GENERAL_NAME *name = ossl.OPENSSL_sk_value((const OPENSSL_STACK *)names, i);
        char host[256];
        name_of_host(name, host, sizeof host);
        if (host[0])
            buf_printf(out, "%s%s", shown++ ? ", " : "", host);
    }
    if (shown == most && count > shown)
        buf_append_str(out, ", …");
    ossl.GENERAL_NAMES_free(names);
}

static const char *date_text(const ASN1_TIME *when, char date[24])
{
    time_text(when, date, 24);
    date[strcspn(date, "T")] = 0;
    return date;
}

bool curl_tls_explain(const curl_tls_watch *w, const char *host, buf *out)
{
    if (!w->refused || w->reason == X509_V_OK)
        return false;
    char *subject = name_text(ossl.X509_get_subject_name(w->refused));
    char *issuer = name_text(ossl.X509_get_issuer_name(w->refused));
    char date[24];
    switch (w->reason) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        buf_printf(out, "the certificate of %s has expired on %s (%s, issued by %s)", host,
                   date_text(ossl.X509_get0_notAfter(w->refused), date), subject, issuer);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        buf_printf(out,
                   "the certificate of %s is valid only from %s on; is this machine's clock right?",
                   host, date_text(ossl.X509_get0_notBefore(w->refused), date));
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        buf_printf(out, "the certificate of %s is self-signed (%s), so nobody vouches for it", host,
                   subject);
        break;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        buf_printf(out,
                   "the certificate of %s is not signed by an authority that this machine trusts "
                   "(issued by %s); "
                   "perhaps the server does not send its intermediate certificate",
                   host, issuer);
        break;
    default:
        buf_printf(out, "the certificate of %s is not accepted: %s (%s)", host,
                   ossl.X509_verify_cert_error_string(w->reason), subject);
        break;
    }
    free(subject);
    free(issuer);
    return true;
}

bool curl_tls_explain_name(const curl_tls_watch *w, const char *host, buf *out)
{
    if (!w->refused || w->reason != X509_V_OK)
        return false;
    buf names = {0};
    names_text(w->refused, 5, &names);
    if (!names.len) {
        char *subject = name_text(ossl.X509_get_subject_name(w->refused));
        buf_append_str(&names, subject);
        free(subject);
    }
    buf_printf(out, "the certificate of %s is not for that name but for %s", host,
               buf_cstr(&names));
    buf_finish(&names);
    return true;
}

http_certificate *curl_certificate_create(CURL *easy, bool verified)
{
    struct curl_tlssessioninfo *info = NULL;
    if (!curl_has_openssl() || curl.easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK ||
        !info || info->backend != CURLSSLBACKEND_OPENSSL || !info->internals)
        return NULL;
    SSL *ssl = info->internals;
    X509 *peer = ossl.SSL_get1_peer_certificate(ssl);
    if (!peer)
        return NULL;
    http_certificate *c = mem_zero(1, sizeof *c);
    c->subject = name_text(ossl.X509_get_subject_name(peer));
    c->issuer = name_text(ossl.X509_get_issuer_name(peer));
    buf names = {0};
    names_text(peer, 100, &names);
    c->names = buf_take(&names, NULL);
    time_text(ossl.X509_get0_notBefore(peer), c->not_before, sizeof c->not_before);
    time_text(ossl.X509_get0_notAfter(peer), c->not_after, sizeof c->not_after);
    long result = ossl.SSL_get_verify_result(ssl);
    snprintf(c->verify, sizeof c->verify, "%s",
             !verified             ? "not checked"
             : result == X509_V_OK ? "ok"
                                   : ossl.X509_verify_cert_error_string(result));
    snprintf(c->protocol, sizeof c->protocol, "%s", ossl.SSL_get_version(ssl));
    ossl.X509_free(peer);
    return c;
}

void curl_certificate_destroy(http_certificate *c)
{
    if (!c)
        return;
    free(c->subject);
    free(c->issuer);
    free(c->names);
    free(c);
}
