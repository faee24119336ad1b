#include "port/pg_result.h"

#include <libpq-fe.h>

#include "port/sqlstate.h"

/*
 * `struct pg_result` is libpq's own PGresult, which has this very tag: what callers hold is
 * libpq's result without a wrapper.
 */
_Static_assert(__builtin_types_compatible_p(struct pg_result, PGresult), "libpq's tag");

size_t pg_rows(const struct pg_result *result)
{
    return (size_t)PQntuples(result);
}

size_t pg_columns(const struct pg_result *result)
{
    return (size_t)PQnfields(result);
}

struct str pg_column_name(const struct pg_result *result, int column)
{
    return str_from(PQfname(result, column));
}

bool pg_is_null(const struct pg_result *result, size_t row, int column)
{
    return PQgetisnull(result, (int)row, column);
}

struct str pg_get_str(const struct pg_result *result, size_t row, int column)
{
    if (pg_is_null(result, row, column))
        return STR_NONE;
    return (struct str){PQgetvalue(result, (int)row, column),
                        (size_t)PQgetlength(result, (int)row, column)};
}

struct pg_value pg_get(const struct pg_result *result, size_t row, int column)
{
    return pg_is_null(result, row, column) ? PG_NULL : pg_text(pg_get_str(result, row, column));
}

int64_t pg_get_int(const struct pg_result *result, size_t row, int column)
{
    int64_t number = 0;
    return str_to_int64(pg_get_str(result, row, column), &number) ? number : 0;
}

bool pg_get_bool(const struct pg_result *result, size_t row, int column)
{
    return str_is(pg_get_str(result, row, column), "t");
}

bool pg_result_is_error(const struct pg_result *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK &&
           status != PGRES_EMPTY_QUERY;
}

void pg_result_error(const struct pg_result *result, struct err *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
    if (!state) { /* libpq's own words about a connection that broke */
        struct str all = str_trim(str_from(PQresultErrorMessage(result)));
        err_set(err, ERR_AGAIN, "pg", 0, "the session with PostgreSQL broke: %.*s",
                STR_ARG(all));
        return;
    }
    const char *source = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
    bool is_refusal = source && sqlstate_is_refusal(state, source);
    err_set(err, is_refusal ? ERR_INPUT : sqlstate_kind(state), "pg", 0, "%s%s%s (%s)",
            text ? text : "failed", detail ? ": " : "", detail ? detail : "", state);
    snprintf(err->sqlstate, sizeof err->sqlstate, "%s", state);
}

void pg_result_free(struct pg_result *result)
{
    PQclear(result);
}

void pg_result_free_local(struct pg_result **result)
{
    pg_result_free(*result);
}
