/* browser_command.c: see browser_command.h. */
#include "io/browser_command.h"

#include <stdarg.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

enum {
    SHM_ENOUGH =
        512 * 1024 *
        1024, /* /dev/shm below this: Chromium crashes on large pages (Docker gives 64 MB) */
    TMP_PATH_MAX = 60, /* a socket's path has 108 bytes, Chromium appends up to 45 to its TMPDIR */
};

static const char *const shells[] = {"chromium-headless-shell", "chrome-headless-shell",
                                     "headless_shell", NULL};
static const char *const chromiums[] = {"chromium", "chromium-browser", "google-chrome-stable",
                                        "google-chrome", NULL};

/* Debian's /usr/bin/chromium-headless-shell is a shell script that stays as the browser's parent:
 * the kernel's signal at our death would reach the script alone. Debian keeps the programs of both
 * packages here. */
static const char debian_dir[] = "/usr/lib/chromium";

static const char *const switches[] = {
    "--remote-debugging-pipe",
    /* nothing of its own accord */
    "--no-first-run",
    "--no-default-browser-check",
    "--no-service-autorun",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-field-trial-config",
    "--disable-search-engine-choice-screen",
    "--disable-sync",
    "--metrics-recording-only",
    "--password-store=basic",
    /* a page in the background behaves as one in front */
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-hang-monitor",
    "--disable-ipc-flooding-protection",
    "--disable-popup-blocking",
    "--disable-prompt-on-repost",
    /* the same picture and timing everywhere */
    "--disable-gpu",
    "--disable-quic",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--mute-audio",
};

/* Only the last --disable-features counts, so all of them are in one. The WebUI ones are parts of
 * the full Chromium's toolbar, each of which would run a renderer. */
static const char features_off[] =
    "AcceptCHFrame,DestroyProfileOnBrowserClose,HttpsUpgrades,IsolateSandboxedIframes,MediaRouter,"
    "OptimizationHints,ProcessPerSiteUpToMainFrameThreshold,Translate,WebUIOmniboxAimPopup,"
    "WebUIOmniboxPopup,WebUIReloadButton";

/* What a caller may not pass: it is ours. */
static const char *const reserved[] = {"--user-data-dir", "--remote-debugging-", "--disk-cache-dir",
                                       NULL};

