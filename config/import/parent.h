#ifndef CONFIG_IMPORT_PARENT_H
#define CONFIG_IMPORT_PARENT_H

#include "config/import/take.h"

/*
 * A stream that asks once for each row of another: its partitions come from the table of that
 * one, which stands in the schema of the same source.
 *
 *     parent_open(&parent, import, "issues", "issues")
 *     parent_field(&parent, STR("user.id")) → user_id, for {{ partition.issues_user_id }}
 *     parent_write(&parent, stream)
 */
enum { PARENT_FIELDS_MAX = 32 };

struct parent {
    struct import *import;
    struct str stream, table; /* names; stream empty: there is none */
    struct str fields[PARENT_FIELDS_MAX], names[PARENT_FIELDS_MAX];
    bool may_be_null[PARENT_FIELDS_MAX];
    size_t count;
    bool is_full; /* a field more was asked for */
};

void parent_open(struct parent *parent, struct import *import, struct str stream,
                 struct str table);

/* The member of `partition` that has the field; `name`: what to call it, or STR_NONE. */
struct str parent_field(struct parent *parent, struct str field, struct str name);

/* The same of one that is only copied: where it is null there, it is an empty text, and its row
 * is not left out. */
struct str parent_copy(struct parent *parent, struct str field, struct str name);

/* partitions: {sql: …} and `after`; nothing where no field was asked for. */
void parent_write(const struct parent *parent, struct outline *stream);

#endif
