/*
 * The store in trouble: a lock that another process holds, a full disk, files that can't be written
 * or are damaged, and a process that is killed while it writes. Each is one clear error, and
 * nothing that was reported durable is lost.
 */
#include "test_store_help.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

/* A private mount namespace could be made (needs root): file systems may be mounted without anybody
 * seeing them. */
static bool may_mount;

/* ---- the modes of the second process ---- */

/* Holds the write lock until its input ends. */
static int be_locker(const char *path)
{
    sqlite3 *db = NULL;
    char c;
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return 1;
    dprintf(1, "locked\n");
    while (read(0, &c, 1) > 0)
        ;
    sqlite3_close(db);
    return 0;
}

/* Opens the database as a user without rights and says how that went: "CODE TEXT". */
static int be_nobody(const char *path)
{
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        return 1;
    store *s = open_plain(path);
    const reply *r = write_sql(s, "CREATE TABLE IF NOT EXISTS nobody(a)");
    dprintf(1, "%s %s\n", r->ok ? "ok" : r->error.code, r->error.text);
    close_store(s);
    return 0;
}

static store *killed;
static int killed_next;

/* Says which row is durable; queues another. */
static void on_durable(void *arg, const store_outcome *outcome)
{
    if (outcome->error) {
        dprintf(2, "%s\n", outcome->error->text);
        exit(1);
    }
    dprintf(1, "%d\n", (int)(intptr_t)arg);
    store_value v = integer(killed_next++);
    store_write(killed, unit_of("INSERT INTO t VALUES(?, zeroblob(700))", 1, &v), on_durable,
                (void *)(intptr_t)v.integer, NULL);
}

/* Writes rows from 16 writers, printing what is durable, until it is killed. */
static int be_killed(const char *path)
{
    killed = open_plain(path);
    const reply *r = read_sql(killed, "SELECT coalesce(max(a), 0) FROM t");
    killed_next = atoi(r->cell[0][0]) + 1;
    store_outcome none = {0};
    for (int i = 0; i < 16; i++)
        on_durable((void *)(intptr_t)0, &none);
    loop_run();
    return 1;
}

/* ---- locked ---- */

static void a_lock_of_another_process_is_waited_for_then_told(void **state)
{
    (void)state;
    const char *path = in_dir("locked.db");
    store *s = open_plain(path); /* waits 60 ms */
    assert_ok(write_sql(s, "CREATE TABLE t(a)"));
    second other = start_second("locker", path);
    char line[64];
    assert_true(read_line(other.out, line, sizeof line));
    reply replies[5];
    for (int i = 0; i < 5; i++)
        queue(s, unit_of("INSERT INTO t VALUES(1)", 0, NULL), &replies[i]);
    settle();
    for (int i = 0; i < 5; i++)
        assert_code(&replies[i], "locked");
    assert_says(&replies[0], "locked by another program");
    assert_says(&replies[0], path);
    assert_string_equal(read_sql(s, "SELECT count(*) FROM t")->cell[0][0], "0"); /* reads go on */
    end_second(&other, 0);
    assert_ok(write_sql(s, "INSERT INTO t VALUES(2)"));
    close_store(s);
}

static void a_lock_that_goes_away_in_time_is_no_error(void **state)
{
    (void)state;
    const char *path = in_dir("patience.db");
    store *s = open_with(&(store_config){.path = path, .busy_timeout_ms = 30000});
    assert_ok(write_sql(s, "CREATE TABLE t(a)"));
    second other = start_second("locker", path);
    char line[64];
    assert_true(read_line(other.out, line, sizeof line));
    reply r;
    queue(s, unit_of("INSERT INTO t VALUES(1)", 0, NULL), &r);
    waiting = 0;
    assert_string_equal(read_sql(s, "SELECT 5")->cell[0][0], "5"); /* … while the write waits */
    assert_int_equal(r.answered, 0);
    end_second(&other, 0);
    waiting = 1;
    settle();
    assert_ok(&r);
    close_store(s);
}

