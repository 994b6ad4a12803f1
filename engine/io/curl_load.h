/*
 * libcurl, loaded when it is first needed: linking it costs every start of the program 3 ms (it
 * brings thirty other libraries along), and most commands never speak HTTP. Call curl.easy_init()
 * where you would curl_easy_init(). curl_load is the
 * loop thread's; the members may then be called from any. Invariant: after it succeeded every
 * member of `curl` is set; `ossl` is set or has no members.
 */
#ifndef NANO_IO_CURL_LOAD_H
#define NANO_IO_CURL_LOAD_H

#include <curl/curl.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

#include "base/err.h"

/* clang-format off */
#define CURL_LOAD_FUNCTIONS(X) \
    X(global_init) X(free) X(slist_append) X(slist_free_all) \
    X(easy_init) X(easy_cleanup) X(easy_reset) X(easy_setopt) X(easy_getinfo) X(easy_pause) \
    X(easy_perform) X(easy_strerror) X(multi_init) X(multi_cleanup) X(multi_setopt) \
    X(multi_add_handle) \
    X(multi_remove_handle) X(multi_socket_action) X(multi_assign) X(multi_info_read) \
    X(share_init) X(share_cleanup) X(share_setopt) \
    X(url) X(url_cleanup) X(url_dup) X(url_get) X(url_set)

/* What the certificate facts need, from the very libssl that libcurl uses. */
#define OPENSSL_LOAD_FUNCTIONS(X) \
    X(SSL_get1_peer_certificate) X(SSL_get_verify_result) X(SSL_get_version) \
    X(SSL_get_SSL_CTX) X(SSL_CTX_set_verify) X(SSL_CTX_get_verify_mode) X(SSL_CTX_set_ex_data) \
    X(SSL_CTX_get_ex_data) X(SSL_get_ex_data_X509_STORE_CTX_idx) \
    X(X509_STORE_CTX_get_ex_data) X(X509_STORE_CTX_get_error) \
    X(X509_STORE_CTX_get_error_depth) X(X509_STORE_CTX_get_current_cert) \
    X(X509_verify_cert_error_string) X(X509_up_ref) X(X509_free) X(X509_get_subject_name) \
    X(X509_get_issuer_name) X(X509_NAME_print_ex) X(X509_get0_notBefore) \
    X(X509_get0_notAfter) X(X509_get_ext_d2i) X(GENERAL_NAMES_free) X(ASN1_TIME_to_tm) \
    X(OPENSSL_sk_num) X(OPENSSL_sk_value) X(BIO_new) X(BIO_s_mem) X(BIO_read) X(BIO_free)
/* clang-format on */

typedef struct curl_api {
#define X(name) __typeof__(curl_##name) *name;
    CURL_LOAD_FUNCTIONS(X)
#undef X
} curl_api;

typedef struct openssl_api {
#define X(name) __typeof__(name) *name;
    OPENSSL_LOAD_FUNCTIONS(X)
#undef X
} openssl_api;

extern curl_api curl;
extern openssl_api ossl;

/* Loads the library once; later calls are free. The error (code "not-found") says which package to
 * install. */
bool curl_load(err *e);
/* Whether libcurl is one with OpenSSL, so that `ossl` may be used. */
bool curl_has_openssl(void);

#endif
