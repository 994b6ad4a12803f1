/*
 * bind_store.c: sys.store, the database (io/store.h). Used by the stdlib of main (service/db.lua).
 *
 *   sys.store.open(path[, options]) waits → db | nil, text, code
 *   db:write{ {sql, param…}, … }    waits → { {changes=, id=, rows=}, … }; durable then
 *   db:read(sql, param…)            waits → { {column = value, …}, … }
 *   db:close()                      waits → true
 *   sys.store.copy(path, target)    waits → true | nil, text, code: a consistent copy, while in use
 *   sys.store.vacuum(path)          waits → true | nil, text, code
 *
 * Parameters: nil (also sys.codec.null), boolean (kept as 0 or 1), number (whole ones as integers),
 * string (text), {blob = string}. A statement's list may end in nils when it has a field n, the
 * number of its parameters. NULL in a row is an absent field; integers beyond 2^53 lose digits, as
 * every Lua number does.
 */
#include <lauxlib.h>
#include <math.h>
#include <string.h>

#include "bind/bind.h"
#include "io/store.h"
#include "io/store_care.h"

#define DB_TYPE "sys.store.db"
#define OP_TYPE "sys.store.op"

typedef struct db_handle {
    store *s; /* until __gc: closing leaves nothing but memory */
    bool closed;
} db_handle;

/* One call that waits. Its environment holds the handle, which thereby outlives it. */
typedef struct wait_op {
    task_token token;
    store_op *op;     /* NULL: not queued, or answered */
    store_unit *unit; /* until it is queued */
    int handle_ref;   /* open: the handle to return; LUA_NOREF otherwise */
} wait_op;

/* ---- values ---- */

static store_value check_value(lua_State *L, int index, const char *signature)
{
    store_value v = {.type = STORE_NULL};
    switch (lua_type(L, index)) {
    case LUA_TNIL: return v;
    case LUA_TBOOLEAN:
        v.type = STORE_INTEGER;
        v.integer = lua_toboolean(L, index);
        return v;
    case LUA_TNUMBER:
        v.real = lua_tonumber(L, index);
        if (isnan(v.real))
            bind_usage(L, signature, "a parameter is not a number (NaN)");
        v.type = STORE_REAL;
        if (fabs(v.real) <= 9007199254740992. && v.real == floor(v.real)) {
            v.type = STORE_INTEGER;
            v.integer = (int64_t)v.real;
        }
        return v;
    case LUA_TSTRING:
        v.type = STORE_TEXT;
        v.bytes = lua_tolstring(L, index, &v.len);
        return v;
    case LUA_TLIGHTUSERDATA:
        if (!lua_touserdata(L, index))
            return v;
        break;
    case LUA_TTABLE:
        v.bytes = bind_opt_string(L, index, "blob", NULL, &v.len); /* the table keeps it alive */
        v.type = STORE_BLOB;
        if (v.bytes)
            return v;
        break;
    }
    bind_usage(L, signature,
               "a parameter must be nil, a boolean, a number, a string or {blob = string}");
    return v;
}

static void push_value(lua_State *L, store_value v)
{
    if (v.type == STORE_INTEGER)
        lua_pushnumber(L, (double)v.integer);
    else if (v.type == STORE_REAL)
        lua_pushnumber(L, v.real);
    else
        lua_pushlstring(L, v.bytes, v.len);
}

static void push_rows(lua_State *L, const store_rows *rows)
{
    size_t count = store_rows_count(rows), columns = store_rows_columns(rows);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_createtable(L, 0, (int)columns);
        for (size_t c = 0; c < columns; c++) {
            store_value v = store_rows_value(rows, i, c);
            if (v.type == STORE_NULL)
                continue;
            push_value(L, v);
            lua_setfield(L, -2, store_rows_name(rows, c));
        }
        lua_rawseti(L, -2, (int)i + 1);
    }
}

