#include "config/import/import.h"
#include "config/source.h"
#include "tests/fuzz/targets.h"

/* What it says to be valid is read back, with as many streams; the same file gives the same. */
void fuzz_imports(struct str text)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(errors, MIB(1));
    struct err err = ERR_INIT;
    struct imported one, other;
    struct source *source;
    if (!import_definition(arena, "fuzz.yaml", text, NULL, &one, &err)) {
        FUZZ_CHECK(err.kind == ERR_CONFIG && err.text[0], "kind %d", (int)err.kind);
        return;
    }
    FUZZ_CHECK(import_definition(arena, "fuzz.yaml", text, one.format, &other, &err), "%s",
               err.text);
    FUZZ_CHECK(str_eq(one.text, other.text), "\n%.*s\n%.*s", STR_ARG(one.text),
               STR_ARG(other.text));
    bool is_read = source_parse(arena, STR("fuzz.yaml"), one.text, &source, &errors, &err);
    FUZZ_CHECK(is_read == one.is_valid, "%s\n%.*s", err.text, STR_ARG(one.text));
    FUZZ_CHECK(!is_read || source->count == one.streams, "%zu, not %zu\n%.*s", source->count,
               one.streams, STR_ARG(one.text));
}
