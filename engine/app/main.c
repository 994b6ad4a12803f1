/*
 * main.c: the process's role is chosen by its first argument; see DESIGN 1.
 *
 *   nano-sre VERB …           main: stdlib module cli.main
 *   nano-sre --role=worker    a worker; started by main only, over a socketpair (role_worker.c)
 *   nano-sre --role=test F…   the project's own Lua tests, in a trusted state (test.main)
 *   nano-sre --role=bench F…  the project's own benches, likewise (test.bench)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/role_worker.h"
#include "app/stdlib_files.h"
#include "base/buf.h"
#include "base/log.h"
#include "bind/driver.h"
#include "io/browser.h"
#include "io/http.h"
#include "io/lws_glue.h"
#include "io/loop.h"
#include "io/process.h"
#include "io/worker.h"
#include "script/loader.h"

enum { EXIT_ENGINE = 3 };

typedef struct outcome {
    int code;
} outcome;

static void on_finish(void *owner, script_end how, const char *text)
{
    outcome *o = owner;
    if (how == SCRIPT_OK) {
        o->code = atoi(text);
    } else {
        fprintf(stderr, "nano-sre: internal error, please report it: %s\n", text);
        o->code = EXIT_ENGINE;
    }
    loop_stop();
}

static void append_arguments(buf *json, int argc, char **argv)
{
    buf_append_char(json, '[');
    for (int i = 0; i < argc; i++) {
        if (i)
            buf_append_char(json, ',');
        buf_append_json(json, argv[i], strlen(argv[i]));
    }
    buf_append_char(json, ']');
}

static int run_role(const char *name, const char *module, int argc, char **argv)
{
    outcome o = {.code = EXIT_ENGINE};
    loop_init();
    driver *d = driver_create(
        &(driver_config){.name = name, .trusted = true, .on_finish = on_finish, .owner = &o});
    if (d) {
        buf json;
        buf_init(&json);
        append_arguments(&json, argc, argv);
        script_start(driver_script(d), module, json.data, json.len);
        buf_finish(&json);
        loop_run();
        driver_destroy(d);
    }
    lws_glue_finish();
    browser_finish();
    http_finish();
    process_finish(NS_PER_SEC);
    worker_finish();
    loop_finish();
    return o.code;
}

int main(int argc, char **argv)
{
    loader_set_files(stdlib_files, stdlib_file_count);
    const char *role = argc > 1 && strncmp(argv[1], "--role=", 7) == 0 ? argv[1] + 7 : NULL;
    if (!role)
        return run_role("main", "cli.main", argc - 1, argv + 1);
    if (strcmp(role, "worker") == 0) {
        role_worker_enter();
        return run_role("worker", "worker.main", 0, argv);
    }
    if (strcmp(role, "test") == 0)
        return run_role("test", "test.main", argc - 2, argv + 2);
    if (strcmp(role, "bench") == 0)
        return run_role("bench", "test.bench", argc - 2, argv + 2);
    fprintf(stderr, "nano-sre: there is no role \"%s\"\n", role);
    return 2;
}
