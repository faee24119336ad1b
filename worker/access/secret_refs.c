#include "worker/access/secret_refs.h"

#include "base/redact.h"
#include "base/secret_name.h"
#include "core/template.h"
#include "port/http_url.h"
#include "worker/access/seal.h"

enum { SHORTEST_BYTES = 4, TEXT_BYTES_MAX = 16 * 1024 * 1024 };

/* Each text of the secrets, with its name: on_text returns whether to go on. */
typedef bool (*on_text_fn)(void *ctx, struct str name, struct str text);

static bool each_text(struct arena *arena, struct str name, struct value value,
                      on_text_fn on_text, void *ctx)
{
    if (value.kind == VALUE_STRING || value.kind == VALUE_NUMBER)
        return value.text.len < SHORTEST_BYTES || on_text(ctx, name, value.text);
    for (size_t i = 0; value.kind == VALUE_LIST && i < value.list->count; i++)
        if (!each_text(arena, arena_printf(arena, "%.*s.%zu", STR_ARG(name), i),
                       value.list->items[i], on_text, ctx))
            return false;
    for (size_t i = 0; value.kind == VALUE_MAP && i < value.map->count; i++) {
        const struct value_member *member = &value.map->members[i];
        struct str full = arena_printf(arena, "%.*s.%.*s", STR_ARG(name), STR_ARG(member->key));
        if (!each_text(arena, full, member->value, on_text, ctx))
            return false;
    }
    return true;
}

static void each_secret(const struct secret_refs *refs, on_text_fn on_text, void *ctx)
{
    if (refs->secrets && each_text(refs->arena, STR("env"), refs->secrets->env, on_text, ctx))
        (void)each_text(refs->arena, STR("secrets"), refs->secrets->files, on_text, ctx);
}

void secret_refs_init(struct secret_refs *refs, struct arena *arena,
                      const struct secrets *secrets)
{
    *refs = (struct secret_refs){.arena = arena, .secrets = secrets};
}

/* --- hiding --- */

/* The first secret in a text; of two at the same place the longer. */
struct search {
    struct arena *arena;
    struct str text;
    struct secret_ref found;
    size_t len; /* of what was found, 0: nothing */
};

static void look_for(struct search *search, struct str name, struct str part, bool is_encoded)
{
    ptrdiff_t at = str_find(search->text, part);
    if (at < 0 || (search->len && (at > search->found.from ||
                                   (at == search->found.from && part.len <= search->len))))
        return;
    search->found = (struct secret_ref){.from = at, .name = name, .is_encoded = is_encoded};
    search->len = part.len;
}

static bool on_secret(void *ctx, struct str name, struct str text)
{
    struct search *search = ctx;
    look_for(search, name, text, false);
    struct str encoded = http_url_encode(search->arena, text);
    if (encoded.len != text.len)
        look_for(search, name, encoded, true);
    return true;
}

static void add_ref(struct secret_refs *refs, struct secret_ref ref)
{
    ARENA_GROW(refs->arena, refs->items, refs->count, refs->capacity);
    refs->items[refs->count++] = ref;
}

static bool put_secret(void *ctx, struct str name, struct str text)
{
    struct buf *key = ctx;
    buf_printf(key, "%zu:%.*s=%zu:", name.len, STR_ARG(name), text.len);
    buf_put(key, text);
    return true;
}

/* All secrets of the stream as one text; empty where there are none. */
static struct str sealing_key(const struct secret_refs *refs)
{
    AUTO_BUF(key, TEXT_BYTES_MAX);
    each_secret(refs, put_secret, &key);
    return arena_str(refs->arena, buf_str(&key));
}

/* What each secret wrote as it is or percent-encoded. */
static struct str hide_named(struct secret_refs *refs, int64_t at, struct str text)
{
    struct search search = {.arena = refs->arena, .text = text};
    each_secret(refs, on_secret, &search);
    if (!search.len)
        return text;
    AUTO_BUF(kept, TEXT_BYTES_MAX);
    while (search.len) {
        size_t from = (size_t)search.found.from;
        buf_put(&kept, str_slice(search.text, 0, from));
        search.found.at = at;
        search.found.from = (int64_t)kept.len;
        add_ref(refs, search.found);
        struct str rest = str_slice(search.text, from + search.len, search.text.len);
        search = (struct search){.arena = refs->arena, .text = rest};
        each_secret(refs, on_secret, &search);
    }
    buf_put(&kept, search.text);
    return arena_str(refs->arena, buf_str(&kept));
}

static bool is_signed_link(struct str text)
{
    ptrdiff_t scheme = str_find(text, STR("://"));
    return scheme > 0 &&
           (str_find_byte(text, '?') > scheme || str_find_byte(text, '@') > scheme);
}

