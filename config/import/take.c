#include "config/import/take.h"

#include <ctype.h>

#include "base/secret_name.h"
#include "config/naming.h"
#include "core/path.h"
#include "port/http_url.h"

enum { NAMES_TRIED = 1000, PATH_BYTES_MAX = 4096, LITERAL_BYTES_MIN = 6 };

/* --- tables --- */

void import_odd(struct import *import, const struct yaml_node *node, struct outline *to)
{
    import_gap(import, to, "%.*s: not taken over, it is %s here that is not known",
               STR_ARG(node->key), yaml_kind_name(node->kind));
}

static void take_field(struct import *import, const struct field *field,
                       const struct yaml_node *node, struct outline *to, void *ctx)
{
    if (field->take)
        field->take(import, node, to, ctx);
    else if (field->key)
        outline_copy(to, field->key, node);
    else if (field->why)
        import_gap(import, to, "%s: %s", field->word, field->why);
}

void import_fields(struct import *import, const struct field *fields,
                   const struct yaml_node *map, struct outline *to, void *ctx)
{
    if (map && map->kind != YAML_MAP && map->kind != YAML_NULL)
        import_odd(import, map, to);
    for (size_t i = 0; map && map->kind == YAML_MAP && i < map->count; i++) {
        const struct yaml_node *node = map->items[i];
        const struct field *field = fields;
        while (field->word && !str_is(node->key, field->word))
            field++;
        if (!field->word)
            import_gap(import, to, "%.*s: not known, and left out", STR_ARG(node->key));
        else if (node->kind != YAML_NULL)
            take_field(import, field, node, to, ctx);
    }
}

/* --- reading --- */

const struct yaml_node *import_find(const struct yaml_node *map, const char *key)
{
    const struct yaml_node *node = map && map->kind == YAML_MAP ? yaml_find(map, key) : NULL;
    return node && node->kind != YAML_NULL ? node : NULL;
}

struct str import_text(const struct yaml_node *node)
{
    return node && yaml_is_scalar(node) && node->kind != YAML_NULL ? node->text : STR_NONE;
}

struct str import_find_text(const struct yaml_node *map, const char *key)
{
    return import_text(import_find(map, key));
}

bool import_is_true(const struct yaml_node *node)
{
    return str_eq_nocase(import_text(node), STR("true"));
}

void import_texts(struct import *import, const struct yaml_node *node, struct outline *to,
                  const char *key)
{
    bool is_list = node->kind == YAML_LIST;
    for (size_t i = 0; i < (is_list ? node->count : 1); i++) {
        struct str text = import_text(is_list ? node->items[i] : node);
        if (text.len)
            outline_add(outline_list(to, key), text);
        else
            import_odd(import, node, to);
    }
}

/* --- names --- */

struct str import_word(struct import *import, struct str text)
{
    struct str name = naming_word(import->arena, text);
    return name.len ? name : STR("api");
}

/* Behind the expression that the text begins with. */
static size_t skip_expression(struct str text)
{
    ptrdiff_t end = str_find(text, STR("}}"));
    return end < 0 ? text.len : (size_t)end + 2;
}

/* Where one of these bytes stands, outside of {{ }}; else the text's length. */
static size_t find_outside(struct str text, size_t from, const char *bytes)
{
    while (from < text.len && !strchr(bytes, text.ptr[from])) {
        struct str rest = str_slice(text, from, text.len);
        from += str_starts(rest, STR("{{")) ? skip_expression(rest) : 1;
    }
    return from;
}

/* https://user:p@ss@host/a@b → https://host/a@b */
static struct str without_user(struct import *import, struct str url)
{
    ptrdiff_t scheme = str_find(url, STR("://"));
    if (scheme < 0)
        return url;
    size_t start = (size_t)scheme + 3, host = start, end = find_outside(url, start, "/?#");
    struct str authority = str_slice(url, 0, end);
    for (size_t at; (at = find_outside(authority, host, "@")) < end;)
        host = at + 1;
    return host == start
               ? url
               : arena_printf(import->arena, "%.*s%.*s", STR_ARG(str_slice(url, 0, start)),
                              STR_ARG(str_slice(url, host, url.len)));
}

