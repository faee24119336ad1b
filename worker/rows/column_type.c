#include "worker/rows/column_type.h"

#include "base/macros.h"

/* Indexed by enum column_type: PostgreSQL's long name, and the short one people write. */
static const struct {
    const char *name, *alias;
} type_names[] = {
    [COLUMN_BOOLEAN] = {"boolean", "bool"},
    [COLUMN_BIGINT] = {"bigint", "int8"},
    [COLUMN_NUMERIC] = {"numeric", "decimal"},
    [COLUMN_TIMESTAMPTZ] = {"timestamp with time zone", "timestamptz"},
    [COLUMN_DATE] = {"date", "date"},
    [COLUMN_UUID] = {"uuid", "uuid"},
    [COLUMN_TEXT] = {"text", "text"},
    [COLUMN_JSONB] = {"jsonb", "jsonb"},
    [COLUMN_OTHER] = {"text", "text"},
};
_Static_assert(COUNT_OF(type_names) == COLUMN_OTHER + 1, "one name for each type");

enum column_type column_type_from_sql(struct str sql_type)
{
    for (size_t i = 0; i < COLUMN_OTHER; i++)
        if (str_eq_nocase(sql_type, str_from(type_names[i].name)) ||
            str_eq_nocase(sql_type, str_from(type_names[i].alias)))
            return (enum column_type)i;
    return COLUMN_OTHER;
}

const char *column_type_sql(enum column_type type)
{
    return type_names[type].name;
}
