#include "config/catalogue.h"

#include "config/definition.h"
#include "config/keys.h"
#include "config/shorthand.h"
#include "config/source.h"
#include "tests/support/suite.h"

/* Each entry of config/catalogue, as a source that is like it has it. */

static const char *const own_keys[] = {"server", "versions", "cannot",
                                       "needs",  "defaults", "streams"};

static bool is_own(struct str key)
{
    for (size_t i = 0; i < COUNT_OF(own_keys); i++)
        if (str_is(key, own_keys[i]))
            return true;
    return false;
}

/* Keys that are the user's alone. */
static bool is_users(struct str key)
{
    static const char *const keys[] = {"source", "like", "base_url", "schema", "schedule"};
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        if (str_is(key, keys[i]))
            return true;
    return false;
}

static void check_no_users_key(struct str entry, const struct yaml_node *map)
{
    for (size_t i = 0; map && i < map->count; i++)
        ck_assert_msg(!is_users(map->items[i]->key), "%.*s: %.*s", STR_ARG(entry),
                      STR_ARG(map->items[i]->key));
}

static void check_keys(struct arena *arena, struct str entry)
{
    AUTO_BUF(out, KIB(16));
    struct problems problems = {.arena = arena, .file = entry, .out = &out};
    struct reader reader = {.arena = arena, .problems = &problems};
    struct yaml_node *root = catalogue_tree(arena, entry);
    const struct yaml_node *streams = yaml_find(root, "streams");
    struct yaml_node top = *root;
    top.count = 0;
    top.items = ARENA_ARRAY(arena, struct yaml_node *, root->count);
    for (size_t i = 0; i < root->count; i++)
        if (!is_own(root->items[i]->key))
            top.items[top.count++] = root->items[i];
    check_no_users_key(entry, &top);
    keys_check(&reader, &definition_keys, &top, KEY_IN_SOURCE);
    for (size_t i = 0; streams && i < streams->count; i++) {
        check_no_users_key(entry, streams->items[i]);
        keys_check(&reader, &definition_keys, streams->items[i], KEY_IN_STREAM);
    }
    check_no_users_key(entry, yaml_find(root, "defaults"));
    keys_check(&reader, &definition_keys, yaml_find(root, "defaults"), KEY_IN_STREAM);
    ck_assert_msg(!out.len, "%s", out.ptr);
}

START_TEST(entries_have_the_keys_of_definitions)
{
    struct arena *arena AUTO_ARENA = arena_new();
    ck_assert_uint_gt(catalogue_name(0).len, 0);
    for (size_t i = 0; catalogue_name(i).len; i++)
        check_keys(arena, catalogue_name(i));
}
END_TEST

START_TEST(entries_tell_of_themselves)
{
    struct arena *arena AUTO_ARENA = arena_new();
    for (size_t i = 0; catalogue_name(i).len; i++) {
        struct catalogue_entry entry;
        ck_assert(catalogue_find(arena, catalogue_name(i), &entry));
        ck_assert_msg(entry.server.len && entry.version_count && entry.cannot_count, "%.*s",
                      STR_ARG(entry.file));
        ck_assert(str_starts(entry.text, STR("# ")));
        for (size_t j = 0; j < entry.cannot_count; j++)
            ck_assert_msg(entry.cannot[j].len, "%.*s", STR_ARG(entry.file));
    }
}
END_TEST

/* --- a source that is like it --- */

/* What a user gives, whose entry has the rest. */
static void put_auth(struct buf *text, const struct yaml_node *root)
{
    static const struct {
        const char *type, *words;
    } users[] = {{"basic", "user: odd, password: \"{{ env.P }}\""},
                 {"bearer", "token: \"{{ env.P }}\""},
                 {"api_key", "value: \"{{ env.P }}\""},
                 {"oauth2", "user: odd, password: \"{{ env.P }}\""},
                 {"login", "body: {user: odd, password: \"{{ env.P }}\"}"},
                 {"aws_sigv4", "region: r, access_key: odd, secret_key: \"{{ env.P }}\""}};
    const struct yaml_node *auth = yaml_find(root, "auth");
    const struct yaml_node *type = auth ? yaml_find(auth, "type") : NULL;
    for (size_t i = 0; type && i < COUNT_OF(users); i++)
        if (str_is(type->text, users[i].type))
            buf_printf(text, "auth: {%s}\n", users[i].words);
}

