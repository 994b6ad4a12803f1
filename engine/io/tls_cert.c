/* tls_cert.c: see tls_cert.h. */
#include "io/tls_cert.h"

#include <string.h>

#include "io/codec.h"
#include "io/crypto_load.h"

enum { DAY = 24 * 60 * 60, NAME_MAX_BYTES = 253 };

/* A name goes into a list with commas: nothing else than a host's letters may be in it. */
static bool is_name(const char *name)
{
    size_t len = strlen(name);
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*";
    return len > 0 && len <= NAME_MAX_BYTES && strspn(name, letters) == len;
}

static bool add_extension(X509 *x, int nid, const char *value)
{
    const crypto_api *c = crypto();
    X509V3_CTX ctx;
    ctx.db = NULL;
    c->X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *extension = c->X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    if (!extension)
        return false;
    bool ok = c->X509_add_ext(x, extension, -1) == 1;
    c->X509_EXTENSION_free(extension);
    return ok;
}

static bool add_names(X509 *x, const char *const *names, size_t count)
{
    buf list = {0};
    for (size_t i = 0; i < count; i++) {
        buf_append_str(&list, i ? ",DNS:" : "DNS:");
        buf_append_str(&list, names[i]);
    }
    bool ok = add_extension(x, NID_subject_alt_name, buf_cstr(&list));
    buf_finish(&list);
    return ok;
}

static bool set_serial(X509 *x)
{
    const crypto_api *c = crypto();
    unsigned char bytes[16];
    if (c->RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] &= 0x7f; /* a serial number is positive */
    BIGNUM *number = c->BN_bin2bn(bytes, sizeof bytes, NULL);
    bool ok = number && c->BN_to_ASN1_INTEGER(number, c->X509_get_serialNumber(x));
    c->BN_free(number);
    return ok;
}

static bool fill(X509 *x, EVP_PKEY *key, const char *const *names, size_t count, int days)
{
    const crypto_api *c = crypto();
    X509_NAME *subject = c->X509_get_subject_name(x);
    return c->X509_set_version(x, 2) && set_serial(x) &&
           c->X509_gmtime_adj(c->X509_getm_notBefore(x), -DAY) &&
           c->X509_time_adj_ex(c->X509_getm_notAfter(x), days, 0, NULL) &&
           c->X509_set_pubkey(x, key) &&
           c->X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                         (const unsigned char *)"nano-sre stand-in", -1, -1, 0) &&
           c->X509_set_issuer_name(x, subject) &&
           add_extension(x, NID_basic_constraints, "critical,CA:FALSE") &&
           add_names(x, names, count) && c->X509_sign(x, key, c->EVP_sha256());
}

static bool take(BIO *bio, buf *out)
{
    char *data = NULL;
    long len = crypto()->BIO_ctrl(bio, BIO_CTRL_INFO, 0, &data);
    if (len <= 0)
        return false;
    buf_append(out, data, (size_t)len);
    return true;
}

static bool write_pem(X509 *x, EVP_PKEY *key, tls_cert *out)
{
    const crypto_api *c = crypto();
    BIO *cert = c->BIO_new(c->BIO_s_mem()), *secret = c->BIO_new(c->BIO_s_mem());
    bool ok = cert && secret && c->PEM_write_bio_X509(cert, x) &&
              c->PEM_write_bio_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) &&
              take(cert, &out->cert) && take(secret, &out->key);
    c->BIO_free(cert);
    c->BIO_free(secret);
    return ok;
}

static bool write_spki(EVP_PKEY *key, buf *out)
{
    const crypto_api *c = crypto();
    unsigned char *der = NULL, digest[CODEC_SHA256_SIZE];
    int len = c->i2d_PUBKEY(key, &der);
    if (len <= 0)
        return false;
    codec_sha256(der, (size_t)len, digest);
    c->CRYPTO_free(der, __FILE__, __LINE__);
    codec_base64(out, digest, sizeof digest);
    return true;
}

bool tls_cert_make(const char *const *names, size_t count, int days, tls_cert *out, err *e)
{
    const crypto_api *c = crypto();
    if (!count)
        return err_set(e, "tls", "a certificate needs a name");
    for (size_t i = 0; i < count; i++) {
        if (!is_name(names[i]))
            return err_set(e, "tls", "\"%s\" is no host name", names[i]);
    }
    EVP_PKEY *key = c->EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509 *x = key ? c->X509_new() : NULL;
    bool ok = x && fill(x, key, names, count, days) && write_pem(x, key, out) &&
              write_spki(key, &out->spki);
    c->X509_free(x);
    c->EVP_PKEY_free(key);
    if (ok)
        return true;
    tls_cert_finish(out);
    return err_set(e, "tls", "OpenSSL could not make a certificate");
}

void tls_cert_finish(tls_cert *cert)
{
    if (cert->key.data)
        crypto()->OPENSSL_cleanse(cert->key.data, cert->key.len);
    buf_finish(&cert->cert);
    buf_finish(&cert->key);
    buf_finish(&cert->spki);
}
