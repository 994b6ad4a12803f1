/* bind_policy.c: what a started script may reach over the network. Called by bind_script.c. */
#include "bind/bind.h"

void bind_apply_policy(lua_State *L, int table, script *s)
{
    (void)L, (void)table, (void)s;
}