static bool has_path(const struct yaml_node *map)
{
    return map && (yaml_find(map, "path") || yaml_find(map, "url"));
}

static void put_stream(struct buf *text, const struct yaml_node *root,
                       const struct yaml_node *stream)
{
    struct str name = stream ? stream->key : STR_NONE;
    const struct yaml_node *needs = yaml_find(root, "needs");
    buf_puts(text, "{vars: {");
    for (size_t i = 0; needs && i < needs->count; i++)
        buf_printf(text, "%s%.*s: a", i ? ", " : "", STR_ARG(needs->items[i]->key));
    buf_puts(text, "}");
    if (name.len)
        buf_printf(text, ", like: %.*s", STR_ARG(name));
    if (!has_path(yaml_find(root, "defaults")) && !has_path(stream))
        buf_puts(text, ", path: /x");
    buf_puts(text, ", partitions: [{zone: a, id: b}]");
    buf_puts(text, "}\n");
}

static void check_source(struct arena *arena, struct str name)
{
    AUTO_BUF(text, KIB(16));
    AUTO_BUF(errors, KIB(16));
    const struct yaml_node *root = catalogue_tree(arena, name);
    const struct yaml_node *streams = yaml_find(root, "streams");
    struct err err = ERR_INIT;
    struct source *source;
    buf_printf(&text, "source: x\nlike: %.*s\nbase_url: https://h.example\n", STR_ARG(name));
    put_auth(&text, root);
    buf_puts(&text, "streams:\n  own: ");
    put_stream(&text, root, NULL);
    for (size_t i = 0; streams && i < streams->count; i++) {
        buf_printf(&text, "  s%zu: ", i);
        put_stream(&text, root, streams->items[i]);
    }
    bool is_read = source_parse(arena, STR("x.yaml"), buf_str(&text), &source, &errors, &err);
    ck_assert_msg(is_read, "%s\n%s", errors.ptr, text.ptr);
}

START_TEST(a_source_may_be_like_each)
{
    struct arena *arena AUTO_ARENA = arena_new();
    for (size_t i = 0; catalogue_name(i).len; i++)
        check_source(arena, catalogue_name(i));
}
END_TEST

/* A variable that no expression names would be asked of nobody. */
START_TEST(what_an_entry_needs_it_uses)
{
    struct arena *arena AUTO_ARENA = arena_new();
    for (size_t i = 0; catalogue_name(i).len; i++) {
        struct catalogue_entry entry;
        ck_assert(catalogue_find(arena, catalogue_name(i), &entry));
        const struct yaml_node *needs = yaml_find(catalogue_tree(arena, entry.name), "needs");
        for (size_t j = 0; needs && j < needs->count; j++) {
            struct str var = arena_printf(arena, "vars.%.*s", STR_ARG(needs->items[j]->key));
            ck_assert_msg(str_find(entry.text, var) >= 0, "%.*s: %.*s", STR_ARG(entry.file),
                          STR_ARG(var));
        }
    }
}
END_TEST

START_TEST(finds_the_nearest)
{
    struct arena *arena AUTO_ARENA = arena_new();
    struct catalogue_entry entry;
    ck_assert_str_is(catalogue_nearest(STR("kintoo")), "kinto");
    ck_assert_str_is(catalogue_nearest(STR("nothing_of_the_kind")), "");
    ck_assert(!catalogue_find(arena, STR("kintoo"), &entry));
    ck_assert_ptr_null(catalogue_tree(arena, STR("")));
}
END_TEST

SUITE("config/catalogue", entries_have_the_keys_of_definitions, entries_tell_of_themselves,
      a_source_may_be_like_each, what_an_entry_needs_it_uses, finds_the_nearest)