static void push_result(lua_State *L, const store_result *r)
{
    lua_createtable(L, 0, 2);
    lua_pushnumber(L, (double)r->changes);
    lua_setfield(L, -2, "changes");
    if (r->last_id) {
        lua_pushnumber(L, (double)r->last_id);
        lua_setfield(L, -2, "id");
    }
    if (r->rows) {
        push_rows(L, r->rows);
        lua_setfield(L, -2, "rows");
    }
}

/* ---- waiting ---- */

static void op_cancel(void *arg)
{
    wait_op *w = arg;
    if (w->op)
        store_abandon(w->op);
    w->op = NULL;
}

static int op_gc(lua_State *L)
{
    wait_op *w = lua_touserdata(L, 1);
    op_cancel(w);
    store_unit_destroy(w->unit);
    w->unit = NULL;
    luaL_unref(L, LUA_REGISTRYINDEX, w->handle_ref);
    w->handle_ref = LUA_NOREF;
    return 0;
}

/* Pushes the op of a call on the handle at index. */
static wait_op *op_new(lua_State *L, int handle)
{
    wait_op *w = bind_new(L, OP_TYPE, sizeof *w);
    w->handle_ref = LUA_NOREF;
    lua_getfenv(L, handle);
    lua_setfenv(L, -2);
    return w;
}

/* Common to all answers: the coroutine that waits, or NULL when there is nothing more to do. */
static lua_State *answered(wait_op *w, const store_outcome *outcome)
{
    w->op = NULL;
    if (!outcome->error)
        return task_results(w->token);
    bind_wake_fail(w->token, outcome->error);
    return NULL;
}

static void on_opened(void *arg, const store_outcome *outcome)
{
    wait_op *w = arg;
    lua_State *co = answered(w, outcome);
    if (!co)
        return;
    lua_rawgeti(co, LUA_REGISTRYINDEX, w->handle_ref);
    task_wake(w->token, 1);
}

static void on_written(void *arg, const store_outcome *outcome)
{
    wait_op *w = arg;
    lua_State *co = answered(w, outcome);
    if (!co)
        return;
    lua_createtable(co, (int)outcome->count, 0);
    for (size_t i = 0; i < outcome->count; i++) {
        push_result(co, &outcome->results[i]);
        lua_rawseti(co, -2, (int)i + 1);
    }
    task_wake(w->token, 1);
}

static void on_read(void *arg, const store_outcome *outcome)
{
    wait_op *w = arg;
    lua_State *co = answered(w, outcome);
    if (!co)
        return;
    if (outcome->results[0].rows)
        push_rows(co, outcome->results[0].rows);
    else
        lua_createtable(co, 0, 0);
    task_wake(w->token, 1);
}

static void on_closed(void *arg, const store_outcome *outcome)
{
    wait_op *w = arg;
    lua_State *co = answered(w, outcome);
    if (!co)
        return;
    lua_pushboolean(co, 1);
    task_wake(w->token, 1);
}

/* ---- functions ---- */

typedef store_op *(*queue_fn)(store *s, store_unit *u, store_fn fn, void *arg, err *e);

/* The op at the top of the stack waits for its unit. Throws only before anything is queued. */
static int wait_for(lua_State *L, wait_op *w, store *s, queue_fn queue, store_fn fn)
{
    w->token = task_begin(L, op_cancel, w);
    store_unit *u = w->unit;
    w->unit = NULL;
    err e;
    w->op = queue(s, u, fn, w, &e);
    if (!w->op)
        bind_wake_fail(w->token, &e);
    return task_wait(L);
}

static const char open_signature[] =
    "store.open(path[, {busy_timeout_ms=, migrations={sql…}, application_id=, own_table=}])";