/* https://me:pw@{{ x }}.shop.example → https://x.shop.example, so that it is a URL. */
static struct str bare_url(struct import *import, struct str url)
{
    AUTO_BUF(out, PATH_BYTES_MAX);
    url = without_user(import, url);
    for (ptrdiff_t at; (at = str_find(url, STR("{{"))) >= 0;) {
        struct str rest = str_slice(url, (size_t)at, url.len);
        buf_printf(&out, "%.*sx", STR_ARG(str_slice(url, 0, (size_t)at)));
        url = str_slice(rest, skip_expression(rest), rest.len);
    }
    buf_put(&out, url);
    return arena_str(import->arena, buf_str(&out));
}

void import_name_source(struct import *import, struct str word, struct str url)
{
    struct http_url parts;
    struct err err = ERR_INIT;
    struct str name = naming_word(import->arena, word);
    if (!name.len)
        name = http_url_parse(import->arena, bare_url(import, url), &parts, &err)
                   ? naming_source(import->arena, parts.host, parts.path)
                   : STR("api");
    outline_put(import->root, "source", name);
}

struct str import_source_name(const struct import *import)
{
    return outline_text(outline_find(import->root, "source"));
}

struct outline *import_stream(struct import *import, struct str word)
{
    struct str name = naming_word(import->arena, word);
    if (!name.len)
        name = STR("records");
    struct str one = str_slice(name, 0, 44);
    for (int i = 2;
         outline_find(import->streams, arena_cstr(import->arena, one)) && i < NAMES_TRIED; i++)
        one = arena_printf(import->arena, "%.*s_%d", STR_ARG(str_slice(name, 0, 44)), i);
    struct outline *stream = outline_map(import->streams, arena_cstr(import->arena, one));
    if (!str_eq(one, word))
        outline_note(stream, "%.*s, as it was called", STR_ARG(word));
    return stream;
}

/* --- paths --- */

/* [?(@.rel=='next')] → [rel=next]; the text begins behind "[?(@." */
static bool put_filter(struct buf *out, struct str *text)
{
    struct str inside, name, rest = str_split(*text, ')', &inside);
    struct str value = str_trim(str_split(inside, '=', &name));
    while (value.len && value.ptr[0] == '=')
        value = str_trim(str_slice(value, 1, value.len));
    if (value.len < 2 || !strchr("'\"", value.ptr[0]) || !str_starts(rest, STR("]")))
        return false;
    buf_printf(out, "[%.*s=%.*s]", STR_ARG(str_trim(name)),
               STR_ARG(str_slice(value, 1, value.len - 1)));
    *text = str_slice(rest, 1, rest.len);
    return true;
}

static bool put_path(struct buf *out, struct str text)
{
    static const struct str filter = STR_INIT("[?(@.");
    while (text.len) {
        if (str_starts(text, filter)) {
            text = str_slice(text, filter.len, text.len);
            if (!put_filter(out, &text))
                return false;
            continue;
        }
        buf_put_byte(out, text.ptr[0]);
        text = str_slice(text, 1, text.len);
    }
    return true;
}

bool import_json_path(struct import *import, struct str text, struct str *ret_path)
{
    AUTO_BUF(out, PATH_BYTES_MAX);
    struct path ignored;
    struct err err = ERR_INIT;
    text = str_trim(text);
    if (str_starts(text, STR("$")))
        text = str_slice(text, 1, text.len);
    if (str_starts(text, STR(".")))
        text = str_slice(text, 1, text.len);
    while (str_ends(text, STR("[*]")) || str_ends(text, STR(".")))
        text = str_slice(text, 0, text.len - (str_ends(text, STR(".")) ? 1 : 3));
    if (str_find(text, STR("..")) >= 0 || str_find_byte(text, '`') >= 0 ||
        str_starts(text, STR(".")) || !put_path(&out, text) || out.has_overflowed ||
        !path_compile(import->arena, buf_str(&out), &ignored, &err))
        return false;
    *ret_path = arena_str(import->arena, buf_str(&out));
    return true;
}

/* --- URLs --- */

static struct str decode(struct import *import, struct str text)
{
    return str_find(text, STR("{{")) < 0 ? http_url_decode_query(import->arena, text) : text;
}

/* The first pair of "a=1&b={{ x + 1 }}"; False: there is none left. */
static bool take_param(struct import *import, struct str *query, struct str *ret_name,
                       struct str *ret_value)
{
    struct str pair = STR_NONE;
    while (query->len && !pair.len) {
        size_t end = find_outside(*query, 0, "&");
        pair = str_slice(*query, 0, end);
        *query = str_slice(*query, end + 1, query->len);
    }
    size_t at = find_outside(pair, 0, "=");
    *ret_name = decode(import, str_slice(pair, 0, at));
    *ret_value = decode(import, str_slice(pair, at + 1, pair.len));
    return pair.len > 0;
}

