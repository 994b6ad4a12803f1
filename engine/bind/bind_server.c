/*
 * bind_server.c: sys.server (io/server.h), an HTTP server that a script pulls requests from;
 * stdlib/server.lua has routes on it. WebSockets are in bind_server_socket.c. The handle owns the
 * server: collecting it answers what waits with 503 and closes every connection.
 *
 *   listen{host=, port=, …} → server | nil, text, code
 *   server:port()
 *   server:accept([timeout_ms]) waits → request | nil, text, "closed" | "timeout"
 *     request = {id=, kind="http"|"websocket", method=, path=, query=, headers={}, body=, remote=,
 *     tls=, socket=}
 *   server:respond(id, status, headers, body) → true | nil, text, "closed" | "invalid"
 *   server:stream_begin(id, status, headers) → the same
 *   server:stream_write(id, data) waits while the client is behind → true | nil, text, "closed"
 *   server:stream_end(id), server:stream_abort(id) → true | nil, text, "closed"
 *   server:add_file(path, content_type, data)
 *   server:add_folder(prefix, dir) → true | nil, text, code
 *   server:add_socket_path(path[, any_origin])
 *   server:close()    no new connections; what is under way is still taken and answered
 *
 *   self_signed{name, …} → {cert=, key=, spki=} | nil, text, "tls"   PEM texts, and the base64
 *     SHA-256 of the public key by which a browser can be told to accept it; valid for 30 days
 *
 * Options of listen: host, port, tls_cert, tls_key, max_body, max_message, max_connections,
 * max_waiting, and in milliseconds header_timeout, idle_timeout, body_timeout, answer_timeout,
 * write_timeout, ping_interval.
 */
#include "bind/bind_server.h"

#include <stdlib.h>
#include <string.h>

#include "bind/bind.h"
#include "bind/bind_buf.h"
#include "io/tls_cert.h"

#define SERVER_TYPE "sys.server"
#define WRITE_TYPE "sys.server.write"

enum {
    HEADERS_MAX = 100,
    CERT_NAMES_MAX = 64,
    CERT_DAYS = 30,
    BEHIND_BYTES = 256 *
                   1024, /* a stream_write waits while the client has more than this to take */
};

typedef struct handle {
    server *server;
    task_token waiting; /* a task in accept() */
} handle;

static handle *check_handle(lua_State *L)
{
    return bind_check(L, 1, SERVER_TYPE);
}

static int answer(lua_State *L, bool ok, const err *e)
{
    if (!ok)
        return bind_fail(L, e);
    lua_pushboolean(L, 1);
    return 1;
}

/* ---- accept ---------------------------------------------------------------------------------- */

static void push_request(lua_State *L, const server_request *r)
{
    lua_createtable(L, 0, 10);
    lua_pushnumber(L, (double)r->id);
    lua_setfield(L, -2, "id");
    lua_pushstring(L, r->socket ? "websocket" : "http");
    lua_setfield(L, -2, "kind");
    lua_pushstring(L, r->method);
    lua_setfield(L, -2, "method");
    lua_pushlstring(L, r->path, r->path_len);
    lua_setfield(L, -2, "path");
    lua_pushstring(L, r->query);
    lua_setfield(L, -2, "query");
    lua_createtable(L, 0, (int)r->header_count);
    for (size_t i = 0; i < r->header_count; i++) {
        lua_pushstring(L, r->headers[i].value);
        lua_setfield(L, -2, r->headers[i].name);
    }
    lua_setfield(L, -2, "headers");
    lua_pushlstring(L, r->body ? r->body : "", r->body_len);
    lua_setfield(L, -2, "body");
    lua_pushstring(L, r->remote);
    lua_setfield(L, -2, "remote");
    lua_pushboolean(L, r->tls);
    lua_setfield(L, -2, "tls");
    if (r->socket) {
        bind_server_push_socket(L, r->socket);
        lua_setfield(L, -2, "socket");
    }
}

