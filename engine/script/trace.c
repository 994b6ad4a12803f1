/* trace.c: see trace.h. Called by task.c, also from inside the watchdog's hook. Invariant: calls
 * only lua_getstack and lua_getinfo with options that push nothing. */
#include "script/trace.h"

#include <string.h>

#include "base/buf.h"

enum { HEAD = 12, TAIL = 10 }; /* frames shown of a deep stack */

static int depth_of(lua_State *L)
{
    lua_Debug at;
    int low = 0, high = 1;
    while (lua_getstack(L, high, &at)) {
        low = high;
        high *= 2;
    }
    while (low < high) {
        int middle = (low + high) / 2;
        if (lua_getstack(L, middle, &at))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_frame(buf *out, lua_State *L, int level)
{
    lua_Debug at;
    if (!lua_getstack(L, level, &at) || !lua_getinfo(L, "Snl", &at))
        return;
    const char *source = at.source[0] == '@' || at.source[0] == '=' ? at.source + 1 : at.short_src;
    if (strcmp(at.what, "C") == 0)
        buf_printf(out, "\n\t[C]:");
    else if (at.currentline > 0)
        buf_printf(out, "\n\t%s:%d:", source, at.currentline);
    else
        buf_printf(out, "\n\t%s:", source);
    if (at.name)
        buf_printf(out, " in function '%s'", at.name);
    else if (strcmp(at.what, "main") == 0)
        buf_printf(out, " in main chunk");
    else if (at.linedefined > 0)
        buf_printf(out, " in function <%s:%d>", source, at.linedefined);
}

char *trace_of(lua_State *L, const char *text)
{
    buf out;
    buf_init(&out);
    buf_printf(&out, "%s\nstack traceback:", text);
    int depth = depth_of(L);
    for (int level = 0; level < depth; level++) {
        if (level == HEAD && depth > HEAD + TAIL) {
            buf_printf(&out, "\n\t...");
            level = depth - TAIL;
        }
        add_frame(&out, L, level);
    }
    return buf_take(&out, NULL);
}
