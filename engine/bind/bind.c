/*
 * bind.c: the list of the sys.* modules and what all of them use; see bind.h.
 * Invariant: a module is opened once a state; its functions reach Lua only behind the gate.
 */
#include "bind/bind.h"

#include <string.h>

#include "base/log.h"

#define DURATION_MAX_MS 1e12

static const struct {
    const char *name;
    lua_CFunction open;
} modules[] = {
    {"cdp", bind_cdp},         {"clock", bind_clock},   {"codec", bind_codec},
    {"env", bind_env},         {"files", bind_files},   {"host", bind_host},
    {"http", bind_http},       {"image", bind_image},   {"mail", bind_mail},
    {"process", bind_process}, {"random", bind_random}, {"script", bind_script},
    {"server", bind_server},   {"store", bind_store},   {"worker", bind_worker},
};

/* __index of sys: a module is opened when it is first used, which keeps a fresh state small and
 * fast. */
static int open_module(lua_State *L)
{
    const char *name = lua_tostring(L, 2);
    for (size_t i = 0; name && i < sizeof modules / sizeof *modules; i++) {
        if (strcmp(modules[i].name, name) != 0)
            continue;
        lua_pushcfunction(L, modules[i].open);
        lua_call(L, 0, 1);
        lua_pushvalue(L, -1);
        lua_setfield(L, 1, name);
        return 1;
    }
    return 0;
}

static int open_all(lua_State *L)
{
    lua_pushcfunction(L, bind_task); /* at once: the metatable of task handles is its own */
    lua_call(L, 0, 1);
    lua_getglobal(L, "sys");
    lua_insert(L, -2);
    lua_setfield(L, -2, "task");
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, open_module);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    return 0;
}

void bind_open(script *s)
{
    lua_State *L = script_lua(s);
    if (lua_cpcall(L, open_all, NULL)) {
        log_error("bind.open", "script=%s error=\"%s\"", script_name(s), lua_tostring(L, -1));
        lua_pop(L, 1);
    }
}

int bind_fail(lua_State *L, const err *e)
{
    lua_pushnil(L);
    lua_pushstring(L, e->text);
    lua_pushstring(L, e->code);
    return 3;
}

void bind_wake_fail(task_token token, const err *e)
{
    task_wake_error(token, e->text, e->code);
}

int bind_usage(lua_State *L, const char *signature, const char *problem)
{
    return luaL_error(L, "sys.%s: %s", signature, problem);
}

void bind_type(lua_State *L, const char *type, const gate_fn *methods, lua_CFunction finish)
{
    luaL_newmetatable(L, type);
    if (methods)
        gate_set_methods(L, type[0] == 's' && strncmp(type, "sys.", 4) == 0 ? type + 4 : type,
                         methods);
    if (finish) {
        lua_pushcfunction(L, finish);
        lua_setfield(L, -2, "__gc");
    }
    lua_pushstring(L, type);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

void *bind_new(lua_State *L, const char *type, size_t size)
{
    void *block = bind_new_op(L, type, size);
    if (luaL_getmetafield(L, -1, "__gc")) {
        lua_pop(L, 1);
        script_note_owned(script_of(L), 1);
    }
    return block;
}

void *bind_new_op(lua_State *L, const char *type, size_t size)
{
    void *block = lua_newuserdata(L, size);
    memset(block, 0, size);
    luaL_getmetatable(L, type);
    lua_setmetatable(L, -2);
    return block;
}

void *bind_check(lua_State *L, int index, const char *type)
{
    return luaL_checkudata(L, index, type);
}

static void wrong_field(lua_State *L, const char *field, const char *want, int got)
{
    luaL_error(L, "the field \"%s\" must be a %s, not a %s", field, want, lua_typename(L, got));
}

const char *bind_opt_string(lua_State *L, int table, const char *field, const char *def,
                            size_t *len)
{
    lua_getfield(L, table, field);
    int type = lua_type(L, -1);
    const char *text = def;
    if (type == LUA_TSTRING)
        text = lua_tolstring(L, -1, len); /* the table keeps it alive */
    else if (type != LUA_TNIL)
        wrong_field(L, field, "string", type);
    else if (len)
        *len = def ? strlen(def) : 0;
    lua_pop(L, 1);
    return text;
}

double bind_opt_number(lua_State *L, int table, const char *field, double def)
{
    lua_getfield(L, table, field);
    int type = lua_type(L, -1);
    if (type != LUA_TNUMBER && type != LUA_TNIL)
        wrong_field(L, field, "number", type);
    double n = type == LUA_TNUMBER ? lua_tonumber(L, -1) : def;
    lua_pop(L, 1);
    return n;
}

bool bind_opt_bool(lua_State *L, int table, const char *field, bool def)
{
    lua_getfield(L, table, field);
    int type = lua_type(L, -1);
    if (type != LUA_TBOOLEAN && type != LUA_TNIL)
        wrong_field(L, field, "boolean", type);
    bool on = type == LUA_TBOOLEAN ? lua_toboolean(L, -1) : def;
    lua_pop(L, 1);
    return on;
}

mono_ns bind_duration(lua_State *L, int index)
{
    double ms = luaL_checknumber(L, index);
    if (!(ms > 0))
        return 0;
    return (mono_ns)((ms < DURATION_MAX_MS ? ms : DURATION_MAX_MS) * (double)NS_PER_MS);
}

mono_ns bind_timeout(lua_State *L, int index)
{
    return lua_isnoneornil(L, index) ? -1 : bind_duration(L, index);
}
