/* io/channel: framing over any chunking, back-pressure in both directions, and every kind of end.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "io/channel.h"
#include "io/loop.h"

typedef struct inbox {
    channel *c;
    size_t count, bytes, want; /* receives again until want messages have come */
    buf last;
    bool ended, destroy_in_callback;
    err why;
} inbox;

static void on_message(void *arg, const char *data, size_t len, const err *why)
{
    inbox *in = arg;
    if (!data) {
        in->ended = true;
        in->why = *why;
        return;
    }
    in->count++;
    in->bytes += len;
    in->last.len = 0;
    buf_append(&in->last, data, len);
    if (in->destroy_in_callback) {
        channel_destroy(in->c);
        in->c = NULL;
    } else if (in->count < in->want) {
        assert_true(channel_receive(in->c, on_message, in));
    }
}

static void turn_until(const bool *flag, const size_t *count, size_t want)
{
    while (!(flag && *flag) && *count < want)
        ev_run(loop_ev(), EVRUN_ONCE);
}

static void open_pair(channel **a, channel **b)
{
    int fds[2];
    assert_true(channel_pair(fds, NULL));
    *a = channel_create(fds[0]);
    *b = channel_create(fds[1]);
}

static void carries_messages_in_order(void **state)
{
    (void)state;
    channel *a, *b;
    open_pair(&a, &b);
    inbox in = {.c = b, .want = 20000};
    for (int i = 0; i < 20000; i++) {
        int value = i;
        assert_true(channel_send(a, &value, sizeof value, NULL));
    }
    assert_true(channel_receive(b, on_message, &in));
    assert_false(channel_receive(b, on_message, &in)); /* one receiver at a time */
    turn_until(&in.ended, &in.count, 20000);
    int last;
    memcpy(&last, in.last.data, sizeof last);
    assert_int_equal(last, 19999);
    buf_finish(&in.last);
    channel_destroy(a);
    channel_destroy(b);
}

static void carries_empty_and_largest_messages(void **state)
{
    (void)state;
    channel *a, *b;
    open_pair(&a, &b);
    inbox in = {.c = b, .want = 1};
    err e;
    char *big = malloc(CHANNEL_MESSAGE_MAX + 1);
    memset(big, 'a', CHANNEL_MESSAGE_MAX + 1);
    big[CHANNEL_MESSAGE_MAX - 1] = 'z';
    assert_false(channel_send(a, big, CHANNEL_MESSAGE_MAX + 1, &e));
    assert_string_equal(e.code, "too-large");
    assert_true(channel_send(a, "", 0, NULL));
    assert_true(channel_send(a, big, CHANNEL_MESSAGE_MAX, &e));
    /* Nobody reads: the queue is bounded, and says so. */
    assert_true(channel_queued(a) > 0);
    assert_false(channel_send(a, "x", 1, &e) && channel_send(a, big, CHANNEL_MESSAGE_MAX, &e));
    assert_string_equal(e.code, "busy");
    channel_receive(b, on_message, &in);
    turn_until(&in.ended, &in.count, 1);
    assert_int_equal(in.last.len, 0);
    in.want = 2;
    channel_receive(b, on_message, &in);
    turn_until(&in.ended, &in.count, 2);
    assert_int_equal(in.last.len, CHANNEL_MESSAGE_MAX);
    assert_memory_equal(in.last.data, big, CHANNEL_MESSAGE_MAX);
    free(big);
    buf_finish(&in.last);
    channel_destroy(a);
    channel_destroy(b);
}

static void takes_any_chunking(void **state)
{
    (void)state;
    int fds[2];
    assert_true(channel_pair(fds, NULL));
    channel *b = channel_create(fds[1]);
    inbox in = {.c = b, .want = 3};
    buf wire = {0};
    for (uint32_t len = 1; len <= 3; len++) {
        buf_append(&wire, &len, sizeof len);
        buf_append(&wire, "abc", len);
    }
    channel_receive(b, on_message, &in);
    for (size_t i = 0; i < wire.len; i++) {
        assert_int_equal(send(fds[0], wire.data + i, 1, 0), 1);
        ev_run(loop_ev(), EVRUN_ONCE);
    }
    assert_int_equal(in.count, 3);
    assert_int_equal(in.bytes, 6);
    close(fds[0]);
    buf_finish(&wire);
    buf_finish(&in.last);
    channel_destroy(b);
}

