/*
 * Small local files: configuration, results, screenshots, temporary folders. Calls block, which is
 * accepted for files of this kind; the database and anything large have their own modules. Used by
 * bind/bind_files.c and the app.
 *
 * Paths are C strings relative to the working directory. On failure every function returns false
 * with the reason, which names the path, in e (may be NULL).
 */
#ifndef NANO_IO_FILES_H
#define NANO_IO_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

typedef enum { FILES_FILE, FILES_DIR, FILES_LINK, FILES_OTHER } files_kind;

typedef struct files_info {
    files_kind kind;
    uint64_t size;    /* bytes */
    int64_t mtime_ms; /* since the epoch */
    unsigned mode;    /* permission bits, 07777 */
} files_info;

typedef struct files_entry {
    char *name;
    files_info info; /* of the entry itself: a link is FILES_LINK */
} files_entry;

typedef struct files_listing {
    files_entry *entries; /* sorted by name, byte by byte; without "." and ".." */
    size_t count;
} files_listing;

typedef struct files_write_options {
    bool append; /* add at the end of what is there; otherwise the file is replaced as a whole */
    int mode;  /* permission bits for the file; -1: keep those of the file replaced, 0644 less umask
                  for a new one */
    bool sync; /* return only when the data would survive a power cut */
} files_write_options;

/* Appends the content to out. Code "too-large" when there is more than max; out is then unchanged.
 * Pipes and devices are read to their end, folders refused. */
bool files_read(const char *path, size_t max, buf *out, err *e);
/* Without append: writes a temporary file in the same folder and renames it, so that a reader, a
 * crash or a full disk never meets half a file and the old content stays on failure. A symbolic
 * link is followed; a device or pipe is written in place. */
bool files_write(const char *path, const void *data, size_t len, const files_write_options *o,
                 err *e);
/* Makes the folder and those above it (0777 less umask). True if it is there already. */
bool files_make_dirs(const char *path, err *e);
/* The caller releases the listing with files_listing_finish. */
bool files_list(const char *path, files_listing *out, err *e);
void files_listing_finish(files_listing *l);
/* Follows symbolic links. */
bool files_stat(const char *path, files_info *out, err *e);
/* Removes a file, a link (never what it points to) or an empty folder; with recursive also what a
 * folder contains, without following links. Refuses the root folder. */
bool files_remove(const char *path, bool recursive, err *e);
/* Makes a new folder `prefix`-XXXXXX under $TMPDIR or /tmp, mode 0700; appends its path to out. */
bool files_temp_dir(const char *prefix, buf *out, err *e);
/* The absolute path without links, "." or ".."; every part must exist. */
bool files_real_path(const char *path, buf *out, err *e);
/* Replaces `to` if it exists; both on one file system. */
bool files_rename(const char *from, const char *to, err *e);

/* "file", "dir", "link", "other". */
const char *files_kind_name(files_kind kind);

#endif
