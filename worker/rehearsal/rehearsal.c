#include "worker/rehearsal/rehearsal.h"

#include "base/clock.h"
#include "base/redact.h"
#include "config/source.h"
#include "worker/discover/preview.h"
#include "worker/rehearsal/matching.h"
#include "worker/rehearsal/outcome.h"
#include "worker/rehearsal/placeholders.h"

enum { SPEC_BYTES_MAX = 16 << 20 };

struct rehearsing {
    struct arena *arena;
    const struct recording *recording;
    struct rehearsal *rehearsal;
    struct placeholders placeholders;
    struct outcome outcome;
    struct exchange asked; /* the request that is about to be sent */
    int64_t requests;
};

/* --- what is asked, and what was answered --- */

static void on_request(void *ctx, const struct request *request)
{
    struct rehearsing *rehearsing = ctx;
    rehearsing->requests++;
    exchange_take_request(rehearsing->arena, request, &rehearsing->asked);
    exchange_hide(rehearsing->arena, &rehearsing->asked);
    outcome_request(&rehearsing->outcome);
}

/* NULL: nothing is recorded, or all that is has been given. */
static const struct exchange *find(const struct rehearsing *rehearsing)
{
    const struct recording *recording = rehearsing->recording;
    for (size_t i = 0; i < recording->count; i++) {
        if (rehearsing->rehearsal->is_asked[i] ||
            !matching_is_same(&recording->exchanges[i], &rehearsing->asked))
            continue;
        rehearsing->rehearsal->is_asked[i] = true;
        return &recording->exchanges[i];
    }
    return NULL;
}

static struct rehearsal_missing nearest(const struct rehearsing *rehearsing)
{
    const struct recording *recording = rehearsing->recording;
    const struct exchange *asked = &rehearsing->asked;
    struct rehearsal_missing missing = {.method = asked->method, .url = asked->url};
    int best = -1;
    for (size_t i = 0; i < recording->count; i++) {
        int nearness = matching_nearness(&recording->exchanges[i], asked);
        if (nearness <= best)
            continue;
        best = nearness;
        missing.nearest = &recording->exchanges[i];
    }
    if (missing.nearest && matching_is_same(missing.nearest, asked))
        missing.why = STR("asked for more often than it is recorded");
    else if (missing.nearest)
        missing.why = matching_difference(missing.nearest, asked, rehearsing->arena);
    return missing;
}

static bool miss(struct rehearsing *rehearsing, struct err *err)
{
    struct rehearsal *rehearsal = rehearsing->rehearsal;
    ARENA_GROW(rehearsing->arena, rehearsal->missing, rehearsal->missing_count,
               rehearsal->missing_capacity);
    rehearsal->missing[rehearsal->missing_count++] = nearest(rehearsing);
    return err_set(err, ERR_CONFIG, "rehearsal", 0, "no answer to this request is recorded");
}

static const struct http_header *fill_headers(const struct rehearsing *rehearsing,
                                              const struct exchange *exchange)
{
    struct http_header *headers = ARENA_ARRAY(rehearsing->arena, struct http_header,
                                              MAX(exchange->answer_header_count, 1));
    for (size_t i = 0; i < exchange->answer_header_count; i++)
        headers[i] =
            (struct http_header){exchange->answer_headers[i].name,
                                 placeholders_fill(&rehearsing->placeholders, rehearsing->arena,
                                                   exchange->answer_headers[i].value)};
    return headers;
}

static bool answer(void *ctx, const struct http_request *request,
                   struct http_answer *ret_answer, struct err *err)
{
    struct rehearsing *rehearsing = ctx;
    const struct exchange *exchange = find(rehearsing);
    (void)request; /* on_request has it without credentials */
    if (!exchange)
        return miss(rehearsing, err);
    int64_t took_ms = rehearsing->recording->at_ms + exchange->after_ms - clock_wall_ms();
    if (exchange->failed) {
        ret_answer->took_ms = MAX(took_ms, 0);
        return err_set(err, exchange->failed, "http", exchange->code, "%.*s",
                       STR_ARG(exchange->error));
    }
    *ret_answer = (struct http_answer){
        .status = exchange->status,
        .headers = fill_headers(rehearsing, exchange),
        .header_count = exchange->answer_header_count,
        .body = placeholders_fill(&rehearsing->placeholders, rehearsing->arena,
                                  exchange->answer_body),
        .is_end_told = exchange->is_end_told,
        .took_ms = MAX(took_ms, 0),
    };
    return true;
}

static void on_answer(void *ctx, const struct http_answer *answered, const struct err *failed)
{
    (void)ctx, (void)answered, (void)failed;
}

static void on_record(void *ctx, const struct row_writer *writer, const struct record *record,
                      enum row_result result, const char *reason)
{
    outcome_record(&((struct rehearsing *)ctx)->outcome, writer, record, result, reason);
}

static void on_page_end(void *ctx, const struct crawl_page *page)
{
    outcome_page_end(&((struct rehearsing *)ctx)->outcome, page);
}

/* --- the definition --- */

/*
 * What is made of a placeholder alone may stay; what fetches tokens, or signs, wants more. A
 * parameter that it sends is a credential in links all the same.
 */
