/* load.c: see load.h. */
#include "io/load.h"

#include <dlfcn.h>
#include <string.h>

const char *load_fill(void *library, void *table, const load_symbol *symbols, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void *address = dlsym(library, symbols[i].name);
        if (!address)
            return symbols[i].name;
        memcpy((char *)table + symbols[i].offset, &address, sizeof address);
    }
    return NULL;
}
