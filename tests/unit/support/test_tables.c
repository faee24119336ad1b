#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/blocks.h"
#include "tests/support/choice.h"
#include "tests/support/lines.h"
#include "tests/support/suite.h"

#define FLOWS "tests/tables/flows/*.txt"

static struct arena *arena;

START_TEST(blocks_have_a_preface_heads_and_parts)
{
    struct str text = STR("# x\n=== a: b\nhead\n--- one\n1\n2\n--- two\n=== c\n---\n");
    arena = arena_new();
    struct blocks all = blocks_parse(arena, "blocks.txt", text);
    ck_assert_str_is(all.preface, "# x\n");
    ck_assert_uint_eq(all.count, 2);
    ck_assert_str_is(all.items[0].title, "a: b");
    ck_assert_str_is(all.items[0].head, "head\n");
    ck_assert_str_is(block_part(&all.items[0], "one"), "1\n2\n");
    ck_assert(block_part(&all.items[0], "two").ptr && !block_part(&all.items[0], "on").ptr);
    ck_assert_int_eq(all.items[1].line, 8);
    ck_assert_str_is(all.items[1].head, "---\n");
    arena_free(arena);
}
END_TEST

/* Does reading the text end the program? */
static bool ends(void (*read)(struct str text), const char *text)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        arena = arena_new();
        read(str_from(text));
        _exit(EXIT_SUCCESS);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE;
}

static void read_blocks(struct str text)
{
    blocks_parse(arena, "blocks.txt", text);
}

static void read_lines(struct str text)
{
    lines_parse(arena, "lines.txt", 1, text);
}

START_TEST(what_is_in_no_notation_ends_the_program)
{
    ck_assert(!ends(read_blocks, "=== a\n--- x\n=== b\n--- x\n"));
    ck_assert(ends(read_blocks, ""));
    ck_assert(ends(read_blocks, "# no case\n"));
    ck_assert(ends(read_blocks, "=== a\n=== b\n=== a\n"));
    ck_assert(ends(read_blocks, "=== a\n--- x\n--- x\n"));
    ck_assert(!ends(read_lines, "a => b"));
    ck_assert(ends(read_lines, "# no case\n"));
    ck_assert(ends(read_lines, "a => b\na\n"));
    ck_assert(ends(read_lines, "a=> b\n"));
    ck_assert(ends(read_lines, "a =>b\n"));
}
END_TEST

START_TEST(lines_split_at_the_last_arrow)
{
    struct str text = STR("# x => y\n\na => b => c\n=> c\n<TAB>a | b =>\nx=> | y => z");
    arena = arena_new();
    struct line_cases all = lines_parse(arena, "x.txt", 7, text);
    ck_assert_uint_eq(all.count, 4);
    ck_assert_str_is(all.items[0].input, "a => b");
    ck_assert_str_is(all.items[0].expected, "c");
    ck_assert_int_eq(all.items[0].number, 9);
    ck_assert_uint_eq(all.items[1].input.len, 0);
    ck_assert_str_is(all.items[1].expected, "c");
    struct str rest = all.items[2].input;
    ck_assert_str_is(lines_take_cell(&rest), "\ta");
    ck_assert_str_is(lines_take_cell(&rest), "b");
    ck_assert(!rest.ptr && !lines_take_cell(&rest).ptr);
    ck_assert_uint_eq(all.items[2].expected.len, 0);
    ck_assert_str_is(all.items[3].input, "x=> | y");
    arena_free(arena);
}
END_TEST

static size_t count_chosen(const char *name)
{
    setenv("FLOW", name, 1);
    if (!choice_make(FLOWS))
        return 0;
    arena = arena_new();
    struct blocks pages = blocks_read(arena, "tests/tables/flows/pages.txt");
    struct blocks rules = blocks_read(arena, "tests/tables/flows/rules.txt");
    choice_apply(&pages);
    choice_apply(&rules);
    ck_assert_uint_eq(rules.count, 0);
    arena_free(arena);
    return pages.count;
}

START_TEST(FLOW_is_the_name_of_one_case)
{
    unsetenv("FLOW");
    ck_assert(choice_make(FLOWS) && !choice_is_made());
    ck_assert_uint_eq(count_chosen("a cursor in a header"), 1);
    ck_assert_str_eq(getenv("FLOW"), "pages: a cursor in a header");
    ck_assert_uint_eq(count_chosen("pages: a cursor in a header"), 1);
    ck_assert_uint_eq(count_chosen("cursor in a head"), 1);
    ck_assert_uint_eq(count_chosen("cursor"), 0);
    ck_assert_uint_eq(count_chosen("a curser in a header"), 0);
    ck_assert_uint_eq(count_chosen(""), 0);
}
END_TEST

SUITE("support/tables", blocks_have_a_preface_heads_and_parts,
      what_is_in_no_notation_ends_the_program, lines_split_at_the_last_arrow,
      FLOW_is_the_name_of_one_case)
