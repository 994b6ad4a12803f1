/* bind_policy.c: what a started script may reach over the network, from its starter's table. Called
 * by bind_script.c. */
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "bind/bind.h"
#include "bind/bind_http.h"
#include "io/url.h"

/* The store's host and port; NULL when there is no store. The caller frees it. */
static char *store_of(lua_State *L, int policy, int *port)
{
    size_t len;
    url parts;
    const char *text = bind_opt_string(L, policy, "store_url", NULL, &len);
    if (!text || !url_parse(text, len, &parts, NULL) || !parts.host.at)
        return NULL;
    bool tls = parts.scheme.len == 5 && strncasecmp(parts.scheme.at, "https", 5) == 0;
    *port = parts.port >= 0 ? parts.port : tls ? 443 : 80;
    return mem_strndup(parts.host.at, parts.host.len);
}

void bind_apply_policy(lua_State *L, int table, script *s)
{
    http_policy_config config = {0};
    char *host = NULL;
    lua_getfield(L, table, "policy");
    int policy = lua_gettop(L);
    if (lua_istable(L, policy)) {
        config.allow_private = bind_opt_bool(L, policy, "allow_private", false);
        config.store_host = host = store_of(L, policy, &config.store_port);
        config.store_address = bind_opt_string(L, policy, "store_address", NULL, NULL);
    }
    bind_http_set_policy(s, http_policy_create(&config));
    free(host);
    lua_pop(L, 1);
}
