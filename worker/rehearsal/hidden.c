#include "worker/rehearsal/hidden.h"

#include <stdio.h>

#include "base/date.h"
#include "base/redact.h"
#include "base/secret_name.h"
#include "config/naming.h"
#include "worker/discover/body_look.h"
#include "worker/records/records.h"

static bool is_key(const struct table *table, struct str name)
{
    for (size_t i = 0; i < table->key_count; i++)
        if (str_eq(table->key[i], name))
            return true;
    return false;
}

/* Of XML, attributes begin with '@' (core/xml_json.h). */
static bool is_name(struct str name)
{
    if (str_starts(name, STR("@")))
        name = str_slice(name, 1, name.len);
    return secret_name_is(name) && !str_eq_nocase(name, STR("key")) &&
           !str_ends(name, STR("type"));
}

static bool is_hidden(const struct hidden *hidden, struct str name)
{
    if (!is_name(name) || is_key(&hidden->stream->table, name))
        return false;
    for (size_t i = 0; i < hidden->stream->part_count; i++)
        if (is_key(&hidden->stream->parts[i].table, name))
            return false;
    return true;
}

static bool is_full(const struct hidden *hidden)
{
    return hidden->count > HIDDEN_MAX;
}

/* What the definition says in the open is no secret, and its requests have it as it is. */
static void hide(struct hidden *hidden, struct str text)
{
    char name[32];
    if (text.len < HIDDEN_BYTES_MIN || is_full(hidden) || redact_has(text) ||
        str_find(hidden->stream->spec, text) >= 0)
        return;
    snprintf(name, sizeof name, "hidden-%d", ++hidden->count);
    redact_add(str_from(name), text);
}

static bool is_url(struct str text)
{
    return str_starts(text, STR("https://")) || str_starts(text, STR("http://"));
}

/* token_expires_at and authorization_url are called like credentials, too. */
static bool is_plain(struct str text)
{
    int64_t ignored;
    return is_url(text) || date_parse_rfc3339(text, &ignored) || date_parse_iso(text, &ignored);
}

/* --- parameters of URLs --- */

static size_t query_end(struct str text)
{
    size_t end = 0;
    while (end < text.len && !strchr("<>\"' \t\r\n", text.ptr[end]))
        end++;
    return end;
}

/* Of every URL in it, absolute or not: a link of the next page may be "?page=2&token=…". */
static void hide_params(struct hidden *hidden, struct arena *arena, struct str text)
{
    for (ptrdiff_t at; (at = str_find_byte(text, '?')) >= 0;) {
        text = str_slice(text, (size_t)at + 1, text.len);
        struct str name, value, query = str_slice(text, 0, query_end(text));
        text = str_slice(text, query.len, text.len);
        str_split(query, '#', &query);
        while (naming_take_param(arena, &query, &name, &value))
            if (secret_name_is(name) && !is_plain(value))
                hide(hidden, value);
    }
}

void hidden_find_params(struct hidden *hidden, struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    hide_params(hidden, arena, text);
}

/* --- bodies --- */

struct walking {
    struct hidden *hidden;
    struct arena *arena;
};

/* "#text" is the text of an XML element that has attributes, too. */
static void walk(const struct walking *walking, struct value value, struct str name)
{
    struct hidden *hidden = walking->hidden;
    if (value.kind == VALUE_STRING) {
        if (name.len && is_hidden(hidden, name) && !is_plain(value.text))
            hide(hidden, value.text);
        hide_params(hidden, walking->arena, value.text);
    }
    for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count && !is_full(hidden);
         i++)
        walk(walking, value.list->items[i], name);
    for (size_t i = 0; value.kind == VALUE_MAP && i < value.map->count && !is_full(hidden);
         i++) {
        const struct value_member *member = &value.map->members[i];
        walk(walking, member->value, str_is(member->key, "#text") ? name : member->key);
    }
}

static bool walk_json(struct hidden *hidden, struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct walking from = {hidden, arena};
    struct value value;
    struct err ignored = ERR_INIT;
    if (!value_parse(arena, text, VALUE_WHOLE, &value, &ignored))
        return false;
    walk(&from, value, STR_NONE);
    return true;
}

static void walk_xml(struct hidden *hidden, struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct walking from = {hidden, arena};
    walk(&from, body_look_read(text, ANSWER_XML, arena), STR_NONE);
}

static void walk_lines(struct hidden *hidden, struct str text)
{
    for (struct str line; text.len && !is_full(hidden);) {
        text = str_split(text, '\n', &line);
        if (str_trim(line).len)
            (void)!walk_json(hidden, line);
    }
}

/* As the stream reads them: rows of csv, and lists whose names stand elsewhere. */
static void walk_records(struct hidden *hidden, struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct records *records = records_open(arena, text, hidden->stream, SHAPE_UNKNOWN);
    struct record record;
    struct err ignored = ERR_INIT;
    while (!is_full(hidden) && records_next(records, &record, &ignored) == RECORDS_ONE)
        if (!record.problem.len)
            (void)!walk_json(hidden, record.raw);
}

bool hidden_find(struct hidden *hidden, struct str body, struct err *err)
{
    struct str text = str_trim(str_without_bom(body));
    bool is_json = walk_json(hidden, text), is_xml = str_starts(text, STR("<"));
    if (is_xml)
        walk_xml(hidden, text);
    else
        walk_records(hidden, body);
    if (!is_json && !is_xml) {
        walk_lines(hidden, text);
        hidden_find_params(hidden, text);
    }
    return !is_full(hidden) ||
           err_set(err, ERR_INPUT, "record", 0,
                   "the answers hold more than %d values that are named like credentials: "
                   "take fewer pages",
                   HIDDEN_MAX);
}

struct str hidden_member(struct value value)
{
    struct str found = STR_NONE;
    for (size_t i = 0; value.kind == VALUE_MAP && i < value.map->count && !found.len; i++) {
        const struct value_member *member = &value.map->members[i];
        bool is_text = member->value.kind == VALUE_STRING || member->value.kind == VALUE_NUMBER;
        found = is_text && is_name(member->key) ? member->key : hidden_member(member->value);
    }
    for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count && !found.len; i++)
        found = hidden_member(value.list->items[i]);
    return found;
}