static struct str hide_text(struct secret_refs *refs, struct str text, bool is_guarded)
{
    int64_t at = refs->at++;
    size_t before = refs->count;
    struct str kept = hide_named(refs, at, text);
    struct str key = STR_NONE;
    if (is_guarded || (refs->seals && redact_has(kept)))
        key = sealing_key(refs);
    if (!key.len) {
        refs->lacks_key |= is_guarded;
        return kept;
    }
    refs->count = before;
    add_ref(refs, (struct secret_ref){.at = at, .sealed = seal_close(refs->arena, key, text)});
    return STR("");
}

struct str secret_refs_hide_text(struct secret_refs *refs, struct str text)
{
    return hide_text(refs, text, refs->guards && is_signed_link(text));
}

static struct value hide_member(struct secret_refs *refs, const struct value_member *member)
{
    if (refs->guards && member->value.kind == VALUE_STRING && secret_name_is(member->key))
        return value_string(hide_text(refs, member->value.text, true));
    return secret_refs_hide(refs, member->value);
}

struct value secret_refs_hide(struct secret_refs *refs, struct value value)
{
    if (!refs->secrets)
        return value;
    if (value.kind == VALUE_STRING)
        return value_string(secret_refs_hide_text(refs, value.text));
    if (value.kind == VALUE_LIST) {
        struct value_list *list = ARENA_NEW(refs->arena, struct value_list);
        *list = *value.list;
        list->items = ARENA_ARRAY(refs->arena, struct value, MAX(list->count, 1));
        for (size_t i = 0; i < list->count; i++)
            list->items[i] = secret_refs_hide(refs, value.list->items[i]);
        value.list = list;
    } else if (value.kind == VALUE_MAP) {
        struct value_map *map = ARENA_NEW(refs->arena, struct value_map);
        map->count = value.map->count;
        map->members = ARENA_ARRAY(refs->arena, struct value_member, MAX(map->count, 1));
        for (size_t i = 0; i < map->count; i++)
            map->members[i] = (struct value_member){value.map->members[i].key,
                                                    hide_member(refs, &value.map->members[i])};
        value.map = map;
    }
    return value;
}

void secret_refs_put(const struct secret_refs *refs, struct json_out *out, const char *key)
{
    if (!refs->count)
        return;
    json_out_open(out, key, '[');
    for (size_t i = 0; i < refs->count; i++) {
        const struct secret_ref *ref = &refs->items[i];
        json_out_open(out, NULL, '{');
        json_out_int(out, "at", ref->at);
        if (ref->sealed.len) {
            json_out_str(out, "sealed", ref->sealed);
        } else {
            json_out_int(out, "from", ref->from);
            json_out_str(out, "name", ref->name);
        }
        if (ref->is_encoded)
            json_out_bool(out, "encoded", true);
        json_out_close(out, '}');
    }
    json_out_close(out, ']');
}

/* --- showing --- */

static bool read_ref(struct value item, struct secret_ref *ret_ref)
{
    struct value name = value_get(item, STR("name")), sealed = value_get(item, STR("sealed"));
    struct secret_ref ref = {.is_encoded = value_is_true(value_get(item, STR("encoded")))};
    ref.name = name.kind == VALUE_STRING ? name.text : STR_NONE;
    ref.sealed = sealed.kind == VALUE_STRING ? sealed.text : STR_NONE;
    *ret_ref = ref;
    return value_count(value_get(item, STR("at")), &ret_ref->at) &&
           (ref.sealed.len ||
            (ref.name.ptr && value_count(value_get(item, STR("from")), &ret_ref->from)));
}

bool secret_refs_read(struct secret_refs *refs, struct value list, struct err *err)
{
    for (size_t i = 0; list.kind == VALUE_LIST && i < list.list->count; i++) {
        struct secret_ref ref;
        if (!read_ref(list.list->items[i], &ref))
            return err_set(err, ERR_INPUT, "checkpoint", 0,
                           "the checkpoint's references to secrets cannot be read");
        add_ref(refs, ref);
    }
    return true;
}

struct named {
    struct str name, text;
};

static bool on_named(void *ctx, struct str name, struct str text)
{
    struct named *wanted = ctx;
    if (!str_eq(name, wanted->name))
        return true;
    wanted->text = text;
    return false;
}

static bool show_sealed(struct secret_refs *refs, struct str *text, struct err *err)
{
    const struct secret_ref *ref = &refs->items[refs->next++];
    return seal_open(refs->arena, sealing_key(refs), ref->sealed, text) ||
           err_set(err, ERR_INPUT, "checkpoint", 0,
                   "the checkpoint holds a secret that the API has sent back, and the secrets "
                   "have changed since: it cannot be read any more; start a new run");
}

