/*
 * Network addresses: what kind of network an address belongs to. The HTTP client decides with it
 * what a script may connect to. Pure functions, any thread.
 */
#ifndef NANO_IO_ADDRESS_H
#define NANO_IO_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Everything but ADDRESS_PUBLIC is "private" to the policy: not reachable from the whole internet,
 * or not a host. */
typedef enum {
    ADDRESS_PUBLIC,
    ADDRESS_LOOPBACK,    /* 127.0.0.0/8, ::1 */
    ADDRESS_PRIVATE,     /* RFC 1918, fc00::/7, fec0::/10, 64:ff9b:1::/48 */
    ADDRESS_LINK_LOCAL,  /* 169.254.0.0/16 (cloud metadata lives there), fe80::/10 */
    ADDRESS_SHARED,      /* 100.64.0.0/10, carrier-grade NAT */
    ADDRESS_UNSPECIFIED, /* 0.0.0.0/8 and ::, which Linux connects to itself */
    ADDRESS_MULTICAST,
    ADDRESS_RESERVED, /* documentation, benchmark and future-use networks, unknown families */
} address_kind;

/* Looks through IPv4 that is embedded in IPv6 (mapped, compatible, NAT64, 6to4), so that no
 * spelling hides one. */
address_kind address_classify(const struct sockaddr *address);
/* The same for a numeric text without brackets ("10.0.0.1", "::1", "fe80::1%2"); false if text is
 * no address. */
bool address_classify_text(const char *text, address_kind *kind);
/* For messages: "a loopback", "a private", … to be followed by "address". Never NULL. */
const char *address_kind_word(address_kind kind);

enum { ADDRESS_TEXT_SIZE = 64 };
/* Writes "1.2.3.4:80" or "[::1]:80"; "?" for other families. */
void address_format(const struct sockaddr *address, char out[ADDRESS_TEXT_SIZE]);

#endif
