/*
 * Where the stdlib comes from: a table of files compiled into the binary (tools/embed.lua makes
 * it), and `require` for the stdlib itself. Users' files come in as text only, through
 * sys.load_user.
 */
#ifndef NANO_SCRIPT_LOADER_H
#define NANO_SCRIPT_LOADER_H

#include <stddef.h>

typedef struct loader_file {
    const char *name;          /* "run/main.lua", "browser/injected.js" */
    const unsigned char *data; /* bytecode for .lua of the stdlib, the file as it is for the rest */
    size_t size;
} loader_file;

/* Sorted by name; set once before the first script_create; not copied. */
void loader_set_files(const loader_file *files, size_t count);

#endif
