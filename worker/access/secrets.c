#include "worker/access/secrets.h"

#include <errno.h>

#include "base/file.h"
#include "base/redact.h"
#include "base/secret_name.h"
#include "config/credential.h"

enum { SECRET_BYTES_MAX = 64 * 1024, NAMES_MAX = 256, PART_BYTES_MIN = 8, PARTS_MAX = 256 };

struct secret_names {
    struct str items[NAMES_MAX];
    size_t count;
};

struct wanted {
    struct secret_names env, files;
};

static void add_name(struct secret_names *names, struct str name)
{
    for (size_t i = 0; i < names->count; i++)
        if (str_eq(names->items[i], name))
            return;
    if (names->count < NAMES_MAX)
        names->items[names->count++] = name;
}

static void on_use(void *ctx, const struct expr_use *use)
{
    struct wanted *wanted = ctx;
    if (!use->step_count || use->steps[0].kind != VALUE_STRING)
        return;
    if (str_is(use->root, "env"))
        add_name(&wanted->env, use->steps[0].text);
    if (str_is(use->root, "secrets"))
        add_name(&wanted->files, use->steps[0].text);
}

bool secrets_is_root(struct str name)
{
    return str_is(name, "env") || str_is(name, "secrets");
}

static void on_use_of_any(void *ctx, const struct expr_use *use)
{
    bool *found = ctx;
    *found |= secrets_is_root(use->root);
}

bool secrets_used_by(const struct template *template)
{
    bool found = false;
    template_uses(template, on_use_of_any, &found);
    return found;
}

static void on_use_of_var(void *ctx, const struct expr_use *use)
{
    bool *found = ctx;
    *found |= str_is(use->root, "vars") && use->step_count &&
              use->steps[0].kind == VALUE_STRING && secret_name_is(use->steps[0].text);
}

bool secrets_named_by(const struct template *template)
{
    bool found = false;
    template_uses(template, on_use_of_var, &found);
    return found || secrets_used_by(template);
}

bool secrets_are_in(struct str name, const struct template *template)
{
    bool is_text =
        template->kind == TEMPLATE_CONSTANT && template->constant.kind == VALUE_STRING;
    return secret_name_is(name) || secrets_named_by(template) ||
           (is_text && secret_name_is_scheme(template->constant.text));
}

struct user {
    expr_use_fn fn;
    void *ctx;
};

static void tell_uses(void *ctx, const struct template *template)
{
    const struct user *user = ctx;
    template_uses(template, user->fn, user->ctx);
}

/* In every template of the stream where credentials may be used. */
void secrets_each_use(const struct stream *stream, expr_use_fn fn, void *ctx)
{
    struct user user = {fn, ctx};
    const struct next_page *next = &stream->pagination.next_page;
    const struct count_request *count = &stream->pagination.count.request;
    const struct prepare_request *request = &stream->prepare.request,
                                 *poll = &stream->prepare.poll;
    const struct template *const fixed[] = {
        &stream->url,     &stream->path, stream->body,    next->params,     next->headers,
        next->body,       next->url,     stream->proxy,   stream->ca_file,  stream->cert_file,
        stream->key_file, count->path,   count->params,   count->headers,   count->body,
        request->path,    request->url,  request->params, request->headers, request->body,
        poll->path,       poll->params,  poll->headers,   poll->body};
    auth_each_template(&stream->auth, tell_uses, &user);
    for (size_t i = 0; i < COUNT_OF(fixed); i++)
        if (fixed[i])
            template_uses(fixed[i], fn, ctx);
    for (size_t i = 0; i < stream->param_count; i++)
        template_uses(&stream->params[i].template, fn, ctx);
    for (size_t i = 0; i < stream->header_count; i++)
        template_uses(&stream->headers[i].template, fn, ctx);
}

/* The name of a value, as in `sid=abc` and `user:password`: no secret itself. */
static bool is_key(struct str value, size_t end, const char *separators)
{
    return end + 1 < value.len && strchr("=:", value.ptr[end]) &&
           !strchr(separators, value.ptr[end + 1]);
}

/*
 * An API may say back one of several words alone: of "Bearer abc", of the cookies "a=b; c=d",
 * of "user:password", a line of a key. A short part is one only behind a scheme: words of four
 * letters are everywhere.
 */
static void register_text(struct str name, struct str value)
{
    bool is_pair = str_find_byte(value, ':') > 0 && str_find(value, STR("://")) < 0;
    const char *separators = is_pair ? " \t\r\n;=,:" : " \t\r\n;=,";
    size_t from = 0, parts = 0;
    redact_add(name, value);
    for (size_t i = 0; i <= value.len && parts < PARTS_MAX; i++) {
        if (i < value.len && !strchr(separators, value.ptr[i]))
            continue;
        bool is_behind_scheme = parts == 1 && secret_name_is_scheme(value);
        if ((i - from >= PART_BYTES_MIN || is_behind_scheme) && !is_key(value, i, separators))
            redact_add(name, str_slice(value, from, i));
        parts++;
        from = i + 1;
    }
}

static void register_all(struct arena *arena, struct str name, struct value value)
{
    if (value.kind == VALUE_STRING || value.kind == VALUE_NUMBER)
        register_text(name, value.text);
    for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count; i++)
        register_all(arena, arena_printf(arena, "%.*s.%zu", STR_ARG(name), i),
                     value.list->items[i]);
    for (size_t i = 0; value.kind == VALUE_MAP && i < value.map->count; i++) {
        struct value_member *member = &value.map->members[i];
        register_all(arena,
                     arena_printf(arena, "%.*s.%.*s", STR_ARG(name), STR_ARG(member->key)),
                     member->value);
    }
}

