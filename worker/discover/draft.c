#include "worker/discover/draft.h"

#include "base/json_out.h"
#include "base/unescape.h"
#include "config/format.h"
#include "config/identifier.h"
#include "config/naming.h"
#include "port/http_url.h"

enum { QUOTED_BYTES_MAX = 64 * 1024 };

struct str draft_quote(struct arena *arena, struct str text)
{
    AUTO_BUF(out, QUOTED_BYTES_MAX);
    json_out_quote(&out, text);
    return arena_str(arena, buf_str(&out));
}

/* --- params and headers --- */

const struct draft_pair *draft_find(const struct draft_pairs *pairs, struct str name)
{
    for (size_t i = 0; i < pairs->count; i++)
        if (str_eq(pairs->items[i].name, name))
            return &pairs->items[i];
    return NULL;
}

bool draft_set(struct draft_pairs *pairs, struct str name, struct str value)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (!str_eq(pairs->items[i].name, name))
            continue;
        pairs->items[i].value = value;
        return true;
    }
    if (pairs->count == DRAFT_PAIRS_MAX)
        return false;
    pairs->items[pairs->count++] = (struct draft_pair){name, value};
    return true;
}

void draft_remove(struct draft_pairs *pairs, struct str name)
{
    size_t count = 0;
    for (size_t i = 0; i < pairs->count; i++)
        if (!str_eq(pairs->items[i].name, name))
            pairs->items[count++] = pairs->items[i];
    pairs->count = count;
}

/* --- what is asked for --- */

static bool asks_in_body(const struct draft *draft)
{
    return draft->has_body && !draft->asks_in_query && !draft->whole_body.len &&
           !str_is(draft->method, "GET");
}

struct draft_pairs *draft_asked(struct draft *draft)
{
    return asks_in_body(draft) ? &draft->body : &draft->params;
}

const struct draft_pair *draft_find_asked(const struct draft *draft, struct str name)
{
    return draft_find(asks_in_body(draft) ? &draft->body : &draft->params, name);
}

bool draft_may_ask(const struct draft *draft, struct arena *arena, struct str name)
{
    struct str variable = arena_printf(arena, "$%.*s", STR_ARG(name));
    return !draft->query.len || str_find(draft->query, variable) >= 0;
}

bool draft_ask(struct draft *draft, struct arena *arena, struct str name, struct str text)
{
    int64_t number;
    bool is_number = asks_in_body(draft) && !draft->is_form && str_to_int64(text, &number);
    return draft_set(draft_asked(draft), name,
                     is_number ? arena_str(arena, text) : draft_quote(arena, text));
}

struct str draft_place(const struct draft *draft, struct arena *arena, struct str name)
{
    if (!asks_in_body(draft))
        return name;
    const char *above = draft->query.len ? "variables" : "";
    bool is_odd = strpbrk(arena_cstr(arena, name), ".[]'\" ") != NULL;
    if (is_odd)
        return arena_printf(arena, "body:%s['%.*s']", above, STR_ARG(name));
    return arena_printf(arena, "body:%s%s%.*s", above, *above ? "." : "", STR_ARG(name));
}

struct str draft_place_name(struct str place)
{
    size_t from = 0, to = place.len;
    if (!str_starts(place, STR("body:")))
        return place;
    for (size_t i = 0; i < place.len; i++)
        if (strchr(":.'", place.ptr[i]) != NULL && i + 2 < place.len)
            from = i + 1;
    if (str_ends(place, STR("']")))
        to -= 2;
    return str_slice(place, from, to);
}

struct str draft_value_text(struct str value)
{
    bool is_quoted = value.len > 1 && value.ptr[0] == '"';
    return is_quoted ? str_slice(value, 1, value.len - 1) : value;
}

/* --- the URL --- */

/* A name that comes twice is a list. */
static bool add_param(struct draft *draft, struct arena *arena, struct str name,
                      struct str value)
{
    struct str quoted = draft_quote(arena, value);
    const struct draft_pair *old = draft_find(&draft->params, name);
    if (!old)
        return draft_set(&draft->params, name, quoted);
    struct str items = old->value;
    if (str_starts(items, STR("[")))
        items = str_slice(items, 1, items.len - 1);
    return draft_set(&draft->params, name,
                     arena_printf(arena, "[%.*s, %.*s]", STR_ARG(items), STR_ARG(quoted)));
}

static bool take_query(struct draft *draft, struct arena *arena, struct str query,
                       struct err *err)
{
    struct str name, value;
    while (naming_take_param(arena, &query, &name, &value))
        if (!add_param(draft, arena, name, value))
            return err_set(err, ERR_CONFIG, "discover", 0,
                           "the URL has more than %d parameters", DRAFT_PAIRS_MAX);
    return true;
}

