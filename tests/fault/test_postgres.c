#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/fault.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/servers.h"
#define SUITE_TIMEOUT 240
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/* PostgreSQL full, away, and shot while it commits. */

struct house {
    struct pagetide pagetide;
    struct mock mock;
    struct test_postgres postgres; /* its own, where pid is set */
    struct rng rng;
    struct pagetide_process scheduler, worker;
};

static const char definition[] =
    "source: api\nbase_url: %s\nstreams:\n"
    "  appended:\n    path: /gen/page\n"
    "    params: {per_page: 10, total: 5000, seed: 1, record_bytes: %d}\n"
    "    pagination: {type: page, total_pages_path: pages}\n    merge_path: data\n"
    "  upserted:\n    path: /gen/cursor\n"
    "    params: {limit: 10, total: 5000, seed: 2, record_bytes: %d}\n"
    "    pagination: {type: cursor, cursor_path: next_cursor, param: cursor}\n"
    "    merge_path: data\n    write: upsert\n    key: [id]\n";

static void house_open(struct house *house, bool own_postgres, int record_bytes)
{
    *house = (struct house){0};
    pagetide_seed(&house->rng);
    mock_start(NULL, &house->mock);
    pagetide_open(&house->pagetide);
    if (own_postgres) {
        servers_postgres_start(&house->postgres);
        house->pagetide.database_url = house->postgres.url;
        setenv("PAGETIDE_DATABASE_URL", house->postgres.url, 1);
    }
    setenv("PAGETIDE_LEASE", "3s", 1);
    setenv("PAGETIDE_BEAT", "500ms", 1);
    setenv("PAGETIDE_BATCH_RECORDS", "20", 1);
    setenv("PAGETIDE_BATCH_AGE", "50ms", 1);
    pagetide_source(&house->pagetide, "api", definition, house->mock.url, record_bytes,
                    record_bytes);
    ck_assert_int_eq(pagetide_run(&house->pagetide, "migrate").code, 0);
    ck_assert_int_eq(pagetide_run(&house->pagetide, "apply %s", house->pagetide.dir).code, 0);
}

static void house_serve(struct house *house)
{
    house->scheduler = pagetide_spawn(&house->pagetide, "scheduler");
    house->worker = pagetide_spawn(&house->pagetide, "worker");
}

static void house_close(struct house *house)
{
    pagetide_signal(&house->worker, SIGTERM);
    pagetide_signal(&house->scheduler, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&house->worker, 25000), 0);
    ck_assert_int_eq(pagetide_wait(&house->scheduler, 25000), 0);
    pagetide_close(&house->pagetide);
    if (house->postgres.pid)
        servers_postgres_stop(&house->postgres);
    mock_stop(&house->mock);
}

static void check_rows(struct house *house)
{
    struct pagetide *pagetide = &house->pagetide;
    truth_check_ledger(pagetide, "api.appended", 5000);
    truth_check_ledger(pagetide, "api.upserted", 5000);
    truth_check_rows(pagetide, &house->mock, "api.appended", "total=5000&seed=1");
    truth_check_rows(pagetide, &house->mock, "api.upserted", "total=5000&seed=2");
}

/* --- a full disk --- */

/* A tablespace of 3 MB where that may be mounted; elsewhere a trigger that says what
 * PostgreSQL would say. */
struct disk {
    const char *mounted;
};

static bool shell(const char *command)
{
    return system(command) == 0;
}

