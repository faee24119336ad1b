#include "config/format.h"

#include "config/keys.h"
#include "config/node.h"

/* Keys are laid out by hand. */
/* clang-format off */
const struct choice format_choices[] = {
    CHOICE("json", ANSWER_JSON),
    CHOICE("ndjson", ANSWER_NDJSON),
    CHOICE("csv", ANSWER_CSV),
    CHOICE("xml", ANSWER_XML),
    CHOICE_END,
};

#define C(member) AT(struct csv_form, member)
static const struct key csv_list[] = {
    {.name = "delimiter", .type = KEY_TEXT, C(delimiter), .fallback = "\",\"",
     .help = "between two fields: one character"},
    {.name = "quote", .type = KEY_TEXT, C(quote), .fallback = "'\"'",
     .help = "around a field, doubled inside it; '': none"},
    {.name = "header", .type = KEY_BOOL, C(has_header), .fallback = "true",
     .help = "the first row has the names"},
    {.name = "names", .type = KEY_TEXTS, AT_LIST(struct csv_form, names, name_count),
     .help = "the names of all fields, in order, instead of the header's"},
    {.name = "null", .type = KEY_TEXT, C(null), .fallback = "''",
     .help = "what stands for null, without quotes"},
    {.name = "infer", .type = KEY_BOOL, C(infers), .fallback = "false",
     .help = "fields without quotes that look like it are numbers, true and false, and texts "
             "may be times, dates and UUIDs; else all are texts"},
    KEY_END,
};

static const struct key xml_list[] = {
    {.name = "prefixes", .type = KEY_BOOL, AT(struct answer_form, keeps_prefixes),
     .fallback = "false", .help = "names keep their namespace prefixes, and xmlns is kept"},
    KEY_END,
};

const struct choice encoding_choices[] = {
    CHOICE("utf-8", CHARSET_UTF_8),
    CHOICE("latin1", CHARSET_LATIN_1),
    CHOICE("windows-1252", CHARSET_WINDOWS_1252),
    CHOICE("utf-16", CHARSET_UTF_16LE),
    CHOICE_END,
};

static const struct choice shapes[] = {CHOICE("members", SHAPE_MEMBERS),
                                       CHOICE("mixed", SHAPE_MIXED), CHOICE_END};

static const struct key shape_list[] = {
    {.name = "names", .type = KEY_TEXTS, .flags = KEY_REQUIRED,
     AT_LIST(struct record_names, list, count),
     .help = "of the values of a record that is a list: a list of them, `first`: the first "
             "record has them, or a path into the body"},
    KEY_END,
};
/* clang-format on */

const struct keys csv_keys = {csv_list, sizeof(struct csv_form)};
const struct keys xml_keys = {xml_list, sizeof(struct answer_form)};
const struct keys shape_keys = {shape_list, sizeof(struct record_names)};
static const struct key shape_word = {
    .name = "shape", .type = KEY_CHOICE, AT(struct merge, shape), .choices = shapes};

void format_init(struct answer_form *form)
{
    *form = (struct answer_form){
        .format = ANSWER_JSON,
        .csv = {.delimiter = STR(","), .quote = STR("\""), .has_header = true},
    };
}

static void read_names(struct reader *reader, const struct yaml_node *map,
                       struct record_names *names)
{
    const struct yaml_node *node = yaml_find(map, "names");
    struct err err = ERR_INIT;
    keys_read(reader, &shape_keys, map, names);
    if (!node)
        return;
    if (!names->count)
        problem_add(reader->problems, node, "must name at least one field");
    names->place = NAMES_LISTED;
    if (!yaml_is_scalar(node) || !names->count)
        return;
    struct str text = names->list[0];
    names->place = str_is(text, "first") ? NAMES_FIRST : NAMES_AT;
    names->count = 0;
    if (names->place == NAMES_AT && !path_compile(reader->arena, text, &names->path, &err))
        problem_add(reader->problems, node, "%s", err.text);
}

void format_read_shape(struct reader *reader, const struct key *key,
                       const struct yaml_node *node, void *target)
{
    struct merge *merge = key_at(key, target);
    if (yaml_is_scalar(node))
        keys_read_one(reader, &shape_word, node, merge);
    else if (node->kind == YAML_MAP)
        read_names(reader, node, &merge->names);
    else
        problem_add(reader->problems, node, "must be members, mixed or {names: …}");
}

bool format_has_response(enum answer_format format)
{
    return format == ANSWER_JSON || format == ANSWER_XML;
}

/* --- what goes together --- */

const char *format_name(enum answer_format format)
{
    return format_choices[format].name;
}

/* A line or a row is a record: there is no body around it. */
static void refuse(struct reader *reader, const struct yaml_node *map, const char *key,
                   const struct stream *stream)
{
    problem_add(reader->problems, node_at(map, key),
                "does not go with format: %s, whose records are the lines of the body",
                format_name(stream->form.format));
}

