#include "base/redact.h"

#include "base/buf.h"
#include "base/rng.h"
#include "tests/support/suite.h"

static struct arena *arena;

static void begin(void)
{
    arena = arena_new();
    redact_add(STR("env.TOKEN"), STR("s3cr+t/ {x}"));
}

static void end(void)
{
    redact_clear();
    arena_free(arena);
}

static struct str shown(const char *text)
{
    return redact_str(arena, str_from(text));
}

START_TEST(hides_raw_and_percent_encoded)
{
    begin();
    ck_assert_str_is(shown("GET /?k=s3cr+t/ {x}&k=s3cr+t/ {x}!"),
                     "GET /?k=<env.TOKEN>&k=<env.TOKEN>!");
    ck_assert_str_is(shown("k=s3cr%2Bt%2F%20%7Bx%7D"), "k=<env.TOKEN>");
    ck_assert_str_is(shown("k=s3cr%2bt/+%7bx}&"), "k=<env.TOKEN>&");
    ck_assert_str_is(shown("%73%33%63%72%2b%74%2f%20%7b%78%7d"), "<env.TOKEN>");
    const char *harmless = "s3cr+t/ {x is not all of it %";
    ck_assert_ptr_eq(shown(harmless).ptr, harmless);
    end();
}
END_TEST

/* The base64 of "s3cr+t/ {x}" after 0, 1, 2 and 3 bytes. */
START_TEST(hides_base64_at_every_alignment)
{
    begin();
    ck_assert_str_is(shown("Basic czNjcit0LyB7eH0="), "Basic <env.TOKEN>0=");
    ck_assert_str_is(shown("dTpzM2NyK3QvIHt4fQ=="), "dT<env.TOKEN>==");
    ck_assert_str_is(shown("YXpzM2NyK3QvIHt4fQ"), "YX<env.TOKEN>");
    ck_assert_str_is(shown("OnMzY3IrdC8ge3h9"), "O<env.TOKEN>");
    ck_assert_str_is(shown("YWJjczNjcit0LyB7eH0="), "YWJj<env.TOKEN>=");
    redact_add(STR("b"), STR("\xFB\xEF\xBE\xFF\xFF\xFF"));
    ck_assert_str_is(shown("++++////"), "<b>");
    ck_assert_str_is(shown("----____"), "<b>");
    ck_assert_str_is(shown("%2B%2B%2B%2B%2F%2F%2F%2F"), "<b>");
    end();
}
END_TEST

START_TEST(the_longest_secret_wins)
{
    begin();
    redact_add(STR("part"), STR("abcdefgh"));
    redact_add(STR("long"), STR("abcdefghijkl"));
    redact_add(STR("tiny"), STR("xyz"));
    redact_add(STR("long"), STR("abcdefghijkl"));
    ck_assert_str_is(shown("abcdefghijklabcdefghxyz"), "<long><part>xyz");
    end();
}
END_TEST

START_TEST(works_in_place)
{
    begin();
    char text[64] = "a s3cr+t/ {x} b";
    redact_cstr(text, sizeof text);
    ck_assert_str_eq(text, "a <env.TOKEN> b");
    char full[16] = "token s3cr+t/ {";
    redact_cstr(full, sizeof full);
    ck_assert_str_eq(full, "token <env.TOKE");
    char grown[15] = "as3cr+t/ {x}b";
    redact_cstr(grown, sizeof grown);
    ck_assert_str_eq(grown, "a<env.TOKEN>b");
    end();
}
END_TEST

/* A part is not known again, a line's end makes a line that looks like ours. */
START_TEST(what_is_cut_is_redacted_before_and_is_one_line)
{
    begin();
    ck_assert_str_is(redact_cut(arena, STR("k=s3cr+t/ {x}"), 6), "k=<env");
    ck_assert_str_is(redact_cut(arena, STR("a\nrun 1 \x1b[2J"), 99), "a\\nrun 1 \\u001b[2J");
    end();
}
END_TEST

