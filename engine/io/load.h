/*
 * Functions of a library that is loaded when it is first needed, because linking it would cost
 * every start of the program. Used by the X_load.c files, one for each library.
 */
#ifndef NANO_IO_LOAD_H
#define NANO_IO_LOAD_H

#include <stddef.h>

typedef struct load_symbol {
    const char *name;
    size_t offset; /* of the function pointer in the table */
} load_symbol;

/* Fills a table of function pointers; returns the first name that is missing, NULL if none is. */
const char *load_fill(void *library, void *table, const load_symbol *symbols, size_t count);

#endif
