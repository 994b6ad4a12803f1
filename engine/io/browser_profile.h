/*
 * The folder that a browser of ours works in: $TMPDIR/nano-sre-browser-XXXXXX with `profile` (its
 * user data) and `tmp` (its TMPDIR, so that what it drops when killed goes too). A lock held by our
 * process says that it is in use; the kernel releases it however we end, so a folder without a
 * holder is a leftover and is swept away by the next that looks.
 */
#ifndef NANO_IO_BROWSER_PROFILE_H
#define NANO_IO_BROWSER_PROFILE_H

#include <stdbool.h>

#include "base/err.h"

typedef struct browser_profile {
    char *dir; /* absolute; NULL: none */
    int lock;
} browser_profile;

/* Zero p first. */
bool browser_profile_create(browser_profile *p, err *e);
/* Removes the folder; the browser must be dead. Safe on a zeroed or removed profile. */
void browser_profile_remove(browser_profile *p);
/* Removes the folders of this user that nobody holds; returns how many. Blocks as long as that
 * takes. */
unsigned browser_profile_sweep(void);
/* Whether the last sweep met a folder that it could not remove: look again later. */
bool browser_profile_unswept(void);

#endif
