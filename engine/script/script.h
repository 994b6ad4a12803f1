/*
 * A script: one Lua state with its memory cap, its tasks, its watchdog and its gate. A run of a
 * skill is a script; so are the trusted states of main and worker. Knows LuaJIT, does no I/O. One
 * thread: the loop's.
 *
 * Life: script_create → bind_open (bind/bind.h) → script_start → … tasks run from script_turn … →
 * on_finish once when the main task has ended → script_destroy (cancels whatever still waits).
 */
#ifndef NANO_SCRIPT_SCRIPT_H
#define NANO_SCRIPT_SCRIPT_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

typedef struct script script;
struct gate;

typedef enum {
    SCRIPT_OK,     /* the main task returned */
    SCRIPT_ERROR,  /* it threw */
    SCRIPT_KILLED, /* script_kill, the watchdog or the memory cap ended it */
} script_end;

typedef struct script_config {
    const char *name;  /* for messages and logs; copied */
    size_t memory_cap; /* bytes of Lua memory; 0: no cap (trusted states) */
    mono_ns slice_cap; /* most CPU time in Lua between two waits; 0: none */
    bool trusted;      /* main and worker: every capability, no watchdog */
    /* A stdlib module that is loaded before the script starts, NULL: none; copied. States
     * with one are prepared once and then put back as they were (script_prepare). */
    const char *base;
    /* Called when tasks have become runnable while none were: arrange for script_turn(s) to be
     * called soon, from the loop, never from inside this call. */
    void (*schedule)(script *s, void *owner);
    /* The earliest time limit has changed: arrange for script_turn(s) at that time, or cancel that
     * when at is 0. */
    void (*arm)(script *s, void *owner, mono_ns at);
    /* The main task has ended. text: its result as a string or the error with traceback (valid in
     * the call). Called from script_turn; the callee may call script_destroy only later
     * (loop_defer). May be NULL. */
    void (*on_finish)(script *s, void *owner, script_end how, const char *text);
    void *owner;
} script_config;

/* NULL if the state can't be created. */
script *script_create(const script_config *config);
/* Between bind_open and script_start, when config.base is given: loads it and keeps the state as it
 * is then, so that when this script has been destroyed, one with the same base gets the state as it
 * is now instead of a new one. False when base can't be loaded (logged); the script is an ordinary
 * one then. */
bool script_prepare(script *s);
/* Whether script_create has given a state that was prepared: bind_open was called for it. */
bool script_is_prepared(const script *s);
/* Cancels every wait, closes the state. NULL is fine. Not from inside script_turn. */
void script_destroy(script *s);

/* Starts the main task: the stdlib module `module` is loaded and its function `run` is called with
 * one string argument (copied). */
void script_start(script *s, const char *module, const char *argument, size_t len);
/* Ends waits whose time is over, then runs every runnable task once, in the order in which they
 * became runnable. */
void script_turn(script *s);
/* Ends the script: its main task is doomed (an error that no pcall can swallow) with this message.
 */
void script_kill(script *s, const char *message);

lua_State *script_lua(script *s);
/* The script that owns L; never NULL for a state made here. */
script *script_of(lua_State *L);
const char *script_name(const script *s);
bool script_trusted(const script *s);
void *script_owner(const script *s);
struct gate *script_gate(script *s);

typedef struct script_stats {
    size_t memory, memory_peak; /* bytes of Lua memory */
    unsigned tasks;             /* alive now */
    size_t refused;             /* allocations that the cap refused */
} script_stats;
script_stats script_get_stats(const script *s);
/* Lifts the memory cap by bytes (no effect without a cap). */
void script_raise_cap(script *s, size_t bytes);

/* For binding modules: one pointer per script and key (the address of a static), NULL at first.
 * destroy (may be NULL) is called by script_destroy, before the Lua state is closed, in reverse
 * order of the first setting. */
void script_set_slot(script *s, const void *key, void *value, void (*destroy)(void *value));
void *script_get_slot(const script *s, const void *key);

/* Counts the things outside of the state that end only by the finalizer of a value in it: +1 when
 * one is made, -1 when it has ended otherwise (it need not be told that a finalizer has run). While
 * there are none, dropping a prepared state needs no walk through all of it. */
void script_note_owned(script *s, int change);

/* A description of where the script is: "checkout.lua:12" of the innermost frame of user's code, ""
 * if none. Async-signal-tolerant on a best-effort basis (used for last words of a hung worker). */
void script_where(script *s, char *out, size_t size);
/* The user's line at the watchdog's last look (every 10,000 instructions), "" if none: for errors
 * that leave no line. */
const char *script_last_seen(const script *s);
/* The script whose Lua is on the C stack right now, NULL if none. For diagnostics only. */
script *script_running(void);

#endif