static void a_database_that_is_locked_at_the_start(void **state)
{
    (void)state;
    const char *path = in_dir("startlocked.db");
    outside(path, "PRAGMA journal_mode = WAL; CREATE TABLE ours(a);");
    second other = start_second("locker", path);
    char line[64];
    assert_true(read_line(other.out, line, sizeof line));
    const char *const migration = "ALTER TABLE ours ADD b";
    store_config config = {
        .path = path, .migrations = &migration, .migration_count = 1, .busy_timeout_ms = 60};
    store *s = open_with(&config);
    assert_code(opened(s), "locked");
    close_store(s);
    end_second(&other, 0);
    s = open_with(&config);
    assert_ok(opened(s));
    close_store(s);
}

/* ---- full ---- */

static void assert_full_and_recovers(store *s, void (*make_room)(void))
{
    assert_ok(write_sql(s, "CREATE TABLE t(a)"));
    int kept = 0;
    const reply *r;
    do {
        r = write_sql(s, "INSERT INTO t VALUES(randomblob(20000))");
        kept += r->ok;
    } while (r->ok && kept < 10000);
    assert_code(r, "full");
    assert_says(r, "no space is left");
    char count[16];
    snprintf(count, sizeof count, "%d", kept);
    assert_string_equal(read_sql(s, "SELECT count(*) FROM t")->cell[0][0], count);
    make_room();
    assert_ok(write_sql(s, "INSERT INTO t VALUES(randomblob(20000))"));
    snprintf(count, sizeof count, "%d", kept + 1);
    assert_string_equal(read_sql(s, "SELECT count(*) FROM t")->cell[0][0], count);
    close_store(s);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void lift_limit(void)
{
    limit_files(RLIM_INFINITY);
}

static void a_file_size_limit_is_a_full_disk(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    store *s = open_plain(in_dir("limited.db"));
    assert_ok(opened(s));
    limit_files(600000);
    assert_full_and_recovers(s, lift_limit);
}

static char mounted[160];

static void free_some(void)
{
    char path[200];
    snprintf(path, sizeof path, "%s/ballast", mounted);
    assert_int_equal(unlink(path), 0);
}

static void mount_small(const char *name, const char *options)
{
    snprintf(mounted, sizeof mounted, "%s", in_dir(name));
    assert_int_equal(mkdir(mounted, 0755), 0);
    assert_int_equal(mount("tmpfs", mounted, "tmpfs", 0, options), 0);
}

static void unmount_all(void)
{
    const char *const names[] = {"small", "tiny", "frozen"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        umount2(in_dir(names[i]), MNT_DETACH);
}

static void a_full_disk(void **state)
{
    (void)state;
    if (!may_mount)
        skip();
    mount_small("small", "size=1500k");
    char path[200], ballast[300000] = {1};
    snprintf(path, sizeof path, "%s/ballast", mounted);
    write_file(path, ballast, sizeof ballast, 0);
    snprintf(path, sizeof path, "%s/full.db", mounted);
    assert_full_and_recovers(open_plain(path), free_some);
    /* No room even for the first page. */
    mount_small("tiny", "size=4k");
    snprintf(path, sizeof path, "%s/full.db", mounted);
    store *s = open_plain(path);
    assert_code(opened(s), "full");
    close_store(s);
    unmount_all();
}

/* ---- not writable ---- */

static void read_only_files_and_directories(void **state)
{
    (void)state;
    char dir[160], path[170], line[600];
    snprintf(dir, sizeof dir, "%s", in_dir("locked_away"));
    assert_int_equal(mkdir(dir, 0777) | chmod(dir, 0777), 0);
    snprintf(path, sizeof path, "%s/x.db", dir);
    outside(path, "PRAGMA journal_mode = WAL; CREATE TABLE t(a);");
    const struct {
        mode_t dir, file;
        const char *answer;
    } cases[] = {
        {0777, 0444, "readonly the database %s can't be written"},
        {0555, 0666, "readonly the database %s can't be written; make the file and its directory"},
        {0555, 0444, "readonly the database %s can't be written"},
        {0777, 0000, "permission the database %s is not readable"},
        {0000, 0666, "permission the database %s can't be opened: its directory is not"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(chmod(path, cases[i].file) | chmod(dir, cases[i].dir), 0);
        second nobody = start_second("nobody", path);
        assert_true(read_line(nobody.out, line, sizeof line));
        end_second(&nobody, 0);
        chmod(dir, 0777);
        char want[300];
        snprintf(want, sizeof want, cases[i].answer, path);
        if (strncmp(line, want, strlen(want)) != 0)
            fail_msg("case %zu: \"%s\", wanted \"%s…\"", i, line, want);
    }
}

static void a_read_only_file_system(void **state)
{
    (void)state;
    if (!may_mount)
        skip();
    mount_small("frozen", "size=2m");
    char path[200];
    snprintf(path, sizeof path, "%s/x.db", mounted);
    outside(path, "CREATE TABLE t(a)");
    assert_int_equal(mount("tmpfs", mounted, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL), 0);
    store *s = open_plain(path);
    assert_code(opened(s), "readonly");
    close_store(s);
    snprintf(path, sizeof path, "%s/new.db", mounted);
    s = open_plain(path);
    assert_code(opened(s), "readonly");
    close_store(s);
    unmount_all();
}

static void paths_that_lead_nowhere(void **state)
{
    (void)state;
    store *s = open_plain(in_dir("no/such/place/x.db"));
    const reply *r = opened(s);
    assert_code(r, "not-found");
    assert_says(r, "no/such/place");
    close_store(s);
    s = open_plain(temp_dir);
    assert_says(opened(s), "is a directory");
    close_store(s);
    write_file(in_dir("file"), "x", 1, 0);
    s = open_plain(in_dir("file/x.db"));
    assert_code(opened(s), "not-found");
    close_store(s);
}

/* Also with its log, and the log alone: the connection still has everything. */
static void a_file_that_is_removed_is_put_back(void **state)
{
    (void)state;
    const char *path = in_dir("taken.db");
    store *s = open_plain(path);
    assert_ok(write_sql(s, "CREATE TABLE t(a)"));
    assert_ok(write_sql(s, "INSERT INTO t VALUES(1)"));
    assert_ok(read_sql(s, "SELECT count(*) FROM t"));
    const char *const endings[][3] = {{""}, {"", "-wal", "-shm"}, {"-wal"}};
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3 && endings[i][k]; k++) {
            char name[600];
            snprintf(name, sizeof name, "%s%s", path, endings[i][k]);
            assert_int_equal(unlink(name), 0);
        }
        assert_ok(write_sql(s, "INSERT INTO t VALUES(1)"));
        const reply *r = read_sql(s, "SELECT count(*) FROM t");
        assert_int_equal(atoi(r->cell[0][0]), i + 2);
    }
    close_store(s);
    s = open_plain(path);
    assert_string_equal(read_sql(s, "SELECT count(*) FROM t")->cell[0][0], "4");
    assert_string_equal(read_sql(s, "PRAGMA integrity_check")->cell[0][0], "ok");
    close_store(s);
}

static void a_file_that_is_replaced_is_noticed_and_left_alone(void **state)
{
    (void)state;
    char path[200], other[200];
    snprintf(path, sizeof path, "%s/replaced.db", temp_dir);
    snprintf(other, sizeof other, "%s/other.db", temp_dir);
    store *s = open_plain(other);
    assert_ok(write_sql(s, "CREATE TABLE t(a)"));
    close_store(s);
    s = open_plain(path);
    assert_ok(write_sql(s, "CREATE TABLE t(a)"));
    assert_int_equal(rename(other, path), 0);
    const reply *r = write_sql(s, "INSERT INTO t VALUES(1)");
    assert_code(r, "moved");
    assert_says(r, "replaced by another");
    close_store(s);
    s = open_plain(path);
    assert_string_equal(read_sql(s, "SELECT count(*) FROM t")->cell[0][0], "0");
    close_store(s);
}

/* ---- damaged ---- */

static void files_that_are_no_database(void **state)
{
    (void)state;
    char page[4096];
    memset(page, 'x', sizeof page);
    const size_t sizes[] = {2, 100, 600, sizeof page};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *path = in_dir("notes.txt");
        write_file(path, page, sizes[i], 0);
        store *s = open_plain(path);
        const reply *r = opened(s);
        assert_code(r, "corrupt");
        assert_says(r, "not a SQLite database");
        close_store(s);
        struct stat st;
        stat(path, &st);
        assert_int_equal(st.st_size, sizes[i]);
    }
    write_file(in_dir("empty"), "", 0, 0); /* an empty file is an empty database */
    store *s = open_plain(in_dir("empty"));
    assert_ok(opened(s));
    close_store(s);
}

