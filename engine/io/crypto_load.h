/*
 * libcrypto, loaded when it is first needed: linking it costs every start of the program a
 * millisecond (its tables are relocated), and most processes hash nothing. Call
 * crypto()->EVP_Digest() where you would EVP_Digest(). Any thread. The process ends when the
 * library is not there, as it would if it were linked.
 */
#ifndef NANO_IO_CRYPTO_LOAD_H
#define NANO_IO_CRYPTO_LOAD_H

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

/* clang-format off */
#define CRYPTO_LOAD_FUNCTIONS(X) \
    X(EVP_EncodeBlock) X(EVP_Digest) X(EVP_sha256) X(EVP_Q_mac) X(CRYPTO_memcmp) \
    X(CRYPTO_free) X(OPENSSL_cleanse) X(RAND_bytes) X(BN_bin2bn) X(BN_free) \
    X(BN_to_ASN1_INTEGER) X(BIO_new) X(BIO_s_mem) X(BIO_ctrl) X(BIO_free) \
    X(EVP_PKEY_Q_keygen) X(EVP_PKEY_free) X(i2d_PUBKEY) X(PEM_write_bio_PrivateKey) \
    X(PEM_write_bio_X509) X(X509V3_EXT_conf_nid) X(X509V3_set_ctx) X(X509_EXTENSION_free) \
    X(X509_NAME_add_entry_by_txt) X(X509_add_ext) X(X509_free) X(X509_get_serialNumber) \
    X(X509_get_subject_name) X(X509_getm_notAfter) X(X509_getm_notBefore) X(X509_gmtime_adj) \
    X(X509_new) X(X509_set_issuer_name) X(X509_set_pubkey) X(X509_set_version) X(X509_sign) \
    X(X509_time_adj_ex)
/* clang-format on */

typedef struct crypto_api {
#define X(name) __typeof__(name) *name;
    CRYPTO_LOAD_FUNCTIONS(X)
#undef X
} crypto_api;

const crypto_api *crypto(void);

#endif
