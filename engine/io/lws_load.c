/* lws_load.c: see lws_load.h. The library stays loaded until the process ends. */
#include "io/lws_load.h"

#include <dlfcn.h>
#include <openssl/err.h>
#include <stddef.h>

#include "io/load.h"

lws_api lws;
lws_tls_api lws_tls;

static bool loaded;

static const load_symbol lws_symbols[] = {
#define X(name) {"lws_" #name, offsetof(lws_api, name)},
    LWS_LOAD_FUNCTIONS(X)
#undef X
};

static const load_symbol tls_symbols[] = {
#define X(name) {#name, offsetof(lws_tls_api, name)},
    LWS_LOAD_TLS_FUNCTIONS(X)
#undef X
};

bool lws_load(err *e)
{
    if (loaded)
        return true;
    /* The structures that are passed to it are those of this version's headers, so no other version
     * will do. Global, because its libev plugin is itself loaded later and looks for libwebsockets'
     * symbols. */
    void *library = dlopen("libwebsockets.so.17", RTLD_LAZY | RTLD_GLOBAL);
    if (!library)
        return err_set(
            e, "not-found",
            "serving HTTP and WebSockets needs libwebsockets, which could not be loaded (%s): "
            "apt-get install libwebsockets17 libwebsockets-evlib-ev",
            dlerror());
    const char *missing = load_fill(library, &lws, lws_symbols,
                                    sizeof lws_symbols / sizeof *lws_symbols);
    if (!missing)
        missing = load_fill(library, &lws_tls, tls_symbols,
                            sizeof tls_symbols / sizeof *tls_symbols);
    if (missing) {
        dlclose(library);
        return err_set(e, "not-found", "this libwebsockets has no %s (Debian 12's 4.1.6 has)",
                       missing);
    }
    loaded = true;
    return true;
}
