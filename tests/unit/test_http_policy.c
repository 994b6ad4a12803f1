/* What a script may reach: addresses, hosts, redirects, proxies, reused connections; and cookies,
 * which follow the same hops. */
#include "io/address.h"
#include "io/address_lookup.h"
#include "io/http_proxy.h"
#include "test_http_client.h"
#include "test_http_server.h"

#include <netdb.h>

static test_server server, other;

static const char *on(const test_server *s, const char *host, const char *path)
{
    static char urls[4][4096];
    static int next;
    char *url = urls[next++ % 4];
    snprintf(url, sizeof urls[0], "http://%s:%d%s", host, s->port, path);
    return url;
}

static http_options get(const char *url)
{
    http_options o = http_options_default;
    o.url = url;
    return o;
}

static void addresses_are_classified(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        address_kind kind;
    } all[] = {
        {"8.8.8.8", ADDRESS_PUBLIC},
        {"23.227.38.65", ADDRESS_PUBLIC},
        {"9.255.255.255", ADDRESS_PUBLIC},
        {"11.0.0.0", ADDRESS_PUBLIC},
        {"100.63.255.255", ADDRESS_PUBLIC},
        {"100.128.0.0", ADDRESS_PUBLIC},
        {"172.15.255.255", ADDRESS_PUBLIC},
        {"172.32.0.0", ADDRESS_PUBLIC},
        {"192.167.255.255", ADDRESS_PUBLIC},
        {"223.255.255.255", ADDRESS_PUBLIC},
        {"0.0.0.0", ADDRESS_UNSPECIFIED},
        {"0.1.2.3", ADDRESS_UNSPECIFIED},
        {"10.0.0.1", ADDRESS_PRIVATE},
        {"10.255.255.255", ADDRESS_PRIVATE},
        {"172.16.0.1", ADDRESS_PRIVATE},
        {"172.31.255.255", ADDRESS_PRIVATE},
        {"192.168.1.1", ADDRESS_PRIVATE},
        {"127.0.0.1", ADDRESS_LOOPBACK},
        {"127.255.0.9", ADDRESS_LOOPBACK},
        {"169.254.169.254", ADDRESS_LINK_LOCAL},
        {"100.64.0.1", ADDRESS_SHARED},
        {"100.127.255.255", ADDRESS_SHARED},
        {"224.0.0.1", ADDRESS_MULTICAST},
        {"239.1.1.1", ADDRESS_MULTICAST},
        {"240.0.0.1", ADDRESS_RESERVED},
        {"255.255.255.255", ADDRESS_RESERVED},
        {"198.18.0.1", ADDRESS_RESERVED},
        {"192.0.2.1", ADDRESS_RESERVED},
        {"2606:4700::1", ADDRESS_PUBLIC},
        {"2620:127:f00f:e::", ADDRESS_PUBLIC},
        {"::", ADDRESS_UNSPECIFIED},
        {"::1", ADDRESS_LOOPBACK},
        {"fc00::1", ADDRESS_PRIVATE},
        {"fdff::1", ADDRESS_PRIVATE},
        {"fe80::1", ADDRESS_LINK_LOCAL},
        {"fe80::1%2", ADDRESS_LINK_LOCAL},
        {"febf::1", ADDRESS_LINK_LOCAL},
        {"fec0::1", ADDRESS_PRIVATE},
        {"ff02::1", ADDRESS_MULTICAST},
        {"::ffff:127.0.0.1", ADDRESS_LOOPBACK},
        {"::ffff:10.1.2.3", ADDRESS_PRIVATE},
        {"::ffff:8.8.8.8", ADDRESS_PUBLIC},
        {"::127.0.0.1", ADDRESS_LOOPBACK},
        {"::ffff:0:192.168.0.1", ADDRESS_PRIVATE},
        {"64:ff9b::127.0.0.1", ADDRESS_LOOPBACK},
        {"64:ff9b::10.0.0.1", ADDRESS_PRIVATE},
        {"64:ff9b::8.8.8.8", ADDRESS_PUBLIC},
        {"64:ff9b:1::8.8.8.8", ADDRESS_PRIVATE},
        {"2002:7f00:1::", ADDRESS_LOOPBACK},
        {"2002:a9fe:a9fe::", ADDRESS_LINK_LOCAL},
        {"2001:0:4136:e378::", ADDRESS_RESERVED},
        {"2001:db8::1", ADDRESS_RESERVED},
        {"100::1", ADDRESS_RESERVED},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        address_kind kind = ADDRESS_PUBLIC;
        if (!address_classify_text(all[i].text, &kind) || kind != all[i].kind)
            fail_msg("%s is %s address", all[i].text, address_kind_word(kind));
    }
    address_kind kind;
    static const char *const none[] = {"", "localhost", "1.2.3", "1.2.3.4.5", "[::1]", "::g", "%1"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(address_classify_text(none[i], &kind));
}

