/* err.c: see err.h. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool err_set(err *e, const char *code, const char *format, ...)
{
    if (!e)
        return false;
    snprintf(e->code, sizeof e->code, "%s", code);
    va_list ap;
    va_start(ap, format);
    vsnprintf(e->text, sizeof e->text, format, ap);
    va_end(ap);
    return false;
}

static const char *code_of(int errnum)
{
    switch (errnum) {
    case ENOENT: return "not-found";
    case EEXIST: return "exists";
    case EACCES:
    case EPERM: return "permission";
    case ENOSPC:
    case EDQUOT: return "full";
    case EROFS: return "readonly";
    case ECONNREFUSED: return "refused";
    case ETIMEDOUT: return "timeout";
    case EPIPE:
    case ECONNRESET: return "closed";
    case EINVAL: return "invalid";
    case EBUSY: return "busy";
    default: return "io";
    }
}

bool err_set_errno(err *e, int errnum, const char *format, ...)
{
    if (!e)
        return false;
    char what[400];
    va_list ap;
    va_start(ap, format);
    vsnprintf(what, sizeof what, format, ap);
    va_end(ap);
    return err_set(e, code_of(errnum), "%s: %s", what, strerror(errnum));
}
