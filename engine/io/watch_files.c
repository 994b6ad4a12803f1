/* watch_files.c: see watch_files.h. */
#include "io/watch_files.h"

#include <errno.h>
#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/loop.h"

#define PENDING_MAX (64u << 10) /* bytes of paths; beyond it only "anything" is remembered */

/* No IN_MODIFY: a file is looked at when its writer closes it, or when it comes by its name. */
#define EVENTS                                                                                     \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF |       \
     IN_MOVE_SELF | IN_ONLYDIR)

typedef struct folder {
    int wd;
    char *path;
} folder;

struct watch_files {
    int fd;
    ev_io watcher;
    folder *folders;
    size_t count;
    buf pending;
    bool anything; /* more than is in pending */
    bool told;
    void (*fn)(void *arg);
    void *arg;
};

static folder *folder_of(watch_files *w, int wd)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->folders[i].wd == wd)
            return &w->folders[i];
    return NULL;
}

static void forget_folder(watch_files *w, folder *f)
{
    free(f->path);
    *f = w->folders[--w->count];
}

static void note(watch_files *w, const char *dir, const char *name)
{
    if (w->pending.len > PENDING_MAX)
        w->anything = true;
    if (w->anything)
        return;
    buf_append(&w->pending, dir, strlen(dir));
    buf_append(&w->pending, "/", 1);
    buf_append(&w->pending, name, strlen(name) + 1);
}

static void note_event(watch_files *w, const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW) {
        w->anything = true;
        return;
    }
    folder *f = folder_of(w, event->wd);
    if (!f)
        return;
    note(w, f->path, event->len ? event->name : "");
    if (event->mask & IN_MOVE_SELF) { /* its path is another one's now */
        inotify_rm_watch(w->fd, f->wd);
        forget_folder(w, f);
    } else if (event->mask & IN_IGNORED) {
        forget_folder(w, f);
    }
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)loop, (void)events;
    watch_files *w = watcher->data;
    char block[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool some = false;
    for (;;) {
        ssize_t len = read(w->fd, block, sizeof block);
        if (len <= 0)
            break;
        for (char *at = block; at < block + len;) {
            const struct inotify_event *event = (const void *)at;
            note_event(w, event);
            at += sizeof *event + event->len;
        }
        some = true;
    }
    if (some && !w->told) {
        w->told = true;
        w->fn(w->arg);
    }
}

static bool limit_error(err *e, const char *what, int errnum)
{
    if (errnum == EMFILE || errnum == ENOSPC || errnum == ENFILE)
        return err_set(e, "too-many",
                       "cannot watch %s: the system's limit is reached (sysctl "
                       "fs.inotify.max_user_watches, fs.inotify.max_user_instances)",
                       what);
    return err_set_errno(e, errnum, "cannot watch %s", what);
}

watch_files *watch_files_create(void (*fn)(void *arg), void *arg, err *e)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) {
        limit_error(e, "files", errno);
        return NULL;
    }
    watch_files *w = mem_zero(1, sizeof *w);
    w->fd = fd;
    w->fn = fn;
    w->arg = arg;
    ev_io_init(&w->watcher, on_readable, fd, EV_READ);
    w->watcher.data = w;
    ev_io_start(loop_ev(), &w->watcher);
    return w;
}

bool watch_files_add(watch_files *w, const char *path, err *e)
{
    int wd = inotify_add_watch(w->fd, path, EVENTS);
    if (wd < 0)
        return limit_error(e, path, errno);
    folder *f = folder_of(w, wd);
    if (!f) {
        w->folders = mem_resize(w->folders, (w->count + 1) * sizeof *w->folders);
        f = &w->folders[w->count++];
        *f = (folder){.wd = wd};
    }
    free(f->path);
    size_t len = strlen(path);
    while (len > 0 && path[len - 1] == '/')
        len--;
    f->path = mem_strndup(path, len);
    return true;
}

bool watch_files_take(watch_files *w, buf *out)
{
    bool some = w->told;
    if (w->anything)
        buf_append(out, "/", 2);
    else if (some)
        buf_append(out, buf_cstr(&w->pending), w->pending.len);
    w->pending.len = 0;
    w->anything = w->told = false;
    return some;
}

void watch_files_destroy(watch_files *w)
{
    if (!w)
        return;
    ev_io_stop(loop_ev(), &w->watcher);
    close(w->fd);
    for (size_t i = 0; i < w->count; i++)
        free(w->folders[i].path);
    free(w->folders);
    buf_finish(&w->pending);
    free(w);
}
