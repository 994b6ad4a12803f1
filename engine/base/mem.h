/*
 * Memory for the engine's own needs. Running out of it ends the process with a message: main
 * restarts workers, and no caller could do better. (Scripts have their own capped allocator,
 * script/alloc.h, where running out is an ordinary Lua error.)
 */
#ifndef NANO_BASE_MEM_H
#define NANO_BASE_MEM_H

#include <stddef.h>

/* Never NULL; owned by the caller, released with free(). */
void *mem_alloc(size_t size);
/* As mem_alloc, zeroed. */
void *mem_zero(size_t count, size_t size);
/* As realloc(), never NULL. ptr may be NULL. */
void *mem_resize(void *ptr, size_t size);
/* Copies of a C string or of len bytes (NUL-terminated). text must not be NULL. */
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t len);

#endif
