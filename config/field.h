#ifndef CONFIG_FIELD_H
#define CONFIG_FIELD_H

#include "config/table.h"

/* Readers of the single types: field.c for plain ones, field_expr.c for what is compiled. */
field_read_fn field_reader(enum field_type type); /* NULL: table.c knows */

void field_read_template(struct reader *reader, const struct field *field,
                         const struct yaml_node *node, void *target);
void field_read_template_ref(struct reader *reader, const struct field *field,
                             const struct yaml_node *node, void *target);
void field_read_templates(struct reader *reader, const struct field *field,
                          const struct yaml_node *node, void *target);
void field_read_path(struct reader *reader, const struct field *field,
                     const struct yaml_node *node, void *target);
void field_read_locator(struct reader *reader, const struct field *field,
                        const struct yaml_node *node, void *target);
void field_read_place(struct reader *reader, const struct field *field,
                      const struct yaml_node *node, void *target);

/* RFC 9110, section 5.6.2: what may be a header's name. */
bool field_is_token(struct str text);

#endif
