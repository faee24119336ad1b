#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rng.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#define SUITE_TIMEOUT 300
#include "tests/support/suite.h"
#include "tests/support/truth.h"

/*
 * A machine that takes its processes away at random: two workers, each of which lives for 0.2
 * to 0.9 s. A page takes 0.15 s to come and 0.25 s to be written, so many of them die with one.
 * Nothing is wrong with the job, so it never dies of it.
 */
enum {
    KILLS = 30,
    LIFE_MIN_MS = 200,
    LIFE_MAX_MS = 900,
    RECORDS = 20000,
};

static const char definition[] = "source: api\n"
                                 "base_url: %s\n"
                                 "streams:\n"
                                 "  s:\n"
                                 "    path: /gen/page\n"
                                 "    params: {per_page: 2000, total: 20000, seed: 8}\n"
                                 "    pagination: {type: page, total_pages_path: pages}\n"
                                 "    merge_path: data\n"
                                 "    write: upsert\n"
                                 "    key: [id]\n"
                                 "    adopt: true\n";

/* Every write to it takes longer than a page takes to be fetched. */
static const char slow_table[] =
    "create schema api; create table api.s (id bigint primary key, name text, score numeric, "
    "created_at timestamptz, active boolean, note text); create function public.slow() returns "
    "trigger language plpgsql as 'begin perform pg_sleep(0.25); return null; end'; create "
    "trigger slow after insert on api.s for each statement execute function public.slow()";

struct machine {
    struct pagetide_process process;
    int64_t until_mono_ms;
};

struct stand {
    struct pagetide pagetide;
    struct mock mock;
    struct rng rng;
    struct machine machines[2];
};

static void stand_open(struct stand *stand)
{
    *stand = (struct stand){0};
    pagetide_seed(&stand->rng);
    mock_start(NULL, &stand->mock);
    pagetide_open(&stand->pagetide);
    setenv("PAGETIDE_LEASE", "1s", 1);
    setenv("PAGETIDE_BEAT", "250ms", 1);
    pagetide_source(&stand->pagetide, "api", definition, stand->mock.url);
    pagetide_expect(&stand->pagetide, 0, "migrate");
    mock_post(&stand->mock, "/_mock/fault",
              "{\"path\": \"/gen/\", \"times\": -1, \"kind\": \"slow_ms\", \"ms\": 150}");
}

static void give_life(struct stand *stand, struct machine *machine)
{
    machine->process = pagetide_spawn(&stand->pagetide, "worker");
    machine->until_mono_ms = clock_mono_ms() + LIFE_MIN_MS +
                             (int64_t)rng_below(&stand->rng, LIFE_MAX_MS - LIFE_MIN_MS);
}

static void kill_at_random(struct stand *stand, int kills)
{
    for (int killed = 0; killed < kills;) {
        for (int i = 0; i < 2; i++) {
            struct machine *machine = &stand->machines[i];
            if (clock_mono_ms() < machine->until_mono_ms)
                continue;
            pagetide_kill(&machine->process);
            give_life(stand, machine);
            killed++;
        }
        usleep(5000);
    }
}

START_TEST(test_a_healthy_job_survives_any_number_of_kills)
{
    struct stand stand;
    stand_open(&stand);
    struct pagetide *pagetide = &stand.pagetide;
    struct pagetide_process scheduler = pagetide_spawn(pagetide, "scheduler");
    for (int i = 0; i < 2; i++)
        give_life(&stand, &stand.machines[i]);
    pagetide_await_err(&scheduler, "config.applied", 10000);
    pagetide_sql(pagetide, "%s", slow_table);
    pagetide_expect(pagetide, 0, "reload api.s");
    kill_at_random(&stand, KILLS);
    printf("%d kills: %s\n", KILLS,
           pagetide_sql(pagetide,
                        "select format('%%s, page %%s, %%s losses, %%s at the page', state, "
                        "page, losses, crashes) from pagetide.job"));
    pagetide_await(pagetide, "succeeded", 60000, "select state from pagetide.run");
    truth_check_idle(pagetide);
    truth_check_ledger(pagetide, "api.s", RECORDS);
    truth_check_rows(pagetide, &stand.mock, "api.s", "total=20000&seed=8");
    for (int i = 0; i < 2; i++)
        pagetide_kill(&stand.machines[i].process);
    pagetide_kill(&scheduler);
    pagetide_close(pagetide);
    mock_stop(&stand.mock);
}
END_TEST

SUITE("fault/preempted", test_a_healthy_job_survives_any_number_of_kills)