static void take_query(struct import *import, struct outline *to, struct str query)
{
    struct str name, value;
    while (take_param(import, &query, &name, &value))
        import_pair_text(import, to, "params", name, value);
}

static void note_url(struct import *import, struct outline *to)
{
    import_gap(import, to,
               "the URL held credentials, which are not taken over: set auth, such as {type: "
               "basic, user: …, password: \"{{ env.PASSWORD }}\"}");
}

/* https://user:password@host → https://host */
static struct str without_credentials(struct import *import, struct outline *to, struct str url)
{
    struct str bare = without_user(import, url);
    if (bare.len != url.len)
        note_url(import, to);
    return bare;
}

static bool is_expression(struct str text);

struct str import_url(struct import *import, struct outline *to, struct str url)
{
    AUTO_BUF(out, PATH_BYTES_MAX);
    url = without_credentials(import, to, str_trim(url));
    size_t at = find_outside(url, 0, "?"), count = 0;
    struct str all = str_slice(url, at + 1, url.len), query = all, name, value;
    buf_put(&out, str_slice(url, 0, at));
    while (query.len) {
        struct str rest = query;
        if (!take_param(import, &query, &name, &value))
            break;
        struct str pair = str_slice(rest, 0, rest.len - query.len);
        if (str_ends(pair, STR("&")))
            pair.len--;
        if (secret_name_is(name) && value.len && !is_expression(value))
            note_url(import, to);
        else
            buf_printf(&out, "%s%.*s", count++ ? "&" : "?", STR_ARG(pair));
    }
    if (out.has_overflowed)
        import_gap(import, to, "a URL of over %d bytes is left out: fill it in",
                   PATH_BYTES_MAX);
    return out.has_overflowed ? STR_NONE : arena_str(import->arena, buf_str(&out));
}

static struct str take_url(struct import *import, struct outline *to, struct str url)
{
    url = without_credentials(import, to, str_trim(url));
    size_t at = find_outside(url, 0, "?");
    take_query(import, to, str_slice(url, at + 1, url.len));
    return str_slice(url, 0, at);
}

void import_base_url(struct import *import, struct outline *to, struct str url)
{
    url = take_url(import, to, url);
    while (str_ends(url, STR("/")))
        url = str_slice(url, 0, url.len - 1);
    outline_put(to, "base_url", url);
}

void import_path(struct import *import, struct outline *to, struct str path)
{
    path = take_url(import, to, path);
    if (str_find(path, STR("://")) >= 0)
        outline_put(to, "url", path);
    else if (!path.len || str_starts(path, STR("/")))
        outline_put(to, "path", path);
    else
        outline_put(to, "path", arena_printf(import->arena, "/%.*s", STR_ARG(path)));
}

/* --- credentials --- */

struct secret {
    struct str name, value;
};

/* $TOKEN and ${TOKEN} */
static struct str variable_in(struct str text)
{
    struct str name = str_slice(text, 1, text.len);
    if (text.len < 2 || text.ptr[0] != '$' ||
        !(name.ptr[0] == '{' || isupper((unsigned char)name.ptr[0])))
        return STR_NONE;
    if (name.ptr[0] == '{' && str_ends(name, STR("}")))
        name = str_slice(name, 1, name.len - 1);
    for (size_t i = 0; i < name.len; i++)
        if (!isalnum((unsigned char)name.ptr[i]) && name.ptr[i] != '_')
            return STR_NONE;
    return name;
}

/* The variable of that value; one of that name with another value stands beside it. */
static struct str variable_for(struct import *import, struct str name, struct str value)
{
    struct str one = name;
    for (int i = 2; i < NAMES_TRIED; i++) {
        size_t at = 0;
        while (at < import->secret_count && !str_eq(import->secrets[at].name, one))
            at++;
        if (at < import->secret_count && str_eq(import->secrets[at].value, value))
            return one;
        if (at == import->secret_count)
            break;
        one = arena_printf(import->arena, "%.*s_%d", STR_ARG(name), i);
    }
    ARENA_GROW(import->arena, import->secrets, import->secret_count, import->secret_capacity);
    import->secrets[import->secret_count++] = (struct secret){one, value};
    import->variables = arena_join(import->arena, import->variables, ", ", one);
    return one;
}

