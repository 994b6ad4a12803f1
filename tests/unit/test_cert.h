/*
 * A certificate for localhost and 127.0.0.1, signed by itself, for tests that speak TLS. Group
 * set-up and tear-down of cmocka.
 */
#ifndef NANO_TESTS_CERT_H
#define NANO_TESTS_CERT_H

#include <stdio.h>
#include <stdlib.h>

static char cert_dir[] = "/tmp/nano-test-tls.XXXXXX";
static char cert_file[64], key_file[64];

static int make_certificate(void **state)
{
    (void)state;
    char command[600];
    if (!mkdtemp(cert_dir))
        return -1;
    snprintf(cert_file, sizeof cert_file, "%s/cert.pem", cert_dir);
    snprintf(key_file, sizeof key_file, "%s/key.pem", cert_dir);
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
             "-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 "
             "-keyout %s -out %s 2>/dev/null",
             key_file, cert_file);
    return system(command);
}

static int remove_certificate(void **state)
{
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -r %s", cert_dir);
    return system(command);
}

#endif
