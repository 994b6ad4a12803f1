/*
 * bind_watch.c: sys.files.watch (io/watch_files.h) and sys.files.lock (io/service.h). Used by the
 * watch daemon.
 *
 *   sys.files.watch()          → watch | nil, text, code
 *   watch:add(folder)          → true | nil, text, code
 *   watch:next([timeout_ms])   waits → {paths…} | nil, text, "timeout"; see watch_files_take
 *   watch:close()
 *   sys.files.lock(path)       → lock, held until it is collected | nil, text, "busy", …
 */
#include "bind/bind_watch.h"

#include <lauxlib.h>
#include <string.h>
#include <unistd.h>

#include "bind/bind.h"
#include "bind/bind_buf.h"
#include "io/service.h"
#include "io/watch_files.h"

#define WATCH_TYPE "sys.files.watch"
#define LOCK_TYPE "sys.files.lock"

typedef struct watch_handle {
    watch_files *watch;
    task_token token; /* of who waits */
    bool waiting, changed;
} watch_handle;

/* Pushes the list of paths. The handle's changes are taken. */
static void push_paths(lua_State *L, watch_handle *h)
{
    buf *paths = bind_buf_push(L);
    watch_files_take(h->watch, paths);
    h->changed = false;
    lua_newtable(L);
    const char *at = buf_cstr(paths), *end = at + paths->len;
    for (int i = 1; at < end; at += strlen(at) + 1, i++) {
        lua_pushstring(L, at);
        lua_rawseti(L, -2, i);
    }
    lua_remove(L, -2);
}

static void wake(watch_handle *h)
{
    h->waiting = false;
    lua_State *co = task_results(h->token);
    if (!co)
        return;
    push_paths(co, h);
    task_wake(h->token, 1);
}

static void on_change(void *arg)
{
    watch_handle *h = arg;
    h->changed = true;
    if (h->waiting)
        wake(h);
}

int bind_files_watch(lua_State *L)
{
    watch_handle *h = bind_new(L, WATCH_TYPE, sizeof *h);
    err e;
    h->watch = watch_files_create(on_change, h, &e);
    return h->watch ? 1 : bind_fail(L, &e);
}

static watch_handle *check_watch(lua_State *L)
{
    watch_handle *h = bind_check(L, 1, WATCH_TYPE);
    if (!h->watch)
        luaL_error(L, "the watch has been closed");
    return h;
}

static int watch_add(lua_State *L)
{
    watch_handle *h = check_watch(L);
    const char *folder = bind_text(L, 2, "watch:add(folder)", "folder", NULL);
    err e;
    if (!watch_files_add(h->watch, folder, &e))
        return bind_fail(L, &e);
    lua_pushboolean(L, true);
    return 1;
}

static void next_cancel(void *arg)
{
    watch_handle *h = arg;
    h->waiting = false;
}

static int watch_next(lua_State *L)
{
    watch_handle *h = check_watch(L);
    if (h->waiting)
        return luaL_error(L, "another task waits for this watch already");
    mono_ns timeout = bind_timeout(L, 2);
    lua_settop(L, 1); /* the handle is what the wait anchors */
    h->token = task_begin(L, next_cancel, h);
    h->waiting = true;
    task_limit(h->token, timeout);
    if (h->changed)
        wake(h);
    return task_wait(L);
}

static int watch_gc(lua_State *L)
{
    watch_handle *h = bind_check(L, 1, WATCH_TYPE);
    watch_files_destroy(h->watch);
    h->watch = NULL;
    return 0;
}

static int watch_close(lua_State *L)
{
    watch_handle *h = bind_check(L, 1, WATCH_TYPE);
    if (h->waiting)
        return luaL_error(L, "watch:close(): a task waits for it");
    return watch_gc(L);
}

typedef struct lock_handle {
    int fd_plus_one; /* 0: none, which is what a zeroed block has */
} lock_handle;

int bind_files_lock(lua_State *L)
{
    size_t len;
    const char *path = bind_text(L, 1, "files.lock(path)", "path", &len);
    if (strlen(path) != len || !len)
        bind_usage(L, "files.lock(path)", "a path must not be empty or contain a zero byte");
    lock_handle *h = bind_new(L, LOCK_TYPE, sizeof *h);
    err e;
    int fd = service_lock(path, &e);
    if (fd < 0)
        return bind_fail(L, &e);
    h->fd_plus_one = fd + 1;
    return 1;
}

static int lock_gc(lua_State *L)
{
    lock_handle *h = bind_check(L, 1, LOCK_TYPE);
    if (h->fd_plus_one)
        close(h->fd_plus_one - 1);
    h->fd_plus_one = 0;
    return 0;
}

static const gate_fn watch_methods[] = {
    {"add", watch_add, GATE_EFFECT, CAP_FILES, NULL},
    {"next", watch_next, GATE_READ, CAP_FILES, NULL},
    {"close", watch_close, GATE_EFFECT, CAP_FILES, NULL},
    {0},
};

static const gate_fn lock_methods[] = {
    {"release", lock_gc, GATE_EFFECT, CAP_FILES, NULL},
    {0},
};

void bind_watch_types(lua_State *L)
{
    bind_type(L, WATCH_TYPE, watch_methods, watch_gc);
    bind_type(L, LOCK_TYPE, lock_methods, lock_gc);
}