/* Gives the waiting task the next request, or the end. */
static void deliver(handle *h)
{
    if (!h->waiting.script)
        return;
    const server_request *r = server_accept(h->server);
    if (!r && !server_closing(h->server))
        return;
    task_token token = h->waiting;
    h->waiting = (task_token){0};
    if (!r) {
        task_wake_error(token, "the server has been closed", "closed");
        return;
    }
    lua_State *co = task_results(token);
    if (!co)
        return;
    push_request(co, r);
    task_wake(token, 1);
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

static int l_accept(lua_State *L)
{
    handle *h = check_handle(L);
    mono_ns timeout = bind_timeout(L, 2);
    if (h->waiting.script)
        return bind_usage(L, "server:accept([timeout_ms])",
                          "another task is waiting for this server's requests");
    lua_pushvalue(L, 1);
    h->waiting = task_begin(L, accept_cancel, h);
    task_limit(h->waiting, timeout);
    deliver(h);
    return task_wait(L);
}

/* ---- answers --------------------------------------------------------------------------------- */

typedef struct header_list {
    size_t count;
    server_header headers[HEADERS_MAX];
} header_list;

static void add_header(lua_State *L, header_list *l, const char *name, int value)
{
    if (l->count == HEADERS_MAX)
        luaL_error(L, "an answer has at most %d headers", HEADERS_MAX);
    if (lua_type(L, value) != LUA_TSTRING && lua_type(L, value) != LUA_TNUMBER)
        luaL_error(L, "the header \"%s\" must be a text or a list of texts", name);
    size_t len;
    const char *text = lua_tolstring(L, value, &len);
    if (strlen(text) != len)
        luaL_error(L, "the header \"%s\" must not contain a zero byte", name);
    l->headers[l->count].name = name;
    l->headers[l->count++].value = text;
}

/* name → value, or name → list of values. A value that is a number is turned into text in the
 * table, so everything lives as long as the table. */
static void read_headers(lua_State *L, int index, header_list *l)
{
    l->count = 0;
    if (lua_isnoneornil(L, index))
        return;
    luaL_checktype(L, index, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "headers must be {name = value}");
        const char *name = lua_tostring(L, -2);
        if (lua_type(L, -1) == LUA_TNUMBER) {
            lua_pushvalue(L, -1);
            lua_tostring(L, -1);
            lua_setfield(L, index, name);
            lua_getfield(L, index, name);
            lua_replace(L, -2);
        }
        if (!lua_istable(L, -1)) {
            add_header(L, l, name, lua_gettop(L));
            continue;
        }
        int list = lua_gettop(L);
        for (size_t i = 1; i <= lua_objlen(L, list); i++) {
            lua_rawgeti(L, list, (int)i);
            if (lua_type(L, -1) != LUA_TSTRING)
                luaL_error(L, "the header \"%s\" must be a text or a list of texts", name);
            add_header(L, l, name, lua_gettop(L));
            lua_pop(L, 1);
        }
    }
}

static uint64_t check_id(lua_State *L)
{
    double id = luaL_checknumber(L, 2);
    return id >= 1 && id < 9e15 ? (uint64_t)id : 0;
}

static int l_respond(lua_State *L)
{
    handle *h = check_handle(L);
    header_list l;
    uint64_t id = check_id(L);
    int status = (int)luaL_checkinteger(L, 3);
    read_headers(L, 4, &l);
    size_t len = 0;
    const char *body = luaL_optlstring(L, 5, "", &len);
    err e;
    return answer(L, server_respond(h->server, id, status, l.headers, l.count, body, len, &e), &e);
}

static int l_stream_begin(lua_State *L)
{
    handle *h = check_handle(L);
    header_list l;
    uint64_t id = check_id(L);
    int status = (int)luaL_checkinteger(L, 3);
    read_headers(L, 4, &l);
    err e;
    return answer(L, server_stream_begin(h->server, id, status, l.headers, l.count, &e), &e);
}

/* A stream_write that waits for the client. */
typedef struct write_op {
    handle *handle; /* an argument of the waiting call: it lives as long */
    uint64_t id;
    task_token token;
} write_op;

static void write_cancel(void *arg)
{
    write_op *o = arg;
    server_stream_on_drain(o->handle->server, o->id, NULL, NULL);
}

static void on_drain(void *ctx, bool gone)
{
    write_op *o = ctx;
    if (gone) {
        task_wake_error(o->token, "the client has gone", "closed");
        return;
    }
    lua_State *co = task_results(o->token);
    if (!co)
        return;
    lua_pushboolean(co, 1);
    task_wake(o->token, 1);
}

