#include "core/xml_json.h"

#include "tests/fuzz/targets.h"

/* A path, a line's end, a body: what is XML becomes JSON, and its records stand in it. */
void fuzz_xml(struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(json, MIB(1));
    struct str head, body = str_split(text, '\n', &head);
    struct path path;
    struct value value;
    struct err err = ERR_INIT;
    if (!path_compile(arena, head, &path, &err))
        return;
    struct xml_json xml = {.path = &path, .keeps_prefixes = text.len % 2, .arena = arena};
    if (!xml_json_write(&xml, body, &json, &err))
        return;
    FUZZ_CHECK(value_parse(arena, buf_str(&json), VALUE_WHOLE, &value, &err), "%s", err.text);
    for (size_t i = 0; i < xml.record_count; i++) {
        struct xml_span span = xml.records[i];
        /* Records out of one entity share the place where it is used. */
        FUZZ_CHECK(span.from <= span.to && span.to <= body.len, "%zu", i);
        FUZZ_CHECK(!i || span.from >= xml.records[i - 1].from, "%zu", i);
    }
}
