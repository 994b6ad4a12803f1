/* bind_buf.c: see bind_buf.h. */
#include "bind/bind_buf.h"

#include <lauxlib.h>
#include <stdio.h>

#include "bind/bind.h"

#define BUF_TYPE "nano.buf"

static int buf_gc(lua_State *L)
{
    buf_finish(lua_touserdata(L, 1));
    return 0;
}

buf *bind_buf_push(lua_State *L)
{
    buf *b = lua_newuserdata(L, sizeof *b);
    buf_init(b);
    if (luaL_newmetatable(L, BUF_TYPE)) {
        lua_pushcfunction(L, buf_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    script_note_owned(script_of(L), 1);
    return b;
}

int bind_buf_result(lua_State *L, buf *b)
{
    lua_pushlstring(L, b->data ? b->data : "", b->len);
    bind_buf_drop(L, b);
    return 1;
}

void bind_buf_drop(lua_State *L, buf *b)
{
    buf_finish(b);
    script_note_owned(script_of(L), -1);
}

const char *bind_text(lua_State *L, int index, const char *signature, const char *what, size_t *len)
{
    if (lua_type(L, index) != LUA_TSTRING) {
        char problem[96];
        snprintf(problem, sizeof problem, "%s must be a string, not %s", what,
                 luaL_typename(L, index));
        bind_usage(L, signature, problem);
    }
    return lua_tolstring(L, index, len);
}
