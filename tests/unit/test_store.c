/* The store: what is written, what is read, how units fail, how databases are opened, migrated and
 * refused. */
#include "test_store_help.h"

/* ---- values and results ---- */

static void values_come_back_with_their_types(void **state)
{
    (void)state;
    store *s = open_plain(in_dir("values.db"));
    assert_ok(write_sql(s, "CREATE TABLE t(a, b, c, d, e, f)"));
    const store_value values[] = {
        integer(INT64_C(9007199254740993)),
        {.type = STORE_REAL, .real = 0.1},
        {.type = STORE_TEXT, .bytes = "a\0b", .len = 3},
        {.type = STORE_BLOB, .bytes = "\xff\x00", .len = 2},
        {.type = STORE_NULL},
        {.type = STORE_TEXT, .bytes = "", .len = 0},
    };
    const reply *w = write_unit(s, unit_of("INSERT INTO t VALUES(?, ?, ?, ?, ?, ?)", 6, values));
    assert_ok(w);
    assert_int_equal(w->changes, 1);
    assert_int_equal(w->last_id, 1);
    const reply *r = read_sql(s, "SELECT a, b, hex(c), hex(d), e, f, length(c) AS n FROM t");
    assert_ok(r);
    assert_int_equal(r->rows, 1);
    assert_string_equal(r->cell[0][0], "9007199254740993");
    assert_string_equal(r->cell[0][1], "0.10000000000000001");
    assert_string_equal(r->cell[0][2], "610062");
    assert_string_equal(r->cell[0][3], "FF00");
    assert_int_equal(r->type[4], STORE_NULL);
    assert_int_equal(r->type[5], STORE_TEXT);
    assert_string_equal(r->cell[0][5], "");
    assert_string_equal(r->name[6], "n");
    r = read_sql(s, "SELECT c, d FROM t");
    assert_int_equal(r->type[0], STORE_TEXT);
    assert_int_equal(r->type[1], STORE_BLOB);
    close_store(s);
}

static void results_count_changes_and_name_the_new_row(void **state)
{
    (void)state;
    store *s = open_plain(in_dir("results.db"));
    const reply *r = write_sql(s, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT UNIQUE)");
    assert_ok(r);
    assert_int_equal(r->changes, 0);
    r = write_sql(s, "INSERT INTO t(v) VALUES('a'), ('b'), ('c')");
    assert_int_equal(r->changes, 3);
    assert_int_equal(r->last_id, 3);
    r = write_sql(s, "INSERT INTO t(v) VALUES('b') ON CONFLICT DO NOTHING");
    assert_ok(r);
    assert_int_equal(r->changes, 0);
    assert_int_equal(r->last_id, 0); /* not the row inserted before */
    r = write_sql(s, "UPDATE t SET v = v || 'x' WHERE id < 3 RETURNING id, v");
    assert_int_equal(r->changes, 2);
    assert_int_equal(r->last_id, 0);
    assert_int_equal(r->rows, 2);
    assert_string_equal(r->cell[1][1], "bx");
    r = read_sql(s, "SELECT v FROM t WHERE id > 100");
    assert_ok(r);
    assert_int_equal(r->rows, 0);
    assert_int_equal(r->columns, 1);
    close_store(s);
}

static void wrong_use_is_told_in_words(void **state)
{
    (void)state;
    store *s = open_plain(in_dir("wrong.db"));
    assert_ok(write_sql(s, "CREATE TABLE t(a)"));
    const store_value one = integer(1);
    assert_code(write_unit(s, unit_of("INSERT INTO t VALUES(?), (?)", 1, &one)), "invalid");
    assert_says(write_unit(s, unit_of("INSERT INTO t VALUES(?), (?)", 1, &one)),
                "2 parameters, but 1 values");
    assert_says(write_sql(s, "INSERT INTO t VALUES(1); INSERT INTO t VALUES(2)"), "more than one");
    assert_says(write_sql(s, "  "), "empty");
    const reply *r = write_sql(s, "INSERT INTO nowhere VALUES(1)");
    assert_code(r, "invalid");
    assert_says(r, "no such table: nowhere");
    assert_says(r, "in \"INSERT INTO nowhere");
    assert_says(r, "wrong.db");
    assert_code(read_sql(s, "DELETE FROM t"), "invalid");
    const char *const forbidden[] = {"COMMIT", "ROLLBACK", "SAVEPOINT x", "ATTACH ':memory:' AS x",
                                     "PRAGMA synchronous = OFF"};
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        assert_code(write_sql(s, forbidden[i]), "denied");
    assert_code(read_sql(s, "BEGIN"), "denied");
    assert_ok(write_sql(s, "INSERT INTO t VALUES(1) ;\n ; "));
    assert_string_equal(read_sql(s, "SELECT count(*) FROM t")->cell[0][0], "1");
    close_store(s);
}

