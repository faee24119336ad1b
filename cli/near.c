#include "cli/near.h"

enum { DISTANCE_MAX = 3, TIMEOUT_MS = 10000 };

static bool is_sign(char c)
{
    return c == '.' || c == '/' || c == ':' || c == '-' || c == '_';
}

static bool is_same(struct str one, struct str other)
{
    if (one.len != other.len)
        return false;
    for (size_t i = 0; i < one.len; i++)
        if (!(is_sign(one.ptr[i]) && is_sign(other.ptr[i])) &&
            !str_eq_nocase(str_slice(one, i, i + 1), str_slice(other, i, i + 1)))
            return false;
    return true;
}

static int distance_of(struct str word, struct str name)
{
    struct str source, stream = str_split(name, '.', &source);
    if (is_same(word, name))
        return 0;
    if (is_same(word, stream) || is_same(word, source))
        return 1;
    int most = MIN(DISTANCE_MAX, (int)word.len / 2);
    int of_stream = str_distance(word, stream, most);
    return MIN(str_distance(word, name, most),
               of_stream == most + 1 ? of_stream : of_stream + 1);
}

void near_start(struct near *near, struct str word)
{
    *near = (struct near){.word = word, .best = MIN(DISTANCE_MAX, (int)word.len / 2)};
}

void near_take(struct near *near, struct str name)
{
    int distance = distance_of(near->word, name);
    if (!near->word.len || distance > near->best)
        return;
    if (distance < near->best)
        near->count = 0;
    near->best = distance;
    if (near->count < NEAR_MAX)
        near->names[near->count++] = name;
}

void near_put(struct buf *buf, const struct near *near)
{
    for (size_t i = 0; i < near->count; i++)
        buf_printf(buf, "%s\"%.*s\"",
                   !i                     ? "; did you mean "
                   : i + 1 == near->count ? " or "
                                          : ", ",
                   STR_ARG(near->names[i]));
    if (near->count)
        buf_puts(buf, "?");
}

void near_put_stored(struct buf *buf, struct pg *pg, struct str word)
{
    AUTO_PG_RESULT struct pg_result *names = NULL;
    struct err ignored = ERR_INIT;
    struct near near;
    near_start(&near, word);
    if (!pg_await(pg,
                  "select name from pagetide.stream where removed_at is null order by name "
                  "limit 10000",
                  NULL, 0, TIMEOUT_MS, &names, &ignored))
        return;
    for (size_t i = 0; i < pg_rows(names); i++)
        near_take(&near, pg_get_str(names, i, 0));
    near_put(buf, &near);
}

int near_unknown(struct pg *pg, const char *command, struct str word)
{
    AUTO_BUF(hint, KIB(4));
    near_put_stored(&hint, pg, word);
    if (!hint.len && str_find_byte(word, '.') >= 0)
        buf_puts(&hint, "; it is stored by its first sync, or by pagetide apply");
    return cli_usage("%s%sthere is no stream %.*s%.*s", command ? command : "",
                     command ? ": " : "", STR_ARG(word), STR_ARG(buf_str(&hint)));
}
