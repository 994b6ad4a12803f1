/*
 * Browsers: found, started, kept warm, noticed when they die, and cleaned up after. One browser
 * runs for each configuration and serves every script of the process, each through a client of its
 * own (io/cdp_conn.h). A browser that has died fails what was under way ("exited") and is replaced
 * by the next connect. Used by sys.cdp. Loop thread only.
 */
#ifndef NANO_IO_BROWSER_H
#define NANO_IO_BROWSER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "io/cdp_conn.h"

typedef enum {
    BROWSER_AUTO, /* headless shell if it is installed, else Chromium; Chromium for headed */
    BROWSER_SHELL,
    BROWSER_CHROMIUM,
} browser_kind;

typedef struct browser_config {
    browser_kind kind;
    const char *path;     /* of the program; NULL: look for one */
    const char *endpoint; /* ws://… of a browser that runs already; NULL: start one. The rest is
                             then ignored */
    bool headed;
    const char *const *args; /* more switches for its command line */
    size_t arg_count;
    mono_ns launch_timeout; /* until it answers; 0: 30 s */
} browser_config;

typedef struct browser_info {
    const char *product;  /* "HeadlessChrome/156.0.…" */
    const char *path;     /* "" for an endpoint */
    const char *endpoint; /* "" for a browser of ours */
    const char *folder;   /* that goes with the browser, however it ends; "" for an endpoint */
    int pid;              /* 0 for an endpoint */
    double launch_ms;     /* from start to first answer */
} browser_info;

typedef struct browser_request browser_request;

/* k: a new client, now the callee's; info: valid during the call. Or k NULL and why: "not-found" no
 * browser installed, "exited" died while starting (with its code and last words), "timeout",
 * "protocol", "invalid", or why the endpoint can't be had. */
typedef void (*browser_fn)(void *arg, cdp_client *k, const browser_info *info, const err *why);

/* Calls fn once, inside this call if the browser is there (or can't be): then NULL. config is read
 * during the call only. */
browser_request *browser_connect(const browser_config *config, browser_fn fn, void *arg);
/* fn is not called any more; the browser goes on starting and stays warm. */
void browser_cancel(browser_request *r);

/* Destroys the client. If nobody else uses its browser, that ends too, and fn is called when it is
 * gone; otherwise (NULL is returned) fn is called inside this call. browser_cancel: fn is not
 * called. */
browser_request *browser_leave(cdp_client *k, browser_fn fn, void *arg);

/* On every way out, before loop_finish: kills the browsers that are left, waits for them and
 * removes their folders, and those that dead processes of ours have left. Blocks for some
 * milliseconds. */
void browser_finish(void);

#endif
