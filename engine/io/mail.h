/*
 * Sends one message over SMTP. libcurl speaks the protocol, on a thread of its own for each
 * message: with its multi interface it would wait for the server's answer to the message, and to
 * QUIT, on the loop's thread (curl's "More non-blocking" list), and a server may take minutes over
 * either. Used by bind_mail.c. Loop thread; every call returns at once.
 *
 * Life: mail_start → notify → mail_get_outcome → mail_destroy. Or mail_destroy at any time: the
 * transfer is then given up within a second, without notify. What the server has taken by then
 * stays taken.
 */
#ifndef NANO_IO_MAIL_H
#define NANO_IO_MAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/err.h"
#include "io/http_policy.h"

typedef struct mail mail;

typedef enum {
    MAIL_TLS_AUTO,     /* STARTTLS where the server has it; required when there is a password */
    MAIL_TLS_STARTTLS, /* STARTTLS or nothing */
    MAIL_TLS_FULL,     /* TLS from the first byte (port 465) */
    MAIL_TLS_NONE,
} mail_tls;

/* All pointers are borrowed for the call of mail_start. */
typedef struct mail_options {
    const char *host;
    int port;
    mail_tls tls;
    const char *user, *password; /* NULL: no log-in */
    const char *from;            /* envelope: a bare address; "" for the empty sender */
    const char *const *to;       /* envelope, at least one; the server must take all of them */
    size_t to_count;
    const char *message; /* lines that end with CRLF; dots are stuffed here */
    size_t message_len;
    const char *hello;       /* what this machine calls itself; NULL: its host name */
    const char *ca_pem;      /* trusted instead of the system's authorities; NULL */
    bool insecure;           /* any certificate will do */
    mono_ns connect_timeout; /* 0: 10 s */
    mono_ns total_timeout;   /* 0: 60 s */
    http_policy *policy;     /* what may be reached, as for HTTP; NULL: everything */
} mail_options;

typedef struct mail_outcome {
    bool sent;
    int reply;      /* the server's last reply code, 0: none */
    char text[400]; /* and its text, on one line */
    /* !sent: "dns", "connect", "tls", "timeout", "closed", "auth" (the log-in was refused), "later"
     * (4xx: worth another try), "rejected" (5xx: for good), "denied", "private-address" */
    err error;
} mail_outcome;

/* Called from the loop, once, never from inside mail_start. */
typedef void (*mail_notify_fn)(void *arg);

/* NULL and e: an option is wrong ("invalid"), the policy refuses the host ("denied"), no libcurl
 * ("not-found"), or too many messages are on their way ("busy"). */
mail *mail_start(const mail_options *options, mail_notify_fn notify, void *arg, err *e);
/* NULL is fine. */
void mail_destroy(mail *m);
/* After notify; lives as long as m. */
const mail_outcome *mail_get_outcome(const mail *m);

#endif
