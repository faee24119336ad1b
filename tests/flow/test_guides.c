#define SUITE_TIMEOUT 240
#include <ctype.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "core/job.h"
#include "tests/support/docs.h"
#include "tests/support/mock.h"
#include "tests/support/pagetide.h"
#include "tests/support/servers.h"
#include "tests/support/suite.h"

/* The guides of docs/: their examples are checked and run, and lists in them are whole. */

/* --- blocks --- */

/* Lines of a block as members of a map, two blanks further in. */
static const char *indented(struct str block, const char *indent)
{
    AUTO_BUF(out, KIB(64));
    struct str line;
    while (block.len) {
        block = str_split(block, '\n', &line);
        buf_printf(&out, "%s%.*s\n", line.len ? indent : "", STR_ARG(line));
    }
    return pagetide_text("%.*s", STR_ARG(buf_str(&out)));
}

static bool has_key(struct str block, const char *key)
{
    return str_starts(block, str_from(key)) ||
           str_find(block, str_from(pagetide_text("\n%s", key))) >= 0;
}

/* A whole source of an example: a file, keys of a source, or keys of a stream. */
static const char *source_of(struct str block)
{
    static const char head[] = "source: guide\nbase_url: https://api.shop.example/v1\n";
    if (has_key(block, "source:"))
        return pagetide_text("%.*s", STR_ARG(block));
    if (str_starts(block, STR("# of the source\n")))
        return pagetide_text("%s%.*sstreams: {orders: {path: /orders}}\n", head,
                             STR_ARG(block));
    bool has_path =
        has_key(block, "url:") || has_key(block, "path:") || has_key(block, "prepare:");
    return pagetide_text("%sstreams:\n  orders:\n%s%s", head,
                         has_path ? "" : "    path: /orders\n", indented(block, "    "));
}

/* A file of a folder that is made where it is not there. */
static void write_file(struct pagetide *pagetide, const char *folder, const char *name,
                       const char *text)
{
    mkdir(pagetide_text("%s/%s", pagetide->dir, folder), 0777);
    pagetide_file(pagetide, pagetide_text("%s/%s", folder, name), text);
}

/* --- how do I … --- */

START_TEST(every_definition_of_the_howto_is_valid)
{
    struct pagetide pagetide;
    struct str doc = str_from(pagetide_read("docs/howto.md")), block;
    size_t at = 0, count = 0;
    pagetide_open(&pagetide);
    setenv("SHOP_SECRET", "s3cret", 1);
    setenv("PAGETIDE_SECRETS_DIR", pagetide_text("%s/secrets", pagetide.dir), 1);
    write_file(&pagetide, "secrets", "shop_token", "t0ken-of-the-shop");
    write_file(&pagetide, "secrets", "hook", "h00k-of-the-shop");
    write_file(&pagetide, "certs", "company.pem", "");
    while ((block = docs_next_block(doc, "yaml", &at)).ptr) {
        pagetide_file(&pagetide, "sources/guide.yaml", source_of(block));
        struct pagetide_result got = pagetide_run(&pagetide, "check");
        ck_assert_msg(got.code == 0, "%.*s\n%s%s", STR_ARG(block), got.out, got.err);
        count++;
    }
    ck_assert_uint_ge(count, 25);
    pagetide_close(&pagetide);
}
END_TEST

static void open_shop(struct pagetide *pagetide, struct mock *mock)
{
    mock_start(NULL, mock);
    pagetide_open(pagetide);
    pagetide_source(pagetide, "shop",
                    "source: shop\nbase_url: %s\nstreams:\n  orders:\n    path: /gen/next\n"
                    "    pagination: {type: next_url, next_path: next, total_path: total}\n"
                    "    merge_path: data\n    key: id\n    write: upsert\n",
                    mock->url);
    pagetide_expect(pagetide, 0, "sync shop.orders");
}

/* A message is taken, and what it asks for is done: the commands that follow refuse a stream
 * that is being read. */
static void await_idle(struct pagetide *pagetide)
{
    int64_t until = pagetide_deadline(60000);
    while (strcmp(servers_redis(pagetide->redis_url, "XLEN pagetide:reload"), "0") != 0) {
        ck_assert_msg(clock_mono_ms() < until, "a message is not taken");
        usleep(20000);
    }
    pagetide_await(pagetide, "0 0", 60000,
                   "select (select count(*) from pagetide.run where not "
                   "pagetide.is_end(state)) || ' ' || (select count(*) from pagetide.request "
                   "where state in ('pending', 'started'))");
}

