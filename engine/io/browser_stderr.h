/* The last words of a browser: the end of what it wrote to stderr, for the message that says why it
 * died. */
#ifndef NANO_IO_BROWSER_STDERR_H
#define NANO_IO_BROWSER_STDERR_H

#include "base/buf.h"
#include "io/process.h"

typedef struct browser_stderr {
    buf text; /* at most a few KB, the newest last */
    process *from;
} browser_stderr;

/* Reads along as long as p lives. Zero s first. */
void browser_stderr_follow(browser_stderr *s, process *p);
/* Takes in what is left after p's end. */
void browser_stderr_drain(browser_stderr *s, process *p);
/* The last lines that say something, joined by " | "; "" if there are none. */
void browser_stderr_last(const browser_stderr *s, char *out, size_t size);
/* "; …" what to do about it, for the causes that are known; "" otherwise. */
const char *browser_stderr_hint(const browser_stderr *s);
void browser_stderr_finish(browser_stderr *s);

#endif
