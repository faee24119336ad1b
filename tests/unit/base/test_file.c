#include "base/file.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/suite.h"

static char folder[] = "/tmp/pagetide_file_XXXXXX";
static char path[sizeof folder + 2];

static void make_folder(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x", folder);
}

static void remove_folder(void)
{
    unlink(path);
    rmdir(folder);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(appends_the_whole_file)
{
    make_folder();
    write_file("a line\n");
    struct err err = ERR_INIT;
    AUTO_BUF(buf, 9);
    buf_puts(&buf, "> ");
    ck_assert_ok(file_read(path, &buf, &err), err);
    ck_assert_str_is(buf_str(&buf), "> a line\n");
    remove_folder();
}
END_TEST

START_TEST(refuses_more_than_the_ceiling)
{
    make_folder();
    write_file("12345678");
    struct err err = ERR_INIT;
    AUTO_BUF(exact, 8);
    ck_assert_ok(file_read(path, &exact, &err), err);
    AUTO_BUF(less, 7);
    ck_assert(!file_read(path, &less, &err));
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(err.text, "x: longer than 7 bytes"));
    remove_folder();
}
END_TEST

static void check_refused(const char *name, int code, const char *why)
{
    struct err err = ERR_INIT;
    AUTO_BUF(buf, 100);
    ck_assert(!file_read(name, &buf, &err));
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_int_eq(err.code, code);
    ck_assert_msg(str_starts(str_from(err.text), str_from(name)) && strstr(err.text, why), "%s",
                  err.text);
}

START_TEST(never_waits_for_what_is_not_a_file)
{
    make_folder();
    check_refused(path, ENOENT, "No such file");
    check_refused(folder, EISDIR, "Is a directory");
    check_refused("/dev/zero", EINVAL, "not a regular file");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    check_refused(path, EINVAL, "not a regular file");
    remove_folder();
}
END_TEST

/* It passes: no file is at fault, and nobody who names it. */
START_TEST(says_what_this_machine_lacks)
{
    struct err err = ERR_INIT;
    struct rlimit usual, none;
    AUTO_BUF(buf, 64);
    make_folder();
    write_file("text");
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none = usual;
    none.rlim_cur = 3;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    ck_assert(!file_read(path, &buf, &err));
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &usual), 0);
    ck_assert(err.is_lack && err.kind == ERR_AGAIN && err.code == EMFILE);
    ck_assert_ok(file_read(path, &buf, &err), err);
    remove_folder();
}
END_TEST

START_TEST(trims_line_ends)
{
    ck_assert_str_is(file_trim_end(STR(" a\nb \r\n\n")), " a\nb ");
    ck_assert_str_is(file_trim_end(STR("\n")), "");
    ck_assert_str_is(file_trim_end(STR_NONE), "");
}
END_TEST

SUITE("base/file", appends_the_whole_file, refuses_more_than_the_ceiling,
      never_waits_for_what_is_not_a_file, says_what_this_machine_lacks, trims_line_ends)
