/*
 * The allocator of a Lua state: counts what the state holds and refuses to go over a cap, so that a
 * script that allocates without end gets Lua's ordinary "not enough memory" error.
 */
#ifndef NANO_SCRIPT_ALLOC_H
#define NANO_SCRIPT_ALLOC_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

typedef struct alloc_account {
    struct arena *arena; /* where the blocks are; NULL: malloc's */
    size_t used, peak;
    size_t cap;        /* 0: none */
    unsigned uncapped; /* > 0: the cap is lifted (the engine is pushing results and cannot be thrown
                          out of) */
    size_t refused;    /* how often the cap has refused */
    /* Called when it does, before Lua raises; may look at the state, not change it. May be NULL. */
    void (*on_refused)(struct alloc_account *);
    lua_State *capped; /* whose garbage counts towards the cap; NULL: none */
    bool tight;        /* it has grown so large that garbage may not pile up any more */
} alloc_account;

/* A lua_Alloc; ud is an alloc_account. */
void *alloc_lua(void *ud, void *ptr, size_t old_size, size_t new_size);

#endif
