/* io/files: what is promised to whoever loses power, disk or patience in the middle of a write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/files.h"

static char root[128]; /* a fresh folder for each test */

static int setup(void **state)
{
    (void)state;
    buf path = {0};
    if (!files_temp_dir("nano-test", &path, NULL))
        return -1;
    snprintf(root, sizeof root, "%s", buf_cstr(&path));
    buf_finish(&path);
    return chdir(root);
}

static int teardown(void **state)
{
    (void)state;
    return chdir("/") == 0 && files_remove(root, true, NULL) ? 0 : -1;
}

static const files_write_options replace = {.mode = -1}, append = {.append = true, .mode = -1};

static void put(const char *path, const char *text)
{
    assert_true(files_write(path, text, strlen(text), &replace, NULL));
}

static void assert_content(const char *path, const char *expected)
{
    buf b = {0};
    assert_true(files_read(path, 1 << 20, &b, NULL));
    assert_string_equal(buf_cstr(&b), expected);
    buf_finish(&b);
}

static void assert_code(bool ok, const err *e, const char *code)
{
    assert_false(ok);
    assert_string_equal(e->code, code);
}

static void assert_names(const char *folder, const char *expected)
{
    files_listing l;
    buf names = {0};
    assert_true(files_list(folder, &l, NULL));
    for (size_t i = 0; i < l.count; i++)
        buf_printf(&names, "%s%s:%s", i ? " " : "", l.entries[i].name,
                   files_kind_name(l.entries[i].info.kind));
    files_listing_finish(&l);
    assert_string_equal(buf_cstr(&names), expected);
    buf_finish(&names);
}

static unsigned mode_of(const char *path)
{
    files_info info;
    assert_true(files_stat(path, &info, NULL));
    return info.mode;
}

static void write_replaces_and_appends(void **state)
{
    (void)state;
    put("a", "one");
    put("a", "two");
    assert_content("a", "two");
    assert_true(files_write("a", "+", 1, &append, NULL));
    assert_content("a", "two+");
    assert_true(files_write("b", "new", 3, &append, NULL));
    assert_content("b", "new");
    files_write_options durable = {.mode = -1, .sync = true};
    assert_true(files_write("c", "", 0, &durable, NULL));
    assert_content("c", "");
    assert_names(".", "a:file b:file c:file"); /* no temporary file is left */
}

static void write_modes(void **state)
{
    (void)state;
    mode_t before = umask(027);
    put("a", "x");
    umask(before);
    assert_int_equal(mode_of("a"), 0640);
    assert_int_equal(chmod("a", 0604), 0);
    put("a", "y"); /* keeps the mode of what it replaces */
    assert_int_equal(mode_of("a"), 0604);
    files_write_options secret = {.mode = 0600};
    assert_true(files_write("a", "z", 1, &secret, NULL));
    assert_int_equal(mode_of("a"), 0600);
}

static void write_follows_a_link(void **state)
{
    (void)state;
    put("real", "old");
    assert_int_equal(symlink("real", "link"), 0);
    put("link", "new");
    assert_content("real", "new");
    assert_names(".", "link:link real:file");
}

static void write_to_a_device(void **state)
{
    (void)state;
    put("/dev/null", "x");
    struct stat st;
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
}

static void failed_write_keeps_the_old(void **state)
{
    (void)state;
    put("a", "precious");
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit old, tiny;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tiny = old;
    tiny.rlim_cur = 4096; /* as a full disk: the write stops half way */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    char *large = calloc(1, 100000);
    err e = {0};
    bool ok = files_write("a", large, 100000, &replace, &e);
    free(large);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_false(ok);
    assert_non_null(strstr(e.text, "cannot write"));
    assert_content("a", "precious");
    assert_names(".", "a:file");
}

static void write_failures(void **state)
{
    (void)state;
    err e = {0};
    assert_code(files_write("no/such/folder", "", 0, &replace, &e), &e, "not-found");
    assert_code(files_write(".", "", 0, &replace, &e), &e, "invalid");
    assert_code(files_write("/dev/full", "x", 1, &replace, &e), &e, "full");
}

