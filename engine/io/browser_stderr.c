/* browser_stderr.c: see browser_stderr.h. */
#include "io/browser_stderr.h"

#include <stdio.h>
#include <string.h>

enum { KEPT = 4096, LINES = 4 };

static void keep(browser_stderr *s, const char *data, size_t len)
{
    if (len > KEPT) {
        data += len - KEPT;
        len = KEPT;
    }
    buf_append(&s->text, data, len);
    if (s->text.len > KEPT)
        buf_consume(&s->text, s->text.len - KEPT);
}

static void on_text(void *arg, const char *data, size_t len, const err *why)
{
    browser_stderr *s = arg;
    (void)why;
    keep(s, data, len);
    if (len)
        process_read(s->from, PROCESS_STDERR, on_text, s);
}

void browser_stderr_follow(browser_stderr *s, process *p)
{
    s->from = p;
    process_read(p, PROCESS_STDERR, on_text, s);
}

void browser_stderr_drain(browser_stderr *s, process *p)
{
    char chunk[KEPT];
    size_t n;
    process_read_cancel(p, PROCESS_STDERR);
    while ((n = process_read_now(p, PROCESS_STDERR, chunk, sizeof chunk)))
        keep(s, chunk, n);
}

/* What Chromium says on every machine without a desktop, and what only programmers understand. */
static bool is_noise(const char *line, size_t len)
{
    static const char *const noise[] = {"dbus/", "DevTools listening", "vaInitialize", "gcm/",
                                        "viz_main_impl"};
    for (size_t i = 0; i < sizeof noise / sizeof *noise; i++) {
        if (memmem(line, len, noise[i], strlen(noise[i])))
            return true;
    }
    return len == 0 || *line == '#' || *line == ' ';
}

/* "[12:34:0101/000000.1:FATAL:file.cc(12)] No usable sandbox!" without its bracket. */
static const char *behind_bracket(const char *line, size_t *len)
{
    const char *close = *len && *line == '[' ? memchr(line, ']', *len) : NULL;
    if (!close || (size_t)(close - line) + 2 >= *len)
        return line;
    *len -= (size_t)(close + 2 - line);
    return close + 2;
}

/* A sentence without its end, which is ours. Chromium's own advice on its sandbox is long, and
 * mostly for other systems than this one. */
static void without_advice(const char *line, size_t *len)
{
    const char *advice = memmem(line, *len, " If this is a Debian system", 27);
    if (advice)
        *len = (size_t)(advice - line);
    while (*len && strchr("!. ", line[*len - 1]))
        --*len;
}

void browser_stderr_last(const browser_stderr *s, char *out, size_t size)
{
    const char *lines[LINES];
    size_t lens[LINES], count = 0, at = 0;
    const char *p = s->text.data, *end = p + s->text.len;
    while (s->text.len && p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((newline ? newline : end) - p);
        if (!is_noise(p, len)) {
            lens[count % LINES] = len;
            lines[count % LINES] = behind_bracket(p, &lens[count % LINES]);
            without_advice(lines[count % LINES], &lens[count % LINES]);
            count++;
        }
        p += len + 1;
    }
    *out = '\0';
    for (size_t i = count > LINES ? count - LINES : 0; i < count && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%.*s", at ? " | " : "", (int)lens[i % LINES],
                               lines[i % LINES]);
}

const char *browser_stderr_hint(const browser_stderr *s)
{
    static const struct {
        const char *sign, *hint;
    } known[] = {
        {"No usable sandbox", ". Allow user namespaces on this machine (docs/ci.md says how), or "
                              "do without the sandbox: "
                              "--browser-arg=--no-sandbox"},
        {"Running as root without --no-sandbox",
         ". Run it as another user, or with --browser-arg=--no-sandbox"},
        {"Missing X server", ". A window needs a display: leave out headed, or use xvfb-run"},
        {"ozone_platform", ". A window needs a display: leave out headed, or use xvfb-run"},
        {"error while loading shared libraries",
         ". A library is missing: install the browser's package with its dependencies"},
        {"No space left on device",
         ". The disk of the temporary folder is full (TMPDIR says where it is)"},
    };
    for (size_t i = 0; s->text.len && i < sizeof known / sizeof *known; i++) {
        if (memmem(s->text.data, s->text.len, known[i].sign, strlen(known[i].sign)))
            return known[i].hint;
    }
    return "";
}

void browser_stderr_finish(browser_stderr *s)
{
    buf_finish(&s->text);
}
