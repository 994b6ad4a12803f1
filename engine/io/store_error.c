/*
 * store_error.c: what SQLite says, as a code and a sentence that names the file and what to do
 * about it. SQLite's own words ("database disk image is malformed", "unable to open database file")
 * help nobody at night.
 */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/store_internal.h"

static bool is_full(int errnum)
{
    return errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG;
}

static int errno_of(const store_conn *c)
{
    int errnum = c->db ? sqlite3_system_errno(c->db) : 0;
    return errnum ? errnum : c->errnum;
}

static bool full(const store_conn *c, err *e)
{
    return err_set(
        e, "full",
        "no space is left for the database %s; free some on its disk (or lift the quota or "
        "file size limit), then try again: nothing of this write was kept",
        c->path);
}

static bool readonly(const store_conn *c, err *e)
{
    return err_set(e, "readonly",
                   "the database %s can't be written; make the file and its directory writable for "
                   "this user, or give another path",
                   c->path);
}

static bool corrupt(const store_conn *c, err *e)
{
    return err_set(
        e, "corrupt",
        "the database %s is damaged (%s); restore a copy of it, or move it away to begin "
        "with an empty one (`sqlite3 FILE .recover` gets out what can be read)",
        c->path, c->db ? sqlite3_errmsg(c->db) : "malformed");
}

/* SQLITE_CANTOPEN hides a dozen causes; the file system tells them apart. */
static bool cant_open(const store_conn *c, err *e)
{
    int errnum = errno_of(c);
    char *copy = mem_strdup(c->path);
    const char *dir = dirname(copy);
    struct stat file, parent;
    if (stat(c->path, &file) == 0 && S_ISDIR(file.st_mode)) {
        err_set(e, "invalid", "%s is a directory; the database needs the path of a file", c->path);
    } else if (stat(dir, &parent) != 0) {
        err_set(e, "not-found",
                "the directory %s of the database %s can't be reached (%s); create it or give "
                "another path",
                dir, c->path, strerror(errno));
    } else if (!S_ISDIR(parent.st_mode)) {
        err_set(e, "not-found", "%s is not a directory, so the database %s can't be in it", dir,
                c->path);
    } else if (is_full(errnum)) {
        full(c, e);
    } else if (errnum == EROFS) {
        readonly(c, e);
    } else if (access(dir, W_OK | X_OK) != 0) {
        err_set(e, errno == EROFS ? "readonly" : "permission",
                "the database %s can't be opened: its directory is "
                "not writable for this user (SQLite keeps two files beside it); change that or "
                "give another path",
                c->path);
    } else if (access(c->path, R_OK | W_OK) != 0 && errno != ENOENT) {
        err_set(e, "permission",
                "the database %s is not readable and writable for this user; change its "
                "permissions or give another path",
                c->path);
    } else {
        err_set_errno(e, errnum, "the database %s can't be opened", c->path);
    }
    free(copy);
    return false;
}

static bool io_error(const store_conn *c, int rc, err *e)
{
    int errnum = errno_of(c);
    if (is_full(errnum))
        return full(c, e);
    if (errnum == EROFS || errnum == EPERM || errnum == EACCES)
        return readonly(c, e);
    return err_set(
        e, "io",
        "reading or writing the database %s failed (%s, SQLite code %d); look at the disk and the "
        "system's log",
        c->path, errnum ? strerror(errnum) : "no reason given", rc);
}

static bool constraint(const store_conn *c, int rc, err *e)
{
    bool exists = rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
                  rc == SQLITE_CONSTRAINT_ROWID;
    return err_set(e, exists ? "exists" : "invalid", "%s (database %s)", sqlite3_errmsg(c->db),
                   c->path);
}

bool store_error(const store_conn *c, int rc, err *e)
{
    const char *said = c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(rc);
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return err_set(
            e, "locked",
            "the database %s is locked by another program (waited %.1f s); close that program "
            "or wait until it is done, then try again",
            c->path, c->busy_timeout_ms / 1000.);
    case SQLITE_FULL: return full(c, e);
    case SQLITE_READONLY: return readonly(c, e);
    case SQLITE_CORRUPT: return corrupt(c, e);
    case SQLITE_NOTADB:
        return err_set(
            e, "corrupt",
            "%s is not a SQLite database (or one that is encrypted or damaged); give the path "
            "of a database, or of a file that does not exist yet",
            c->path);
    case SQLITE_CANTOPEN: return cant_open(c, e);
    case SQLITE_IOERR: return io_error(c, rc, e);
    case SQLITE_PERM:
        return err_set(e, "permission",
                       "access to the database %s was refused; change its permissions", c->path);
    case SQLITE_CONSTRAINT: return constraint(c, rc, e);
    case SQLITE_TOOBIG:
        return err_set(e, "too-large", "a value is too large for the database %s", c->path);
    case SQLITE_INTERRUPT: return err_set(e, "cancelled", "the query was cancelled");
    case SQLITE_AUTH:
        return err_set(e, "denied", "transactions, ATTACH and PRAGMA are not allowed here (%s)",
                       said);
    case SQLITE_NOMEM:
        return err_set(e, "memory", "out of memory while using the database %s", c->path);
    default: return err_set(e, "invalid", "%s (database %s, SQLite code %d)", said, c->path, rc);
    }
}

bool store_error_sql(const store_conn *c, int rc, const char *sql, err *e)
{
    store_error(c, rc, e);
    int kind = rc & 0xff;
    if (e && (kind == SQLITE_ERROR || kind == SQLITE_CONSTRAINT || kind == SQLITE_MISMATCH ||
              kind == SQLITE_AUTH)) {
        size_t len = strlen(e->text);
        snprintf(e->text + len, sizeof e->text - len, " in \"%.120s\"", sql);
    }
    return false;
}
