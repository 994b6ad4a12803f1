/*
 * Watches folders for changes (inotify). Pull-based: on_change says that there is something to
 * take, watch_files_take takes it. Changes of a folder are reported with the folder's name and
 * the entry's; whoever asks looks at the files themselves, so that the order in which an editor
 * writes, renames and removes does not matter. Used by bind/bind_watch.c. Loop thread only.
 */
#ifndef NANO_IO_WATCH_FILES_H
#define NANO_IO_WATCH_FILES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

typedef struct watch_files watch_files;

/* fn(arg) is called from the loop when changes have come, again only after a take. NULL with e set:
 * code "too-many" (the user's limit of watches or instances). */
watch_files *watch_files_create(void (*fn)(void *arg), void *arg, err *e);
/* Watches one folder, not those below it. True if it is watched already. A folder that is removed
 * or renamed is no longer watched. */
bool watch_files_add(watch_files *w, const char *folder, err *e);
/* Appends the paths that have changed since the last take, each with a zero byte after it; a path
 * may come more than once. A path that ends with "/" means that anything in that folder may have
 * changed; "/" alone: anything anywhere (the kernel's queue was full). False: nothing. */
bool watch_files_take(watch_files *w, buf *out);
/* NULL is fine. */
void watch_files_destroy(watch_files *w);

#endif
