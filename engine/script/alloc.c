/* alloc.c: see alloc.h. Called by LuaJIT only. Invariant: used is the sum of the live blocks'
 * sizes. */
#include "script/alloc.h"

#include <stdlib.h>

#include "script/arena.h"

/* LuaJIT does not collect when memory is refused, so near the cap little garbage may lie about. In
 * a small state it may: collecting was an eighth of what a browser journey cost. */
enum { SMALL = 8 << 20, TIGHT_PAUSE = 130 };

static void *resize(alloc_account *a, void *ptr, size_t old_size, size_t new_size)
{
    if (a->arena)
        return arena_resize(a->arena, ptr, old_size, new_size);
    if (new_size)
        return realloc(ptr, new_size);
    free(ptr);
    return NULL;
}

void *alloc_lua(void *ud, void *ptr, size_t old_size, size_t new_size)
{
    alloc_account *a = ud;
    if (!new_size) {
        a->used -= old_size;
        return resize(a, ptr, old_size, 0);
    }
    /* Shrinking must never fail: Lua relies on it. */
    if (a->cap && !a->uncapped && new_size > old_size && a->used - old_size + new_size > a->cap) {
        a->refused++;
        if (a->on_refused)
            a->on_refused(a);
        return NULL;
    }
    void *block = resize(a, ptr, old_size, new_size);
    if (!block)
        return NULL;
    a->used += new_size - old_size;
    if (a->used > a->peak)
        a->peak = a->used;
    if (a->used > SMALL && a->capped && !a->tight) {
        a->tight = true;
        lua_gc(a->capped, LUA_GCSETPAUSE, TIGHT_PAUSE); /* sets a number, nothing else */
    }
    return block;
}
