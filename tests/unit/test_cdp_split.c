/* io/cdp_split: the same frames whatever the chunks, without copies, and small again after a large
 * one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "io/cdp_split.h"

typedef struct seen {
    buf all; /* the frames, each with its NUL again */
    size_t count, largest, stop_after;
    const char *last;
} seen;

static bool on_frame(void *arg, const char *frame, size_t len)
{
    seen *s = arg;
    buf_append(&s->all, frame, len);
    buf_append_char(&s->all, '\0');
    s->last = frame;
    if (len > s->largest)
        s->largest = len;
    return ++s->count != s->stop_after;
}

/* Feeds bytes in chunks of at most chunk. */
static bool feed(cdp_split *split, const char *bytes, size_t len, size_t chunk, seen *s)
{
    for (size_t at = 0; at < len;) {
        size_t room, n = len - at;
        char *space = cdp_split_space(split, &room);
        assert_true(room >= 64 * 1024);
        if (n > chunk)
            n = chunk;
        if (n > room)
            n = room;
        memcpy(space, bytes + at, n);
        at += n;
        if (!cdp_split_commit(split, n, on_frame, s))
            return false;
    }
    return true;
}

static void same_frames_for_any_chunks(void **state)
{
    (void)state;
    buf wire = {0};
    for (int i = 0; i < 300; i++) {
        for (int j = 0; j < i * 7; j++)
            buf_append_char(&wire, (char)('a' + (i + j) % 26));
        buf_append_char(&wire, '\0'); /* the first frame is empty */
    }
    static const size_t chunks[] = {1, 2, 3, 7, 64, 1000, 65536, SIZE_MAX};
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        cdp_split split = {0};
        seen s = {0};
        assert_true(feed(&split, wire.data, wire.len, chunks[i], &s));
        assert_int_equal(s.count, 300);
        assert_int_equal(s.all.len, wire.len);
        assert_memory_equal(s.all.data, wire.data, wire.len);
        buf_finish(&s.all);
        cdp_split_finish(&split);
    }
    buf_finish(&wire);
}

static void frame_is_handed_out_where_it_was_read(void **state)
{
    (void)state;
    cdp_split split = {0};
    seen s = {0};
    size_t room;
    char *space = cdp_split_space(&split, &room);
    assert_true(room >= CDP_SPLIT_BASE);
    memcpy(space, "one\0two\0thr", 11);
    assert_true(cdp_split_commit(&split, 11, on_frame, &s));
    assert_ptr_equal(s.last, space + 4);
    assert_true(feed(&split, "ee\0", 3, 3, &s));
    assert_string_equal(s.last, "three");
    buf_finish(&s.all);
    cdp_split_finish(&split);
}

static void grows_for_a_large_frame_and_shrinks_again(void **state)
{
    (void)state;
    enum { LARGE = 20 * 1024 * 1024 };
    char *large = malloc(LARGE + 5);
    memset(large, 'x', LARGE);
    memcpy(large + LARGE, "\0tail", 5);
    cdp_split split = {0};
    seen s = {0};
    assert_true(feed(&split, large, LARGE + 5, 1024 * 1024, &s));
    assert_int_equal(s.largest, LARGE);
    assert_int_equal(split.cap, CDP_SPLIT_BASE);
    assert_true(feed(&split, "!\0", 2, 2, &s));
    assert_int_equal(s.count, 2);
    assert_string_equal(s.all.data + LARGE + 1, "tail!");
    buf_finish(&s.all);
    free(large);
    cdp_split_finish(&split);
}

static void stops_when_told_to(void **state)
{
    (void)state;
    cdp_split split = {0};
    seen s = {.stop_after = 2};
    assert_false(feed(&split, "a\0b\0c\0", 6, 6, &s));
    assert_int_equal(s.count, 2);
    buf_finish(&s.all);
    cdp_split_finish(&split);
}

static bool count_only(void *arg, const char *frame, size_t len)
{
    (void)frame, (void)len;
    ++*(size_t *)arg;
    return true;
}

static void refuses_a_frame_without_end(void **state)
{
    (void)state;
    cdp_split split = {0};
    size_t frames = 0, fed = 0;
    bool ok = true;
    while (ok) {
        size_t room;
        char *space = cdp_split_space(&split, &room);
        memset(space, 'x', room);
        fed += room;
        ok = cdp_split_commit(&split, room, count_only, &frames);
        assert_true(fed <= (size_t)CDP_FRAME_MAX * 2 + CDP_SPLIT_BASE);
    }
    assert_int_equal(frames, 0);
    assert_true(fed > CDP_FRAME_MAX);
    cdp_split_finish(&split);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_frames_for_any_chunks),
        cmocka_unit_test(frame_is_handed_out_where_it_was_read),
        cmocka_unit_test(grows_for_a_large_frame_and_shrinks_again),
        cmocka_unit_test(stops_when_told_to),
        cmocka_unit_test(refuses_a_frame_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