/* Mounts are the test's and its server's alone: they go with them, whatever happens. */
static void keep_mounts_private(void)
{
    if (unshare(CLONE_NEWNS) == 0)
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static void disk_make(struct house *house, struct disk *ret_disk)
{
    struct pagetide *pagetide = &house->pagetide;
    const char *dir = pagetide_text("/tmp/pagetide-full.%d", (int)getpid());
    *ret_disk = (struct disk){0};
    if (shell(pagetide_text("mkdir -p %s && mount -t tmpfs -o size=3m none %s 2>/dev/null && "
                            "chown postgres: %s",
                            dir, dir, dir)))
        ret_disk->mounted = dir;
    if (ret_disk->mounted) {
        pagetide_sql(pagetide, "create tablespace small location '%s'", dir);
        pagetide_sql(pagetide, "alter database postgres set default_tablespace = small");
        return;
    }
    printf("NOTE: no tmpfs can be mounted here; a trigger stands for the full disk\n");
    pagetide_sql(
        pagetide,
        "create table public.room (bytes bigint); insert into public.room values (3000000); "
        "create function public.fill() returns trigger language plpgsql as $$ begin if "
        "pg_relation_size(tg_relid) > (select bytes from public.room) then raise exception "
        "'could not extend file \"base/5/16384\": No space left on device' using errcode = "
        "'53100'; end if; return null; end $$; "
        "create function public.watch() returns event_trigger language plpgsql as $$ declare r "
        "record; begin for r in select * from pg_event_trigger_ddl_commands() where "
        "command_tag "
        "= 'CREATE TABLE' and schema_name = 'api' loop execute format('create trigger fill "
        "after "
        "insert on %%s execute function public.fill()', r.objid::regclass); end loop; end $$; "
        "create event trigger watch on ddl_command_end when tag in ('CREATE TABLE') execute "
        "function public.watch()");
}

static void disk_grow(struct house *house, const struct disk *disk)
{
    if (disk->mounted)
        ck_assert(shell(pagetide_text("mount -o remount,size=64m %s", disk->mounted)));
    else
        pagetide_sql(&house->pagetide, "update public.room set bytes = 1000000000");
}

static void disk_remove(const struct disk *disk)
{
    if (disk->mounted)
        ck_assert(shell(pagetide_text("umount %s && rmdir %s", disk->mounted, disk->mounted)));
}

static int count_of(const char *text, const char *part)
{
    int count = 0;
    while ((text = strstr(text, part))) {
        text += strlen(part);
        count++;
    }
    return count;
}

START_TEST(test_full_disk)
{
    struct house house;
    struct disk disk;
    keep_mounts_private();
    house_open(&house, true, 900);
    struct pagetide *pagetide = &house.pagetide;
    disk_make(&house, &disk);
    house_serve(&house);
    ck_assert_int_eq(pagetide_run(pagetide, "reload api.upserted").code, 0);
    int64_t began = clock_mono_ms();
    struct pagetide_process sync = pagetide_spawn(pagetide, "sync api.appended --json");
    int code = pagetide_wait(&sync, 90000);
    const char *said = pagetide_err(&sync);
    printf("sync gave up after %.1f s, exit %d:\n%s", (double)(clock_mono_ms() - began) / 1000,
           code, said);
    ck_assert_int_eq(code, 3);
    /* At once, then with each minute's count, and as the reason of the end. */
    ck_assert_int_ge(count_of(said, "No space left on device"), 2);
    ck_assert_int_le(count_of(said, "No space left on device"), 3);
    ck_assert_int_eq(count_of(said, "PostgreSQL refuses more disk space: "), 1);
    ck_assert_ptr_nonnull(strstr(said, "the same command goes on where it stopped"));
    ck_assert_str_eq(pagetide_sql(pagetide, "select count(*) || ' ' || sum(losses) from "
                                            "pagetide.job where not pagetide.is_end(state)"),
                     "2 0");
    disk_grow(&house, &disk);
    /* The worker may have taken it up by now, if this takes long to begin. */
    struct pagetide_result again = pagetide_run(pagetide, "sync api.appended --json");
    ck_assert_msg(again.code == 0 || strstr(again.err, "is being made by"), "%s", again.err);
    pagetide_await(
        pagetide, "succeeded 2", 60000,
        "select string_agg(distinct state, ' ') || ' ' || count(*) from pagetide.run");
    check_rows(&house);
    fault_note("28", "the disk of PostgreSQL is full", -1, "%s",
               disk.mounted ? "a tablespace of 3 MB" : "by a trigger");
    house_close(&house);
    disk_remove(&disk);
}
END_TEST

/* --- backends that are shot --- */

enum { SHOTS = 50 };

/* So long does the message of a commit take, that a random moment falls into one: each writes
 * the ledger, whichever way its rows went. */
static void slow_down(struct pagetide *pagetide)
{
    pagetide_sql(pagetide,
                 "create or replace function public.slow() returns trigger language plpgsql as "
                 "$$ begin perform pg_sleep(0.02); return null; end $$; create trigger slow "
                 "after insert on pagetide.page execute function public.slow()");
}

START_TEST(test_backends_shot_50_times_while_they_commit)
{
    struct house house;
    int shots = 0;
    house_open(&house, false, 0);
    struct pagetide *pagetide = &house.pagetide;
    mock_post(&house.mock, "/_mock/fault",
              "{\"path\": \"/gen/\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 25}");
    house_serve(&house);
    ck_assert_int_eq(pagetide_run(pagetide, "reload api.appended").code, 0);
    ck_assert_int_eq(pagetide_run(pagetide, "reload api.upserted").code, 0);
    slow_down(pagetide);
    int64_t deadline = pagetide_deadline(150000);
    while (shots < SHOTS) {
        ck_assert_int_lt(clock_mono_ms(), deadline);
        usleep((useconds_t)rng_below(&house.rng, 150000));
        int64_t hit = 0;
        ck_assert(str_to_int64(
            str_from(pagetide_sql(
                pagetide, "select count(pg_terminate_backend(pid)) from pg_stat_activity where "
                          "datname = current_database() and state = 'active' and query like "
                          "'%%pagetide.commit_batch%%' and pid <> pg_backend_pid()")),
            &hit));
        shots += (int)hit;
    }
    pagetide_await(
        pagetide, "succeeded 2", 60000,
        "select string_agg(distinct state, ' ') || ' ' || count(*) from pagetide.run");
    printf("%d backends shot in a commit; %lld and %lld requests for 500 pages each\n", shots,
           (long long)mock_count(&house.mock, "/gen/page"),
           (long long)mock_count(&house.mock, "/gen/cursor"));
    /* Nothing is fetched again for a session that broke. */
    ck_assert_int_eq(mock_count(&house.mock, "/gen/page"), 500);
    ck_assert_int_eq(mock_count(&house.mock, "/gen/cursor"), 500);
    check_rows(&house);
    fault_note("25", "backends terminated while they commit", 0, "%d shots", shots);
    house_close(&house);
}
END_TEST

/* What it had confirmed and not yet written goes with it: as much as there is. */
START_TEST(test_postgres_crashes_and_comes_back)
{
    struct house house;
    house_open(&house, true, 0);
    pagetide_sql(&house.pagetide, "alter system set wal_writer_delay = '10s'");
    pagetide_sql(&house.pagetide, "select pg_reload_conf()");
    /* Three leases must outlast the servers' rest and the pauses between tries to connect. */
    setenv("PAGETIDE_LEASE", "10s", 1);
    struct pagetide *pagetide = &house.pagetide;
    mock_post(&house.mock, "/_mock/fault",
              "{\"path\": \"/gen/\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 10}");
    house_serve(&house);
    ck_assert_int_eq(pagetide_run(pagetide, "reload api.upserted").code, 0);
    struct pagetide_process sync = pagetide_spawn(pagetide, "sync api.appended");
    for (int i = 1; i <= 2; i++) {
        pagetide_await(pagetide, "t", 20000,
                       "select count(*) = 2 and min(page) > %d from pagetide.job", 100 * i);
        ck_assert_int_eq(kill(house.postgres.pid, SIGQUIT), 0); /* stop -m immediate */
        usleep(2000000);
        servers_postgres_restart(&house.postgres);
    }
    ck_assert_msg(pagetide_wait(&sync, 60000) == 0, "%s", pagetide_err(&sync));
    pagetide_await(
        pagetide, "succeeded 2", 60000,
        "select string_agg(distinct state, ' ') || ' ' || count(*) from pagetide.run");
    printf("PostgreSQL crashed twice; %lld and %lld requests for 500 pages each\n",
           (long long)mock_count(&house.mock, "/gen/page"),
           (long long)mock_count(&house.mock, "/gen/cursor"));
    int64_t again =
        mock_count(&house.mock, "/gen/page") + mock_count(&house.mock, "/gen/cursor") - 1000;
    check_rows(&house);
    fault_note("24", "PostgreSQL stopped at once, and started again", again, "2 crashes");
    house_close(&house);
}
END_TEST

/* --- a PostgreSQL that is there, and refuses --- */

static void house_await_ready(int port, const char *answer)
{
    int64_t deadline = pagetide_deadline(40000);
    const char *got;
    while (!strstr(got = pagetide_http_get(port, "/readyz"), answer)) {
        ck_assert_msg(clock_mono_ms() < deadline, "%s: %s", answer, got);
        usleep(50000);
    }
}

/* As PostgreSQL says it, at each write to the table. */
static void refuse_writes(struct pagetide *pagetide, const char *sqlstate, const char *words)
{
    pagetide_sql(pagetide,
                 "create function public.refuse() returns trigger language plpgsql as $$ begin "
                 "raise exception '%s' using errcode = '%s'; end $$; create trigger refuse "
                 "before insert on api.upserted for each statement execute function "
                 "public.refuse()",
                 words, sqlstate);
}

START_TEST(test_what_postgresql_refuses_is_said_and_heals)
{
    static const struct {
        const char *sqlstate, *words, *what;
    } cases[] = {
        {"53100", "could not extend file: No space left on device", "more disk space"},
        {"25006", "cannot execute INSERT in a read-only transaction", "writes"},
    };
    struct house house;
    house_open(&house, false, 0);
    struct pagetide *pagetide = &house.pagetide;
    setenv("PAGETIDE_HTTP", "127.0.0.1:0", 1);
    ck_assert_int_eq(pagetide_run(pagetide, "sync api.upserted").code, 0);
    struct pagetide_process up = pagetide_spawn(pagetide, "up");
    int port = pagetide_http_port(&up, 15000);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *what = cases[i].what;
        house_await_ready(port, "{\"status\":\"ready\"}");
        pagetide_sql(pagetide, "delete from api.upserted");
        refuse_writes(pagetide, cases[i].sqlstate, cases[i].words);
        ck_assert_int_eq(pagetide_run(pagetide, "reload api.upserted").code, 0);
        pagetide_await_err(
            &up, pagetide_text("PostgreSQL refuses %s: %s", what, cases[i].words), 20000);
        house_await_ready(port, pagetide_text("503 {\"status\":\"not ready\",\"refused_by_"
                                              "postgres\":\"%s\"}",
                                              what));
        pagetide_await(pagetide, "1", 5000, "select count(*) from pagetide.refusals()");
        expect_holds(pagetide_run(pagetide, "status").out,
                     pagetide_text("PostgreSQL refuses %s since", what));
        expect_holds(pagetide_run(pagetide, "status --json").out,
                     pagetide_text("\"refused_by_postgres\": [\"%s\"]", what));
        pagetide_sql(pagetide, "drop function public.refuse cascade");
        pagetide_await(pagetide, "succeeded", 60000,
                       "select state from pagetide.run order by id desc limit 1");
        pagetide_await_err(&up, pagetide_text("PostgreSQL refuses %s no more", what), 60000);
    }
    pagetide_await(pagetide, "0", 5000, "select count(*) from pagetide.refusals()");
    truth_check_rows(pagetide, &house.mock, "api.upserted", "total=5000&seed=2");
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, 25000), 0);
    pagetide_close(pagetide);
    mock_stop(&house.mock);
}
END_TEST

