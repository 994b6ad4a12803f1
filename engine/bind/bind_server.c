/*
 * bind_server.c: sys.server, an HTTP server that a script pulls requests from. WebSockets are in
 * bind_server_socket.c. The handle owns the server: collecting it closes every connection.
 */
#include <stdlib.h>
#include <string.h>

#include "bind/bind.h"
#include "io/server.h"

#define SERVER_TYPE "sys.server"

enum { HEADERS_MAX = 100 };

typedef struct handle {
    server *server; /* NULL once closed */
    task_token waiting;
} handle;

static handle *check_open(lua_State *L)
{
    handle *h = bind_check(L, 1, SERVER_TYPE);
    if (!h->server)
        luaL_error(L, "the server has been closed");
    return h;
}

/* ---- accept
 * ------------------------------------------------------------------------------------------------------
 */

/* Headers by lower-case name; one that comes several times is joined with ", " (cookies with "; ").
 */
static void push_headers(lua_State *L, const server_header *headers, size_t count)
{
    lua_createtable(L, 0, (int)count);
    for (size_t i = 0; i < count; i++) {
        lua_getfield(L, -1, headers[i].name);
        if (lua_isnil(L, -1)) {
            lua_pop(L, 1);
            lua_pushstring(L, headers[i].value);
        } else {
            lua_pushfstring(L, "%s%s%s", lua_tostring(L, -1),
                            strcmp(headers[i].name, "cookie") == 0 ? "; " : ", ", headers[i].value);
            lua_remove(L, -2);
        }
        lua_setfield(L, -2, headers[i].name);
    }
}

static void push_request(lua_State *L, const server_request *r)
{
    lua_createtable(L, 0, 9);
    lua_pushnumber(L, (double)r->id);
    lua_setfield(L, -2, "id");
    lua_pushliteral(L, "http");
    lua_setfield(L, -2, "kind");
    lua_pushstring(L, r->method);
    lua_setfield(L, -2, "method");
    lua_pushlstring(L, r->path, r->path_len);
    lua_setfield(L, -2, "path");
    lua_pushstring(L, r->query);
    lua_setfield(L, -2, "query");
    push_headers(L, r->headers, r->header_count);
    lua_setfield(L, -2, "headers");
    lua_pushlstring(L, r->body ? r->body : "", r->body_len);
    lua_setfield(L, -2, "body");
    lua_pushstring(L, r->remote);
    lua_setfield(L, -2, "remote");
    lua_pushboolean(L, r->tls);
    lua_setfield(L, -2, "tls");
}

/* Gives the waiting task the next request, or the end. */
static void deliver(handle *h)
{
    if (!h->waiting.script)
        return;
    const server_request *r = server_accept(h->server);
    if (!r && !server_closing(h->server))
        return;
    lua_State *co = task_results(h->waiting);
    if (!co)
        return;
    task_token token = h->waiting;
    h->waiting = (task_token){0};
    if (r) {
        push_request(co, r);
        task_wake(token, 1);
        return;
    }
    lua_pushnil(co);
    lua_pushliteral(co, "the server has been closed");
    lua_pushliteral(co, "closed");
    task_wake(token, 3);
}

static void on_ready(server *s, void *ctx)
{
    (void)s;
    deliver(ctx);
}

static void accept_cancel(void *arg)
{
    ((handle *)arg)->waiting = (task_token){0};
}

/* server:accept([timeout_ms]) waits → request | nil, text, "closed" | "timeout" */
static int l_accept(lua_State *L)
{
    handle *h = check_open(L);
    mono_ns timeout = bind_timeout(L, 2);
    if (h->waiting.script)
        return luaL_error(L, "another task is waiting for this server's requests already");
    lua_pushvalue(L, 1);
    h->waiting = task_begin(L, accept_cancel, h);
    task_limit(h->waiting, timeout);
    deliver(h);
    return task_wait(L);
}

/* ---- answers
 * -----------------------------------------------------------------------------------------------------
 */

