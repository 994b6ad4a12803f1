/*
 * arena.c: see arena.h. Called by alloc.c and script.c.
 *
 * Small blocks come from one mapping, by size classes, each with its list of free blocks; the links
 * lie in the blocks, so an image of the mapping and of the list heads is all that there is to keep.
 * Large blocks lie there too as long as nothing was kept, and are malloc's own from then on.
 *
 * Invariants: the address of the mapping never changes; `outside` holds exactly the blocks that
 * malloc gave.
 */
#include "script/arena.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/list.h"

enum {
    PIECE = 1024, /* bytes that are put back, or left, together */
    GRAIN = 16,
    SMALL_MAX = 1024, /* bytes of a block that has a class */
    CLASSES = SMALL_MAX / GRAIN,
    MAPPED = 2 << 20, /* what is not touched takes no memory */
    ROOM = 192 << 10, /* bytes beyond the image that small blocks may take; then malloc's */
};

typedef struct free_block {
    struct free_block *next;
} free_block;

typedef struct outside_block {
    _Alignas(GRAIN) list node;
    unsigned char data[];
} outside_block;

typedef struct content {
    size_t used; /* bytes of the mapping that were ever given */
    free_block *free[CLASSES];
} content;

struct arena {
    unsigned char *start;
    size_t limit; /* bytes of the mapping that may be given */
    content now, kept;
    unsigned char *image; /* NULL: nothing kept */
    list outside;
};

arena *arena_create(void)
{
    arena *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    list_init(&a->outside);
    a->limit = MAPPED;
    a->start = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (a->start == MAP_FAILED) {
        free(a);
        return NULL;
    }
    return a;
}

static void free_outside(arena *a)
{
    list *node;
    while ((node = list_shift(&a->outside)))
        free(list_entry(node, outside_block, node));
}

void arena_destroy(arena *a)
{
    if (!a)
        return;
    free_outside(a);
    munmap(a->start, MAPPED);
    free(a->image);
    free(a);
}

static size_t class_of(size_t size)
{
    return (size - 1) / GRAIN;
}

static bool is_inside(const arena *a, const void *ptr)
{
    const unsigned char *p = ptr;
    return p >= a->start && p < a->start + MAPPED;
}

static void *take_outside(arena *a, size_t size)
{
    outside_block *block = malloc(sizeof *block + size);
    if (!block)
        return NULL;
    list_push(&a->outside, &block->node);
    return block->data;
}

static void *resize_outside(arena *a, void *ptr, size_t size)
{
    outside_block *old = (outside_block *)((unsigned char *)ptr - offsetof(outside_block, data));
    list_remove(&old->node);
    outside_block *block = size ? realloc(old, sizeof *block + size) : NULL;
    if (!size)
        free(old);
    else
        list_push(&a->outside, block ? &block->node : &old->node);
    return block ? block->data : NULL;
}

static void *take(arena *a, size_t size)
{
    bool small = size <= SMALL_MAX;
    free_block **first = small ? &a->now.free[class_of(size)] : NULL;
    if (first && *first) {
        free_block *block = *first;
        *first = block->next;
        return block;
    }
    size_t room = (size + GRAIN - 1) / GRAIN * GRAIN;
    if (room > a->limit - a->now.used || (a->image && !small))
        return take_outside(a, size);
    void *block = a->start + a->now.used;
    a->now.used += room;
    return block;
}

static void give_back(arena *a, void *ptr, size_t size)
{
    if (size > SMALL_MAX)
        return; /* of the time before the image: there are few */
    free_block *block = ptr;
    block->next = a->now.free[class_of(size)];
    a->now.free[class_of(size)] = block;
}

void *arena_resize(arena *a, void *ptr, size_t old_size, size_t new_size)
{
    if (!ptr)
        return new_size ? take(a, new_size) : NULL;
    if (!is_inside(a, ptr))
        return resize_outside(a, ptr, new_size);
    if (!new_size) {
        give_back(a, ptr, old_size);
        return NULL;
    }
    if (new_size <= old_size && (old_size > SMALL_MAX || class_of(new_size) == class_of(old_size)))
        return ptr;
    void *block = take(a, new_size);
    if (!block)
        return new_size <= old_size ? ptr : NULL;
    memcpy(block, ptr, old_size < new_size ? old_size : new_size);
    give_back(a, ptr, old_size);
    return block;
}

bool arena_keep(arena *a)
{
    if (!list_empty(&a->outside) || a->now.used + ROOM > MAPPED)
        return false;
    a->image = malloc(a->now.used);
    if (!a->image)
        return false;
    memcpy(a->image, a->start, a->now.used);
    /* What is free among the kept blocks stays so: a run's own blocks then lie together, beyond. */
    memset(a->now.free, 0, sizeof a->now.free);
    a->kept = a->now;
    a->limit = a->now.used + ROOM;
    return true;
}

void arena_restore(arena *a)
{
    free_outside(a);
    a->now = a->kept;
    /* A short run writes to a sixth of the image: comparing costs less than writing all of it. */
    for (size_t at = 0; at < a->kept.used; at += PIECE) {
        size_t left = a->kept.used - at, size = left < PIECE ? left : PIECE;
        if (memcmp(a->start + at, a->image + at, size) != 0)
            memcpy(a->start + at, a->image + at, size);
    }
}
