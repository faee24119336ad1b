#include "base/log.h"
#include "base/mem.h"
#include "port/json.h"
#include "scheduler/reload_message.h"
#include "scheduler/scheduler_internal.h"

/*
 * Reload messages: XREADGROUP → pagetide.reload in PostgreSQL → XACK and XDEL. A message that
 * was read but not finished (a crash, a database away) is claimed again after CLAIM_IDLE_MS;
 * its id makes it the same request.
 */
enum {
    TIMEOUT_MS = 20000,
    BLOCK_MS = 2000,
    READ_TIMEOUT_MS = 10000,
    CLAIM_IDLE_MS = 30000,
    MESSAGES_PER_READ = 100,
    OUTCOME_SECONDS = 86400,
};

struct message {
    struct scheduler *scheduler;
    char entry[64]; /* the stream's own id */
    char *id;       /* the sender's, or the entry */
};

static void read_more(struct scheduler *scheduler);

static struct str key(struct arena *arena, const struct scheduler *scheduler, const char *name)
{
    return arena_printf(arena, "%s:%s", scheduler->settings->redis_prefix, name);
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
    redis_call(scheduler->redis, args, COUNT_OF(args), TIMEOUT_MS, NULL, NULL);
}

static void write_bad(struct scheduler *scheduler, const char *entry, struct str id,
                      struct str reason)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct str args[] = {STR("XADD"),   key(arena, scheduler, "reload:bad"),
                               STR("MAXLEN"), STR("~"),
                               STR("10000"),  STR("*"),
                               STR("entry"),  str_from(entry),
                               STR("id"),     str_slice(id, 0, 255),
                               STR("reason"), reason};
    redis_call(scheduler->redis, args, COUNT_OF(args), TIMEOUT_MS, NULL, NULL);
}

static void acknowledge(struct scheduler *scheduler, const char *entry)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str stream = key(arena, scheduler, "reload");
    const struct str ack[] = {STR("XACK"), stream, STR("sched"), str_from(entry)};
    const struct str del[] = {STR("XDEL"), stream, str_from(entry)};
    redis_call(scheduler->redis, ack, COUNT_OF(ack), TIMEOUT_MS, NULL, NULL);
    redis_call(scheduler->redis, del, COUNT_OF(del), TIMEOUT_MS, NULL, NULL);
}

static void refuse(struct scheduler *scheduler, const char *entry, struct str id,
                   struct str reason)
{
    log_write(LOG_WARN, LOG_RELOAD_REFUSED, LOG_NOWHERE, "message %s: %.*s", entry,
              STR_ARG(reason));
    write_bad(scheduler, entry, id, reason);
    if (id.len && id.len <= 255)
        write_result(scheduler, id, STR("refused"), 0, reason);
    acknowledge(scheduler, entry);
}

static void on_requested(void *ctx, const struct pg_result *result, const struct err *err)
{
    struct message *message = ctx;
    struct scheduler *scheduler = message->scheduler;
    struct str id = str_from(message->id);
    if (err && (err->kind == ERR_STOPPED || err->kind == ERR_AGAIN)) {
        if (err->kind == ERR_AGAIN)
            log_write(LOG_WARN, LOG_NOTE, LOG_NOWHERE, "reload %s is put off: %s", message->id,
                      err->text);
    } else if (err) {
        refuse(scheduler, message->entry, id, str_from(err->text));
    } else if (str_is(pg_get_str(result, 0, 0), "refused")) {
        refuse(scheduler, message->entry, id, pg_get_str(result, 0, 2));
    } else {
        struct log_where at = {.run = pg_get_int(result, 0, 1)};
        log_write(LOG_INFO, LOG_RELOAD_TAKEN, &at, "request %s: %.*s", message->id,
                  STR_ARG(pg_get_str(result, 0, 0)));
        write_result(scheduler, id, pg_get_str(result, 0, 0), pg_get_int(result, 0, 1),
                     pg_get_str(result, 0, 2));
        acknowledge(scheduler, message->entry);
        publish_pass(scheduler);
    }
    mem_free(message->id);
    mem_free(message);
}

static void request(struct scheduler *scheduler, const char *entry,
                    const struct reload_message *asked)
{
    struct message *message = mem_alloc(sizeof *message);
    message->scheduler = scheduler;
    snprintf(message->entry, sizeof message->entry, "%s", entry);
    message->id = mem_printf("%.*s", STR_ARG(asked->id));
    struct pg_value params[] = {pg_text(asked->id), pg_text(asked->stream),
                                pg_text(asked->fields)};
    pg_query(scheduler->pg, "select state, run, reason from pagetide.reload($1, $2, $3::jsonb)",
             params, COUNT_OF(params), TIMEOUT_MS, on_requested, message);
}

