#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/support/fault.h"
#include "tests/support/nemesis.h"
#include "tests/support/truth.h"
#define SUITE_TIMEOUT                                                                          \
    (600 + number_of("NEMESIS_SECONDS", 20) + 3 * number_of("NEMESIS_KILLS", 0))

/*
 * Everything at once, by chance: all that may happen to an installation (support/nemesis.h),
 * while streams of all kinds are asked for, cancelled, retried and paused. After each round the
 * faults end, and what must hold then is looked at.
 *
 *   NEMESIS_SECONDS  how long (`make nemesis`)
 *   NEMESIS_KILLS    kills alone, of workers, schedulers, Redis and backends, until there were
 *                    so many (`make figures`)
 */
static int number_of(const char *name, int otherwise)
{
    const char *given = getenv(name);
    return given ? (int)strtol(given, NULL, 10) : otherwise;
}

#include "tests/support/suite.h"

enum {
    ROUND_EVENTS = 14,
    ROUND_KILLS = 60,
    ORDERS_MAX = 4096,
    TERMINAL_MS = 90000,
    PEAK_KIB = 64 << 10
};

#define TOKEN "s3cr3t-nemesis-7f3a"

/* Each reads 600 records of its own, those of ids 1 to 600. */
static const char source[] =
    "auth: {type: bearer, token: \"{{ env.NEMESIS_TOKEN }}\"}\n"
    "retry: {max_attempts: 100, initial_delay: 20ms, max_delay: 200ms}\n"
    "defaults:\n  merge_path: data\n"
    "streams:\n"
    "  appended:\n    path: /gen/page\n    params: {per_page: 10, total: 600, seed: 1}\n"
    "    pagination: {type: page, total_pages_path: pages, parallel: 3}\n    again: true\n"
    "  upserted:\n    path: /gen/cursor\n    params: {limit: 10, total: 600, seed: 2}\n"
    "    pagination: {type: cursor, cursor_path: next_cursor, param: cursor}\n"
    "    write: upsert\n    key: [id]\n"
    "  windowed:\n    path: /gen/page\n    write: upsert\n    key: [id]\n"
    "    pagination: {type: page, total_pages_path: pages}\n"
    "    window: {size: 1d, from: 2024-01-01, to: 2024-01-21}\n"
    "    params: {total: 30, seed: 3, from: \"{{ ((window.start | epoch) - 1704067200) // "
    "86400 * 30 + 1 }}\"}\n"
    "  replaced:\n    path: /gen/offset\n    params: {limit: 10, total: 600, seed: 4}\n"
    "    pagination: {type: offset, total_path: total}\n"
    "    write: replace\n    key: [id]\n    shrink_guard: 0%\n"
    "  past:\n    path: /gen/page\n    params: {per_page: 10, total: 600, seed: 5}\n"
    "    pagination: {type: page, total_pages_path: pages, parallel: 2}\n"
    "    write: history\n    key: [id]\n    shrink_guard: 0%\n"
    "  both:\n    path: /gen/page\n    params: {per_page: 10, total: 600, seed: 6}\n"
    "    pagination: {type: page, total_pages_path: pages}\n"
    "    write: upsert\n    key: [id]\n"
    "    tables:\n      copies: {merge_path: data, write: upsert, key: [id]}\n"
    "  shared:\n    path: /gen/page\n    params: {per_page: 10, total: 600, seed: 7}\n"
    "    pagination: {type: page, total_path: total, jobs: 4, parallel: 2}\n"
    "    write: upsert\n    key: [id]\n";

static const char *const streams[] = {"appended", "upserted", "windowed", "replaced",
                                      "past",     "both",     "shared"};

struct siege {
    struct nemesis nemesis;
    int orders, round;
    int round_first; /* of the orders */
    const char *order_streams[ORDERS_MAX];
    unsigned faults;
};

/* --- what is asked for --- */

