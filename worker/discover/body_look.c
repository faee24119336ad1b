#include "worker/discover/body_look.h"

#include "core/path.h"
#include "core/xml_json.h"
#include "worker/discover/draft.h"
#include "worker/records/csv.h"
#include "worker/records/ndjson.h"
#include "worker/records/own_ids.h"
#include "worker/signs/known.h"
#include "worker/signs/look.h"
#include "worker/signs/spell.h"

enum { DEPTH_MAX = 4, LINES_READ = 5, JSON_BYTES_MAX = 256 * 1024 * 1024 };

/* --- the form --- */

static bool holds_nocase(struct str text, const char *part)
{
    struct str word = str_from(part);
    for (size_t i = 0; i + word.len <= text.len; i++)
        if (str_eq_nocase(str_slice(text, i, i + word.len), word))
            return true;
    return false;
}

static bool begins_nocase(struct str text, const char *part)
{
    struct str word = str_from(part);
    return str_eq_nocase(str_slice(text, 0, word.len), word);
}

static bool is_json(struct str text)
{
    AUTO_ARENA struct arena *scratch = arena_new();
    struct value value;
    struct err ignored = ERR_INIT;
    return value_parse(scratch, text, VALUE_WHOLE, &value, &ignored);
}

/* Two lines or more, each a JSON object or list by itself. */
static bool is_ndjson(struct str body)
{
    struct str line;
    size_t count = 0;
    for (size_t i = 0; i < LINES_READ && body.len; i++) {
        body = str_split(body, '\n', &line);
        line = ndjson_text(line);
        if (!line.len)
            continue;
        if ((line.ptr[0] != '{' && line.ptr[0] != '[') || !is_json(line))
            return false;
        count++;
    }
    return count > 1;
}

static size_t count_bytes(struct str line, char byte)
{
    size_t count = 0;
    bool is_quoted = false;
    for (size_t i = 0; i < line.len; i++) {
        is_quoted ^= line.ptr[i] == '"';
        count += !is_quoted && line.ptr[i] == byte;
    }
    return count;
}

/* The one that the first lines have equally often; 0: none. */
static char find_delimiter(struct str body)
{
    static const char candidates[] = {',', ';', '\t', '|'};
    char told = csv_separator(body);
    if (told)
        return told;
    for (size_t i = 0; i < COUNT_OF(candidates); i++) {
        struct str line, rest = str_split(body, '\n', &line);
        size_t wanted = count_bytes(line, candidates[i]), lines = 1;
        for (; wanted && rest.len && lines < LINES_READ; lines++) {
            rest = str_split(rest, '\n', &line);
            if (count_bytes(line, candidates[i]) != wanted)
                break;
        }
        if (wanted && (lines == LINES_READ || !rest.len))
            return candidates[i];
    }
    return 0;
}

struct body_form body_look_form(struct str body, struct str content_type)
{
    struct body_form form = {.format = ANSWER_JSON, .is_known = true};
    struct str text = str_trim(str_without_bom(body));
    if (begins_nocase(text, "<!doctype html") || begins_nocase(text, "<html")) {
        form.is_html = true;
        form.is_known = false;
    } else if (is_json(text) && !holds_nocase(content_type, "ndjson")) {
        form.format = ANSWER_JSON;
    } else if (is_ndjson(text) || holds_nocase(content_type, "ndjson") ||
               holds_nocase(content_type, "jsonl") || holds_nocase(content_type, "json-seq")) {
        form.format = ANSWER_NDJSON;
    } else if (str_starts(text, STR("<"))) {
        form.format = ANSWER_XML;
    } else {
        form.delimiter = find_delimiter(text);
        form.format = ANSWER_CSV;
        form.is_known = holds_nocase(content_type, "csv") || form.delimiter;
    }
    return form;
}

struct value body_look_read(struct str body, enum answer_format format, struct arena *arena)
{
    struct value value = UNDEFINED_VALUE;
    struct path whole;
    struct err ignored = ERR_INIT;
    AUTO_BUF(json, JSON_BYTES_MAX);
    if (format == ANSWER_XML && path_compile(arena, STR("."), &whole, &ignored)) {
        struct xml_json map = {.path = &whole, .arena = arena};
        if (!xml_json_write(&map, body, &json, &ignored))
            return value;
        body = buf_str(&json);
    }
    if (format == ANSWER_CSV || format == ANSWER_NDJSON)
        return value;
    (void)!value_parse(arena, str_trim(str_without_bom(body)), VALUE_WHOLE, &value, &ignored);
    return value;
}

static struct str join(struct arena *arena, struct str above, struct str key)
{
    return spell_join(arena, above, spell_step(arena, key));
}

/* --- places of records --- */

struct finding {
    struct arena *arena;
    struct body_place *places;
    size_t count;
};

