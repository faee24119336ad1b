#ifndef CONFIG_TABLE_H
#define CONFIG_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/problem.h"
#include "core/path.h"
#include "core/template.h"
#include "port/yaml.h"

/*
 * One table per struct: it drives reading, validation, the stored form, the reference and the
 * JSON Schema. A row says under which key a member stands, of what type it is, and what it is
 * where nothing is given.
 *
 *     static const struct field timeout_fields[] = {
 *         {.name = "connect", .type = FIELD_DURATION, AT(struct timeouts, connect_ms),
 *          .fallback = "10s"},
 *         FIELD_END};
 *
 * A key that is known but not built yet is a row with FIELD_LATER: "not available yet".
 */
enum field_type {
    FIELD_MOVED,        /* lifted to another place before reading; nothing to read here */
    FIELD_TEXT,         /* struct str */
    FIELD_CSTR,         /* const char * */
    FIELD_WORD,         /* struct str, one of `choices` */
    FIELD_BOOL,         /* bool */
    FIELD_COUNT,        /* int64_t, from `min` to `max` */
    FIELD_INT,          /* int, likewise */
    FIELD_DURATION,     /* int64_t, milliseconds, from `min` */
    FIELD_SIZE,         /* int64_t, bytes, from `min` */
    FIELD_CHOICE,       /* an enum, one of `choices` */
    FIELD_SWITCH,       /* bool, by the 0 or 1 of one of `choices` */
    FIELD_TEXTS,        /* struct str *, and a count; a lone text is a list of one */
    FIELD_VALUE,        /* struct value: taken as it stands, no expressions */
    FIELD_TEMPLATE,     /* struct template */
    FIELD_TEMPLATE_REF, /* struct template *, NULL where not given */
    FIELD_TEMPLATES,    /* struct named_template *, and a count */
    FIELD_PATH,         /* struct path */
    FIELD_LOCATOR,      /* struct locator */
    FIELD_PLACE,        /* struct param_place */
    FIELD_STRUCT,       /* a struct of `table` */
    FIELD_STRUCTS, /* array of structs of `table`, and a count; a lone map is a list of one */
    FIELD_UNION,   /* an enum by the key `type`; the rows of its variant work on the whole */
    FIELD_CUSTOM,  /* `read` */
};

enum field_flag {
    FIELD_LATER = 1 << 0,
    FIELD_REQUIRED = 1 << 1,
    FIELD_SECRETS = 1 << 2,   /* env. and secrets. may be used */
    FIELD_IS_SECRET = 1 << 3, /* … and must be: a literal is an error */
    FIELD_BY_KEY = 1 << 4,    /* source and stream are merged by key, null removes */
    FIELD_IN_SOURCE = 1 << 5,
    FIELD_IN_STREAM = 1 << 6, /* and under `defaults` */
    FIELD_IN_SPEC = 1 << 7,   /* only in the stored form */
    FIELD_PAIRS = 1 << 8,     /* an open map: stored as [[key, value], …] to keep its order */
    FIELD_NOCASE = 1 << 9,    /* keys of an open map are compared without regard to case */
    FIELD_JUDGES = 1 << 10,   /* read before a body is cut, with all its records */
    FIELD_ON_PAGE = 1 << 11,  /* evaluated on a page before it is cut into records */
    FIELD_ON_RECORD = 1 << 12, /* on each record: names may be those of its fields */
};

struct choice {
    const char *name; /* NULL ends the list */
    int value;
    bool later;
};

#define CHOICE(text, number)                                                                   \
    {                                                                                          \
        .name = (text), .value = (number)                                                      \
    }
#define CHOICE_LATER(text, number)                                                             \
    {                                                                                          \
        .name = (text), .value = (number), .later = true                                       \
    }
#define CHOICE_END                                                                             \
    {                                                                                          \
        .name = NULL                                                                           \
    }

struct key_table;

struct variant {
    const char *name; /* NULL ends the list */
    int value;
    const struct key_table *table;
    bool later;
};

#define VARIANT(text, number, rows)                                                            \
    {                                                                                          \
        .name = (text), .value = (number), .table = (rows)                                     \
    }
#define VARIANT_LATER(text, number, rows)                                                      \
    {                                                                                          \
        .name = (text), .value = (number), .table = (rows), .later = true                      \
    }

struct reader;
struct field;

typedef void (*field_read_fn)(struct reader *reader, const struct field *field,
                              const struct yaml_node *node, void *target);

struct field {
    const char *name; /* NULL ends the table */
    enum field_type type;
    unsigned flags;
    size_t offset, count_offset;
    int64_t min, max;     /* max 0: none */
    const char *fallback; /* as YAML; NULL: none */
    const char *help;
    union {
        const struct choice *choices;
        const struct variant *variants;
        const struct key_table *table;
        field_read_fn read;
    };
};

#define FIELD_END                                                                              \
    {                                                                                          \
        .name = NULL                                                                           \
    }
#define AT(type, member) .offset = offsetof(type, member)
#define AT_LIST(type, member, number)                                                          \
    .offset = offsetof(type, member), .count_offset = offsetof(type, number)

struct key_table {
    const struct field *fields;
    size_t size; /* of the struct, for FIELD_STRUCTS */
};

/*
 * One reading. `on_template` and `on_path` are told of everything that was compiled; they may
 * add problems.
 */
struct reader {
    struct arena *arena;
    struct problems *problems;
    void (*on_template)(struct reader *reader, const struct field *field,
                        const struct yaml_node *node, const struct template *template);
    void (*on_path)(struct reader *reader, const struct path *path);
    void *ctx;
};

/* Reads a map into `target`; what is wrong goes to the problems. Absent and null are the same.
 */
void table_read(struct reader *reader, const struct key_table *table,
                const struct yaml_node *map, void *target);

/* One member alone, from a node that need not stand in a map. */
void table_read_field(struct reader *reader, const struct field *field,
                      const struct yaml_node *node, void *target);

/* The node of a field: what is given, else its default, else NULL. */
const struct yaml_node *table_get(struct arena *arena, const struct field *field,
                                  const struct yaml_node *map);

/* The variant that a union's node names, NULL if none; no problem is added. */
const struct variant *table_variant(const struct field *field, const struct yaml_node *node);

/* Unknown keys and keys that are not for this `level` (0: any), as problems. */
void table_check_keys(struct reader *reader, const struct key_table *table,
                      const struct yaml_node *map, unsigned level);

/* Compiles a node at any depth; false where problems were added. */
bool table_compile(struct reader *reader, const struct field *field,
                   const struct yaml_node *node, struct template *ret);

/* The struct at the field's place. */
static inline void *field_at(const struct field *field, void *target)
{
    return (char *)target + field->offset;
}

static inline size_t *field_count(const struct field *field, void *target)
{
    return (size_t *)(void *)((char *)target + field->count_offset);
}

#endif