static void hosts_are_matched(void **state)
{
    (void)state;
    static const char *const hosts[] = {"api.example.com", "*.cdn.example", "only.example:8443",
                                        "[2606:4700::1]:443"};
    http_policy *p = http_policy_create(&(http_policy_config){
        .store_host = "www.shop.example", .store_port = 443, .hosts = hosts, .host_count = 4});
    static const struct {
        const char *host;
        int port;
        bool granted;
    } all[] = {
        {"api.example.com", 443, true},
        {"API.Example.COM", 80, true},
        {"api.example.com.", 443, true},
        {"xapi.example.com", 443, false},
        {"example.com", 443, false},
        {"api.example.com.evil.net", 443, false},
        {"a.cdn.example", 443, true},
        {"a.b.cdn.example", 80, true},
        {"cdn.example", 443, false},
        {"evilcdn.example", 443, false},
        {".cdn.example", 443, false},
        {"only.example", 8443, true},
        {"only.example", 443, false},
        {"www.shop.example", 443, true},
        {"shop.example", 443, true},
        {"admin.shop.example", 443, false},
        {"2606:4700::1", 443, true},
        {"2606:4700::1", 80, false},
        {"", 443, false},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        err e = {0};
        if (http_policy_allows_host(p, all[i].host, all[i].port, &e) != all[i].granted)
            fail_msg("%s:%d", all[i].host, all[i].port);
        assert_string_equal(e.code, all[i].granted ? "" : "denied");
    }
    assert_true(http_policy_is_store(p, "WWW.shop.example", 80));
    assert_false(http_policy_is_store(p, "shop.example", 443));
    assert_false(http_policy_is_store(p, "www.shop.example", 8443));
    http_policy_unref(p);
    assert_true(http_policy_allows_host(NULL, "anything", 1, NULL));
}

static http_policy *strict(const char *store, int port)
{
    return http_policy_create(&(http_policy_config){.store_host = store, .store_port = port});
}

static void private_addresses_are_refused(void **state)
{
    (void)state;
    static const char *const spellings[] = {
        "127.0.0.1",  "localhost",      "LOCALHOST",          "127.1",
        "2130706433", "0x7f.0.0.1",     "0177.0.0.1",         "0.0.0.0",
        "0",          "[::1]",          "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
        "[::]",       "user@127.0.0.1", "127.0.0.1.",         "%31%32%37.0.0.1",
    };
    http_policy *p = strict(NULL, 0);
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        test_fetch f;
        http_options o = get(on(&server, spellings[i], "/hello"));
        o.policy = p;
        int before = server_connections(&server);
        fetch_run(&f, &o);
        err e = f.request ? fetch_answer(&f)->error : f.e;
        if (f.request && http_get_state(f.request) != HTTP_FAILED)
            fail_msg("%s was reached", o.url);
        fetch_done(&f);
        /* Not every spelling is an address to the resolver; none may reach the server. */
        if (strncmp(e.code, "dns", 3) != 0 && strcmp(e.code, "invalid") != 0)
            assert_string_equal(e.code, "private-address");
        assert_int_equal(server_connections(&server), before);
    }
    http_options o = get("http://10.9.8.7/");
    o.policy = p;
    FAILS(&o, "private-address", "10.9.8.7", "a private address", "allow_private");
    o.url = "http://169.254.169.254/latest/meta-data/";
    FAILS(&o, "private-address", "a link-local address");
    /* A public name that leads to a private address, which is what DNS rebinding comes down to. */
    char target[32];
    snprintf(target, sizeof target, "localhost:%d", server.port);
    o.url = "http://public.example/hello";
    o.connect_to = target;
    FAILS(&o, "private-address", "a loopback address");
    http_policy_unref(p);
}

