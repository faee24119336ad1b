#ifndef CONFIG_KEY_H
#define CONFIG_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/problem.h"
#include "core/locator.h"
#include "core/path.h"
#include "core/template.h"
#include "port/yaml.h"

/*
 * The keys of a struct: they drive reading, validation, the stored form, the
 * reference and the JSON Schema. A key says which member it fills, of what type it is, and
 * what it is where nothing is given.
 *
 *     static const struct key timeout_list[] = {
 *         {.name = "connect", .type = KEY_DURATION, AT(struct timeouts, connect_ms),
 *          .fallback = "10s"},
 *         KEY_END};
 *     static const struct keys timeout_keys = {timeout_list, sizeof(struct timeouts)};
 */
enum key_type {
    KEY_MOVED,        /* lifted to another place before reading; nothing to read here */
    KEY_TEXT,         /* struct str */
    KEY_CSTR,         /* const char * */
    KEY_WORD,         /* struct str, one of `choices` */
    KEY_BOOL,         /* bool */
    KEY_COUNT,        /* int64_t, from `min` to `max` */
    KEY_INT,          /* int, from `min` to `max` */
    KEY_DURATION,     /* int64_t, milliseconds, from `min` to `max` (whole days) */
    KEY_SIZE,         /* int64_t, bytes, from `min` */
    KEY_CHOICE,       /* an enum, one of `choices` */
    KEY_SWITCH,       /* bool, by the 0 or 1 of one of `choices` */
    KEY_TEXTS,        /* struct str *, and a count; a lone text is a list of one */
    KEY_VALUE,        /* struct value: as it is written, no expressions */
    KEY_TEMPLATE,     /* struct template */
    KEY_TEMPLATE_REF, /* struct template *, NULL where not given */
    KEY_TEMPLATES,    /* struct named_template *, and a count */
    KEY_PATH,         /* struct path */
    KEY_LOCATOR,      /* struct locator */
    KEY_PLACE,        /* struct param_place */
    KEY_STRUCT,       /* a struct of `keys` */
    KEY_STRUCTS,      /* array of structs of `keys`, and a count; a lone map is a list of one */
    KEY_NAMED_STRUCTS, /* the same of an open map: each struct begins with its name, a str */
    KEY_UNION,         /* an enum by the key `type`; its variant's keys fill the same struct */
    KEY_CUSTOM,        /* `read` */
};

enum key_flag {
    KEY_REQUIRED = 1 << 1,
    KEY_SECRETS = 1 << 2,   /* env. and secrets. may be used */
    KEY_IS_SECRET = 1 << 3, /* … and must be: a literal is an error */
    KEY_BY_KEY = 1 << 4,    /* source and stream are merged by key, null removes */
    KEY_IN_SOURCE = 1 << 5, /* at the top of a file */
    KEY_IN_STREAM = 1 << 6, /* in a stream, and under `defaults` */
    KEY_IN_SPEC = 1 << 7,   /* only in the stored form */
    KEY_PAIRS = 1 << 8,     /* an open map: stored as [[key, value], …] to keep its order */
    KEY_NOCASE = 1 << 9,    /* keys of an open map are compared without regard to case */
    /* When its expression is evaluated, where names_check has to know it. */
    KEY_ON_ANSWER = 1 << 10, /* on an answer, before its records are cut out */
    KEY_ON_PAGE = 1 << 11,   /* on a page, before it is cut into records */
    KEY_ON_RECORD = 1 << 12, /* on each record: names may be those of its fields */
    /* The option of a setting does not show its default. */
    KEY_NO_DEFAULT_IN_HELP = 1 << 13,
    KEY_ASKS_FIRST = 1 << 14, /* who asks: before any answer, and by no answer's word */
    KEY_ON_REQUEST = 1 << 15, /* on a request that is whole: `request` is known */
    KEY_IS_NAMES = 1 << 16,   /* texts that are names: in a lone one, commas part none */
};

/* A word that a key may be. */
struct choice {
    const char *name; /* NULL ends the list */
    int value;
};

#define CHOICE(text, number)                                                                   \
    {                                                                                          \
        .name = (text), .value = (number)                                                      \
    }
#define CHOICE_END                                                                             \
    {                                                                                          \
        .name = NULL                                                                           \
    }

struct keys;

/* A value of `type` in a union, and the keys that go with it. */
struct variant {
    const char *name; /* NULL ends the list */
    int value;
    const struct keys *keys;
};

#define VARIANT(text, number, list)                                                            \
    {                                                                                          \
        .name = (text), .value = (number), .keys = (list)                                      \
    }

struct reader;
struct key;

typedef void (*key_read_fn)(struct reader *reader, const struct key *key,
                            const struct yaml_node *node, void *target);

struct key {
    const char *name; /* NULL ends the list */
    enum key_type type;
    unsigned flags;
    size_t offset, count_offset;
    int64_t min, max;     /* max 0: none */
    const char *fallback; /* as YAML; NULL: none */
    const char *help;
    struct {
        const char *value, *help; /* as in struct opt; the default is added to the help */
    } option;                     /* of a setting on the command line; NULL: none */
    union {
        const struct choice *choices;
        const struct variant *variants;
        const struct keys *keys;
        key_read_fn read;
    };
};

#define KEY_END                                                                                \
    {                                                                                          \
        .name = NULL                                                                           \
    }
#define AT(type, member) .offset = offsetof(type, member)
#define AT_LIST(type, member, number)                                                          \
    .offset = offsetof(type, member), .count_offset = offsetof(type, number)

struct keys {
    const struct key *list; /* up to KEY_END */
    size_t size;            /* of the struct that they fill, for KEY_STRUCTS */
};

/*
 * One reading. `on_template` and `on_path`, where given, are called with everything that was
 * compiled; they may add problems. What is read borrows the nodes' texts and lives in `arena`.
 */
struct reader {
    struct arena *arena;
    struct problems *problems;
    void (*on_template)(struct reader *reader, const struct key *key,
                        const struct yaml_node *node, const struct template *template);
    void (*on_path)(struct reader *reader, const struct path *path);
    void *ctx;
    /* The root of the catalogue's entry that the file is like (like.h), or NULL. */
    struct yaml_node *like;
    /* Puts what to write instead of an unknown key, or returns false; may be NULL. */
    bool (*put_instead)(struct buf *buf, const struct keys *keys, const struct yaml_node *node,
                        unsigned level);
};

/* The member of `target` that a key fills, and the count of a list. */
static inline void *key_at(const struct key *key, void *target)
{
    return (char *)target + key->offset;
}

static inline size_t *key_count_at(const struct key *key, void *target)
{
    return (size_t *)(void *)((char *)target + key->count_offset);
}

#endif
