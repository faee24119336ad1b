#include "tests/support/exchange_fixture.h"

#include "config/source.h"
#include "tests/support/suite.h"

struct stream *exchange_fixture_stream(struct arena *arena, const char *source_keys,
                                       const char *stream_keys)
{
    AUTO_BUF(errors, KIB(64));
    struct err err = ERR_INIT;
    struct source *source = NULL;
    struct str text = arena_printf(arena,
                                   "source: shop\nbase_url: https://h.example\n%s\nstreams:\n"
                                   "  orders: {%s}\n",
                                   source_keys, stream_keys);
    bool is_read = source_parse(arena, STR("shop.yaml"), text, &source, &errors, &err);
    ck_assert_msg(is_read, "%.*s\n%s", STR_ARG(text), errors.len ? errors.ptr : err.text);
    return source->streams[0];
}

struct job exchange_fixture_job(void)
{
    return (struct job){.run = 7, .started_us = 1767323045000000};
}

void exchange_fixture_open(struct exchange_fixture *fixture, const char *source_keys,
                           const char *stream_keys)
{
    *fixture = (struct exchange_fixture){.arena = arena_new(), .job = exchange_fixture_job()};
    fixture->stream = exchange_fixture_stream(fixture->arena, source_keys, stream_keys);
    ck_assert_ok(scope_init(&fixture->scope, &fixture->job, fixture->stream, NULL,
                            fixture->arena, &fixture->err),
                 fixture->err);
    pager_start(&fixture->pager, &fixture->stream->pagination);
    fixture->scope.pager = &fixture->pager;
}

void exchange_fixture_close(struct exchange_fixture *fixture)
{
    arena_free(fixture->arena);
}

struct str exchange_fixture_json(struct arena *arena, struct value value)
{
    AUTO_BUF(buf, KIB(64));
    value_format(&buf, value);
    return arena_str(arena, buf_str(&buf));
}

struct value exchange_fixture_value(struct arena *arena, const char *json)
{
    struct value value = UNDEFINED_VALUE;
    struct err err = ERR_INIT;
    ck_assert_ok(value_parse(arena, str_from(json), VALUE_WHOLE, &value, &err), err);
    return value;
}
