/*
 * tls_cert.h: a certificate for a TLS listener of this machine, signed by itself. For stand-ins of
 * other hosts (the demo store's pixels) and for tests; whoever connects must be told to accept it,
 * by its fingerprint. Blocks for about a millisecond. Knows no loop.
 */
#ifndef NANO_IO_TLS_CERT_H
#define NANO_IO_TLS_CERT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* All three belong to the caller: init with {0}, end with tls_cert_finish. */
typedef struct tls_cert {
    buf cert; /* PEM */
    buf key;  /* PEM, not encrypted */
    buf spki; /* base64 of the SHA-256 of the public key, as --ignore-certificate-errors-spki-list
                 takes it */
} tls_cert;

/*
 * Makes a P-256 key and a certificate for names (at least one, "shop.example"), valid from a day
 * ago for `days`. False with e ("tls") if OpenSSL fails or a name is none; out is then empty.
 */
bool tls_cert_make(const char *const *names, size_t count, int days, tls_cert *out, err *e);

void tls_cert_finish(tls_cert *cert);

#endif