static void add_header(lua_State *L, server_header *headers, size_t *count, const char *name,
                       int value)
{
    if (*count == HEADERS_MAX)
        luaL_error(L, "more than %d headers", HEADERS_MAX);
    if (!lua_isstring(L, value))
        luaL_error(L, "the header \"%s\" must be a string or a list of strings", name);
    headers[*count].name = name;
    headers[(*count)++].value = lua_tostring(L, value);
}

/* Headers from the table at index: name → value, or name → list of values. They live as long as the
 * table. */
static size_t read_headers(lua_State *L, int index, server_header *headers)
{
    size_t count = 0;
    if (lua_isnoneornil(L, index))
        return 0;
    luaL_checktype(L, index, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        luaL_checktype(L, -2, LUA_TSTRING);
        const char *name = lua_tostring(L, -2);
        if (!lua_istable(L, -1)) {
            add_header(L, headers, &count, name, lua_gettop(L));
            continue;
        }
        int list = lua_gettop(L);
        for (size_t i = 1; i <= lua_objlen(L, list); i++) {
            lua_rawgeti(L, list, (int)i);
            add_header(L, headers, &count, name, lua_gettop(L));
            lua_pop(L, 1);
        }
    }
    return count;
}

/* server:respond(id, status, headers, body) → true | nil, text, "closed" (the client has gone) |
 * "invalid" */
static int l_respond(lua_State *L)
{
    handle *h = check_open(L);
    server_header headers[HEADERS_MAX];
    uint64_t id = (uint64_t)luaL_checknumber(L, 2);
    int status = (int)luaL_checkinteger(L, 3);
    size_t count = read_headers(L, 4, headers), len = 0;
    const char *body = luaL_optlstring(L, 5, "", &len);
    err e;
    if (!server_respond(h->server, id, status, headers, count, body, len, &e))
        return bind_fail(L, &e);
    lua_pushboolean(L, 1);
    return 1;
}

/* ---- life
 * --------------------------------------------------------------------------------------------------------
 */

/* listen{host="127.0.0.1", port=0, tls_cert=, tls_key=, max_body=} → server | nil, text, code */
static int l_listen(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    server_config config = server_config_default;
    config.host = bind_opt_string(L, 1, "host", config.host, NULL);
    config.port = (int)bind_opt_number(L, 1, "port", 0);
    config.tls_cert = bind_opt_string(L, 1, "tls_cert", NULL, NULL);
    config.tls_key = bind_opt_string(L, 1, "tls_key", NULL, NULL);
    config.max_body = (size_t)bind_opt_number(L, 1, "max_body", (double)config.max_body);
    handle *h = bind_new(L, SERVER_TYPE, sizeof *h);
    config.on_ready = on_ready;
    config.ctx = h;
    err e;
    h->server = server_open(&config, &e);
    return h->server ? 1 : bind_fail(L, &e);
}

static int l_port(lua_State *L)
{
    lua_pushinteger(L, server_port(check_open(L)->server));
    return 1;
}

/* server:close(): no new connections; what is under way is still taken and answered, then accept
 * says "closed" */
static int l_close(lua_State *L)
{
    handle *h = bind_check(L, 1, SERVER_TYPE);
    if (h->server)
        server_close(h->server);
    return 0;
}

static int l_gc(lua_State *L)
{
    handle *h = bind_check(L, 1, SERVER_TYPE);
    server_destroy(h->server);
    h->server = NULL;
    return 0;
}

static const gate_fn functions[] = {
    {"listen", l_listen, GATE_EFFECT, CAP_SERVER, NULL},
    {NULL, NULL, 0, 0, NULL},
};

static const gate_fn methods[] = {
    {"accept", l_accept, GATE_READ, CAP_SERVER, NULL},
    {"respond", l_respond, GATE_EFFECT, CAP_SERVER, NULL},
    {"port", l_port, GATE_READ, CAP_SERVER, NULL},
    {"close", l_close, GATE_EFFECT, CAP_SERVER, NULL},
    {NULL, NULL, 0, 0, NULL},
};

int bind_server(lua_State *L)
{
    bind_type(L, SERVER_TYPE, methods, l_gc);
    gate_push_module(L, "server", functions);
    return 1;
}