static void the_store_may_be_private(void **state)
{
    (void)state;
    test_fetch f;
    http_policy *p = strict("127.0.0.1", server.port);
    http_options o = get(on(&server, "127.0.0.1", "/hello"));
    o.policy = p;
    fetch_good(&f, &o);
    fetch_done(&f);
    o.url = on(&other, "127.0.0.1", "/hello"); /* the same host, another port */
    FAILS(&o, "private-address", "loopback");
    http_policy_unref(p);
    o.policy = http_policy_create(&(http_policy_config){.allow_private = true});
    fetch_good(&f, &o);
    fetch_done(&f);
    http_policy_unref(o.policy);
}

/* A look at another of the shop's addresses: its own name alone goes there, wherever it leads. */
static void the_store_is_looked_for_at_its_address(void **state)
{
    (void)state;
    test_fetch f;
    http_policy *p = http_policy_create(&(http_policy_config){.store_host = "shop.invalid",
                                                              .store_port = server.port,
                                                              .store_address = "127.0.0.1"});
    http_options o = get(on(&server, "shop.invalid", "/hello"));
    o.policy = p;
    const http_answer *a = fetch_good(&f, &o);
    assert_string_equal(a->remote_ip, "127.0.0.1");
    assert_int_equal(a->status, 200);
    fetch_done(&f);
    char path[200];
    snprintf(path, sizeof path, "/to/302/%s", on(&server, "shop.invalid", "/hello"));
    o.url = on(&server, "shop.invalid", path); /* a redirect within the store goes there, too */
    fetch_good(&f, &o);
    fetch_done(&f);
    o.url = on(&other, "shop.invalid", "/hello"); /* another port is not the store */
    fetch_run(&f, &o);
    assert_int_equal(http_get_state(f.request), HTTP_FAILED);
    fetch_done(&f);
    http_policy *narrow = http_policy_narrow(p, NULL, 0);
    assert_string_equal(http_policy_address(narrow, "SHOP.invalid", server.port), "127.0.0.1");
    assert_null(http_policy_address(narrow, "127.0.0.1", server.port));
    http_policy_unref(narrow);
    http_policy_unref(p);
}

static void redirects_are_judged_too(void **state)
{
    (void)state;
    char path[200];
    http_policy *p = strict("127.0.0.1", server.port);
    snprintf(path, sizeof path, "/to/302/%s", on(&other, "127.0.0.1", "/hello"));
    http_options o = get(on(&server, "127.0.0.1", path));
    o.policy = p;
    int before = server_connections(&other);
    FAILS(&o, "private-address", "a loopback address");
    o.url = on(&server, "127.0.0.1", "/to/302/http://169.254.169.254/");
    FAILS(&o, "private-address", "169.254.169.254");
    http_policy_unref(p);
    const char *const none[] = {"api.example"};
    o.policy = http_policy_create(&(http_policy_config){
        .store_host = "127.0.0.1", .store_port = server.port, .hosts = none, .host_count = 1});
    o.url = on(&server, "127.0.0.1", "/to/302/http://elsewhere.example/");
    FAILS(&o, "denied", "redirects where it must not", "elsewhere.example", "manifest");
    http_policy_unref(o.policy);
    o.policy = NULL;
    o.url = on(&server, "127.0.0.1", "/to/302/file:///etc/passwd");
    FAILS(&o, "denied", "redirects where it must not", "file:///etc/passwd");
    o.url = on(&server, "127.0.0.1", "/to/302/gopher://127.0.0.1/");
    FAILS(&o, "denied", "gopher");
    o.url = on(&server, "127.0.0.1", "/to/302/http://a:b:c/");
    FAILS(&o, "protocol", "not a URL");
    assert_int_equal(server_connections(&other), before);
}

/* An open connection is no way around the policy of the next script. */
static void kept_connections_are_judged(void **state)
{
    (void)state;
    test_fetch f;
    http_options o = get(on(&server, "127.0.0.1", "/hello"));
    fetch_good(&f, &o);
    fetch_done(&f);
    assert_true(fetch_good(&f, &o)->reused);
    fetch_done(&f);
    o.policy = strict(NULL, 0);
    FAILS(&o, "private-address", "loopback");
    http_policy_unref(o.policy);
}

