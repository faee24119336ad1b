#define SUITE_TIMEOUT 120
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "tests/support/suite.h"

/*
 * tools/check-layers.sh on a small tree of its own: each room has x.c and x.h, which include
 * nothing. That is clean; includes that the rules forbid are not.
 */
static const struct room {
    const char *name, *sees; /* besides itself */
} rooms[] = {
    {"lib/base", ""},
    {"lib/port", "base"},
    {"lib/core", "base port core/expr"},
    {"lib/core/expr", "base port core"},
    {"config", "base port core"},
    {"config/import", "base port core config"},
    {"schema", "base port core"},
    {"worker/records", "base port core config"},
    {"worker/values", "base port core config worker/records"},
    {"worker/rows", "base port core config worker/records worker/values"},
    {"worker/load", "base port core config worker/records worker/values worker/rows"},
    {"worker/access", "base port core config"},
    {"worker/pace", "base port core config"},
    {"worker/signs", "base port core config worker/access"},
    {"worker/paging", "base port core config worker/access worker/signs"},
    {"worker/exchange", "base port core config worker/access worker/signs"},
    {"worker/crawl", "base port core config worker/records worker/rows worker/load "
                     "worker/access worker/signs worker/paging worker/exchange worker/pace"},
    {"worker/discover", "base port core config worker/records worker/rows worker/load "
                        "worker/access worker/signs worker/exchange worker/pace worker/crawl"},
    {"worker/rehearsal", "base port core config worker/records worker/rows worker/access "
                         "worker/signs worker/exchange worker/crawl worker/discover"},
    {"worker/places", "base port core config worker/records worker/rows worker/signs"},
    {"worker/replay",
     "base port core config worker/records worker/rows worker/load worker/exchange"},
    {"worker/after", "base port core config worker/access worker/exchange"},
    {"worker", "base port core config worker/load worker/access worker/pace worker/crawl"},
    {"scheduler", "base port core config schema"},
    {"web", "base port core config"},
    {"cli", "base port core config config/import schema scheduler web worker worker/crawl "
            "worker/discover worker/places worker/rehearsal worker/replay worker/after"},
};

static struct arena *arena;
static char tree[64];
static size_t wanted_count; /* complaints */

static int shell(const char *command)
{
    return system(arena_printf(arena, "cd %s && %s", tree, command).ptr); // NOLINT
}

/* Adds a line to a file of the tree. */
static void add(const char *file, const char *line)
{
    FILE *out = fopen(arena_printf(arena, "%s/%s", tree, file).ptr, "a");
    ck_assert_msg(out && fprintf(out, "%s\n", line) > 0 && fclose(out) == 0, "%s", file);
}

static const char *file_in(const struct room *room, const char *name)
{
    return arena_printf(arena, "%s/%s", room->name, name).ptr;
}

