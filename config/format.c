#include "config/format.h"

#include "config/keys.h"
#include "config/node.h"

/* Keys are laid out by hand. */
/* clang-format off */
const struct choice format_choices[] = {
    CHOICE("json", ANSWER_JSON),
    CHOICE("ndjson", ANSWER_NDJSON),
    CHOICE_LATER("csv", ANSWER_CSV),
    CHOICE_LATER("xml", ANSWER_XML),
    CHOICE_END,
};
/* clang-format on */

void format_init(struct answer_form *form)
{
    *form = (struct answer_form){.format = ANSWER_JSON};
}

bool format_has_response(enum answer_format format)
{
    return format == ANSWER_JSON || format == ANSWER_XML;
}

/* --- what goes together --- */

static const char *format_name(enum answer_format format)
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
    if (merge->shape)
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

void format_check(struct reader *reader, const struct yaml_node *map,
                  const struct stream *stream)
{
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
