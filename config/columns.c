#include "config/columns.h"

#include <regex.h>
#include <stdlib.h>
#include <strings.h>

#include "base/date_text.h"
#include "config/identifier.h"
#include "config/keys.h"
#include "config/meant.h"
#include "config/node.h"

enum { TYPE_BYTES_MAX = 200 };

static void read_from(struct reader *reader, const struct key *key,
                      const struct yaml_node *node, void *target);

static const struct choice empties[] = {CHOICE("null", 0), CHOICE("keep", 1), CHOICE_END};

static const struct key column_list[] = {
    {.name = "type",
     .type = KEY_TEXT,
     .flags = KEY_REQUIRED,
     AT(struct declared_column, type),
     .help = "any PostgreSQL type"},
    {.name = "path",
     .type = KEY_PATH,
     AT(struct declared_column, path),
     .help = "into the record; the field of the column's name if absent"},
    {.name = "from",
     .type = KEY_CUSTOM,
     .read = read_from,
     .help = "how the value is written by the API: iso, epoch_s, epoch_ms, epoch_us, rfc2822, "
             "dotnet, base64, decimal_comma, yes_no, a pattern of strptime, or a list of them, "
             "tried in order"},
    {.name = "empty",
     .type = KEY_SWITCH,
     AT(struct declared_column, keeps_empty),
     .choices = empties,
     .help = "what \"\" becomes where the type is no text: null, or the value that it is"},
    {.name = "comment",
     .type = KEY_TEXT,
     AT(struct declared_column, comment),
     .help = "on the column; where it comes from if absent"},
    KEY_END,
};

const struct keys column_keys = {column_list, sizeof(struct declared_column)};

/*
 * The grammar of columns.h as a POSIX expression, which PostgreSQL reads alike
 * (is_type_text). A type of several words is one of PostgreSQL's own; any other word is the
 * name of a type.
 */
static const char type_pattern[] =
    "^(double +precision|(national +)?(character|char)( +varying)?|bit +varying"
    "|interval +(year|month|day|hour|minute|second)( +to +(month|hour|minute|second))?"
    "|([a-z_][a-z0-9_]*|\"[a-z0-9_ .]+\")([.]([a-z_][a-z0-9_]*|\"[a-z0-9_ .]+\"))?)"
    "( *[(][a-z0-9_ ,.-]+[)])?( +(with|without) +time +zone)?( +array)?( *[[][0-9]*[]])*$";

/* They make a sequence, a default and NOT NULL besides a bigint. */
static bool is_serial(const char *type)
{
    static const char *const names[] = {"serial",  "serial4",     "bigserial",
                                        "serial8", "smallserial", "serial2"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcasecmp(type, names[i]) == 0)
            return true;
    return false;
}

/* Compiled once: that takes longer than a hundred types. */
static const regex_t *compiled_pattern(void)
{
    static regex_t pattern;
    static bool is_compiled;
    if (!is_compiled && regcomp(&pattern, type_pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB))
        abort();
    is_compiled = true;
    return &pattern;
}

bool columns_is_type(struct str type)
{
    char text[TYPE_BYTES_MAX];
    if (type.len >= sizeof text || memchr(type.ptr, '\0', type.len))
        return false;
    snprintf(text, sizeof text, "%.*s", STR_ARG(type));
    return regexec(compiled_pattern(), text, 0, NULL, 0) == 0 && !is_serial(text);
}

static struct path key_path(struct arena *arena, struct str key)
{
    struct path_step *step = ARENA_NEW(arena, struct path_step);
    step->kind = PATH_KEY;
    step->key = key;
    return (struct path){.source = key, .steps = step, .count = 1};
}

static struct column_from read_one_from(struct reader *reader, const struct yaml_node *node)
{
    static const char *const names[] = {
        [FROM_ISO] = "iso",           [FROM_EPOCH_S] = "epoch_s",
        [FROM_EPOCH_MS] = "epoch_ms", [FROM_EPOCH_US] = "epoch_us",
        [FROM_RFC2822] = "rfc2822",   [FROM_DOTNET] = "dotnet",
        [FROM_BASE64] = "base64",     [FROM_DECIMAL_COMMA] = "decimal_comma",
        [FROM_YES_NO] = "yes_no",
    };
    struct str text = yaml_is_scalar(node) ? node->text : STR_NONE;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_is(text, names[i]))
            return (struct column_from){(enum from_kind)i, text};
    if (str_find_byte(text, '%') < 0)
        problem_add(reader->problems, node,
                    "must be iso, epoch_s, epoch_ms, epoch_us, rfc2822, dotnet, base64, "
                    "decimal_comma, yes_no or a pattern like %%Y-%%m-%%d, not \"%.*s\"",
                    STR_ARG(text));
    else if (!date_pattern_is_known(text))
        problem_add(reader->problems, node,
                    "\"%.*s\" holds more than %%Y %%y %%m %%b %%B %%d %%e %%j %%H %%I %%M %%S "
                    "%%f %%p %%z %%Z %%s %%a %%A %%F %%T %%D %%R %%n %%t %%%%",
                    STR_ARG(text));
    return (struct column_from){FROM_PATTERN, text};
}