/* "/v1/orders" → "/v1" behind the origin, and "/orders". */
static void split_path(struct draft *draft, struct arena *arena, struct str origin,
                       struct str path)
{
    size_t last = path.len;
    while (last && path.ptr[last - 1] != '/')
        last--;
    size_t cut = last ? last - 1 : 0;
    draft->base_url =
        arena_printf(arena, "%.*s%.*s", STR_ARG(origin), STR_ARG(str_slice(path, 0, cut)));
    draft->path = cut < path.len ? arena_str(arena, str_slice(path, cut, path.len)) : STR("/");
}

static bool take_name(struct draft *draft, struct str name, struct err *err)
{
    struct str source, stream = str_split(name, '.', &source);
    if (!name.len)
        return true;
    if (!identifier_is_name(source) || !identifier_is_name(stream))
        return err_set(err, ERR_CONFIG, "discover", 0,
                       "\"%.*s\" is no name of a stream: source.stream, each of a-z, 0-9 and _",
                       STR_ARG(name));
    draft->source = source;
    draft->stream = stream;
    return true;
}

/* The text up to the path, as it was written but for the query. */
static struct str origin_of(struct str url)
{
    ptrdiff_t at = str_find(url, STR("://"));
    size_t from = at < 0 ? 0 : (size_t)at + 3;
    while (from < url.len && !strchr("/?#", url.ptr[from]))
        from++;
    return str_slice(url, 0, from);
}

/* The file's name of a Unix socket: "docker.sock". */
static struct str host_of(const struct http_url *url)
{
    struct str rest = url->socket, name = url->host;
    while (rest.len)
        rest = str_split(rest, '/', &name);
    return name;
}

bool draft_open(struct draft *draft, struct arena *arena, struct str url, struct str name,
                struct err *err)
{
    struct http_url parts;
    struct str sent;
    *draft = (struct draft){0};
    if (!http_url_parse(arena, url, &parts, err) ||
        !http_url_resolve(arena, url, url, &sent, err))
        return false;
    struct str origin = origin_of(sent), whole = str_slice(sent, origin.len, sent.len), path;
    struct str query = str_split(whole, '?', &path);
    split_path(draft, arena, origin, path);
    draft->source = naming_source(arena, host_of(&parts), path);
    draft->stream = naming_stream(arena, path);
    return take_query(draft, arena, query, err) &&
           take_name(draft, arena_str(arena, name), err);
}

/* --- the text --- */

/* The notes of a key, as comments before its line. */
static void put_notes(struct buf *out, const struct notes *notes, const char *about,
                      const char *indent)
{
    for (size_t i = 0; notes && i < notes->count; i++) {
        const struct note *note = &notes->items[i];
        if (note->kind == NOTE_TRIED || !str_is(str_from(note->about), about))
            continue;
        buf_printf(out, "%s# %s%.*s\n", indent, note->kind == NOTE_UNSURE ? "UNSURE: " : "",
                   STR_ARG(note->text));
    }
}

static void put_pairs(struct buf *out, const char *line, const struct draft_pairs *pairs,
                      struct str since)
{
    if (!pairs->count && !since.len)
        return;
    buf_printf(out, "%s{", line);
    for (size_t i = 0; i < pairs->count; i++) {
        if (i)
            buf_puts(out, ", ");
        json_out_quote(out, pairs->items[i].name);
        buf_printf(out, ": %.*s", STR_ARG(pairs->items[i].value));
    }
    if (since.len) {
        if (pairs->count)
            buf_puts(out, ", ");
        json_out_quote(out, since);
        buf_puts(out, ": \"{{ bookmark }}\"");
    }
    buf_puts(out, "}\n");
}

static void put_key(struct buf *out, const char *key, struct str yaml)
{
    if (yaml.len)
        buf_printf(out, "    %s: %.*s\n", key, STR_ARG(yaml));
}

static void put_text_key(struct buf *out, const char *key, struct str text)
{
    if (!text.len)
        return;
    buf_printf(out, "%s", key);
    json_out_quote(out, text);
    buf_put_byte(out, '\n');
}

static void put_format(struct buf *out, const struct draft *draft)
{
    if (draft->format != ANSWER_JSON)
        buf_printf(out, "    format: %s\n", format_name(draft->format));
    if (draft->format != ANSWER_CSV)
        return;
    buf_puts(out, "    csv: {infer: true");
    if (draft->delimiter == '\t')
        buf_puts(out, ", delimiter: \"\\t\"");
    else if (draft->delimiter && draft->delimiter != ',')
        buf_printf(out, ", delimiter: \"%c\"", draft->delimiter);
    buf_puts(out, "}\n");
}

