#include "cli/order.h"

#include <assert.h>

#include "base/ascii.h"
#include "cli/near.h"
#include "cli/say.h"

enum { TIMEOUT_MS = 60000, JOBS_MAX = 1000000 };

/* The columns of each order's answer `a`, and itself as JSON. */
#define ORDER_SELECT                                                                           \
    "select a.refusal, a.run, a.stream, a.state, a.jobs, "                                     \
    "jsonb_strip_nulls(to_jsonb(a))::text "
enum order_column {
    ORDER_REFUSAL,
    ORDER_RUN,
    ORDER_STREAM,
    ORDER_STATE,
    ORDER_JOBS,
    ORDER_JSON,
    ORDER_COLUMNS,
};

int order_give(struct cli *cli, struct pg *pg, const char *call, const struct pg_value *params,
               size_t count, struct order *ret_order)
{
    struct str sql = arena_printf(cli->arena, ORDER_SELECT "from %s a", call);
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct err err = ERR_INIT;
    if (!pg_await(pg, sql.ptr, params, count, TIMEOUT_MS, &result, &err))
        return cli_fail(&err);
    assert(pg_columns(result) == ORDER_COLUMNS && pg_rows(result) == 1);
    if (!pg_is_null(result, 0, ORDER_REFUSAL)) {
        AUTO_BUF(near, KIB(4));
        struct str refusal = pg_get_str(result, 0, ORDER_REFUSAL);
        if (str_starts(refusal, STR("there is no stream ")))
            near_put_stored(&near, pg,
                            str_slice(refusal, strlen("there is no stream "), refusal.len));
        say_line(stderr, "pagetide: %.*s%.*s", STR_ARG(refusal), STR_ARG(buf_str(&near)));
        return exit_code_of_refusal(!pg_is_null(result, 0, ORDER_STREAM));
    }
    *ret_order = (struct order){
        .stream = arena_str(cli->arena, pg_get_str(result, 0, ORDER_STREAM)),
        .state = arena_str(cli->arena, pg_get_str(result, 0, ORDER_STATE)),
        .run = pg_get_int(result, 0, ORDER_RUN),
        .jobs = pg_get_int(result, 0, ORDER_JOBS),
        .json = arena_str(cli->arena, pg_get_str(result, 0, ORDER_JSON)),
    };
    return EXIT_DONE;
}

void order_print_json(const struct order *order)
{
    say_json(order->json);
}

int order_give_once(struct cli *cli, const char *call, const struct pg_value *params,
                    size_t count, struct order *ret_order)
{
    struct pg *pg;
    int code;
    if (!cli_database(cli, false, &pg, &code))
        return code;
    code = order_give(cli, pg, call, params, count, ret_order);
    pg_close(pg);
    if (code == EXIT_DONE && cli->options.json)
        order_print_json(ret_order);
    return code;
}

bool order_parse_run(const char *text, int64_t *ret_run, int64_t *ret_job)
{
    struct str run;
    struct str job = str_split(str_from(text), '/', &run);
    bool names_job = run.len < strlen(text);
    int64_t number, n = 0;
    if (!str_to_int64(run, &number) || number < 1 || (names_job && !ret_job))
        return false;
    if (names_job && (!str_to_int64(job, &n) || n < 1 || n > JOBS_MAX))
        return false;
    *ret_run = number;
    if (ret_job)
        *ret_job = n;
    return true;
}

/* NULL where the stream has no run; no row where there is no stream. */
static const char newest_sql[] =
    "select (select max(r.id) from pagetide.run r where r.stream = s.name) "
    "from pagetide.stream s where s.name = $1";
enum { NEWEST_RUN };

static int find_newest(struct pg *pg, const char *stream, int64_t *ret_run)
{
    AUTO_PG_RESULT struct pg_result *result = NULL;
    struct pg_value name = pg_text(str_from(stream));
    struct err err = ERR_INIT;
    if (!pg_await(pg, newest_sql, &name, 1, TIMEOUT_MS, &result, &err))
        return cli_fail(&err);
    if (!pg_rows(result))
        return near_unknown(pg, NULL, str_from(stream));
    if (pg_is_null(result, 0, NEWEST_RUN))
        return cli_usage("%s has no run yet", stream);
    *ret_run = pg_get_int(result, 0, NEWEST_RUN);
    return EXIT_DONE;
}

int order_read_run(struct cli *cli, const char *command, int64_t *ret_run, int64_t *ret_job)
{
    struct pg *pg;
    int code;
    const char *word = cli->operand_count == 1 ? cli->operands[0] : "";
    if (order_parse_run(word, ret_run, ret_job))
        return EXIT_DONE;
    if (!ascii_is_letter(*word))
        return cli_usage("%s: name one run by its number (pagetide runs lists them)%s, or a "
                         "stream for its newest",
                         command, ret_job ? ", one job of it (7/3)" : "");
    if (ret_job)
        *ret_job = 0;
    if (!cli_database(cli, false, &pg, &code))
        return code;
    code = find_newest(pg, word, ret_run);
    pg_close(pg);
    return code;
}