/* One line of a block of shell: it must succeed; what did not fail cannot be retried. */
static void run_line(struct pagetide *pagetide, struct str line)
{
    struct str pagetide_word = STR("pagetide "), redis = STR("redis-cli ");
    if (str_starts(line, redis)) {
        docs_output_of(pagetide_text("redis-cli -u %s %.*s", pagetide->redis_url,
                                     STR_ARG(str_slice(line, redis.len, line.len))));
        await_idle(pagetide);
        return;
    }
    ck_assert_msg(str_starts(line, pagetide_word), "%.*s", STR_ARG(line));
    struct str words = str_slice(line, pagetide_word.len, line.len);
    struct pagetide_result got = pagetide_run(pagetide, "%.*s", STR_ARG(words));
    int wanted = str_starts(words, STR("retry ")) ? 1 : 0;
    ck_assert_msg(got.code == wanted, "%.*s: exit %d\n%s%s", STR_ARG(line), got.code, got.out,
                  got.err);
}

static size_t run_blocks(struct pagetide *pagetide, struct str doc)
{
    struct str block, line;
    size_t at = 0, count = 0;
    while ((block = docs_next_block(doc, "sh", &at)).ptr)
        while (block.len) {
            block = str_split(block, '\n', &line);
            if (!line.len || line.ptr[0] == '#')
                continue;
            run_line(pagetide, line);
            count++;
        }
    return count;
}

static size_t ask_blocks(struct pagetide *pagetide, struct str doc)
{
    size_t at = 0, count = 0;
    for (struct str block; (block = docs_next_block(doc, "sql", &at)).ptr; count++)
        pagetide_sql(pagetide, "%.*s", STR_ARG(block));
    return count;
}

START_TEST(every_command_of_the_howto_runs)
{
    struct pagetide pagetide;
    struct mock mock;
    struct str doc = str_from(pagetide_read("docs/howto.md"));
    open_shop(&pagetide, &mock);
    struct pagetide_process up = pagetide_spawn(&pagetide, "up");
    ck_assert_uint_ge(run_blocks(&pagetide, doc), 15);
    ck_assert_uint_ge(ask_blocks(&pagetide, doc), 2);
    pagetide_kill(&up);
    pagetide_close(&pagetide);
    mock_stop(&mock);
}
END_TEST

START_TEST(the_howto_has_thirty_entries)
{
    struct str doc = str_from(pagetide_read("docs/howto.md"));
    size_t count = 0;
    for (ptrdiff_t at; (at = str_find(doc, STR("\n### … "))) >= 0; count++)
        doc = str_slice(doc, (size_t)at + 1, doc.len);
    ck_assert_uint_ge(count, 30);
}
END_TEST

/* --- why did it stop? --- */

#define X(name, text) text,
static const char *const reasons[] = {JOB_REASONS(X)};
static const char *const states[] = {JOB_STATES(X)};
#undef X

/* Exactly the reasons of the code have a section, and each state that ends a run a line. */
START_TEST(every_reason_is_explained)
{
    struct str doc = str_from(pagetide_read("docs/why-stopped.md")), line, rest = doc;
    size_t count = 0, sections = 0;
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        if (!*reasons[i])
            continue;
        count++;
        ck_assert_msg(str_find(doc, str_from(pagetide_text("\n## %s\n", reasons[i]))) >= 0,
                      "no section for %s", reasons[i]);
    }
    while (rest.len) {
        rest = str_split(rest, '\n', &line);
        sections += str_starts(line, STR("## "));
    }
    ck_assert_uint_eq(sections, count + 1); /* the last one is about commands */
    for (size_t i = 0; i < COUNT_OF(states); i++)
        ck_assert_msg(str_find(doc, str_from(pagetide_text("`%s`", states[i]))) >= 0,
                      "no word of %s", states[i]);
}
END_TEST

/* --- the tutorial --- */

struct tutorial {
    struct pagetide pagetide;
    struct mock mock;
    const char *folder; /* where its commands run */
    int port;           /* of the dashboard; 0: not yet */
};

/* A block as it stands there, but for the ports; it must succeed, line for line. */
static const char *run_in_shell(const struct tutorial *tutorial, struct str block)
{
    const char *text = docs_replaced(block, "http://127.0.0.1:8080", tutorial->mock.url);
    text = docs_replaced(str_from(text), "http://127.0.0.1:9187",
                         pagetide_text("http://127.0.0.1:%d", tutorial->port));
    setenv("BLOCK", text, 1);
    return docs_output_of(pagetide_text(
        "PATH=\"$PWD/%s:$PATH\"; cd %s && bash -ec \"$BLOCK\" 2>&1 || { echo failed; exit 1; }",
        pagetide_build(), tutorial->folder));
}

static void run_before(struct tutorial *tutorial, struct str doc, size_t end)
{
    struct str mark = STR("<!-- run -->"), block;
    for (size_t at = 0;;) {
        ptrdiff_t next = str_find(str_slice(doc, at, end), mark);
        if (next < 0)
            return;
        at += (size_t)next;
        block = docs_next_block(doc, "sh", &at);
        run_in_shell(tutorial, block);
        tutorial->folder = pagetide_text("%s/shop", realpath(tutorial->pagetide.dir, NULL));
        setenv("PAGETIDE_CONFIG", tutorial->folder, 1);
    }
}

