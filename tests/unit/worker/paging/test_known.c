#include "worker/paging/known.h"

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

SUITE("worker/paging/known", the_docs_list_every_name, names_are_paths_and_come_once)
