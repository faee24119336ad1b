#ifndef CONFIG_FORMAT_H
#define CONFIG_FORMAT_H

#include "config/key.h"
#include "config/stream.h"

/* How the bodies of a stream's answers are written. */
extern const struct keys csv_keys, xml_keys, shape_keys;
extern const struct choice format_choices[], encoding_choices[];
const char *format_name(enum answer_format format);

/* `shape`: a word, or {names: …}; into a struct merge. */
void format_read_shape(struct reader *reader, const struct key *key,
                       const struct yaml_node *node, void *target);

/* What is not given. */
void format_init(struct answer_form *form);

/* Keys that do not go with the format. */
void format_check(struct reader *reader, const struct yaml_node *map,
                  const struct stream *stream);

/* An expression on a page, or for the next request, names `response`. */
void format_check_response(struct reader *reader, const struct yaml_node *node,
                           const struct stream *stream);

/* Does every answer of this format have a `response` for expressions? */
bool format_has_response(enum answer_format format);

#endif
