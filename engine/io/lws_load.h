/*
 * libwebsockets, loaded when it is first needed: linking it would cost every start of the program
 * half a millisecond (libssl comes along), and few processes serve anything. Call lws.write() where
 * you would lws_write(). Loop thread. Invariant: after lws_load succeeded every member of `lws` and
 * `lws_tls` is set.
 */
#ifndef NANO_IO_LWS_LOAD_H
#define NANO_IO_LWS_LOAD_H

#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/err.h"

#define LWS_LOAD_FUNCTIONS(X) \
    X(create_context) \
    X(context_destroy) X(create_vhost) X(vhost_destroy) X(set_log_level) X(set_allocator) \
        X(adopt_descriptor_vhost_via_info) X(get_opaque_user_data) X(set_opaque_user_data) \
            X(hdr_total_length) X(hdr_copy) X(hdr_copy_fragment) X(hdr_fragment_length) \
                X(hdr_custom_length) X(hdr_custom_copy) X(token_to_string) \
                    X(http_get_uri_and_method) X(rx_flow_control) X(set_timeout) \
                        X(http_transaction_completed) X(callback_on_writable) X(write) \
                            X(close_reason) X(is_final_fragment) X(is_first_fragment) \
                                X(frame_is_binary) X(partial_buffered) X(close_free_wsi) \
                                    X(client_connect_via_info) X(get_socket_fd) X(get_ssl)

/* What writing to a TLS connection takes, from the very libssl that libwebsockets uses. */
#define LWS_LOAD_TLS_FUNCTIONS(X) X(SSL_write) X(SSL_get_error) X(ERR_clear_error)

typedef struct lws_api {
#define X(name) __typeof__(lws_##name) *name;
    LWS_LOAD_FUNCTIONS(X)
#undef X
} lws_api;

typedef struct lws_tls_api {
#define X(name) __typeof__(name) *name;
    LWS_LOAD_TLS_FUNCTIONS(X)
#undef X
} lws_tls_api;

extern lws_api lws;
extern lws_tls_api lws_tls;

/* Loads the library once; later calls are free. The error (code "not-found") says which package to
 * install. */
bool lws_load(err *e);

#endif