void columns_read_forms(struct reader *reader, const struct yaml_node *node,
                        struct column_from **ret, size_t *ret_count)
{
    if (node->kind == YAML_NULL)
        return;
    *ret = ARENA_ARRAY(reader->arena, struct column_from, MAX(node_count(node), 1));
    for (size_t i = 0; i < node_count(node); i++)
        (*ret)[(*ret_count)++] = read_one_from(reader, node_item(node, i));
}

static void read_from(struct reader *reader, const struct key *key,
                      const struct yaml_node *node, void *target)
{
    struct declared_column *column = target;
    (void)key;
    columns_read_forms(reader, node, &column->from, &column->from_count);
}

static void read_column(struct reader *reader, struct str name, const struct yaml_node *node,
                        struct declared_column *column)
{
    if (!identifier_is_sql(name))
        problem_add_key(reader->problems, node, "\"%.*s\" cannot be a column's name",
                        STR_ARG(name));
    else if (str_find_byte(name, '.') >= 0 && !yaml_find(node, "path"))
        problem_add_key(reader->problems, node,
                        "a name with a dot is no path: write NAME: {path: %.*s, …}, or path: "
                        "\"['%.*s']\" for the field of that very name",
                        STR_ARG(name), STR_ARG(name));
    column->name = name;
    keys_read(reader, &column_keys, node, column);
    const char *meant = reader->problems->put_meant ? meant_type(column->type) : NULL;
    if (meant)
        problem_add(reader->problems, node,
                    "PostgreSQL has no type \"%.*s\": write %s (a type of your own is named "
                    "with its schema)",
                    STR_ARG(column->type), meant);
    else if (column->type.len && !columns_is_type(column->type))
        problem_add(reader->problems, node, "\"%.*s\" cannot be a type", STR_ARG(column->type));
    if (column->path.has_wildcard)
        problem_add(reader->problems, node, "a column's path cannot hold [*] or .*");
    if (!yaml_find(node, "path"))
        column->path = key_path(reader->arena, name);
}

static void read_mode(struct reader *reader, const struct yaml_node *node, struct table *table)
{
    if (str_is(node->text, "infer"))
        table->mode = COLUMNS_INFER;
    else if (str_is(node->text, "none"))
        table->mode = COLUMNS_NONE;
    else
        problem_add_misfit(reader->problems, node,
                           "must be infer, none or a map of columns, not \"%.*s\"",
                           STR_ARG(node->text));
}

/* Names without types: says how these very columns are written. */
static void say_list(struct reader *reader, const struct yaml_node *node)
{
    enum { NAMES_MAX = 3 };
    AUTO_BUF(map, KIB(1));
    for (size_t i = 0; i < MIN(node->count, NAMES_MAX); i++)
        if (yaml_is_scalar(node->items[i]) && identifier_is_sql(node->items[i]->text))
            buf_printf(&map, "%s%.*s: TYPE", map.len ? ", " : "",
                       STR_ARG(node->items[i]->text));
    problem_add(reader->problems, node,
                "must be a map of columns and their types, not a list: columns: {%.*s%s}, and "
                "others: ignore if these are all that is wanted",
                STR_ARG(map.len ? buf_str(&map) : STR("id: bigint")),
                node->count > NAMES_MAX ? ", …" : "");
}

void columns_read(struct reader *reader, const struct key *key, const struct yaml_node *node,
                  void *target)
{
    struct table *table = key_at(key, target);
    if (yaml_is_scalar(node)) {
        read_mode(reader, node, table);
        return;
    }
    table->mode = COLUMNS_DECLARED;
    table->declared = ARENA_ARRAY(reader->arena, struct declared_column, MAX(node->count, 1));
    for (size_t i = 0; i < node->count; i++) {
        struct str name;
        const struct yaml_node *value;
        if (!node_pair(node, i, &name, &value)) {
            say_list(reader, node);
            return;
        }
        read_column(reader, name, value, &table->declared[table->declared_count++]);
    }
}
