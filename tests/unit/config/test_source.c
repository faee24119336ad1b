#include "config/source.h"

#include <glob.h>
#include <sys/stat.h>

#include "base/file.h"
#include "config/after.h"
#include "config/source_dir.h"
#include "tests/support/definition_cases.h"
#include "tests/support/suite.h"

#define ERRORS "tests/tables/definitions/errors.txt"
#define GOOD   "tests/tables/definitions/good.txt"

static size_t count_lines(struct str text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '\n' && (i + 1 == text.len || text.ptr[i + 1] != ' ');
    return count;
}

/* A file of which outlines alone are kept is refused for the same. */
static void check_outline_refused(struct arena *arena, const struct definition_case *test,
                                  const struct buf *wanted)
{
    AUTO_BUF(errors, KIB(64));
    struct err err = ERR_INIT;
    struct source *source = NULL;
    ck_assert(!source_outline(arena, STR("shop.yaml"), test->text, &source, &errors, &err));
    ck_assert_ptr_null(source);
    ck_assert_str_eq(errors.ptr, wanted->ptr);
}

/* Of problems that go on over several lines (the expression, the caret) the first counts. */
static void check_refused(struct arena *arena, const struct definition_case *test,
                          struct buf *failures)
{
    AUTO_BUF(errors, KIB(64));
    struct err err = ERR_INIT;
    struct source *source = NULL;
    if (source_parse(arena, STR("shop.yaml"), test->text, &source, &errors, &err)) {
        buf_printf(failures, "\n%.*s: taken\n", STR_ARG(test->name));
        return;
    }
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert_ptr_null(source);
    bool is_right = count_lines(buf_str(&errors)) == test->line_count;
    for (size_t i = 0; i < test->line_count; i++)
        is_right &= str_find(buf_str(&errors), test->lines[i]) >= 0;
    if (!is_right)
        buf_printf(failures, "\n%.*s:\n%s", STR_ARG(test->name), errors.ptr);
    check_outline_refused(arena, test, &errors);
}

START_TEST(refuses_the_table_of_errors)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(failures, MIB(1));
    struct definition_cases all = definition_cases_read(arena, ERRORS, "expect");
    for (size_t i = 0; i < all.count; i++)
        check_refused(arena, &all.cases[i], &failures);
    ck_assert_msg(failures.len == 0, "%s", failures.ptr);
}
END_TEST

/* As `discover … >sources/shop.yaml` leaves it where it fails. */
START_TEST(an_empty_file_is_told)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(errors, KIB(1));
    struct err err = ERR_INIT;
    struct source *source = NULL;
    ck_assert(!source_parse(arena, STR("shop.yaml"), STR_NONE, &source, &errors, &err));
    ck_assert_str_eq(errors.ptr, "shop.yaml:1:1: the file is empty; a definition has source: "
                                 "NAME, base_url and streams\n");
}
END_TEST

static void check_outline(const struct outline *got, const struct stream *stream)
{
    ck_assert(str_eq(got->name, stream->name));
    ck_assert(str_eq(got->spec, stream->spec));
    ck_assert(str_eq(got->cron, stream->schedule.cron));
    ck_assert(str_eq(got->timezone, stream->schedule.timezone));
    ck_assert_int_eq(got->every_ms, stream->schedule.every_ms);
    ck_assert_uint_eq(got->after_count, stream->schedule.after_count);
    for (size_t i = 0; i < got->after_count; i++)
        ck_assert(str_eq(got->after[i], stream->schedule.after[i]));
    for (size_t i = 0; i < got->table_count; i++) {
        size_t at = i + stream->table.is_none;
        ck_assert(str_eq(got->tables[i].schema, stream_table(stream, at)->schema));
        ck_assert(str_eq(got->tables[i].name, stream_table(stream, at)->name));
    }
    ck_assert_uint_eq(got->table_count, stream_table_count(stream) - stream->table.is_none);
}

