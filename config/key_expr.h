#ifndef CONFIG_KEY_EXPR_H
#define CONFIG_KEY_EXPR_H

#include "config/key.h"
#include "config/stream.h"

/* The ways to write a place; `prefix` is what a text begins with, "none" is all of it. */
struct place_form {
    enum placement place;
    const char *prefix, *example, *help;
};
enum { PLACE_FORMS = 4 };
extern const struct place_form key_expr_place_forms[PLACE_FORMS];

/* Readers of what is compiled: expressions, paths, locators and places. */
void key_expr_read_template(struct reader *reader, const struct key *key,
                            const struct yaml_node *node, void *target);
void key_expr_read_template_ref(struct reader *reader, const struct key *key,
                                const struct yaml_node *node, void *target);
void key_expr_read_templates(struct reader *reader, const struct key *key,
                             const struct yaml_node *node, void *target);
void key_expr_read_path(struct reader *reader, const struct key *key,
                        const struct yaml_node *node, void *target);
void key_expr_read_locator(struct reader *reader, const struct key *key,
                           const struct yaml_node *node, void *target);
void key_expr_read_place(struct reader *reader, const struct key *key,
                         const struct yaml_node *node, void *target);

/*
 * False where a path in a person's own file is written as JSONPath or a JSON pointer: a problem
 * says how it is written here. `is_of_body`: it is read in a body, where a `$` or `/` that
 * begins it is never a field's.
 */
bool key_expr_check_path(struct reader *reader, const struct yaml_node *node, struct str text,
                         bool is_of_body);

/*
 * Compiles a node at any depth. `key` is for on_template. False where a text is not a valid
 * expression: problems were added, *ret is incomplete.
 */
bool key_expr_compile(struct reader *reader, const struct key *key,
                      const struct yaml_node *node, struct template *ret);

#endif
