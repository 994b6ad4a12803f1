/* files.c: see files.h. */
#include "io/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/codec.h"

/* Folders deeper than this are not removed: each level holds a file descriptor open. */
#define REMOVE_MAX_DEPTH 200

const char *files_kind_name(files_kind kind)
{
    static const char *const names[] = {"file", "dir", "link", "other"};
    return names[kind];
}

static files_info info_of(const struct stat *st)
{
    files_info info = {
        .kind = S_ISREG(st->st_mode)   ? FILES_FILE
                : S_ISDIR(st->st_mode) ? FILES_DIR
                : S_ISLNK(st->st_mode) ? FILES_LINK
                                       : FILES_OTHER,
        .size = (uint64_t)st->st_size,
        .mtime_ms = (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000,
        .mode = st->st_mode & 07777,
    };
    return info;
}

/* Reads fd to its end; stops after max + 1 bytes. hint: how many there probably are (files below
 * /proc say 0). False with errno. */
static bool read_all(int fd, size_t max, size_t hint, buf *out)
{
    size_t start = out->len;
    while (out->len - start <= max) {
        size_t got = out->len - start, want = max - got + 1;
        size_t part = hint >= got ? hint - got + 1 : 65536; /* 1 more, to see the end */
        if (want > part)
            want = part;
        ssize_t n = read(fd, buf_reserve(out, want), want);
        if (n == 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            out->len += (size_t)n;
    }
    return true;
}

bool files_read(const char *path, size_t max, buf *out, err *e)
{
    size_t before = out->len;
    bool ok = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(e, errno, "cannot read %s", path);
    struct stat st = {0};
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        err_set(e, "invalid", "cannot read %s: it is a folder", path);
    else if (!read_all(fd, max, st.st_size > 4096 ? (size_t)st.st_size : 65535, out))
        err_set_errno(e, errno, "cannot read %s", path);
    else if (out->len - before > max)
        err_set(e, "too-large", "cannot read %s: it has more than %zu bytes", path, max);
    else
        ok = true;
    close(fd);
    if (!ok)
        out->len = before;
    return ok;
}

/* False with errno. */
static bool write_all(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* Makes a rename or a new name in the folder of path durable. */
static bool sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder =
        slash ? mem_strndup(path, slash == path ? 1 : (size_t)(slash - path)) : mem_strdup(".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd < 0)
        return false;
    /* EINVAL: some file systems cannot; then there is nothing to wait for. */
    bool ok = fsync(fd) == 0 || errno == EINVAL;
    close(fd);
    return ok;
}

static bool write_in_place(const char *path, const void *data, size_t len,
                           const files_write_options *o, err *e)
{
    int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY | (o->append ? O_APPEND | O_CREAT : 0);
    int fd = open(path, flags, o->mode >= 0 ? (mode_t)o->mode : 0644);
    if (fd < 0)
        return err_set_errno(e, errno, "cannot write %s", path);
    bool ok = write_all(fd, data, len) && (!o->sync || fsync(fd) == 0 || errno == EINVAL);
    int why = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        why = errno;
    }
    return ok || err_set_errno(e, why, "cannot write %s", path);
}

/* A new file ".NAME.XXXXXXXX" beside target, which is NAME in its folder. Not mkstemp: the mode of
 * a new file is the umask's business, and that can't be asked without changing it under other
 * threads. -1 with errno. */
static int open_beside(const char *target, mode_t mode, char **path)
{
    const char *slash = strrchr(target, '/');
    int folder = slash ? (int)(slash - target) + 1 : 0;
    for (int attempt = 0; attempt < 16; attempt++) {
        uint32_t random;
        codec_random(&random, sizeof random);
        buf name;
        buf_init(&name);
        buf_printf(&name, "%.*s.%s.%08x", folder, target, target + folder, random);
        *path = buf_take(&name, NULL);
        int fd = open(*path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EEXIST)
            return fd;
        free(*path);
    }
    *path = NULL;
    errno = EEXIST;
    return -1;
}

/* target: the real path. old: what is there now, NULL if nothing. */
static bool write_by_rename(const char *target, const struct stat *old, const void *data,
                            size_t len, const files_write_options *o, err *e)
{
    int mode = o->mode >= 0 ? o->mode : old ? (int)(old->st_mode & 07777) : -1;
    char *name;
    int why = 0;
    int fd = open_beside(target, mode >= 0 ? (mode_t)mode : 0666, &name);
    if (fd < 0) {
        err_set_errno(e, errno, "cannot write %s: no temporary file beside it", target);
        free(name);
        return false;
    }
    if ((mode >= 0 && fchmod(fd, (mode_t)mode) != 0) || !write_all(fd, data, len) ||
        (o->sync && fsync(fd) != 0))
        why = errno;
    if (close(fd) != 0 && !why)
        why = errno;
    if (!why && rename(name, target) != 0)
        why = errno;
    if (why)
        unlink(name);
    else if (o->sync && !sync_folder_of(target))
        why = errno;
    free(name);
    return !why || err_set_errno(e, why, "cannot write %s", target);
}

bool files_write(const char *path, const void *data, size_t len, const files_write_options *o,
                 err *e)
{
    struct stat st;
    bool there = stat(path, &st) == 0;
    if (there && S_ISDIR(st.st_mode))
        return err_set(e, "invalid", "cannot write %s: it is a folder", path);
    if (o->append || (there && !S_ISREG(st.st_mode)))
        return write_in_place(path, data, len, o, e);
    char *real = there ? realpath(path, NULL) : NULL;
    bool ok = write_by_rename(real ? real : path, there ? &st : NULL, data, len, o, e);
    free(real);
    return ok;
}

bool files_make_dirs(const char *path, err *e)
{
    char *part = mem_strdup(path);
    bool ok = *path != '\0' || err_set(e, "invalid", "cannot make a folder without a name");
    for (char *at = part; ok && *at; at++) {
        char *end = strchr(at + 1, '/');
        if (end)
            *end = '\0';
        if (mkdir(part, 0777) != 0) {
            /* A folder that is there may answer EACCES or EROFS to mkdir as well as EEXIST. */
            int why = errno == EEXIST ? ENOTDIR : errno;
            struct stat st;
            if (stat(part, &st) != 0 || !S_ISDIR(st.st_mode))
                ok = err_set_errno(e, why, "cannot make the folder %s", part);
        }
        if (!end)
            break;
        *end = '/';
        at = end - 1; /* the loop steps onto the slash */
    }
    free(part);
    return ok;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const files_entry *)a)->name, ((const files_entry *)b)->name);
}

