/*
 * sys.files: small local files (io/files.h). Calls block, which is accepted for files of this size.
 * Every failure is nil, text, code; a path is a string without NUL.
 */
#include <lauxlib.h>
#include <string.h>

#include "bind/bind.h"
#include "bind/bind_buf.h"
#include "bind/bind_watch.h"
#include "io/files.h"

#define READ_MAX (64u << 20) /* unless the caller says otherwise */

static const char *path_arg(lua_State *L, int index, const char *signature, const char *what)
{
    size_t len;
    const char *path = bind_text(L, index, signature, what, &len);
    if (strlen(path) != len || !len)
        bind_usage(L, signature, "a path must not be empty or contain a zero byte");
    return path;
}

/* true, or nil, text, code */
static int answer(lua_State *L, bool ok, const err *e)
{
    if (!ok)
        return bind_fail(L, e);
    lua_pushboolean(L, true);
    return 1;
}

static int files_read_file(lua_State *L)
{
    static const char signature[] = "files.read(path[, max_bytes])";
    const char *path = path_arg(L, 1, signature, "path");
    double max = luaL_optnumber(L, 2, READ_MAX);
    if (!(max >= 0 && max <= 2147483647.))
        bind_usage(L, signature, "max_bytes must be a number from 0 to 2147483647");
    buf *out = bind_buf_push(L);
    err e;
    return files_read(path, (size_t)max, out, &e) ? bind_buf_result(L, out) : bind_fail(L, &e);
}

static int files_write_file(lua_State *L)
{
    static const char signature[] = "files.write(path, data[, {append=, mode=, sync=}])";
    const char *path = path_arg(L, 1, signature, "path");
    size_t len;
    const char *data = bind_text(L, 2, signature, "data", &len);
    files_write_options o = {.mode = -1};
    if (!lua_isnoneornil(L, 3)) {
        luaL_checktype(L, 3, LUA_TTABLE);
        o.append = bind_opt_bool(L, 3, "append", false);
        o.sync = bind_opt_bool(L, 3, "sync", false);
        double mode = bind_opt_number(L, 3, "mode", -1);
        if (mode != -1 && !(mode >= 0 && mode <= 07777))
            bind_usage(L, signature, "mode must be a number from 0 to 4095");
        o.mode = (int)mode;
    }
    err e;
    return answer(L, files_write(path, data, len, &o, &e), &e);
}

static int files_make_directories(lua_State *L)
{
    err e;
    return answer(L, files_make_dirs(path_arg(L, 1, "files.make_dirs(path)", "path"), &e), &e);
}

static void push_info(lua_State *L, const files_info *info)
{
    lua_createtable(L, 0, 5);
    lua_pushstring(L, files_kind_name(info->kind));
    lua_setfield(L, -2, "kind");
    lua_pushnumber(L, (double)info->size);
    lua_setfield(L, -2, "size");
    lua_pushnumber(L, (double)info->mtime_ms);
    lua_setfield(L, -2, "mtime_ms");
    lua_pushinteger(L, (lua_Integer)info->mode);
    lua_setfield(L, -2, "mode");
}

static int listing_gc(lua_State *L)
{
    files_listing_finish(lua_touserdata(L, 1));
    return 0;
}

/* A listing in userdata: pushing its names may throw. */
static files_listing *push_listing(lua_State *L)
{
    files_listing *l = lua_newuserdata(L, sizeof *l);
    *l = (files_listing){0};
    if (luaL_newmetatable(L, "nano.files.listing")) {
        lua_pushcfunction(L, listing_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    script_note_owned(script_of(L), 1);
    return l;
}

static int files_list_folder(lua_State *L)
{
    const char *path = path_arg(L, 1, "files.list(path)", "path");
    files_listing *l = push_listing(L);
    err e;
    if (!files_list(path, l, &e))
        return bind_fail(L, &e);
    lua_createtable(L, (int)l->count, 0);
    for (size_t i = 0; i < l->count; i++) {
        push_info(L, &l->entries[i].info);
        lua_pushstring(L, l->entries[i].name);
        lua_setfield(L, -2, "name");
        lua_rawseti(L, -2, (int)i + 1);
    }
    files_listing_finish(l);
    return 1;
}

static int files_stat_path(lua_State *L)
{
    const char *path = path_arg(L, 1, "files.stat(path)", "path");
    files_info info;
    err e;
    if (!files_stat(path, &info, &e))
        return bind_fail(L, &e);
    push_info(L, &info);
    return 1;
}

static int files_remove_path(lua_State *L)
{
    const char *path = path_arg(L, 1, "files.remove(path[, {recursive=}])", "path");
    bool recursive = false;
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        recursive = bind_opt_bool(L, 2, "recursive", false);
    }
    err e;
    return answer(L, files_remove(path, recursive, &e), &e);
}

static int files_make_temp_dir(lua_State *L)
{
    const char *prefix = path_arg(L, 1, "files.temp_dir(prefix)", "prefix");
    buf *out = bind_buf_push(L);
    err e;
    return files_temp_dir(prefix, out, &e) ? bind_buf_result(L, out) : bind_fail(L, &e);
}

static int files_resolve(lua_State *L)
{
    const char *path = path_arg(L, 1, "files.real_path(path)", "path");
    buf *out = bind_buf_push(L);
    err e;
    return files_real_path(path, out, &e) ? bind_buf_result(L, out) : bind_fail(L, &e);
}

static int files_move(lua_State *L)
{
    static const char signature[] = "files.rename(from, to)";
    const char *from = path_arg(L, 1, signature, "from");
    const char *to = path_arg(L, 2, signature, "to");
    err e;
    return answer(L, files_rename(from, to, &e), &e);
}

static const gate_fn functions[] = {
    {"read", files_read_file, GATE_READ, CAP_FILES, NULL},
    {"write", files_write_file, GATE_EFFECT, CAP_FILES, NULL},
    {"make_dirs", files_make_directories, GATE_EFFECT, CAP_FILES, NULL},
    {"list", files_list_folder, GATE_READ, CAP_FILES, NULL},
    {"stat", files_stat_path, GATE_READ, CAP_FILES, NULL},
    {"remove", files_remove_path, GATE_EFFECT, CAP_FILES, NULL},
    {"temp_dir", files_make_temp_dir, GATE_EFFECT, CAP_FILES, NULL},
    {"real_path", files_resolve, GATE_READ, CAP_FILES, NULL},
    {"rename", files_move, GATE_EFFECT, CAP_FILES, NULL},
    {"watch", bind_files_watch, GATE_EFFECT, CAP_FILES, NULL},
    {"lock", bind_files_lock, GATE_EFFECT, CAP_FILES, NULL},
    {0},
};

int bind_files(lua_State *L)
{
    bind_watch_types(L);
    gate_push_module(L, "files", functions);
    return 1;
}