struct str import_variable(struct import *import, struct str what, struct str literal)
{
    struct str name = variable_in(literal);
    if (!name.len)
        name = naming_variable(import->arena, import_source_name(import), what);
    return rewrite_member(import->arena, "env", variable_for(import, name, literal));
}

struct str import_secret(struct import *import, struct str what, struct str literal)
{
    struct str name = import_variable(import, what, literal);
    return arena_printf(import->arena, "{{ %.*s }}", STR_ARG(name));
}

static bool is_expression(struct str text)
{
    return str_find(text, STR("{{")) >= 0;
}

/* "Bearer x" keeps its scheme. */
static struct str hide_scheme(struct import *import, struct str name, struct str value)
{
    struct str scheme, credential = secret_name_split(value, &scheme);
    return arena_join(import->arena, scheme, " ", import_secret(import, name, credential));
}

/*
 * Is a literal of some length beside the expressions, "Bearer abcdef{{ x }}"? The first word
 * is a scheme, and one before "=" or ":" a name.
 */
static bool has_literal(struct str text)
{
    size_t at = 0, len = 0;
    bool has_blank = false;
    while (at < text.len) {
        struct str rest = str_slice(text, at, text.len);
        bool is_name = strchr("=:", text.ptr[at]) || (text.ptr[at] == ' ' && !has_blank);
        if (!is_name && len >= LITERAL_BYTES_MIN && !isalnum((unsigned char)text.ptr[at]))
            return true;
        has_blank |= text.ptr[at] == ' ';
        if (str_starts(rest, STR("{{"))) {
            at += skip_expression(rest);
            len = 0;
            continue;
        }
        len = strchr("=:; ,&\"", text.ptr[at++]) ? 0 : len + 1;
    }
    return len >= LITERAL_BYTES_MIN;
}

/* {"password": "x"}, password=x, <password>x: a name of a credential, and a value. */
static bool names_secret(struct str text)
{
    for (size_t at = 0, end; at < text.len; at = MAX(end, at + 1)) {
        for (end = at; end < text.len &&
                       (isalnum((unsigned char)text.ptr[end]) || strchr("_-.", text.ptr[end]));)
            end++;
        struct str rest = str_trim(str_slice(text, end, text.len));
        while (rest.len && strchr("\\\"'", rest.ptr[0]))
            rest = str_trim(str_slice(rest, 1, rest.len));
        struct str value = str_trim(str_slice(rest, 1, rest.len));
        while (value.len && strchr("\\\"'", value.ptr[0]))
            value = str_slice(value, 1, value.len);
        struct str name = str_slice(text, at, end);
        if (rest.len && strchr(":=>", rest.ptr[0]) && value.len &&
            !str_starts(value, STR("{{")) && secret_name_is(name) && !str_is(name, "key"))
            return true;
    }
    return false;
}

static bool is_structured(struct str text)
{
    text = str_trim(text);
    return text.len && strchr("{[<", text.ptr[0]);
}

static void put_pair_text(struct import *import, struct outline *map, struct str name,
                          struct str value)
{
    bool is_credential = secret_name_is(name) || secret_name_is_scheme(value);
    bool is_literal = !is_expression(value);
    if (is_literal && secret_name_is_scheme(value))
        value = hide_scheme(import, name, value);
    else if (is_literal && value.len && (is_credential || variable_in(value).len))
        value = import_secret(import, name, value);
    else if ((is_credential && !is_literal && has_literal(value)) ||
             (is_structured(value) && !str_starts(str_trim(value), STR("{{")) &&
              names_secret(value))) {
        value = import_secret(import, name, value);
        import_gap(import, map,
                   "%.*s: held a credential among other things; put all of it into "
                   "that variable",
                   STR_ARG(name));
    } else if (str_find(value, STR("://")) >= 0)
        value = import_url(import, map, value);
    outline_put(map, arena_cstr(import->arena, name), value);
}

void import_pair_text(struct import *import, struct outline *to, const char *key,
                      struct str name, struct str value)
{
    put_pair_text(import, outline_map(to, key), name, value);
}

static void put_members(struct import *import, const struct yaml_node *map, struct outline *to);

/* At any depth, a value that is named or looks like a credential. */
static bool holds_secret(const struct yaml_node *node)
{
    struct str text = import_text(node);
    bool is_literal = text.len && !is_expression(text);
    bool found = (is_literal && secret_name_is_scheme(text)) || names_secret(text) ||
                 (str_find(text, STR("://")) >= 0 && str_find_byte(text, '@') >= 0);
    for (size_t i = 0; !found && !yaml_is_scalar(node) && i < node->count; i++) {
        const struct yaml_node *item = node->items[i];
        bool is_named = node->kind == YAML_MAP && secret_name_is(item->key);
        found = (is_named && item->kind != YAML_NULL && !is_expression(import_text(item))) ||
                holds_secret(item);
    }
    return found;
}

