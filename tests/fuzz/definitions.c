#include "config/source.h"
#include "tests/fuzz/targets.h"

static void check_stream(struct arena *arena, const struct stream *stream)
{
    struct stream *again;
    struct err err = ERR_INIT;
    bool is_read = source_parse_spec(arena, stream->spec, &again, &err);
    FUZZ_CHECK(is_read, "%s: %.*s", err.text, STR_ARG(stream->spec));
    FUZZ_CHECK(str_eq(again->spec, stream->spec), "\n%.*s\n%.*s", STR_ARG(stream->spec),
               STR_ARG(again->spec));
}

void fuzz_definitions(struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(errors, MIB(1));
    struct err err = ERR_INIT;
    struct source *source;
    if (!source_parse(arena, STR("fuzz.yaml"), text, &source, &errors, &err)) {
        FUZZ_CHECK(err.kind == ERR_CONFIG && errors.len, "kind %d", (int)err.kind);
        return;
    }
    for (size_t i = 0; i < source->count; i++)
        check_stream(arena, source->streams[i]);
}