/* The scripts of options.migrations as an array that lies in a userdata, left on the stack. */
static const char *const *check_migrations(lua_State *L, int options, size_t *count)
{
    *count = 0;
    lua_getfield(L, options, "migrations");
    if (lua_isnil(L, -1))
        return NULL;
    if (!lua_istable(L, -1))
        bind_usage(L, open_signature, "migrations must be a list of SQL scripts");
    int list = lua_gettop(L);
    *count = lua_objlen(L, list);
    const char **scripts = lua_newuserdata(L, (*count + 1) * sizeof *scripts);
    for (size_t i = 0; i < *count; i++) {
        lua_rawgeti(L, list, (int)i + 1);
        if (lua_type(L, -1) != LUA_TSTRING)
            bind_usage(L, open_signature, "migrations must be a list of SQL scripts");
        scripts[i] = lua_tostring(L, -1); /* the list keeps it alive */
        lua_pop(L, 1);
    }
    return scripts;
}

static void check_options(lua_State *L, int options, store_config *config)
{
    double wait = bind_opt_number(L, options, "busy_timeout_ms", 0);
    double id = bind_opt_number(L, options, "application_id", 0);
    if (!(wait >= 0 && wait <= 3600e3))
        bind_usage(L, open_signature, "busy_timeout_ms must be from 0 to an hour");
    if (!(id >= INT32_MIN && id <= INT32_MAX))
        bind_usage(L, open_signature, "application_id must be a 32 bit number");
    config->busy_timeout_ms = (int)wait;
    config->application_id = (int32_t)id;
    config->own_table = bind_opt_string(L, options, "own_table", NULL, NULL);
    config->migrations = check_migrations(L, options, &config->migration_count);
}

/* open(path[, options]) waits → db | nil, text, code */
static int l_open(lua_State *L)
{
    store_config config = {0};
    size_t len;
    config.path = luaL_checklstring(L, 1, &len);
    if (!len || strlen(config.path) != len)
        return bind_usage(L, open_signature, "path must name a file");
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TTABLE);
        check_options(L, 2, &config);
    }
    db_handle *db = bind_new(L, DB_TYPE, sizeof *db);
    int handle = lua_gettop(L);
    lua_createtable(L, 1, 0); /* what ops take as their environment, to keep the handle */
    lua_pushvalue(L, handle);
    lua_rawseti(L, -2, 1);
    lua_setfenv(L, handle);
    wait_op *w = op_new(L, handle);
    lua_pushvalue(L, handle);
    w->handle_ref = luaL_ref(L, LUA_REGISTRYINDEX);
    w->unit = store_unit_create();
    err e;
    db->s = store_create(&config, &e);
    if (db->s)
        return wait_for(L, w, db->s, store_write, on_opened);
    w->token = task_begin(L, op_cancel, w);
    bind_wake_fail(w->token, &e);
    return task_wait(L);
}

/* Adds the entry at the top of the stack (popped): SQL, or a list of SQL and parameters. */
static void add_statement(lua_State *L, store_unit *u, const char *signature)
{
    if (lua_istable(L, -1)) {
        int entry = lua_gettop(L);
        int params = (int)bind_opt_number(L, entry, "n", (double)lua_objlen(L, entry) - 1);
        lua_rawgeti(L, entry, 1);
        size_t len;
        const char *sql = lua_tolstring(L, -1, &len);
        if (lua_type(L, -1) != LUA_TSTRING)
            bind_usage(L, signature, "a statement must be {sql, parameters…}");
        store_unit_statement(u, sql, len);
        lua_pop(L, 1);
        for (int i = 1; i <= params; i++) {
            lua_rawgeti(L, entry, i + 1);
            store_unit_value(u, check_value(L, lua_gettop(L), signature));
            lua_pop(L, 1);
        }
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        size_t len;
        const char *sql = lua_tolstring(L, -1, &len);
        store_unit_statement(u, sql, len);
    } else {
        bind_usage(L, signature, "a statement must be {sql, parameters…}");
    }
    lua_pop(L, 1);
}

static db_handle *check_db(lua_State *L)
{
    db_handle *db = bind_check(L, 1, DB_TYPE);
    if (!db->s)
        luaL_error(L, "this database was never opened");
    return db;
}

