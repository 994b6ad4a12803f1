/*
 * A layer between SQLite and the file system for tests: counts fsyncs of the write-ahead log, and
 * makes the disk full or its fsync fail. vfs_install makes it the default for databases opened
 * afterwards.
 */
#ifndef TEST_STORE_VFS_H
#define TEST_STORE_VFS_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static struct {
    sqlite3_vfs vfs, *real;
    atomic_int log_syncs;   /* of write-ahead logs */
    atomic_int file_syncs;  /* of database files: only checkpoints make them */
    atomic_llong room;      /* how large a log may become; < 0: no limit */
    atomic_bool sync_fails; /* of logs */
} disk = {.room = -1};

typedef struct shim_file {
    sqlite3_file base;
    int flags;
    sqlite3_file real[];
} shim_file;

#define REAL(f) (((shim_file *)(f))->real)
#define IS_LOG(f) (((shim_file *)(f))->flags & SQLITE_OPEN_WAL)

static int shim_close(sqlite3_file *f)
{
    return REAL(f)->pMethods->xClose(REAL(f));
}
static int shim_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    return REAL(f)->pMethods->xRead(REAL(f), to, n, at);
}
static int shim_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    long long room = disk.room;
    if (IS_LOG(f) && room >= 0 && at + n > room)
        return SQLITE_FULL;
    return REAL(f)->pMethods->xWrite(REAL(f), from, n, at);
}
static int shim_truncate(sqlite3_file *f, sqlite3_int64 n)
{
    return REAL(f)->pMethods->xTruncate(REAL(f), n);
}
static int shim_sync(sqlite3_file *f, int flags)
{
    if (IS_LOG(f))
        disk.log_syncs++;
    else if (((shim_file *)f)->flags & SQLITE_OPEN_MAIN_DB)
        disk.file_syncs++;
    if (IS_LOG(f) && disk.sync_fails)
        return SQLITE_IOERR_FSYNC;
    return REAL(f)->pMethods->xSync(REAL(f), flags);
}
static int shim_size(sqlite3_file *f, sqlite3_int64 *n)
{
    return REAL(f)->pMethods->xFileSize(REAL(f), n);
}
static int shim_lock(sqlite3_file *f, int l)
{
    return REAL(f)->pMethods->xLock(REAL(f), l);
}
static int shim_unlock(sqlite3_file *f, int l)
{
    return REAL(f)->pMethods->xUnlock(REAL(f), l);
}
static int shim_check(sqlite3_file *f, int *out)
{
    return REAL(f)->pMethods->xCheckReservedLock(REAL(f), out);
}
static int shim_control(sqlite3_file *f, int op, void *arg)
{
    return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}
static int shim_sector(sqlite3_file *f)
{
    return REAL(f)->pMethods->xSectorSize(REAL(f));
}
static int shim_device(sqlite3_file *f)
{
    return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f));
}
static int shim_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, out);
}
static int shim_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
    return REAL(f)->pMethods->xShmLock(REAL(f), at, n, flags);
}
static void shim_shm_barrier(sqlite3_file *f)
{
    REAL(f)->pMethods->xShmBarrier(REAL(f));
}
static int shim_shm_unmap(sqlite3_file *f, int del)
{
    return REAL(f)->pMethods->xShmUnmap(REAL(f), del);
}

static const sqlite3_io_methods shim_methods = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_check,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_device,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
};

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    (void)vfs;
    shim_file *s = (shim_file *)f;
    s->flags = flags;
    int rc = disk.real->xOpen(disk.real, name, s->real, flags, out);
    s->base.pMethods = s->real->pMethods ? &shim_methods : NULL;
    return rc;
}

static void vfs_install(void)
{
    disk.real = sqlite3_vfs_find(NULL);
    disk.vfs = *disk.real;
    disk.vfs.zName = "shim";
    disk.vfs.szOsFile = disk.real->szOsFile + (int)sizeof(shim_file);
    disk.vfs.xOpen = shim_open;
    sqlite3_vfs_register(&disk.vfs, 1);
}

#endif