static void a_unit_is_all_or_nothing(void **state)
{
    (void)state;
    store *s = open_plain(in_dir("unit.db"));
    assert_ok(write_sql(s, "CREATE TABLE t(a UNIQUE)"));
    store_unit *u = store_unit_create();
    unit_add(u, "INSERT INTO t VALUES('one')");
    unit_add(u, "INSERT INTO t VALUES('two')");
    unit_add(u, "INSERT INTO t VALUES('one')");
    const reply *r = write_unit(s, u);
    assert_code(r, "exists");
    assert_says(r, "UNIQUE constraint failed: t.a");
    assert_int_equal(r->statements, 0);
    assert_string_equal(read_sql(s, "SELECT count(*) FROM t")->cell[0][0], "0");
    close_store(s);
}

static void one_bad_unit_does_not_hurt_its_neighbours(void **state)
{
    (void)state;
    store *s = open_plain(in_dir("neighbours.db"));
    assert_ok(write_sql(s, "CREATE TABLE t(a UNIQUE)"));
    reply replies[9];
    for (int i = 0; i < 9; i++) {
        store_unit *u = store_unit_create();
        store_value v = integer(i);
        unit_add(u, "INSERT INTO t VALUES(?)");
        store_unit_value(u, v);
        /* OR ROLLBACK makes SQLite drop the whole transaction, not only the statement. */
        if (i % 3 == 1)
            unit_add(u, i == 4 ? "INSERT OR ROLLBACK INTO t VALUES(0)" : "INSERT INTO t VALUES(0)");
        queue(s, u, &replies[i]);
    }
    settle();
    for (int i = 0; i < 9; i++) {
        if (i % 3 == 1)
            assert_code(&replies[i], "exists");
        else
            assert_ok(&replies[i]);
    }
    const reply *r = read_sql(s, "SELECT group_concat(a, ' ') FROM (SELECT a FROM t ORDER BY a)");
    assert_string_equal(r->cell[0][0], "0 2 3 5 6 8");
    close_store(s);
}

static void more_statements_than_the_cache_holds(void **state)
{
    (void)state;
    store *s = open_plain(in_dir("cache.db"));
    assert_ok(write_sql(s, "CREATE TABLE t(a)"));
    char sql[64];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 200; i++) {
            snprintf(sql, sizeof sql, "INSERT INTO t(a) VALUES(%d)", i);
            assert_ok(write_sql(s, sql));
        }
        /* Cached statements survive a change of the schema. */
        assert_ok(write_sql(s, round ? "ALTER TABLE t ADD c" : "ALTER TABLE t ADD b"));
        assert_int_equal(read_sql(s, "SELECT * FROM t LIMIT 1")->columns, (size_t)round + 2);
        assert_ok(write_sql(s, "DELETE FROM t WHERE a < 0"));
    }
    assert_string_equal(read_sql(s, "SELECT count(*), sum(a) FROM t")->cell[0][1], "39800");
    close_store(s);
}

static void a_result_that_is_too_large_is_refused(void **state)
{
    (void)state;
    store *s = open_with(&(store_config){.path = in_dir("large.db"), .read_bytes = 1 << 20});
    const char *many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %d) "
                       "SELECT i, 'some text' FROM n";
    char sql[160];
    snprintf(sql, sizeof sql, many, 1000000);
    const reply *r = read_sql(s, sql);
    assert_code(r, "too-large");
    assert_says(r, "LIMIT");
    snprintf(sql, sizeof sql, many, 1000);
    assert_ok(read_sql(s, sql));
    close_store(s);
}

/* ---- life ---- */

static void closing_writes_what_is_queued(void **state)
{
    (void)state;
    const char *path = in_dir("closing.db");
    store *s = open_plain(path);
    reply replies[200], made, read;
    queue(s, unit_of("CREATE TABLE t(a)", 0, NULL), &made);
    for (int i = 0; i < 200; i++)
        queue(s, unit_of("INSERT INTO t VALUES(1)", 0, NULL), &replies[i]);
    queue_read(s, "SELECT 7", &read);
    close_store(s);
    for (int i = 0; i < 200; i++)
        assert_ok(&replies[i]);
    assert_ok(&read);
    assert_int_equal(outside(path, "SELECT count(*) FROM t"), 200);
    char log[170];
    snprintf(log, sizeof log, "%s-wal", path);
    assert_int_equal(access(log, F_OK), -1); /* one file is left: it can be copied */
}