static void put_auth(struct json_out *out, const struct auth *auth, struct value written)
{
    if (auth->type == AUTH_BEARER || auth->type == AUTH_BASIC || auth->type == AUTH_API_KEY) {
        value_put(out, "auth", written);
    } else if (auth->send.param.len) {
        json_out_open(out, "auth", '{');
        json_out_str(out, "type", STR("api_key"));
        json_out_str(out, "in", STR("query"));
        json_out_str(out, "name", auth->send.param);
        json_out_str(out, "value", STR("{{ env.REHEARSED_TOKEN }}"));
        json_out_close(out, '}');
    }
}

/* Nobody logs in anew. */
static void put_responses(struct json_out *out, struct value rules)
{
    json_out_open(out, "responses", '[');
    for (size_t i = 0; rules.kind == VALUE_LIST && i < rules.list->count; i++) {
        struct value then = value_get(rules.list->items[i], STR("then"));
        if (then.kind != VALUE_STRING || !str_is(then.text, "login"))
            value_put(out, NULL, rules.list->items[i]);
    }
    json_out_close(out, ']');
}

static void put_member(struct json_out *out, const struct stream *stream,
                       const struct value_member *member)
{
    if (str_is(member->key, "auth")) {
        put_auth(out, &stream->auth, member->value);
    } else if (str_is(member->key, "responses") && auth_has_token(&stream->auth)) {
        put_responses(out, member->value);
    } else {
        json_out_name(out, member->key);
        value_put(out, NULL, member->value);
    }
}

static bool without_tokens(struct arena *arena, const struct stream *stream,
                           struct stream **ret_stream, struct err *err)
{
    struct value spec;
    AUTO_BUF(text, SPEC_BYTES_MAX);
    struct json_out out = {.buf = &text};
    if (!value_parse(arena, stream->spec, VALUE_WHOLE, &spec, err))
        return err_wrap(err, "%.*s", STR_ARG(stream->name));
    json_out_open(&out, NULL, '{');
    for (size_t i = 0; spec.kind == VALUE_MAP && i < spec.map->count; i++)
        put_member(&out, stream, &spec.map->members[i]);
    json_out_close(&out, '}');
    if (text.has_overflowed)
        return err_set(err, ERR_INPUT, "rehearsal", 0, "%.*s: the definition is too long",
                       STR_ARG(stream->name));
    return source_parse_spec(arena, buf_str(&text), ret_stream, err) ||
           err_wrap(err, "%.*s without its `auth`", STR_ARG(stream->name));
}

static void take_partition(struct arena *arena, const struct recording *recording,
                           struct stream *stream)
{
    if (recording->partition.kind == VALUE_UNDEFINED)
        return;
    struct value_list *list = ARENA_NEW(arena, struct value_list);
    *list = (struct value_list){.items = ARENA_NEW(arena, struct value), .count = 1};
    list->items[0] = recording->partition;
    stream->partitions = value_from_list(list);
}

/* --- all of it --- */

static bool run(struct rehearsing *rehearsing, struct loop *loop, const struct stream *stream,
                struct err *err)
{
    const struct recording *recording = rehearsing->recording;
    const struct crawl_watch watch = {.on_request = on_request,
                                      .on_answer = on_answer,
                                      .on_record = on_record,
                                      .on_page_end = on_page_end,
                                      .ctx = rehearsing};
    struct http *http = http_new_stand_in(loop, answer, rehearsing);
    const struct preview_options options = {.loop = loop,
                                            .stream = stream,
                                            .http = http,
                                            .started_ms = recording->at_ms,
                                            .pages = recording->pages,
                                            .watch = &watch};
    struct preview preview;
    bool ok = preview_run(&options, rehearsing->arena, &preview, err);
    http_free(http);
    if (!ok || !outcome_read(&rehearsing->outcome, &preview, rehearsing->requests,
                             &rehearsing->rehearsal->outcome, err))
        return false;
    rehearsing->rehearsal->error =
        arena_str(rehearsing->arena, redact_str(rehearsing->arena, preview.error));
    rehearsing->rehearsal->records = preview.records;
    return true;
}

bool rehearsal_run(const struct recording *recording, const struct stream *stream,
                   struct arena *arena, struct rehearsal *ret_rehearsal, struct err *err)
{
    struct rehearsal rehearsal = {.is_asked = ARENA_ARRAY(arena, bool, recording->count + 1)};
    struct rehearsing rehearsing = {
        .arena = arena, .recording = recording, .rehearsal = &rehearsal};
    struct stream *bare;
    struct loop *loop;
    memset(rehearsal.is_asked, 0, recording->count + 1);
    if (!without_tokens(arena, stream, &bare, err) || !loop_new(&loop, err))
        return false;
    take_partition(arena, recording, bare);
    loop_skip_waits(loop, recording->at_ms);
    placeholders_open(&rehearsing.placeholders, arena, stream, &recording->values);
    for (size_t i = 0; i < recording->count; i++)
        placeholders_note(&rehearsing.placeholders, &recording->exchanges[i]);
    outcome_init(&rehearsing.outcome, arena, bare);
    bool ok = run(&rehearsing, loop, bare, err);
    outcome_done(&rehearsing.outcome);
    placeholders_close();
    loop_free(loop);
    *ret_rehearsal = rehearsal;
    return ok;
}