static size_t run_beside(const struct tutorial *tutorial, struct str doc)
{
    struct str mark = STR("<!-- run beside -->");
    size_t count = 0, at = 0;
    for (ptrdiff_t next; (next = str_find(str_slice(doc, at, doc.len), mark)) >= 0; count++) {
        at += (size_t)next;
        run_in_shell(tutorial, docs_next_block(doc, "sh", &at));
    }
    return count;
}

/* Of a stream that is well, nothing; of one whose API fails, its name and the error. */
static void check_alert(struct tutorial *tutorial)
{
    struct str block = docs_block_after("docs/tutorial.md", "<!-- alert -->");
    expect_lacks(run_in_shell(tutorial, block), " shop.orders |");
    mock_post(&tutorial->mock, "/_mock/fault",
              "{\"path\": \"/gen\", \"kind\": \"status\", \"status\": 404, \"times\": -1}");
    pagetide_expect(&tutorial->pagetide, 1, "sync shop.orders");
    expect_holds(run_in_shell(tutorial, block), " shop.orders | failed     | page 1: GET ");
}

START_TEST(the_tutorial_leads_to_a_table)
{
    struct tutorial tutorial = {.port = 0};
    struct str doc = str_from(pagetide_read("docs/tutorial.md"));
    mock_start(NULL, &tutorial.mock);
    pagetide_open_empty(&tutorial.pagetide);
    tutorial.folder = realpath(tutorial.pagetide.dir, NULL);
    setenv("PAGETIDE_HTTP", "127.0.0.1:0", 1);
    run_before(&tutorial, doc, doc.len);
    ck_assert_str_eq(pagetide_sql(&tutorial.pagetide, "select count(*) from shop.orders"),
                     "235");
    struct pagetide_process up = pagetide_spawn(&tutorial.pagetide, "up");
    tutorial.port = pagetide_http_port(&up, 20000);
    ck_assert_uint_ge(run_beside(&tutorial, doc), 4);
    ck_assert_str_eq(pagetide_sql(&tutorial.pagetide,
                                  "select count(*) >= 2 from pagetide.history "
                                  "where state = 'succeeded' and complete = 'proved'"),
                     "t");
    check_alert(&tutorial);
    pagetide_kill(&up);
    pagetide_close(&tutorial.pagetide);
    mock_stop(&tutorial.mock);
}
END_TEST

/* --- links --- */

/* Each [text](file.md#part) of a document leads to a file, and to a heading in it. */
static bool has_heading(const char *path, struct str wanted)
{
    struct str line, rest = str_from(pagetide_read(path));
    while (rest.len) {
        rest = str_split(rest, '\n', &line);
        if (!str_starts(line, STR("#")))
            continue;
        AUTO_BUF(slug, KIB(4));
        struct str text = line;
        while (text.len && (text.ptr[0] == '#' || text.ptr[0] == ' '))
            text = str_slice(text, 1, text.len);
        for (size_t i = 0; i < text.len; i++) {
            unsigned char c = (unsigned char)text.ptr[i];
            if (c == ' ')
                buf_put_byte(&slug, '-');
            else if (isalnum(c) || c == '-' || c == '_' || c >= 0x80)
                buf_put_byte(&slug, (char)tolower(c));
        }
        if (str_eq(buf_str(&slug), wanted))
            return true;
    }
    return false;
}

static void check_link(const char *from, struct str target)
{
    struct str file, part = str_split(target, '#', &file);
    if (str_find(target, STR("://")) >= 0)
        return;
    const char *path = file.len ? pagetide_text("docs/%.*s", STR_ARG(file)) : from;
    ck_assert_msg(access(path, F_OK) == 0, "%s: no file for %.*s", from, STR_ARG(target));
    ck_assert_msg(!part.len || has_heading(path, part), "%s: no heading for %.*s", from,
                  STR_ARG(target));
}

START_TEST(links_between_documents_lead_somewhere)
{
    glob_t files;
    ck_assert_int_eq(glob("docs/*.md", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct str target, rest = str_from(pagetide_read(files.gl_pathv[i]));
        for (ptrdiff_t at; (at = str_find(rest, STR("]("))) >= 0;) {
            rest = str_split(str_slice(rest, (size_t)at + 2, rest.len), ')', &target);
            if (str_find_byte(target, ' ') < 0 && str_find_byte(target, '\n') < 0)
                check_link(files.gl_pathv[i], target);
        }
    }
    globfree(&files);
}
END_TEST

SUITE("flow/guides", every_definition_of_the_howto_is_valid, every_command_of_the_howto_runs,
      the_howto_has_thirty_entries, every_reason_is_explained, the_tutorial_leads_to_a_table,
      links_between_documents_lead_somewhere)
