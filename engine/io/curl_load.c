/* curl_load.c: see curl_load.h. The library stays loaded until the process ends. */
#include "io/curl_load.h"

#include <dlfcn.h>
#include <stddef.h>

#include "io/load.h"

curl_api curl;
openssl_api ossl;

static bool loaded, openssl;

static const load_symbol curl_symbols[] = {
#define X(name) {"curl_" #name, offsetof(curl_api, name)},
    CURL_LOAD_FUNCTIONS(X)
#undef X
};

static const load_symbol openssl_symbols[] = {
#define X(name) {#name, offsetof(openssl_api, name)},
    OPENSSL_LOAD_FUNCTIONS(X)
#undef X
};

bool curl_load(err *e)
{
    if (loaded)
        return true;
    void *library = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
    if (!library)
        return err_set(
            e, "not-found",
            "HTTP needs libcurl, which could not be loaded (%s): apt-get install libcurl4",
            dlerror());
    const char *missing = load_fill(library, &curl, curl_symbols,
                               sizeof curl_symbols / sizeof *curl_symbols);
    if (missing) {
        dlclose(library);
        return err_set(e, "not-found",
                       "this libcurl is too old: it has no %s (Debian 12's libcurl4 has)", missing);
    }
    if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(e, "io", "libcurl could not be initialised");
    /* dlsym looks through what libcurl itself depends on, so a libcurl with another TLS library has
     * none of these. */
    openssl = !load_fill(library, &ossl, openssl_symbols,
                    sizeof openssl_symbols / sizeof *openssl_symbols);
    loaded = true;
    return true;
}

bool curl_has_openssl(void)
{
    return openssl;
}