static void redirects_are_followed(void **state)
{
    (void)state;
    test_fetch f;
    static const struct {
        const char *status, *method, *then;
        bool body;
    } all[] = {
        {"301", "GET", "GET", false},  {"302", "POST", "GET", false}, {"303", "POST", "GET", false},
        {"303", "PUT", "GET", false},  {"301", "PUT", "PUT", true},   {"307", "POST", "POST", true},
        {"308", "POST", "POST", true}, {"301", "POST", "GET", false},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char path[64], line[64];
        snprintf(path, sizeof path, "/to/%s//head", all[i].status);
        http_options o = get(on(&server, "127.0.0.1", path));
        o.method = all[i].method;
        o.body = strcmp(o.method, "GET") == 0 ? NULL : "abc";
        o.body_len = 3;
        const http_header type = {"Content-Type", "text/plain"};
        o.headers = &type;
        o.header_count = 1;
        const http_answer *a = fetch_good(&f, &o);
        snprintf(line, sizeof line, "%s /head HTTP/1.1", all[i].then);
        assert_true(body_has(a, line));
        assert_int_equal(body_has(a, "Content-Length: 3"), all[i].body);
        assert_int_equal(body_has(a, "Content-Type"), all[i].body || !o.body);
        assert_int_equal(a->redirect_count, 1);
        assert_int_equal(a->redirects[0].status, atoi(all[i].status));
        assert_string_equal(a->redirects[0].url, o.url);
        assert_string_equal(a->url, on(&server, "127.0.0.1", "/head"));
        fetch_done(&f);
    }
    http_options o = get(on(&server, "127.0.0.1", "/to/302//hello"));
    o.max_redirects = 0;
    const http_answer *a = fetch_good(&f, &o);
    assert_int_equal(a->status, 302);
    assert_true(body_is(a, "elsewhere"));
    fetch_done(&f);
    o = get(on(&server, "127.0.0.1", "/endless-redirect-body"));
    assert_true(body_is(fetch_good(&f, &o), "hello"));
    fetch_done(&f);
    o.method = "HEAD"; /* a redirect of HEAD is one of HEAD */
    o.url = on(&server, "127.0.0.1", "/hello");
    fetch_good(&f, &o);
    fetch_done(&f);
}

static void endless_redirects_show_their_chain(void **state)
{
    (void)state;
    http_options o = get(on(&server, "127.0.0.1", "/loop"));
    FAILS(&o, "redirects", "in a circle", "10 redirects", "/loop → ");
    o.max_redirects = 3;
    o.url = on(&server, "127.0.0.1", "/circle-a");
    FAILS(&o, "redirects", "in a circle", "3 redirects", "/circle-a → ", "/circle-b → ");
    char path[512];
    snprintf(path, sizeof path, "/to/302//to/302//hello");
    o.url = on(&server, "127.0.0.1", path);
    o.max_redirects = 1;
    FAILS(&o, "redirects", "too often", "1 redirects");
}

static void secrets_do_not_follow_to_another_origin(void **state)
{
    (void)state;
    test_fetch f;
    const http_header headers[] = {{"Authorization", "Bearer s3cret"},
                                   {"X-Access-Token", "s3cret"},
                                   {"Cookie", "s3cret=1"},
                                   {"Accept-Language", "de"}};
    char path[300];
    snprintf(path, sizeof path, "/to/307/%s", on(&other, "127.0.0.1", "/head"));
    http_options o = get(on(&server, "name:s3cret@127.0.0.1", path));
    o.headers = headers;
    o.header_count = 4;
    const http_answer *a = fetch_good(&f, &o);
    assert_false(body_has(a, "s3cret"));
    assert_false(body_has(a, "Authorization"));
    assert_true(body_has(a, "Accept-Language: de"));
    assert_null(strstr(a->redirects[0].url, "s3cret"));
    fetch_done(&f);
    o.url = on(&server, "name:s3cret@127.0.0.1", "/to/307//head"); /* but they do on the same one */
    o.headers = headers + 1;
    o.header_count = 3;
    a = fetch_good(&f, &o);
    assert_true(body_has(a, "X-Access-Token: s3cret"));
    assert_true(body_has(a, "Authorization: Basic bmFtZTpzM2NyZXQ="));
    assert_null(strstr(a->url, "s3cret"));
    fetch_done(&f);
}

