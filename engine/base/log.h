/*
 * The engine's log: one logfmt line an event on stderr, `ts=… level=… event=… key=value…`. Never a
 * secret: callers pass no header values, bodies or option values. Level "warn" unless log_set_level
 * was called.
 */
#ifndef NANO_BASE_LOG_H
#define NANO_BASE_LOG_H

typedef enum {
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARN,
    LOG_LEVEL_ERROR,
    LOG_LEVEL_OFF
} log_level;

void log_set_level(log_level level);
log_level log_get_level(void);
/* event is a dotted name ("browser.exit"); format gives ` key=value` pairs, NULL for none.
 * Quote text values yourself: log_warn("http.retry", "url=\"%s\"", url). Thread-safe. */
void log_event(log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_debug(event, ...) log_event(LOG_LEVEL_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) log_event(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) log_event(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_event(LOG_LEVEL_ERROR, event, __VA_ARGS__)

#endif
