#ifndef CONFIG_DEFINITION_H
#define CONFIG_DEFINITION_H

#include "config/keys.h"
#include "config/stream.h"

/*
 * One stream on its way from the file to `struct stream`:
 *
 *     merge_stream        source, defaults and stream → one map of nodes
 *     definition_init     what "not given" looks like
 *     keys_read           the map → struct definition, by definition_keys
 *     names_check         what the expressions name
 *     check_definition    what no single key can know
 *     spec_write          the same map → the JSON that is stored
 *
 * A stored definition enters at definition_init.
 */
struct definition {
    struct stream stream;
    struct template base_url, path, url;
    struct str format;
};

extern const struct keys definition_keys;

/* What a declared column says. */
extern const struct keys column_keys;

/* The keys of `pagination`, by type. */
extern const struct variant pagination_variants[];

/* The keys of one of `responses`. */
extern const struct keys response_keys;

void definition_init(struct definition *definition);

/* `columns` and `with`: open maps with a meaning of their own. */
void columns_read(struct reader *reader, const struct key *key, const struct yaml_node *node,
                  void *target);
void with_read(struct reader *reader, const struct key *key, const struct yaml_node *node,
               void *target);

/*
 * The map of one stream: its own keys over `defaults` over the source's, maps with KEY_BY_KEY
 * merged key by key. Nodes are shared, so each still knows where it was written. `stream` may
 * be NULL: what the source says alone.
 */
struct yaml_node *merge_stream(struct reader *reader, const struct yaml_node *source,
                               const struct yaml_node *stream);

/* `merge_path` and the like may stand in `pagination`: lifts them to their place beside it. */
/* Says where `loop` is not {pagination: …}, or stands beside pagination. */
void merge_check_loop(struct reader *reader, const struct yaml_node *map);
void merge_lift(struct reader *reader, struct yaml_node *map);

/* A `rate_limit` that a stream (or `defaults`) brings is its own: scope `stream` if not given.
 */
void merge_own_limits(struct arena *arena, const struct yaml_node *source,
                      const struct yaml_node *stream, struct yaml_node *map);

/* Adds a member that the file does not have, in the name of the map's place. */
void merge_add_text(struct arena *arena, struct yaml_node *map, const char *key,
                    struct str text);

/* Problems that take more than one key to see; fills what follows from several keys. */
void check_definition(struct reader *reader, const struct yaml_node *map,
                      struct definition *definition);
void check_responses(struct reader *reader, const struct yaml_node *map, struct stream *stream);
void check_limits(struct reader *reader, const struct yaml_node *map,
                  const struct stream *stream);
void check_pagination(struct reader *reader, const struct yaml_node *map,
                      const struct pagination *pagination);

/* Where the paths of `with` begin, and what `where` and the like can be. */
void check_merge(struct reader *reader, const struct yaml_node *map, struct stream *stream);

/* The names of sources and streams: [a-z][a-z0-9_]{0,47}. */
bool check_name(struct str name) MUST_CHECK;

/* A PostgreSQL identifier that may be a table's, schema's or column's name. */
bool check_identifier(struct str name) MUST_CHECK;

/* The stored form: compact JSON in the order of the keys' lists, defaults filled in. */
struct str spec_write(struct arena *arena, const struct yaml_node *map);

#endif
