#include "port/http_coding.h"

#include "tests/support/mock_gzip.h"
#include "tests/support/suite.h"

/* What the body became, or the problem; "?" behind it: it is not whole. */
static struct arena *arena;
static struct str note;

static struct str decode(const char *codings, struct str body, size_t piece)
{
    const struct http_header header = {STR("content-encoding"), str_from(codings)};
    struct http_coding coding;
    AUTO_BUF(out, 10000);
    bool ok = http_coding_open(&coding, arena, &header, 1);
    for (size_t at = 0; ok && at < body.len; at += piece)
        ok = http_coding_put(&coding, str_slice(body, at, at + piece), &out);
    struct str got = arena_str(arena, buf_str(&out));
    if (!ok)
        got = out.has_overflowed ? STR("too large") : str_from(coding.problem);
    else if (!http_coding_is_whole(&coding))
        got = arena_printf(arena, "%.*s?", STR_ARG(got));
    note = coding.note;
    http_coding_done(&coding);
    return got;
}

static void expect(const char *codings, struct str body, const char *expected)
{
    for (size_t piece = 1; piece <= body.len + 1; piece += piece < 4 ? 1 : body.len) {
        struct str got = decode(codings, body, piece);
        ck_assert_msg(str_is(got, expected), "%s by %zu: %.*s", codings, piece, STR_ARG(got));
    }
}

static struct str gzip(const char *text)
{
    AUTO_BUF(out, 20000);
    mock_gzip(&out, str_from(text));
    return arena_str(arena, buf_str(&out));
}

static struct str join(struct str a, struct str b)
{
    AUTO_BUF(out, 40000);
    buf_put(&out, a);
    buf_put(&out, b);
    return arena_str(arena, buf_str(&out));
}

#define ZLIB_ABC    STR("\x78\x9c\x4b\x4c\x4a\x06\x00\x02\x4d\x01\x27")
#define DEFLATE_ABC STR("\x4b\x4c\x4a\x06\x00")

START_TEST(bodies_are_decoded)
{
    arena = arena_new();
    struct str abc = gzip("abc"), zeros = {"\0\0\0\0\0", 5};
    expect("gzip", abc, "abc");
    expect("X-GZIP", abc, "abc");
    expect("gzip", gzip(""), "");
    expect("gzip", STR(""), "");
    expect("gzip", join(abc, gzip("def")), "abcdef");
    expect("gzip", join(join(abc, gzip("")), gzip("def")), "abcdef");
    expect("gzip", join(abc, zeros), "abc");
    expect("gzip", join(join(abc, zeros), gzip("def")), "abcdef");
    expect("deflate", ZLIB_ABC, "abc");
    expect("deflate", DEFLATE_ABC, "abc");
    expect("deflate", join(ZLIB_ABC, zeros), "abc");
    expect("identity", STR("abc"), "abc");
    ck_assert_uint_eq(note.len, 0);
    AUTO_BUF(twice, 1000);
    mock_gzip(&twice, abc);
    expect("gzip, gzip", buf_str(&twice), "abc");
    expect("gzip,, identity ,gzip", buf_str(&twice), "abc");
    buf_reset(&twice);
    mock_gzip(&twice, ZLIB_ABC);
    expect("deflate, gzip", buf_str(&twice), "abc");
    arena_free(arena);
}
END_TEST

START_TEST(a_body_that_is_a_file_in_gzip_is_undone)
{
    arena = arena_new();
    struct str abc = gzip("abc");
    expect("identity", abc, "abc");
    ck_assert_uint_eq(note.len, 0);
    expect("identity", join(abc, gzip("def")), "abcdef");
    expect("identity", str_slice(abc, 0, abc.len - 4), "abc?");
    AUTO_BUF(twice, 1000);
    mock_gzip(&twice, abc);
    expect("gzip", buf_str(&twice), "abc");
    ck_assert_uint_eq(note.len, 0);
    expect("identity", STR("\x1f\x8c no file"), "its gzip coding is broken");
    arena_free(arena);
}
END_TEST

START_TEST(what_is_not_known_is_taken_as_it_is)
{
    static const char *const names[] = {"utf-8", "UTF-8", "aws-chunked", "x"};
    arena = arena_new();
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        expect(names[i], STR("{\"a\": 1}"), "{\"a\": 1}");
        ck_assert_int_ge(str_find(note, str_from(names[i])), 0);
    }
    expect("aws-chunked, gzip", gzip("abc"), "abc");
    ck_assert_uint_gt(note.len, 0);
    expect("gzip", STR("{}"), "{}");
    ck_assert_uint_gt(note.len, 0);
    expect("deflate", STR("[1]"), "[1]");
    ck_assert_uint_gt(note.len, 0);
    arena_free(arena);
}
END_TEST

START_TEST(broken_bodies_are_refused)
{
    arena = arena_new();
    struct str abc = gzip("abc");
    for (size_t len = 1; len < abc.len; len++)
        ck_assert(str_ends(decode("gzip", str_slice(abc, 0, len), 7), STR("?")));
    expect("gzip", join(abc, STR("x")), "other bytes follow the end of its coding");
    expect("gzip", join(abc, STR("\x1fx")), "its gzip coding is broken");
    expect("deflate", join(ZLIB_ABC, ZLIB_ABC), "other bytes follow the end of its coding");
    char wrong[64];
    memcpy(wrong, abc.ptr, abc.len);
    wrong[abc.len - 5] ^= 1; /* CRC32 */
    expect("gzip", (struct str){wrong, abc.len}, "its gzip coding is broken");
    expect("gzip, gzip, gzip, gzip, gzip, gzip", abc, "it has too many content codings");
    arena_free(arena);
}
END_TEST

START_TEST(bodies_have_a_ceiling)
{
    arena = arena_new();
    AUTO_BUF(bomb, 1 << 20);
    mock_gzip_bomb(&bomb, 1 << 20);
    ck_assert_str_is(decode("gzip", buf_str(&bomb), 1000), "too large");
    struct str zeros = {ARENA_ARRAY(arena, char, 2 << 20), 2 << 20};
    const struct http_header header = {STR("content-encoding"), STR("gzip")};
    struct http_coding coding;
    AUTO_BUF(out, 1000);
    ck_assert(http_coding_open(&coding, arena, &header, 1));
    ck_assert(http_coding_put(&coding, gzip("abc"), &out));
    ck_assert(!http_coding_put(&coding, zeros, &out));
    ck_assert(out.has_overflowed);
    http_coding_done(&coding);
    arena_free(arena);
}
END_TEST

SUITE("port/http_coding", bodies_are_decoded, a_body_that_is_a_file_in_gzip_is_undone,
      what_is_not_known_is_taken_as_it_is, broken_bodies_are_refused, bodies_have_a_ceiling)
