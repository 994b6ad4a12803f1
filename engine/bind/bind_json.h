/* codec.json_line for bind_codec.c: the usual case of json.encode, in C. */
#ifndef NANO_BIND_JSON_H
#define NANO_BIND_JSON_H

#include <lua.h>

/* json_line(value, array_metatable) → text as json.encode writes it | nil when that is for
 * stdlib/json_encode.lua: the value can't be encoded, or is very deep or large. */
int bind_json_line(lua_State *L);

#endif
