#include "cli/url_source.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/secret_name.h"
#include "base/units.h"
#include "cli/say.h"
#include "cli/url_body.h"
#include "config/identifier.h"
#include "config/naming.h"

enum { TEXT_BYTES_MAX = 1024 * 1024, ERRORS_BYTES_MAX = 1024 * 1024 };

bool url_source_is_url(const char *word)
{
    struct str text = str_from(word);
    return str_starts(text, STR("http://")) || str_starts(text, STR("https://")) ||
           str_starts(text, STR("http+unix://"));
}

/* --- credentials --- */

static struct str quoted(struct hiding *hiding, struct str text)
{
    return draft_quote(hiding->arena, text);
}

static bool refuse_auth(void)
{
    cli_usage("--auth takes bearer:TOKEN, basic:USER:PASSWORD, header:NAME:VALUE or "
              "query:NAME:VALUE");
    return false;
}

static struct str hidden(struct hiding *hiding, const char *what, struct str value)
{
    return quoted(hiding, url_hide(hiding, what, value));
}

static struct str bearer(struct hiding *hiding, struct str token)
{
    struct str text = hidden(hiding, "token", token);
    return arena_printf(hiding->arena, "{type: bearer, token: %.*s}", STR_ARG(text));
}

/* "Basic {{ (env.SHOP_USER ~ ':') | b64encode }}": the user is the key, and no password is. */
static struct str basic_key(struct hiding *hiding, struct str user)
{
    struct str name = url_hide(hiding, "user", user);
    struct str inside = str_trim(str_slice(name, 2, name.len - 2));
    struct str value =
        arena_printf(hiding->arena, "Basic {{ (%.*s ~ ':') | b64encode }}", STR_ARG(inside));
    return arena_printf(hiding->arena,
                        "{type: api_key, in: header, name: Authorization, value: %.*s}",
                        STR_ARG(quoted(hiding, value)));
}

/* What stands behind "{{ env.NAME }}". */
static struct str value_of(struct arena *arena, struct str expression)
{
    struct str inner = str_trim(str_slice(expression, 2, MAX(expression.len, 4) - 2));
    const char *value = NULL;
    if (str_starts(inner, STR("env.")))
        value = getenv(arena_cstr(arena, str_slice(inner, 4, inner.len)));
    return value ? str_from(value) : STR_NONE;
}

/* A user that is the password too could not be shown: both are the variable. */
static struct str basic(struct hiding *hiding, struct str user, struct str password)
{
    if (!password.len)
        return basic_key(hiding, user);
    struct str shown = url_hide(hiding, "password", password), text = quoted(hiding, shown);
    bool is_same = user.len && str_eq(user, value_of(hiding->arena, shown));
    struct str name = is_same ? text : quoted(hiding, user);
    return arena_printf(hiding->arena, "{type: basic, user: %.*s, password: %.*s}",
                        STR_ARG(name), STR_ARG(text));
}

static struct str api_key(struct hiding *hiding, struct str in, struct str name,
                          struct str value)
{
    struct str shown = quoted(hiding, name), text = hidden(hiding, "key", value);
    return arena_printf(hiding->arena, "{type: api_key, in: %.*s, name: %.*s, value: %.*s}",
                        STR_ARG(in), STR_ARG(shown), STR_ARG(text));
}

static bool take_auth(struct hiding *hiding, const char *text)
{
    struct str kind, name, rest, value;
    struct draft *draft = hiding->draft;
    if (!text)
        return true;
    rest = str_split(str_from(text), ':', &kind);
    value = str_split(rest, ':', &name);
    if (str_is(kind, "bearer") && rest.len)
        draft->auth = bearer(hiding, rest);
    else if (str_is(kind, "basic") && value.ptr)
        draft->auth = basic(hiding, name, value);
    else if ((str_is(kind, "header") || str_is(kind, "query")) && name.len && value.len)
        draft->auth = api_key(hiding, kind, name, value);
    else
        return refuse_auth();
    return true;
}