static void plant(void)
{
    arena = arena_new();
    wanted_count = 0;
    snprintf(tree, sizeof tree, "/tmp/pagetide-layers-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(tree));
    ck_assert_int_eq(shell("mkdir tools && cp \"$OLDPWD/tools/check-layers.sh\" tools"), 0);
    for (size_t i = 0; i < COUNT_OF(rooms); i++) {
        ck_assert_int_eq(shell(arena_printf(arena, "mkdir -p %s", rooms[i].name).ptr), 0);
        add(file_in(&rooms[i], "x.c"), "");
        add(file_in(&rooms[i], "x.h"), "#pragma once");
    }
}

static void clear(void)
{
    ck_assert_int_eq(shell("rm -r \"$PWD\""), 0);
    arena_free(arena);
}

/* The complaints, a line each; they must be there where the script fails, and only there. */
static struct str check(void)
{
    AUTO_BUF(out, KIB(64));
    int status = shell("tools/check-layers.sh 2>out >/dev/null");
    struct err err = ERR_INIT;
    ck_assert_ok(file_read(arena_printf(arena, "%s/out", tree).ptr, &out, &err), err);
    ck_assert_msg((status == 0) == (out.len == 0), "status %d: %.*s", status,
                  STR_ARG(buf_str(&out)));
    return arena_str(arena, buf_str(&out));
}

static size_t count_lines(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '\n';
    return count;
}

static void expect_complaint(struct str complaints, const char *begin)
{
    bool is_there = str_starts(complaints, str_from(begin)) ||
                    str_find(complaints, arena_printf(arena, "\n%s", begin)) >= 0;
    ck_assert_msg(is_there, "nothing about %s in:\n%.*s", begin, STR_ARG(complaints));
    wanted_count++;
}

static const char *include_name(const struct room *room)
{
    return strncmp(room->name, "lib/", 4) == 0 ? room->name + 4 : room->name;
}

static bool may_see(const struct room *room, const struct room *other)
{
    struct str word, rest = str_from(room->sees);
    while (rest.len) {
        rest = str_split(rest, ' ', &word);
        if (str_is(word, include_name(other)))
            return true;
    }
    return room == other;
}

START_TEST(what_the_rooms_may_see_passes)
{
    plant();
    for (size_t i = 0; i < COUNT_OF(rooms); i++)
        for (size_t j = 0; j < COUNT_OF(rooms); j++)
            if (may_see(&rooms[i], &rooms[j]))
                add(file_in(&rooms[i], "x.c"),
                    arena_printf(arena, "#include \"%s/x.h\"", include_name(&rooms[j])).ptr);
    ck_assert_str_is(check(), "");
    clear();
}
END_TEST

/* Each room sees each other room that it must not, all in one run: line 2, 3, 4 … of its
 * x.c. */
START_TEST(every_other_include_is_refused)
{
    plant();
    for (size_t i = 0; i < COUNT_OF(rooms); i++)
        for (size_t j = 0; j < COUNT_OF(rooms); j++)
            if (!may_see(&rooms[i], &rooms[j]))
                add(file_in(&rooms[i], "x.c"),
                    arena_printf(arena, "#include \"%s/x.h\"", include_name(&rooms[j])).ptr);
    struct str complaints = check();
    for (size_t i = 0; i < COUNT_OF(rooms); i++) {
        int line = 2;
        for (size_t j = 0; j < COUNT_OF(rooms); j++)
            if (!may_see(&rooms[i], &rooms[j]))
                expect_complaint(complaints,
                                 arena_printf(arena, "%s/x.c:%d: ", rooms[i].name, line++).ptr);
    }
    ck_assert_uint_eq(count_lines(complaints), wanted_count);
    clear();
}
END_TEST

static bool is_in_worker(const struct room *room)
{
    return str_starts(str_from(room->name), STR("worker/"));
}

/* A port that a header of lib/core includes, which all rooms of worker/ include. */
static struct str check_hidden(const char *port)
{
    plant();
    add(arena_printf(arena, "lib/port/%s.h", port).ptr, "");
    add("lib/core/x.h", arena_printf(arena, "#include \"port/%s.h\"", port).ptr);
    for (size_t i = 0; i < COUNT_OF(rooms); i++)
        if (is_in_worker(&rooms[i]))
            add(file_in(&rooms[i], "x.c"), "#include \"core/x.h\"");
    return check();
}

static void expect_hidden(const char *port, const char *const *from, size_t count)
{
    struct str complaints = check_hidden(port);
    for (size_t i = 0; i < count; i++)
        expect_complaint(complaints, arena_printf(arena, "worker/%s: ", from[i]).ptr);
    ck_assert_uint_eq(count_lines(complaints), count);
    clear();
}

START_TEST(no_tower_sees_the_port_of_the_other_through_a_header)
{
    static const char *const left[] = {"records", "values", "rows", "load", "pace"};
    static const char *const but_load[] = {"records", "values", "rows",   "access",
                                           "pace",    "signs",  "paging", "exchange"};
    static const char *const all[] = {"records", "values", "rows",   "load",    "access",
                                      "pace",    "signs",  "paging", "exchange"};
    expect_hidden("http", left, COUNT_OF(left));
    expect_hidden("pg", but_load, COUNT_OF(but_load));
    expect_hidden("redis", all, COUNT_OF(all));
}
END_TEST

START_TEST(a_library_stays_in_its_port)
{
    static const struct {
        const char *header, *owner;
    } libraries[] = {
        {"curl/curl.h", "http"},     {"hiredis/hiredis.h", "redis"}, {"libpq-fe.h", "pg"},
        {"jansson.h", "json"},       {"libfyaml.h", "yaml"},         {"event2/event.h", "loop"},
        {"openssl/evp.h", "digest"}, {"xxhash.h", "hash"},
    };
    plant();
    for (size_t i = 0; i < COUNT_OF(libraries); i++) {
        const char *line = arena_printf(arena, "#include <%s>", libraries[i].header).ptr;
        add(arena_printf(arena, "lib/port/%s.c", libraries[i].owner).ptr, line);
        add("cli/x.c", line);
        add("lib/port/x.h", line);
    }
    struct str complaints = check();
    for (int line = 2; line < 2 + (int)COUNT_OF(libraries); line++) {
        expect_complaint(complaints, arena_printf(arena, "cli/x.c:%d: ", line).ptr);
        expect_complaint(complaints, arena_printf(arena, "lib/port/x.h:%d: ", line).ptr);
    }
    ck_assert_uint_eq(count_lines(complaints), wanted_count);
    clear();
}
END_TEST

START_TEST(a_folder_without_rules_is_refused)
{
    plant();
    ck_assert_int_eq(shell("mkdir worker/attic lib/attic lib/core/lua"), 0);
    add("worker/attic/x.c", "");
    add("lib/attic/x.h", "");
    add("lib/core/lua/x.lua", "");
    struct str complaints = check();
    expect_complaint(complaints, "worker/attic: ");
    expect_complaint(complaints, "lib/attic: ");
    ck_assert_uint_eq(count_lines(complaints), wanted_count);
    clear();
}
END_TEST

SUITE("tools/check_layers", what_the_rooms_may_see_passes, every_other_include_is_refused,
      no_tower_sees_the_port_of_the_other_through_a_header, a_library_stays_in_its_port,
      a_folder_without_rules_is_refused)
