/* log.c: see log.h. A line is formatted on the stack and written at once, so threads do not mix
 * lines. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { LINE_MAX_BYTES = 4096 };

static log_level threshold = LOG_LEVEL_WARN;

void log_set_level(log_level level)
{
    threshold = level;
}

log_level log_get_level(void)
{
    return threshold;
}

void log_event(log_level level, const char *event, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if (level < threshold || level >= LOG_LEVEL_OFF)
        return;
    char line[LINE_MAX_BYTES], stamp[32];
    int64_t ms = clock_wall_ms();
    time_t sec = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&sec, &tm);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
    int n = snprintf(line, sizeof line, "ts=%s.%03dZ level=%s event=%s", stamp, (int)(ms % 1000),
                     names[level], event);
    if (format && n < (int)sizeof line - 2) {
        line[n++] = ' ';
        va_list ap;
        va_start(ap, format);
        n += vsnprintf(line + n, sizeof line - (size_t)n, format, ap);
        va_end(ap);
    }
    if (n > (int)sizeof line - 2)
        n = (int)sizeof line - 2;
    line[n++] = '\n';
    /* Nothing sensible can be done when stderr is gone. */
    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        return;
}