static void put_source(struct buf *out, const struct draft *draft, const struct notes *notes)
{
    buf_printf(out, "source: %.*s\n", STR_ARG(draft->source));
    put_text_key(out, "base_url: ", draft->base_url);
    if (draft->allows_http)
        buf_puts(out, "allow_http: true\n");
    if (draft->allows_private)
        buf_puts(out, "allow_private: true\n");
    put_notes(out, notes, "auth", "");
    if (draft->auth.len)
        buf_printf(out, "auth: %.*s\n", STR_ARG(draft->auth));
    put_pairs(out, "headers: ", &draft->headers, STR_NONE);
}

/* Few tries and short waits: whoever asks sits in front of it. */
static void put_trial(struct buf *out)
{
    buf_puts(out, "max_body: 64MiB\nmax_wait: 1m\n"
                  "retry: {max_attempts: 2, backoff: fixed, initial_delay: 500ms}\n"
                  "timeouts: {connect: 10s, first_byte: 30s, total: 60s}\n");
}

/* As a block where it has lines and these stay what they are; else in quotes. */
static void put_query(struct buf *out, struct str query)
{
    struct str line, rest = query;
    bool is_plain = str_find_byte(query, '\n') >= 0 && str_find_byte(query, '\r') < 0 &&
                    str_find_byte(query, '\t') < 0;
    if (!is_plain) {
        put_text_key(out, "      query: ", query);
        return;
    }
    buf_puts(out, "      query: |2-\n");
    while (rest.len) {
        rest = str_split(rest, '\n', &line);
        buf_printf(out, "%s%.*s\n", line.len ? "        " : "", STR_ARG(line));
    }
}

static void put_graphql(struct buf *out, const struct draft *draft)
{
    buf_puts(out, "    graphql:\n");
    put_query(out, draft->query);
    put_pairs(out, "      variables: ", &draft->body, draft->since);
    put_text_key(out, "      connection: ", draft->connection);
}

static void put_body(struct buf *out, const struct draft *draft)
{
    bool asks_here = asks_in_body(draft);
    if (draft->method.len || draft->has_body)
        buf_printf(out, "    method: %.*s\n",
                   STR_ARG(draft->method.len ? draft->method : STR("POST")));
    if (!draft->has_body)
        return;
    if (draft->is_form)
        buf_puts(out, "    body_type: form\n");
    if (draft->whole_body.len)
        put_key(out, "body", draft->whole_body);
    else if (!draft->body.count && !(asks_here && draft->since.len))
        buf_puts(out, "    body: {}\n");
    else
        put_pairs(out, "    body: ", &draft->body, asks_here ? draft->since : STR_NONE);
}

static void put_request(struct buf *out, const struct draft *draft, const struct notes *notes)
{
    put_text_key(out, "    path: ", draft->path);
    put_notes(out, notes, "params", "    ");
    put_pairs(out, "    params: ", &draft->params,
              asks_in_body(draft) ? STR_NONE : draft->since);
    put_notes(out, notes, "method", "    ");
    put_notes(out, notes, "graphql", "    ");
    if (draft->query.len)
        put_graphql(out, draft);
    else
        put_body(out, draft);
}

static void put_paging(struct buf *out, const struct draft *draft, enum draft_use use,
                       const struct notes *notes)
{
    put_notes(out, notes, "pagination", "    ");
    put_key(out, "pagination",
            use == DRAFT_OF_REQUEST && !draft->connection.len ? STR("{type: none}")
                                                              : draft->pagination);
}

static void put_responses(struct buf *out, const struct draft *draft)
{
    if (draft->end_status)
        buf_printf(out, "    responses: [{status: %d, then: end}]\n", draft->end_status);
}

static void put_table(struct buf *out, const struct draft *draft, const struct notes *notes)
{
    put_notes(out, notes, "bookmark", "    ");
    put_key(out, "bookmark", draft->bookmark);
    put_notes(out, notes, "key", "    ");
    buf_printf(out, "    write: %s\n", draft->key.len ? "upsert" : "replace");
    put_key(out, "key", draft->key);
    put_notes(out, notes, "columns", "    ");
}

void draft_write(const struct draft *draft, enum draft_use use, const struct notes *notes,
                 struct buf *out)
{
    put_notes(out, notes, "source", "");
    put_source(out, draft, notes);
    if (use != DRAFT_PRINTED)
        put_trial(out);
    buf_printf(out, "streams:\n  %.*s:\n", STR_ARG(draft->stream));
    put_request(out, draft, notes);
    put_notes(out, notes, "format", "    ");
    put_format(out, draft);
    put_responses(out, draft);
    put_paging(out, draft, use, notes);
    put_notes(out, notes, "merge_path", "    ");
    if (!draft->connection.len)
        put_text_key(out, "    merge_path: ", draft->merge_path);
    if (draft->names.len)
        buf_printf(out, "    shape: {names: %.*s}\n", STR_ARG(draft->names));
    put_table(out, draft, notes);
}