/* "Bearer x" is a type of auth; of other schemes the word stays, and what follows is hidden. */
static void take_authorization(struct hiding *hiding, struct str name, struct str value)
{
    struct str scheme, credential = secret_name_split(value, &scheme);
    struct draft *draft = hiding->draft;
    if (str_eq_nocase(scheme, STR("bearer")) && !draft->auth.len) {
        draft->auth = bearer(hiding, credential);
        return;
    }
    struct str shown =
        arena_join(hiding->arena, scheme, " ", url_hide(hiding, "authorization", credential));
    (void)!draft_set(&draft->headers, name, quoted(hiding, shown));
}

/* The body's own form says it, and is not said twice. */
static bool is_type_of_body(const struct draft *draft, struct str name, struct str value)
{
    struct str type;
    str_split(value, ';', &type);
    struct str own =
        draft->is_form ? STR("application/x-www-form-urlencoded") : STR("application/json");
    return draft->has_body && !draft->whole_body.len &&
           str_eq_nocase(name, STR("content-type")) && str_eq_nocase(str_trim(type), own);
}

static bool take_header(struct hiding *hiding, const char *text)
{
    struct str name, value = str_trim(str_split(str_from(text), ':', &name));
    name = arena_str(hiding->arena, str_trim(name));
    if (!identifier_is_header(name) || !value.len) {
        cli_usage("--header takes 'NAME: VALUE'");
        return false;
    }
    if (str_eq_nocase(name, STR("authorization"))) {
        take_authorization(hiding, name, value);
        return true;
    }
    if (secret_name_is(name) || secret_name_is_scheme(value))
        value = url_hide(hiding, arena_cstr(hiding->arena, name), value);
    if (is_type_of_body(hiding->draft, name, value))
        return true;
    if (draft_set(&hiding->draft->headers, name, quoted(hiding, value)))
        return true;
    cli_usage("--header is given too often");
    return false;
}

/* A parameter of the URL, such as api_key=…, goes with the credentials. */
static void hide_params(struct hiding *hiding, struct str url)
{
    struct draft_pairs *params = &hiding->draft->params;
    struct str ignored, name, value, query = str_split(url, '?', &ignored);
    while (naming_take_param(hiding->arena, &query, &name, &value)) {
        if (!secret_name_is(name) || !value.len)
            continue;
        struct str shown = url_hide(hiding, arena_cstr(hiding->arena, name), value);
        (void)!draft_set(params, name, quoted(hiding, shown));
    }
}

/* --- the definition --- */

/* "a, b" → ["a", "b"] */
static struct str key_list(struct arena *arena, const char *text)
{
    struct str rest = str_from(text), one, list = STR_NONE;
    while (rest.len) {
        rest = str_split(rest, ',', &one);
        if (str_trim(one).len)
            list = arena_join(arena, list, ", ", draft_quote(arena, str_trim(one)));
    }
    return list.len ? arena_printf(arena, "[%.*s]", STR_ARG(list)) : STR_NONE;
}

static void on_retry(void *ctx, const struct err *err, int64_t delay_ms)
{
    AUTO_BUF(wait, 64);
    (void)ctx;
    units_format_duration(&wait, delay_ms);
    say_note(stderr, "  %s; again in %.*s", err->text, STR_ARG(buf_str(&wait)));
}

static bool take_options(struct cli *cli, struct str url, struct hiding *hiding)
{
    const struct options *options = &cli->options;
    hiding->draft->allows_http = options->allow_http;
    hiding->draft->allows_private = options->allow_private;
    hide_params(hiding, url);
    if (!take_auth(hiding, options->auth) || !url_body_take(options, hiding))
        return false;
    for (size_t i = 0; i < options->headers.count; i++)
        if (!take_header(hiding, options->headers.items[i]))
            return false;
    return true;
}

