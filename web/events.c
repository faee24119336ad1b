#include "web/events.h"

#include <assert.h>

#include "base/buf.h"
#include "base/mem.h"
#include "web/answer.h"

/*
 *     notification ─► noted, for 100 ms ─► change ─► look at once
 *     every second ─► look: stamp.sql, another one than before? ─► change
 *                           active.sql, another text than before? ─► active
 *
 * One look at a time is under way. Nothing of this runs while nobody listens.
 */
enum {
    LISTENERS_MAX = 16,
    LOOK_MS = 1000,
    GATHER_MS = 100,
    BEAT_MS = 15000,
    NOTED_MAX = 20,
    EVENT_BYTES_MAX = 200 << 10,
    STAMP_BYTES = 33,
    SHOWN = 50,
};

struct listener {
    struct events *events;
    struct listener *next;
    struct httpd_call *call;
    bool has_active; /* it was told */
};

struct events {
    struct session *session;
    struct listener *listeners;
    int listener_count;
    struct loop_timer *look, *gather, *beat;
    bool is_looking;
    bool is_changed;  /* something is to be told when `gather` is over */
    struct buf noted; /* payloads, with commas */
    int noted_count;
    struct buf active; /* the last text */
    char stamp[STAMP_BYTES];
};

/* --- telling --- */

/* One line of data: a line's end between the members of JSON is as good as a blank, and inside
 * of its strings there is none. */
static void put_event(struct buf *event, const char *name, struct str data)
{
    buf_printf(event, "event: %s\ndata: ", name);
    for (struct str line; data.len;) {
        data = str_split(data, '\n', &line);
        buf_put(event, line);
    }
    buf_puts(event, "\n\n");
}

/* A listener that does not read is dropped by the put, which takes it out of the list. */
static void tell_all(struct events *events, struct str event)
{
    for (struct listener *next, *listener = events->listeners; listener; listener = next) {
        next = listener->next;
        (void)!httpd_stream_put(listener->call, event);
    }
}

static void tell_change(struct events *events)
{
    AUTO_BUF(data, EVENT_BYTES_MAX);
    AUTO_BUF(event, EVENT_BYTES_MAX);
    buf_puts(&data, "{\"runs\":[");
    buf_put(&data, buf_str(&events->noted));
    buf_printf(&data, "],\"more\":%s}", events->noted_count > NOTED_MAX ? "true" : "false");
    put_event(&event, "change", buf_str(&data));
    buf_reset(&events->noted);
    events->noted_count = 0;
    if (!event.has_overflowed)
        tell_all(events, buf_str(&event));
}

static void tell_active(struct events *events, bool is_new)
{
    AUTO_BUF(event, EVENT_BYTES_MAX);
    put_event(&event, "active", buf_str(&events->active));
    if (event.has_overflowed)
        return;
    for (struct listener *next, *listener = events->listeners; listener; listener = next) {
        next = listener->next;
        if (!is_new && listener->has_active)
            continue;
        listener->has_active = true;
        (void)!httpd_stream_put(listener->call, buf_str(&event));
    }
}

/* --- looking --- */

static void on_active(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct events *events = ctx;
    events->is_looking = false;
    if (err)
        return;
    struct str text = pg_get_str(result, 0, 0);
    bool is_new = !str_eq(text, buf_str(&events->active));
    if (is_new) {
        buf_reset(&events->active);
        buf_put(&events->active, text);
    }
    tell_active(events, is_new);
}

static void on_stamp(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct events *events = ctx;
    struct pg_value shown = pg_int(SHOWN);
    if (err) {
        events->is_looking = false;
        return;
    }
    struct str stamp = pg_get_str(result, 0, 0);
    if (*events->stamp && !str_is(stamp, events->stamp))
        events_note(events, STR_NONE);
    snprintf(events->stamp, sizeof events->stamp, "%.*s", STR_ARG(stamp));
    session_ask(events->session, answer_query("active"), &shown, 1, on_active, events);
}

static void look(struct events *events)
{
    if (events->is_looking || !events->listeners)
        return;
    events->is_looking = true;
    session_ask(events->session, answer_query("stamp"), NULL, 0, on_stamp, events);
}

static void on_look(void *ctx)
{
    struct events *events = ctx;
    loop_timer_set(events->look, LOOK_MS);
    look(events);
}

static void on_gather(void *ctx)
{
    struct events *events = ctx;
    events->is_changed = false;
    tell_change(events);
    look(events);
}

static void on_beat(void *ctx)
{
    struct events *events = ctx;
    loop_timer_set(events->beat, BEAT_MS);
    tell_all(events, STR(": beat\n\n"));
}

void events_note(struct events *events, struct str payload)
{
    if (!events->listeners)
        return;
    if (str_starts(payload, STR("{")) && events->noted_count++ < NOTED_MAX)
        buf_printf(&events->noted, "%s%.*s", events->noted.len ? "," : "", STR_ARG(payload));
    if (!events->is_changed)
        loop_timer_set(events->gather, GATHER_MS);
    events->is_changed = true;
}

/* --- listeners --- */

/* With the last one, all that was known is old. */
static void stop(struct events *events)
{
    loop_timer_clear(events->look);
    loop_timer_clear(events->gather);
    loop_timer_clear(events->beat);
    buf_reset(&events->noted);
    buf_reset(&events->active);
    events->noted_count = 0;
    events->is_changed = false;
    *events->stamp = '\0';
}

static void on_gone(void *ctx)
{
    struct listener *gone = ctx;
    struct events *events = gone->events;
    struct listener **at = &events->listeners;
    while (*at != gone)
        at = &(*at)->next;
    *at = gone->next;
    mem_free(gone);
    events->listener_count--;
    session_release(events->session);
    if (!events->listeners)
        stop(events);
}

void events_listen(struct events *events, struct httpd_call *call)
{
    if (events->listener_count == LISTENERS_MAX) {
        answer_refuse(call, 503, STR("16 listen already; close a page of the dashboard"));
        return;
    }
    struct listener *listener = mem_alloc(sizeof *listener);
    *listener = (struct listener){.events = events, .next = events->listeners, .call = call};
    events->listeners = listener;
    events->listener_count++;
    session_hold(events->session);
    httpd_on_gone(call, on_gone, listener);
    httpd_stream(call, "text/event-stream");
    if (!httpd_stream_put(call, STR(": hello\n\n")))
        return;
    if (events->listener_count == 1)
        loop_timer_set(events->beat, BEAT_MS);
    loop_timer_set(events->look, 0);
}

/* --- life --- */

struct events *events_new(struct loop *loop, struct session *session)
{
    struct events *events = mem_alloc(sizeof *events);
    events->session = session;
    events->look = loop_timer_new(loop, on_look, events);
    events->gather = loop_timer_new(loop, on_gather, events);
    events->beat = loop_timer_new(loop, on_beat, events);
    buf_init(&events->noted, EVENT_BYTES_MAX / 2);
    buf_init(&events->active, EVENT_BYTES_MAX);
    return events;
}

void events_free(struct events *events)
{
    if (!events)
        return;
    assert(!events->listeners);
    loop_timer_free(events->look);
    loop_timer_free(events->gather);
    loop_timer_free(events->beat);
    buf_done(&events->noted);
    buf_done(&events->active);
    mem_free(events);
}
