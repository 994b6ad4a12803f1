/* http_policy.c: see http_policy.h. */
#include "io/http_policy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "io/address.h"

struct http_policy {
    int refs;
    bool allow_private;
    char *store_host, *store_address;
    int store_port;
    char **hosts;
    size_t host_count;
    bool any_host;
};

http_policy *http_policy_create(const http_policy_config *config)
{
    http_policy *p = mem_zero(1, sizeof *p);
    p->refs = 1;
    p->allow_private = config->allow_private;
    p->store_host = config->store_host ? mem_strdup(config->store_host) : NULL;
    p->store_address = config->store_address ? mem_strdup(config->store_address) : NULL;
    p->store_port = config->store_port;
    p->any_host = !config->hosts;
    p->host_count = config->hosts ? config->host_count : 0;
    p->hosts = mem_zero(p->host_count + 1, sizeof *p->hosts);
    for (size_t i = 0; i < p->host_count; i++)
        p->hosts[i] = mem_strdup(config->hosts[i]);
    return p;
}

http_policy *http_policy_narrow(const http_policy *p, const char *const *hosts, size_t host_count)
{
    if (p && !p->any_host)
        return NULL;
    return http_policy_create(&(http_policy_config){
        .allow_private = !p || p->allow_private,
        .store_host = p ? p->store_host : NULL,
        .store_address = p ? p->store_address : NULL,
        .store_port = p ? p->store_port : 0,
        .hosts = hosts,
        .host_count = host_count,
    });
}

http_policy *http_policy_ref(http_policy *p)
{
    if (p)
        p->refs++;
    return p;
}

void http_policy_unref(http_policy *p)
{
    if (!p || --p->refs > 0)
        return;
    for (size_t i = 0; i < p->host_count; i++)
        free(p->hosts[i]);
    free(p->hosts);
    free(p->store_host);
    free(p->store_address);
    free(p);
}

/* Without regard to case and to the dot that may end an absolute name. */
static bool same_name(const char *a, size_t a_len, const char *b, size_t b_len)
{
    if (a_len && a[a_len - 1] == '.')
        a_len--;
    if (b_len && b[b_len - 1] == '.')
        b_len--;
    return a_len == b_len && strncasecmp(a, b, a_len) == 0;
}

static bool is_web_port(int port)
{
    return port == 80 || port == 443;
}

bool http_policy_is_store(const http_policy *p, const char *host, int port)
{
    if (!p || !p->store_host ||
        !same_name(host, strlen(host), p->store_host, strlen(p->store_host)))
        return false;
    if (p->store_port == 0 || is_web_port(p->store_port))
        return is_web_port(port);
    return port == p->store_port;
}

const char *http_policy_address(const http_policy *p, const char *host, int port)
{
    return http_policy_is_store(p, host, port) ? p->store_address : NULL;
}

static const char *without_www(const char *host)
{
    return strncasecmp(host, "www.", 4) == 0 ? host + 4 : host;
}

/* One entry of the list: "name", "*.name", either with ":port"; an IPv6 address as "[::1]" or
 * "[::1]:port". */
static bool entry_matches(const char *entry, const char *host, int port)
{
    const char *name = entry, *end = NULL;
    if (*entry == '[') {
        name = entry + 1;
        end = strchr(name, ']');
    }
    const char *colon = strchr(end ? end : entry, ':');
    size_t len = end ? (size_t)(end - name) : colon ? (size_t)(colon - name) : strlen(name);
    if (colon && atoi(colon + 1) != port)
        return false;
    size_t host_len = strlen(host);
    if (len > 2 && name[0] == '*' && name[1] == '.') {
        if (host_len && host[host_len - 1] == '.')
            host_len--;
        size_t tail = len - 1; /* ".name" */
        return host_len > tail && same_name(host + host_len - tail, tail, name + 1, tail);
    }
    return same_name(host, host_len, name, len);
}

bool http_policy_allows_host(const http_policy *p, const char *host, int port, err *e)
{
    if (!p || p->any_host)
        return true;
    if (p->store_host) {
        const char *a = without_www(host), *b = without_www(p->store_host);
        if (same_name(a, strlen(a), b, strlen(b)))
            return true;
    }
    for (size_t i = 0; i < p->host_count; i++)
        if (entry_matches(p->hosts[i], host, port))
            return true;
    return err_set(e, "denied",
                   "the script may not reach %s: only the store and the hosts that its manifest "
                   "names are granted",
                   host);
}

bool http_policy_allows_address(const http_policy *p, const char *host, int port,
                                const struct sockaddr *address, err *e)
{
    if (!p || p->allow_private)
        return true;
    address_kind kind = address_classify(address);
    if (kind == ADDRESS_PUBLIC || http_policy_is_store(p, host, port))
        return true;
    char text[ADDRESS_TEXT_SIZE];
    address_format(address, text);
    return err_set(e, "private-address",
                   "%s is at %s, %s address: scripts reach such addresses only where the "
                   "configured store is, or "
                   "with allow_private in the configuration",
                   host, text, address_kind_word(kind));
}