static void write_definition(struct cli *cli, struct url_source *source)
{
    AUTO_BUF(text, TEXT_BYTES_MAX);
    struct str shown;
    str_split(source->url, '?', &shown);
    buf_printf(&text,
               "# Found out by `pagetide discover` from %.*s with %d requests.\n"
               "# `pagetide preview %.*s` shows its pages, docs/sources.md has every key.\n",
               STR_ARG(shown), source->discovery.reader.requests, STR_ARG(source->name));
    draft_write(&source->discovery.draft, DRAFT_PRINTED, &source->discovery.notes, &text);
    source->definition = arena_str(cli->arena, buf_str(&text));
}

/* How the command line says what the error asks for. */
static void say_hint(const struct discovery *discovery, const struct err *err)
{
    struct str text = str_from(err->text);
    int status = discovery->look.status;
    const char *hint = NULL;
    if (status == 401 || status == 403)
        hint = "--auth bearer:TOKEN, or --header 'NAME: VALUE'";
    else if (str_find(text, STR("allow_http")) >= 0)
        hint = "--allow-http";
    else if (str_find(text, STR("allow_private")) >= 0)
        hint = "--allow-private";
    if (hint)
        say_line(stderr, "  try: %s", hint);
}

/* What was tried was written in other words than what is printed. */
static bool read_definition(struct cli *cli, struct url_source *source, struct err *err)
{
    AUTO_BUF(errors, ERRORS_BYTES_MAX);
    struct source *read;
    if (!source_parse(cli->arena, STR("(discovered)"), source->definition, &read, &errors, err))
        return false;
    source->stream = read->streams[0];
    return true;
}

static void open_discovery(struct cli *cli, struct discovery *discovery)
{
    const struct options *options = &cli->options;
    discovery->arena = discovery->reader.arena = discovery->notes.arena = cli->arena;
    discovery->reader.loop = cli_loop(cli);
    discovery->reader.secrets_dir = cli->settings.secrets_dir;
    discovery->reader.on_retry = on_retry;
    discovery->pages =
        options->pages ? (int)MIN(options->pages, READING_PAGES_MAX) : DISCOVER_PAGES;
    if (options->key)
        discovery->given_key = key_list(cli->arena, options->key);
}

bool url_source_open(struct cli *cli, const char *url, const char *name, struct url_source *ret)
{
    struct err err = ERR_INIT;
    struct draft *draft = &ret->discovery.draft;
    struct hiding hiding = {.arena = cli->arena, .draft = draft};
    *ret = (struct url_source){0};
    str_split(str_from(url), '#', &ret->url);
    open_discovery(cli, &ret->discovery);
    if (!draft_open(draft, cli->arena, ret->url, str_from(name), &err)) {
        cli_fail(&err);
        return false;
    }
    ret->name =
        arena_printf(cli->arena, "%.*s.%.*s", STR_ARG(draft->source), STR_ARG(draft->stream));
    if (!take_options(cli, ret->url, &hiding))
        return false;
    ret->variables = hiding.variables;
    return true;
}

bool url_source_find(struct cli *cli, struct url_source *source, int *ret_code)
{
    struct err err = ERR_INIT;
    if (!discover(&source->discovery, &err)) {
        *ret_code = cli_fail(&err);
        say_hint(&source->discovery, &err);
        return false;
    }
    write_definition(cli, source);
    if (read_definition(cli, source, &err))
        return true;
    *ret_code = cli_fail(&err);
    return false;
}

void url_source_tell(const struct url_source *source)
{
    static const char *const words[] = {
        [NOTE_TRIED] = "tried", [NOTE_SURE] = "found", [NOTE_UNSURE] = "unsure"};
    const struct notes *notes = &source->discovery.notes;
    for (size_t i = 0; i < notes->count; i++)
        say_note(stderr, "  %-6s  %s: %.*s", words[notes->items[i].kind], notes->items[i].about,
                 STR_ARG(notes->items[i].text));
    if (source->variables.len)
        say_note(stderr,
                 "  the definition takes its credentials from the environment: set %.*s",
                 STR_ARG(source->variables));
}
