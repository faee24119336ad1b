#include <assert.h>

#include "base/crash.h"
#include "base/json_out.h"
#include "base/log.h"
#include "base/mem.h"
#include "scheduler/reload_message.h"
#include "scheduler/scheduler_internal.h"

/*
 * Reload messages. Schedulers are consumers of one group (`sched`) of the Redis stream
 * PREFIX:reload, so each message is given to one of them:
 *
 *     XGROUP CREATE, once a connection
 *     XREADGROUP, waits up to 2 s ─► reload_message_read: form ─► pagetide.reload_all: meaning
 *          ▲                                │ refused                │ refused    │ taken
 *          │                                ▼                        ▼            ▼
 *          │                          PREFIX:reload:bad, result   the same     result
 *          └────────────────────────────────┴── XACK, XDEL ──────────┴────────────┘
 *
 * The request is in PostgreSQL before the message is acknowledged, under the sender's id or the
 * entry's, and the same id is the same request. So a message is never lost and never two runs:
 *
 *     a scheduler dies after reading      XAUTOCLAIM gives its messages to another after 30 s
 *     PostgreSQL fails while asked        the message stays unacknowledged: the same
 *     the acknowledgement is lost         asked again after 30 s, answered as before
 *     PostgreSQL is down                  nothing is read until it is back
 *
 * All that were read are asked about in one transaction; if that fails, each in its own. The
 * next are read when those before are answered: however many wait, a tick waits behind a
 * hundred of them at most, and no more of them are in memory.
 *
 * Results are outcomes (outcome.c).
 */
enum {
    TIMEOUT_MS = 15000,
    BLOCK_MS = 2000,
    READ_TIMEOUT_MS = 10000,
    OWNER_MS = 50, /* between looks at whether it is known whose the keys are */
    TAKE_OVER_AFTER_MS = 30000,
    MESSAGES_PER_READ = OUTCOMES_MAX,
};

static const char reload_sql[] =
    "select 0, state, run, reason, changed_us from pagetide.reload($1, $2, $3::jsonb)";
static const char reload_all_sql[] =
    "select n, state, run, reason, changed_us from pagetide.reload_all($1::jsonb)";
enum reload_column {
    RELOAD_N,
    RELOAD_STATE,
    RELOAD_RUN,
    RELOAD_REASON,
    RELOAD_CHANGED_US,
    RELOAD_COLUMNS,
};

/* Messages that PostgreSQL is asked about, with copies of all that they say. */
struct asked {
    struct scheduler *scheduler;
    struct arena *arena;
    size_t count;
    struct asked_message {
        struct str entry; /* the stream's own id */
        struct reload_message said;
    } messages[MESSAGES_PER_READ];
};

static void read_more(struct scheduler *scheduler);
static void read_on(struct scheduler *scheduler);

/* Redis' own words that are no refusal: the group is there already, or gone with the stream. */
static bool is_expected(const struct err *err)
{
    return err && (str_starts(str_from(err->text), STR("BUSYGROUP")) ||
                   str_starts(str_from(err->text), STR("NOGROUP")) ||
                   str_starts(str_from(err->text), STR("UNBLOCKED")));
}

static void note_answer(struct scheduler *scheduler, const char *what, const struct err *err)
{
    if (!is_expected(err))
        scheduler_on_answer(scheduler, what, err);
}

static struct str key(struct arena *arena, const struct scheduler *scheduler, const char *name)
{
    return arena_printf(arena, "%s:%s", scheduler->settings->redis_prefix, name);
}

static struct asked *asked_new(struct scheduler *scheduler)
{
    struct arena *arena = arena_new();
    struct asked *asked = ARENA_NEW(arena, struct asked);
    asked->scheduler = scheduler;
    asked->arena = arena;
    return asked;
}

static void asked_add(struct asked *asked, struct str entry,
                      const struct reload_message *message)
{
    assert(asked->count < COUNT_OF(asked->messages));
    struct asked_message *copy = &asked->messages[asked->count++];
    copy->entry = arena_str(asked->arena, entry);
    copy->said = (struct reload_message){.id = arena_str(asked->arena, message->id),
                                         .stream = arena_str(asked->arena, message->stream),
                                         .fields = arena_str(asked->arena, message->fields)};
}

