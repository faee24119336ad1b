#ifndef WORKER_DISCOVER_DRAFT_H
#define WORKER_DISCOVER_DRAFT_H

#include "base/arena.h"
#include "base/buf.h"
#include "config/stream.h"
#include "worker/discover/notes.h"

/*
 * A definition of one stream while it is being found out, and its text. What is tried is always
 * a draft that was written and read back: so what works is what is printed.
 *
 *     draft_open → (fields are set by hand, draft_set_param …)… → draft_write
 *
 * A draft is copied by value to try a variant of it. Its texts live in the arena it was made
 * with. None of them is a secret: those are named, "{{ env.SHOP_TOKEN }}".
 */
enum { DRAFT_PAIRS_MAX = 64 };

struct draft_pair {
    struct str name, value; /* the value as a YAML flow scalar or list: "\"a\"", "100" */
};

struct draft_pairs {
    struct draft_pair items[DRAFT_PAIRS_MAX];
    size_t count;
};

struct draft {
    struct str source, stream; /* names */
    struct str base_url, path;
    struct draft_pairs params, headers;
    struct str method;       /* empty: GET, or POST where there is a body */
    bool has_body, is_form;  /* of a form, else JSON */
    bool asks_in_query;      /* though it has a body */
    struct draft_pairs body; /* its members; of GraphQL the variables */
    struct str whole_body;   /* YAML of a body that has no members; empty: it has */
    struct str query;        /* of GraphQL; empty: it is none */
    struct str connection;   /* a path in `data`: how the query's pages follow; empty: none */
    struct str auth;         /* YAML; empty: none */
    bool allows_http, allows_private;
    enum answer_format format;
    char delimiter;        /* csv; 0: a comma */
    struct str merge_path; /* empty: the whole body */
    struct str names;      /* YAML of shape.names; empty: records are no lists */
    struct str pagination; /* YAML; empty: auto */
    int end_status;        /* of the page behind the last; 0: it is no error */
    struct str key;        /* YAML; empty: none */
    struct str bookmark;   /* YAML; empty: none */
    struct str since;      /* the parameter that the bookmark goes to */
};

/*
 * Splits the URL: its query becomes params. ERR_CONFIG where it is no URL of http, or has too
 * many parameters. The names are made of host and path; `name`, "source.stream", stands in
 * their place where it is not empty.
 */
bool draft_open(struct draft *draft, struct arena *arena, struct str url, struct str name,
                struct err *err) MUST_CHECK;

/* Sets one, or takes its place. False: there are too many. `value` is YAML. */
bool draft_set(struct draft_pairs *pairs, struct str name, struct str value);
void draft_remove(struct draft_pairs *pairs, struct str name);
const struct draft_pair *draft_find(const struct draft_pairs *pairs, struct str name);

/* A text as YAML, in double quotes. */
struct str draft_quote(struct arena *arena, struct str text);

/* --- what is asked for: in the query, or in the body of a request that is no GET --- */

struct draft_pairs *draft_asked(struct draft *draft);
const struct draft_pair *draft_find_asked(const struct draft *draft, struct str name);
/* Sets a number or a text; in JSON a number is one. False: there are too many. */
bool draft_ask(struct draft *draft, struct arena *arena, struct str name, struct str text);
/* A query of GraphQL takes the variables that it declares alone. */
bool draft_may_ask(const struct draft *draft, struct arena *arena, struct str name);
/* Where it is, as the keys of a pagination take it: "page", "body:page". */
struct str draft_place(const struct draft *draft, struct arena *arena, struct str name);
/* "body:variables.page" → "page" */
struct str draft_place_name(struct str place);
/* A pair's value without its quotes. */
struct str draft_value_text(struct str value);

enum draft_use {
    DRAFT_PRINTED,
    DRAFT_TRIED,      /* with few tries and short waits */
    DRAFT_OF_REQUEST, /* the same, and not by the pagination but with this request alone */
};

void draft_write(const struct draft *draft, enum draft_use use, const struct notes *notes,
                 struct buf *out);

#endif
