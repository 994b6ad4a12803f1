/*
 * store_open.c: opening the database on the writer's thread. Whose file it is, is settled before
 * anything in it is changed; then WAL, then migrations: forward only, all in one transaction,
 * counted by user_version.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "io/store_internal.h"

enum {
    LOG_BYTES_KEPT = 16 << 20
}; /* a write-ahead log that grew beyond this is cut back when it is reused */

/* The names of some tables, for the message that says that a file is not ours. */
static void list_tables(store_conn *c, buf *out)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(
            c->db, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name LIMIT 4", -1,
            &st, NULL) == SQLITE_OK)
        while (sqlite3_step(st) == SQLITE_ROW)
            buf_printf(out, "%s%.40s", out->len ? ", " : "",
                       (const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
}

static bool has_table(store_conn *c, const char *name, bool *has, err *e)
{
    char *sql = sqlite3_mprintf(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = %Q", name);
    int64_t n = 0;
    bool done = store_conn_number(c, sql, &n, e);
    sqlite3_free(sql);
    *has = n > 0;
    return done;
}

/* Reads the schema, which finds a damaged file and one that is no database, and refuses what is not
 * ours. */
static bool check_owner(store *s, store_conn *c, int64_t *version, err *e)
{
    int64_t tables = 0, application = 0;
    if (!store_conn_number(c, "SELECT count(*) FROM sqlite_master WHERE type = 'table'", &tables,
                           e) ||
        !store_conn_number(c, "PRAGMA user_version", version, e) ||
        !store_conn_number(c, "PRAGMA application_id", &application, e))
        return false;
    if (s->config.application_id && application && (int32_t)application != s->config.application_id)
        return err_set(e, "invalid",
                       "%s is a database of another program (application id %d); give another path",
                       c->path, (int)application);
    bool ours = true;
    if (s->own_table && tables && !application && !has_table(c, s->own_table, &ours, e))
        return false;
    if (!ours) {
        buf names = {0};
        list_tables(c, &names);
        err_set(
            e, "invalid",
            "%s is a database of another program (it has the tables %s, but not %s); give another "
            "path",
            c->path, buf_cstr(&names), s->own_table);
        buf_finish(&names);
        return false;
    }
    if (s->config.migration_count && *version > (int64_t)s->config.migration_count)
        return err_set(
            e, "invalid",
            "the database %s was written by a newer version of this program (its format is "
            "%d, this version knows %zu); install the newer version, or give another path",
            c->path, (int)*version, s->config.migration_count);
    return true;
}

/* SQLite answers "busy" at once, without its busy handler, where waiting could be a deadlock (two
 * processes that both turn a new file into WAL). So the wait is repeated here. */
static int exec_patiently(store_conn *c, const char *sql)
{
    mono_ns deadline = clock_mono() + c->busy_timeout_ms * NS_PER_MS;
    const struct timespec pause = {.tv_nsec = 10 * NS_PER_MS};
    for (;;) {
        int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
        if ((rc & 0xff) != SQLITE_BUSY || clock_mono() >= deadline)
            return rc;
        nanosleep(&pause, NULL);
    }
}

static bool is_wal(store_conn *c)
{
    sqlite3_stmt *st = NULL;
    bool wal = sqlite3_prepare_v2(c->db, "PRAGMA journal_mode", -1, &st, NULL) == SQLITE_OK &&
               sqlite3_step(st) == SQLITE_ROW &&
               strcmp((const char *)sqlite3_column_text(st, 0), "wal") == 0;
    sqlite3_finalize(st);
    return wal;
}

static bool set_modes(store_conn *c, err *e)
{
    int rc = exec_patiently(c, "PRAGMA journal_mode = WAL");
    if (rc != SQLITE_OK)
        return store_error(c, rc, e);
    if (!is_wal(c))
        return err_set(
            e, "io",
            "the file system of the database %s has no shared memory (a network drive?), which "
            "SQLite's write-ahead log needs; put the database on a local disk",
            c->path);
    /* Checkpoints are the writer's business: after it has answered, not before (store_writer.c). */
    char sql[200];
    sqlite3_snprintf(
        sizeof sql, sql,
        "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; "
        "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192; PRAGMA journal_size_limit = %d",
        LOG_BYTES_KEPT);
    return store_conn_exec(c, sql, e);
}

static bool migrate_from(store *s, store_conn *c, int64_t version, err *e)
{
    size_t count = s->config.migration_count;
    for (size_t i = (size_t)version; i < count; i++)
        if (!store_conn_exec(c, s->migrations[i], e))
            return false;
    char sql[120];
    sqlite3_snprintf(sizeof sql, sql, "PRAGMA user_version = %d; PRAGMA application_id = %d",
                     (int)count, s->config.application_id);
    return store_conn_exec(c, sql, e);
}

static bool migrate(store *s, store_conn *c, err *e)
{
    int64_t version = 0;
    int rc = exec_patiently(c, "BEGIN IMMEDIATE");
    if (rc != SQLITE_OK)
        return store_error(c, rc, e);
    /* Looked at again: another process may have migrated meanwhile. */
    bool done = check_owner(s, c, &version, e) && migrate_from(s, c, version, e) &&
                store_conn_exec(c, "COMMIT", e);
    if (done)
        return true;
    if (!sqlite3_get_autocommit(c->db))
        sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    if (e && strcmp(e->code, "invalid") == 0) {
        err why = *e;
        err_set(e, "invalid",
                "the database %s could not be brought to format %zu, and was left as it is: %.300s",
                c->path, s->config.migration_count, why.text);
    }
    return false;
}

static bool prepare_own(store_conn *c, err *e)
{
    const struct {
        sqlite3_stmt **st;
        const char *sql;
    } own[] = {
        {&c->begin, "BEGIN IMMEDIATE"}, {&c->commit, "COMMIT"},      {&c->rollback, "ROLLBACK"},
        {&c->savepoint, "SAVEPOINT u"}, {&c->undo, "ROLLBACK TO u"}, {&c->release, "RELEASE u"},
    };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        int rc = sqlite3_prepare_v3(c->db, own[i].sql, -1, SQLITE_PREPARE_PERSISTENT, own[i].st,
                                    NULL);
        if (rc != SQLITE_OK)
            return store_error(c, rc, e);
    }
    return true;
}

bool store_open_file(store *s, store_conn *c, err *e)
{
    int64_t version = 0;
    if (!store_conn_open(c, true, e))
        return false;
    bool done;
    if (sqlite3_db_readonly(c->db, "main") == 1)
        done = store_error(c, SQLITE_READONLY, e);
    else
        done = check_owner(s, c, &version, e) && set_modes(c, e) &&
               (version >= (int64_t)s->config.migration_count || migrate(s, c, e)) &&
               prepare_own(c, e);
    if (done)
        store_place_note(c);
    else
        store_conn_close(c);
    return done;
}
