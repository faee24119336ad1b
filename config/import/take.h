#ifndef CONFIG_IMPORT_TAKE_H
#define CONFIG_IMPORT_TAKE_H

#include "config/import/outline.h"
#include "config/import/rewrite.h"

/*
 * What the importers of all formats share: an import under way, tables of fields, names,
 * paths and credentials.
 *
 * The rule of all of them: every part of the input is taken over, or is known to mean nothing
 * here, or is named in a note that says what to do. And no credential is taken over: its place
 * is kept by {{ env.NAME }}.
 */
struct import {
    struct arena *arena;
    struct outline *root; /* the source */
    struct outline *streams;
    size_t gaps;          /* notes about what is missing or to be filled in */
    struct str variables; /* "SHOP_TOKEN, SHOP_KEY" */
    struct secret *secrets;
    size_t secret_count, secret_capacity;
};

/* Something has no counterpart, or is to be filled in: a note of the map, and it counts. */
#define import_gap(import, map, ...)                                                           \
    do {                                                                                       \
        (import)->gaps++;                                                                      \
        outline_note((map), __VA_ARGS__);                                                      \
    } while (0)

/* --- tables --- */

/*
 * A field of the other tool: `take` reads it; or its value stands here below `key`; or there is
 * no counterpart, and `why` says what to do. With none of them it means nothing here.
 */
struct field {
    const char *word; /* NULL ends the table */
    void (*take)(struct import *import, const struct yaml_node *node, struct outline *to,
                 void *ctx);
    const char *key, *why;
};
#define FIELD_END                                                                              \
    {                                                                                          \
        .word = NULL                                                                           \
    }

/* Each member of the map by its line of the table; one without a line is noted. `map` NULL or
 * no map: nothing, or a note. */
void import_fields(struct import *import, const struct field *fields,
                   const struct yaml_node *map, struct outline *to, void *ctx);

/* A note that the member is written in a way that is not known. */
void import_odd(struct import *import, const struct yaml_node *node, struct outline *to);

/* --- reading --- */

/* The member, NULL also where `map` is no map; its text, empty where it is none, or null. */
const struct yaml_node *import_find(const struct yaml_node *map, const char *key);
struct str import_text(const struct yaml_node *node);
struct str import_find_text(const struct yaml_node *map, const char *key);
/* A list, or a lone value as a list of one: its texts, as a list below `key`. */
void import_texts(struct import *import, const struct yaml_node *node, struct outline *to,
                  const char *key);
bool import_is_true(const struct yaml_node *node);

/* --- names and URLs --- */

/* Sets the source's name: of the word, else of the URL's host. Comes first. */
void import_name_source(struct import *import, struct str word, struct str url);
struct str import_source_name(const struct import *import);

/* A new stream of a name made of the word; another name where it is taken, which is noted. */
struct outline *import_stream(struct import *import, struct str word);

/* The base without its last slash, query and credentials. A query becomes params of `to`. */
void import_base_url(struct import *import, struct outline *to, struct str url);

/* The path (or, with `is_url`, the whole URL) of a stream; a query becomes params. */
void import_path(struct import *import, struct outline *to, struct str path);

/* Any other URL (of a token, a next page): without credentials, which are noted. */
struct str import_url(struct import *import, struct outline *to, struct str url);

/*
 * JSONPath ($.data.items[*], $.link[?(@.rel=='next')].url) as a path here. False: it has no
 * counterpart.
 */
bool import_json_path(struct import *import, struct str text, struct str *ret_path) MUST_CHECK;

/* "users" of "Users list": a-z, 0-9 and _. */
struct str import_word(struct import *import, struct str text);

/* --- credentials --- */

/*
 * "{{ env.SHOP_TOKEN }}" for a credential, and "env.SHOP_TOKEN" for a part of an expression.
 * `what` names it: token. A text that is the name of a variable itself ($TOKEN, ${TOKEN}) keeps
 * that.
 */
struct str import_variable(struct import *import, struct str what, struct str literal);
struct str import_secret(struct import *import, struct str what, struct str literal);

/* One header or parameter; the value is hidden where its name or form is a credential's. */
void import_pair(struct import *import, struct outline *to, const char *key, struct str name,
                 const struct yaml_node *value);
void import_pair_text(struct import *import, struct outline *to, const char *key,
                      struct str name, struct str value);
/* All of a map; NULL: nothing. */
void import_pairs(struct import *import, const struct yaml_node *map, struct outline *to,
                  const char *key);
/* A value of any structure, a body: likewise, at any depth. A text that is a form is taken
 * apart, with `body_type`. */
void import_value(struct import *import, const struct yaml_node *node, struct outline *to,
                  const char *key);
/* A value that cannot be an expression, of a partition. False: it holds a credential, or `key`
 * is the name of one, and is left out; the note says so, once. */
bool import_literal(const struct yaml_node *node, struct outline *to,
                    const char *key) MUST_CHECK;
void import_note_literals(struct import *import, struct outline *to);

#endif