static const char *a_stream(struct siege *siege)
{
    return streams[nemesis_below(&siege->nemesis, COUNT_OF(streams))];
}

/* The same id means one run, however often it is said: it is said until it is taken. */
static void send_order(struct siege *siege, int order, const char *more)
{
    struct nemesis *nemesis = &siege->nemesis;
    const char *stream = siege->order_streams[order];
    int64_t deadline = clock_mono_ms() + 60000;
    const char *line = pagetide_text("reload api.%s --id o%d %s%s", stream, order, more,
                                     strcmp(stream, "appended") ? "" : " --mode full --again");
    for (;;) {
        struct pagetide_result got = pagetide_run(&nemesis->pagetide, "%s", line);
        if (got.code == 0)
            return;
        ck_assert_msg(got.code == 3 && clock_mono_ms() < deadline, "%s: exit %d\n%s", line,
                      got.code, got.err);
        /* A hidden Redis, or one that is away, is so for a while only. */
        nemesis_heal(nemesis);
    }
}

static void order(struct siege *siege)
{
    static const char *const ways[] = {"", "", "--if-running skip", "--if-running replace",
                                       "--priority 9"};
    const char *way = ways[nemesis_below(&siege->nemesis, COUNT_OF(ways))];
    int number = siege->orders++;
    ck_assert_int_lt(number, ORDERS_MAX);
    siege->order_streams[number] = a_stream(siege);
    nemesis_say(&siege->nemesis, "order o%d: api.%s %s", number, siege->order_streams[number],
                way);
    send_order(siege, number, way);
}

/* An order that may be refused: the run may be over by then. */
static void meddle(struct siege *siege)
{
    static const char *const words[] = {"cancel", "cancel", "retry", "pause"};
    struct nemesis *nemesis = &siege->nemesis;
    const char *word = words[nemesis_below(nemesis, COUNT_OF(words))];
    const char *stream = a_stream(siege);
    nemesis_say(nemesis, "%s api.%s", word, stream);
    struct pagetide_result got = pagetide_run(&nemesis->pagetide, "%s api.%s", word, stream);
    ck_assert_msg(got.code >= 0 && got.code <= 3, "%s: exit %d\n%s", word, got.code, got.err);
}

/* --- what must hold --- */

/* Even while things happen: no job stands in two places of the queue. */
static void check_places(struct siege *siege)
{
    static const char script[] =
        "local\tseen,twice={},0\n"
        "local\tfunction\tlook(key)\n"
        "for\t_,id\tin\tipairs(redis.call('ZRANGE',key,0,-1))\tdo\n"
        "if\tseen[id]\tthen\ttwice=twice+1\tend\tseen[id]=1\tend\tend\n"
        "look('pagetide:lease')\tlook('pagetide:delayed')\n"
        "for\t_,key\tin\tipairs(redis.call('KEYS','pagetide:ready:*'))\tdo\tlook(key)\tend\n"
        "return\ttwice";
    ck_assert_str_eq(servers_redis(nemesis_redis_url(&siege->nemesis), "EVAL %s 0", script),
                     "0");
}

/* What was lost on the way, with a Redis or a primary, is asked for again. */
static void check_orders(struct siege *siege)
{
    struct nemesis *nemesis = &siege->nemesis;
    struct pagetide *pagetide = &nemesis->pagetide;
    for (int i = siege->round_first; i < siege->orders; i++) {
        const char *sql =
            pagetide_text("select count(*) from pagetide.request where id = 'o%d'", i);
        for (int n = 0; n < 300 && !strcmp(pagetide_sql(pagetide, "%s", sql), "0"); n++) {
            if (nemesis->forgot_messages && n % 50 == 49)
                send_order(siege, i, "");
            usleep(100000);
        }
        ck_assert_msg(!strcmp(pagetide_sql(pagetide, "%s", sql), "1"), "order o%d is lost", i);
    }
    siege->round_first = siege->orders;
    nemesis->forgot_messages = false;
}