static void read_limits(void **state)
{
    (void)state;
    put("a", "12345");
    buf b = {0};
    buf_append_str(&b, "kept");
    err e = {0};
    assert_code(files_read("a", 4, &b, &e), &e, "too-large");
    assert_code(files_read("none", 4, &b, &e), &e, "not-found");
    assert_non_null(strstr(e.text, "none"));
    assert_code(files_read(".", 4, &b, &e), &e, "invalid");
    assert_string_equal(buf_cstr(&b), "kept");
    assert_true(files_read("a", 5, &b, &e));
    assert_string_equal(buf_cstr(&b), "kept12345");
    b.len = 0;
    assert_true(files_read("/proc/self/stat", 1 << 20, &b, &e)); /* its size reads as 0 */
    assert_true(b.len > 10);
    buf_finish(&b);
}

static void make_dirs_and_list(void **state)
{
    (void)state;
    err e = {0};
    assert_true(files_make_dirs("x/y/z", NULL));
    assert_true(files_make_dirs("x/y/z/", NULL));
    assert_true(files_make_dirs("/", NULL));
    put("x/f", "12");
    assert_names("x", "f:file y:dir");
    assert_code(files_make_dirs("x/f/g", &e), &e, "io");
    assert_code(files_make_dirs("x/f", &e), &e, "io");
    assert_code(files_make_dirs("", &e), &e, "invalid");
    files_listing l;
    assert_code(files_list("none", &l, &e), &e, "not-found");
}

static void temp_dir_is_private(void **state)
{
    (void)state;
    mode_t before = umask(0);
    buf path = {0};
    assert_true(files_temp_dir("nano-test", &path, NULL));
    umask(before);
    assert_int_equal(mode_of(buf_cstr(&path)), 0700);
    assert_true(files_remove(buf_cstr(&path), false, NULL));
    buf_finish(&path);
    err e = {0};
    assert_code(files_temp_dir("../x", &path, &e), &e, "invalid");
    buf_finish(&path);
}

static void remove_does_not_follow_links(void **state)
{
    (void)state;
    assert_true(files_make_dirs("outside", NULL));
    put("outside/precious", "x");
    assert_true(files_make_dirs("tree/deep/er", NULL));
    put("tree/deep/er/file", "x");
    assert_int_equal(symlink("../../outside", "tree/deep/link"), 0);
    assert_int_equal(symlink("../outside/precious", "tree/filelink"), 0);
    assert_int_equal(symlink("outside", "toplink"), 0);
    err e = {0};
    assert_false(files_remove("tree", false, &e)); /* not empty */
    assert_true(files_remove("tree", true, NULL));
    assert_true(files_remove("toplink", true, NULL)); /* the link, not what it points to */
    assert_names(".", "outside:dir");
    assert_content("outside/precious", "x");
    assert_code(files_remove("tree", true, &e), &e, "not-found");
    assert_code(files_remove("/", true, &e), &e, "invalid");
    assert_code(files_remove("/..", true, &e), &e, "invalid");
}

static void real_path_and_rename(void **state)
{
    (void)state;
    put("a", "x");
    assert_int_equal(symlink("a", "link"), 0);
    buf one = {0}, two = {0};
    assert_true(files_real_path("./link", &one, NULL));
    assert_true(files_real_path("a", &two, NULL));
    assert_string_equal(buf_cstr(&one), buf_cstr(&two));
    buf_finish(&one);
    buf_finish(&two);
    put("b", "old");
    assert_true(files_rename("a", "b", NULL));
    assert_content("b", "x");
    err e = {0};
    assert_code(files_rename("a", "c", &e), &e, "not-found");
    assert_code(files_stat("link", &(files_info){0}, &e), &e,
                "not-found"); /* it points nowhere now */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(write_replaces_and_appends),
        TEST(write_modes),
        TEST(write_follows_a_link),
        TEST(write_to_a_device),
        TEST(failed_write_keeps_the_old),
        TEST(write_failures),
        TEST(read_limits),
        TEST(make_dirs_and_list),
        TEST(temp_dir_is_private),
        TEST(remove_does_not_follow_links),
        TEST(real_path_and_rename),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
