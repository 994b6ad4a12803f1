/* Parts of sys.files that have handles: bind_watch.c. Listed by bind_files.c. */
#ifndef NANO_BIND_BIND_WATCH_H
#define NANO_BIND_BIND_WATCH_H

#include <lua.h>

/* files.watch() → watch; files.lock(path) → lock */
int bind_files_watch(lua_State *L);
int bind_files_lock(lua_State *L);
/* Makes their metatables; once a state. */
void bind_watch_types(lua_State *L);

#endif
