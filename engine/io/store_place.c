/*
 * store_place.c: whether the writer's file is still where it was opened, and putting it back where
 * somebody removed it. Used by the writer's thread (store_writer.c), before each group.
 *
 * SQLite goes on writing happily to a file that was deleted or replaced, or whose write-ahead log
 * was: those writes would be durable nowhere. But the open connection still has all of it, so a
 * file that is gone is written anew from there. A file that was replaced by another is left to
 * whoever did it: the code is "moved", and the store has to be opened again.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/store_internal.h"

#define COPY_SUFFIX "-restored" /* beside the file, until it has its name */

static char *beside(const char *path, const char *suffix)
{
    buf b = {0};
    buf_printf(&b, "%s%s", path, suffix);
    return buf_take(&b, NULL);
}

/* 0: there is none. */
static ino_t inode_of(const char *path, const char *suffix)
{
    char *name = beside(path, suffix);
    struct stat st;
    ino_t inode = stat(name, &st) == 0 ? st.st_ino : 0;
    free(name);
    return inode;
}

static void remove_beside(const char *path, const char *suffix)
{
    char *name = beside(path, suffix);
    unlink(name);
    free(name);
}

static void sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

void store_place_sync(const char *path)
{
    sync_path(path, O_RDONLY);
    char *copy = mem_strdup(path);
    sync_path(dirname(copy), O_RDONLY | O_DIRECTORY);
    free(copy);
}

static bool is_in_place(store_conn *c)
{
    int moved = 0;
    sqlite3_file_control(c->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return !moved && (!c->log_inode || c->log_inode == inode_of(c->path, "-wal"));
}

/* Everything that was committed, as a file beside the place. */
static bool copy_out(store_conn *c, const char *copy, err *e)
{
    unlink(copy);
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(c->db, "VACUUM INTO ?", -1, &st, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(st, 1, copy, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(st);
    bool done = rc == SQLITE_DONE || store_error(c, rc, e);
    sqlite3_finalize(st);
    if (!done)
        unlink(copy);
    return done;
}

/* Gives the copy its name, unless another file has taken it, and opens what is there. */
static bool open_anew(store *s, store_conn *c, const char *copy, err *e)
{
    ino_t now = inode_of(c->path, "");
    if ((!now || now == c->inode) && rename(copy, c->path) != 0 && errno != ENOENT)
        return err_set_errno(e, errno, "the database %s can't be put back", c->path);
    store_place_sync(c->path);
    if (!store_open_file(s, c, e))
        return false;
    s->generation++; /* readers open it again, too */
    log_warn("store.put_back", "path=\"%s\"", c->path);
    return true;
}

/* A log that belongs to the file that was here would be taken for changes of the one that is. */
static void remove_log(store_conn *c)
{
    if (c->log_inode && inode_of(c->path, "-wal") != c->log_inode)
        return; /* the other file brought its own */
    remove_beside(c->path, "-wal");
    remove_beside(c->path, "-shm");
}

static bool put_back(store *s, store_conn *c, const char *copy, err *e)
{
    err why;
    if (!copy_out(c, copy, &why))
        return err_set(e, "moved",
                       "the database %s was removed while in use, and can't be put back: %.300s",
                       c->path, why.text);
    store_place_sync(copy);
    store_conn_close(c);
    remove_log(c);
    return open_anew(s, c, copy, e);
}

void store_place_note(store_conn *c)
{
    c->inode = inode_of(c->path, "");
    c->log_inode = inode_of(c->path, "-wal");
}

bool store_place_hold(store *s, store_conn *c, err *e)
{
    if (c->db && is_in_place(c))
        return true;
    int persist = 1; /* closing it must not remove the log of the file that is there then */
    if (c->db)
        sqlite3_file_control(c->db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
    char *copy = beside(c->path, COPY_SUFFIX);
    bool done;
    ino_t now = inode_of(c->path, "");
    if (!c->db) {
        done = open_anew(s, c, copy, e);
    } else if (now && now != c->inode) {
        remove_log(c);
        done = err_set(e, "moved",
                       "the database %s was replaced by another file while in use; put it back, or "
                       "open it again",
                       c->path);
    } else {
        done = put_back(s, c, copy, e);
    }
    free(copy);
    return done;
}
