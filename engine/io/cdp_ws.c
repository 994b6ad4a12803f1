/* cdp_ws.c: a browser behind a ws:// address; see cdp_transport.h. */
#include "io/cdp_transport.h"

cdp_transport *cdp_ws_create(const char *url, err *e)
{
    err_set(e, "invalid", "%s: attaching to a running browser is not part of this build", url);
    return NULL;
}
