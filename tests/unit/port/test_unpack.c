#include "base/file.h"
#include "port/unpack.h"
#include "tests/support/suite.h"

enum { FILE_MAX_BYTES = 1 << 20 };

static void check_same(const char *folder, const struct packed *files)
{
    for (const struct packed *file = files; file->name; file++) {
        AUTO_BUF(text, FILE_MAX_BYTES);
        AUTO_BUF(wanted, FILE_MAX_BYTES);
        char path[256];
        struct err err = ERR_INIT;
        snprintf(path, sizeof path, "%s/%s", folder, file->name);
        ck_assert_ok(file_read(path, &wanted, &err), err);
        buf_puts(&text, "before ");
        unpack(file, &text);
        ck_assert_msg(str_is(str_slice(buf_str(&text), 0, 7), "before ") &&
                          str_eq(str_slice(buf_str(&text), 7, text.len), buf_str(&wanted)),
                      "%s", path);
        ck_assert_int_eq(text.ptr[text.len], '\0');
    }
}

START_TEST(it_is_the_text_of_the_file)
{
    check_same("schema/tables", packed_tables);
    check_same("schema", packed_apply);
    check_same("schema", packed_comments);
    ck_assert_str_eq(packed_comments[0].name, "comments.sql");
}
END_TEST

/* One text, without the comments that stand between statements. */
START_TEST(functions_are_there_without_comments)
{
    AUTO_BUF(text, 2 * FILE_MAX_BYTES);
    unpack(packed_functions, &text);
    ck_assert_ptr_null(packed_functions[1].name);
    ck_assert_ptr_nonnull(strstr(text.ptr, "create or replace function pagetide.is_zone("));
    ck_assert_ptr_nonnull(strstr(text.ptr, "create or replace function pagetide.activate("));
    ck_assert_ptr_null(strstr(text.ptr, "\n--"));
}
END_TEST

SUITE("port/unpack", it_is_the_text_of_the_file, functions_are_there_without_comments)