static int l_stream_write(lua_State *L)
{
    handle *h = check_handle(L);
    uint64_t id = check_id(L);
    size_t len;
    const char *data = bind_text(L, 3, "server:stream_write(id, data)", "data", &len);
    write_op *o = bind_new(L, WRITE_TYPE, sizeof *o);
    o->handle = h;
    o->id = id;
    o->token = task_begin(L, write_cancel, o);
    err e;
    if (!server_stream_write(h->server, id, data, len, &e)) {
        bind_wake_fail(o->token, &e);
    } else if (server_stream_pending(h->server, id) <= BEHIND_BYTES) {
        on_drain(o, false);
    } else if (!server_stream_on_drain(h->server, id, on_drain, o)) {
        task_wake_error(o->token, "another task is waiting to write to this stream", "busy");
    }
    return task_wait(L);
}

static int l_stream_end(lua_State *L)
{
    handle *h = check_handle(L);
    err e;
    return answer(L, server_stream_end(h->server, check_id(L), &e), &e);
}

static int l_stream_abort(lua_State *L)
{
    handle *h = check_handle(L);
    err e;
    return answer(L, server_stream_abort(h->server, check_id(L), &e), &e);
}

/* ---- files and paths ------------------------------------------------------------------------- */

static const char *check_path(lua_State *L, int index, const char *signature, const char *what)
{
    size_t len;
    const char *path = bind_text(L, index, signature, what, &len);
    if (path[0] != '/' || strlen(path) != len)
        bind_usage(L, signature, "a path must begin with \"/\"");
    return path;
}

static int l_add_file(lua_State *L)
{
    static const char signature[] = "server:add_file(path, content_type, data)";
    handle *h = check_handle(L);
    const char *path = check_path(L, 2, signature, "path");
    size_t len;
    const char *type = bind_text(L, 3, signature, "content_type", &len);
    if (strpbrk(type, "\r\n") || strlen(type) != len)
        return bind_usage(L, signature, "content_type must be one line");
    const char *data = bind_text(L, 4, signature, "data", &len);
    server_add_file(h->server, path, type, data, len);
    return 0;
}

static int l_add_folder(lua_State *L)
{
    static const char signature[] = "server:add_folder(prefix, dir)";
    handle *h = check_handle(L);
    const char *prefix = check_path(L, 2, signature, "prefix");
    const char *dir = luaL_checkstring(L, 3);
    err e;
    return answer(L, server_add_folder(h->server, prefix, dir, &e), &e);
}

static int l_add_socket_path(lua_State *L)
{
    handle *h = check_handle(L);
    const char *path = check_path(L, 2, "server:add_socket_path(path[, any_origin])", "path");
    server_add_socket_path(h->server, path, lua_toboolean(L, 3));
    return 0;
}

/* ---- life ------------------------------------------------------------------------------------ */

static double opt_number(lua_State *L, const char *field, double def, double min, double max)
{
    double n = bind_opt_number(L, 1, field, def);
    if (!(n >= min && n <= max))
        luaL_error(L, "sys.server.listen{…}: %s must be a number from %f to %f", field, min, max);
    return n;
}

static mono_ns opt_time(lua_State *L, const char *field, mono_ns def)
{
    double ms = opt_number(L, field, (double)def / (double)NS_PER_MS, 0, 1e9);
    return (mono_ns)(ms * (double)NS_PER_MS);
}