static void cookies_live_in_their_jar(void **state)
{
    (void)state;
    test_fetch f;
    http_options plain = get(on(&server, "127.0.0.1", "/login"));
    assert_true(body_has(fetch_good(&f, &plain),
                         "Cookie: session=s3")); /* across redirects without any jar */
    fetch_done(&f);
    plain.url = on(&server, "127.0.0.1", "/head");
    assert_false(body_has(fetch_good(&f, &plain), "Cookie:")); /* and gone with the request */
    fetch_done(&f);

    err e;
    http_jar *jar = http_jar_create(&e);
    http_options o = get(on(&server, "127.0.0.1", "/cookie"));
    o.jar = jar;
    fetch_good(&f, &o);
    fetch_done(&f);
    buf lines = {0};
    http_jar_list(jar, &lines);
    assert_non_null(strstr(buf_cstr(&lines), "127.0.0.1\tFALSE\t/\tFALSE\t0\ta\t1\n"));
    assert_true(http_jar_add(jar, "127.0.0.1\tFALSE\t/\tFALSE\t0\tc\t3"));
    assert_false(http_jar_add(jar, "ALL"));
    o.url = on(&server, "127.0.0.1", "/head");
    const http_answer *a = fetch_good(&f, &o);
    assert_true(body_has(a, "a=1") && body_has(a, "b=2") && body_has(a, "c=3"));
    fetch_done(&f);
    plain.url = on(&server, "127.0.0.1", "/head"); /* the same easy handle, without the jar */
    assert_false(body_has(fetch_good(&f, &plain), "Cookie:"));
    fetch_done(&f);
    http_jar_clear(jar);
    assert_false(body_has(fetch_good(&f, &o), "Cookie:"));
    fetch_done(&f);
    http_jar_unref(jar);
    buf_finish(&lines);
}

static void proxies_are_used_only_when_asked(void **state)
{
    (void)state;
    test_fetch f;
    char proxy[64];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", server.port);
    setenv("http_proxy", proxy, 1);
    http_options o = get("http://shop.example/x");
    o.proxy = "env";
    assert_true(body_is(fetch_good(&f, &o), "http://shop.example/x"));
    fetch_done(&f);
    o = get(on(&other, "127.0.0.1", "/hello"));
    assert_true(body_is(fetch_good(&f, &o), "hello")); /* the environment alone does nothing */
    fetch_done(&f);
    setenv("no_proxy", "127.0.0.1", 1);
    o.proxy = "env";
    assert_true(body_is(fetch_good(&f, &o), "hello"));
    fetch_done(&f);
    unsetenv("no_proxy");
    unsetenv("http_proxy");
    o = get("http://shop.example/y");
    o.proxy = proxy;
    assert_true(body_is(fetch_good(&f, &o), "http://shop.example/y"));
    fetch_done(&f);
    o.url = "https://shop.example/"; /* its CONNECT is answered 403 */
    FAILS(&o, "proxy", "the proxy refused", "403");
    o.proxy = "http://127.91.82.73:1";
    FAILS(&o, "proxy",
          "could not connect to 127.91.82.73:1 (proxy for shop.example): connection refused");
}

static void proxies_are_no_way_around_the_policy(void **state)
{
    (void)state;
    test_fetch f;
    char proxy[64];
    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", server.port);
    http_options o = get("http://shop.example/");
    o.policy = strict(NULL, 0);
    o.proxy = proxy; /* a script's own choice of proxy is an address like any other */
    FAILS(&o, "private-address", "a loopback address");
    setenv("http_proxy", proxy, 1);
    o.proxy = "env"; /* the operator's is not */
    fetch_good(&f, &o);
    fetch_done(&f);
    o.url = on(&other, "127.0.0.1",
               "/hello"); /* but it must not be used to reach what is private */
    FAILS(&o, "private-address", "a loopback address");
    setenv("no_proxy", "127.0.0.1",
           1); /* nor does an exemption from the proxy exempt from the policy */
    FAILS(&o, "private-address", "a loopback address");
    unsetenv("no_proxy");
    unsetenv("http_proxy");
    http_policy_unref(o.policy);
    assert_true(http_proxy_exempt("a.example, .b.example c.example:81,::1", "x.b.example", 80));
    assert_true(http_proxy_exempt("a.example", "www.A.example", 80));
    assert_false(http_proxy_exempt("a.example", "aa.example", 80));
    assert_false(http_proxy_exempt("c.example:81", "c.example", 80));
    assert_true(http_proxy_exempt("c.example:81", "c.example", 81));
    assert_true(http_proxy_exempt("x ::1", "::1", 80));
    assert_true(http_proxy_exempt("*", "anything", 80));
    assert_false(http_proxy_exempt("", "anything", 80));
}

