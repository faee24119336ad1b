#include <assert.h>

#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "port/json.h"
#include "scheduler/reload_message.h"
#include "scheduler/scheduler_internal.h"

/*
 * Reload messages. Schedulers are consumers of one group (`sched`) of the Redis stream
 * PREFIX:reload, so each message is given to one of them:
 *
 *     XGROUP CREATE, once a connection
 *     XREADGROUP, waits up to 2 s ─► reload_message_read: form ─► pagetide.reload: meaning
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
 * The next messages are read when those before are answered: however many wait, a tick waits
 * behind a hundred of them at most, and no more of them are in memory.
 *
 * Outcomes go the other way: pagetide.reload_outcomes lists requests whose state has changed
 * since it was reported, each is written to PREFIX:reload:result:ID for a day (so --wait and
 * other senders can follow it) and noted as reported. Where that is lost it is written again.
 */
enum {
    TIMEOUT_MS = 15000,
    BLOCK_MS = 2000,
    READ_TIMEOUT_MS = 10000,
    OWNER_MS = 50, /* between looks at whether it is known whose the keys are */
    TAKE_OVER_AFTER_MS = 30000,
    MESSAGES_PER_READ = 100,
    OUTCOME_SECONDS = 86400,
    ID_BYTES_MAX = 255, /* of an id that gets an outcome */
    ENTRY_BYTES = 64,   /* the stream's own ids: two 64-bit numbers */
};

static const char reload_sql[] =
    "select state, run, reason from pagetide.reload($1, $2, $3::jsonb)";
enum reload_column { RELOAD_STATE, RELOAD_RUN, RELOAD_REASON, RELOAD_COLUMNS };

static const char outcomes_sql[] =
    "select id, state, run, reason from pagetide.reload_outcomes()";
enum outcome_column {
    OUTCOME_ID,
    OUTCOME_STATE,
    OUTCOME_RUN,
    OUTCOME_REASON,
    OUTCOME_COLUMNS,
};

/* A message that PostgreSQL is asked about. */
struct asked {
    struct scheduler *scheduler;
    char entry[ENTRY_BYTES];
    char *id; /* the sender's, or the entry */
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

static void on_set(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    (void)reply;
    note_answer(ctx, "SET", err);
}

static void on_added(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    (void)reply;
    note_answer(ctx, "XADD", err);
}

static void on_acknowledged(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    (void)reply;
    note_answer(ctx, "XACK", err);
}

static void on_deleted(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    (void)reply;
    note_answer(ctx, "XDEL", err);
}

/* {id,state,run,reason} for the sender, for a day. */
static void write_result(struct scheduler *scheduler, struct str id, struct str state,
                         int64_t run, struct str reason)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_JSON struct json *json = json_new();
    json_set_str(json, STR("id"), id);
    json_set_str(json, STR("state"), state);
    if (run)
        json_set_int(json, "run", run);
    if (reason.len)
        json_set_str(json, STR("reason"), reason);
    const struct str args[] = {STR("SET"),
                               arena_printf(arena, "%s:reload:result:%.*s",
                                            scheduler->settings->redis_prefix, STR_ARG(id)),
                               json_write(json, arena), STR("EX"),
                               arena_printf(arena, "%d", OUTCOME_SECONDS)};
    redis_call(scheduler->redis, args, COUNT_OF(args), TIMEOUT_MS, on_set, scheduler);
}

static void write_bad(struct scheduler *scheduler, const char *entry, struct str id,
                      struct str reason)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct str args[] = {STR("XADD"),   key(arena, scheduler, "reload:bad"),
                               STR("MAXLEN"), STR("~"),
                               STR("10000"),  STR("*"),
                               STR("entry"),  str_from(entry),
                               STR("id"),     str_slice(id, 0, ID_BYTES_MAX),
                               STR("reason"), reason};
    redis_call(scheduler->redis, args, COUNT_OF(args), TIMEOUT_MS, on_added, scheduler);
}

static void acknowledge(struct scheduler *scheduler, const char *entry)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str stream = key(arena, scheduler, "reload");
    const struct str ack[] = {STR("XACK"), stream, STR("sched"), str_from(entry)};
    const struct str del[] = {STR("XDEL"), stream, str_from(entry)};
    redis_call(scheduler->redis, ack, COUNT_OF(ack), TIMEOUT_MS, on_acknowledged, scheduler);
    redis_call(scheduler->redis, del, COUNT_OF(del), TIMEOUT_MS, on_deleted, scheduler);
}

