/* bind_policy.c: what a started script may reach over the network. Called by bind_script.c. */
#include <lauxlib.h>
#include <string.h>
#include <strings.h>

#include "bind/bind.h"
#include "bind/bind_http.h"
#include "io/url.h"

/* The list of hosts at the top of the stack as an array in a userdata, which is left there. */
static const char *const *read_hosts(lua_State *L, size_t *count)
{
    int list = lua_gettop(L);
    *count = lua_objlen(L, list);
    const char **hosts = lua_newuserdata(L, (*count + 1) * sizeof *hosts);
    for (size_t i = 0; i < *count; i++) {
        lua_rawgeti(L, list, (int)i + 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            luaL_error(L, "policy.hosts must be a list of texts");
        hosts[i] = lua_tostring(L, -1); /* the list keeps it alive */
        lua_pop(L, 1);
    }
    return hosts;
}

static int usual_port(const url *u)
{
    if (u->port >= 0)
        return u->port;
    return u->scheme.len == 5 && strncasecmp(u->scheme.at, "https", 5) == 0 ? 443 : 80;
}

void bind_apply_policy(lua_State *L, int table, script *s)
{
    int top = lua_gettop(L);
    lua_getfield(L, table, "policy");
    if (lua_isnil(L, -1)) {
        lua_settop(L, top);
        return;
    }
    luaL_checktype(L, -1, LUA_TTABLE);
    int policy = lua_gettop(L);
    http_policy_config config = {.allow_private = bind_opt_bool(L, policy, "allow_private", false)};
    size_t len = 0;
    const char *store = bind_opt_string(L, policy, "store_url", NULL, &len);
    url parts;
    if (store && url_parse(store, len, &parts, NULL) && parts.host.at) {
        lua_pushlstring(L, parts.host.at, parts.host.len);
        config.store_host = lua_tostring(L, -1);
        config.store_port = usual_port(&parts);
    }
    lua_getfield(L, policy, "hosts");
    if (!lua_isnil(L, -1)) {
        luaL_checktype(L, -1, LUA_TTABLE);
        config.hosts = read_hosts(L, &config.host_count);
    }
    bind_http_set_policy(s, http_policy_create(&config));
    lua_settop(L, top);
}
