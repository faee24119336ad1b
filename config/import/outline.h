#ifndef CONFIG_IMPORT_OUTLINE_H
#define CONFIG_IMPORT_OUTLINE_H

#include "base/arena.h"
#include "base/buf.h"
#include "port/yaml.h"

/*
 * A definition that is being made, and its text: maps, lists and scalars, each map with notes
 * that are printed as comments above its members.
 *
 *     struct outline *root = outline_new(arena);
 *     outline_put(root, "source", STR("shop"));
 *     struct outline *map = outline_map(outline_map(root, "streams"), "orders");
 *     outline_note(map, "key: fill in which field identifies a record");
 *     outline_write(root, &out);
 *
 * Keys stand in the order of the reference, whatever the order of the calls; names that are
 * the user's own keep theirs. All of it lives in the arena. Keys are borrowed, texts copied.
 */
struct outline;

struct outline *outline_new(struct arena *arena);

/* The member of that key: it is made where there is none. */
struct outline *outline_map(struct outline *map, const char *key);
struct outline *outline_list(struct outline *map, const char *key);

/* A text, quoted where YAML would read it as anything else; `raw`: as it is, a number or a
 * boolean. An old member of the key is replaced. */
void outline_put(struct outline *map, const char *key, struct str text);
void outline_put_raw(struct outline *map, const char *key, struct str text);
void outline_put_bool(struct outline *map, const char *key, bool value);

/* At the end of a list. */
void outline_add(struct outline *list, struct str text);
struct outline *outline_add_map(struct outline *list);

/* Any YAML, as it is written. `map` may be a list: `key` is NULL then. */
void outline_copy(struct outline *map, const char *key, const struct yaml_node *node);

/* NULL where there is none. */
struct outline *outline_find(const struct outline *map, const char *key);
void outline_remove(struct outline *map, const char *key);
void outline_drop(struct outline *map, const struct outline *member);
size_t outline_count(const struct outline *node);
/* Of a scalar, as it was put; empty for anything else. */
struct str outline_text(const struct outline *node);
/* Takes the member out of one map into another, where there is one. */
void outline_move(struct outline *to, struct outline *from, const char *key);
void outline_rename(struct outline *map, const char *from, const char *to);
/* The members of `from` that `to` has not. */
void outline_merge(struct outline *to, const struct outline *from);
struct outline *outline_item(const struct outline *list, size_t i);
bool outline_is_bare(const struct outline *node); /* no members, and no notes */

/* One comment, of any length: it is broken into lines. The same twice stands once. */
void outline_note(struct outline *map, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Those of another map, behind its own. */
void outline_take_notes(struct outline *to, const struct outline *from);

void outline_write(struct outline *root, struct buf *out);

#endif
