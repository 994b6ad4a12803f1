/* io/cdp_pipe over two pipes whose other ends the test holds: what is told of while the transport
 * rests is not lost, is handed out together, and neither a command nor the browser's end waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "io/cdp_transport.h"
#include "io/loop.h"

static struct {
    cdp_transport *pipe;
    int browser_in, browser_out; /* the browser's ends */
    buf frames;                  /* one a line */
    unsigned idles;              /* how often all that had come was handed out */
    char closed[32];
    const char *until; /* the loop stops when this frame has come */
    bool answer;       /* a frame is answered by a command */
} the;

static bool on_frame(void *arg, const char *data, size_t len)
{
    (void)arg;
    buf_append(&the.frames, data, len);
    buf_append_char(&the.frames, '\n');
    if (the.answer)
        the.pipe->send(the.pipe, &(struct iovec){.iov_base = "{}", .iov_len = 2}, 1);
    if (the.until && len == strlen(the.until) && !memcmp(data, the.until, len))
        loop_stop();
    return len != 1 || *data != '!';
}

static void on_idle(void *arg)
{
    (void)arg;
    the.idles++;
}

static void on_closed(void *arg, const err *why)
{
    (void)arg;
    snprintf(the.closed, sizeof the.closed, "%s", why->code);
    loop_stop();
}

static int set_up(void **state)
{
    (void)state;
    int from[2], to[2];
    memset(&the, 0, sizeof the);
    if (pipe(from) || pipe(to))
        return -1;
    loop_init();
    the.browser_out = from[1];
    the.browser_in = to[0];
    the.pipe = cdp_pipe_create(from[0], to[1]);
    the.pipe->start(the.pipe, &(cdp_transport_events){on_frame, on_idle, on_closed, NULL});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    the.pipe->destroy(the.pipe);
    close(the.browser_in);
    if (the.browser_out >= 0)
        close(the.browser_out);
    loop_finish();
    buf_finish(&the.frames);
    return 0;
}

static void tell(const char *frame)
{
    assert_int_equal(write(the.browser_out, frame, strlen(frame) + 1), strlen(frame) + 1);
}

/* Runs the loop until the frame has come. */
static void await(const char *frame)
{
    the.until = frame;
    loop_run();
    the.until = NULL;
}

static void what_comes_while_it_rests_is_handed_out_together(void **state)
{
    (void)state;
    tell("first");
    await("first");
    tell("second");
    tell("third");
    await("third");
    assert_string_equal(buf_cstr(&the.frames), "first\nsecond\nthird\n");
    assert_int_equal(the.idles, 2);
}

static void on_timer(void *arg)
{
    (void)arg;
    loop_stop();
}

static void it_listens_again_when_nothing_has_come(void **state)
{
    (void)state;
    loop_timer later = {0};
    for (int i = 0; i < 3; i++) {
        tell("x");
        await("x");
        /* Set later than the pipe's and for longer: when it fires, the rest is over. */
        ev_run(loop_ev(), EVRUN_NOWAIT);
        loop_timer_start(&later, 20 * NS_PER_MS, on_timer, NULL);
        loop_run();
    }
    tell("last");
    await("last");
    assert_string_equal(buf_cstr(&the.frames), "x\nx\nx\nlast\n");
}

static void a_command_goes_out_and_its_answer_is_taken(void **state)
{
    (void)state;
    char sent[8] = "";
    tell("event");
    await("event");
    the.pipe->send(the.pipe, &(struct iovec){.iov_base = "{1}", .iov_len = 3}, 1);
    ev_run(loop_ev(), EVRUN_NOWAIT);
    assert_int_equal(read(the.browser_in, sent, sizeof sent), 4);
    assert_string_equal(sent, "{1}");
    tell("answer");
    ev_run(loop_ev(), EVRUN_ONCE);
    assert_string_equal(buf_cstr(&the.frames), "event\nanswer\n");
}

static void the_end_is_told_of_with_what_came_before(void **state)
{
    (void)state;
    tell("event");
    await("event");
    tell("last words");
    close(the.browser_out);
    the.browser_out = -1;
    loop_run();
    assert_string_equal(buf_cstr(&the.frames), "event\nlast words\n");
    assert_string_equal(the.closed, "exited");
}

static void nonsense_closes_it_also_after_a_rest(void **state)
{
    (void)state;
    tell("event");
    await("event");
    tell("!");
    loop_run();
    assert_string_equal(the.closed, "protocol");
}

static void it_may_be_destroyed_while_it_rests(void **state)
{
    tell("event");
    await("event");
    ev_run(loop_ev(), EVRUN_NOWAIT);
    tell("nobody reads this");
    tear_down(state);
    assert_int_equal(set_up(state), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_comes_while_it_rests_is_handed_out_together, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(it_listens_again_when_nothing_has_come, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_command_goes_out_and_its_answer_is_taken, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_end_is_told_of_with_what_came_before, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nonsense_closes_it_also_after_a_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(it_may_be_destroyed_while_it_rests, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