static bool read_env(struct arena *arena, struct str name, struct value *ret, struct err *err)
{
    const char *text = getenv(arena_cstr(arena, name));
    if (!text)
        return err_set(err, ERR_CONFIG, "secrets", 0,
                       "env.%.*s is not set in the environment of this process", STR_ARG(name));
    if (!*text)
        return err_set(err, ERR_CONFIG, "secrets", 0, "env.%.*s is empty", STR_ARG(name));
    *ret = value_string(arena_str(arena, str_from(text)));
    return true;
}

static bool is_empty(struct value value)
{
    return value.kind == VALUE_NULL || (value.kind == VALUE_STRING && !value.text.len) ||
           (value.kind == VALUE_LIST && !value.list->count) ||
           (value.kind == VALUE_MAP && !value.map->count);
}

static bool read_text(struct arena *arena, struct str path, struct str *ret, struct err *err)
{
    AUTO_BUF(buf, SECRET_BYTES_MAX);
    if (!file_read(path.ptr, &buf, err))
        return false;
    *ret = arena_str(arena, file_trim_end(buf_str(&buf)));
    return true;
}

static bool read_secret(struct arena *arena, const char *dir, struct str name,
                        struct value *ret, struct err *err)
{
    struct str text;
    if (!dir)
        return err_set(err, ERR_CONFIG, "secrets", 0,
                       "secrets.%.*s is used but secrets_dir is not set", STR_ARG(name));
    if (str_find_byte(name, '/') >= 0 || str_is(name, ".."))
        return err_set(err, ERR_CONFIG, "secrets", 0, "secrets.%.*s is no file name",
                       STR_ARG(name));
    struct str path = arena_printf(arena, "%s/%.*s", dir, STR_ARG(name));
    struct err why = ERR_INIT, why_json = ERR_INIT;
    if (read_text(arena, path, &text, &why)) {
        *ret = value_string(text);
        return true;
    }
    struct str json = arena_printf(arena, "%.*s.json", STR_ARG(path));
    bool is_json = why.code == ENOENT && read_text(arena, json, &text, &why_json);
    if (!is_json && why.code == ENOENT && why_json.code != ENOENT)
        why = why_json; /* x.json is there, and is what cannot be read */
    if (!is_json && (why.is_lack || why_json.is_lack)) {
        *err = why.is_lack ? why : why_json;
        return err_wrap(err, "secrets.%.*s", STR_ARG(name));
    }
    if (!is_json)
        return err_set(err, ERR_CONFIG, "secrets", why.code, "secrets.%.*s: cannot read %s",
                       STR_ARG(name), why.text);
    if (!value_parse(arena, text, VALUE_WHOLE, ret, err)) {
        err->kind = ERR_CONFIG;
        return err_wrap(err, "secrets.%.*s", STR_ARG(name));
    }
    return true;
}

static struct {
    secrets_find_fn find;
    void *ctx;
} replaced;

void secrets_replace(secrets_find_fn find, void *ctx)
{
    replaced.find = find;
    replaced.ctx = ctx;
}

static bool read_one(struct arena *arena, const char *dir, bool from_env, struct str name,
                     struct value *ret, struct err *err)
{
    if (replaced.find) {
        *ret = replaced.find(
            replaced.ctx, arena,
            arena_printf(arena, "%s.%.*s", from_env ? "env" : "secrets", STR_ARG(name)));
        return true;
    }
    return from_env ? read_env(arena, name, ret, err) : read_secret(arena, dir, name, ret, err);
}

static bool read_all(struct arena *arena, const char *dir, bool from_env,
                     const struct secret_names *names, struct value *ret, struct err *err)
{
    struct value_map *map = ARENA_NEW(arena, struct value_map);
    map->members = ARENA_ARRAY(arena, struct value_member, names->count);
    for (size_t i = 0; i < names->count; i++) {
        struct str name = arena_str(arena, names->items[i]);
        struct value value;
        if (!read_one(arena, dir, from_env, name, &value, err))
            return false;
        if (is_empty(value))
            return err_set(err, ERR_CONFIG, "secrets", 0, "secrets.%.*s is empty",
                           STR_ARG(name));
        const char *root = from_env ? "env" : "secrets";
        register_all(arena, arena_printf(arena, "%s.%.*s", root, STR_ARG(name)), value);
        map->members[map->count++] = (struct value_member){name, value};
    }
    *ret = (struct value){.kind = VALUE_MAP, .map = map};
    return true;
}

static void on_literal(void *ctx, struct str place, struct str value)
{
    (void)ctx;
    register_text(place, value);
}

bool secrets_collect(struct arena *arena, const struct stream *stream, const char *secrets_dir,
                     struct secrets *ret_secrets, struct err *err)
{
    struct wanted wanted = {0};
    struct secrets secrets;
    secrets_each_use(stream, on_use, &wanted);
    credential_find(stream, on_literal, NULL);
    if (!read_all(arena, secrets_dir, true, &wanted.env, &secrets.env, err) ||
        !read_all(arena, secrets_dir, false, &wanted.files, &secrets.files, err))
        return false;
    *ret_secrets = secrets;
    return true;
}