static void check_ends(struct siege *siege)
{
    struct pagetide *pagetide = &siege->nemesis.pagetide;
    pagetide_await(pagetide, "0 0", TERMINAL_MS,
                   "select (select count(*) from pagetide.run where not "
                   "pagetide.is_end(state)) || ' ' || (select count(*) from pagetide.request "
                   "where state in ('pending', 'started'))");
    truth_check_idle(pagetide);
    ck_assert_str_eq(pagetide_sql(pagetide, "select count(*) from pagetide.job where not "
                                            "pagetide.is_end(state)"),
                     "0");
}

/* Sums of the ledger, for jobs and for runs. */
static void check_counts(struct siege *siege)
{
    const char *wrong = pagetide_sql(
        &siege->nemesis.pagetide,
        "select coalesce(string_agg(format('run %%s (%%s): %%s pages, %%s records; ledger "
        "%%s, %%s', r.id, r.stream, r.pages, r.records, l.pages, l.records), '; '), '') from "
        "pagetide.run r cross join lateral (select count(*) as pages, coalesce(sum(p.records), "
        "0) as records from pagetide.page p join pagetide.job j on j.id = p.job where j.run = "
        "r.id) l where (r.pages, r.records) is distinct from (l.pages, l.records)");
    ck_assert_msg(*wrong == '\0', "%s", wrong);
    wrong = pagetide_sql(
        &siege->nemesis.pagetide,
        "select coalesce(string_agg(format('run %%s: %%s records, %%s rows, %%s ids', r.id, "
        "r.records, t.n, t.ids), '; '), '') from pagetide.run r left join (select _pt_run, "
        "count(*) as n, count(distinct id) as ids from api.appended group by 1) t on "
        "t._pt_run = r.id where r.stream = 'api.appended' and (r.records, r.records) is "
        "distinct from (coalesce(t.n, 0), coalesce(t.ids, 0))");
    ck_assert_msg(*wrong == '\0', "api.appended: %s", wrong);
}

/* What was cancelled, or has died of too many losses, is read once more. */
static void complete(struct siege *siege)
{
    struct nemesis *nemesis = &siege->nemesis;
    struct pagetide *pagetide = &nemesis->pagetide;
    for (size_t i = 0; i < COUNT_OF(streams); i++) {
        const char *state =
            pagetide_sql(pagetide,
                         "select coalesce((select state from pagetide.run where stream = "
                         "'api.%s' order by id desc limit 1), 'none')",
                         streams[i]);
        if (!strcmp(state, "succeeded"))
            continue;
        nemesis_say(nemesis, "api.%s ended %s: once more", streams[i], state);
        int number = siege->orders++;
        siege->order_streams[number] = streams[i];
        send_order(siege, number, strcmp(streams[i], "appended") ? "--mode full" : "");
    }
    check_orders(siege);
    check_ends(siege);
    ck_assert_str_eq(
        pagetide_sql(pagetide, "select coalesce(string_agg(stream || ' ' || state, ', '), '') "
                               "from (select distinct on (stream) stream, state from "
                               "pagetide.run order by stream, id desc) r where state <> "
                               "'succeeded'"),
        "");
}

static void check_tables(struct siege *siege)
{
    static const struct {
        const char *table;
        int seed;
    } tables[] = {
        {"(select distinct id, name, score, created_at, active from api.appended) t", 1},
        {"api.upserted", 2},
        {"api.windowed", 3},
        {"api.replaced", 4},
        {"api.past", 5},
        {"api.both", 6},
        {"api.copies", 6},
        {"api.shared", 7}};
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        truth_check_rows(&siege->nemesis.pagetide, &siege->nemesis.mock, tables[i].table,
                         pagetide_text("total=600&seed=%d", tables[i].seed));
}

