#include "worker/signs/trouble.h"

#include "base/redact.h"

enum { SHOWN_BYTES = 200 };

struct trouble_kind {
    const struct known_list *list;
    look_fits_fn *fits;
};

/* Jinja's truth, but for the words that say no ("none", "0"). */
static bool is_error(struct value value)
{
    return value_is_true(value) && (value.kind != VALUE_STRING || value_flag(value) != 0);
}

/* A word, or a status of HTTP that only the body has. */
static bool is_failure(struct value value)
{
    int64_t code;
    static const char *const words[] = {"error", "fail", "failed", "failure"};
    for (size_t i = 0; i < COUNT_OF(words) && value.kind == VALUE_STRING; i++)
        if (str_eq_nocase(value.text, str_from(words[i])))
            return true;
    return value_count(value, &code) && code >= 400 && code < 600;
}

static bool is_message(struct value value)
{
    return value.kind == VALUE_STRING && str_trim(value.text).len;
}

/* A flag that says yes, or how many parts are lacking. */
static bool is_some(struct value value)
{
    int64_t count;
    return look_is_yes(value) || (value_count(value, &count) && count > 0);
}

static struct str shown(struct arena *arena, struct value value)
{
    AUTO_BUF(buf, KIB(64));
    value_format(&buf, value);
    return buf.has_overflowed ? STR("a long value")
                              : redact_cut(arena, arena_str(arena, buf_str(&buf)), SHOWN_BYTES);
}

static bool find(const struct look *look, const struct trouble_kind *kinds, size_t count,
                 struct str *ret_why)
{
    struct look_found found;
    for (size_t i = 0; i < count && look->place_count; i++) {
        if (!look_find_in(look, &look->places[0], kinds[i].list, kinds[i].fits, &found))
            continue;
        struct str value = shown(look->arena, found.value);
        *ret_why =
            arena_printf(look->arena, "%.*s is %.*s", STR_ARG(found.path), STR_ARG(value));
        return true;
    }
    return false;
}

bool trouble_error(const struct look *look, struct str *ret_why)
{
    static const struct trouble_kind kinds[] = {{&known_errors, is_error},
                                                {&known_successes, look_is_no},
                                                {&known_statuses, is_failure}};
    return find(look, kinds, COUNT_OF(kinds), ret_why);
}

/* Has the body only fields that go with an error, and others that are null? */
static bool is_of_error_words(const struct look *look)
{
    static const struct known_list *const lists[] = {&known_errors, &known_successes,
                                                     &known_statuses, &known_messages};
    if (!look->place_count)
        return false;
    const struct value_map *map = look->places[0].value.map;
    for (size_t i = 0; i < map->count; i++) {
        bool is_known = map->members[i].value.kind == VALUE_NULL;
        for (size_t j = 0; j < COUNT_OF(lists) && !is_known; j++)
            is_known = known_find(lists[j], map->members[i].key);
        if (!is_known)
            return false;
    }
    return true;
}

bool trouble_is_all(const struct look *look, struct str *ret_why)
{
    return is_of_error_words(look) && trouble_error(look, ret_why);
}

bool trouble_message(const struct look *look, struct str *ret_why)
{
    static const struct trouble_kind kinds[] = {{&known_messages, is_message}};
    return is_of_error_words(look) && find(look, kinds, COUNT_OF(kinds), ret_why);
}

bool trouble_partial(const struct look *look, struct str *ret_why)
{
    static const struct trouble_kind kinds[] = {{&known_partials, is_some},
                                                {&known_wholes, look_is_no}};
    return find(look, kinds, COUNT_OF(kinds), ret_why);
}

/* --- an answer as a whole --- */

/* A longer line is taken for none: no error is so long. */
enum { LINE_BYTES_MAX = 64 << 10 };

static struct str first_line(struct str text)
{
    struct str near = str_slice(text, 0, LINE_BYTES_MAX);
    ptrdiff_t end = str_find(near, STR("\n"));
    if (end < 0 && near.len < text.len)
        return STR_NONE;
    return str_trim(end < 0 ? near : str_slice(near, 0, (size_t)end));
}

static struct str last_line(struct str text)
{
    size_t most = MIN(text.len, (size_t)LINE_BYTES_MAX);
    struct str near = str_slice(text, text.len - most, text.len);
    size_t begin = near.len;
    while (begin > 0 && near.ptr[begin - 1] != '\n')
        begin--;
    if (begin == 0 && near.len < text.len)
        return STR_NONE;
    return str_trim(str_slice(near, begin, near.len));
}

static bool shares_name(struct value a, struct value b)
{
    for (size_t i = 0; i < b.map->count; i++)
        if (value_get(a, b.map->members[i].key).kind != VALUE_UNDEFINED)
            return true;
    return false;
}

/*
 * Where each line is a record, an error that stands in the place of the last one: it has no
 * name of the first one. A line alone is one where it has nothing else.
 */
static bool find_last_line_error(const struct pager_facts *facts, struct str body,
                                 struct arena *arena, struct str *ret_why)
{
    struct err ignored = ERR_INIT;
    struct value first, last;
    struct look look = {.arena = arena, .facts = facts, .place_count = 1};
    if (facts->stream->form.format != ANSWER_NDJSON)
        return false;
    struct str line = last_line(body);
    if (!line.len || !value_parse(arena, line, VALUE_WHOLE, &last, &ignored) ||
        last.kind != VALUE_MAP)
        return false;
    look.places[0].value = last;
    if (!trouble_error(&look, ret_why))
        return false;
    struct str before = first_line(body);
    if (before.ptr == line.ptr)
        return is_of_error_words(&look);
    return before.len && value_parse(arena, before, VALUE_WHOLE, &first, &ignored) &&
           first.kind == VALUE_MAP && !shares_name(first, last);
}

bool trouble_beside(const struct pager_facts *facts, struct str body, struct arena *arena,
                    struct str *ret_what)
{
    struct look look;
    struct str why;
    const char *what;
    look_open(&look, facts, arena);
    if (!look.is_record && trouble_error(&look, &why))
        what = "holds an error beside its records";
    else if (!look.is_record && trouble_partial(&look, &why))
        what = "says that it is not whole";
    else if (find_last_line_error(facts, str_trim(body), arena, &why))
        what = "holds an error in place of its last record";
    else
        return false;
    *ret_what = arena_printf(arena, "%s: %.*s", what, STR_ARG(why));
    return true;
}
