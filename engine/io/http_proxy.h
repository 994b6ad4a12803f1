/* Which proxy the environment asks for (http_proxy, https_proxy, all_proxy, no_proxy, as curl reads
 * them). */
#ifndef NANO_IO_HTTP_PROXY_H
#define NANO_IO_HTTP_PROXY_H

#include <stdbool.h>

/* The proxy's URL for this target, NULL for none; free() it. */
char *http_proxy_from_env(bool tls_target, const char *host, int port);
/* Whether no_proxy's value exempts host:port. */
bool http_proxy_exempt(const char *no_proxy, const char *host, int port);

#endif
