/*
 * What a script may reach over HTTP. Made by whoever starts the script, read by the HTTP client for
 * every request and every redirect. A policy never changes after it was made; it is shared by
 * reference counts. Loop thread.
 *
 * A NULL policy allows everything: the engine's own trusted states.
 */
#ifndef NANO_IO_HTTP_POLICY_H
#define NANO_IO_HTTP_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/err.h"

typedef struct http_policy http_policy;

typedef struct http_policy_config {
    bool allow_private;     /* loopback, private, link-local … addresses may be reached */
    const char *store_host; /* the configured store: may be reached wherever it lives; NULL: none */
    int store_port;         /* 0: 80 and 443. Where it is 80 or 443, both are the store's */
    const char *store_address; /* numeric: where requests to the store go; NULL: where its name
                                  leads */
    /* Names that may be reached besides the store's: "api.example.com", "*.example.com" (any name
     * below it, not itself), each with ":port" if only that port is meant. International names in
     * their xn-- form. NULL: any. */
    const char *const *hosts;
    size_t host_count;
} http_policy_config;

/* Copies everything. The caller owns one reference. */
http_policy *http_policy_create(const http_policy_config *config);
/* A policy as p (NULL: the one that allows everything), but with only these hosts beside the
 * store's. The caller owns it. NULL when p has a list of hosts already: a policy is narrowed once.
 */
http_policy *http_policy_narrow(const http_policy *p, const char *const *hosts, size_t host_count);
/* Another reference to p (returned; NULL is fine), and one reference less. */
http_policy *http_policy_ref(http_policy *p);
void http_policy_unref(http_policy *p);

/* The address to which requests to host:port go instead of where the name leads; NULL: there. Only
 * for the store itself. Valid as long as p. */
const char *http_policy_address(const http_policy *p, const char *host, int port);
/* Whether host:port is the configured store itself. */
bool http_policy_is_store(const http_policy *p, const char *host, int port);
/* Whether a request may name this host at all; otherwise code "denied". A www. before or off the
 * store's own name counts as the store's. host without brackets. */
bool http_policy_allows_host(const http_policy *p, const char *host, int port, err *e);
/* Whether a request to host:port may use this socket address; otherwise code "private-address". */
bool http_policy_allows_address(const http_policy *p, const char *host, int port,
                                const struct sockaddr *address, err *e);

#endif
