/* crypto_load.c: see crypto_load.h. The library stays loaded until the process ends. */
#include "io/crypto_load.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/log.h"
#include "io/load.h"

static crypto_api table;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const load_symbol symbols[] = {
#define X(name) {#name, offsetof(crypto_api, name)},
    CRYPTO_LOAD_FUNCTIONS(X)
#undef X
};

static void load(void)
{
    void *library = dlopen("libcrypto.so.3", RTLD_LAZY | RTLD_LOCAL);
    const char *missing =
        library ? load_fill(library, &table, symbols, sizeof symbols / sizeof *symbols) : NULL;
    if (library && !missing)
        return;
    log_error("crypto.missing", "why=\"%s%s\" hint=\"apt-get install libssl3\"",
              missing ? "it has no " : "", missing ? missing : dlerror());
    abort();
}

const crypto_api *crypto(void)
{
    pthread_once(&once, load);
    return &table;
}