static void refuse(struct scheduler *scheduler, const char *entry, struct str id,
                   struct str reason)
{
    log_write(LOG_WARN, LOG_RELOAD_REFUSED, LOG_NOWHERE, "message %s: %.*s", entry,
              STR_ARG(reason));
    write_bad(scheduler, entry, id, reason);
    if (id.len && id.len <= ID_BYTES_MAX)
        write_result(scheduler, id, STR("refused"), 0, reason);
    acknowledge(scheduler, entry);
}

static void accept(struct scheduler *scheduler, const struct asked *asked, struct str state,
                   int64_t run, struct str reason)
{
    struct log_where at = {.run = run};
    log_write(LOG_INFO, LOG_RELOAD_TAKEN, &at, "request %s: %.*s", asked->id, STR_ARG(state));
    write_result(scheduler, str_from(asked->id), state, run, reason);
    acknowledge(scheduler, asked->entry);
    publish_start(scheduler);
}

/* What PostgreSQL decided is reported; what it could not decide comes again (see above). */
static void on_requested(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct asked *asked = ctx;
    struct scheduler *scheduler = asked->scheduler;
    struct str id = str_from(asked->id);
    scheduler->unanswered--;
    if (err && err->kind == ERR_AGAIN) {
        log_write(LOG_WARN, LOG_NOTE, LOG_NOWHERE, "reload %s is put off: %s", asked->id,
                  err->text);
    } else if (err && err->kind != ERR_STOPPED) {
        refuse(scheduler, asked->entry, id, str_from(err->text));
    } else if (!err) {
        assert(pg_columns(result) == RELOAD_COLUMNS);
        crash_point("requested", STR_NONE, 0);
        struct str state = pg_get_str(result, 0, RELOAD_STATE);
        struct str reason = pg_get_str(result, 0, RELOAD_REASON);
        if (str_is(state, "refused"))
            refuse(scheduler, asked->entry, id, reason);
        else
            accept(scheduler, asked, state, pg_get_int(result, 0, RELOAD_RUN), reason);
    }
    mem_free(asked->id);
    mem_free(asked);
    if (!err || err->kind != ERR_STOPPED)
        read_on(scheduler);
}

static void ask(struct scheduler *scheduler, const char *entry,
                const struct reload_message *message)
{
    struct asked *asked = mem_alloc(sizeof *asked);
    asked->scheduler = scheduler;
    snprintf(asked->entry, sizeof asked->entry, "%s", entry);
    asked->id = mem_printf("%.*s", STR_ARG(message->id));
    scheduler->unanswered++;
    const struct pg_value params[] = {pg_text(message->id), pg_text(message->stream),
                                      pg_text(message->fields)};
    pg_query(scheduler->pg, reload_sql, params, COUNT_OF(params), TIMEOUT_MS, on_requested,
             asked);
}

/* [id, [name, value, …]]; an entry that was deleted meanwhile has nil for its pairs. */
static void take(struct scheduler *scheduler, const struct redis_reply *item)
{
    if (item->count < 2 || item->items[1]->type != REDIS_ARRAY)
        return;
    AUTO_ARENA struct arena *arena = arena_new();
    struct str id = item->items[0]->text;
    char entry[ENTRY_BYTES];
    struct reload_message message;
    struct str refusal;
    snprintf(entry, sizeof entry, "%.*s", STR_ARG(id));
    if (reload_message_read(arena, id, item->items[1], &message, &refusal))
        ask(scheduler, entry, &message);
    else
        refuse(scheduler, entry, message.id, refusal);
}

static void take_all(struct scheduler *scheduler, const struct redis_reply *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        take(scheduler, entries->items[i]);
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

static void on_outcomes(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    scheduler->is_reporting = false;
    if (err || !redis_is_up(scheduler->redis))
        return;
    assert(pg_columns(result) == OUTCOME_COLUMNS);
    for (size_t i = 0; i < pg_rows(result); i++) {
        struct str id = pg_get_str(result, i, OUTCOME_ID);
        struct str state = pg_get_str(result, i, OUTCOME_STATE);
        struct pg_value params[] = {pg_text(id), pg_text(state)};
        write_result(scheduler, id, state, pg_get_int(result, i, OUTCOME_RUN),
                     pg_get_str(result, i, OUTCOME_REASON));
        pg_query(scheduler->pg, "select pagetide.reload_told($1, $2)", params, 2, TIMEOUT_MS,
                 NULL, NULL);
    }
}

void intake_report(struct scheduler *scheduler)
{
    if (scheduler->is_reporting || !pg_is_up(scheduler->pg) || !redis_is_up(scheduler->redis))
        return;
    scheduler->is_reporting = true;
    pg_query(scheduler->pg, outcomes_sql, NULL, 0, TIMEOUT_MS, on_outcomes, scheduler);
}
