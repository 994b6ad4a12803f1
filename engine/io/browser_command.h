/*
 * Which browser to start, and how: finding one, and its command line. The switches are chosen so
 * that a page behaves as for a shopper while the browser does nothing of its own accord. Called by
 * browser.c.
 */
#ifndef NANO_IO_BROWSER_COMMAND_H
#define NANO_IO_BROWSER_COMMAND_H

#include "base/err.h"
#include "io/browser.h"

typedef struct browser_command {
    char *path;  /* of the program itself, not of a distribution's wrapper script */
    char **argv; /* NULL-terminated */
    char **env;  /* NULL-terminated */
} browser_command;

/* Finds the program: "not-found", with what was looked for and how to install it. The caller frees
 * *path. */
bool browser_find(const browser_config *config, char **path, err *e);
/* dir: the folder of browser_profile. "invalid": an extra argument that cannot be. Zero c first. */
bool browser_command_make(browser_command *c, const browser_config *config, const char *dir,
                          err *e);
void browser_command_finish(browser_command *c);

#endif