/* Nothing that a file, a dump or a snapshot holds is the token. */
static void check_secrets(struct siege *siege)
{
    struct nemesis *nemesis = &siege->nemesis;
    const char *dir = nemesis->pagetide.dir;
    const char *primary = nemesis->postgres[nemesis->primary].url;
    const char *collect = pagetide_text(
        "pg_dump --inserts '%s' > %s/dump.sql && redis-cli -u %s --rdb %s/dump.rdb >/dev/null",
        primary, dir, nemesis_redis_url(nemesis), dir);
    ck_assert_int_eq(system(collect), 0);
    ck_assert_msg(system(pagetide_text("grep -rl -F '" TOKEN "' %s", dir)) != 0,
                  "the token stands in a file");
    if (!pagetide_is_sanitized())
        ck_assert_int_le(nemesis->peak_kib, PEAK_KIB);
}

/* --- rounds --- */

static void play_round(struct siege *siege)
{
    struct nemesis *nemesis = &siege->nemesis;
    nemesis_say(nemesis, "round %d", ++siege->round);
    for (int i = 0; i < 3; i++)
        order(siege);
    for (int i = 0; i < (number_of("NEMESIS_KILLS", 0) ? ROUND_KILLS : ROUND_EVENTS); i++) {
        int64_t kind = nemesis_below(nemesis, 10);
        if (kind < 2)
            order(siege);
        else if (kind == 2)
            meddle(siege);
        else
            nemesis_strike(nemesis, siege->faults);
        check_places(siege);
    }
    nemesis_heal(nemesis);
    nemesis_say(nemesis, "healed");
    for (size_t i = 0; i < COUNT_OF(streams); i++)
        pagetide_run(&nemesis->pagetide, "resume api.%s", streams[i]);
    check_orders(siege);
    check_ends(siege);
    complete(siege);
    check_counts(siege);
    check_tables(siege);
}

enum {
    ALL_FAULTS = (1 << NEMESIS_FAULTS) - 1,
    KILLS = 1 << NEMESIS_KILL_WORKER | 1 << NEMESIS_KILL_SCHEDULER |
            1 << NEMESIS_RESTART_REDIS | 1 << NEMESIS_SHOOT_BACKENDS,
};

static bool is_enough(const struct siege *siege, int64_t until)
{
    int kills = 0;
    for (int i = 0; i < NEMESIS_FAULTS; i++)
        kills += KILLS >> i & 1 ? siege->nemesis.counts[i] : 0;
    return clock_mono_ms() >= until && kills >= number_of("NEMESIS_KILLS", 0);
}

START_TEST(test_whatever_happens_nothing_is_lost_or_doubled)
{
    static struct siege siege;
    setenv("NEMESIS_TOKEN", TOKEN, 1);
    siege.faults = number_of("NEMESIS_KILLS", 0) ? KILLS : ALL_FAULTS;
    nemesis_open(&siege.nemesis, source);
    int64_t until = clock_mono_ms() + 1000 * (int64_t)number_of("NEMESIS_SECONDS", 20);
    do
        play_round(&siege);
    while (!is_enough(&siege, until));
    check_secrets(&siege);
    struct pagetide *pagetide = &siege.nemesis.pagetide;
    const char *runs = pagetide_sql(
        pagetide, "select string_agg(n || ' ' || state, ', ') from (select state, count(*) as "
                  "n from pagetide.run group by 1 order by 2 desc) s");
    printf("seed %llu: %d rounds, %d orders; runs: %s; %s pages; at most %ld KiB\n",
           (unsigned long long)siege.nemesis.seed, siege.round, siege.orders, runs,
           pagetide_sql(pagetide, "select count(*) from pagetide.page"),
           siege.nemesis.peak_kib);
    fault_note("all", "everything at once, by chance", -1, "%d rounds, %d orders: %s",
               siege.round, siege.orders, nemesis_summary(&siege.nemesis));
    nemesis_close(&siege.nemesis);
}
END_TEST

SUITE("fault/nemesis", test_whatever_happens_nothing_is_lost_or_doubled)
