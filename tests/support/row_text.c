#include "tests/support/row_text.h"

#include "port/loop.h"
#include "port/pg.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

enum { PATIENCE_MS = 20000 };

static struct err err = ERR_INIT;

struct copied {
    bool done;
    struct err err;
};

static void on_copied(void *ctx, const struct pg_result *result, const struct err *why)
{
    struct copied *copied = ctx;
    (void)result;
    copied->done = true;
    if (why)
        copied->err = *why;
}

static struct str ask(struct arena *arena, struct pg *pg, const char *sql)
{
    struct pg_result *result;
    ck_assert_ok(pg_await(pg, sql, NULL, 0, PATIENCE_MS, &result, &err), err);
    struct str text = arena_str(arena, pg_rows(result) ? pg_get_str(result, 0, 0) : STR_NONE);
    pg_result_free(result);
    return text;
}

static void put_create(struct buf *sql, const struct columns *columns, bool is_spelled)
{
    buf_puts(sql, "set timezone = 'UTC'; create temp table stage (");
    for (size_t i = 0; i < columns->count; i++) {
        const struct column *column = &columns->items[i];
        bool is_formed = column->form != FORM_NONE && !is_spelled;
        struct str type =
            is_formed ? column->sql_type : str_from(column_type_sql(column->type));
        buf_printf(sql, "\"%.*s\" %.*s, ", STR_ARG(column->name), STR_ARG(type));
    }
    buf_puts(sql, "_pt_hash int8, _pt_aside jsonb, _pt_mark int8, _pt_ord int8)");
}

static void put_select(struct buf *sql, const struct columns *columns)
{
    buf_puts(sql, "select string_agg(concat_ws('|', ");
    for (size_t i = 0; i < columns->count; i++)
        buf_printf(sql, "coalesce(\"%.*s\"::text, 'NULL'), ", STR_ARG(columns->items[i].name));
    buf_puts(sql, "coalesce(_pt_aside::text, 'NULL'), _pt_mark, _pt_ord), e'\\n' order by "
                  "_pt_ord) from stage");
}

struct str row_text_ask(struct arena *arena, const struct batch *batch,
                        const struct columns *columns, const char *sql)
{
    struct loop *loop;
    struct pg *pg;
    struct pg_options options = {.url = servers_database_url(), .name = "pagetide test"};
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ok(pg_open(loop, &options, NULL, NULL, &pg, &err), err);
    AUTO_BUF(create, MIB(1));
    put_create(&create, columns, batch->is_spelled);
    ask(arena, pg, create.ptr);
    struct copied copied = {0};
    pg_copy(pg, "copy stage from stdin (format binary)", buf_str(&batch->rows), PATIENCE_MS,
            on_copied, &copied);
    ck_assert(loop_run_until(loop, &copied.done, PATIENCE_MS));
    ck_assert_msg(copied.err.kind == ERR_NONE, "%s", copied.err.text);
    struct str text = ask(arena, pg, sql);
    pg_close(pg);
    loop_free(loop);
    return text;
}

struct str row_text_load(struct arena *arena, const struct batch *batch,
                         const struct columns *columns)
{
    AUTO_BUF(sql, MIB(1));
    put_select(&sql, columns);
    return row_text_ask(arena, batch, columns, sql.ptr);
}
