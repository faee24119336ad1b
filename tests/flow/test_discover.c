#define SUITE_TIMEOUT 480
#include "tests/support/choice.h"
#include "tests/support/flow.h"
#include "tests/support/suite.h"

/*
 * `pagetide discover` and `pagetide sync URL`: tests/tables/discover.txt, and each shape of
 * shapes.txt that a GET asks for. A rule holds for all of them: whatever definition is printed,
 * `check` accepts it, and a sync by it either has every record once, or does not end as proved
 * or told.
 */
static struct flow_bench bench;

struct subject {
    const char *table;
    const struct block *test;
    struct str url; /* and options, as words */
    const char *name;
    const char *definition;
    struct pagetide_result got;
};

__attribute__((format(printf, 2, 3))) static void miss(const struct subject *subject,
                                                       const char *fmt, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, fmt);
    ck_assert_int_ge(vasprintf(&text, fmt, args), 0);
    va_end(args);
    buf_printf(&bench.problems, "  %s:%d: %.*s: %s\n", subject->table, subject->test->line,
               STR_ARG(subject->test->title), text);
    free(text);
}

/* --- the definition --- */

/* The line of that key, without blanks around it; empty: there is none. */
static struct str line_of_key(const char *definition, struct str key)
{
    struct str line, rest = str_from(definition);
    while (rest.len) {
        rest = str_split(rest, '\n', &line);
        line = str_trim(line);
        if (str_starts(line, key) && line.len > key.len && line.ptr[key.len] == ':')
            return line;
    }
    return STR_NONE;
}

static void expect_line(const struct subject *subject, struct str wanted)
{
    struct str key, got;
    str_split(wanted, ':', &key);
    got = line_of_key(subject->definition, key);
    if (!str_eq(got, wanted))
        miss(subject, "\"%.*s\", not \"%.*s\"", STR_ARG(got), STR_ARG(wanted));
}

/* Of stderr: "  unsure  pagination: text". */
static void expect_unsure(const struct subject *subject, struct str wanted)
{
    struct str about, text = str_split(wanted, ' ', &about), line;
    struct str head = str_from(pagetide_text("  unsure  %.*s: ", STR_ARG(about)));
    struct str rest = str_from(subject->got.err);
    while (rest.len) {
        rest = str_split(rest, '\n', &line);
        if (str_starts(line, head) && str_find(line, text) >= 0)
            return;
    }
    miss(subject, "not unsure of %.*s:\n%s", STR_ARG(wanted), subject->got.err);
}

static void judge_definition(const struct subject *subject, struct str part)
{
    int code = 0;
    struct str line, word;
    while (part.len) {
        part = str_split(part, '\n', &line);
        struct str rest = str_split(line, ' ', &word);
        if (str_is(word, "exit"))
            code = (int)strtol(arena_cstr(bench.arena, rest), NULL, 10);
        else if (str_is(word, "error")) {
            if (str_find(str_from(subject->got.err), rest) < 0)
                miss(subject, "\"%.*s\" is not in: %s", STR_ARG(rest), subject->got.err);
        } else if (str_is(word, "unsure"))
            expect_unsure(subject, rest);
        else if (str_is(word, "no")) {
            if (line_of_key(subject->definition, rest).len)
                miss(subject, "there is a %.*s:\n%s", STR_ARG(rest), subject->definition);
        } else if (line.len)
            expect_line(subject, line);
    }
    if (subject->got.code != code)
        miss(subject, "exit %d: %s", subject->got.code, subject->got.err);
}

/* --- a sync by it --- */

/* "1,2,3" of "1..3"; "" of "". */
static const char *ids_of(struct str wanted)
{
    ptrdiff_t dots = str_find(wanted, STR(".."));
    int64_t from, to;
    if (dots < 0 || !str_to_int64(str_slice(wanted, 0, (size_t)dots), &from) ||
        !str_to_int64(str_slice(wanted, (size_t)dots + 2, wanted.len), &to))
        return arena_cstr(bench.arena, wanted);
    AUTO_BUF(out, MIB(1));
    for (int64_t id = from; id <= to; id++)
        buf_printf(&out, "%s%lld", id > from ? "," : "", (long long)id);
    return arena_cstr(bench.arena, buf_str(&out));
}