static void check_lines(struct reader *reader, const struct yaml_node *map,
                        const struct stream *stream)
{
    const struct merge *merge = &stream->merge;
    if (merge->path.count)
        refuse(reader, map, "merge_path", stream);
    if (merge->may_be_missing)
        refuse(reader, map, "on_missing", stream);
    bool may_be_named = stream->form.format == ANSWER_NDJSON && merge->names.place != NAMES_AT;
    if (merge->shape || (merge->names.place && !may_be_named))
        refuse(reader, map, "shape", stream);
    if (merge->strategy != MERGE_APPEND)
        refuse(reader, map, "merge_strategy", stream);
}

/* Where to go on cannot be read in a body that is nothing but records. */
static void check_paging(struct reader *reader, const struct yaml_node *map,
                         const struct stream *stream)
{
    const struct pagination *paging = &stream->pagination;
    const struct yaml_node *node = yaml_find(map, "pagination");
    const struct {
        const char *key;
        const struct locator *at;
    } places[] = {
        {"total_path", &paging->total},       {"total_pages_path", &paging->total_pages},
        {"has_more_path", &paging->has_more}, {"cursor_path", &paging->cursor},
        {"next_path", &paging->next},
    };
    for (size_t i = 0; node && node->kind == YAML_MAP && i < COUNT_OF(places); i++)
        if (places[i].at->kind == LOCATOR_BODY)
            problem_add(reader->problems, node_at(node, places[i].key),
                        "a body of format: %s is nothing but records: name a header "
                        "(\"header:X-Next\") or an expression of the last record "
                        "(\"{{ accumulated[-1].id }}\")",
                        format_name(stream->form.format));
}

/* One byte, which cannot be the end of a line. */
static void check_byte(struct reader *reader, const struct yaml_node *node, struct str text)
{
    if (text.len != 1 || (text.ptr[0] & 0x80) || strchr("\r\n", text.ptr[0]))
        problem_add(reader->problems, node, "must be one ASCII character, not \"%.*s\"",
                    STR_ARG(text));
}

static void check_csv(struct reader *reader, const struct yaml_node *map,
                      const struct stream *stream)
{
    const struct csv_form *csv = &stream->form.csv;
    const struct yaml_node *node = node_at(map, "csv");
    check_byte(reader, node_at(node, "delimiter"), csv->delimiter);
    if (csv->quote.len)
        check_byte(reader, node_at(node, "quote"), csv->quote);
    if (str_eq(csv->delimiter, csv->quote))
        problem_add(reader->problems, node_at(node, "quote"), "is the delimiter, too");
    if (!csv->has_header && !csv->name_count)
        problem_add(reader->problems, node_at(node, "header"),
                    "without a header the fields need \"names\"");
}

static void check_names(struct reader *reader, const struct yaml_node *node,
                        const struct str *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!names[i].len)
            problem_add(reader->problems, node_at(node, "names"), "name %zu is empty", i + 1);
        for (size_t j = 0; j < i; j++)
            if (str_eq(names[i], names[j]))
                problem_add(reader->problems, node_at(node, "names"),
                            "\"%.*s\" stands in it twice", STR_ARG(names[i]));
    }
}

static void check_shape(struct reader *reader, const struct yaml_node *map,
                        const struct merge *merge)
{
    if (merge->names.place == NAMES_NONE)
        return;
    check_names(reader, node_at(map, "shape"), merge->names.list, merge->names.count);
    if (merge->strategy != MERGE_APPEND)
        problem_add(reader->problems, node_at(map, "shape"),
                    "names need merge_strategy: append, where each list is a record");
}

static void check_own_keys(struct reader *reader, const struct yaml_node *map,
                           const struct stream *stream)
{
    const struct csv_form *csv = &stream->form.csv;
    const struct yaml_node *node = yaml_find(map, "csv");
    check_shape(reader, map, &stream->merge);
    if (node && stream->form.format != ANSWER_CSV)
        problem_add_key(reader->problems, node, "goes with format: csv alone");
    node = yaml_find(map, "xml");
    if (node && stream->form.format != ANSWER_XML)
        problem_add_key(reader->problems, node, "goes with format: xml alone");
    if (stream->form.format != ANSWER_CSV)
        return;
    check_csv(reader, map, stream);
    check_names(reader, node_at(map, "csv"), csv->names, csv->name_count);
}

void format_check(struct reader *reader, const struct yaml_node *map,
                  const struct stream *stream)
{
    check_own_keys(reader, map, stream);
    if (format_has_response(stream->form.format))
        return;
    check_lines(reader, map, stream);
    check_paging(reader, map, stream);
}

void format_check_response(struct reader *reader, const struct yaml_node *node,
                           const struct stream *stream)
{
    if (!format_has_response(stream->form.format))
        problem_add(reader->problems, node,
                    "\"response\" is not there with format: %s: a body is nothing but "
                    "records; accumulated[-1] is the last one, http.headers are the answer's",
                    format_name(stream->form.format));
}