static bool is_program(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Looks for name in dir; true with the path in out. */
static bool in_dir(const char *dir, size_t len, const char *name, buf *out)
{
    out->len = 0;
    buf_append(out, dir, len);
    buf_append_char(out, '/');
    buf_append_str(out, name);
    return len && is_program(buf_cstr(out));
}

/* The program behind a path that the user gave, or that PATH has. */
static void see_through_wrapper(buf *path)
{
    char real[PATH_MAX];
    buf inner = {0};
    if (!realpath(buf_cstr(path), real))
        return;
    const char *name = strrchr(real, '/') + 1;
    if (!strncmp(real, "/usr/bin/", 9) && in_dir(debian_dir, sizeof debian_dir - 1, name, &inner)) {
        path->len = 0;
        buf_append(path, inner.data, inner.len);
    }
    buf_finish(&inner);
}

/* PATH comes first: a wrapper in it, such as that of the Docker image, is there to be used. */
static bool find_name(const char *name, buf *out)
{
    const char *at = getenv("PATH");
    if (!at)
        at = "/usr/local/bin:/usr/bin:/bin";
    for (;; at++) {
        size_t len = strcspn(at, ":");
        if (in_dir(at, len, name, out)) {
            see_through_wrapper(out);
            return true;
        }
        at += len;
        if (!*at)
            return in_dir(debian_dir, sizeof debian_dir - 1, name, out);
    }
}

static bool find_given(const char *given, buf *path, err *e)
{
    if (!strchr(given, '/')) {
        if (find_name(given, path))
            return true;
        return err_set(e, "not-found", "no browser \"%s\" in PATH", given);
    }
    buf_append_str(path, given);
    if (access(given, F_OK) < 0)
        return err_set(e, "not-found", "there is no browser at %s", given);
    if (!is_program(given))
        return err_set(e, "permission", "the browser %s is no file that can be executed", given);
    see_through_wrapper(path);
    return true;
}

static bool find_kind(const browser_config *config, buf *path, err *e)
{
    bool full = config->kind == BROWSER_CHROMIUM || config->headed;
    const char *const *lists[] = {full ? chromiums : shells, full ? NULL : chromiums};
    for (size_t i = 0; i < 2 && lists[i]; i++) {
        for (const char *const *name = lists[i]; *name; name++) {
            if (find_name(*name, path))
                return true;
        }
    }
    return err_set(
        e, "not-found",
        "no browser is installed: looked for %schromium and google-chrome in %s and PATH. "
        "On Debian: apt install %s; elsewhere give the path of a Chromium",
        full ? "" : "chromium-headless-shell, ", debian_dir,
        full ? "chromium" : "chromium-headless-shell");
}

bool browser_find(const browser_config *config, char **path, err *e)
{
    buf found = {0};
    if (config->headed && config->kind == BROWSER_SHELL)
        return err_set(e, "invalid",
                       "chromium-headless-shell cannot show a window: choose chromium for that");
    if (config->path ? find_given(config->path, &found, e) : find_kind(config, &found, e)) {
        *path = buf_take(&found, NULL);
        return true;
    }
    buf_finish(&found);
    return false;
}

/* A growing NULL-terminated array of strings. */
typedef struct strings {
    char **items;
    size_t count;
} strings;

static void add(strings *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(strings *s, const char *format, ...)
{
    buf text = {0};
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    char *at = buf_reserve(&text, (size_t)n + 1);
    va_start(ap, format);
    vsnprintf(at, (size_t)n + 1, format, ap);
    va_end(ap);
    s->items = mem_resize(s->items, (s->count + 2) * sizeof *s->items);
    s->items[s->count++] = text.data;
    s->items[s->count] = NULL;
}

static void free_strings(char **items)
{
    for (char **s = items; s && *s; s++)
        free(*s);
    free(items);
}

static bool check_extra(const char *arg, err *e)
{
    if (strncmp(arg, "--", 2) != 0 || !arg[2])
        return err_set(e, "invalid", "\"%s\" is no argument for a browser: they begin with --",
                       arg);
    for (const char *const *r = reserved; *r; r++) {
        if (!strncmp(arg, *r, strlen(*r)))
            return err_set(e, "invalid", "the browser's argument %s is set by nano-sre itself",
                           arg);
    }
    return true;
}

/* The caller's arguments, its --disable-features joined with ours. */
static bool add_extra(strings *argv, const browser_config *config, err *e)
{
    static const char disable[] = "--disable-features=";
    buf off = {0};
    buf_append_str(&off, features_off);
    for (size_t i = 0; i < config->arg_count; i++) {
        const char *arg = config->args[i];
        if (!check_extra(arg, e)) {
            buf_finish(&off);
            return false;
        }
        if (!strncmp(arg, disable, sizeof disable - 1))
            buf_printf(&off, ",%s", arg + sizeof disable - 1);
        else
            add(argv, "%s", arg);
    }
    add(argv, "%s%s", disable, buf_cstr(&off));
    buf_finish(&off);
    return true;
}

static bool is_shell(const char *path)
{
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    return strstr(name, "headless-shell") || strstr(name, "headless_shell");
}

static bool shm_is_small(void)
{
    struct statvfs st;
    return statvfs("/dev/shm", &st) < 0 ||
           (unsigned long long)st.f_bavail * st.f_frsize < SHM_ENOUGH;
}

static char **make_env(const char *dir)
{
    strings env = {0};
    bool own_tmp = strlen(dir) + sizeof "/tmp" <= TMP_PATH_MAX;
    for (char **var = environ; *var; var++) {
        if (!own_tmp || strncmp(*var, "TMPDIR=", 7) != 0)
            add(&env, "%s", *var);
    }
    if (own_tmp)
        add(&env, "TMPDIR=%s/tmp", dir);
    return env.items;
}

bool browser_command_make(browser_command *c, const browser_config *config, const char *dir, err *e)
{
    strings argv = {0};
    if (!browser_find(config, &c->path, e))
        return false;
    add(&argv, "%s", c->path);
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        add(&argv, "%s", switches[i]);
    add(&argv, "--user-data-dir=%s/profile", dir);
    if (!is_shell(c->path)) {
        add(&argv, "--no-startup-window"); /* its first window would cost a renderer */
        if (!config->headed)
            add(&argv, "--headless=new");
    }
    if (geteuid() == 0)
        add(&argv, "--no-sandbox"); /* Chromium refuses to start as root otherwise */
    if (shm_is_small())
        add(&argv, "--disable-dev-shm-usage");
    if (!add_extra(&argv, config, e)) {
        free_strings(argv.items);
        return false;
    }
    c->argv = argv.items;
    c->env = make_env(dir);
    return true;
}

void browser_command_finish(browser_command *c)
{
    free(c->path);
    free_strings(c->argv);
    free_strings(c->env);
    memset(c, 0, sizeof *c);
}
