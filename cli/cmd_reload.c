#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_out.h"
#include "base/rng.h"
#include "cli/bar.h"
#include "cli/cli.h"
#include "cli/near.h"
#include "cli/say.h"
#include "cli/summary.h"
#include "port/json.h"
#include "port/redis.h"
#include "port/redis_url.h"

/*
 * `reload`: the same message that anything which reaches Redis may send:
 *
 *     send      XADD PREFIX:reload, under an id of the sender's
 *     --wait    DEL of PREFIX:reload:result:ID before the message is sent, then the outcome
 *               there, every 250 ms, with the run's sums from PostgreSQL as the bar. It is
 *               empty until a scheduler has taken the message,
 *               then pending (the run before it goes on), started, and at last the run's end
 *     end       the summary and exit code of the run; a request that was refused or skipped has
 *               none (exit_code.h)
 *
 * The message stays in Redis whatever becomes of this process; the same id is the same request.
 */
enum {
    CONNECT_MS = 10000,
    CALL_MS = 10000,
    SAY_AFTER_MS = 10000, /* no scheduler has taken the message */
    GIVE_UP_MS = 60000,
    POLL_MS = 250,
};

struct reload {
    struct cli *cli;
    struct redis *redis;
    struct pg *pg; /* --wait */
    bool is_up, is_answered;
    struct err err;    /* of the connection, or of the call */
    struct str answer; /* in the command's arena; empty: nil */
    struct str id;
};

static void on_state(void *ctx, bool up, const struct err *err)
{
    struct reload *reload = ctx;
    reload->is_up = up;
    if (err)
        reload->err = *err;
}

static void on_reply(void *ctx, const struct redis_reply *reply, const struct err *err)
{
    struct reload *reload = ctx;
    reload->is_answered = true;
    reload->answer = STR_NONE;
    if (err)
        reload->err = *err;
    else
        reload->answer = arena_str(reload->cli->arena, reply->text);
}

static bool call(struct reload *reload, const struct str *args, size_t count)
{
    reload->is_answered = false;
    reload->err = (struct err)ERR_INIT;
    redis_call(reload->redis, args, count, CALL_MS, on_reply, reload);
    loop_run_until(cli_loop(reload->cli), &reload->is_answered, 2 * CALL_MS);
    return reload->is_answered && reload->err.kind == ERR_NONE;
}

static bool connect_redis(struct reload *reload)
{
    struct cli *cli = reload->cli;
    if (!redis_open(cli_loop(cli), cli->settings.redis_url, "pagetide reload", on_state, reload,
                    &reload->redis, &reload->err))
        return false;
    if (loop_run_until(cli_loop(cli), &reload->is_up, CONNECT_MS))
        return true;
    return err_wrap(&reload->err, "Redis at %s cannot be reached",
                    redis_url_shown(cli->arena, cli->settings.redis_url));
}

static size_t put_field(struct str *args, size_t count, const char *name, const char *value)
{
    if (!value)
        return count;
    args[count] = str_from(name);
    args[count + 1] = str_from(value);
    return count + 2;
}

static struct str outcome_key(const struct reload *reload)
{
    return arena_printf(reload->cli->arena, "%s:reload:result:%.*s",
                        reload->cli->settings.redis_prefix, STR_ARG(reload->id));
}

/* That an older message had, or one that PostgreSQL has lost: the scheduler writes it anew. */
static bool forget_outcome(struct reload *reload)
{
    const struct str args[] = {STR("DEL"), outcome_key(reload)};
    return call(reload, args, COUNT_OF(args));
}

static bool send_message(struct reload *reload)
{
    const struct options *options = &reload->cli->options;
    struct arena *arena = reload->cli->arena;
    struct str args[24] = {STR("XADD"),
                           arena_printf(arena, "%s:reload", reload->cli->settings.redis_prefix),
                           STR("*")};
    size_t count = 3;
    count = put_field(args, count, "stream", reload->cli->operands[0]);
    count = put_field(args, count, "mode", options->mode);
    count = put_field(args, count, "from", options->from);
    count = put_field(args, count, "to", options->to);
    count = put_field(args, count, "priority", options->priority);
    count = put_field(args, count, "if_running", options->if_running);
    count = put_field(args, count, "again", options->again ? "yes" : NULL);
    count = put_field(args, count, "id", reload->id.ptr);
    return call(reload, args, count);
}

/* What the scheduler wrote about the request; the state is empty until it has. */
struct outcome {
    struct str state, reason; /* in the command's arena */
    int64_t run;
};

static struct outcome read_outcome(struct reload *reload)
{
    struct arena *arena = reload->cli->arena;
    AUTO_JSON struct json *json = NULL;
    struct err err = ERR_INIT;
    const struct str args[] = {STR("GET"), outcome_key(reload)};
    if (!call(reload, args, COUNT_OF(args)) || !reload->answer.len ||
        !json_parse(reload->answer, &json, &err))
        return (struct outcome){.run = 0};
    return (struct outcome){arena_str(arena, json_get_str(json, "state")),
                            arena_str(arena, json_get_str(json, "reason")),
                            json_get_int(json, "run")};
}