static void destroying_writes_too_but_answers_nobody(void **state)
{
    (void)state;
    const char *path = in_dir("destroy.db");
    store *s = open_plain(path);
    reply replies[50], made, read;
    queue(s, unit_of("CREATE TABLE t(a)", 0, NULL), &made);
    for (int i = 0; i < 50; i++)
        queue(s, unit_of("INSERT INTO t VALUES(1)", 0, NULL), &replies[i]);
    /* Would take for ever. */
    queue_read(
        s, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
        &read);
    store_destroy(s);
    waiting = 1;
    reply other;
    store *t = open_plain(path); /* what was posted for s must not reach t */
    queue(t, unit_of("INSERT INTO t VALUES(1)", 0, NULL), &other);
    waiting = 1;
    settle();
    assert_ok(&other);
    assert_int_equal(made.answered + replies[0].answered + read.answered, 0);
    close_store(t);
    assert_int_equal(outside(path, "SELECT count(*) FROM t"), 51);
    store_destroy(NULL);
}

static void calls_after_close_are_refused(void **state)
{
    (void)state;
    store *s = open_plain(in_dir("after.db"));
    reply closed = {0}, late;
    waiting++;
    store_close(s, on_reply, &closed);
    assert_null(queue(s, store_unit_create(), &late));
    assert_string_equal(late.error.code, "closed");
    assert_null(queue_read(s, "SELECT 1", &late));
    assert_string_equal(late.error.code, "closed");
    settle();
    assert_ok(&closed);
    store_destroy(s);
}

static void abandoned_calls_are_not_answered(void **state)
{
    (void)state;
    store *s = open_plain(in_dir("abandon.db"));
    assert_ok(write_sql(s, "CREATE TABLE t(a)"));
    reply write, reads[3];
    store_abandon(queue(s, unit_of("INSERT INTO t VALUES(1)", 0, NULL), &write));
    const char *endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                          "SELECT max(i) FROM n";
    /* More of them than readers: abandoned while running and while queued. */
    store_op *ops[3];
    for (int i = 0; i < 3; i++)
        ops[i] = queue_read(s, endless, &reads[i]);
    for (int i = 0; i < 3; i++)
        store_abandon(ops[i]);
    waiting = 0;
    assert_ok(write_sql(s, "INSERT INTO t VALUES(2)")); /* behind the abandoned one */
    assert_string_equal(read_sql(s, "SELECT count(*) FROM t")->cell[0][0], "2");
    assert_int_equal(write.answered + reads[0].answered + reads[1].answered + reads[2].answered, 0);
    close_store(s);
}

static void too_much_waiting_is_refused(void **state)
{
    (void)state;
    store *s = open_with(&(store_config){.path = in_dir("busy.db"), .queue_bytes = 20000});
    char big[9000];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    store_value v = text(big);
    reply made, replies[40];
    queue(s, unit_of("CREATE TABLE t(a)", 0, NULL), &made);
    int refused = 0;
    for (int i = 0; i < 40; i++) {
        if (!queue(s, unit_of("INSERT INTO t VALUES(?)", 1, &v), &replies[i])) {
            assert_string_equal(replies[i].error.code, "busy");
            refused++;
        }
    }
    settle();
    assert_true(refused > 0);
    for (int i = 0; i < 40; i++)
        if (replies[i].answered)
            assert_ok(&replies[i]);
    assert_ok(write_unit(s, unit_of("INSERT INTO t VALUES(?)", 1, &v))); /* there is room again */
    close_store(s);
}

static void a_path_is_always_a_file(void **state)
{
    (void)state;
    char before[256];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(temp_dir), 0);
    const char *const names[] = {":memory:", "file:x.db?mode=memory", "plain"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        store *s = open_plain(names[i]);
        assert_ok(opened(s));
        close_store(s);
        assert_int_equal(access(names[i], F_OK), 0);
    }
    assert_int_equal(chdir(before), 0);
}

/* ---- migrations ---- */

static const char *const steps[] = {
    "CREATE TABLE ours(a); INSERT INTO ours VALUES('first');",
    "ALTER TABLE ours ADD b; UPDATE ours SET b = 'second';",
    "CREATE TABLE more(c); INSERT INTO nowhere VALUES(1);",
};

static store *open_version(const char *path, size_t version)
{
    return open_with(&(store_config){.path = path,
                                     .migrations = steps,
                                     .migration_count = version,
                                     .application_id = 0x6e616e6f,
                                     .own_table = "ours",
                                     .busy_timeout_ms = 60});
}

