#include "config/prepare.h"

#include "config/check_request.h"
#include "config/node.h"
#include "config/pagination.h"

/* --- the keys --- */

/* Keys are laid out by hand. */
/* clang-format off */
const struct choice body_type_choices[] = {CHOICE("json", BODY_JSON), CHOICE("form", BODY_FORM),
                                           CHOICE("text", BODY_TEXT), CHOICE_END};

#define R(member) AT(struct prepare_request, member)

#define WHAT_ROWS                                                                              \
    {.name = "params", .type = KEY_TEMPLATE_REF, .flags = KEY_SECRETS, R(params),              \
     .help = "set over those of the stream; null leaves one out"},                             \
    {.name = "headers", .type = KEY_TEMPLATE_REF, .flags = KEY_SECRETS, R(headers),            \
     .help = "likewise"},                                                                      \
    {.name = "body", .type = KEY_TEMPLATE_REF, .flags = KEY_SECRETS, R(body),                  \
     .help = "any structure; if absent there is none"},                                        \
    {.name = "body_type", .type = KEY_CHOICE, R(body_type),                                    \
     .choices = body_type_choices,                                                             \
     .help = "json where a body is given"}

#define PATH_ROW                                                                               \
    {.name = "path", .type = KEY_TEMPLATE_REF, .flags = KEY_SECRETS, R(path),                  \
     .help = "what follows base_url"}

static const struct key request_list[] = {
    {.name = "method", .type = KEY_WORD, R(method), .choices = method_choices,
     .fallback = "POST", .help = "of the request that begins the work"},
    PATH_ROW,
    {.name = "url", .type = KEY_TEMPLATE_REF, .flags = KEY_SECRETS, R(url),
     .help = "the whole URL, instead of path"},
    WHAT_ROWS,
    {.name = "idempotent", .type = KEY_BOOL, R(is_idempotent), .fallback = "false",
     .help = "a POST may be sent again after any failure"},
    KEY_END,
};
static const struct keys request_keys = {request_list, sizeof(struct prepare_request)};

/* `url` fills struct prepare, whose `poll` the others fill. */
#define POLL_OFFSET offsetof(struct prepare, poll)
#undef R
#define R(member) .offset = POLL_OFFSET + offsetof(struct prepare_request, member)

static const struct key poll_list[] = {
    {.name = "method", .type = KEY_WORD, R(method), .choices = method_choices,
     .fallback = "GET", .help = "of the request that asks whether the work is done"},
    PATH_ROW,
    {.name = "url", .type = KEY_LOCATOR, .flags = KEY_ON_ANSWER, AT(struct prepare, link),
     .help = "where the answer to `request` says the URL to ask at; if absent, and no path is "
             "given, header:Location"},
    WHAT_ROWS,
    KEY_END,
};
static const struct keys poll_keys = {poll_list, sizeof(struct prepare)};

static void read_urls(struct reader *reader, const struct key *key,
                      const struct yaml_node *node, void *target);

#define F(member) AT(struct prepare_files, member)
static const struct key files_list[] = {
    {.name = "url", .type = KEY_LOCATOR, .flags = KEY_ON_ANSWER, F(url),
     .help = "where the last answer says the URL of the file; null: there is none"},
    {.name = "urls", .type = KEY_CUSTOM, .flags = KEY_ON_ANSWER, .offset = 0, .read = read_urls,
     .help = "where it says the URLs of several files: a list, or parts[*].url"},
    KEY_END,
};
static const struct keys files_keys = {files_list, sizeof(struct prepare_files)};

#define P(member) AT(struct prepare, member)
static const struct key prepare_list[] = {
    {.name = "request", .type = KEY_STRUCT, .flags = KEY_REQUIRED, P(request),
     .keys = &request_keys, .help = "what begins the work"},
    {.name = "poll", .type = KEY_STRUCT, .offset = 0, .keys = &poll_keys, .fallback = "{}",
     .help = "what asks whether it is done; its expressions know `submitted`, the answer to "
             "`request`"},
    {.name = "until", .type = KEY_LOCATOR, .flags = KEY_REQUIRED | KEY_ON_ANSWER, P(until),
     .help = "true, or anything but null and empty: the work is done"},
    {.name = "fail_when", .type = KEY_TEMPLATE_REF, .flags = KEY_ON_ANSWER, P(fail_when),
     .help = "an expression: the work has failed, and so does the job"},
    {.name = "message", .type = KEY_TEMPLATE_REF, .flags = KEY_ON_ANSWER, P(message),
     .help = "the error text then, instead of the beginning of the answer"},
    {.name = "every", .type = KEY_DURATION, P(every_ms), .min = 1, .fallback = "5s",
     .help = "how long to wait before it is asked again; `Retry-After` is kept to"},
    {.name = "timeout", .type = KEY_DURATION, P(timeout_ms), .min = 1, .fallback = "1h",
     .help = "the job fails where the work is not done after this time"},
    {.name = "then", .type = KEY_STRUCT, P(then), .keys = &files_keys,
     .help = "the files to read, one page each; if absent, the stream's own request follows, "
             "whose expressions know `submitted`, and `prepared`, the last answer"},
    KEY_END,
};
/* clang-format on */
const struct keys prepare_keys = {prepare_list, sizeof(struct prepare)};

