#include "cli/first_partition.h"

#include "cli/say.h"
#include "scheduler/partitions.h"

enum { LISTED_MAX = 10000 };

static void tell(const struct stream *stream, const char *why)
{
    say_note(stderr,
             "pagetide: %.*s: its partitions come from SQL, and \"partition\" has no value: %s",
             STR_ARG(stream->name), why);
}

static bool look(struct cli *cli, const struct stream *stream, struct str sql,
                 struct str *ret_list)
{
    struct pg *pg;
    struct err err = ERR_INIT;
    if (!cli_database_if_up(cli, &pg)) {
        tell(stream, "no database is at hand to ask");
        return false;
    }
    pg_close(pg);
    if (partitions_look(cli_loop(cli), cli->settings.database_url, sql, LISTED_MAX, cli->arena,
                        ret_list, &err))
        return true;
    tell(stream, err.text);
    return false;
}

size_t first_partition_take(struct cli *cli, struct stream *stream)
{
    struct str list;
    struct value listed;
    struct err err = ERR_INIT;
    struct value sql = value_get(stream->partitions, STR("sql"));
    if (stream->partitions.kind == VALUE_LIST)
        return stream->partitions.list->count;
    if (sql.kind != VALUE_STRING || !look(cli, stream, sql.text, &list))
        return 0;
    if (!value_parse(cli->arena, list, VALUE_WHOLE, &listed, &err) || listed.kind != VALUE_LIST)
        return 0;
    if (!listed.list->count)
        tell(stream, "the query gives no rows");
    stream->partitions = listed;
    return listed.list->count;
}
