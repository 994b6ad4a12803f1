/* script/arena: blocks keep their bytes, and an image brings every kept byte back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "script/arena.h"

enum { BLOCKS = 400 };

typedef struct block {
    unsigned char *data;
    size_t size;
} block;

static unsigned seed = 1;

static size_t draw(size_t below)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % below;
}

/* Mostly small, now and then many times what an arena has room for. */
static size_t draw_size(void)
{
    size_t kind = draw(20);
    return 1 + (kind == 0 ? draw(200000) : kind < 4 ? draw(3000) : draw(300));
}

static void fill(block *b, size_t from, int i)
{
    for (size_t at = from; at < b->size; at++)
        b->data[at] = (unsigned char)(i + (int)at);
}

static void check(const block *b, size_t upto, int i)
{
    for (size_t at = 0; at < upto; at++)
        assert_int_equal(b->data[at], (unsigned char)(i + (int)at));
}

static void resize(arena *a, block *b, size_t size, int i)
{
    size_t kept = size < b->size ? size : b->size;
    b->data = arena_resize(a, b->data, b->size, size);
    assert_true((b->data != NULL) == (size > 0));
    assert_int_equal((uintptr_t)b->data % 16, 0);
    b->size = size;
    check(b, kept, i);
    fill(b, kept, i);
}

/* Makes, grows, shrinks and frees blocks; each holds its own bytes all the time. */
static void churn(arena *a, block *blocks, int rounds, size_t largest)
{
    for (int round = 0; round < rounds; round++) {
        int i = (int)draw(BLOCKS);
        size_t size = draw(3) ? draw_size() : 0;
        resize(a, &blocks[i], size < largest ? size : largest, i);
    }
    for (int i = 0; i < BLOCKS; i++)
        check(&blocks[i], blocks[i].size, i);
}

static void test_blocks_keep_their_bytes(void **state)
{
    (void)state;
    block blocks[BLOCKS] = {0};
    arena *a = arena_create();
    churn(a, blocks, 20000, SIZE_MAX);
    arena_destroy(a);
    arena_destroy(NULL);
}

static void test_an_image_brings_all_back(void **state)
{
    (void)state;
    static block kept[BLOCKS], blocks[BLOCKS];
    memset(blocks, 0, sizeof blocks);
    arena *a = arena_create();
    churn(a, blocks, 2000, 2000);
    assert_true(arena_keep(a));
    memcpy(kept, blocks, sizeof kept);
    for (int run = 0; run < 20; run++) {
        churn(a, blocks, 3000, SIZE_MAX);
        arena_restore(a);
        memcpy(blocks, kept, sizeof kept);
        for (int i = 0; i < BLOCKS; i++)
            check(&blocks[i], blocks[i].size, i);
    }
    arena_destroy(a);
}

static void test_too_much_is_not_kept(void **state)
{
    (void)state;
    arena *a = arena_create();
    block b = {0};
    resize(a, &b, 4 << 20, 1); /* more than the mapping: malloc's */
    assert_false(arena_keep(a));
    resize(a, &b, 8 << 20, 1);
    arena_destroy(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_keep_their_bytes),
        cmocka_unit_test(test_an_image_brings_all_back),
        cmocka_unit_test(test_too_much_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