/* In whatever an API may wrap what it says back: one line for each spelling of one secret. */
START_TEST(hides_it_in_every_encoding)
{
    static const char *const spelled[] = {
        "s3cr+t\\/ {x}",                       /* JSON */
        "s3cr\\u002bt\\u002F \\u007Bx\\u007d", /* JSON */
        "s3cr&#43;t&#x2F; &#123;x&#x7d;",      /* HTML */
        "s3cr%252Bt%252F%2520%257Bx%257D",     /* percent twice */
        "s3cr+t\\\\\\/ {x}",                   /* JSON in JSON */
        "s3cr\\u00252Bt\\u00252F\\u002520{x}", /* percent in JSON */
        "s3cr%2Bt%5C%2F%20{x}",                /* JSON in percent */
        "s3cr+t&amp;#47; {x}",                 /* HTML twice */
        "s3cr&plus;t&sol; {x}",                /* HTML by names */
        "S3CR+T/ {X}",                         /* capitals */
        "733363722b742f207b787d",              /* hexadecimal */
        "733363722B742F207B787D",
        "s3cr\\x2bt\\x2f {x}", /* a shell's */
    };
    begin();
    for (size_t i = 0; i < COUNT_OF(spelled); i++) {
        struct str text = arena_printf(arena, "it says \"%s\".", spelled[i]);
        ck_assert_str_is(redact_str(arena, text), "it says \"<env.TOKEN>\".");
    }
    /* JSON with an escaped slash, base64 and percent-encoding, each in base64; UTF-16 */
    ck_assert_str_is(shown("a=eyJrIjoiczNjcit0XC8ge3h9In0=&b"), "a=eyJrIjoi<env.TOKEN>In0=&b");
    ck_assert_str_is(shown("Y3pOamNpdDBMeUI3ZUgwPQ=="), "<env.TOKEN>gwPQ==");
    ck_assert_str_is(shown("azE9czNjciUyQnQlMkYlMjAlN0J4JTdE"), "azE9<env.TOKEN>");
    struct str wide = STR("s\0003\0c\0r\0+\0t\0/\0 \0{\0x\0}\0");
    ck_assert_str_is(redact_str(arena, str_slice(wide, 0, wide.len)), "<env.TOKEN>");
    ck_assert_str_is(shown("czNjcit0LyB7eH0%3D and czNjcit0LyB7eH0\\u003d"),
                     "<env.TOKEN>0%3D and <env.TOKEN>0\\u003d");
    redact_add(STR("umlaut"), STR("geheim-äöü-👍"));
    ck_assert_str_is(shown("\"geheim-\\u00e4\\u00f6\\u00fc-\\ud83d\\udc4d\""), "\"<umlaut>\"");
    end();
}
END_TEST

START_TEST(hides_what_is_left_of_one_that_was_cut)
{
    begin();
    redact_add(STR("long"), STR("abcdefghijklmnopqrstuvwxyz"));
    redact_add(STR("base"), STR("https://api.example"));
    ck_assert_str_is(shown("token abcdefghijkl... is"), "token <long>... is");
    ck_assert_str_is(shown("token abcdefghijk... is"), "token abcdefghijk... is");
    ck_assert_str_is(shown("see https://api.example.org, https://api.other"),
                     "see <base>.org, https://api.other");
    end();
}
END_TEST

START_TEST(short_ones_are_words)
{
    begin();
    redact_add(STR("pin"), STR("1234"));
    redact_add(STR("tiny"), STR("xyz"));
    ck_assert_str_is(shown("pin=1234&n=12345 a1234 xyz 1234"),
                     "pin=<pin>&n=12345 a1234 xyz <pin>");
    end();
}
END_TEST

START_TEST(hides_what_was_made_from_one)
{
    begin();
    redact_add_derived(STR("d41d8cd98f00b204"));
    redact_add_derived(STR("tiny"));
    ck_assert_str_is(shown("sig d41d8cd98f00b204 D41D8CD98F00B204 tiny"),
                     "sig <secret> <secret> tiny");
    for (int i = 0; i < 64; i++)
        redact_add_derived(arena_printf(arena, "derived-%03d", i));
    ck_assert_str_is(shown("d41d8cd98f00b204 derived-000 derived-063"),
                     "d41d8cd98f00b204 <secret> <secret>");
    end();
}
END_TEST