static void migrations_lead_forward_and_never_twice(void **state)
{
    (void)state;
    const char *path = in_dir("migrate.db");
    for (int round = 0; round < 2; round++) {
        for (size_t version = 1; version <= 2; version++) {
            if (round && version == 1)
                continue;
            store *s = open_version(path, version);
            assert_ok(opened(s));
            const reply *r = read_sql(s, "SELECT * FROM ours");
            assert_int_equal(r->rows, 1);
            assert_int_equal(r->columns, version);
            close_store(s);
        }
    }
    assert_int_equal(outside(path, "PRAGMA user_version"), 2);
    assert_int_equal(outside(path, "PRAGMA application_id"), 0x6e616e6f);
}

static void a_newer_database_is_refused(void **state)
{
    (void)state;
    const char *path = in_dir("newer.db");
    store *s = open_version(path, 2);
    assert_ok(opened(s));
    close_store(s);
    s = open_version(path, 1);
    const reply *r = opened(s);
    assert_code(r, "invalid");
    assert_says(r, "newer version");
    assert_says(r, "newer.db");
    assert_code(read_sql(s, "SELECT 1"), "invalid"); /* every call tells it */
    close_store(s);
    assert_int_equal(outside(path, "PRAGMA user_version"), 2);
}

static void a_failing_migration_changes_nothing(void **state)
{
    (void)state;
    const char *path = in_dir("failing.db");
    store *s = open_version(path, 1);
    assert_ok(opened(s));
    close_store(s);
    s = open_version(path, 3);
    const reply *r = opened(s);
    assert_code(r, "invalid");
    assert_says(r, "left as it is");
    assert_says(r, "nowhere");
    close_store(s);
    assert_int_equal(outside(path, "PRAGMA user_version"), 1);
    assert_int_equal(outside(path, "SELECT count(*) FROM pragma_table_info('ours')"), 1);
    assert_int_equal(outside(path, "SELECT count(*) FROM sqlite_master WHERE name = 'more'"), 0);
}

static void databases_of_other_programs_are_left_alone(void **state)
{
    (void)state;
    char path[160];
    snprintf(path, sizeof path, "%s", in_dir("foreign.db"));
    outside(path, "CREATE TABLE moz_places(a); CREATE TABLE moz_hosts(a);");
    store *s = open_version(path, 2);
    const reply *r = opened(s);
    assert_code(r, "invalid");
    assert_says(r, "another program");
    assert_says(r, "moz_hosts, moz_places");
    close_store(s);
    assert_int_equal(outside(path, "SELECT count(*) FROM sqlite_master"), 2);
    snprintf(path, sizeof path, "%s", in_dir("marked.db"));
    outside(path, "CREATE TABLE ours(a); PRAGMA application_id = 42;");
    s = open_version(path, 2);
    assert_says(opened(s), "another program (application id 42)");
    close_store(s);
}

static void two_stores_may_open_a_new_file_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        char path[160];
        snprintf(path, sizeof path, "%s/twins%d.db", temp_dir, round);
        store *s[3];
        reply r[3];
        for (int i = 0; i < 3; i++)
            s[i] = open_with(&(store_config){
                .path = path, .migrations = steps, .migration_count = 2, .own_table = "ours"});
        for (int i = 0; i < 3; i++)
            queue(s[i], unit_of("INSERT INTO ours VALUES('x', 'y')", 0, NULL), &r[i]);
        settle();
        for (int i = 0; i < 3; i++) {
            assert_ok(&r[i]);
            close_store(s[i]);
        }
        assert_int_equal(outside(path, "SELECT count(*) FROM ours"), 4);
    }
}

int main(void)
{
    loop_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back_with_their_types),
        cmocka_unit_test(results_count_changes_and_name_the_new_row),
        cmocka_unit_test(wrong_use_is_told_in_words),
        cmocka_unit_test(a_unit_is_all_or_nothing),
        cmocka_unit_test(one_bad_unit_does_not_hurt_its_neighbours),
        cmocka_unit_test(more_statements_than_the_cache_holds),
        cmocka_unit_test(a_result_that_is_too_large_is_refused),
        cmocka_unit_test(closing_writes_what_is_queued),
        cmocka_unit_test(destroying_writes_too_but_answers_nobody),
        cmocka_unit_test(calls_after_close_are_refused),
        cmocka_unit_test(abandoned_calls_are_not_answered),
        cmocka_unit_test(too_much_waiting_is_refused),
        cmocka_unit_test(a_path_is_always_a_file),
        cmocka_unit_test(migrations_lead_forward_and_never_twice),
        cmocka_unit_test(a_newer_database_is_refused),
        cmocka_unit_test(a_failing_migration_changes_nothing),
        cmocka_unit_test(databases_of_other_programs_are_left_alone),
        cmocka_unit_test(two_stores_may_open_a_new_file_at_once),
    };
    int failed = cmocka_run_group_tests_name("store", tests, make_temp_dir, remove_temp_dir);
    loop_finish();
    return failed;
}
