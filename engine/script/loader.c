/*
 * loader.c: `require`, `sys.load_user`, `sys.resource`, `sys.resource_list`; see loader.h. Called
 * once for each state.
 *
 * Stdlib chunks are bytecode that was compiled with this very LuaJIT, named "@[nano]/dir/file.lua";
 * users' chunks are text (bytecode could break out of any sandbox).
 */
#include "script/loader.h"

#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#include "script/script_internal.h"

static const loader_file *files;
static size_t file_count;

static const char loaded_key = 0;

void loader_set_files(const loader_file *all, size_t count)
{
    files = all;
    file_count = count;
}

static int compare(const void *name, const void *file)
{
    return strcmp(name, ((const loader_file *)file)->name);
}

static const loader_file *find(const char *name)
{
    return files ? bsearch(name, files, file_count, sizeof *files, compare) : NULL;
}

static const loader_file *find_module(lua_State *L, const char *module)
{
    const char *path = luaL_gsub(L, module, ".", "/"); /* pushed */
    const char *name = lua_pushfstring(L, "%s.lua", path);
    const loader_file *file = find(name);
    lua_pop(L, 2);
    return file;
}

/* require(module): the value that the stdlib file returns, loaded once a state. */
static int loader_require(lua_State *L)
{
    const char *module = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    lua_pushlightuserdata(L, (void *)&loaded_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    lua_getfield(L, 2, module);
    if (!lua_isnil(L, -1)) {
        if (lua_islightuserdata(L, -1))
            return luaL_error(L, "require \"%s\": the stdlib requires it in a circle", module);
        return 1;
    }
    const loader_file *file = find_module(L, module);
    if (!file)
        return luaL_error(L, "require \"%s\": there is no such module in the stdlib", module);
    lua_pushlightuserdata(L, (void *)&loaded_key);
    lua_setfield(L, 2, module);
    int failed = luaL_loadbuffer(L, (const char *)file->data, file->size, file->name);
    if (!failed) {
        lua_pushvalue(L, 1);
        failed = lua_pcall(L, 1, 1, 0);
    }
    if (failed) {
        lua_pushnil(L); /* a later require tries again and reports the same */
        lua_setfield(L, 2, module);
        return lua_error(L);
    }
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
    }
    lua_pushvalue(L, -1);
    lua_setfield(L, 2, module);
    return 1;
}

/* load_user(text, chunkname, env) → function | nil, message. Text only. */
static int loader_load_user(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    const char *name = luaL_checkstring(L, 2);
    luaL_checktype(L, 3, LUA_TTABLE);
    lua_pushfstring(L, "@%s", name);
    if (len && text[0] == LUA_SIGNATURE[0]) {
        lua_pushnil(L);
        lua_pushfstring(L, "%s:1: this is compiled bytecode; only Lua source text is loaded", name);
        return 2;
    }
    if (luaL_loadbufferx(L, text, len, lua_tostring(L, -1), "t")) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    lua_pushvalue(L, 3);
    lua_setfenv(L, -2);
    return 1;
}

/* load_trusted(text, chunkname) → function | nil, message. The project's own tests and benches, in
 * the stdlib's environment. */
static int loader_load_trusted(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_pushfstring(L, "@%s", luaL_checkstring(L, 2));
    if (!script_of(L)->config.trusted)
        return luaL_error(L, "sys.load_trusted: only for trusted states");
    if (!luaL_loadbufferx(L, text, len, lua_tostring(L, -1), "t"))
        return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    return 2;
}

/* resource(name) → string | nil */
static int loader_resource(lua_State *L)
{
    const loader_file *file = find(luaL_checkstring(L, 1));
    if (!file)
        return 0;
    lua_pushlstring(L, (const char *)file->data, file->size);
    return 1;
}

/* resource_list(prefix) → {names…} */
static int loader_resource_list(lua_State *L)
{
    const char *prefix = luaL_optstring(L, 1, "");
    lua_newtable(L);
    int n = 0;
    for (size_t i = 0; i < file_count; i++)
        if (strncmp(files[i].name, prefix, strlen(prefix)) == 0) {
            lua_pushstring(L, files[i].name);
            lua_rawseti(L, -2, ++n);
        }
    return 1;
}

/* The protected set-up of a new state: drops what no script of ours may use, adds require and the
 * bare sys table. */
void loader_open(lua_State *L)
{
    static const char *const gone[] = {"dofile",   "loadfile", "load", "loadstring",
                                       "newproxy", "print",    "jit"};
    static const luaL_Reg functions[] = {{"load_user", loader_load_user},
                                         {"load_trusted", loader_load_trusted},
                                         {"resource", loader_resource},
                                         {"resource_list", loader_resource_list},
                                         {NULL, NULL}};
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
        lua_pushnil(L);
        lua_setglobal(L, gone[i]);
    }
    static const char *const os_kept[] = {
        "date", "time"}; /* calendar arithmetic; the time itself is sys.clock's */
    lua_newtable(L);
    lua_getglobal(L, "os");
    for (size_t i = 0; i < sizeof os_kept / sizeof *os_kept; i++) {
        lua_getfield(L, -1, os_kept[i]);
        lua_setfield(L, -3, os_kept[i]);
    }
    lua_pop(L, 1);
    lua_setglobal(L, "os");
    lua_pushlightuserdata(L, (void *)&loaded_key);
    lua_newtable(L);
    lua_rawset(L, LUA_REGISTRYINDEX);
    lua_pushcfunction(L, loader_require);
    lua_setglobal(L, "require");
    lua_newtable(L);
    for (const luaL_Reg *f = functions; f->name; f++) {
        lua_pushcfunction(L, f->func);
        lua_setfield(L, -2, f->name);
    }
    lua_setglobal(L, "sys");
}
