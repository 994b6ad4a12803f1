/* driver.c: see driver.h. Invariant: at most one deferred turn is pending, and none after destroy.
 */
#include "bind/driver.h"

#include <stdlib.h>

#include "base/mem.h"
#include "bind/bind.h"
#include "io/loop.h"

struct driver {
    script *script;
    driver_config config;
    loop_timer timer;
    bool pending; /* a deferred turn will come */
    bool in_turn;
    bool dead;
};

static void release(driver *d)
{
    loop_timer_stop(&d->timer);
    script_destroy(d->script);
    free(d);
}

static void take_turn(driver *d)
{
    d->in_turn = true;
    script_turn(d->script);
    d->in_turn = false;
    if (d->dead && !d->pending)
        release(d);
}

static void on_deferred(void *arg)
{
    driver *d = arg;
    d->pending = false;
    if (d->dead)
        release(d);
    else
        take_turn(d);
}

static void on_timer(void *arg)
{
    take_turn(arg);
}

static void schedule(script *s, void *owner)
{
    (void)s;
    driver *d = owner;
    if (d->pending || d->dead)
        return;
    d->pending = true;
    loop_defer(on_deferred, d);
}

static void arm(script *s, void *owner, mono_ns at)
{
    (void)s;
    driver *d = owner;
    if (at && !d->dead)
        loop_timer_start(&d->timer, at - clock_mono(), on_timer, d);
    else
        loop_timer_stop(&d->timer);
}

static void on_finish(script *s, void *owner, script_end how, const char *text)
{
    (void)s;
    driver *d = owner;
    if (d->config.on_finish)
        d->config.on_finish(d->config.owner, how, text);
}

driver *driver_create(const driver_config *config)
{
    driver *d = mem_zero(1, sizeof *d);
    d->config = *config;
    d->script = script_create(&(script_config){.name = config->name,
                                               .memory_cap = config->memory_cap,
                                               .slice_cap = config->slice_cap,
                                               .trusted = config->trusted,
                                               .base = config->base,
                                               .schedule = schedule,
                                               .arm = arm,
                                               .on_finish = on_finish,
                                               .owner = d});
    if (!d->script) {
        free(d);
        return NULL;
    }
    if (!script_is_prepared(d->script)) {
        bind_open(d->script);
        if (config->base)
            script_prepare(d->script);
    }
    return d;
}

void driver_destroy(driver *d)
{
    if (!d || d->dead)
        return;
    d->dead = true;
    if (!d->in_turn && !d->pending)
        release(d);
}

script *driver_script(driver *d)
{
    return d->script;
}

void *driver_owner(const script *s)
{
    return ((driver *)script_owner(s))->config.owner;
}