/* Streams that are read one in the place of the other are what they are side by side. */
static void check_outlines(struct arena *arena, struct str text, const struct source *source)
{
    AUTO_BUF(errors, KIB(64));
    struct err err = ERR_INIT;
    struct source *outlined = NULL;
    ck_assert_ok(source_outline(arena, STR("shop.yaml"), text, &outlined, &errors, &err), err);
    ck_assert_ptr_null(outlined->streams);
    ck_assert_uint_eq(outlined->count, source->count);
    ck_assert(str_eq(outlined->name, source->name));
    for (size_t i = 0; i < source->count; i++) {
        check_outline(&outlined->outlines[i], source->streams[i]);
        check_outline(&source->outlines[i], source->streams[i]);
    }
}

static struct source *parse(struct arena *arena, struct str text)
{
    AUTO_BUF(errors, KIB(64));
    struct err err = ERR_INIT;
    struct source *source = NULL;
    bool ok = source_parse(arena, STR("shop.yaml"), text, &source, &errors, &err);
    ck_assert_msg(ok, "%.*s\n%s", STR_ARG(text), errors.len ? errors.ptr : err.text);
    ck_assert_uint_eq(errors.len, 0);
    check_outlines(arena, text, source);
    return source;
}

static struct stream *parse_orders(struct arena *arena, const char *keys)
{
    struct str text = arena_printf(arena,
                                   "source: shop\nbase_url: https://h.example/v1/\n"
                                   "streams:\n  orders:\n    path: orders\n%s",
                                   keys);
    return parse(arena, text)->streams[0];
}

START_TEST(takes_the_table_of_definitions)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct definition_cases all = definition_cases_read(arena, GOOD, "expect");
    for (size_t i = 0; i < all.count; i++) {
        const struct definition_case *test = &all.cases[i];
        struct source *source = parse(arena, test->text);
        struct stream *stream = source_find_stream(&source, 1, STR("shop.orders"));
        ck_assert_ptr_nonnull(stream);
        for (size_t j = 0; j < test->line_count; j++)
            ck_assert_msg(str_find(stream->spec, test->lines[j]) >= 0,
                          "%.*s: '%.*s' not in:\n%.*s", STR_ARG(test->name),
                          STR_ARG(test->lines[j]), STR_ARG(stream->spec));
    }
}
END_TEST

START_TEST(a_stored_definition_reads_back_the_same)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct definition_cases all = definition_cases_read(arena, GOOD, "expect");
    for (size_t i = 0; i < all.count; i++) {
        struct stream *stream = parse(arena, all.cases[i].text)->streams[0], *again;
        struct err err = ERR_INIT;
        ck_assert_ok(source_parse_spec(arena, stream->spec, &again, &err), err);
        ck_assert_msg(str_eq(stream->spec, again->spec), "%.*s\n%.*s", STR_ARG(stream->spec),
                      STR_ARG(again->spec));
        ck_assert(str_eq(stream->name, again->name));
        ck_assert_uint_eq(stream->param_count, again->param_count);
    }
}
END_TEST

/* What was taken once is read as it was then, also where a file may not say it any more. */
START_TEST(what_is_stored_is_read_as_it_was)
{
    static const char spec[] =
        "{\"source\":\"a\",\"stream\":\"a.b\",\"schema\":\"a\",\"table\":\"x.y\",\"base_url\":"
        "\"https://h.example\",\"path\":\"/"
        "${X}\",\"merge_path\":\"$.data\",\"write\":\"upsert\","
        "\"key\":\"id, shop\",\"columns\":[[\"id\",{\"type\":\"string\",\"path\":\"$.id\"}]]}";
    struct arena *arena AUTO_ARENA = arena_new();
    struct stream *stream;
    struct err err = ERR_INIT;
    ck_assert_ok(source_parse_spec(arena, str_from(spec), &stream, &err), err);
    ck_assert_str_is(stream->table.name, "x.y");
    ck_assert_str_is(stream->table.key[0], "id, shop");
    ck_assert_str_is(stream->table.declared[0].type, "string");
    ck_assert_str_is(stream->merge.path.steps[0].key, "$");
}
END_TEST

START_TEST(a_bad_stored_definition_is_an_error)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct stream *stream = NULL;
    struct err err = ERR_INIT;
    ck_assert(!source_parse_spec(arena, STR("{\"source\":\"a\",\"later\":1}"), &stream, &err));
    ck_assert_int_eq(err.kind, ERR_CONFIG);
    ck_assert(!source_parse_spec(arena, STR("[1,2"), &stream, &err));
    ck_assert(!source_parse_spec(arena, STR(""), &stream, &err));
    ck_assert_ptr_null(stream);
}
END_TEST

