/*
 * driver: ties a script to the event loop. It gives the script its turns and wakes it at its time
 * limits. Used by app/ for main's and worker's own states and by bind_script.c for the runs that
 * they start.
 */
#ifndef NANO_BIND_DRIVER_H
#define NANO_BIND_DRIVER_H

#include "script/script.h"

typedef struct driver driver;

typedef struct driver_config {
    const char *name;
    size_t memory_cap; /* bytes, 0: none */
    mono_ns slice_cap; /* 0: none */
    bool trusted;
    const char *base; /* see script.h */
    /* Once, when the main task has ended; text is valid during the call. driver_destroy is allowed
     * in it. */
    void (*on_finish)(void *owner, script_end how, const char *text);
    void *owner;
} driver_config;

/* Creates the script with every sys.* module opened. NULL when memory or the state can't be had. */
driver *driver_create(const driver_config *config);
/* Destroys the script too: at once, or after the current turn when called from inside it. NULL is
 * fine. */
void driver_destroy(driver *d);
script *driver_script(driver *d);
/* Owner that driver_config gave, from the script. */
void *driver_owner(const script *s);

#endif
