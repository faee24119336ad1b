#include "config/credential.h"

#include "base/secret_name.h"
#include "port/http_url.h"

struct finder {
    credential_fn fn;
    void *ctx;
    struct arena *arena;
};

/* In a body or a variable `key` names anything: {key: "created_at", value: …}. */
static bool is_credential(struct str place, struct str name)
{
    bool is_sent_by_name = str_find(place, STR("headers.")) == 0 ||
                           str_find(place, STR("params.")) == 0 ||
                           str_find_byte(place, '?') >= 0;
    return secret_name_is(name) && (is_sent_by_name || !str_eq_nocase(name, STR("key")));
}

static void say(const struct finder *finder, struct str place, struct value value)
{
    if ((value.kind == VALUE_STRING && value.text.len) || value.kind == VALUE_NUMBER)
        finder->fn(finder->ctx, place, value.text);
    for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count; i++)
        say(finder, place, value.list->items[i]);
}

static void find_value(const struct finder *finder, struct str place, struct str name,
                       struct value value)
{
    bool has_scheme = str_find(place, STR("headers.")) >= 0 && value.kind == VALUE_STRING &&
                      secret_name_is_scheme(value.text);
    if (is_credential(place, name) || has_scheme)
        say(finder, place, value);
    for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count; i++)
        if (value.list->items[i].kind == VALUE_MAP)
            find_value(finder, place, STR_NONE, value.list->items[i]);
    for (size_t i = 0; value.kind == VALUE_MAP && i < value.map->count; i++) {
        const struct value_member *member = &value.map->members[i];
        find_value(
            finder,
            arena_printf(finder->arena, "%.*s.%.*s", STR_ARG(place), STR_ARG(member->key)),
            member->key, member->value);
    }
}

/* Below maps: a template that names a secret, or anything else with a value, is no literal. */
static void find_template(const struct finder *finder, struct str place, struct str name,
                          const struct template *template)
{
    if (!template)
        return;
    if (template->kind == TEMPLATE_CONSTANT)
        find_value(finder, place, name, template->constant);
    for (size_t i = 0; template->kind == TEMPLATE_MAP && i < template->count; i++)
        find_template(finder,
                      arena_printf(finder->arena, "%.*s.%.*s", STR_ARG(place),
                                   STR_ARG(template->keys[i])),
                      template->keys[i], &template->items[i]);
    for (size_t i = 0; template->kind == TEMPLATE_LIST && i < template->count; i++)
        find_template(finder, place, name, &template->items[i]);
}

static void find_named(const struct finder *finder, const char *key,
                       const struct named_template *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        find_template(finder,
                      arena_printf(finder->arena, "%s.%.*s", key, STR_ARG(list[i].name)),
                      list[i].name, &list[i].template);
}

enum { EXPRESSION = '\1' }; /* stands for one, in the text below */

static struct str text_of(struct arena *arena, const struct template *template)
{
    struct str text = template->kind == TEMPLATE_CONSTANT ? template->constant.text : STR_NONE;
    for (size_t i = 0; template->kind == TEMPLATE_MIXED && i < template->count; i++) {
        const struct template_part *part = &template->parts[i];
        struct str more = part->expr ? STR("\1") : part->text;
        text = arena_printf(arena, "%.*s%.*s", STR_ARG(text), STR_ARG(more));
    }
    return text;
}

/* "…?name=value&…", as it is written; its value ends where an expression begins. */
static void find_query(const struct finder *finder, const char *key,
                       const struct template *template)
{
    struct str text = template ? text_of(finder->arena, template) : STR_NONE;
    ptrdiff_t mark = str_find_byte(text, '?');
    struct str rest = mark < 0 ? STR_NONE : str_slice(text, (size_t)mark + 1, text.len);
    while (rest.len) {
        struct str pair, name, value;
        rest = str_split(rest, '&', &pair);
        (void)str_split(pair, '#', &pair);
        value = str_split(pair, '=', &name);
        (void)str_split(value, EXPRESSION, &value);
        name = http_url_decode_query(finder->arena, name);
        value = http_url_decode_query(finder->arena, value);
        find_value(finder, arena_printf(finder->arena, "%s?%.*s", key, STR_ARG(name)), name,
                   value_string(value));
    }
}

/* The password of "http://user:password@proxy:3128". */
static void find_proxy(const struct finder *finder, const struct template *proxy)
{
    struct str url =
        proxy && proxy->kind == TEMPLATE_CONSTANT ? proxy->constant.text : STR_NONE;
    ptrdiff_t from = str_find(url, STR("://"));
    size_t at = url.len;
    while (at > 0 && url.ptr[at - 1] != '@')
        at--;
    if (from < 0 || at <= (size_t)from + 3)
        return;
    struct str user, login = str_slice(url, (size_t)from + 3, at - 1);
    struct str password = str_split(login, ':', &user);
    finder->fn(finder->ctx, STR("proxy"), password.len ? password : user);
}

void credential_find(const struct stream *stream, credential_fn fn, void *ctx)
{
    AUTO_ARENA struct arena *arena = arena_new();
    const struct finder finder = {fn, ctx, arena};
    const struct next_page *next = &stream->pagination.next_page;
    const struct count_request *count = &stream->pagination.count.request;
    find_named(&finder, "headers", stream->headers, stream->header_count);
    find_named(&finder, "params", stream->params, stream->param_count);
    find_named(&finder, "vars", stream->vars, stream->var_count);
    find_template(&finder, STR("body"), STR_NONE, stream->body);
    find_template(&finder, STR("next_page.headers"), STR_NONE, next->headers);
    find_template(&finder, STR("next_page.params"), STR_NONE, next->params);
    find_template(&finder, STR("next_page.body"), STR_NONE, next->body);
    find_template(&finder, STR("total.request.params"), STR_NONE, count->params);
    find_template(&finder, STR("total.request.headers"), STR_NONE, count->headers);
    find_template(&finder, STR("total.request.body"), STR_NONE, count->body);
    const struct prepare_request *request = &stream->prepare.request,
                                 *poll = &stream->prepare.poll;
    find_template(&finder, STR("prepare.request.params"), STR_NONE, request->params);
    find_template(&finder, STR("prepare.request.headers"), STR_NONE, request->headers);
    find_template(&finder, STR("prepare.request.body"), STR_NONE, request->body);
    find_template(&finder, STR("prepare.poll.params"), STR_NONE, poll->params);
    find_template(&finder, STR("prepare.poll.headers"), STR_NONE, poll->headers);
    find_template(&finder, STR("prepare.poll.body"), STR_NONE, poll->body);
    find_proxy(&finder, stream->proxy);
    find_query(&finder, "url", &stream->url);
    find_query(&finder, "path", &stream->path);
    find_query(&finder, "next_page.url", next->url);
    find_query(&finder, "total.request.path", count->path);
    find_query(&finder, "prepare.request.path", request->path);
    find_query(&finder, "prepare.request.url", request->url);
    find_query(&finder, "prepare.poll.path", poll->path);
}
