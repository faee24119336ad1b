#include "config/import/take.h"

#include <ctype.h>

#include "base/secret_name.h"
#include "config/identifier.h"
#include "config/naming.h"
#include "core/path.h"
#include "port/http_url.h"

enum { NAMES_TRIED = 1000, PATH_BYTES_MAX = 4096 };

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

/* https://user:password@host → https://host; whether there was anything to cut. An @ in a path
 * is none of that, one in a password is. */
static bool cut_credentials(struct import *import, struct str *url)
{
    ptrdiff_t scheme = str_find(*url, STR("://"));
    if (scheme < 0)
        return false;
    size_t begin = (size_t)scheme + 3, host = begin;
    for (size_t i = begin; i < url->len && !strchr("/?#{", url->ptr[i]); i++)
        if (url->ptr[i] == '@')
            host = i + 1;
    if (host == begin)
        return false;
    *url = arena_printf(import->arena, "%.*s%.*s", STR_ARG(str_slice(*url, 0, begin)),
                        STR_ARG(str_slice(*url, host, url->len)));
    return true;
}

/* https://me:pw@{{ x }}.shop.example → https://x.shop.example, so that it is a URL. */
static struct str bare_url(struct import *import, struct str url)
{
    AUTO_BUF(out, PATH_BYTES_MAX);
    for (ptrdiff_t at; (at = str_find(url, STR("{{"))) >= 0;) {
        struct str rest = str_slice(url, (size_t)at, url.len);
        ptrdiff_t end = str_find(rest, STR("}}"));
        buf_printf(&out, "%.*sx", STR_ARG(str_slice(url, 0, (size_t)at)));
        url = str_slice(rest, end < 0 ? rest.len : (size_t)end + 2, rest.len);
    }
    buf_put(&out, url);
    struct str bare = arena_str(import->arena, buf_str(&out));
    cut_credentials(import, &bare);
    return bare;
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

struct str import_column(struct import *import, struct str field)
{
    AUTO_BUF(out, PATH_BYTES_MAX);
    bool is_plain = identifier_is_name(field);
    if (is_plain)
        return field;
    buf_puts(&out, "\"");
    for (size_t i = 0; i < field.len; i++) {
        if (field.ptr[i] == '"')
            buf_puts(&out, "\"");
        buf_put_byte(&out, field.ptr[i]);
    }
    buf_puts(&out, "\"");
    return arena_str(import->arena, buf_str(&out));
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

/* "a=1&b=2", but for what stands in an expression. */
static void take_query(struct import *import, struct outline *to, struct str query)
{
    struct str name, value;
    while (naming_take_param(import->arena, &query, &name, &value))
        import_pair_text(import, to, "params", name, value);
}

static size_t query_at(struct str url)
{
    for (size_t i = 0; i < url.len; i++) {
        if (str_starts(str_slice(url, i, url.len), STR("{{"))) {
            ptrdiff_t end = str_find(str_slice(url, i, url.len), STR("}}"));
            i += end < 0 ? 1 : (size_t)end + 1;
        } else if (url.ptr[i] == '?')
            return i;
    }
    return url.len;
}

static struct str take_url(struct import *import, struct outline *to, struct str url)
{
    url = str_trim(url);
    if (cut_credentials(import, &url))
        import_gap(import, to,
                   "the URL held credentials, which are not taken over: set auth, such as "
                   "{type: basic, user: …, password: \"{{ env.PASSWORD }}\"}");
    size_t at = query_at(url);
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

struct str import_secret(struct import *import, struct str what, struct str literal)
{
    struct str name = variable_in(literal);
    if (!name.len)
        name = naming_variable(import->arena, import_source_name(import), what);
    name = variable_for(import, name, literal);
    return arena_printf(import->arena, "{{ env.%.*s }}", STR_ARG(name));
}

static bool is_expression(struct str text)
{
    return str_find(text, STR("{{")) >= 0;
}

/* "Bearer x" keeps its scheme. */
static struct str hide_scheme(struct import *import, struct str name, struct str value)
{
    struct str scheme, rest = str_trim(str_split(value, ' ', &scheme));
    struct str hidden = import_secret(import, name, rest.len ? rest : value);
    return rest.len ? arena_printf(import->arena, "%.*s %.*s", STR_ARG(scheme), STR_ARG(hidden))
                    : hidden;
}

static void put_pair_text(struct import *import, struct outline *map, struct str name,
                          struct str value)
{
    if (value.len && !is_expression(value)) {
        if (secret_name_is_scheme(value))
            value = hide_scheme(import, name, value);
        else if (secret_name_is(name) || variable_in(value).len)
            value = import_secret(import, name, value);
    }
    outline_put(map, arena_cstr(import->arena, name), value);
}

void import_pair_text(struct import *import, struct outline *to, const char *key,
                      struct str name, struct str value)
{
    put_pair_text(import, outline_map(to, key), name, value);
}

static void put_members(struct import *import, const struct yaml_node *map, struct outline *to);

static void put_items(struct import *import, const struct yaml_node *list, struct outline *to)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i]->kind == YAML_MAP)
            put_members(import, list->items[i], outline_add_map(to));
        else
            outline_copy(to, NULL, list->items[i]);
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

void import_value(struct import *import, const struct yaml_node *node, struct outline *to,
                  const char *key)
{
    if (node->kind == YAML_MAP)
        put_members(import, node, outline_map(to, key));
    else if (node->kind == YAML_LIST)
        put_items(import, node, outline_list(to, key));
    else
        outline_copy(to, key, node);
}