START_TEST(fills_the_struct)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct stream *stream =
        parse_orders(arena, "    pagination: {type: offset, param: \"page[offset]\", "
                            "limit_param: \"header:X-Limit\", maximum_offset: 500, "
                            "total_path: meta.total, step: size, max_time: 5m}\n"
                            "    merge_path: data\n"
                            "    key: [id, shop]\n    write: upsert\n"
                            "    max_body: 8MiB\n    every: 15m\n"
                            "    timeouts: {idle: 500ms}\n");
    ck_assert_str_is(stream->name, "shop.orders");
    ck_assert_str_is(stream->url.constant.text, "https://h.example/v1");
    ck_assert_str_is(stream->path.constant.text, "/orders");
    const struct pagination *pagination = &stream->pagination;
    ck_assert_int_eq(pagination->type, PAGINATE_OFFSET);
    ck_assert_int_eq(pagination->param.place, PLACE_QUERY);
    ck_assert_str_is(pagination->param.name, "page[offset]");
    ck_assert_int_eq(pagination->size_param.place, PLACE_HEADER);
    ck_assert_str_is(pagination->size_param.name, "X-Limit");
    ck_assert(pagination->has_size_param);
    ck_assert_int_eq(pagination->size, 100);
    ck_assert_int_eq(pagination->maximum, 500);
    ck_assert_int_eq(pagination->max_iterations, -1);
    ck_assert_int_eq(pagination->max_time_ms, 300000);
    ck_assert(pagination->steps_by_size);
    ck_assert(pagination->stops_on_empty);
    ck_assert_int_eq(pagination->total.kind, LOCATOR_BODY);
    ck_assert_uint_eq(stream->table.key_count, 2);
    ck_assert_int_eq(stream->table.write, WRITE_UPSERT);
    ck_assert_int_eq(stream->max_body_bytes, 8 << 20);
    ck_assert_int_eq(stream->schedule.every_ms, 900000);
    ck_assert_int_eq(stream->timeouts.idle_ms, 500);
    ck_assert_int_eq(stream->timeouts.connect_ms, 10000);
    ck_assert_int_eq(stream->retry.max_attempts, 8);
    ck_assert_int_eq(stream->retry.max_delay_ms, 60000);
    ck_assert_str_is(stream->method, "GET");
    ck_assert_int_eq(stream->body_type, BODY_NONE);
}
END_TEST

static bool needs_records(struct arena *arena, const char *keys)
{
    return parse_orders(arena, keys)->needs_response_records;
}

START_TEST(knows_when_records_must_be_kept)
{
    struct arena *arena AUTO_ARENA = arena_new();
    ck_assert(!needs_records(arena, "    merge_path: data\n    pagination: "
                                    "{type: page, total_path: meta.total}\n"));
    ck_assert(!needs_records(arena, "    merge_path: data.items\n    pagination: "
                                    "{type: page, total_path: data.total}\n"));
    ck_assert(needs_records(arena, "    merge_path: data\n    pagination: "
                                   "{type: cursor, param: c, cursor_path: \"data[-1].id\"}\n"));
    ck_assert(needs_records(arena, "    merge_path: data\n    pagination: {type: cursor, "
                                   "param: c, cursor_path: \"{{ response.data[-1].id }}\"}\n"));
    ck_assert(needs_records(arena, "    merge_path: data\n    pagination: {type: cursor, "
                                   "param: c, cursor_path: \"{{ response | length }}\"}\n"));
    ck_assert(!needs_records(arena, "    merge_path: data\n    pagination: {type: cursor, "
                                    "param: c, cursor_path: \"{{ response.next }}\"}\n"));
}
END_TEST

