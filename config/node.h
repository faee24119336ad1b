#ifndef CONFIG_NODE_H
#define CONFIG_NODE_H

#include "base/arena.h"
#include "base/str.h"
#include "config/problem.h"
#include "core/value.h"
#include "port/yaml.h"

/*
 * What the nodes of a definition hold, for the readers of all types. Texts and values borrow
 * the node's bytes: they live as long as its arena does. Nothing here changes a node.
 */

/* The value of a node, texts as they are written: an expression in it is not compiled. */
struct value node_value(struct arena *arena, const struct yaml_node *node);

/* The text of a string or number; a problem and false for anything else. */
bool node_text(struct problems *problems, const struct yaml_node *node,
               struct str *ret_text) MUST_CHECK;

/* The text of a scalar, else the name of the node's kind: for messages. */
struct str node_shown(const struct yaml_node *node);

/* The member of a map, or the map itself where it has none: the place of a problem. */
const struct yaml_node *node_at(const struct yaml_node *map, const char *key);

/* A lone node is a list of one: its count and its i-th item. */
size_t node_count(const struct yaml_node *node);
const struct yaml_node *node_item(const struct yaml_node *node, size_t i);

/*
 * The i-th member of an open map: a map, or a list of pairs. A stored definition holds such
 * maps as lists, because jsonb would forget their order. `i` is below the node's count. False
 * for a list of anything else.
 */
bool node_pair(const struct yaml_node *node, size_t i, struct str *ret_key,
               const struct yaml_node **ret_value) MUST_CHECK;

/* Reads a text of the program's own (a default, in YAML). NULL if it is broken. */
struct yaml_node *node_from_text(struct arena *arena, const char *text);

#endif
