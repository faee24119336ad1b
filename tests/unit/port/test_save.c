#include "port/save.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/support/suite.h"

static struct loop *loop;
static char folder[] = "/tmp/save-XXXXXX", path[64];
static bool is_over;
static struct err outcome;

static void on_saved(void *ctx, const struct err *err)
{
    (void)ctx;
    is_over = true;
    outcome = err ? *err : (struct err)ERR_INIT;
}

static void begin(void)
{
    struct err err = ERR_INIT;
    ck_assert_ok(loop_new(&loop, &err), err);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/store", folder);
}

static void end(void)
{
    unlink(path);
    rmdir(folder);
    loop_free(loop);
}

static void save(const char *where, const char *text)
{
    is_over = false;
    struct save *one = save_start(loop, str_from(where), str_from(text), on_saved, NULL);
    ck_assert(loop_run_until(loop, &is_over, 20000));
    save_free(one);
}

static void expect(const char *text)
{
    AUTO_BUF(found, KIB(4));
    struct err err = ERR_INIT;
    struct stat info;
    ck_assert_ok(file_read(path, &found, &err), err);
    ck_assert_str_is(buf_str(&found), text);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0600);
}

START_TEST(a_file_is_made_and_replaced)
{
    begin();
    umask(0);
    save(path, "one");
    ck_assert_msg(!outcome.kind, "%s", outcome.text);
    expect("one");
    ck_assert_int_eq(chmod(path, 0644), 0);
    save(path, "two, longer");
    expect("two, longer");
    end();
}
END_TEST

/* What a killed process left, or somebody put there, is not written to. */
START_TEST(what_lies_in_the_way_is_not_followed)
{
    char fresh[80], target[64];
    begin();
    snprintf(fresh, sizeof fresh, "%s.new", path);
    snprintf(target, sizeof target, "%s/target", folder);
    ck_assert_int_eq(symlink(target, fresh), 0);
    save(path, "one");
    expect("one");
    ck_assert_int_ne(access(target, F_OK), 0);
    ck_assert_int_ne(access(fresh, F_OK), 0);
    end();
}
END_TEST

START_TEST(a_folder_that_is_not_there)
{
    char elsewhere[80];
    begin();
    snprintf(elsewhere, sizeof elsewhere, "%s/no/store", folder);
    save(elsewhere, "one");
    ck_assert_int_eq(outcome.kind, ERR_CONFIG);
    ck_assert_msg(strstr(outcome.text, "/no/store: cannot be written: open: No such file"),
                  "%s", outcome.text);
    end();
}
END_TEST

START_TEST(what_was_begun_is_done_when_it_is_freed)
{
    begin();
    struct save *one = save_start(loop, str_from(path), STR("one"), on_saved, NULL);
    is_over = false;
    save_free(one);
    expect("one");
    ck_assert(!is_over);
    end();
}
END_TEST

SUITE("port/save", a_file_is_made_and_replaced, what_lies_in_the_way_is_not_followed,
      a_folder_that_is_not_there, what_was_begun_is_done_when_it_is_freed)
