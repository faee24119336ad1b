#include "worker/paging/checkpoint.h"

#include "tests/fuzz/targets.h"

/* Reading and writing is a fixed point after the first time. */
static void check_pager(struct arena *arena, const struct pager *pager,
                        const struct pagination *def)
{
    struct pager again;
    struct err err = ERR_INIT;
    struct str text, twice;
    if (!checkpoint_write(arena, pager, NULL, &text, &err))
        return;
    bool is_read =
        checkpoint_read(&(struct checkpoint_from){arena, arena, def, NULL}, text, &again, &err);
    FUZZ_CHECK(is_read, "%s: %.*s", err.text, STR_ARG(text));
    FUZZ_CHECK(checkpoint_write(arena, &again, NULL, &twice, &err), "%s", err.text);
    FUZZ_CHECK(str_eq(text, twice), "\n%.*s\n%.*s", STR_ARG(text), STR_ARG(twice));
}

void fuzz_checkpoints(struct str text)
{
    for (enum pagination_type type = PAGINATE_NONE; type <= PAGINATE_AUTO; type++) {
        AUTO_ARENA struct arena *arena = arena_new();
        struct pagination def = {
            .type = type,
            .param = {.place = PLACE_QUERY, .name = STR("page")},
            .size_param = {.place = PLACE_NONE},
            .sends_first = true,
            .maximum = -1,
            .max_iterations = -1,
            .max_records = -1,
            .max_time_ms = -1,
        };
        struct pager pager;
        struct err err = ERR_INIT;
        if (checkpoint_read(&(struct checkpoint_from){arena, arena, &def, NULL}, text, &pager,
                            &err))
            check_pager(arena, &pager, &def);
        else
            FUZZ_CHECK(err.kind == ERR_INPUT, "kind %d", (int)err.kind);
    }
}
