/* What bind_cdp.c (connect, browser) and bind_cdp_events.c (subscriptions, contexts) share. */
#ifndef NANO_BIND_BIND_CDP_H
#define NANO_BIND_BIND_CDP_H

#include "bind/bind.h"
#include "io/browser.h"

/* A client of a browser, held by the Lua handles that came of it: the browser's, its
 * subscriptions', its contexts'. The collector may take them in any order; the last one ends the
 * client. */
typedef struct cdp_holder {
    unsigned refs;
    cdp_client *client; /* NULL: closed by browser:close() */
} cdp_holder;

cdp_holder *cdp_holder_keep(cdp_holder *h);
/* NULL is fine. */
void cdp_holder_drop(cdp_holder *h);

/* The holder of the browser handle at index 1, open, or an error that begins with the signature. */
cdp_holder *cdp_holder_check(lua_State *L, const char *signature);
/* The string at index as a span; nil gives an absent one. */
cdp_span cdp_opt_span(lua_State *L, int index);
/* Raises what task_begin would raise, before anything has been sent. */
void cdp_check_may_wait(lua_State *L);

/* Makes the metatables of subscriptions and contexts. */
void bind_cdp_events(lua_State *L);
/* browser:subscribe and browser:context */
int bind_cdp_subscribe(lua_State *L);
int bind_cdp_context(lua_State *L);

#endif
