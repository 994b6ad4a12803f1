/* role_worker.c: see role_worker.h. The rest of the worker is Lua: stdlib/worker/main.lua. */
#include "app/role_worker.h"

#include <stdio.h>
#include <string.h>

#include "io/worker.h"
#include "script/script.h"

/* In a signal handler: the run that was executing and its line, one a line (service/culprit.lua
 * reads it). */
static void speak(char *words, size_t size)
{
    script *s = script_running();
    char where[256];
    if (!s)
        return;
    script_where(s, where, sizeof where);
    snprintf(words, size, "%s\n%s", script_name(s), where);
}

void role_worker_enter(void)
{
    worker_enter();
    worker_on_last_words(speak);
}
