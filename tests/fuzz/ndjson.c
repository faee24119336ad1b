#include "worker/records/ndjson.h"

#include "tests/fuzz/targets.h"

/* A line is a record where it is a JSON text by itself, and else has a problem. */
static void check_line(const struct record *record)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct value value;
    struct err err = ERR_INIT;
    bool is_read = value_parse(arena, record->sent, VALUE_WHOLE, &value, &err);
    bool has_mark = str_starts(record->sent, STR("\xEF\xBB\xBF"));
    FUZZ_CHECK(!is_read || has_mark || !record->problem.len, "%.*s", STR_ARG(record->problem));
    FUZZ_CHECK(record->sent.len && !memchr(record->sent.ptr, '\n', record->sent.len), "%.*s",
               STR_ARG(record->sent));
    FUZZ_CHECK(record->problem.len || str_eq(record->raw, record->sent), "%.*s",
               STR_ARG(record->raw));
}

void fuzz_ndjson(struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct record_source *source = ndjson_open(arena, text);
    struct record record;
    struct err err = ERR_INIT;
    size_t count = 0;
    const char *behind = text.ptr;
    for (; source->next(source, &record, &err) == RECORDS_ONE; count++) {
        FUZZ_CHECK(record.position == count, "%zu", count);
        FUZZ_CHECK(record.sent.ptr >= behind, "%zu", count);
        behind = record.sent.ptr + record.sent.len;
        FUZZ_CHECK(behind <= text.ptr + text.len, "%zu", count);
        check_line(&record);
    }
    FUZZ_CHECK(err.kind == ERR_NONE, "%s", err.text);
}