static void a_damaged_schema_is_found_at_the_start(void **state)
{
    (void)state;
    const char *path = in_dir("schema.db");
    outside(path, "CREATE TABLE t(a); CREATE INDEX i ON t(a);");
    char junk[3000];
    memset(junk, 0xa5, sizeof junk);
    write_file(path, junk, sizeof junk, 100); /* behind the header of the first page */
    store *s = open_plain(path);
    const reply *r = opened(s);
    assert_code(r, "corrupt");
    assert_says(r, "damaged");
    assert_says(r, ".recover");
    close_store(s);
}

static void a_damaged_page_is_found_when_it_is_used(void **state)
{
    (void)state;
    const char *path = in_dir("page.db");
    outside(path, "CREATE TABLE t(a); CREATE TABLE fine(a); INSERT INTO fine VALUES(1); "
                  "INSERT INTO t SELECT randomblob(900) FROM pragma_function_list LIMIT 60;");
    char junk[40000];
    memset(junk, 0xa5, sizeof junk);
    write_file(path, junk, sizeof junk, 4096L * 4);
    store *s = open_plain(path);
    assert_ok(opened(s));
    assert_code(read_sql(s, "SELECT sum(length(a)) FROM t"), "corrupt");
    assert_code(write_sql(s, "UPDATE t SET a = 1"), "corrupt");
    assert_ok(write_sql(s, "INSERT INTO fine VALUES(2)")); /* what is whole still works */
    assert_string_equal(read_sql(s, "SELECT count(*) FROM fine")->cell[0][0], "2");
    close_store(s);
}