/* "Authorization: Bearer x", "Bearer x", "token=x" */
static void put_item_text(struct import *import, struct outline *list, struct str text)
{
    if (secret_name_is_scheme(text) && !is_expression(text))
        outline_add(list, hide_scheme(import, STR("token"), text));
    else if (names_secret(text))
        import_gap(import, list, "an item holds a credential, which is not taken over");
    else if (str_find(text, STR("://")) >= 0)
        outline_add(list, import_url(import, list, text));
    else
        outline_add(list, text);
}

static void put_items(struct import *import, const struct yaml_node *list, struct outline *to)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct yaml_node *item = list->items[i];
        if (item->kind == YAML_MAP)
            put_members(import, item, outline_add_map(to));
        else if (item->kind == YAML_STRING)
            put_item_text(import, to, item->text);
        else if (item->kind == YAML_LIST && holds_secret(item))
            import_gap(import, to, "an item holds a credential, which is not taken over");
        else
            outline_copy(to, NULL, item);
    }
}

static void put_pair(struct import *import, struct outline *map, struct str name,
                     const struct yaml_node *value)
{
    const char *key = arena_cstr(import->arena, name);
    bool is_number = value->kind == YAML_NUMBER && secret_name_is(name);
    if (value->kind == YAML_MAP)
        put_members(import, value, outline_map(map, key));
    else if (value->kind == YAML_LIST && secret_name_is(name))
        import_gap(import, map, "%s: a credential, which is not taken over", key);
    else if (value->kind == YAML_LIST)
        put_items(import, value, outline_list(map, key));
    else if (value->kind == YAML_STRING || is_number)
        put_pair_text(import, map, name, value->text);
    else
        outline_copy(map, key, value);
}

static void put_members(struct import *import, const struct yaml_node *map, struct outline *to)
{
    for (size_t i = 0; i < map->count; i++)
        put_pair(import, to, map->items[i]->key, map->items[i]);
}

void import_pair(struct import *import, struct outline *to, const char *key, struct str name,
                 const struct yaml_node *value)
{
    put_pair(import, outline_map(to, key), name, value);
}

void import_pairs(struct import *import, const struct yaml_node *map, struct outline *to,
                  const char *key)
{
    if (map && map->kind == YAML_MAP && map->count)
        put_members(import, map, outline_map(to, key));
    else if (map && map->kind != YAML_MAP)
        import_odd(import, map, to);
}

bool import_literal(const struct yaml_node *node, struct outline *to, const char *key)
{
    if ((node->kind != YAML_MAP && secret_name_is(str_from(key))) || holds_secret(node))
        return false;
    outline_copy(to, key, node);
    return true;
}

void import_note_literals(struct import *import, struct outline *to)
{
    import_gap(import, to,
               "partitions: values that hold credentials are left out: give each by its name, "
               "and read {{ secrets.NAME }} where it is sent");
}

static bool is_form(struct str text)
{
    return text.len && find_outside(text, 0, "=") < text.len &&
           find_outside(text, 0, " \t\r\n{}[]<>\"") == text.len;
}

/* "grant_type=x&client_secret=y" is a map of a form; another text may hold no credential. */
static void put_body_text(struct import *import, struct str text, struct outline *to,
                          const char *key)
{
    struct str name, value;
    if (is_form(text)) {
        while (take_param(import, &text, &name, &value))
            import_pair_text(import, to, key, name, value);
        outline_put(to, "body_type", STR("form"));
    } else if (names_secret(text))
        import_gap(import, to,
                   "%s: a text with a credential in it, which is not taken over: write it as a "
                   "map, with {{ env.NAME }} in its place",
                   key);
    else
        outline_put(to, key, text);
}

void import_value(struct import *import, const struct yaml_node *node, struct outline *to,
                  const char *key)
{
    if (node->kind == YAML_MAP)
        put_members(import, node, outline_map(to, key));
    else if (node->kind == YAML_LIST)
        put_items(import, node, outline_list(to, key));
    else if (node->kind == YAML_STRING)
        put_body_text(import, node->text, to, key);
    else
        outline_copy(to, key, node);
}