static void delivers_what_came_before_the_end(void **state)
{
    (void)state;
    channel *a, *b;
    open_pair(&a, &b);
    inbox in = {.c = b, .want = 10};
    err e = {.text = ""};
    assert_true(channel_send(a, "one", 3, NULL));
    assert_true(channel_send(a, "two", 3, NULL));
    channel_destroy(a);
    channel_send(b, "x", 1, NULL); /* nobody is there to read it: no harm to what can be read */
    channel_receive(b, on_message, &in);
    turn_until(&in.ended, &in.count, 10);
    assert_int_equal(in.count, 2);
    assert_string_equal(in.why.code, "closed");
    in.ended = false;
    assert_true(channel_receive(b, on_message, &in)); /* the end again, at once */
    assert_true(in.ended);
    assert_false(channel_send(b, "x", 1, &e));
    assert_string_equal(e.code, "closed");
    buf_finish(&in.last);
    channel_destroy(b);
}

static void nonsense_ends_the_channel(void **state)
{
    (void)state;
    int fds[2];
    assert_true(channel_pair(fds, NULL));
    channel *b = channel_create(fds[1]);
    inbox in = {.c = b, .want = 1};
    assert_int_equal(send(fds[0], "\xff\xff\xff\xff garbage", 12, 0), 12);
    channel_receive(b, on_message, &in);
    turn_until(&in.ended, &in.count, 1);
    assert_true(in.ended);
    assert_non_null(strstr(in.why.text, "broke"));
    close(fds[0]);
    channel_destroy(b);
}

static void may_be_destroyed_by_its_receiver(void **state)
{
    (void)state;
    channel *a, *b;
    open_pair(&a, &b);
    inbox in = {.c = b, .destroy_in_callback = true};
    for (int i = 0; i < 3; i++)
        channel_send(a, "x", 1, NULL);
    channel_receive(b, on_message, &in);
    turn_until(&in.ended, &in.count, 1);
    assert_int_equal(in.count, 1);
    buf_finish(&in.last);
    channel_destroy(a);
}

static void flush_sends_all_or_says_that_it_could_not(void **state)
{
    (void)state;
    enum { SIZE = 4 * 1024 * 1024 };
    channel *a, *b;
    open_pair(&a, &b);
    char *big = calloc(1, SIZE);
    channel_send(a, big, SIZE, NULL);
    assert_false(channel_flush(a, NS_PER_MS)); /* nobody reads */
    inbox in = {.c = b, .want = 1};
    channel_receive(b, on_message, &in);
    while (!in.count) {
        channel_flush(a, 0);
        ev_run(loop_ev(), EVRUN_ONCE);
    }
    assert_true(channel_flush(a, NS_PER_SEC));
    assert_int_equal(in.bytes, SIZE);
    channel_send(a, big, SIZE, NULL);
    channel_destroy(b);
    assert_false(channel_flush(a, NS_PER_SEC)); /* the peer is gone */
    free(big);
    buf_finish(&in.last);
    channel_destroy(a);
}

static int set_up(void **state)
{
    (void)state;
    alarm(60); /* a hang is a failure */
    loop_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_messages_in_order),
        cmocka_unit_test(carries_empty_and_largest_messages),
        cmocka_unit_test(takes_any_chunking),
        cmocka_unit_test(delivers_what_came_before_the_end),
        cmocka_unit_test(nonsense_ends_the_channel),
        cmocka_unit_test(may_be_destroyed_by_its_receiver),
        cmocka_unit_test(flush_sends_all_or_says_that_it_could_not),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