/* ---- killed ---- */

static void every_acknowledged_row_survives_a_kill(void **state)
{
    (void)state;
    const char *path = in_dir("killed.db");
    outside(path, "CREATE TABLE t(a INTEGER PRIMARY KEY, b);");
    static char acknowledged[200000];
    int rows = 0;
    unsigned seed = 7;
    for (int round = 0; round < 8; round++) {
        second writer = start_second("killed", path);
        char line[32];
        seed = seed * 1664525u + 1013904223u;
        for (int until = (int)(seed >> 8) % 3000; until >= 0; until--)
            assert_true(read_line(writer.out, line, sizeof line));
        kill(writer.pid, SIGKILL);
        do {
            int id = atoi(line);
            assert_in_range(id, 0, sizeof acknowledged - 1);
            acknowledged[id] = 1;
        } while (read_line(writer.out, line, sizeof line));
        end_second(&writer, 0);
        store *s = open_plain(path);
        assert_ok(opened(s));
        close_store(s);
        assert_int_equal(
            outside(path,
                    "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
            0);
    }
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_prepare_v2(db, "SELECT a FROM t", -1, &st, NULL);
    for (; sqlite3_step(st) == SQLITE_ROW; rows++)
        acknowledged[sqlite3_column_int(st, 0)] = 0;
    sqlite3_finalize(st);
    sqlite3_close(db);
    for (size_t id = 1; id < sizeof acknowledged; id++)
        if (acknowledged[id])
            fail_msg("row %zu was reported durable and is lost", id);
    assert_true(rows > 100);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "locker") == 0)
        return be_locker(argv[2]);
    if (argc == 3) {
        loop_init();
        return strcmp(argv[1], "nobody") == 0 ? be_nobody(argv[2]) : be_killed(argv[2]);
    }
    may_mount = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
                mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    loop_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_of_another_process_is_waited_for_then_told),
        cmocka_unit_test(a_lock_that_goes_away_in_time_is_no_error),
        cmocka_unit_test(a_database_that_is_locked_at_the_start),
        cmocka_unit_test(a_file_size_limit_is_a_full_disk),
        cmocka_unit_test(a_full_disk),
        cmocka_unit_test(read_only_files_and_directories),
        cmocka_unit_test(a_read_only_file_system),
        cmocka_unit_test(paths_that_lead_nowhere),
        cmocka_unit_test(a_file_that_is_removed_is_put_back),
        cmocka_unit_test(a_file_that_is_replaced_is_noticed_and_left_alone),
        cmocka_unit_test(files_that_are_no_database),
        cmocka_unit_test(a_damaged_schema_is_found_at_the_start),
        cmocka_unit_test(a_damaged_page_is_found_when_it_is_used),
        cmocka_unit_test(every_acknowledged_row_survives_a_kill),
    };
    int failed = cmocka_run_group_tests_name("store_trouble", tests, make_temp_dir,
                                             remove_temp_dir);
    loop_finish();
    return failed;
}
