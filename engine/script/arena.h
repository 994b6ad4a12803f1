/*
 * Memory of one Lua state that can be put back as it was: the state of a run is prepared once,
 * with the stdlib in it, kept as an image, and copied back for each run at the same addresses.
 * That costs a few microseconds where making the same state anew costs hundreds, and gives the
 * same: no byte that a run has written is there in the next one.
 */
#ifndef NANO_SCRIPT_ARENA_H
#define NANO_SCRIPT_ARENA_H

#include <stdbool.h>
#include <stddef.h>

typedef struct arena arena;

/* NULL when there is no memory. */
arena *arena_create(void);
/* NULL is fine. Frees every block. */
void arena_destroy(arena *a);

/* As realloc() and, with new_size 0, free(). NULL when there is no memory; never when a block
 * shrinks. */
void *arena_resize(arena *a, void *ptr, size_t old_size, size_t new_size);

/* Keeps all blocks as they are now, for arena_restore. Once. False when there is no memory or the
 * blocks are too many: the arena is as before. */
bool arena_keep(arena *a);
/* Puts every byte of the blocks back as it was at arena_keep, and drops all blocks made since. */
void arena_restore(arena *a);

#endif