static const char *stored_ids(const struct subject *subject)
{
    const char *has_id =
        pagetide_sql(&bench.pagetide,
                     "select count(*) from information_schema.columns where table_schema || "
                     "'.' || table_name = '%s' and column_name = 'id'",
                     subject->name);
    if (!strcmp(has_id, "0"))
        return "";
    return pagetide_sql(&bench.pagetide,
                        "select string_agg(id::text, ',' order by length(id::text), id::text) "
                        "from %s",
                        subject->name);
}

struct outcome {
    const char *state, *complete, *ids, *error;
};

static struct outcome sync_it(const struct subject *subject)
{
    flow_script(&bench, subject->test);
    pagetide_source(&bench.pagetide, "s", "%s", subject->definition);
    struct pagetide_result got = pagetide_run(&bench.pagetide, "sync %s --json", subject->name);
    const char *line = pagetide_last_line(got.out);
    if (!*line)
        miss(subject, "sync: %s", got.err);
    const char *run = *line ? pagetide_json(line, "run") : "0";
    return (struct outcome){
        *line ? pagetide_json(line, "state") : "",
        pagetide_sql(&bench.pagetide, "select complete from pagetide.run where id = %s", run),
        stored_ids(subject), got.err};
}

static void judge_sync(const struct subject *subject, struct str part)
{
    struct outcome outcome = sync_it(subject);
    struct str line, word;
    bool said_state = false;
    while (part.len) {
        part = str_split(part, '\n', &line);
        const char *value = arena_cstr(bench.arena, str_trim(str_split(line, ' ', &word)));
        const char *got = str_is(word, "state")      ? outcome.state
                          : str_is(word, "complete") ? outcome.complete
                          : str_is(word, "ids")      ? outcome.ids
                                                     : NULL;
        said_state |= str_is(word, "state");
        if (str_is(word, "ids"))
            value = ids_of(str_from(value));
        if (str_is(word, "count"))
            got = pagetide_sql(&bench.pagetide, "select count(*) from %s", subject->name);
        if (got && strcmp(got, value))
            miss(subject, "sync: %.*s %s, not %s\n%s", STR_ARG(word), got, value,
                 outcome.error);
    }
    if (!said_state && strcmp(outcome.state, "succeeded"))
        miss(subject, "sync: %s: %s", outcome.state, outcome.error);
}

/* --- both --- */

static void check_it(const struct subject *subject)
{
    pagetide_source(&bench.pagetide, "s", "%s", subject->definition);
    struct pagetide_result got = pagetide_run(&bench.pagetide, "check");
    if (got.code)
        miss(subject, "check: %s%s", got.out, got.err);
}

static void discover_it(struct subject *subject)
{
    flow_script(&bench, subject->test);
    const char *name = strstr(arena_cstr(bench.arena, subject->url), "--name")
                           ? ""
                           : pagetide_text("--name %s", subject->name);
    subject->got = pagetide_run(&bench.pagetide, "discover %s%.*s %s", bench.mock.url,
                                STR_ARG(subject->url), name);
    subject->definition = subject->got.out;
    if (strstr(subject->got.err, "Sanitizer"))
        miss(subject, "%s", subject->got.err);
    int64_t requests =
        strtoll(pagetide_json(mock_get(&bench.mock, "/_mock/requests"), "count"), NULL, 10);
    if (requests > 18)
        miss(subject, "%lld requests", (long long)requests);
}

START_TEST(every_case_is_found_out)
{
    flow_open(&bench);
    struct blocks all = blocks_read(bench.arena, "tests/tables/discover.txt");
    choice_apply(&all);
    for (size_t i = 0; i < all.count; i++) {
        const struct block *test = &all.items[i];
        struct subject subject = {.table = all.path,
                                  .test = test,
                                  .url = str_trim(test->head),
                                  .name = pagetide_text("d%d.s", test->line)};
        discover_it(&subject);
        judge_definition(&subject, block_part(test, "discover"));
        if (!subject.got.code)
            check_it(&subject);
        if (block_part(test, "sync").ptr)
            judge_sync(&subject, block_part(test, "sync"));
    }
    flow_close(&bench);
}
END_TEST

/* --- the shapes --- */

static struct str head_value(struct str head, const char *key)
{
    struct str line, name;
    while (head.len) {
        head = str_split(head, '\n', &line);
        struct str value = str_trim(str_split(line, ':', &name));
        if (str_is(name, key))
            return value;
    }
    return STR_NONE;
}

