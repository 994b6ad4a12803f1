/*
 * bind_server_socket.c: the handle of a WebSocket that sys.server has accepted. Collecting it
 * closes the WebSocket.
 *
 *   socket:recv([timeout_ms]) waits → data, "text" | "binary"
 *                                     nil, text, "timeout"; nil, text, "closed", code at its end
 *   socket:send(data[, binary]) → true | nil, text, "closed" | "busy" (the client does not read)
 *   socket:close([code[, reason]])    what was sent before still goes out
 */
#include <stdlib.h>
#include <string.h>

#include "bind/bind.h"
#include "bind/bind_buf.h"
#include "bind/bind_server.h"

#define SOCKET_TYPE "sys.server.socket"

typedef struct handle {
    server_socket *socket;
    task_token waiting;
} handle;

static void push_message(lua_State *co, const char *data, size_t len, bool binary)
{
    lua_pushlstring(co, data, len);
    lua_pushstring(co, binary ? "binary" : "text");
}

static void push_end(lua_State *co, int code, const char *reason)
{
    lua_pushnil(co);
    if (code == 1006)
        lua_pushliteral(co, "the connection of the WebSocket was lost");
    else
        lua_pushfstring(co, "the WebSocket was closed (code %d%s%s)", code, *reason ? ": " : "",
                        reason);
    lua_pushliteral(co, "closed");
    lua_pushinteger(co, code);
}

/* Gives the waiting task what has come. */
static void deliver(void *ctx)
{
    handle *h = ctx;
    size_t len;
    bool binary;
    int code;
    const char *reason;
    if (!h->waiting.script)
        return;
    char *data = server_socket_next(h->socket, &len, &binary);
    if (!data && !server_socket_ended(h->socket, &code, &reason))
        return;
    task_token token = h->waiting;
    lua_State *co = task_results(token);
    h->waiting = (task_token){0};
    if (co && data) {
        push_message(co, data, len, binary);
        task_wake(token, 2);
    } else if (co) {
        push_end(co, code, reason);
        task_wake(token, 4);
    }
    free(data);
}

static void recv_cancel(void *arg)
{
    ((handle *)arg)->waiting = (task_token){0};
}

static int l_recv(lua_State *L)
{
    handle *h = bind_check(L, 1, SOCKET_TYPE);
    mono_ns timeout = bind_timeout(L, 2);
    if (h->waiting.script)
        return bind_usage(L, "server.socket:recv([timeout_ms])",
                          "another task is waiting for this WebSocket's messages");
    lua_pushvalue(L, 1);
    h->waiting = task_begin(L, recv_cancel, h);
    task_limit(h->waiting, timeout);
    deliver(h);
    return task_wait(L);
}

static int l_send(lua_State *L)
{
    handle *h = bind_check(L, 1, SOCKET_TYPE);
    size_t len;
    const char *data = bind_text(L, 2, "server.socket:send(data[, binary])", "data", &len);
    err e;
    if (!server_socket_send(h->socket, data, len, lua_toboolean(L, 3), &e))
        return bind_fail(L, &e);
    lua_pushboolean(L, 1);
    return 1;
}

static int l_close(lua_State *L)
{
    static const char signature[] = "server.socket:close([code[, reason]])";
    handle *h = bind_check(L, 1, SOCKET_TYPE);
    int code = (int)luaL_optinteger(L, 2, 1000);
    const char *reason = luaL_optstring(L, 3, "");
    bool sendable = code == 1000 || code == 1001 || code == 1008 || code == 1011 ||
                    (code >= 3000 && code <= 4999);
    if (!sendable)
        return bind_usage(L, signature, "code must be 1000, 1001, 1008, 1011 or from 3000 to 4999");
    server_socket_close(h->socket, code, reason);
    return 0;
}

static int l_gc(lua_State *L)
{
    handle *h = lua_touserdata(L, 1);
    server_socket_release(h->socket);
    h->socket = NULL;
    return 0;
}

static const gate_fn methods[] = {
    {"recv", l_recv, GATE_READ, CAP_SERVER, NULL},
    {"send", l_send, GATE_EFFECT, CAP_SERVER, NULL},
    {"close", l_close, GATE_EFFECT, CAP_SERVER, NULL},
    {NULL, NULL, 0, 0, NULL},
};

void bind_server_socket_type(lua_State *L)
{
    bind_type(L, SOCKET_TYPE, methods, l_gc);
}

void bind_server_push_socket(lua_State *L, server_socket *k)
{
    handle *h = bind_new(L, SOCKET_TYPE, sizeof *h);
    h->socket = k;
    server_socket_watch(k, deliver, h);
}
