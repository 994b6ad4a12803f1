/* base/: buffers, UTF-8, errors, lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/list.h"
#include "base/needles.h"
#include "base/utf8.h"

static void test_buf_grows_and_consumes(void **state)
{
    (void)state;
    buf b;
    buf_init(&b);
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%d,", i);
    assert_int_equal(b.len, 3890);
    buf_consume(&b, 2);
    assert_memory_equal(b.data, "1,2,", 4);
    size_t len;
    char *text = buf_take(&b, &len);
    assert_int_equal(strlen(text), len);
    assert_null(b.data);
    free(text);
}

static void test_buf_json(void **state)
{
    (void)state;
    buf b;
    buf_init(&b);
    buf_append_json(&b, "a\"\\\n\x01\xc3\xa4\xff", 8);
    assert_string_equal(buf_cstr(&b), "\"a\\\"\\\\\\u000a\\u0001\xc3\xa4\xef\xbf\xbd\"");
    buf_finish(&b);
}

static void test_needles(void **state)
{
    (void)state;
    static const char words[] = "sk_live_\n=\nsk_\nghp_";
    needles set;
    assert_int_equal(needles_init(&set, words, sizeof words - 1), -1);
    assert_int_equal(needles_in(&set, "", 0), 0);
    assert_int_equal(needles_in(&set, "sk", 2), 0);
    assert_int_equal(needles_in(&set, "a sk_live_", 10), 1 | 4);
    assert_int_equal(needles_in(&set, "a sk_live", 9), 4);
    assert_int_equal(needles_in(&set, "x=ghghp_", 8), 2 | 8);
    assert_int_equal(needles_init(&set, "a\n\nb", 4), 1); /* an empty word */
    char many[2 * (NEEDLES_MAX + 1)];
    memset(many, '\n', sizeof many);
    for (int i = 0; i <= NEEDLES_MAX; i++)
        many[2 * i] = 'x';
    assert_int_equal(needles_init(&set, many, sizeof many - 2), -1);
    assert_int_equal(needles_init(&set, many, sizeof many), NEEDLES_MAX);
}

static void test_utf8(void **state)
{
    (void)state;
    assert_true(utf8_valid("\xe2\x82\xac\xf0\x9f\x98\x80", 7));
    assert_false(utf8_valid("\xc0\x80", 2));         /* overlong */
    assert_false(utf8_valid("\xed\xa0\x80", 3));     /* surrogate */
    assert_false(utf8_valid("\xf4\x90\x80\x80", 4)); /* above U+10FFFF */
    assert_false(utf8_valid("\xe2\x82", 2));         /* cut off */
}

static void test_err(void **state)
{
    (void)state;
    err e;
    assert_false(err_set_errno(&e, 2, "can't open %s", "x"));
    assert_string_equal(e.code, "not-found");
    assert_string_equal(e.text, "can't open x: No such file or directory");
    assert_false(err_set(NULL, "io", "dropped"));
}

static void test_list(void **state)
{
    (void)state;
    list l, a, b;
    list_init(&l), list_init(&a), list_init(&b);
    assert_null(list_shift(&l));
    list_push(&l, &a);
    list_push(&l, &b);
    list_remove(&a);
    list_remove(&a);
    assert_ptr_equal(list_shift(&l), &b);
    assert_true(list_empty(&l));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf_grows_and_consumes),
        cmocka_unit_test(test_buf_json),
        cmocka_unit_test(test_needles),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_err),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