/* {_page: 1, q: "a b"} → ?_page=1&q=a%20b, of the words that the table has. */
static struct str url_of(struct str head)
{
    AUTO_BUF(out, KIB(4));
    struct str params = head_value(head, "params"), pair, name;
    buf_put(&out, head_value(head, "path"));
    params = str_slice(params, 1, MAX(params.len, 1) - 1);
    for (bool is_first = true; params.len; is_first = false) {
        params = str_split(params, ',', &pair);
        struct str value = str_trim(str_split(pair, ':', &name));
        name = str_trim(name);
        if (value.len > 1 && value.ptr[0] == '"')
            value = str_slice(value, 1, value.len - 1);
        buf_printf(&out, "%c%.*s=%.*s", is_first ? '?' : '&', STR_ARG(name), STR_ARG(value));
    }
    return arena_str(bench.arena, buf_str(&out));
}

/* No more than the API has, each once; and what is missing shows. */
static void check_rule(const struct subject *subject, const struct outcome *outcome)
{
    struct str all = block_part(subject->test, "all");
    struct str silent = block_part(subject->test, "silent");
    const char *wanted = ids_of(str_trim(all.ptr ? all : silent));
    bool has_all = !strcmp(outcome->ids, wanted);
    bool says_so = !strcmp(outcome->state, "succeeded") &&
                   (!strcmp(outcome->complete, "proved") || !strcmp(outcome->complete, "told"));
    if (!has_all && says_so)
        miss(subject, "%s, with %s of %s\n%s", outcome->complete, outcome->ids, wanted,
             subject->definition);
    if (strlen(outcome->ids) > strlen(wanted))
        miss(subject, "%s, though there are %s", outcome->ids, wanted);
    if (block_part(subject->test, "discover").ptr &&
        line_of_key(subject->definition, STR("pagination")).len && !has_all)
        miss(subject, "a pagination that brings %s of %s", outcome->ids, wanted);
}

static bool is_asked_by_get(struct str head)
{
    return !head_value(head, "method").len && !head_value(head, "graphql").len &&
           !head_value(head, "body").len;
}

/* An API that loses records, or says nothing, has no pagination that could be found. */
static bool is_sound(const struct block *test)
{
    struct str expected = block_part(test, "expect");
    return str_find(block_part(test, "declared"), STR("{type: none}")) < 0 &&
           (str_find(expected, STR("complete proved")) >= 0 ||
            str_find(expected, STR("complete told")) >= 0);
}

/* Of the sound shapes with pages the pagination is found of so many at least: 14 of 16. */
START_TEST(every_shape_is_found_out)
{
    size_t paged = 0, found = 0;
    flow_open(&bench);
    struct blocks all = blocks_read(bench.arena, "tests/tables/shapes.txt");
    choice_apply(&all);
    for (size_t i = 0; i < all.count; i++) {
        const struct block *test = &all.items[i];
        struct str wanted = block_part(test, "discover");
        if (!is_asked_by_get(test->head) || !wanted.ptr)
            continue;
        struct subject subject = {.table = all.path,
                                  .test = test,
                                  .url = url_of(test->head),
                                  .name = pagetide_text("d%d.s", test->line)};
        discover_it(&subject);
        judge_definition(&subject, wanted);
        struct outcome outcome = sync_it(&subject);
        check_rule(&subject, &outcome);
        paged += is_sound(test);
        found += is_sound(test) && line_of_key(subject.definition, STR("pagination")).len > 0;
    }
    ck_assert(choice_is_made() || (paged >= 45 && found * 16 >= paged * 14));
    flow_close(&bench);
}
END_TEST

/* --- one command --- */

static const char *sql(const char *text)
{
    return pagetide_sql(&bench.pagetide, "%s", text);
}

START_TEST(a_url_becomes_a_table)
{
    flow_open(&bench);
    const char *file = pagetide_text("%s/orders.yaml", bench.pagetide.dir);
    struct pagetide_result got = pagetide_run(
        &bench.pagetide, "sync %s/gen/next?total=235 --table shop.orders --save %s",
        bench.mock.url, file);
    ck_assert_msg(got.code == 0, "%s", got.err);
    ck_assert_str_eq(sql("select count(*) || ' ' || count(distinct id) from shop.orders"),
                     "235 235");
    expect_holds(pagetide_read(file), "pagination: {type: next_url, next_path: \"next\"}");
    expect_holds(got.out, "shop.orders: run 1 succeeded");
    got = pagetide_run(&bench.pagetide, "sync %s/gen/next?total=240 --table shop.orders",
                       bench.mock.url);
    ck_assert_msg(got.code == 0, "%s", got.err);
    ck_assert_str_eq(sql("select count(*) || ' ' || count(distinct id) from shop.orders"),
                     "240 240");
    got = pagetide_run(&bench.pagetide, "sync %s/gen/next --table shop.orders --save %s",
                       bench.mock.url, file);
    ck_assert_int_eq(got.code, 2);
    expect_holds(got.err, "is there already");
    flow_close(&bench);
}
END_TEST