static bool is_usual(struct str key)
{
    static const char *const names[] = {
        "data",      "items",   "results",   "result",   "records",  "rows",
        "entries",   "entry",   "value",     "values",   "list",     "hits",
        "docs",      "objects", "content",   "elements", "members",  "member",
        "Resources", "edges",   "nodes",     "chunk",    "features", "Items",
        "item",      "payload", "resources", "page",     "batch",    "collection"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (spell_is_same(key, str_from(names[i])))
            return true;
    return false;
}

/* Lists of links and errors are no records. */
static bool is_other(struct str key)
{
    static const char *const names[] = {"links",    "link",         "_links",   "errors",
                                        "warnings", "facets",       "included", "filters",
                                        "sort",     "aggregations", "messages"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (spell_is_same(key, str_from(names[i])))
            return true;
    return false;
}

static void put_place(struct finding *finding, struct body_place place)
{
    size_t at = finding->count;
    struct path path;
    struct err ignored = ERR_INIT;
    if (place.path.len && !path_compile(finding->arena, place.path, &path, &ignored))
        return; /* a longer one than paths may be */
    while (at > 0 && finding->places[at - 1].score < place.score)
        at--;
    if (at == BODY_PLACES_MAX)
        return;
    size_t last = MIN(finding->count, (size_t)BODY_PLACES_MAX - 1);
    memmove(finding->places + at + 1, finding->places + at,
            (last - at) * sizeof *finding->places);
    finding->places[at] = place;
    finding->count = last + 1;
}

/* Beside a list of lists: a list of as many texts has the names of their fields. */
static struct str find_names(struct finding *finding, struct value around, struct str above,
                             struct value row)
{
    for (size_t i = 0; around.kind == VALUE_MAP && i < around.map->count; i++) {
        const struct value_member *member = &around.map->members[i];
        const struct value_list *list = member->value.list;
        if (member->value.kind != VALUE_LIST || list->count != row.list->count ||
            !list->count || list->items[0].kind != VALUE_STRING)
            continue;
        return draft_quote(finding->arena, join(finding->arena, above, member->key));
    }
    return STR("first");
}

bool body_look_has_own_id(struct value object)
{
    for (size_t i = 0; object.kind == VALUE_MAP && i < object.map->count; i++)
        if (own_ids_rank(object.map->members[i].key))
            return true;
    return false;
}

/* {"edges": [{"cursor": …, "node": {"id": …}}]}: the record is inside of the element. */
static struct str find_wrapped(struct finding *finding, struct str path, struct value first)
{
    if (first.kind != VALUE_MAP || first.map->count > 4 || body_look_has_own_id(first))
        return path;
    for (size_t i = 0; i < first.map->count; i++) {
        const struct value_member *member = &first.map->members[i];
        if (body_look_has_own_id(member->value))
            return join(finding->arena, spell_join(finding->arena, path, STR("[*]")),
                        member->key);
    }
    return path;
}

static void take_list(struct finding *finding, struct value around, struct str above,
                      struct str path, struct str key, struct value list, int depth)
{
    struct value first = list.list->count ? list.list->items[0] : UNDEFINED_VALUE;
    struct body_place place = {.path = find_wrapped(finding, path, first),
                               .count = list.list->count,
                               .is_known = !key.ptr || is_usual(key),
                               .has_lists = first.kind == VALUE_LIST};
    place.score = (place.is_known ? 1000 : 0) - 100 * depth + (int)MIN(place.count, 50);
    if (first.kind == VALUE_UNDEFINED)
        place.score -= 2000;
    else if (first.kind != VALUE_MAP && first.kind != VALUE_LIST)
        place.score -= 4000;
    if (place.has_lists) {
        place.score -= 500;
        place.names = find_names(finding, around, above, first);
    }
    put_place(finding, place);
}

static bool share_keys(const struct value_map *first, const struct value_map *other)
{
    size_t count = 0;
    for (size_t i = 0; i < first->count; i++)
        count +=
            value_get((struct value){.kind = VALUE_MAP, .map = other}, first->members[i].key)
                .kind != VALUE_UNDEFINED;
    return 2 * count > first->count;
}

/* {"a1": {…}, "a2": {…}}: objects of one kind, by their ids. */
static bool is_keyed(struct value value)
{
    if (value.kind != VALUE_MAP || value.map->count < 2)
        return false;
    const struct value_member *members = value.map->members;
    for (size_t i = 0; i < value.map->count; i++)
        if (members[i].value.kind != VALUE_MAP || !members[i].value.map->count ||
            !share_keys(members[0].value.map, members[i].value.map))
            return false;
    return true;
}

static void walk(struct finding *finding, struct value around, struct str above, int depth)
{
    if (is_keyed(around) && depth) {
        struct body_place place = {.path = spell_join(finding->arena, above, STR("*")),
                                   .count = around.map->count,
                                   .score = -300 - 100 * depth};
        put_place(finding, place);
        return;
    }
    for (size_t i = 0; i < around.map->count; i++) {
        const struct value_member *member = &around.map->members[i];
        if (is_other(member->key))
            continue;
        struct str path = join(finding->arena, above, member->key);
        if (member->value.kind == VALUE_LIST)
            take_list(finding, around, above, path, member->key, member->value, depth);
        else if (member->value.kind == VALUE_MAP && depth < DEPTH_MAX)
            walk(finding, member->value, path, depth + 1);
    }
}

size_t body_look_places(struct value body, struct arena *arena,
                        struct body_place places[BODY_PLACES_MAX])
{
    struct finding finding = {.arena = arena, .places = places};
    if (body.kind == VALUE_LIST)
        take_list(&finding, UNDEFINED_VALUE, STR_NONE, STR_NONE, STR_NONE, body, 0);
    else if (body.kind == VALUE_MAP)
        walk(&finding, body, STR_NONE, 0);
    return finding.count;
}

/* --- counts --- */

static struct str find_count(struct value body, struct str above, const struct known_list *list,
                             int64_t least, struct arena *arena)
{
    size_t depth = 0;
    for (size_t i = 0; i < above.len; i++)
        depth += above.ptr[i] == '.';
    for (size_t i = 0; body.kind == VALUE_MAP && depth < DEPTH_MAX && i < body.map->count;
         i++) {
        const struct value_member *member = &body.map->members[i];
        struct str path = join(arena, above, member->key);
        int64_t count;
        if (known_find(list, member->key) && look_read_total(member->value, &count) &&
            count >= least)
            return path;
        struct str below = find_count(member->value, path, list, least, arena);
        if (below.len)
            return below;
    }
    return STR_NONE;
}

struct str body_look_count(struct value body, const struct known_list *list, int64_t least,
                           struct arena *arena)
{
    return find_count(body, STR_NONE, list, least, arena);
}
