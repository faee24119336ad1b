#include "worker/records/csv.h"

#include "tests/fuzz/targets.h"

/* A row is JSON, has all names, and its fields are those of the object. */
static void check_row(const struct record *record)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct value value;
    struct err err = ERR_INIT;
    if (record->problem.len)
        return;
    FUZZ_CHECK(value_parse(arena, record->raw, VALUE_WHOLE, &value, &err), "%s", err.text);
    FUZZ_CHECK(value.kind == VALUE_MAP && value.map->count == record->count, "%zu",
               record->count);
    for (size_t i = 0; i < record->count; i++) {
        const struct record_field *field = &record->fields[i];
        FUZZ_CHECK(str_eq(value.map->members[i].key, field->name), "%.*s",
                   STR_ARG(field->name));
        if (field->kind == RECORD_STRING && field->flaw == FLAW_NONE)
            FUZZ_CHECK(str_eq(record_decode(arena, field), value.map->members[i].value.text),
                       "%.*s", STR_ARG(field->raw));
    }
}

/* The first byte chooses the form, the rest is the body. */
void fuzz_csv(struct str text)
{
    static struct str names[] = {STR_INIT("a"), STR_INIT("b")};
    AUTO_ARENA struct arena *arena = arena_new();
    unsigned choice = text.len ? (unsigned char)text.ptr[0] : 0;
    struct str body = str_slice(text, 1, text.len);
    const struct csv_form form = {
        .delimiter = choice & 1 ? STR(";") : STR(","),
        .quote = choice & 2 ? STR_NONE : STR("\""),
        .has_header = !(choice & 4),
        .names = names,
        .name_count = choice & 4 ? 2 : 0,
        .infers = choice & 8,
        .null = choice & 16 ? STR("NA") : STR_NONE,
    };
    struct record_source *source = csv_open(arena, body, &form);
    struct record record;
    struct err err = ERR_INIT;
    const char *behind = body.ptr;
    for (size_t i = 0; source->next(source, &record, &err) == RECORDS_ONE; i++) {
        FUZZ_CHECK(record.position == i && record.sent.len, "%zu", i);
        FUZZ_CHECK(record.sent.ptr >= behind, "%zu", i);
        behind = record.sent.ptr + record.sent.len;
        FUZZ_CHECK(behind <= body.ptr + body.len, "%zu", i);
        check_row(&record);
    }
}