START_TEST(a_stream_of_the_folder_is_not_overruled)
{
    flow_open(&bench);
    pagetide_source(&bench.pagetide, "shop",
                    "source: shop\nbase_url: %s\nstreams: {orders: {path: /gen/page}}\n",
                    bench.mock.url);
    struct pagetide_result got =
        pagetide_run(&bench.pagetide, "sync %s/gen/next --table shop.orders", bench.mock.url);
    ck_assert_int_eq(got.code, 2);
    expect_holds(got.err, "pagetide sync shop.orders");
    expect_lacks(mock_get(&bench.mock, "/_mock/requests"), "/gen/next");
    ck_assert_int_eq(pagetide_run(&bench.pagetide, "sync --table shop.orders").code, 2);
    ck_assert_int_eq(pagetide_run(&bench.pagetide, "sync shop.orders --key id").code, 2);
    flow_close(&bench);
}
END_TEST

START_TEST(a_broken_file_of_the_folder_is_said)
{
    flow_open(&bench);
    pagetide_source(&bench.pagetide, "shop", "source: shop\nstreams: [\n");
    struct pagetide_result got =
        pagetide_run(&bench.pagetide, "sync %s/gen/next --table shop.orders", bench.mock.url);
    ck_assert_msg(got.code == 0, "%s", got.err);
    expect_holds(got.err, "shop.yaml:");
    expect_holds(got.err, "whether shop.orders has a definition is not known");
    flow_close(&bench);
}
END_TEST

START_TEST(a_fragment_is_no_part_of_the_url)
{
    flow_open(&bench);
    struct pagetide_result got = pagetide_run(
        &bench.pagetide, "discover '%s/gen/page?api_key=planted#top' --name shop.orders",
        bench.mock.url);
    ck_assert_msg(got.code == 0, "%s", got.err);
    expect_lacks(got.out, "top");
    expect_lacks(mock_get(&bench.mock, "/_mock/requests"), "top");
    got = pagetide_run(&bench.pagetide, "discover '%s/gen/page#top'", bench.mock.url);
    ck_assert_msg(got.code == 0, "%s", got.err);
    expect_lacks(got.out, "top");
    flow_close(&bench);
}
END_TEST

START_TEST(no_secret_is_printed_or_stored)
{
    static const char *const secrets[] = {"tok-planted-1", "key-planted-2", "par-planted-3",
                                          "bod-planted-4", "lst-planted-5"};
    flow_open(&bench);
    struct pagetide_result got = pagetide_run(
        &bench.pagetide,
        "sync '%s/gen/page?api_key=par-planted-3' --table shop.orders --header "
        "'Authorization: Bearer tok-planted-1' --header 'X-Api-Key: key-planted-2' "
        "--data '{\"by\": [{\"client_secret\": \"bod-planted-4\"}], \"api_keys\": "
        "[\"lst-planted-5\"]}'",
        bench.mock.url);
    ck_assert_msg(got.code == 0, "%s", got.err);
    const char *spec = sql("select string_agg(spec::text, ' ') from pagetide.definition");
    expect_holds(spec, "env.SHOP_TOKEN");
    expect_holds(spec, "env.SHOP_X_API_KEY");
    expect_holds(spec, "env.SHOP_API_KEY");
    expect_holds(spec, "env.SHOP_CLIENT_SECRET");
    expect_holds(got.err, "set SHOP_API_KEY, SHOP_CLIENT_SECRET, SHOP_API_KEYS, SHOP_TOKEN, "
                          "SHOP_X_API_KEY");
    const char *sent = mock_get(&bench.mock, "/_mock/requests");
    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        expect_holds(sent, secrets[i]);
        expect_lacks(got.err, secrets[i]);
        expect_lacks(got.out, secrets[i]);
        expect_lacks(spec, secrets[i]);
    }
    flow_close(&bench);
}
END_TEST