START_TEST(knows_when_the_last_record_is_used)
{
    struct arena *arena AUTO_ARENA = arena_new();
    ck_assert(parse_orders(arena, "    pagination: {type: cursor, param: c, "
                                  "cursor_path: \"{{ accumulated[-1].id }}\"}\n")
                  ->uses_last_record);
    ck_assert(!parse_orders(arena, "    params: {n: \"{{ accumulated | length }}\"}\n")
                   ->uses_last_record);
}
END_TEST

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(a_post_is_repeatable_where_the_definition_says_so)
{
    struct arena *arena AUTO_ARENA = arena_new();
    ck_assert(stream_is_repeatable(parse_orders(arena, ""), STR_NONE));
    ck_assert(stream_is_repeatable(parse_orders(arena, "    method: PUT\n"), STR_NONE));
    ck_assert(!stream_is_repeatable(parse_orders(arena, "    method: POST\n"), STR_NONE));
    ck_assert(!stream_is_repeatable(parse_orders(arena, "    method: PATCH\n"), STR_NONE));
    ck_assert(stream_is_repeatable(
        parse_orders(arena, "    method: POST\n    idempotent: true\n"), STR_NONE));
}
END_TEST

START_TEST(loads_a_folder_and_keeps_the_good)
{
    char dir[] = "/tmp/pagetide-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(dir));
    struct arena *arena AUTO_ARENA = arena_new();
    ck_assert_int_eq(mkdir(arena_printf(arena, "%s/sources", dir).ptr, 0700), 0);
    static const char *const files[][2] = {
        {"b.yaml", "source: b\nbase_url: https://b.example\nstreams: {x: {path: /x}}\n"},
        {"a.yml", "source: a\nbase_url: https://a.example\nstreams: {x: {path: /x}}\n"},
        {"c.json", "{\"source\": \"c\"}"},
        {"d.yaml", "source: d\nschema: a\nbase_url: https://d.example\n"
                   "streams: {x: {path: /x}}\n"},
        {"e.yaml", "source: a\nbase_url: https://e.example\nstreams: {y: {path: /y}}\n"},
        {"note.txt", "not read"},
    };
    for (size_t i = 0; i < COUNT_OF(files); i++)
        write_file(arena_printf(arena, "%s/sources/%s", dir, files[i][0]).ptr, files[i][1]);

    AUTO_BUF(errors, KIB(64));
    struct source **sources;
    size_t count;
    struct err err = ERR_INIT;
    ck_assert(!source_dir_load(arena, dir, &sources, &count, &errors, &err));
    ck_assert_uint_eq(count, 2);
    ck_assert_str_is(sources[0]->name, "a");
    ck_assert_str_is(sources[1]->name, "b");
    ck_assert_ptr_nonnull(strstr(errors.ptr, "c.json:1:1: the key \"streams\" is missing"));
    ck_assert_ptr_nonnull(strstr(errors.ptr, "d.x fills the table a.x, which belongs to a.x"));
    ck_assert_ptr_nonnull(strstr(errors.ptr, "e.yaml: the source a stands already in"));
    ck_assert(!source_dir_load(arena, "/nowhere", &sources, &count, &errors, &err));
    ck_assert_uint_eq(count, 0);

    for (size_t i = 0; i < COUNT_OF(files); i++)
        remove(arena_printf(arena, "%s/sources/%s", dir, files[i][0]).ptr);
    remove(arena_printf(arena, "%s/sources", dir).ptr);
    remove(dir);
}
END_TEST

/* What is kept of a folder of ten thousand streams stays for as long as a scheduler lives. */
START_TEST(of_many_streams_little_is_kept)
{
    enum { STREAMS = 1000, KEPT_BYTES_MAX = 2048 };
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(text, MIB(1));
    AUTO_BUF(errors, KIB(64));
    struct err err = ERR_INIT;
    struct source *source;
    buf_puts(&text, "source: shop\nbase_url: https://h.example\nstreams:\n");
    for (int i = 0; i < STREAMS; i++)
        buf_printf(&text, "  s%d: {path: /x, params: {seed: %d}, schedule: '* * * * *'}\n", i,
                   i);
    ck_assert_ok(
        source_outline(arena, STR("shop.yaml"), buf_str(&text), &source, &errors, &err), err);
    ck_assert_uint_eq(source->count, STREAMS);
    ck_assert_uint_le(arena_bytes(arena), STREAMS * KEPT_BYTES_MAX);
}
END_TEST