/* What PostgreSQL decided is reported. */
static void hear(const struct asked *asked, const struct pg_result *result)
{
    assert(pg_columns(result) == RELOAD_COLUMNS);
    crash_point("requested", STR_NONE, 0);
    struct settle *settle = settle_new(asked->scheduler);
    for (size_t i = 0; i < pg_rows(result); i++) {
        size_t n = (size_t)pg_get_int(result, i, RELOAD_N);
        assert(n < asked->count);
        const struct asked_message *message = &asked->messages[n];
        const struct outcome outcome = {.id = message->said.id,
                                        .state = pg_get_str(result, i, RELOAD_STATE),
                                        .reason = pg_get_str(result, i, RELOAD_REASON),
                                        .run = pg_get_int(result, i, RELOAD_RUN),
                                        .changed_us = pg_get_int(result, i, RELOAD_CHANGED_US)};
        if (str_is(outcome.state, "refused"))
            settle_refused(settle, message->entry, outcome.id, outcome.reason,
                           outcome.changed_us);
        else
            settle_taken(settle, message->entry, &outcome);
    }
    settle_send(settle);
}

static void refuse(const struct asked *asked, struct str why)
{
    struct settle *settle = settle_new(asked->scheduler);
    for (size_t i = 0; i < asked->count; i++)
        settle_refused(settle, asked->messages[i].entry, asked->messages[i].said.id, why, 0);
    settle_send(settle);
}

/* What could not be decided comes again (see above). */
static void on_requested(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct asked *asked = ctx;
    struct scheduler *scheduler = asked->scheduler;
    scheduler->unanswered--;
    if (!err)
        hear(asked, result);
    else if (err->kind == ERR_AGAIN)
        log_write(LOG_WARN, LOG_NOTE, LOG_NOWHERE, "reload %.*s is put off: %s",
                  STR_ARG(asked->messages[0].said.id), err->text);
    else if (err->kind != ERR_STOPPED)
        refuse(asked, str_from(err->text));
    arena_free(asked->arena);
    if (!err || err->kind != ERR_STOPPED)
        read_on(scheduler);
}

static void ask_alone(struct scheduler *scheduler, const struct asked_message *message)
{
    struct asked *asked = asked_new(scheduler);
    asked_add(asked, message->entry, &message->said);
    scheduler->unanswered++;
    const struct reload_message *said = &asked->messages[0].said;
    const struct pg_value params[] = {pg_text(said->id), pg_text(said->stream),
                                      pg_text(said->fields)};
    pg_query(scheduler->pg, reload_sql, params, COUNT_OF(params), TIMEOUT_MS, on_requested,
             asked);
}

static void on_all_requested(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct asked *asked = ctx;
    struct scheduler *scheduler = asked->scheduler;
    scheduler->unanswered--;
    if (!err)
        hear(asked, result);
    for (size_t i = 0; err && err->kind != ERR_STOPPED && i < asked->count; i++)
        ask_alone(scheduler, &asked->messages[i]);
    arena_free(asked->arena);
    if (!err || err->kind != ERR_STOPPED)
        read_on(scheduler);
}

static void ask(struct asked *asked)
{
    enum { MESSAGE_BYTES = 2 * RELOAD_MESSAGE_BYTES_MAX + 64 };
    AUTO_BUF(buf, (size_t)MESSAGES_PER_READ * MESSAGE_BYTES * 8);
    struct json_out out = {.buf = &buf};
    json_out_open(&out, NULL, '[');
    for (size_t i = 0; i < asked->count; i++) {
        const struct reload_message *said = &asked->messages[i].said;
        json_out_open(&out, NULL, '{');
        json_out_str(&out, "id", said->id);
        json_out_str(&out, "stream", said->stream);
        json_out_raw(&out, "fields", said->fields);
        json_out_close(&out, '}');
    }
    json_out_close(&out, ']');
    asked->scheduler->unanswered++;
    const struct pg_value params[] = {pg_text(buf_str(&buf))};
    pg_query(asked->scheduler->pg, reload_all_sql, params, COUNT_OF(params), TIMEOUT_MS,
             on_all_requested, asked);
}

/* [id, [name, value, …]]; an entry that was deleted meanwhile has nil for its pairs. */
static void take(struct asked *asked, struct settle *settle, const struct redis_reply *item)
{
    if (item->count < 2 || item->items[1]->type != REDIS_ARRAY)
        return;
    AUTO_ARENA struct arena *arena = arena_new();
    struct str entry = item->items[0]->text;
    struct reload_message message;
    struct str refusal;
    if (reload_message_read(arena, entry, item->items[1], &message, &refusal))
        asked_add(asked, entry, &message);
    else
        settle_refused(settle, entry, message.id, refusal, 0);
}

