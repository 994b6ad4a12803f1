/*
 * A traceback that needs nothing of the state that it describes: no room on its stack, no memory of
 * its cap. Lua's own pushes onto that stack, and so raises where a script has run out of either.
 */
#ifndef NANO_SCRIPT_TRACE_H
#define NANO_SCRIPT_TRACE_H

#include <lua.h>

/* text, then a line per frame of L, innermost first, with the middle of a deep stack left out; in
 * the form of luaL_traceback. Never raises; the caller frees. */
char *trace_of(lua_State *L, const char *text);

#endif