bool secret_refs_show_text(struct secret_refs *refs, struct str *text, struct err *err)
{
    int64_t at = refs->at++;
    size_t done = 0;
    if (refs->next == refs->count || refs->items[refs->next].at != at)
        return true;
    if (refs->items[refs->next].sealed.len)
        return show_sealed(refs, text, err);
    AUTO_BUF(shown, TEXT_BYTES_MAX);
    for (; refs->next < refs->count && refs->items[refs->next].at == at; refs->next++) {
        const struct secret_ref *ref = &refs->items[refs->next];
        struct named named = {ref->name, STR_NONE};
        each_secret(refs, on_named, &named);
        if (!named.text.ptr || ref->from < (int64_t)done || ref->from > (int64_t)text->len)
            return err_set(err, ERR_INPUT, "checkpoint", 0,
                           "the checkpoint names %.*s, which is not there", STR_ARG(ref->name));
        buf_put(&shown, str_slice(*text, done, (size_t)ref->from));
        buf_put(&shown,
                ref->is_encoded ? http_url_encode(refs->arena, named.text) : named.text);
        done = (size_t)ref->from;
    }
    buf_put(&shown, str_slice(*text, done, text->len));
    *text = arena_str(refs->arena, buf_str(&shown));
    return true;
}

bool secret_refs_show(struct secret_refs *refs, struct value *value, struct err *err)
{
    if (refs->next == refs->count)
        return true;
    if (value->kind == VALUE_STRING)
        return secret_refs_show_text(refs, &value->text, err);
    for (size_t i = 0; value->kind == VALUE_LIST && i < value->list->count; i++)
        if (!secret_refs_show(refs, &value->list->items[i], err))
            return false;
    for (size_t i = 0; value->kind == VALUE_MAP && i < value->map->count; i++)
        if (!secret_refs_show(refs, &value->map->members[i].value, err))
            return false;
    return true;
}

/* --- what is made of a secret --- */

/* The same secrets with other texts; '+' is what an encoding of URLs changes. */
static struct value disguise(struct arena *arena, struct value value, int *count)
{
    if (value.kind == VALUE_STRING && value.text.len >= SHORTEST_BYTES)
        return value_string(arena_printf(arena, "+stand-in-%d+", (*count)++));
    if (value.kind == VALUE_LIST) {
        struct value_list *list = ARENA_NEW(arena, struct value_list);
        *list = *value.list;
        list->items = ARENA_ARRAY(arena, struct value, MAX(list->count, 1));
        for (size_t i = 0; i < list->count; i++)
            list->items[i] = disguise(arena, value.list->items[i], count);
        value.list = list;
    } else if (value.kind == VALUE_MAP) {
        struct value_map *map = ARENA_NEW(arena, struct value_map);
        map->count = value.map->count;
        map->members = ARENA_ARRAY(arena, struct value_member, MAX(map->count, 1));
        for (size_t i = 0; i < map->count; i++)
            map->members[i] = (struct value_member){
                value.map->members[i].key, disguise(arena, value.map->members[i].value, count)};
        value.map = map;
    }
    return value;
}

struct trial {
    const struct expr_scope *scope;
    struct secrets secrets;
};

static bool find_other(void *ctx, struct str name, struct arena *arena, struct value *ret)
{
    const struct trial *trial = ctx;
    if (!secrets_is_root(name))
        return trial->scope->find(trial->scope->ctx, name, arena, ret);
    *ret = str_is(name, "env") ? trial->secrets.env : trial->secrets.files;
    return true;
}

static struct value root(const struct expr_scope *scope, const char *name, struct arena *arena)
{
    struct value value;
    return scope->find(scope->ctx, str_from(name), arena, &value) ? value : UNDEFINED_VALUE;
}

bool secret_refs_cover(const struct template *template, const struct expr_scope *scope,
                       struct value value, struct arena *arena)
{
    int count = 0;
    struct err ignored = ERR_INIT;
    const struct secrets real = {root(scope, "env", arena), root(scope, "secrets", arena)};
    struct trial trial = {
        scope, {disguise(arena, real.env, &count), disguise(arena, real.files, &count)}};
    struct expr_scope other = *scope;
    other.find = find_other;
    other.ctx = &trial;
    struct value made;
    if (!template_fill(template, &other, true, arena, &made, &ignored))
        return false;
    struct secret_refs refs;
    secret_refs_init(&refs, arena, &trial.secrets);
    made = secret_refs_hide(&refs, made);
    refs.secrets = &real;
    refs.at = 0;
    return secret_refs_show(&refs, &made, &ignored) && value_same(made, value);
}
