#include "cli/query_print.h"
#include "cli/streams.h"

/* `runs`: pagetide.history, the latest first. */
enum { RUNS_STANDARD = 50, RUNS_MAX = 1000000 };

#define RUNS(started, warnings, error)                                                         \
    "select run, stream, trigger, mode, state, reason, pages, records, rejects, "              \
    "asides, folded, added, changed, deleted, complete, " started                              \
    " as started, seconds, " warnings " as warnings, " error " as error "                      \
    "from pagetide.history where ($1::text is null or stream like $1) "                        \
    "and ($2::text is null or state = $2) order by run desc limit $3"

static const char sql[] =
    RUNS("to_char(started_at, 'YYYY-MM-DD HH24:MI:SS')", "array_to_string(warnings, '; ')",
         "split_part(error, E'\\n', 1)");
static const char json_sql[] = RUNS("started_at", "coalesce(warnings, '{}')", "error");

/* As it is written here; NULL: there is no such state. */
static const char *find_state(const char *word)
{
    static const char *const states[] = {"queued", "running",   "succeeded", "truncated",
                                         "failed", "cancelled", "dead"};
    for (size_t i = 0; i < COUNT_OF(states); i++)
        if (str_eq_nocase(str_from(word), str_from(states[i])))
            return states[i];
    return NULL;
}

/* Our word for what others call a state; "": there is none. */
static const char *meant_state(const char *word)
{
    static const char *const others[][2] = {
        {"success", "succeeded"},    {"successful", "succeeded"}, {"ok", "succeeded"},
        {"done", "succeeded"},       {"completed", "succeeded"},  {"complete", "succeeded"},
        {"finished", "succeeded"},   {"error", "failed"},         {"errors", "failed"},
        {"failure", "failed"},       {"fail", "failed"},          {"canceled", "cancelled"},
        {"aborted", "cancelled"},    {"active", "running"},       {"in_progress", "running"},
        {"started", "running"},      {"pending", "queued"},       {"waiting", "queued"},
        {"incomplete", "truncated"}, {"partial", "truncated"},    {"crashed", "dead"},
    };
    for (size_t i = 0; i < COUNT_OF(others); i++)
        if (str_eq_nocase(str_from(word), str_from(others[i][0])))
            return others[i][1];
    return "";
}

static int runs_main(struct cli *cli)
{
    int64_t limit = cli->options.limit ? cli->options.limit : RUNS_STANDARD;
    const char *asked = cli->options.state, *state = asked ? find_state(asked) : NULL;
    const char *stream = cli->operand_count ? cli->operands[0] : NULL;
    if (cli->operand_count > 1)
        return cli_usage("runs: name one stream, or none for all");
    if (limit > RUNS_MAX)
        return cli_usage("runs: --limit is too large");
    if (asked && !state) {
        const char *meant = meant_state(asked);
        return cli_usage("runs --state: one of queued, running, succeeded, truncated, failed, "
                         "cancelled, dead, not \"%s\"%s%s",
                         asked, *meant ? "; here it is " : "", meant);
    }
    /* One more than is shown, so that it can be said that there are more. */
    struct pg_value params[] = {stream ? pg_text(streams_pattern(cli->arena, stream)) : PG_NULL,
                                state ? pg_text(str_from(state)) : PG_NULL, pg_int(limit + 1)};
    struct query query = {
        .sql = sql,
        .json_sql = json_sql,
        .params = params,
        .param_count = COUNT_OF(params),
        .limit = (size_t)limit,
        .nothing = state ? "there is no such run" : "there is no run yet",
        .known = "select 1 where $1::text is null and ($2::text is null or true) union all "
                 "select 1 from pagetide.stream where name like $1 limit $3",
        .stream = str_from(stream ? stream : ""),
    };
    return query_print(cli, &query);
}

static const struct opt opts[] = {
    {"limit", 'n', OPT_COUNT, offsetof(struct options, limit), "N",
     "show so many, the latest (50)"},
    {"state", 0, OPT_TEXT, offsetof(struct options, state), "STATE",
     "only those that are failed, succeeded, running …"},
    OPT_END,
};

const struct command cmd_runs = {
    .name = "runs",
    .operands = "[STREAM]",
    .summary = "the latest runs, of all streams or one",
    .help = "The same by SQL: pagetide.history.",
    .opts = opts,
    .needs_settings = true,
    .run = runs_main,
};
