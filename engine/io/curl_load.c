/* curl_load.c: see curl_load.h. The library stays loaded until the process ends. */
#include "io/curl_load.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

curl_api curl;
openssl_api ossl;

static bool loaded, openssl;

typedef struct symbol {
    const char *name;
    size_t offset;
} symbol;

static const symbol curl_symbols[] = {
#define X(name) {"curl_" #name, offsetof(curl_api, name)},
    CURL_LOAD_FUNCTIONS(X)
#undef X
};

static const symbol openssl_symbols[] = {
#define X(name) {#name, offsetof(openssl_api, name)},
    OPENSSL_LOAD_FUNCTIONS(X)
#undef X
};

/* Fills a table of function pointers; returns the first name that is missing, NULL if none is. */
static const char *fill(void *library, void *table, const symbol *symbols, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void *address = dlsym(library, symbols[i].name);
        if (!address)
            return symbols[i].name;
        memcpy((char *)table + symbols[i].offset, &address, sizeof address);
    }
    return NULL;
}

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
    const char *missing = fill(library, &curl, curl_symbols,
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
    openssl = !fill(library, &ossl, openssl_symbols,
                    sizeof openssl_symbols / sizeof *openssl_symbols);
    loaded = true;
    return true;
}

bool curl_has_openssl(void)
{
    return openssl;
}
