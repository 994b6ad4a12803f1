/* The stdlib as tools/embed.lua compiled it into the binary; defined in the generated
 * build/stdlib_files.c. */
#ifndef NANO_APP_STDLIB_FILES_H
#define NANO_APP_STDLIB_FILES_H

#include "script/loader.h"

extern const loader_file stdlib_files[]; /* sorted by name */
extern const size_t stdlib_file_count;

#endif
