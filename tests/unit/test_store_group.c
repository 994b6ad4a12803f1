/*
 * Group commit: how many fsyncs serve how many writes, what becomes of a group when the disk fails
 * under it, and a random history held against a model.
 */
#include "test_store_help.h"
#include "test_store_vfs.h"

static store *open_patient(const char *path)
{
    return open_with(&(store_config){.path = path, .busy_timeout_ms = 30000});
}

/* Holds the database's write lock, so that units pile up behind the one that the writer is trying
 * to commit. */
static sqlite3 *hold(const char *path)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void release(sqlite3 *db)
{
    assert_int_equal(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void one_row_costs_one_fsync(void **state)
{
    (void)state;
    store *s = open_plain(in_dir("single.db"));
    assert_ok(write_sql(s, "CREATE TABLE t(a)"));
    int logs = disk.log_syncs, files = disk.file_syncs;
    for (int i = 0; i < 25; i++)
        assert_ok(write_sql(s, "INSERT INTO t VALUES(1)"));
    assert_int_equal(disk.log_syncs - logs, 25);
    assert_int_equal(disk.file_syncs - files, 0);
    assert_ok(write_sql(s, "INSERT INTO t SELECT 1 WHERE 0")); /* nothing to make durable */
    assert_ok(opened(s));
    assert_int_equal(disk.log_syncs - logs, 25);
    close_store(s);
}

static void many_waiting_writes_share_one_fsync(void **state)
{
    (void)state;
    const char *path = in_dir("shared.db");
    store *s = open_patient(path);
    assert_ok(write_sql(s, "CREATE TABLE t(a)"));
    int before = disk.log_syncs;
    sqlite3 *other = hold(path);
    static reply replies[500];
    for (int i = 0; i < 500; i++)
        queue(s, unit_of("INSERT INTO t VALUES(1)", 0, NULL), &replies[i]);
    release(other);
    settle();
    for (int i = 0; i < 500; i++)
        assert_ok(&replies[i]);
    /* At most: what the writer had taken before the lock was released, and the rest. */
    assert_in_range(disk.log_syncs - before, 1, 2);
    assert_string_equal(read_sql(s, "SELECT count(*) FROM t")->cell[0][0], "500");
    close_store(s);
}

static void groups_are_bounded_by_count_and_bytes(void **state)
{
    (void)state;
    char path[160];
    snprintf(path, sizeof path, "%s", in_dir("bounded.db"));
    for (int by_bytes = 0; by_bytes < 2; by_bytes++) {
        store *s = open_with(&(store_config){.path = path,
                                             .busy_timeout_ms = 30000,
                                             .group_units = by_bytes ? 0 : 10,
                                             .group_bytes = by_bytes ? 50000 : 0});
        assert_ok(write_sql(s, "CREATE TABLE IF NOT EXISTS t(a)"));
        char big[4800];
        memset(big, 'x', sizeof big - 1);
        big[sizeof big - 1] = '\0';
        store_value v = text(big);
        int before = disk.log_syncs;
        sqlite3 *other = hold(path);
        static reply replies[100];
        for (int i = 0; i < 100; i++)
            queue(s, unit_of("INSERT INTO t VALUES(?)", 1, &v), &replies[i]);
        release(other);
        settle();
        for (int i = 0; i < 100; i++)
            assert_ok(&replies[i]);
        assert_in_range(disk.log_syncs - before, 10, 12);
        close_store(s);
    }
}

static void the_log_is_cut_back_behind_the_answers(void **state)
{
    (void)state;
    const char *path = in_dir("checkpoint.db");
    store *s = open_plain(path);
    assert_ok(write_sql(s, "CREATE TABLE t(a)"));
    int files = disk.file_syncs;
    for (int i = 0; i < 12; i++)
        assert_ok(write_sql(s, "INSERT INTO t VALUES(zeroblob(2000000))"));
    assert_true(disk.file_syncs > files);
    char log[170];
    snprintf(log, sizeof log, "%s-wal", path);
    struct stat st;
    assert_int_equal(stat(log, &st), 0);
    assert_true(st.st_size < 10000000); /* 24 MB went through it */
    close_store(s);
}

static void what_fits_is_kept_when_one_unit_fills_the_disk(void **state)
{
    (void)state;
    const char *path = in_dir("toobig.db");
    store *s = open_patient(path);
    assert_ok(write_sql(s, "CREATE TABLE t(a)"));
    sqlite3 *other = hold(path);
    reply replies[9];
    for (int i = 0; i < 9; i++)
        queue(
            s,
            unit_of(i == 4 ? "INSERT INTO t VALUES(zeroblob(3000000))" : "INSERT INTO t VALUES(1)",
                    0, NULL),
            &replies[i]);
    disk.room = 400000;
    release(other);
    settle();
    disk.room = -1;
    for (int i = 0; i < 9; i++) {
        if (i != 4) {
            assert_ok(&replies[i]);
            continue;
        }
        assert_code(&replies[i], "full");
        assert_says(&replies[i], "no space is left");
        assert_says(&replies[i], path);
    }
    assert_string_equal(read_sql(s, "SELECT count(*) FROM t")->cell[0][0], "8");
    assert_ok(write_sql(s, "INSERT INTO t VALUES(zeroblob(3000000))"));
    close_store(s);
    assert_int_equal(outside(path, "SELECT count(*) FROM t"), 9);
}

static void what_is_not_synced_is_not_reported_durable(void **state)
{
    (void)state;
    const char *path = in_dir("nosync.db");
    store *s = open_plain(path);
    assert_ok(write_sql(s, "CREATE TABLE t(a)"));
    reply replies[20];
    disk.sync_fails = true;
    for (int i = 0; i < 20; i++)
        queue(s, unit_of("INSERT INTO t VALUES(1)", 0, NULL), &replies[i]);
    settle();
    disk.sync_fails = false;
    for (int i = 0; i < 20; i++)
        assert_code(&replies[i], "io");
    assert_string_equal(read_sql(s, "SELECT count(*) FROM t")->cell[0][0], "0");
    assert_ok(write_sql(s, "INSERT INTO t VALUES(2)"));
    close_store(s);
    assert_int_equal(outside(path, "SELECT sum(a) FROM t"), 2);
}

/* ---- a random history against a model ---- */

enum { KEYS = 24, STEPS_MAX = 5, UNITS = 400 };

typedef struct step {
    enum { INSERT, PUT, ADD, DROP, FILL } kind;
    int key, value;
} step;

typedef struct history_unit {
    step steps[STEPS_MAX];
    int count;
} history_unit;

typedef struct model {
    bool there[KEYS];
    int value[KEYS];
    int log; /* units that succeeded */
} model;

static struct {
    uint32_t seed;
    model now;
    int acknowledged, refused, failed_by_disk;
    bool disk_trouble; /* was there any since the start of the round */
} history;

static int chance(int n)
{
    history.seed = history.seed * 1664525u + 1013904223u;
    return (int)((history.seed >> 8) % (uint32_t)n);
}

/* What the unit must do: false and no change when an INSERT meets its key. */
static bool model_apply(model *m, const history_unit *u)
{
    model after = *m;
    for (int i = 0; i < u->count; i++) {
        const step *s = &u->steps[i];
        if (s->kind == INSERT && after.there[s->key])
            return false;
        if (s->kind == INSERT || s->kind == PUT) {
            after.there[s->key] = true;
            after.value[s->key] = s->value;
        } else if (s->kind == ADD) {
            after.value[s->key] += s->value;
        } else if (s->kind == DROP) {
            after.there[s->key] = false;
        }
    }
    after.log++;
    *m = after;
    return true;
}

static store_unit *history_sql(const history_unit *h)
{
    static const char *const sql[] = {
        [INSERT] = "INSERT INTO kv(k, v) VALUES(?1, ?2)",
        [PUT] = "INSERT INTO kv(k, v) VALUES(?1, ?2) ON CONFLICT(k) DO UPDATE SET v = excluded.v",
        [ADD] = "UPDATE kv SET v = v + ?2 WHERE k = ?1",
        [DROP] = "DELETE FROM kv WHERE k = ?1 AND ?2 = ?2",
        [FILL] = "INSERT INTO filler SELECT randomblob(?1 * 1000) WHERE ?2 = ?2",
    };
    store_unit *u = store_unit_create();
    for (int i = 0; i < h->count; i++) {
        unit_add(u, sql[h->steps[i].kind]);
        store_unit_value(u, integer(h->steps[i].key));
        store_unit_value(u, integer(h->steps[i].value));
    }
    unit_add(u, "INSERT INTO log DEFAULT VALUES");
    return u;
}

/* Units are answered in the order in which they were committed, so the model follows the answers.
 */
static void on_unit(void *arg, const store_outcome *outcome)
{
    const history_unit *u = arg;
    if (outcome->error && strcmp(outcome->error->code, "exists") != 0) {
        if (!history.disk_trouble)
            fail_msg("%s: %s", outcome->error->code, outcome->error->text);
        history.failed_by_disk++;
    } else {
        bool expected = model_apply(&history.now, u);
        assert_int_equal(!outcome->error, expected);
        history.acknowledged += expected;
        history.refused += !expected;
    }
    if (--waiting == 0)
        loop_stop();
}

/* A read sees at least what had been acknowledged when it was asked. */
static void on_count(void *arg, const store_outcome *outcome)
{
    assert_null(outcome->error);
    int at_least = (int)(intptr_t)arg;
    int64_t seen = store_rows_value(outcome->results[0].rows, 0, 0).integer;
    assert_true(seen >= at_least);
    if (--waiting == 0)
        loop_stop();
}

static void random_unit(history_unit *u)
{
    u->count = 1 + chance(STEPS_MAX);
    for (int i = 0; i < u->count; i++)
        u->steps[i] = (step){.kind = (int[]){INSERT, PUT, ADD, DROP, ADD, FILL}[chance(6)],
                             .key = chance(KEYS),
                             .value = chance(1000)};
}

static void random_trouble(void)
{
    switch (chance(12)) {
    case 0: disk.room = chance(400000); break;
    case 1: disk.sync_fails = true; break;
    case 2:
    case 3:
    case 4:
        disk.room = -1;
        disk.sync_fails = false;
        return;
    default: return;
    }
    history.disk_trouble = true;
}

static void check_against_model(const char *path)
{
    char sql[100];
    for (int k = 0; k < KEYS; k++) {
        snprintf(sql, sizeof sql, "SELECT coalesce((SELECT v FROM kv WHERE k = %d), -1)", k);
        assert_int_equal(outside(path, sql), history.now.there[k] ? history.now.value[k] : -1);
    }
    assert_int_equal(outside(path, "SELECT count(*) FROM log"), history.now.log);
    assert_int_equal(
        outside(path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
        0);
}

static void play(const char *path, bool trouble)
{
    static history_unit units[UNITS];
    store *s = open_with(&(store_config){.path = path,
                                         .group_units = (size_t)(1 + chance(40)),
                                         .group_bytes = (size_t)(1000 + chance(20000))});
    assert_ok(write_sql(s, "CREATE TABLE IF NOT EXISTS kv(k INTEGER PRIMARY KEY, v)"));
    assert_ok(write_sql(s, "CREATE TABLE IF NOT EXISTS filler(a)"));
    assert_ok(write_sql(s, "CREATE TABLE IF NOT EXISTS log(id INTEGER PRIMARY KEY)"));
    history.disk_trouble = false;
    for (int i = 0; i < UNITS; i++) {
        random_unit(&units[i]);
        if (trouble)
            random_trouble();
        waiting++;
        assert_non_null(store_write(s, history_sql(&units[i]), on_unit, &units[i], NULL));
        if (chance(10) == 0) {
            waiting++;
            assert_non_null(store_read(s, unit_of("SELECT count(*) FROM log", 0, NULL), on_count,
                                       (void *)(intptr_t)history.now.log, NULL));
        }
        if (chance(30) == 0)
            settle();
    }
    settle();
    disk.room = -1;
    disk.sync_fails = false;
    close_store(s);
    check_against_model(path);
}

static void random_histories_match_the_model(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 12; seed++) {
        memset(&history, 0, sizeof history);
        history.seed = seed;
        char path[160];
        snprintf(path, sizeof path, "%s/history%u.db", temp_dir, seed);
        play(path, false);
        play(path, seed % 2);
        /* The history is worth something only when all of it happened. */
        assert_true(history.acknowledged > 50 && history.refused > 50);
        if (seed % 2)
            assert_true(history.failed_by_disk > 0);
    }
}

int main(void)
{
    vfs_install();
    loop_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_row_costs_one_fsync),
        cmocka_unit_test(many_waiting_writes_share_one_fsync),
        cmocka_unit_test(groups_are_bounded_by_count_and_bytes),
        cmocka_unit_test(the_log_is_cut_back_behind_the_answers),
        cmocka_unit_test(what_fits_is_kept_when_one_unit_fills_the_disk),
        cmocka_unit_test(what_is_not_synced_is_not_reported_durable),
        cmocka_unit_test(random_histories_match_the_model),
    };
    int failed = cmocka_run_group_tests_name("store_group", tests, make_temp_dir, remove_temp_dir);
    loop_finish();
    return failed;
}
