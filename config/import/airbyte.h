#ifndef CONFIG_IMPORT_AIRBYTE_H
#define CONFIG_IMPORT_AIRBYTE_H

#include "config/import/take.h"

/*
 * The inside of the reader of Airbyte's declarative manifests (low-code connectors).
 *
 * A component is a map with its references followed ($ref, "#/definitions/x", *ref(x)) and its
 * parameters in reach: a $parameters of its own goes before those of the components around it,
 * and a parameter stands for a field that is not there. What refers to itself ends in an empty
 * component.
 */
struct scope;
struct component {
    const struct yaml_node *map; /* NULL: there is none */
    const struct scope *scope;
};

struct manifest {
    struct import *import;
    const struct yaml_node *root, *spec;
    size_t opened; /* components: a ceiling for those that refer to themselves */
    size_t values; /* put so far: a ceiling likewise */
    struct outline *vars;
    const struct component **parents; /* streams whose rows others ask by */
    size_t parent_count, parent_capacity;

    /* of the stream that is read */
    struct str merge_path;
    struct str interval_start, interval_end; /* expressions; empty: there is no interval */
    struct str start_name, end_name;         /* what they are called in stream_interval */
    const char *pager;                       /* what next_page_token is: pager.cursor */
    bool is_credential;                      /* config is the environment */
    bool has_key;                            /* it has a primary key */
    bool has_record;                         /* it is evaluated for each record */
    const struct scope *scope;
};

/* --- components --- */

struct component component_open(struct manifest *manifest, const struct yaml_node *node,
                                const struct scope *around);
struct component component_at(struct manifest *manifest, const struct component *component,
                              const char *key);
/* The member, or the parameter, references followed; NULL for none. */
const struct yaml_node *component_get(struct manifest *manifest,
                                      const struct component *component, const char *key);
struct str component_type(const struct component *component);

/* Of a component that is read by name: notes the members that the table has not, and those with
 * a `why`. */
void component_note_rest(struct manifest *manifest, const struct component *component,
                         const struct field *fields, struct outline *to);
/* The element of a list; a lone component is a list of one. */
size_t component_count(const struct yaml_node *list);
struct component component_item(struct manifest *manifest, const struct yaml_node *list,
                                size_t i, const struct scope *scope);
const struct yaml_node *scope_find(const struct scope *scope, struct str key);
const struct yaml_node *manifest_follow(struct manifest *manifest,
                                        const struct yaml_node *node);

/* --- texts --- */

/* The text with the names of here. False: something in it has no counterpart. */
bool airbyte_text(struct manifest *manifest, const struct scope *scope,
                  const struct yaml_node *node, struct str *ret) MUST_CHECK;

/* The same of a member: put below `key`, or noted as `what`. False where it is not there. */
bool airbyte_put(struct manifest *manifest, const struct component *component,
                 const char *member, struct outline *to, const char *key);
/* A value of any structure. */
void airbyte_put_value(struct manifest *manifest, const struct scope *scope,
                       const struct yaml_node *node, struct outline *to, const char *key);
/* A credential: always an expression of the environment. */
void airbyte_put_secret(struct manifest *manifest, const struct component *component,
                        const char *member, struct outline *to, const char *key);

/* What the specification has for config['name']: its default, else an example, else NULL. */
const struct yaml_node *airbyte_setting(struct manifest *manifest, struct str name,
                                        bool *ret_is_default);

/* A list of keys, [data, "*", id], as a path. */
bool airbyte_path(struct manifest *manifest, const struct scope *scope,
                  const struct yaml_node *list, struct str *ret) MUST_CHECK;
/* Is its last key "*", all members or elements? */
bool airbyte_takes_all(const struct yaml_node *list);

/* "P1DT2H" in seconds; months and years: false, as are expressions. */
bool airbyte_seconds(struct str text, int64_t *ret) MUST_CHECK;
/* "P1M" as a size of a window: "1 month". */
bool airbyte_window_size(struct arena *arena, struct str text, struct str *ret) MUST_CHECK;

/* --- the parts of a stream; `option` is a RequestOption --- */

/* Where it puts a value: "name", "header:name", "body:a.b"; false for a path of the URL. */
bool airbyte_place(struct manifest *manifest, const struct component *option,
                   struct str *ret) MUST_CHECK;
/* Puts the value there, in params, headers or body. */
void airbyte_inject(struct manifest *manifest, const struct component *option,
                    struct outline *stream, struct str value);

void airbyte_auth(struct manifest *manifest, const struct component *auth, struct outline *to);
void airbyte_request(struct manifest *manifest, const struct component *requester,
                     struct outline *stream);
void airbyte_errors(struct manifest *manifest, const struct component *handler,
                    struct outline *stream);
void airbyte_selector(struct manifest *manifest, const struct component *selector,
                      struct outline *stream);
/* AddFields and RemoveFields, `with` and `exclude`; behind the selector and the format. */
void airbyte_transformations(struct manifest *manifest, const struct component *stream,
                             struct outline *to);
void airbyte_format(struct manifest *manifest, const struct component *decoder,
                    struct outline *to);
void airbyte_paginator(struct manifest *manifest, const struct component *paginator,
                       struct outline *stream);
void airbyte_cursor(struct manifest *manifest, const struct component *cursor,
                    struct outline *stream);
void airbyte_router(struct manifest *manifest, const struct component *retriever,
                    struct outline *stream);
/* Of an AsyncRetriever: creation, polling and download as `prepare`. */
void airbyte_async(struct manifest *manifest, const struct component *retriever,
                   struct outline *stream);

#endif