static bool is_under_way(struct str state)
{
    return state.len == 0 || str_is(state, "pending") || str_is(state, "started");
}

/* The total is known where every job of the run knows its own. */
static const char sums_sql[] =
    "select coalesce(sum(page), 0), case when count(*) = count(pages_total) then "
    "sum(pages_total) end, coalesce(sum(records), 0)::bigint from pagetide.job where run = $1";
enum sums_column { SUMS_PAGES, SUMS_PAGES_TOTAL, SUMS_RECORDS, SUMS_COLUMNS };

static void draw(struct reload *reload, struct bar *bar, const struct outcome *outcome)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct err err = ERR_INIT;
    struct pg_value id = pg_int(outcome->run);
    struct bar_state shown = {0};
    if (str_is(outcome->state, "pending"))
        shown.note = "waits for the run before it";
    if (outcome->run && pg_await(reload->pg, sums_sql, &id, 1, CALL_MS, &result, &err)) {
        assert(pg_columns(result) == SUMS_COLUMNS);
        shown.pages = pg_get_int(result, 0, SUMS_PAGES);
        shown.pages_total = pg_get_int(result, 0, SUMS_PAGES_TOTAL);
        shown.records = pg_get_int(result, 0, SUMS_RECORDS);
    }
    bar_draw(bar, &shown);
}

/*
 * Follows the request to its end; *ret_outcome is the last word. False: no scheduler has taken
 * it within GIVE_UP_MS. Once taken it is waited for without a limit: Redis may be away for a
 * while, or have forgotten the outcome until it is written again.
 */
static bool follow(struct reload *reload, struct outcome *ret_outcome)
{
    static const bool never = false;
    struct bar bar;
    bool is_said = false, is_taken = false;
    int64_t began_mono_ms = clock_mono_ms();
    bar_start(&bar, 0);
    for (;;) {
        *ret_outcome = read_outcome(reload);
        if (!is_under_way(ret_outcome->state))
            break;
        int64_t waited_ms = clock_mono_ms() - began_mono_ms;
        is_taken |= ret_outcome->state.len > 0;
        if (!is_taken && waited_ms > SAY_AFTER_MS && !is_said) {
            is_said = true;
            say_note(stderr,
                     "pagetide: no scheduler has taken the message yet; is one running?");
        }
        if (!is_taken && waited_ms > GIVE_UP_MS)
            return false;
        if (ret_outcome->state.len)
            draw(reload, &bar, ret_outcome);
        loop_run_until(cli_loop(reload->cli), &never, POLL_MS);
    }
    bar_clear(&bar);
    return true;
}

static int wait_for_end(struct reload *reload)
{
    struct outcome outcome;
    struct err err = ERR_INIT;
    int code;
    if (!cli_database(reload->cli, false, &reload->pg, &code))
        return code;
    if (!follow(reload, &outcome)) {
        say_line(stderr,
                 "pagetide: no scheduler took request %.*s within 60 s; the message stays for "
                 "the next one",
                 STR_ARG(reload->id));
        return EXIT_UNREACHABLE;
    }
    struct str state = outcome.state;
    if (str_is(state, "refused") || str_is(state, "skipped") || !outcome.run) {
        say_line(stderr, "pagetide: request %.*s was %.*s: %.*s", STR_ARG(reload->id),
                 STR_ARG(state), STR_ARG(outcome.reason));
        return exit_code_of_request(state);
    }
    return summary_show(reload->cli, reload->pg, outcome.run, &state, &err)
               ? exit_code_of_run(state)
               : cli_fail(&err);
}

/* The message waits then, or is refused, and nobody would know why nothing comes of it. */
static const char doubts_sql[] =
    "select exists (select from pagetide.stream where name = $2 and removed_at is null), "
    "m.streams is null, to_char(m.last_seen, 'YYYY-MM-DD HH24:MI:SS') from (values (1)) one "
    "left join pagetide.missed_scheduler(2 * $1 * interval '1 ms') m on true";
enum doubts_column { DOUBTS_IS_KNOWN, DOUBTS_HAS_SCHEDULER, DOUBTS_LAST_SEEN, DOUBTS_COLUMNS };

