/* browser_profile.c: see browser_profile.h. */
#include "io/browser_profile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

#define PREFIX "nano-sre-browser-"
#define LOCK_NAME "lock"

enum {
    REMOVE_PASSES = 4,   /* a dying browser may still write while we delete */
    NEW_FOLDER_SECS = 60 /* a folder without a lock file this young is just being made */
};

static bool unswept;

static const char *temp_dir(void)
{
    const char *dir = getenv("TMPDIR");
    return dir && *dir == '/' ? dir : "/tmp";
}

/* Deletes what is in the directory, which it closes. Never follows a link. */
static void empty_dir(int fd)
{
    DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(d))) {
        const char *name = entry->d_name;
        if (!strcmp(name, ".") || !strcmp(name, ".."))
            continue;
        if (unlinkat(dirfd(d), name, 0) == 0 || (errno != EISDIR && errno != EPERM))
            continue;
        int sub = openat(dirfd(d), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (sub >= 0)
            empty_dir(sub);
        unlinkat(dirfd(d), name, AT_REMOVEDIR);
    }
    closedir(d);
}

static bool remove_tree(const char *path)
{
    for (int pass = 0; pass < REMOVE_PASSES; pass++) {
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return errno == ENOENT;
        empty_dir(fd);
        if (rmdir(path) == 0 || errno == ENOENT)
            return true;
    }
    log_warn("browser.profile_left", "path=\"%s\"", path);
    return false;
}

/* The lock file appears under its name only when it is locked, so that a sweep never takes a folder
 * that is being made. */
static bool take_lock(int dir, int *lock)
{
    *lock = openat(dir, LOCK_NAME ".new", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    return *lock >= 0 && flock(*lock, LOCK_EX | LOCK_NB) == 0 &&
           renameat(dir, LOCK_NAME ".new", dir, LOCK_NAME) == 0;
}

bool browser_profile_create(browser_profile *p, err *e)
{
    buf path = {0};
    int dir = -1;
    bool made = false;
    p->lock = -1;
    buf_printf(&path, "%s/" PREFIX "XXXXXX", temp_dir());
    buf_cstr(&path);
    if (!mkdtemp(path.data)) {
        err_set_errno(e, errno, "cannot make a folder for the browser in %s (TMPDIR says where)",
                      temp_dir());
        goto fail;
    }
    made = true;
    dir = open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || !take_lock(dir, &p->lock) || mkdirat(dir, "profile", 0700) < 0 ||
        mkdirat(dir, "tmp", 0700) < 0) {
        err_set_errno(e, errno, "cannot fill the browser's folder %s", path.data);
        goto fail;
    }
    close(dir);
    p->dir = buf_take(&path, NULL);
    return true;
fail:
    if (dir >= 0)
        close(dir);
    if (made)
        remove_tree(path.data);
    if (p->lock >= 0)
        close(p->lock);
    p->lock = -1;
    buf_finish(&path);
    return false;
}

void browser_profile_remove(browser_profile *p)
{
    if (!p->dir)
        return;
    remove_tree(p->dir);
    close(p->lock);
    free(p->dir);
    p->dir = NULL;
    p->lock = -1;
}

/* Whether nobody holds the folder; then *lock keeps others away (or is -1: it has no lock). */
static bool is_leftover(int dir, int *lock)
{
    struct stat st;
    *lock = -1;
    if (fstat(dir, &st) < 0 || st.st_uid != geteuid())
        return false;
    *lock = openat(dir, LOCK_NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (*lock < 0)
        return errno == ENOENT && time(NULL) - st.st_mtime > NEW_FOLDER_SECS;
    if (flock(*lock, LOCK_EX | LOCK_NB) == 0)
        return true;
    close(*lock);
    return false;
}

static unsigned sweep_one(int tmp, const char *name)
{
    int lock, dir = openat(tmp, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0)
        return 0;
    bool leftover = is_leftover(dir, &lock);
    close(dir);
    if (!leftover)
        return 0;
    buf path = {0};
    buf_printf(&path, "%s/%s", temp_dir(), name);
    bool gone = remove_tree(buf_cstr(&path));
    unswept |= !gone;
    log_info("browser.profile_swept", "path=\"%s\"", path.data);
    buf_finish(&path);
    if (lock >= 0)
        close(lock);
    return gone;
}

unsigned browser_profile_sweep(void)
{
    unsigned swept = 0;
    unswept = false;
    DIR *d = opendir(temp_dir());
    if (!d)
        return 0;
    struct dirent *entry;
    while ((entry = readdir(d))) {
        if (!strncmp(entry->d_name, PREFIX, sizeof PREFIX - 1))
            swept += sweep_one(dirfd(d), entry->d_name);
    }
    closedir(d);
    return swept;
}

bool browser_profile_unswept(void)
{
    return unswept;
}
