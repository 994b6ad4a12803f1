/* address.c: see address.h. */
#include "io/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef struct range4 {
    uint32_t base;
    int bits;
    address_kind kind;
} range4;

#define IP4(a, b, c, d) \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* IANA's special-purpose registry. What is in it and globally reachable (anycast relays apart) is
 * left out. */
static const range4 special4[] = {
    {IP4(0, 0, 0, 0), 8, ADDRESS_UNSPECIFIED},     {IP4(10, 0, 0, 0), 8, ADDRESS_PRIVATE},
    {IP4(100, 64, 0, 0), 10, ADDRESS_SHARED},      {IP4(127, 0, 0, 0), 8, ADDRESS_LOOPBACK},
    {IP4(169, 254, 0, 0), 16, ADDRESS_LINK_LOCAL}, {IP4(172, 16, 0, 0), 12, ADDRESS_PRIVATE},
    {IP4(192, 0, 0, 0), 24, ADDRESS_RESERVED},     {IP4(192, 0, 2, 0), 24, ADDRESS_RESERVED},
    {IP4(192, 88, 99, 0), 24, ADDRESS_RESERVED},   {IP4(192, 168, 0, 0), 16, ADDRESS_PRIVATE},
    {IP4(198, 18, 0, 0), 15, ADDRESS_RESERVED},    {IP4(198, 51, 100, 0), 24, ADDRESS_RESERVED},
    {IP4(203, 0, 113, 0), 24, ADDRESS_RESERVED},   {IP4(224, 0, 0, 0), 4, ADDRESS_MULTICAST},
    {IP4(240, 0, 0, 0), 4, ADDRESS_RESERVED},
};

static address_kind classify4(uint32_t ip)
{
    for (size_t i = 0; i < sizeof special4 / sizeof *special4; i++) {
        uint32_t mask = ~UINT32_C(0) << (32 - special4[i].bits);
        if ((ip & mask) == special4[i].base)
            return special4[i].kind;
    }
    return ADDRESS_PUBLIC;
}

static uint32_t read4(const uint8_t *bytes)
{
    return IP4(bytes[0], bytes[1], bytes[2], bytes[3]);
}

static bool has_prefix(const uint8_t *ip, const char *prefix, size_t bytes)
{
    return memcmp(ip, prefix, bytes) == 0;
}

static address_kind classify6(const uint8_t ip[16])
{
    static const uint8_t zero[12];
    if (memcmp(ip, zero, 12) == 0) {
        uint32_t low = read4(ip + 12);
        if (low == 0)
            return ADDRESS_UNSPECIFIED;
        return low == 1 ? ADDRESS_LOOPBACK : classify4(low); /* ::1, or IPv4-compatible */
    }
    if (memcmp(ip, zero, 10) == 0 && ip[10] == 0xff && ip[11] == 0xff)
        return classify4(read4(ip + 12)); /* IPv4-mapped */
    if (memcmp(ip, zero, 8) == 0 && has_prefix(ip + 8, "\xff\xff\0\0", 4))
        return classify4(read4(ip + 12));      /* IPv4-translated, ::ffff:0:0/96 */
    if (has_prefix(ip, "\0\x64\xff\x9b", 4)) { /* NAT64 */
        if (memcmp(ip + 4, zero, 8) == 0)
            return classify4(read4(ip + 12));
        return ADDRESS_PRIVATE; /* 64:ff9b:1::/48, local-use translation */
    }
    if (has_prefix(ip, "\x20\x02", 2)) /* 6to4 */
        return classify4(read4(ip + 2));
    if ((ip[0] & 0xfe) == 0xfc)
        return ADDRESS_PRIVATE;
    if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80)
        return ADDRESS_LINK_LOCAL;
    if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0xc0)
        return ADDRESS_PRIVATE; /* fec0::/10, the former site-local */
    if (ip[0] == 0xff)
        return ADDRESS_MULTICAST;
    if (has_prefix(ip, "\x20\x01\x0d\xb8", 4) || has_prefix(ip, "\x3f\xff", 2))
        return ADDRESS_RESERVED; /* documentation */
    if (has_prefix(ip, "\x20\x01", 2) && (ip[2] & 0xfe) == 0)
        return ADDRESS_RESERVED; /* 2001::/23: Teredo, ORCHID, benchmarks */
    /* Global unicast is 2000::/3; nothing else is given out. */
    return (ip[0] & 0xe0) == 0x20 ? ADDRESS_PUBLIC : ADDRESS_RESERVED;
}

address_kind address_classify(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return classify4(ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr));
    if (address->sa_family == AF_INET6)
        return classify6(((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr);
    return ADDRESS_RESERVED;
}

bool address_classify_text(const char *text, address_kind *kind)
{
    struct in_addr four;
    if (inet_pton(AF_INET, text, &four) == 1) {
        *kind = classify4(ntohl(four.s_addr));
        return true;
    }
    char bare[INET6_ADDRSTRLEN];
    size_t len = strcspn(text, "%"); /* a scope id does not change the kind */
    if (len >= sizeof bare)
        return false;
    memcpy(bare, text, len);
    bare[len] = 0;
    struct in6_addr six;
    if (inet_pton(AF_INET6, bare, &six) != 1)
        return false;
    *kind = classify6(six.s6_addr);
    return true;
}

const char *address_kind_word(address_kind kind)
{
    switch (kind) {
    case ADDRESS_PUBLIC: return "a public";
    case ADDRESS_LOOPBACK: return "a loopback";
    case ADDRESS_PRIVATE: return "a private";
    case ADDRESS_LINK_LOCAL: return "a link-local";
    case ADDRESS_SHARED: return "a shared (carrier-grade NAT)";
    case ADDRESS_UNSPECIFIED: return "an unspecified";
    case ADDRESS_MULTICAST: return "a multicast";
    case ADDRESS_RESERVED: break;
    }
    return "a reserved";
}

void address_format(const struct sockaddr *address, char out[ADDRESS_TEXT_SIZE])
{
    char ip[INET6_ADDRSTRLEN] = "?";
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &in->sin_addr, ip, sizeof ip);
        snprintf(out, ADDRESS_TEXT_SIZE, "%s:%u", ip, ntohs(in->sin_port));
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)address;
        inet_ntop(AF_INET6, &in->sin6_addr, ip, sizeof ip);
        snprintf(out, ADDRESS_TEXT_SIZE, "[%s]:%u", ip, ntohs(in->sin6_port));
    } else {
        snprintf(out, ADDRESS_TEXT_SIZE, "?");
    }
}
