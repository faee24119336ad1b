#ifndef WORKER_EXCHANGE_BOOKMARK_START_H
#define WORKER_EXCHANGE_BOOKMARK_START_H

#include "base/arena.h"
#include "base/err.h"
#include "config/stream.h"
#include "core/value.h"
#include "worker/exchange/scope.h"

/*
 * Where a run starts: what `bookmark` means in its expressions. The value that was stored for
 * the stream (`stored`, empty if none) minus `lookback`, or else `start` as written, or null.
 *
 * A value that reads as a JSON number is one, unless the definition says text. From a number
 * the lookback is taken in seconds, or in milliseconds where the number is 1e11 or more (an
 * epoch in milliseconds); from a time, with or without an offset, in whole seconds, and from a
 * date in whole days. Parts of a unit count as a whole one: a run may begin too early, never
 * too late. A time keeps the form in which it was sent; with `from` it is
 * written in the first of the API's forms, and so is a `start` that is RFC 3339 or a date.
 * ERR_INPUT: a lookback from anything else. The text is in `arena` or in the arguments.
 */
bool bookmark_start(struct arena *arena, const struct bookmark *def, struct str stored,
                    struct value *ret_value, struct err *err) MUST_CHECK;

/*
 * What the next run starts with, where `from_response` has it: the token in the answer that the
 * scope has, as it was sent. Empty where there is none; *ret_why then says what is there
 * instead. A token that holds a secret of the definition is none: it would be stored.
 */
enum { BOOKMARK_TOKEN_BYTES_MAX = 64 * 1024 };
struct str bookmark_token(const struct bookmark *def, const struct scope *scope,
                          struct arena *arena, struct str *ret_why);

#endif