/* db:write(statements) waits → results | nil, text, code */
static int l_write(lua_State *L)
{
    static const char signature[] = "store db:write({ {sql, parameters…}, … })";
    db_handle *db = check_db(L);
    if (!lua_istable(L, 2))
        return bind_usage(L, signature, "the argument must be a list of statements");
    wait_op *w = op_new(L, 1);
    w->unit = store_unit_create();
    int count = (int)lua_objlen(L, 2);
    for (int i = 1; i <= count; i++) {
        lua_rawgeti(L, 2, i);
        add_statement(L, w->unit, signature);
    }
    return wait_for(L, w, db->s, store_write, on_written);
}

/* db:read(sql, parameters…) waits → rows | nil, text, code */
static int l_read(lua_State *L)
{
    static const char signature[] = "store db:read(sql, parameters…)";
    db_handle *db = check_db(L);
    int last = lua_gettop(L);
    if (lua_type(L, 2) != LUA_TSTRING)
        return bind_usage(L, signature, "sql must be a string");
    wait_op *w = op_new(L, 1);
    w->unit = store_unit_create();
    size_t len;
    const char *sql = lua_tolstring(L, 2, &len);
    store_unit_statement(w->unit, sql, len);
    for (int i = 3; i <= last; i++)
        store_unit_value(w->unit, check_value(L, i, signature));
    return wait_for(L, w, db->s, store_read, on_read);
}

/* db:close() waits → true; later calls answer at once */
static int l_close(lua_State *L)
{
    db_handle *db = check_db(L);
    wait_op *w = op_new(L, 1);
    w->token = task_begin(L, op_cancel, w);
    if (db->closed) {
        on_closed(w, &(store_outcome){0});
    } else {
        db->closed = true;
        w->op = store_close(db->s, on_closed, w);
    }
    return task_wait(L);
}

/* Waits for what is queued: after close it has nothing to wait for. */
static int l_gc(lua_State *L)
{
    db_handle *db = lua_touserdata(L, 1);
    store_destroy(db->s);
    db->s = NULL;
    return 0;
}

/* ---- the file as a whole ---- */

typedef struct care_op {
    store_care *care;
    task_token token;
} care_op;

static void care_cancel(void *arg)
{
    care_op *op = arg;
    store_care_abandon(op->care);
}

static void care_done(void *arg, const err *e)
{
    care_op *op = arg;
    if (e) {
        bind_wake_fail(op->token, e);
        return;
    }
    lua_State *co = task_results(op->token);
    if (!co)
        return;
    lua_pushboolean(co, true);
    task_wake(op->token, 1);
}

static int care(lua_State *L, const char *path, const char *target)
{
    care_op *op = lua_newuserdata(L, sizeof *op);
    op->token = task_begin(L, care_cancel, op);
    op->care = store_care_start(path, target, care_done, op);
    return task_wait(L);
}

static int l_copy(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    return care(L, path, luaL_checkstring(L, 2));
}

static int l_vacuum(lua_State *L)
{
    return care(L, luaL_checkstring(L, 1), NULL);
}

static const gate_fn functions[] = {
    {"open", l_open, GATE_EFFECT, CAP_STORE, NULL},
    {"copy", l_copy, GATE_EFFECT, CAP_STORE, NULL},
    {"vacuum", l_vacuum, GATE_EFFECT, CAP_STORE, NULL},
    {NULL, NULL, 0, 0, NULL},
};

static const gate_fn methods[] = {
    {"write", l_write, GATE_EFFECT, CAP_STORE, NULL},
    {"read", l_read, GATE_READ, CAP_STORE, NULL},
    {"close", l_close, GATE_READ, CAP_STORE, NULL},
    {NULL, NULL, 0, 0, NULL},
};

int bind_store(lua_State *L)
{
    bind_type(L, DB_TYPE, methods, l_gc);
    bind_type(L, OP_TYPE, NULL, op_gc);
    gate_push_module(L, "store", functions);
    return 1;
}
