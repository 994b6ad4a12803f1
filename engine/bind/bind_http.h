/* What a script's HTTP client may reach: set by whoever starts the script, before it runs. */
#ifndef NANO_BIND_HTTP_H
#define NANO_BIND_HTTP_H

#include "io/http_policy.h"
#include "script/script.h"

/* Takes over the caller's reference; policy may be NULL (everything is allowed). A script for which
 * this was never called may reach everything if it is trusted, and no private address otherwise. */
void bind_http_set_policy(script *s, http_policy *policy);
/* What s may reach; borrowed. NULL: everything. Mail obeys it too (bind_mail.c). */
http_policy *bind_http_policy(script *s);

#endif
