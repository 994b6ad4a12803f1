/* io/server: files, and what can go wrong with listening. */
#include "server_fixture.h"

#include <sys/stat.h>

static void write_file(const char *dir, const char *name, const char *text, size_t len)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fwrite(text, 1, len, file);
    fclose(file);
}

static void add_files(fixture *f, void *arg)
{
    err e;
    server_add_file(f->server, "/mem.css", "text/css", "p{}", 3);
    assert_true(server_add_folder(f->server, "/static/", arg, &e));
    assert_false(server_add_folder(f->server, "/none/", "/proc/nonexistent", &e));
    assert_string_equal(e.code, "not-found");
}

/* A folder that is served, with a secret beside it and ways out of it. */
static char dir[64];

static int make_folder(void **state)
{
    (void)state;
    char path[128], target[128];
    strcpy(dir, "/tmp/nano-server-test.XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/public", dir);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/public/sub", dir);
    mkdir(path, 0700);
    char *big = malloc(1 << 20);
    memset(big, 'b', 1 << 20);
    write_file(dir, "secret.txt", "secret", 6);
    write_file(dir, "public/a b.html", "<p>", 3);
    write_file(dir, "public/.env", "KEY", 3);
    write_file(dir, "public/big.bin", big, 1 << 20);
    write_file(dir, "public/sub/index.html", "index", 5);
    free(big);
    snprintf(target, sizeof target, "%s/secret.txt", dir);
    snprintf(path, sizeof path, "%s/public/link.txt", dir);
    if (symlink(target, path))
        return -1;
    snprintf(path, sizeof path, "%s/public/out", dir);
    return symlink(dir, path);
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", dir);
    return system(command);
}

static fixture *start_with_files(void)
{
    char path[128];
    fixture *f = fixture_start(NULL, echo);
    snprintf(path, sizeof path, "%s/public", dir);
    on_loop(f, add_files, path);
    return f;
}

static void test_files(void **state)
{
    (void)state;
    fixture *f = start_with_files();
    answer a = ask(f, REQUEST("GET /mem.css"));
    assert_string_equal(a.body, "p{}");
    assert_string_equal(answer_header(&a, "Content-Type"), "text/css");
    char again[1200];
    snprintf(again, sizeof again, "GET /mem.css HTTP/1.1\r\nHost: h\r\nIf-None-Match: %s\r\n\r\n",
             answer_header(&a, "ETag"));
    answer_free(&a);
    a = ask(f, again);
    assert_int_equal(a.status, 304);
    answer_free(&a);
    a = ask(f, REQUEST("GET /static/a%20b.html"));
    assert_string_equal(a.body, "<p>");
    assert_string_equal(answer_header(&a, "Content-Type"), "text/html; charset=utf-8");
    answer_free(&a);
    a = ask(f, REQUEST("GET /static/big.bin"));
    assert_int_equal(a.len, 1 << 20);
    answer_free(&a);
    a = ask(f, REQUEST("HEAD /static/big.bin"));
    assert_int_equal(atoi(answer_header(&a, "Content-Length")), 1 << 20);
    answer_free(&a);
    a = ask(f, REQUEST("GET /static/sub/"));
    assert_string_equal(a.body, "index");
    answer_free(&a);
    a = ask(f, REQUEST("GET /static/sub"));
    assert_int_equal(a.status, 301);
    assert_string_equal(answer_header(&a, "Location"), "/static/sub/");
    answer_free(&a);
    assert_int_equal(f->accepted, 0);
    fixture_stop(f);
}

static void test_nothing_outside_is_served(void **state)
{
    (void)state;
    fixture *f = start_with_files();
    static const char *const outside[] = {
        REQUEST("GET /static/../secret.txt"),
        REQUEST("GET /static/%2e%2e/secret.txt"),
        REQUEST("GET /static/..%2fsecret.txt"),
        REQUEST("GET /static/sub/../../secret.txt"),
        REQUEST("GET /static/link.txt"),
        REQUEST("GET /static/out/secret.txt"),
        REQUEST("GET /static/.env"),
        REQUEST("GET /static//etc/passwd"),
        REQUEST("GET /static/nothing"),
        REQUEST("POST /mem.css"),
    };
    int count = (int)(sizeof outside / sizeof *outside);
    for (int i = 0; i < count; i++) { /* all of these reach the owner instead */
        answer a = ask(f, outside[i]);
        assert_int_equal(a.status, 200);
        assert_non_null(strstr(a.body, " from 127.0.0.1"));
        answer_free(&a);
    }
    assert_int_equal(f->accepted, count);
    fixture_stop(f);
}

static void open_others(fixture *f, void *arg)
{
    (void)arg;
    err e;
    server_config config = server_config_default;
    config.port = f->port;
    assert_null(server_open(&config, &e));
    assert_string_equal(e.code, "exists");
    config.port = 0;
    config.host = "no.such.host";
    assert_null(server_open(&config, &e));
    assert_string_equal(e.code, "invalid");
    config.host = "203.0.113.1";
    assert_null(server_open(&config, &e));
    assert_string_equal(e.code, "invalid");
    config.host = "localhost";
    config.tls_cert = config.tls_key = "/proc/nonexistent.pem";
    assert_null(server_open(&config, &e));
    assert_string_equal(e.code, "not-found");
    config.tls_cert = config.tls_key = "/etc/passwd";
    assert_null(server_open(&config, &e));
    assert_string_equal(e.code, "tls");
    config.tls_cert = NULL;
    server *second = server_open(&config, &e);
    assert_non_null(second);
    assert_int_not_equal(server_port(second), f->port);
    server_destroy(second);
}

static void test_opening(void **state)
{
    (void)state;
    fixture *f = fixture_start(NULL, echo);
    on_loop(f, open_others, NULL);
    answer a = ask(f, REQUEST("GET /first"));
    assert_int_equal(a.status, 200);
    answer_free(&a);
    fixture_stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_nothing_outside_is_served),
        cmocka_unit_test(test_opening),
    };
    return cmocka_run_group_tests_name("server files", tests, make_folder, remove_folder);
}