/* Some APIs take the key as the user's name, without a password. */
START_TEST(the_user_of_basic_may_be_the_key)
{
    flow_open(&bench);
    const char *url = pagetide_text("%s/gen/page --name shop.orders", bench.mock.url);
    struct pagetide_result got =
        pagetide_run(&bench.pagetide, "discover %s --auth basic:key-planted-1:", url);
    ck_assert_msg(got.code == 0, "%s", got.err);
    expect_holds(got.out, "Basic {{ (env.SHOP_USER ~ ':') | b64encode }}");
    expect_lacks(got.out, "planted");
    expect_lacks(got.err, "planted");
    expect_holds(mock_get(&bench.mock, "/_mock/requests"), "a2V5LXBsYW50ZWQtMTo=");
    flow_close(&bench);
}
END_TEST

START_TEST(the_command_line_is_judged_before_the_api_is_asked)
{
    static const char *const wrong[] = {
        "discover",
        "discover ftp://x/y",
        "discover http://127.0.0.1/x http://127.0.0.1/y",
        "discover http://example.org/x",
        "discover http://127.0.0.1:1/x --auth secret",
        "discover http://127.0.0.1:1/x --header nothing",
        "discover http://127.0.0.1:1/x --name Shop",
        "discover http://127.0.0.1:1/x -X DELETE",
        "discover http://127.0.0.1:1/x -d '{\"a\": '",
        "discover http://127.0.0.1:1/x -d words",
        "discover http://127.0.0.1:1/x -d @/no/such/file",
        "discover http://127.0.0.1:1/x --graphql '{ a }' -X GET",
        "discover http://127.0.0.1:1/x --graphql '{ a }' -d 'b=1'",
        "sync -d '{}'",
        "sync http://127.0.0.1:1/x --all",
        "sync http://127.0.0.1:1/x --dry-run"};
    flow_open(&bench);
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        pagetide_expect(&bench.pagetide, 2, wrong[i]);
    expect_holds(pagetide_expect(&bench.pagetide, 2, "discover http://example.org/x").err,
                 "--allow-http");
    pagetide_expect(&bench.pagetide, 3, "discover http://127.0.0.1:1/x");
    flow_close(&bench);
}
END_TEST

/* --- a folder to begin with --- */

START_TEST(init_makes_a_folder_that_runs)
{
    flow_open(&bench);
    const char *dir = pagetide_text("%s/new", bench.pagetide.dir);
    const char *source = pagetide_text("%s/sources/example.yaml", dir);
    pagetide_expect(&bench.pagetide, 0, pagetide_text("init %s", dir));
    expect_holds(pagetide_expect(&bench.pagetide, 0, pagetide_text("-c %s check", dir)).out,
                 "example.releases");
    const char *before = pagetide_read(source);
    struct pagetide_result again =
        pagetide_expect(&bench.pagetide, 2, pagetide_text("init %s", dir));
    expect_holds(again.err, "pagetide.yaml is there already");
    ck_assert_str_eq(pagetide_read(source), before);

    struct str text = str_from(before), host = STR("https://api.github.com");
    ptrdiff_t at = str_find(text, host);
    ck_assert_int_gt(at, 0);
    mock_post(&bench.mock, "/_mock/route",
              "{\"path\": \"/repos/curl/curl/releases\", \"body\": [{\"id\": 7, "
              "\"tag_name\": \"curl-8\", \"assets\": []}]}");
    pagetide_file(
        &bench.pagetide, "sources/example.yaml",
        pagetide_text("%.*s%s%s", (int)at, before, bench.mock.url, before + at + host.len));
    pagetide_expect(&bench.pagetide, 0, "sync example.releases");
    ck_assert_str_eq(sql("select id || tag_name from example.releases"), "7curl-8");
    flow_close(&bench);
}
END_TEST

SUITE_OF_TABLES("tests/tables/[ds][ih][as]*.txt", "flow/discover", every_case_is_found_out,
                every_shape_is_found_out, a_url_becomes_a_table,
                a_stream_of_the_folder_is_not_overruled, a_broken_file_of_the_folder_is_said,
                a_fragment_is_no_part_of_the_url, no_secret_is_printed_or_stored,
                the_user_of_basic_may_be_the_key, init_makes_a_folder_that_runs,
                the_command_line_is_judged_before_the_api_is_asked)
