/*
 * What went wrong, in words for a person and a code for a program. Functions that can fail for
 * reasons outside the program take an `err *` (may be NULL: the reason is then dropped) and return
 * false.
 *
 * Codes in use: invalid timeout cancelled dns refused connect tls proxy protocol closed too-large
 *   private-address denied not-found exists permission full readonly locked corrupt busy io exited
 *   redirects cdp script memory
 */
#ifndef NANO_BASE_ERR_H
#define NANO_BASE_ERR_H

#include <stdbool.h>

typedef struct err {
    char code[24];  /* one of the words above */
    char text[512]; /* a sentence: what happened and, if known, what to do; no trailing newline */
} err;

/* Fills e (if not NULL) and returns false, so that `return err_set(...)` reads well. */
bool err_set(err *e, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for a failed system call: the code comes from errno, ": strerror" is added to the text.
 */
bool err_set_errno(err *e, int errnum, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
