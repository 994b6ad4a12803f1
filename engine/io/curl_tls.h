/*
 * What the TLS connection of a transfer shows: facts of the server's certificate and, when it was
 * refused, why, with names and dates. libcurl itself tells only "certificate has expired". Loop
 * thread.
 */
#ifndef NANO_IO_CURL_TLS_H
#define NANO_IO_CURL_TLS_H

#include "base/buf.h"
#include "base/list.h"
#include "io/curl_load.h"
#include "io/http.h"

/* One handshake to be watched, in the caller's memory. Zeroed: idle. */
typedef struct curl_tls_watch {
    list node;
    unsigned long serial;
    bool began;    /* TCP is connected, the handshake has started */
    X509 *refused; /* the certificate that verification stopped at, or the server's own; NULL: none
                      seen */
    int reason;    /* X509_V_ERR_…, X509_V_OK if the chain was fine */
} curl_tls_watch;

/* Before a transfer on easy begins. Does nothing where libcurl has no OpenSSL. */
void curl_tls_watch_start(curl_tls_watch *w, CURL *easy);
/* Forgets the handshake; safe on a zeroed or stopped one. */
void curl_tls_watch_stop(curl_tls_watch *w);
/* Why the handshake with host failed, as the end of a sentence that begins with "TLS: ": "the
 * certificate of shop.example has expired on 2026-01-02 …". False if verification was not the
 * reason. */
bool curl_tls_explain(const curl_tls_watch *w, const char *host, buf *out);
/* The same for a trusted certificate that is not for this host. */
bool curl_tls_explain_name(const curl_tls_watch *w, const char *host, buf *out);

/* The certificate of the connection that easy uses now, so only from inside its header callback.
 * NULL without TLS. verified: whether the transfer checks certificates. */
http_certificate *curl_certificate_create(CURL *easy, bool verified);
void curl_certificate_destroy(http_certificate *c);

#endif
