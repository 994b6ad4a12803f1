/* What bind_server.c and bind_server_socket.c share. */
#ifndef NANO_BIND_SERVER_H
#define NANO_BIND_SERVER_H

#include <lua.h>

#include "io/server.h"

/* Makes the metatable of WebSocket handles. */
void bind_server_socket_type(lua_State *L);
/* Pushes a handle that owns k. */
void bind_server_push_socket(lua_State *L, server_socket *k);

#endif