static void listing_add(files_listing *l, size_t *room, const char *name, const struct stat *st)
{
    if (l->count == *room) {
        *room = *room ? *room * 2 : 16;
        l->entries = mem_resize(l->entries, *room * sizeof *l->entries);
    }
    l->entries[l->count++] = (files_entry){mem_strdup(name), info_of(st)};
}

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

bool files_list(const char *path, files_listing *out, err *e)
{
    *out = (files_listing){0};
    DIR *dir = opendir(path);
    if (!dir)
        return err_set_errno(e, errno, "cannot list %s", path);
    size_t room = 0;
    struct dirent *entry;
    struct stat st;
    while ((errno = 0, entry = readdir(dir))) {
        /* An entry that has vanished since is left out. */
        if (!is_dot(entry->d_name) &&
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
            listing_add(out, &room, entry->d_name, &st);
    }
    int why = errno;
    closedir(dir);
    if (why) {
        files_listing_finish(out);
        return err_set_errno(e, why, "cannot list %s", path);
    }
    if (out->count)
        qsort(out->entries, out->count, sizeof *out->entries, by_name);
    return true;
}

void files_listing_finish(files_listing *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->entries[i].name);
    free(l->entries);
    *l = (files_listing){0};
}

bool files_stat(const char *path, files_info *out, err *e)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return err_set_errno(e, errno, "cannot look at %s", path);
    *out = info_of(&st);
    return true;
}

/* Empties the folder that fd is open on (closes fd). False with errno. */
static bool empty_folder(int fd, int depth)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        close(fd);
        return false;
    }
    int why = 0;
    struct dirent *entry;
    while (!why && (errno = 0, entry = readdir(dir))) {
        if (is_dot(entry->d_name) || unlinkat(dirfd(dir), entry->d_name, 0) == 0 || errno == ENOENT)
            continue;
        if (errno != EISDIR && errno != EPERM) {
            why = errno;
            break;
        }
        int inner =
            openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner < 0)
            why = errno == ENOTDIR ? EPERM : errno;
        else if (depth >= REMOVE_MAX_DEPTH) {
            close(inner);
            why = ENAMETOOLONG;
        } else if (!empty_folder(inner, depth + 1) ||
                   unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR) != 0)
            why = errno;
    }
    if (!why)
        why = errno;
    closedir(dir);
    errno = why;
    return !why;
}

static bool is_root(const char *path)
{
    struct stat st, root;
    return stat(path, &st) == 0 && stat("/", &root) == 0 && st.st_dev == root.st_dev &&
           st.st_ino == root.st_ino;
}

bool files_remove(const char *path, bool recursive, err *e)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return err_set_errno(e, errno, "cannot remove %s", path);
    if (!S_ISDIR(st.st_mode))
        return unlink(path) == 0 || err_set_errno(e, errno, "cannot remove %s", path);
    if (is_root(path))
        return err_set(e, "invalid", "cannot remove %s: it is the root folder", path);
    if (recursive) {
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || !empty_folder(fd, 0))
            return err_set_errno(e, errno, "cannot remove what is in %s", path);
    }
    return rmdir(path) == 0 || err_set_errno(e, errno, "cannot remove the folder %s", path);
}

bool files_temp_dir(const char *prefix, buf *out, err *e)
{
    if (!*prefix || strchr(prefix, '/'))
        return err_set(e, "invalid", "cannot make a temporary folder: \"%s\" is not a plain name",
                       prefix);
    const char *base = getenv("TMPDIR");
    if (!base || *base != '/')
        base = "/tmp";
    buf path;
    buf_init(&path);
    buf_printf(&path, "%s/%s-XXXXXX", base, prefix);
    char *name = buf_take(&path, NULL);
    bool ok = mkdtemp(name) != NULL;
    if (ok)
        buf_append_str(out, name);
    else
        err_set_errno(e, errno, "cannot make a temporary folder in %s", base);
    free(name);
    return ok;
}

bool files_real_path(const char *path, buf *out, err *e)
{
    char *real = realpath(path, NULL);
    if (!real)
        return err_set_errno(e, errno, "cannot find %s", path);
    buf_append_str(out, real);
    free(real);
    return true;
}

bool files_rename(const char *from, const char *to, err *e)
{
    return rename(from, to) == 0 || err_set_errno(e, errno, "cannot rename %s to %s", from, to);
}