static int l_listen(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    server_config c = server_config_default;
    c.host = bind_opt_string(L, 1, "host", c.host, NULL);
    c.port = (int)opt_number(L, "port", 0, 0, 65535);
    c.tls_cert = bind_opt_string(L, 1, "tls_cert", NULL, NULL);
    c.tls_key = bind_opt_string(L, 1, "tls_key", NULL, NULL);
    if (!c.tls_cert != !c.tls_key)
        return bind_usage(L, "server.listen{…}", "tls_cert and tls_key belong together");
    c.max_body = (size_t)opt_number(L, "max_body", (double)c.max_body, 0, 1 << 30);
    c.max_message = (size_t)opt_number(L, "max_message", (double)c.max_message, 1, 1 << 30);
    c.max_connections = (int)opt_number(L, "max_connections", c.max_connections, 1, 8000);
    c.max_waiting = (int)opt_number(L, "max_waiting", c.max_waiting, 1, 8000);
    c.header_timeout = opt_time(L, "header_timeout", c.header_timeout);
    c.idle_timeout = opt_time(L, "idle_timeout", c.idle_timeout);
    c.body_timeout = opt_time(L, "body_timeout", c.body_timeout);
    c.answer_timeout = opt_time(L, "answer_timeout", c.answer_timeout);
    c.write_timeout = opt_time(L, "write_timeout", c.write_timeout);
    c.ping_interval = opt_time(L, "ping_interval", c.ping_interval);
    handle *h = bind_new(L, SERVER_TYPE, sizeof *h);
    c.on_ready = on_ready;
    c.ctx = h;
    err e;
    h->server = server_open(&c, &e);
    return h->server ? 1 : bind_fail(L, &e);
}

static int l_port(lua_State *L)
{
    lua_pushinteger(L, server_port(check_handle(L)->server));
    return 1;
}

static int l_close(lua_State *L)
{
    server_close(check_handle(L)->server);
    return 0;
}

static int l_gc(lua_State *L)
{
    handle *h = lua_touserdata(L, 1);
    server_destroy(h->server);
    h->server = NULL;
    return 0;
}

static void set_text(lua_State *L, const char *field, const buf *text)
{
    lua_pushlstring(L, text->data, text->len);
    lua_setfield(L, -2, field);
}

static int l_self_signed(lua_State *L)
{
    const char *names[CERT_NAMES_MAX];
    luaL_checktype(L, 1, LUA_TTABLE);
    size_t count = lua_objlen(L, 1);
    if (count > CERT_NAMES_MAX)
        return bind_usage(L, "server.self_signed{name, …}", "too many names");
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, 1, (int)i + 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            return bind_usage(L, "server.self_signed{name, …}", "names are texts");
        names[i] = lua_tostring(L, -1); /* the table keeps it */
        lua_pop(L, 1);
    }
    tls_cert made = {0};
    err e;
    if (!tls_cert_make(names, count, CERT_DAYS, &made, &e))
        return bind_fail(L, &e);
    lua_createtable(L, 0, 3);
    set_text(L, "cert", &made.cert);
    set_text(L, "key", &made.key);
    set_text(L, "spki", &made.spki);
    tls_cert_finish(&made);
    return 1;
}

static const gate_fn functions[] = {
    {"listen", l_listen, GATE_EFFECT, CAP_SERVER, NULL},
    {"self_signed", l_self_signed, GATE_CHANCE, CAP_SERVER, NULL},
    {NULL, NULL, 0, 0, NULL},
};

static const gate_fn methods[] = {
    {"port", l_port, GATE_READ, CAP_SERVER, NULL},
    {"accept", l_accept, GATE_READ, CAP_SERVER, NULL},
    {"respond", l_respond, GATE_EFFECT, CAP_SERVER, NULL},
    {"stream_begin", l_stream_begin, GATE_EFFECT, CAP_SERVER, NULL},
    {"stream_write", l_stream_write, GATE_EFFECT, CAP_SERVER, NULL},
    {"stream_end", l_stream_end, GATE_EFFECT, CAP_SERVER, NULL},
    {"stream_abort", l_stream_abort, GATE_EFFECT, CAP_SERVER, NULL},
    {"add_file", l_add_file, GATE_EFFECT, CAP_SERVER, NULL},
    {"add_folder", l_add_folder, GATE_EFFECT, CAP_SERVER, NULL},
    {"add_socket_path", l_add_socket_path, GATE_EFFECT, CAP_SERVER, NULL},
    {"close", l_close, GATE_EFFECT, CAP_SERVER, NULL},
    {NULL, NULL, 0, 0, NULL},
};

int bind_server(lua_State *L)
{
    bind_type(L, SERVER_TYPE, methods, l_gc);
    bind_type(L, WRITE_TYPE, NULL, NULL);
    bind_server_socket_type(L);
    gate_push_module(L, "server", functions);
    return 1;
}
