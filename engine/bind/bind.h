/*
 * bind: the only place where Lua and I/O meet, one bind_<module>.c per sys.<module>. bind.c lists
 * them. A bind function pushes one table (gate_push_module) and sets up its metatables.
 */
#ifndef NANO_BIND_BIND_H
#define NANO_BIND_BIND_H

#include <lua.h>

#include "base/err.h"
#include "script/gate.h"
#include "script/script.h"
#include "script/task.h"

/* Gives the script's stdlib the table `sys`, whose modules open on first use. Call once after
 * script_create. */
void bind_open(script *s);

/* Returns nil, text, code: the one form of an expected failure. */
int bind_fail(lua_State *L, const err *e);
/* Wakes a waiting task with the same. */
void bind_wake_fail(task_token token, const err *e);
/* Raises "sys.<signature>: <problem>" for wrong use. */
int bind_usage(lua_State *L, const char *signature, const char *problem);

/* Typed userdata. bind_new pushes a zeroed block with the metatable `type` (made by bind_type). */
void *bind_new(lua_State *L, const char *type, size_t size);
/* The same for the op of a wait, which owns something only from task_begin to the wait's end. */
void *bind_new_op(lua_State *L, const char *type, size_t size);
/* The userdata at index, or an error that names the wanted type. */
void *bind_check(lua_State *L, int index, const char *type);
/* Makes the metatable `type`: gated methods (may be NULL), __gc = finish. Leaves the stack as it
 * was. */
void bind_type(lua_State *L, const char *type, const gate_fn *methods, lua_CFunction finish);

/* Optional fields of a table argument; def when absent, an error naming the field when of the wrong
 * type. */
const char *bind_opt_string(lua_State *L, int table, const char *field, const char *def,
                            size_t *len);
double bind_opt_number(lua_State *L, int table, const char *field, double def);
bool bind_opt_bool(lua_State *L, int table, const char *field, bool def);
/* The milliseconds at index as nanoseconds: 0 for what is negative or not a number, at most 30
 * years. */
mono_ns bind_duration(lua_State *L, int index);
/* An optional time limit in milliseconds at index, as nanoseconds for task_limit; -1 (none) when
 * absent. */
mono_ns bind_timeout(lua_State *L, int index);

/* The table at index may have a field "policy" = {allow_private=, store_url=}: sets what the
 * script's HTTP client may reach. */
void bind_apply_policy(lua_State *L, int table, script *s);

/* The modules: each pushes its table and returns 1. */
int bind_clock(lua_State *L);
int bind_codec(lua_State *L);
int bind_cdp(lua_State *L);
int bind_env(lua_State *L);
int bind_files(lua_State *L);
int bind_host(lua_State *L);
int bind_http(lua_State *L);
int bind_image(lua_State *L);
int bind_mail(lua_State *L);
int bind_process(lua_State *L);
int bind_random(lua_State *L);
int bind_script(lua_State *L);
int bind_server(lua_State *L);
int bind_store(lua_State *L);
int bind_task(lua_State *L);
int bind_worker(lua_State *L);

#endif
