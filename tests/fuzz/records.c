#include "worker/records/records.h"

#include "core/scan.h"
#include "tests/fuzz/targets.h"

/* What the scanner says of a body, beside the tree of the same body. */
struct reading {
    struct value *records; /* each record's bytes, parsed alone */
    size_t count, capacity;
    bool is_flawed; /* something is legal JSON but cannot be stored */
};

static bool parse(struct arena *arena, struct str text, struct value *ret)
{
    struct err err = ERR_INIT;
    return value_parse(arena, text, VALUE_WHOLE, ret, &err);
}

/* Every field is in the tree of its record, and as many as the tree has. */
static void check_fields(struct arena *arena, const struct record *record, struct value tree)
{
    FUZZ_CHECK(record->count == tree.map->count, "%zu fields", record->count);
    for (size_t i = 0; i < record->count; i++) {
        struct value value;
        const struct record_field *field = &record->fields[i];
        FUZZ_CHECK(parse(arena, field->raw, &value), "%.*s", STR_ARG(field->raw));
        FUZZ_CHECK(value_same(value, value_get(tree, field->name)), "%.*s",
                   STR_ARG(field->name));
        if (field->kind == RECORD_STRING && field->flaw == FLAW_NONE)
            FUZZ_CHECK(str_eq(record_decode(arena, field), value.text), "%.*s",
                       STR_ARG(field->raw));
    }
}

static bool has_flaw(const struct record *record)
{
    for (size_t i = 0; i < record->count; i++)
        if (record->fields[i].flaw)
            return true;
    return record->flaw != FLAW_NONE;
}

/* Also of a field whose name comes again after it: only the last of those is there. */
static bool holds_flaw(struct arena *arena, struct str raw)
{
    struct scan scan;
    scan_init(&scan, arena, raw);
    FUZZ_CHECK(scan_value(&scan, 0) && scan_is_end(&scan), "%.*s", STR_ARG(raw));
    return scan.flags & (SCAN_BIG_NUMBER | SCAN_TOO_DEEP);
}

static void take(struct arena *arena, const struct record *record, struct reading *reading)
{
    ARENA_GROW(arena, reading->records, reading->count, reading->capacity);
    struct value *tree = &reading->records[reading->count++];
    bool is_flawed = has_flaw(record) || holds_flaw(arena, record->raw);
    reading->is_flawed |= is_flawed;
    bool is_read = parse(arena, record->raw, tree);
    FUZZ_CHECK(is_read || is_flawed, "%.*s", STR_ARG(record->raw));
    if (is_read && !is_flawed && record->kind == RECORD_OBJECT)
        check_fields(arena, record, *tree);
}

/* The tree of the body holds the same records at the same place. */
static void check_records(const struct reading *reading, struct value at,
                          enum records_found found)
{
    switch (found) {
    case RECORDS_MISSING:
        FUZZ_CHECK(at.kind == VALUE_UNDEFINED, "a %s is there", value_kind_name(at.kind));
        return;
    case RECORDS_NULL:
        FUZZ_CHECK(at.kind == VALUE_NULL || (at.kind == VALUE_STRING && !at.text.len),
                   "a %s is there", value_kind_name(at.kind));
        return;
    case RECORDS_SINGLE:
        FUZZ_CHECK(reading->count == 1 && value_same(reading->records[0], at), "%zu",
                   reading->count);
        return;
    case RECORDS_LIST:
        FUZZ_CHECK(at.kind == VALUE_LIST && at.list->count == reading->count, "%zu",
                   reading->count);
        for (size_t i = 0; i < reading->count; i++)
            FUZZ_CHECK(value_same(reading->records[i], at.list->items[i]), "record %zu", i);
    }
}

static void compare(struct arena *arena, struct str body, const struct path *path)
{
    struct reading reading = {0};
    struct record record;
    struct err err = ERR_INIT;
    struct records *records = records_start(arena, body, path);
    enum records_result result;
    while ((result = records_next(records, &record, &err)) == RECORDS_ONE)
        take(arena, &record, &reading);
    struct value tree, rest;
    bool is_read = parse(arena, body, &tree);
    /* The scanner is the stricter one: UTF-8 outside the records, a merge key twice. */
    if (result == RECORDS_BAD)
        return;
    struct err why = ERR_INIT;
    bool rest_is_read = value_parse(arena, body, records_skipped(records), &rest, &why);
    if (!is_read)
        return;
    FUZZ_CHECK(rest_is_read, "%s", why.text);
    if (!reading.is_flawed && !path->has_wildcard)
        check_records(&reading, path_get(path, tree), records_found(records));
}

static void check_inside(struct str raw, struct str around)
{
    FUZZ_CHECK(raw.ptr >= around.ptr && raw.ptr + raw.len <= around.ptr + around.len, "%.*s",
               STR_ARG(raw));
}

/* What is around a record is JSON, too. */
static void watch(struct arena *arena, struct str body, const struct path *path)
{
    struct record record;
    struct err err = ERR_INIT;
    for (size_t i = 0; i < path->count; i++) {
        struct records *records = records_start(arena, body, path);
        ptrdiff_t step = path->steps[i].kind == PATH_EACH ? (ptrdiff_t)i : -1;
        records_watch(records, step);
        while (records_next(records, &record, &err) == RECORDS_ONE)
            check_inside(record.raw, records_element(records, step));
    }
}

void fuzz_records(struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct str head, body = str_split(text, '\n', &head);
    struct path path;
    struct err err = ERR_INIT;
    if (!path_compile(arena, head, &path, &err))
        return;
    compare(arena, body, &path);
    if (path.has_wildcard)
        watch(arena, body, &path);
}
