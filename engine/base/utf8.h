/* UTF-8 validity, as RFC 3629 has it (no surrogates, no overlong forms, at most U+10FFFF). */
#ifndef NANO_BASE_UTF8_H
#define NANO_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length in bytes (1 to 4) of the valid sequence at text, which has len bytes left; 0 if there is
 * none. */
size_t utf8_sequence(const char *text, size_t len);
/* Whether all len bytes are valid UTF-8. */
bool utf8_valid(const char *text, size_t len);

#endif
