/*
 * http_proxy.c: see http_proxy.h. The environment is read here and not by libcurl, because whether
 * a proxy is used decides which address the policy judges. Names as curl knows them; upper-case
 * HTTP_PROXY is ignored, since a CGI request header can set it.
 */
#include "io/http_proxy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

static const char *first_set(const char *const *names)
{
    for (; *names; names++) {
        const char *value = getenv(*names);
        if (value && *value)
            return value;
    }
    return NULL;
}

/* One entry of no_proxy: "*", "name" or ".name" (and all names below it), each with ":port" if need
 * be. */
static bool entry_exempts(const char *entry, size_t len, const char *host, int port)
{
    if (len == 1 && *entry == '*')
        return true;
    const char *colon = memchr(entry, ':', len);
    bool is_ipv6 = colon && memchr(colon + 1, ':', len - (size_t)(colon + 1 - entry));
    if (colon && !is_ipv6) {
        if (atoi(colon + 1) != port)
            return false;
        len = (size_t)(colon - entry);
    }
    if (len && *entry == '*')
        entry++, len--;
    if (len && *entry == '.')
        entry++, len--;
    size_t host_len = strlen(host);
    if (!len || host_len < len || strncasecmp(host + host_len - len, entry, len) != 0)
        return false;
    return host_len == len || host[host_len - len - 1] == '.';
}

bool http_proxy_exempt(const char *no_proxy, const char *host, int port)
{
    static const char separators[] = ", \t";
    while (*no_proxy) {
        no_proxy += strspn(no_proxy, separators);
        size_t len = strcspn(no_proxy, separators);
        if (len && entry_exempts(no_proxy, len, host, port))
            return true;
        no_proxy += len;
    }
    return false;
}

char *http_proxy_from_env(bool tls_target, const char *host, int port)
{
    static const char *const none[] = {"no_proxy", "NO_PROXY", NULL};
    static const char *const plain[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
    static const char *const secure[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                         NULL};
    const char *exempt = first_set(none);
    if (exempt && http_proxy_exempt(exempt, host, port))
        return NULL;
    const char *proxy = first_set(tls_target ? secure : plain);
    return proxy ? mem_strdup(proxy) : NULL;
}