static void take(struct scheduler *scheduler, const struct redis_reply *entry)
{
    if (entry->count < 2 || entry->items[1]->type != REDIS_ARRAY)
        return;
    struct str at = entry->items[0]->text;
    char entry_id[64];
    snprintf(entry_id, sizeof entry_id, "%.*s", STR_ARG(at));
    AUTO_ARENA struct arena *arena = arena_new();
    struct reload_message asked;
    struct str refusal;
    if (reload_message_read(arena, at, entry->items[1], &asked, &refusal))
        request(scheduler, entry_id, &asked);
    else
        refuse(scheduler, entry_id, asked.id, refusal);
}

static void take_all(struct scheduler *scheduler, const struct redis_reply *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        take(scheduler, entries->items[i]);
}

static void later(struct scheduler *scheduler)
{
    scheduler->is_reading = false;
    loop_timer_set(scheduler->intake_timer, 1000);
}

static void on_read(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    if (err && err->kind == ERR_STOPPED)
        return;
    if (err) {
        scheduler->has_group = !str_starts(str_from(err->text), STR("NOGROUP"));
        later(scheduler);
        return;
    }
    scheduler->is_reading = false;
    /* [[stream, [entry…]]], or nil after BLOCK_MS without any */
    if (reply->type == REDIS_ARRAY && reply->count && reply->items[0]->count == 2)
        take_all(scheduler, reply->items[0]->items[1]);
    read_more(scheduler);
}

static void on_claimed(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    /* [next, [entry…], [deleted id…]] */
    if (!err && reply->type == REDIS_ARRAY && reply->count >= 2)
        take_all(scheduler, reply->items[1]);
}

static void claim_idle(struct scheduler *scheduler)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct str args[] = {STR("XAUTOCLAIM"),
                               key(arena, scheduler, "reload"),
                               STR("sched"),
                               str_from(scheduler->id),
                               arena_printf(arena, "%d", CLAIM_IDLE_MS),
                               STR("0"),
                               STR("COUNT"),
                               arena_printf(arena, "%d", MESSAGES_PER_READ)};
    redis_call(scheduler->redis, args, COUNT_OF(args), TIMEOUT_MS, on_claimed, scheduler);
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
    /* Messages are only read while PostgreSQL can take them. */
    if (!pg_is_up(scheduler->pg)) {
        later(scheduler);
        return;
    }
    scheduler->is_reading = true;
    claim_idle(scheduler);
    redis_call(scheduler->intake, args, COUNT_OF(args), READ_TIMEOUT_MS, on_read, scheduler);
}

static void on_group(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    struct scheduler *scheduler = ctx;
    (void)reply;
    if (err && err->kind == ERR_STOPPED)
        return;
    scheduler->has_group = !err || str_starts(str_from(err->text), STR("BUSYGROUP"));
    if (scheduler->has_group)
        read_more(scheduler);
    else
        later(scheduler);
}

void intake_start(struct scheduler *scheduler)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct str args[] = {STR("XGROUP"), STR("CREATE"), key(arena, scheduler, "reload"),
                               STR("sched"),  STR("0"),      STR("MKSTREAM")};
    if (scheduler->is_reading || !redis_is_up(scheduler->intake))
        return;
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
    scheduler->is_telling = false;
    if (err || !redis_is_up(scheduler->redis))
        return;
    for (size_t i = 0; i < pg_rows(result); i++) {
        struct str id = pg_get_str(result, i, 0), state = pg_get_str(result, i, 1);
        struct pg_value params[] = {pg_text(id), pg_text(state)};
        write_result(scheduler, id, state, pg_get_int(result, i, 2), pg_get_str(result, i, 3));
        pg_query(scheduler->pg, "select pagetide.reload_told($1, $2)", params, 2, TIMEOUT_MS,
                 NULL, NULL);
    }
}

void intake_tell(struct scheduler *scheduler)
{
    if (scheduler->is_telling || !pg_is_up(scheduler->pg) || !redis_is_up(scheduler->redis))
        return;
    scheduler->is_telling = true;
    pg_query(scheduler->pg, "select id, state, run, reason from pagetide.reload_outcomes()",
             NULL, 0, TIMEOUT_MS, on_outcomes, scheduler);
}
