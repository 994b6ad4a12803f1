/*
 * The gate: the one seam through which every effect and every source of chance reaches a script.
 * Each sys.* function is registered with its class and the capability that it needs. The gate
 * refuses what is not granted, refuses effects in a dry run, counts what it lets through and
 * records each result in the order in which tasks were woken.
 */
#ifndef NANO_SCRIPT_GATE_H
#define NANO_SCRIPT_GATE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    GATE_PURE,   /* a function of its arguments alone (codec): not counted, not recorded */
    GATE_READ,   /* learns something of the world */
    GATE_EFFECT, /* may change something: refused in a dry run */
    GATE_CHANCE, /* clock, random numbers */
} gate_class;

typedef enum {
    CAP_NONE = 0, /* every script has it */
    CAP_HTTP = 1 << 0,
    CAP_BROWSER = 1 << 1,
    CAP_STORE = 1 << 2, /* the database */
    CAP_FILES = 1 << 3,
    CAP_PROCESS = 1 << 4,
    CAP_SERVER = 1 << 5,
    CAP_ENV = 1 << 6,
    CAP_ENGINE = 1 << 7, /* start scripts, workers */
    CAP_MAIL = 1 << 8,
    CAP_ALL = 0xffff,
} gate_capability;

typedef struct gate_fn {
    const char *name; /* "request": with the module, "http.request" */
    lua_CFunction fn;
    gate_class class;
    gate_capability capability;
    /* For a function whose class depends on its arguments (GET or POST): looks at them, returns the
     * class. NULL: class. */
    gate_class (*classify)(lua_State *L);
} gate_fn;

typedef struct gate gate;

/* Receives the record, line by line (JSON, newline included). Returns false when it could not be
 * kept. */
typedef bool (*gate_sink)(void *ctx, const char *line, size_t len);

typedef struct gate_counts {
    uint64_t reads, effects, chances, refused, denied;
} gate_counts;

gate *gate_create(void);
void gate_destroy(gate *g);

void gate_grant(gate *g, unsigned capabilities);
/* Takes away everything that is not in capabilities. */
void gate_restrict(gate *g, unsigned capabilities);
void gate_set_dry_run(gate *g, bool on);
void gate_set_sink(gate *g, gate_sink sink, void *ctx);
gate_counts gate_get_counts(const gate *g);

/* Pushes a table with the functions of module, each behind the gate of L's script. fns ends with a
 * NULL name; both must live as long as the state. Methods of handles (userdata) go through
 * gate_push_methods, so that they pass the gate as well: it fills the metatable at the top of the
 * stack with __index = {functions}. */
void gate_push_module(lua_State *L, const char *module, const gate_fn *fns);
void gate_set_methods(lua_State *L, const char *module, const gate_fn *fns);

#endif
