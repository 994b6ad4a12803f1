/*
 * A scratch buffer that survives a throw: a `buf` inside userdata with __gc. Bindings build their
 * result in it and hand it to Lua; if pushing the string throws (memory cap), the bytes are
 * released by the collector.
 */
#ifndef NANO_BIND_BUF_H
#define NANO_BIND_BUF_H

#include <lua.h>

#include "base/buf.h"

/* Pushes an empty buffer; it lives as long as the userdata is reachable. */
buf *bind_buf_push(lua_State *L);
/* Pushes b's bytes as a string and releases them at once (not at the next collection). Returns 1.
 */
int bind_buf_result(lua_State *L, buf *b);

/* Releases b's bytes at once. */
void bind_buf_drop(lua_State *L, buf *b);

/* The string argument at index, or a usage error "signature: `what` must be a string". */
const char *bind_text(lua_State *L, int index, const char *signature, const char *what,
                      size_t *len);

#endif