typedef struct looked_up {
    size_t count;
    char first[64];
    err e;
    int calls;
} looked_up;

static void on_lookup(void *arg, const char *const *addresses, size_t count, const err *e)
{
    looked_up *l = arg;
    l->calls++;
    l->count = count;
    snprintf(l->first, sizeof l->first, "%s", count ? addresses[0] : "");
    if (e)
        l->e = *e;
    loop_stop();
}

static void names_are_looked_up(void **state)
{
    (void)state;
    looked_up l = {0};
    address_lookup_start("127.0.0.9", on_lookup, &l);
    loop_run();
    assert_int_equal(l.count, 1);
    assert_string_equal(l.first, "127.0.0.9");
    looked_up many[40] = {0};
    for (int i = 0; i < 40; i++) /* more than there are threads */
        address_lookup_start("localhost", on_lookup, &many[i]);
    for (int i = 0; i < 40; i++) {
        while (!many[i].calls)
            loop_run();
        assert_true(many[i].count > 0);
    }
    looked_up silent = {0};
    address_lookup *cancelled[20];
    for (int i = 0; i < 20; i++)
        cancelled[i] = address_lookup_start("localhost", on_lookup, &silent);
    for (int i = 0; i < 20; i++)
        address_lookup_cancel(cancelled[i]);
    l = (looked_up){0};
    address_lookup_start("bad..name", on_lookup, &l);
    while (!l.calls)
        loop_run();
    assert_int_equal(l.count, 0);
    assert_string_equal(l.e.code, "dns");
    assert_int_equal(silent.calls, 0);
    static const struct {
        int eai;
        const char *code;
    } all[] = {{EAI_NONAME, "dns"},
               {EAI_NODATA, "dns"},
               {EAI_AGAIN, "dns-unreachable"},
               {EAI_FAIL, "dns-unreachable"},
               {EAI_SYSTEM, "dns-unreachable"}};
    for (size_t i = 0; i < 5; i++) {
        err e;
        address_lookup_explain(all[i].eai, 5, "shop.example", &e);
        assert_string_equal(e.code, all[i].code);
        assert_non_null(strstr(e.text, "shop.example"));
    }
}

static void names_that_do_not_resolve_are_explained(void **state)
{
    (void)state;
    http_options o = get("http://bad..name/");
    FAILS(&o, "dns", "bad..name");
}

static int open_all(void **state)
{
    static const char *const unset[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
    for (size_t i = 0; i < 7; i++)
        unsetenv(unset[i]);
    http_tests_open(state);
    server_start(&server, NULL);
    server_start(&other, NULL);
    return 0;
}

static int close_all(void **state)
{
    http_tests_close(state);
    server_stop(&server);
    server_stop(&other);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_classified),
        cmocka_unit_test(hosts_are_matched),
        cmocka_unit_test(private_addresses_are_refused),
        cmocka_unit_test(the_store_may_be_private),
        cmocka_unit_test(the_store_is_looked_for_at_its_address),
        cmocka_unit_test(redirects_are_judged_too),
        cmocka_unit_test(kept_connections_are_judged),
        cmocka_unit_test(redirects_are_followed),
        cmocka_unit_test(endless_redirects_show_their_chain),
        cmocka_unit_test(secrets_do_not_follow_to_another_origin),
        cmocka_unit_test(cookies_live_in_their_jar),
        cmocka_unit_test(proxies_are_used_only_when_asked),
        cmocka_unit_test(proxies_are_no_way_around_the_policy),
        cmocka_unit_test(names_are_looked_up),
        cmocka_unit_test(names_that_do_not_resolve_are_explained),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