/* `parts[*].url`: a place of one value, and a path from each of its elements. */
static void read_urls(struct reader *reader, const struct key *key,
                      const struct yaml_node *node, void *target)
{
    struct prepare_files *files = target;
    struct err err = ERR_INIT;
    struct str text;
    if (!node_text(reader->problems, node, &text))
        return;
    ptrdiff_t star = str_find(text, STR("{{")) < 0 ? str_find(text, STR("[*]")) : -1;
    struct str rest = star < 0 ? STR_NONE : str_slice(text, (size_t)star + 3, text.len);
    struct str list = star < 0 ? text : str_slice(text, 0, (size_t)star);
    bool ok = locator_compile(reader->arena, list, &files->urls, &err) &&
              path_compile(reader->arena,
                           str_starts(rest, STR(".")) ? str_slice(rest, 1, rest.len) : rest,
                           &files->each, &err);
    if (!ok || files->each.has_wildcard)
        problem_add(reader->problems, node, "%s",
                    ok ? "has one wildcard at most, before the URL of each file" : err.text);
    else if (files->urls.kind == LOCATOR_EXPR && reader->on_template)
        reader->on_template(reader, key, node, files->urls.template);
}

/* --- which go together --- */

static void default_body(struct prepare_request *request)
{
    if (request->body && request->body_type == BODY_NONE)
        request->body_type = BODY_JSON;
}

/* Pages of a file are asked for by its URL, one after another. */
static void check_file_pages(struct reader *reader, const struct yaml_node *map,
                             const struct stream *stream)
{
    const struct pagination *pagination = &stream->pagination;
    const struct {
        bool is_set;
        const char *key, *why;
    } not_here[] = {
        {pagination->type == PAGINATE_AUTO, "type",
         "with \"prepare: then\" the pages of each file need a type that says how they follow: "
         "page, offset, cursor, link_header or next_url; without \"pagination\" each file is "
         "one"},
        {pagination->type == PAGINATE_RESPONSE_BASED, "type",
         "makes requests of the stream's own, and with \"prepare: then\" it has none: page, "
         "offset, cursor, link_header or next_url ask by the URL of the file"},
        {pagination->parallel > 1, "parallel", "does not go with \"prepare: then\""},
        {pagination->overlap > 0, "overlap", "does not go with \"prepare: then\""},
        {pagination->restart_after > 0, "restart_after",
         "does not go with \"prepare: then\": a file is asked for by its URL alone"},
        {pagination->count.at.kind != LOCATOR_NONE, "total",
         "does not go with \"prepare: then\": each file may have its own \"total_path\""},
        {pagination->param.place == PLACE_BODY, "param", "files are read by GET: no body"},
    };
    const struct yaml_node *node = node_at(map, "pagination");
    for (size_t i = 0; i < COUNT_OF(not_here); i++)
        if (not_here[i].is_set)
            problem_add(reader->problems,
                        node->kind == YAML_MAP ? node_at(node, not_here[i].key) : node, "%s",
                        not_here[i].why);
}

/* The URL of a file is all that is asked for. */
static void check_files(struct reader *reader, const struct yaml_node *map,
                        const struct yaml_node *node, struct stream *stream)
{
    static const char *const own[] = {"path", "url", "body"};
    const struct prepare_files *then = &stream->prepare.then;
    if (then->url.kind != LOCATOR_NONE && then->urls.kind != LOCATOR_NONE)
        problem_add(reader->problems, node,
                    "\"url\" stands beside \"urls\": one of them is enough");
    if (then->url.kind == LOCATOR_NONE && then->urls.kind == LOCATOR_NONE)
        problem_add(reader->problems, node, "needs \"url\" or \"urls\"");
    for (size_t i = 0; i < COUNT_OF(own); i++)
        if (yaml_find(map, own[i]))
            problem_add_key(reader->problems, yaml_find(map, own[i]),
                            "stands beside \"prepare: then\", which says where the files are");
    if (!str_is(stream->method, "GET"))
        problem_add(reader->problems, node_at(map, "method"),
                    "files are read by GET; the work is begun by the method of "
                    "\"prepare: request\"");
    check_file_pages(reader, map, stream);
}

void prepare_check(struct reader *reader, const struct yaml_node *map, struct stream *stream)
{
    struct prepare *prepare = &stream->prepare;
    const struct yaml_node *node = yaml_find(map, "prepare");
    if (!node || node->kind != YAML_MAP)
        return;
    check_request_maps(reader, node_at(node, "request"), prepare->request.params,
                       prepare->request.headers);
    check_request_maps(reader, node_at(node, "poll"), prepare->poll.params,
                       prepare->poll.headers);
    default_body(&prepare->request);
    default_body(&prepare->poll);
    if (prepare->poll.path && prepare->link.kind != LOCATOR_NONE)
        problem_add(reader->problems, node_at(node, "poll"),
                    "\"url\" stands beside \"path\": one of them is enough");
    if (!prepare->poll.path && prepare->link.kind == LOCATOR_NONE)
        prepare->link = (struct locator){.kind = LOCATOR_HEADER,
                                         .source = STR("header:Location"),
                                         .header = STR("location")};
    if (prepare->message && !prepare->fail_when)
        problem_add(reader->problems, node_at(node, "message"), "belongs to \"fail_when\"");
    if (yaml_find(node, "then"))
        check_files(reader, map, node_at(node, "then"), stream);
}

void prepare_keep(struct arena *arena, struct prepare *prepare, const struct expr_use *use)
{
    if (!use->step_count || use->steps[0].kind != VALUE_STRING) {
        prepare->keeps_all = true;
        return;
    }
    for (size_t i = 0; i < prepare->kept_count; i++)
        if (str_eq(prepare->kept[i], use->steps[0].text))
            return;
    ARENA_GROW(arena, prepare->kept, prepare->kept_count, prepare->kept_capacity);
    prepare->kept[prepare->kept_count++] = use->steps[0].text;
}