static void take_all(struct scheduler *scheduler, const struct redis_reply *entries)
{
    struct asked *asked = asked_new(scheduler);
    struct settle *settle = settle_new(scheduler);
    for (size_t i = 0; i < entries->count && i < MESSAGES_PER_READ; i++)
        take(asked, settle, entries->items[i]);
    settle_send(settle);
    if (asked->count)
        ask(asked);
    else
        arena_free(asked->arena);
}

static void read_later(struct scheduler *scheduler)
{
    scheduler->is_reading = false;
    loop_timer_set(scheduler->intake_timer, 1000);
}

static void on_read(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    note_answer(scheduler, "XREADGROUP", err);
    if (err) {
        scheduler->has_group = !str_starts(str_from(err->text), STR("NOGROUP"));
        read_later(scheduler);
        return;
    }
    /* [[stream, [entry…]]], or nil after BLOCK_MS without any */
    if (reply->type == REDIS_ARRAY && reply->count && reply->items[0]->count == 2)
        take_all(scheduler, reply->items[0]->items[1]);
    scheduler->reads_on = true;
    read_on(scheduler);
}

static void on_idle(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    note_answer(scheduler, "XAUTOCLAIM", err);
    /* [next, [entry…], [deleted id…]] */
    if (!err && reply->type == REDIS_ARRAY && reply->count >= 2)
        take_all(scheduler, reply->items[1]);
}

static void take_over_idle(struct scheduler *scheduler)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct str args[] = {STR("XAUTOCLAIM"),
                               key(arena, scheduler, "reload"),
                               STR("sched"),
                               str_from(scheduler->id),
                               arena_printf(arena, "%d", TAKE_OVER_AFTER_MS),
                               STR("0"),
                               STR("COUNT"),
                               arena_printf(arena, "%d", MESSAGES_PER_READ)};
    redis_call(scheduler->redis, args, COUNT_OF(args), TIMEOUT_MS, on_idle, scheduler);
}

static void read_more(struct scheduler *scheduler)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct str args[] = {STR("XREADGROUP"), STR("GROUP"),
                               STR("sched"),      str_from(scheduler->id),
                               STR("COUNT"),      arena_printf(arena, "%d", MESSAGES_PER_READ),
                               STR("BLOCK"),      arena_printf(arena, "%d", BLOCK_MS),
                               STR("STREAMS"),    key(arena, scheduler, "reload"),
                               STR(">")};
    /* Messages are only read while PostgreSQL can take them, and those of others never. */
    if (!pg_is_up(scheduler->pg) || !scheduler->is_ours) {
        read_later(scheduler);
        return;
    }
    scheduler->is_reading = true;
    take_over_idle(scheduler);
    redis_call(scheduler->intake, args, COUNT_OF(args), READ_TIMEOUT_MS, on_read, scheduler);
}

static void read_on(struct scheduler *scheduler)
{
    if (!scheduler->reads_on || scheduler->unanswered)
        return;
    scheduler->reads_on = false;
    read_more(scheduler);
}

static void on_group(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    (void)reply;
    if (err && err->kind == ERR_STOPPED)
        return;
    note_answer(scheduler, "XGROUP", err);
    scheduler->has_group = !err || str_starts(str_from(err->text), STR("BUSYGROUP"));
    if (scheduler->has_group)
        read_more(scheduler);
    else
        read_later(scheduler);
}

void intake_start(struct scheduler *scheduler)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct str args[] = {STR("XGROUP"), STR("CREATE"), key(arena, scheduler, "reload"),
                               STR("sched"),  STR("0"),      STR("MKSTREAM")};
    if (scheduler->is_reading || !redis_is_up(scheduler->intake))
        return;
    if (!scheduler->is_ours) {
        loop_timer_set(scheduler->intake_timer, OWNER_MS);
        return;
    }
    scheduler->is_reading = true;
    if (scheduler->has_group)
        read_more(scheduler);
    else
        redis_call(scheduler->intake, args, COUNT_OF(args), READ_TIMEOUT_MS, on_group,
                   scheduler);
}
