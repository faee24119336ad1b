#include "worker/signs/known.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "core/path.h"
#include "tests/support/suite.h"

static struct str row_of(struct arena *arena, const struct known_list *list)
{
    AUTO_BUF(row, 65536);
    buf_printf(&row, "\n| %s | ", list->title);
    for (size_t i = 0; i < list->count; i++) {
        const char *name = list->items[i].name, *quote = *name ? "`" : "";
        buf_printf(&row, "%s%s%s%s", i ? ", " : "", quote, *name ? name : "the body", quote);
    }
    buf_puts(&row, " |\n");
    return arena_str(arena, buf_str(&row));
}

START_TEST(the_docs_list_every_name)
{
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(page, MIB(1));
    struct err err = ERR_INIT;
    ck_assert_ok(file_read("docs/complete.md", &page, &err), err);
    for (size_t i = 0; i < known_list_count; i++) {
        struct str row = row_of(arena, known_lists[i]);
        ck_assert_msg(str_find(buf_str(&page), row) >= 0,
                      "docs/complete.md has not this row:%.*s", STR_ARG(row));
    }
}
END_TEST

/* No name hides another of its list, and each is a path that a definition may have. */
START_TEST(names_are_paths_and_come_once)
{
    AUTO_ARENA struct arena *arena = arena_new();
    struct err err = ERR_INIT;
    for (size_t i = 0; i < known_list_count; i++)
        for (size_t j = 0; j < known_lists[i]->count; j++) {
            const struct known *known = &known_lists[i]->items[j];
            struct path path;
            ck_assert_ptr_eq(known_find(known_lists[i], str_from(known->name)), known);
            if (!strchr(known->name, '$') && !strstr(known_lists[i]->title, "parameters"))
                ck_assert_ok(path_compile(arena, str_from(known->name), &path, &err), err);
        }
}
END_TEST

static void check_params(const struct known *known)
{
    struct str word, words = str_from(known->also ? known->also : "");
    size_t count = 1;
    for (; words.len; count++) {
        words = str_split(words, ' ', &word);
        ck_assert_msg(word.len, "%s", known->name);
    }
    ck_assert_msg(count <= KNOWN_PARAMS_MAX, "%s has %zu parameters", known->name, count);
    ck_assert_msg(known->param || !known->also, "%s", known->name);
}

/* Each costs a request. */
START_TEST(few_parameters_go_with_a_name)
{
    for (size_t i = 0; i < known_list_count; i++)
        for (size_t j = 0; j < known_lists[i]->count; j++)
            check_params(&known_lists[i]->items[j]);
    check_params(&known_last_id);
    check_params(&known_end_token);
}
END_TEST

START_TEST(a_path_ends_in_a_name)
{
    ck_assert_str_eq(known_find_at_end(&known_cursors, STR("meta.next_batch"))->name,
                     "next_batch");
    ck_assert_str_eq(known_find_at_end(&known_cursors, STR("paging.next.after"))->name,
                     "next.after");
    ck_assert_ptr_null(known_find_at_end(&known_cursors, STR("not_next_batch")));
    ck_assert_ptr_null(known_find_at_end(&known_cursors, STR("")));
}
END_TEST

/* "| `a`, `b`, `c` |": a cursor in a field that usually names a page goes by "cursor". */
static struct str params_cell(struct arena *arena, const struct known *known)
{
    AUTO_BUF(cell, 1024);
    struct str word, words = str_from(known->also);
    bool is_page = strcmp(known->param, "page") == 0;
    buf_printf(&cell, "| `%s`", is_page ? "cursor" : known->param);
    while (words.len) {
        words = str_split(words, ' ', &word);
        buf_printf(&cell, ", `%.*s`", STR_ARG(word));
    }
    buf_puts(&cell, " |");
    return arena_str(arena, buf_str(&cell));
}

static bool has_line(struct str page, struct str name, struct str cell)
{
    struct str line;
    while (page.len) {
        page = str_split(page, '\n', &line);
        if (str_starts(line, STR("| `")) && str_find(line, name) >= 0 && str_ends(line, cell))
            return true;
    }
    return false;
}

START_TEST(the_docs_say_what_is_tried)
{
    static const struct known_list *const lists[] = {&known_cursors, &known_reached};
    AUTO_ARENA struct arena *arena = arena_new();
    AUTO_BUF(page, MIB(1));
    struct err err = ERR_INIT;
    ck_assert_ok(file_read("docs/complete.md", &page, &err), err);
    for (size_t i = 0; i < COUNT_OF(lists); i++)
        for (size_t j = 0; j < lists[i]->count; j++) {
            const struct known *known = &lists[i]->items[j];
            struct str name = arena_printf(arena, "`%s`", known->name);
            ck_assert_msg(!known->also ||
                              has_line(buf_str(&page), name, params_cell(arena, known)),
                          "docs/complete.md does not say what goes with %s", known->name);
        }
}
END_TEST

SUITE("worker/signs/known", the_docs_say_what_is_tried, few_parameters_go_with_a_name,
      a_path_ends_in_a_name, the_docs_list_every_name, names_are_paths_and_come_once)