START_TEST(hides_the_user_of_any_url)
{
    static const char *const cases[][2] = {
        {"GET http://me:pa55@h/x?a@b", "GET http://h/x?a@b"},
        {"\"https://tok@h:1\" and mail a@b", "\"https://h:1\" and mail a@b"},
        {"next=https%3A%2F%2Fme:p%40h%2Fx", "next=https%3A%2F%2Fh%2Fx"},
        {"{\"next\":\"https:\\/\\/me:p@h\\/\"}", "{\"next\":\"https:\\/\\/h\\/\"}"},
        {"postgresql://u:p@ss@h/d", "postgresql://h/d"},
        {"http://h/@x http://h?e=a@b", "http://h/@x http://h?e=a@b"},
    };
    begin();
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_str_is(shown(cases[i][0]), cases[i][1]);
    end();
}
END_TEST

/* --- a property --- */

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789+/=%&<>\"\\'{} .-_~:@?#";

/* Percent-encodes, or escapes as JSON or HTML: what must be, and by chance what need not. */
static struct str wrap(struct rng *rng, struct str text, uint64_t kind)
{
    static const char *const must[] = {"%+ ", "\"\\", "&"};
    static const char *const forms[] = {"%%%02x", "\\u%04x", "&#%d;"};
    static struct buf buf;
    buf_done(&buf);
    buf_init(&buf, KIB(64));
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (!strchr(must[kind], c) && rng_below(rng, 3)) {
            buf_put_byte(&buf, (char)c);
            continue;
        }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        buf_printf(&buf, forms[kind], c);
#pragma GCC diagnostic pop
    }
    return arena_str(arena, buf_str(&buf));
}

START_TEST(what_is_wrapped_up_to_three_times_is_hidden)
{
    struct rng rng;
    rng_seed(&rng, 4711);
    for (int i = 0; i < 2000; i++) {
        char secret[40];
        size_t len = 8 + rng_below(&rng, 32);
        arena = arena_new();
        for (size_t k = 0; k < len; k++)
            secret[k] = alphabet[rng_below(&rng, sizeof alphabet - 1)];
        redact_add(STR("s"), (struct str){secret, len});
        struct str text = {secret, len};
        for (uint64_t layers = rng_below(&rng, 4); layers; layers--)
            text = wrap(&rng, text, rng_below(&rng, 3));
        struct str said = arena_printf(arena, "[ %.*s ]", STR_ARG(text));
        struct str got = redact_str(arena, said);
        ck_assert_msg(str_is(got, "[ <s> ]"), "%.*s in %.*s: %.*s", (int)len, secret,
                      STR_ARG(said), STR_ARG(got));
        end();
    }
}
END_TEST

START_TEST(tokens_pass)
{
    arena = arena_new();
    redact_add_passing(STR("first-token"));
    for (int i = 0; i < 127; i++)
        redact_add_passing(arena_printf(arena, "token-%03d-x", i));
    ck_assert_str_is(redact_str(arena, STR("a first-token b")), "a <token> b");
    redact_add_passing(STR("token-000-x")); /* known: nothing goes for it */
    ck_assert(redact_has(STR("first-token")));
    redact_add_passing(STR("one-more"));
    ck_assert(!redact_has(STR("first-token")));
    ck_assert(redact_has(STR("one-more")) && redact_has(STR("token-126-x")));
    end();
}
END_TEST

START_TEST(what_came_behind_a_mark_is_forgotten)
{
    arena = arena_new();
    redact_add(STR("s"), STR("kept-value"));
    size_t mark = redact_mark();
    redact_add(STR("t"), STR("eu-west-1"));
    redact_add_passing(STR("a-token-of-it"));
    redact_forget(mark);
    ck_assert_str_is(redact_str(arena, STR("kept-value eu-west-1 a-token-of-it")),
                     "<s> eu-west-1 a-token-of-it");
    redact_add(STR("t"), STR("eu-west-1"));
    ck_assert(redact_has(STR("eu-west-1")));
    end();
}
END_TEST

SUITE("base/redact", what_came_behind_a_mark_is_forgotten, hides_raw_and_percent_encoded,
      hides_base64_at_every_alignment, the_longest_secret_wins, works_in_place,
      hides_it_in_every_encoding, what_is_cut_is_redacted_before_and_is_one_line,
      hides_what_is_left_of_one_that_was_cut, short_ones_are_words,
      hides_what_was_made_from_one, hides_the_user_of_any_url,
      what_is_wrapped_up_to_three_times_is_hidden, tokens_pass)