static void warn_of_doubts(struct reload *reload)
{
    AUTO_PG_RESULT struct pg_result *doubts = NULL;
    const char *stream = reload->cli->operands[0];
    const struct pg_value params[] = {pg_int(reload->cli->settings.beat_ms),
                                      pg_text(str_from(stream))};
    struct err err = ERR_INIT;
    if (!cli_database_if_up(reload->cli, &reload->pg) ||
        !pg_await(reload->pg, doubts_sql, params, COUNT_OF(params), CALL_MS, &doubts, &err))
        return;
    assert(pg_columns(doubts) == DOUBTS_COLUMNS);
    if (!pg_get_bool(doubts, 0, DOUBTS_IS_KNOWN)) {
        AUTO_BUF(near, KIB(4));
        near_put_stored(&near, reload->pg, str_from(stream));
        say_note(stderr,
                 "pagetide: warning: no stream %s is stored: the message will be refused%.*s",
                 stream, STR_ARG(buf_str(&near)));
    }
    if (pg_get_bool(doubts, 0, DOUBTS_HAS_SCHEDULER))
        return;
    bool is_never = pg_is_null(doubts, 0, DOUBTS_LAST_SEEN);
    say_note(stderr, "pagetide: no scheduler is running (last seen: %.*s): the message waits",
             STR_ARG(is_never ? STR("never") : pg_get_str(doubts, 0, DOUBTS_LAST_SEEN)));
}

static void say_sent(struct str id)
{
    AUTO_BUF(line, KIB(64));
    struct json_out out = {.buf = &line};
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "id", id);
    json_out_str(&out, "state", STR("sent"));
    json_out_close(&out, '}');
    say_json(buf_str(&line));
}

static bool is_among(const char *word, const char *a, const char *b, const char *c)
{
    return !word || !strcmp(word, a) || !strcmp(word, b) || !strcmp(word, c);
}

static bool is_window_right(const struct options *options)
{
    bool is_window = options->mode && !strcmp(options->mode, "window");
    if (!is_window && !options->from && !options->to)
        return true;
    if (is_window && options->from && options->to)
        return cli_is_window("reload", options->from, options->to);
    cli_usage("reload: --mode window, --from and --to go together");
    return false;
}

/* What any scheduler would refuse (pagetide.reload_refusal) is no message. */
static bool is_used_right(const struct cli *cli)
{
    const struct options *options = &cli->options;
    const char *priority = options->priority;
    if (cli->operand_count != 1)
        cli_usage("reload: name one stream");
    else if (!is_among(options->mode, "incremental", "full", "window"))
        cli_usage("reload --mode: incremental, full or window, not \"%s\"", options->mode);
    else if (!is_among(options->if_running, "queue", "skip", "replace"))
        cli_usage("reload --if-running: queue, skip or replace, not \"%s\"",
                  options->if_running);
    else if (priority && (strlen(priority) != 1 || !strchr("0123456789", *priority)))
        cli_usage("reload --priority: a digit from 0 to 9, not \"%s\"", priority);
    else if (options->id && !*options->id)
        cli_usage("reload --id is empty: leave it out, or name one");
    else
        return is_window_right(options);
    return false;
}

static int send_and_follow(struct reload *reload)
{
    struct cli *cli = reload->cli;
    char token[RNG_TOKEN_BYTES];
    rng_token(token);
    reload->id = cli->options.id ? str_from(cli->options.id)
                                 : arena_printf(cli->arena, "cli-%.16s", token);
    if (!connect_redis(reload) || (cli->options.wait && !forget_outcome(reload)) ||
        !send_message(reload))
        return cli_fail_to_reach(&reload->err);
    if (cli->options.wait)
        return wait_for_end(reload);
    if (cli->options.json)
        say_sent(reload->id);
    else
        say_note(stdout, "sent as request %.*s", STR_ARG(reload->id));
    warn_of_doubts(reload);
    return EXIT_DONE;
}

static int reload_main(struct cli *cli)
{
    struct reload reload = {.cli = cli, .err = ERR_INIT};
    if (!is_used_right(cli))
        return EXIT_USAGE;
    int code = send_and_follow(&reload);
    pg_close(reload.pg);
    redis_close(reload.redis);
    return code;
}

static const struct opt opts[] = {
    {"mode", 0, OPT_TEXT, offsetof(struct options, mode), "incremental|full|window",
     "how; incremental is the default"},
    {"from", 0, OPT_TEXT, offsetof(struct options, from), "TIME",
     "with --mode window: its begin, RFC 3339 or a date"},
    {"to", 0, OPT_TEXT, offsetof(struct options, to), "TIME",
     "with --mode window: its end, not included"},
    {"id", 0, OPT_TEXT, offsetof(struct options, id), "ID", "the same id twice is one run"},
    {"priority", 0, OPT_TEXT, offsetof(struct options, priority), "0-9", "9 first (5)"},
    {"if-running", 0, OPT_TEXT, offsetof(struct options, if_running), "queue|skip|replace",
     "queue is the default; replace ends the run that is under way"},
    {"again", 0, OPT_FLAG, offsetof(struct options, again), NULL,
     "with --mode full on a stream that appends: its records are loaded again"},
    {"wait", 0, OPT_FLAG, offsetof(struct options, wait), NULL, "follow the run to its end"},
    OPT_END,
};

const struct command cmd_reload = {
    .name = "reload",
    .operands = "STREAM",
    .summary = "ask for a run now, by a message through Redis",
    .help = "The same by redis-cli: XADD pagetide:reload * stream shop.orders mode full",
    .opts = opts,
    .needs_settings = true,
    .run = reload_main,
};
