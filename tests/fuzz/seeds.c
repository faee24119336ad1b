#include "tests/fuzz/seeds.h"

#include "tests/support/blocks.h"
#include "tests/support/definition_cases.h"
#include "tests/support/json_cases.h"
#include "tests/support/lines.h"

struct seeds {
    struct arena *arena;
    struct corpus corpus;
    size_t capacity;
};

static void put(struct seeds *seeds, struct str bytes)
{
    struct corpus *corpus = &seeds->corpus;
    ARENA_GROW(seeds->arena, corpus->items, corpus->count, seeds->capacity);
    struct str name = arena_printf(seeds->arena, "table-%zu", corpus->count + 1);
    corpus->items[corpus->count++] = (struct corpus_input){.name = name, .bytes = bytes};
}

/* A head, a line's end and what follows, as three targets take it. */
static void put_two(struct seeds *seeds, struct str head, struct str rest)
{
    put(seeds, arena_printf(seeds->arena, "%.*s\n%.*s", STR_ARG(head), STR_ARG(rest)));
}

static void put_records(struct seeds *seeds)
{
    struct json_cases all = json_cases_read(seeds->arena);
    for (size_t i = 0; i < all.count; i++) {
        AUTO_BUF(bytes, MIB(1));
        buf_puts(&bytes, "\n");
        buf_put(&bytes, all.cases[i].text);
        put(seeds, arena_str(seeds->arena, buf_str(&bytes)));
    }
    json_cases_done(&all);
}

static void put_expressions(struct seeds *seeds)
{
    struct blocks all = blocks_read(seeds->arena, "tests/tables/expr.txt");
    for (size_t i = 0; i < all.count; i++) {
        const struct block *block = &all.items[i];
        struct line_cases lines =
            lines_parse(seeds->arena, all.path, block->line + 1, block->head);
        struct str template = arena_printf(seeds->arena, "{{ %.*s }}", STR_ARG(block->title));
        put_two(seeds, template, lines.items[0].input);
    }
}

static void put_paths(struct seeds *seeds)
{
    struct line_cases all = lines_read(seeds->arena, "tests/tables/paths.txt");
    for (size_t i = 0; i < all.count; i++) {
        struct str data = all.items[i].input, path = lines_take_cell(&data);
        put_two(seeds, path, data);
    }
}

static void put_links(struct seeds *seeds)
{
    struct line_cases all = lines_read(seeds->arena, "tests/tables/links.txt");
    for (size_t i = 0; i < all.count; i++)
        put(seeds, all.items[i].input);
}

static void put_times(struct seeds *seeds)
{
    struct line_cases all = lines_read(seeds->arena, "tests/tables/date_text.txt");
    for (size_t i = 0; i < all.count; i++) {
        struct str text = all.items[i].input;
        lines_take_cell(&text);
        put(seeds, text);
    }
}

static void put_tokens(struct seeds *seeds)
{
    struct line_cases all = lines_read(seeds->arena, "tests/tables/token_answers.txt");
    for (size_t i = 0; i < all.count; i++) {
        struct str body = all.items[i].input, status = lines_take_cell(&body);
        put_two(seeds, status, body);
    }
}

static void put_structured(struct seeds *seeds)
{
    struct line_cases fields = lines_read(seeds->arena, "tests/tables/structured.txt");
    for (size_t i = 0; i < fields.count; i++) {
        struct str field = fields.items[i].input;
        lines_take_cell(&field);
        put_two(seeds, STR("ratelimit"), field);
    }
    struct line_cases waits = lines_read(seeds->arena, "tests/tables/retry_after.txt");
    for (size_t i = 0; i < waits.count; i++) {
        struct str header = waits.items[i].input, name;
        lines_take_cell(&header);
        struct str value = str_split(header, ':', &name);
        put_two(seeds, str_trim(name), str_trim(value));
    }
}

static void put_definitions(struct seeds *seeds)
{
    static const char *const tables[] = {"tests/tables/definitions/good.txt",
                                         "tests/tables/definitions/errors.txt"};
    for (size_t i = 0; i < COUNT_OF(tables); i++) {
        struct definition_cases all = definition_cases_read(seeds->arena, tables[i], "expect");
        for (size_t j = 0; j < all.count; j++)
            put(seeds, all.cases[j].text);
    }
}

static void put_imports(struct seeds *seeds)
{
    struct blocks all = blocks_read(seeds->arena, "tests/tables/import.txt");
    for (size_t i = 0; i < all.count; i++)
        put(seeds, block_part(&all.items[i], "input"));
}

struct corpus seeds_read(struct arena *arena, const char *target)
{
    static const struct {
        const char *target;
        void (*put)(struct seeds *seeds);
    } tables[] = {{"records", put_records}, {"expressions", put_expressions},
                  {"paths", put_paths},     {"links", put_links},
                  {"times", put_times},     {"definitions", put_definitions},
                  {"tokens", put_tokens},   {"structured", put_structured},
                  {"imports", put_imports}};
    struct seeds seeds = {.arena = arena};
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        if (!strcmp(tables[i].target, target))
            tables[i].put(&seeds);
    return seeds.corpus;
}
