#ifndef WORKER_ACCESS_SECRETS_H
#define WORKER_ACCESS_SECRETS_H

#include "base/arena.h"
#include "base/err.h"
#include "config/stream.h"
#include "core/value.h"

/*
 * The values of `env.X` and `secrets.x`, as maps for expressions: just those that the stream's
 * definition uses.
 */
struct secrets {
    struct value env, files;
};

/*
 * Reads them from the environment and from files, so it may wait for the disk: for the
 * beginning of a job. Each value is registered for redaction, credentials
 * that the definition holds itself as well, elements and members of JSON one
 * by one. A secret `x` is the content of the file x in secrets_dir (NULL: not set) without its
 * line ends; where there is no such file, the JSON of x.json. At most 64 KiB each,
 * regular files only, and none that is empty. Everything
 * is in `arena`. ERR_CONFIG names what is missing or cannot be read; a lack is base/lack.h's.
 */
bool secrets_collect(struct arena *arena, const struct stream *stream, const char *secrets_dir,
                     struct secrets *ret_secrets, struct err *err) MUST_CHECK;

/* Each use of `env.X` and `secrets.x` in the definition; `use` lives for the call. */
void secrets_each_use(const struct stream *stream, expr_use_fn fn, void *ctx);

/*
 * From here on no value is read: each reference has what `find` says, and is registered as a
 * value would be. For definitions that are tried without their credentials. `name` is
 * "env.SHOP_TOKEN". NULL: values are read again.
 */
typedef struct value (*secrets_find_fn)(void *ctx, struct arena *arena, struct str name);
void secrets_replace(secrets_find_fn find, void *ctx);

/* Is this a name whose values are secrets: `env`, `secrets`? */
bool secrets_is_root(struct str name);

/* Does it name one of them? Then what it makes is a credential. */
bool secrets_used_by(const struct template *template);

/* Or one of `vars` that goes by the name of a credential, and so holds a literal one? */
bool secrets_named_by(const struct template *template);

/*
 * Is a header or parameter a credential: by its name, by what it is made from, or because it
 * begins as credentials do ("Bearer …")? Then it stays on its origin, literal or not.
 */
bool secrets_are_in(struct str name, const struct template *template);

#endif
