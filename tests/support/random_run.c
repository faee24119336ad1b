#include "tests/support/random_run.h"

#include <stdlib.h>

enum {
    CEILING = 1000,
    EMPTY_PAGES = 100,
    PAGES_BEHIND = 20,
    OWN_ID_PAGES = 100,
    DESCRIPTION_BYTES_MAX = 1 << 16
};

int random_run_bound(const struct random_api *api, const struct random_definition *definition)
{
    int pages = definition->has_ceiling ? CEILING : api->count + EMPTY_PAGES + PAGES_BEHIND;
    return pages + definition->has_count + (definition->has_key ? 0 : OWN_ID_PAGES);
}

static bool misses_by_key(const struct random_api *api, const struct random_run *run)
{
    for (int i = 0; i < api->count; i++) {
        int key = random_answer_key(api, i);
        if (key && !run->has[key])
            return true;
    }
    return false;
}

static bool misses(const struct random_api *api, const struct random_definition *definition,
                   const struct random_run *run)
{
    int shown = 0;
    for (int i = 0; i < api->count; i++)
        shown += random_answer_key(api, i) != 0;
    return definition->has_key ? misses_by_key(api, run) : run->rows < shown;
}

static bool may_be_of_one_answer(const struct random_definition *definition,
                                 const struct random_run *run)
{
    return run->last.total >= 0 && run->pages == 1 && run->last_seen > 0 &&
           definition->size == run->last_seen && run->last.flag != 0;
}

static bool lies_consistently(const struct random_definition *definition,
                              const struct random_run *run)
{
    const struct random_signs *last = &run->last;
    return !last->has_next && last->flag != 1 && last->pages <= run->pages &&
           last->total <= run->read && !may_be_of_one_answer(definition, run) &&
           run->rows == run->read;
}

static bool is_honest(const struct random_api *api)
{
    for (int i = 0; i < RANDOM_FAULT_COUNT; i++)
        if (api->faults[i] && i != RANDOM_VOLATILE && i != RANDOM_IGNORES_SIZE)
            return false;
    return api->total == RANDOM_TOTAL_NONE || api->total == RANDOM_TOTAL_RIGHT ||
           api->total == RANDOM_TOTAL_ALL;
}

const char *random_run_fault(const struct random_api *api,
                             const struct random_definition *definition,
                             const struct random_run *run)
{
    bool is_missing = misses(api, definition, run);
    int keys = 0;
    for (int i = 1; i <= RANDOM_RECORDS_MAX; i++)
        keys += run->has[i];
    if (run->requests > random_run_bound(api, definition))
        return "it does not end";
    if (definition->has_key && run->rows != keys)
        return "a row is there twice";
    if (run->complete == COMPLETE_PROVED && is_missing && !lies_consistently(definition, run))
        return "it is proved, and a record is missing";
    if (!is_honest(api) || !definition->is_matching)
        return NULL;
    if (run->complete == COMPLETE_CONTRADICTED)
        return "an API that does nothing wrong is accused";
    if (run->state == JOB_SUCCEEDED && is_missing)
        return "an API that does nothing wrong is read in part";
    return NULL;
}

/* "7" or "7-9", as far as it is that. */
static bool read_range(const char *text, struct random_seeds *ret)
{
    char *end;
    if (!text || !*text)
        return false;
    ret->first = ret->last = strtoull(text, &end, 10);
    if (*end == '-')
        ret->last = strtoull(end + 1, NULL, 10);
    return true;
}

struct random_seeds random_run_seeds(uint64_t first, uint64_t count)
{
    struct random_seeds seeds = {first, first + count - 1};
    if (!read_range(getenv("PAGETIDE_TEST_SEED"), &seeds))
        read_range(getenv("PAGETIDE_TEST_SEEDS"), &seeds);
    return seeds;
}

struct str random_run_describe(const struct random_api *api,
                               const struct random_definition *definition,
                               const struct random_run *run, struct arena *arena)
{
    AUTO_BUF(buf, DESCRIPTION_BYTES_MAX);
    random_api_describe(api, &buf);
    buf_printf(&buf, "  definition: {%.*s}%s\n", STR_ARG(definition->keys),
               definition->is_matching ? " fits" : "");
    buf_printf(&buf,
               "  run: %s, %s; %d requests, %d pages, %lld records, %d rows; the last page has "
               "%d, total %lld, pages %lld, flag %d, next %d\n",
               job_state_name(run->state), job_complete_name(run->complete), run->requests,
               run->pages, (long long)run->read, run->rows, run->last_seen,
               (long long)run->last.total, (long long)run->last.pages, run->last.flag,
               run->last.has_next);
    buf_puts(&buf, "  missing:");
    for (int i = 0; i < api->count; i++) {
        int key = random_answer_key(api, i);
        if (key && !run->has[key])
            buf_printf(&buf, " %d", key);
    }
    buf_printf(&buf, "\n  once more: PAGETIDE_TEST_SEED=%llu\n", (unsigned long long)api->seed);
    return arena_str(arena, buf_str(&buf));
}