/* Nothing else of the process is refused: it stays ready. */
START_TEST(test_a_right_to_one_table_that_is_missing_fails_its_run_alone)
{
    struct house house;
    house_open(&house, false, 0);
    struct pagetide *pagetide = &house.pagetide;
    setenv("PAGETIDE_HTTP", "127.0.0.1:0", 1);
    ck_assert_int_eq(pagetide_run(pagetide, "sync api.upserted").code, 0);
    struct pagetide_process up = pagetide_spawn(pagetide, "up");
    int port = pagetide_http_port(&up, 15000);
    house_await_ready(port, "{\"status\":\"ready\"}");
    pagetide_sql(pagetide, "delete from api.upserted");
    refuse_writes(pagetide, "42501", "permission denied for table upserted");
    ck_assert_int_eq(pagetide_run(pagetide, "reload api.upserted").code, 0);
    pagetide_await(pagetide, "failed", 60000,
                   "select state from pagetide.run order by id desc limit 1");
    expect_holds(pagetide_sql(pagetide, "select string_agg(error, ' ') from pagetide.job"),
                 "permission denied for table upserted");
    expect_holds(pagetide_http_get(port, "/readyz"), "{\"status\":\"ready\"}");
    ck_assert_str_eq(pagetide_sql(pagetide, "select count(*) from pagetide.refusals()"), "0");
    ck_assert_ptr_null(strstr(pagetide_err(&up), "PostgreSQL refuses"));
    pagetide_signal(&up, SIGTERM);
    ck_assert_int_eq(pagetide_wait(&up, 25000), 0);
    pagetide_close(pagetide);
    mock_stop(&house.mock);
}
END_TEST

