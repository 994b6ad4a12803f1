/* store_care.c: see store_care.h. */
#include "io/store_care.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "base/mem.h"
#include "io/store_internal.h"
#include "io/work.h"

enum { BUSY_MS = 30000 };

struct store_care {
    char *path, *target;
    store_care_fn fn; /* NULL: abandoned */
    void *arg;
    bool done;
    err why;
};

static void fail(store_care *c, sqlite3 *db, int rc)
{
    const char *said = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
    int kind = rc & 0xff;
    const char *code = kind == SQLITE_BUSY    ? "locked"
                       : kind == SQLITE_FULL  ? "full"
                       : kind == SQLITE_ERROR ? "invalid"
                                              : "io";
    if (c->target)
        err_set(&c->why, code, "cannot copy the database %s to %s: %s", c->path, c->target, said);
    else
        err_set(&c->why, code, "cannot compact the database %s: %s", c->path, said);
}

static int copy(sqlite3 *db, const char *target)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "VACUUM INTO ?", -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(st, 1, target, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    sqlite3_finalize(st);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void perform(void *arg)
{
    store_care *c = arg;
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(c->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(db, BUSY_MS);
        rc = c->target ? copy(db, c->target) : sqlite3_exec(db, "VACUUM", NULL, NULL, NULL);
    }
    if (rc == SQLITE_OK)
        c->done = true;
    else
        fail(c, db, rc);
    sqlite3_close(db);
    if (c->done && c->target)
        store_place_sync(c->target); /* VACUUM INTO does not */
}

static void finish(void *arg)
{
    store_care *c = arg;
    if (c->fn)
        c->fn(c->arg, c->done ? NULL : &c->why);
    free(c->path);
    free(c->target);
    free(c);
}

store_care *store_care_start(const char *path, const char *target, store_care_fn fn, void *arg)
{
    store_care *c = mem_zero(1, sizeof *c);
    c->path = mem_strdup(path);
    c->target = target ? mem_strdup(target) : NULL;
    c->fn = fn;
    c->arg = arg;
    work_submit(perform, finish, c);
    return c;
}

void store_care_abandon(store_care *c)
{
    c->fn = NULL;
}