START_TEST(a_table_has_one_stream)
{
    struct arena *arena AUTO_ARENA = arena_new();
    AUTO_BUF(errors, KIB(64));
    struct err err = ERR_INIT;
    struct source *source;
    ck_assert(!source_parse(arena, STR("shop.yaml"),
                            STR("source: shop\nbase_url: https://h.example\nstreams:\n"
                                "  a: {path: /a}\n"
                                "  b: {path: /b, tables: {c: {merge_path: items}}}\n"
                                "  c: {path: /c}\n"
                                "  d: {path: /d, table: a}\n"),
                            &source, &errors, &err));
    ck_assert_str_eq(errors.ptr,
                     "shop.yaml:6:3: streams.c: fills the table c, which belongs to shop.b\n"
                     "shop.yaml:7:3: streams.d: fills the table a, which belongs to shop.a\n");
}
END_TEST

/* `after` of the streams of each file, and the stream that a circle is told of; "": none. */
START_TEST(streams_that_wait_in_a_circle_are_refused)
{
    static const struct {
        const char *files[3], *told;
    } table[] = {
        {{"x: {after: a.y}, y: {after: a.z}, z: {}"}, ""},
        {{"x: {after: a.y}, y: {after: a.y}"}, "a.yaml: a.y"},
        {{"x: {after: a.y}, y: {after: a.z}, z: {after: a.y}"}, "a.yaml: a.z"},
        {{"x: {after: [a.y, a.z]}, y: {after: a.z}, z: {after: a.w}, w: {}"}, ""},
        {{"x: {after: b.x}", "x: {after: c.x}", "x: {after: a.x}"}, "c.yaml: c.x"},
        {{"x: {after: b.y}", "x: {}, y: {after: c.y}", "x: {after: a.x}, y: {}"}, ""},
        {{"x: {after: c.x}, y: {after: a.x}", "x: {after: a.y}", "x: {after: b.x}"},
         "c.yaml: c.x"},
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct arena *arena AUTO_ARENA = arena_new();
        AUTO_HASH_INDEX struct hash_index others = {0};
        struct err err = ERR_INIT;
        for (size_t n = 0; n < 3 && table[i].files[n]; n++) {
            AUTO_BUF(errors, KIB(64));
            struct source *source;
            struct str name = arena_printf(arena, "%c.yaml", 'a' + (int)n);
            struct str text = arena_printf(arena,
                                           "source: %c\nbase_url: https://h.example\ndefaults: "
                                           "{path: /x}\nstreams: {%s}\n",
                                           'a' + (int)n, table[i].files[n]);
            ck_assert_ok(source_outline(arena, name, text, &source, &errors, &err), err);
            if (!after_check(source, &others, &err))
                break;
            for (size_t k = 0; k < source->count; k++)
                hash_index_put(&others, source->outlines[k].name, &source->outlines[k]);
        }
        ck_assert_msg(str_starts(str_from(err.text), str_from(table[i].told)), "%zu: %s", i,
                      err.text);
        ck_assert_int_eq(err.text[0] != '\0', table[i].told[0] != '\0');
    }
}
END_TEST

START_TEST(the_examples_are_taken)
{
    struct arena *arena AUTO_ARENA = arena_new();
    glob_t files;
    ck_assert_int_eq(glob("config/examples/*.yaml", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        AUTO_BUF(text, MIB(1));
        struct err err = ERR_INIT;
        ck_assert_ok(file_read(files.gl_pathv[i], &text, &err), err);
        ck_assert_uint_gt(parse(arena, buf_str(&text))->count, 0);
    }
    globfree(&files);
}
END_TEST

SUITE_OF_TABLES("tests/tables/definitions/*.txt", "config/source", refuses_the_table_of_errors,
                an_empty_file_is_told, takes_the_table_of_definitions,
                a_stored_definition_reads_back_the_same, what_is_stored_is_read_as_it_was,
                a_bad_stored_definition_is_an_error, fills_the_struct,
                knows_when_records_must_be_kept, knows_when_the_last_record_is_used,
                a_post_is_repeatable_where_the_definition_says_so,
                loads_a_folder_and_keeps_the_good, of_many_streams_little_is_kept,
                a_table_has_one_stream, streams_that_wait_in_a_circle_are_refused,
                the_examples_are_taken)
