#ifndef WORKER_ACCESS_SECRET_REFS_H
#define WORKER_ACCESS_SECRET_REFS_H

#include "base/json_out.h"
#include "worker/access/secrets.h"

/*
 * Keeps the values of secrets out of a state that is stored. Before it is written each
 * string is hidden: what a secret wrote into it is cut out, and a reference says what
 * stood where.
 *
 *     secret_refs_init → secret_refs_hide for each value → secret_refs_put
 *     secret_refs_init → secret_refs_read → secret_refs_show for each value, in the same order
 *
 * The references are apart from the strings: [{"at": 2, "from": 9, "name": "env.TOKEN"}]
 * is the third string, 9 bytes of what is left of it before. So no text of an API is ever
 * taken for a reference. A secret is named where it stands as it is or percent-encoded
 * ("encoded": true); below 4 bytes it is not looked for (base/redact.h has the same
 * limit). Where a string still holds one in any other form that base/redact.h knows
 * (base64, hexadecimal, escaped, cut, another letter case, made of it by an expression),
 * the whole string is sealed (seal.h) and empty in the state: {"at": 2, "sealed": …}. Only
 * the same secrets open it. What the definition itself makes of a secret is not sealed:
 * pager_response.c refuses that.
 */
struct secret_ref {
    int64_t at, from;
    struct str name;
    bool is_encoded;
    struct str sealed; /* instead of all but `at`; STR_NONE: it is not */
};

struct secret_refs {
    struct arena *arena;
    const struct secrets *secrets; /* NULL: none */
    struct secret_ref *items;
    size_t count, capacity;
    int64_t at;  /* strings that went through */
    size_t next; /* the first reference that is not used yet */
    bool seals;  /* set by hand: a string that holds a secret in another form is sealed */
    bool guards; /* likewise: and one that may be a credential of its own, which an API gave: by
                    the name of its member, or because it is a link with a query */
    bool lacks_key; /* such a string is not sealed, since there is no secret: do not store it */
};

/* Borrows the secrets; everything else is in `arena`. */
void secret_refs_init(struct secret_refs *refs, struct arena *arena,
                      const struct secrets *secrets);

struct value secret_refs_hide(struct secret_refs *refs, struct value value);
struct str secret_refs_hide_text(struct secret_refs *refs, struct str text);
/* Writes the list as a member; nothing where it is empty. */
void secret_refs_put(const struct secret_refs *refs, struct json_out *out, const char *key);

/* ERR_INPUT: not a list that secret_refs_put wrote. */
bool secret_refs_read(struct secret_refs *refs, struct value list, struct err *err) MUST_CHECK;
/* ERR_INPUT: a secret that the definition does not use, or a place that is not there. */
bool secret_refs_show(struct secret_refs *refs, struct value *value,
                      struct err *err) MUST_CHECK;
bool secret_refs_show_text(struct secret_refs *refs, struct str *text,
                           struct err *err) MUST_CHECK;

/*
 * Can a checkpoint hold what the template made, `value`? Not where it made something of a
 * secret: a hash, a part, another encoding. Found by making it once more of other secrets.
 */
bool secret_refs_cover(const struct template *template, const struct expr_scope *scope,
                       struct value value, struct arena *arena);

#endif
