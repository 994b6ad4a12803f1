/* Writes Lua values as JSON for the gate's record. Never throws, never runs a metamethod. */
#ifndef NANO_SCRIPT_RECORD_H
#define NANO_SCRIPT_RECORD_H

#include <lua.h>

#include "base/buf.h"

/* Appends the count values from stack index first on as a JSON array. What JSON has no word for is
 * an object with one
 * $-key: {"$hex":…} for bytes that are not UTF-8, {"$number":"nan"}, {"$pairs":[[key,value]…]} for
 * tables with other keys than text, {"$handle":true} for userdata, {"$null":true} for JSON's null,
 * {"$function":true}. */
void record_values(buf *out, lua_State *L, int first, int count);

#endif