/* --- several hosts --- */

static void make_replica(struct test_postgres *postgres)
{
    servers_postgres_start(postgres);
    const char *dir = servers_sql(postgres->url, "show data_directory");
    servers_sql(postgres->url, pagetide_text("copy (select 1) to '%s/standby.signal'", dir));
    ck_assert_int_eq(kill(postgres->pid, SIGINT), 0);
    servers_postgres_await_end(postgres);
    servers_postgres_restart(postgres);
    ck_assert_str_eq(servers_sql(postgres->url, "select pg_is_in_recovery()"), "t");
}

/* The first of the hosts is a replica: the work goes to the one that can be written to. */
START_TEST(test_of_several_hosts_the_primary_is_taken)
{
    struct house house;
    struct test_postgres replica;
    house_open(&house, true, 0);
    struct pagetide *pagetide = &house.pagetide;
    make_replica(&replica);
    setenv("PAGETIDE_DATABASE_URL",
           pagetide_text("postgresql://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres",
                         servers_port_of(replica.url), servers_port_of(house.postgres.url)),
           1);
    struct pagetide_result got = pagetide_run(pagetide, "sync api.upserted");
    ck_assert_msg(got.code == 0, "%s", got.err);
    truth_check_rows(pagetide, &house.mock, "api.upserted", "total=5000&seed=2");
    pagetide_close(pagetide);
    servers_postgres_stop(&replica);
    servers_postgres_stop(&house.postgres);
    mock_stop(&house.mock);
}
END_TEST

SUITE("fault/postgres", test_of_several_hosts_the_primary_is_taken, test_full_disk,
      test_what_postgresql_refuses_is_said_and_heals,
      test_a_right_to_one_table_that_is_missing_fails_its_run_alone,
      test_backends_shot_50_times_while_they_commit, test_postgres_crashes_and_comes_back)
