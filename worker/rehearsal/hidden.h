#ifndef WORKER_REHEARSAL_HIDDEN_H
#define WORKER_REHEARSAL_HIDDEN_H

#include "config/stream.h"
#include "core/value.h"

/*
 * Tokens and passwords that an API sends as data: of members of JSON and XML, and columns of
 * csv, that are named like a credential (base/secret_name.h), and of such parameters of URLs in
 * texts and headers. Each is registered for redaction, and so stands in a recording as
 * `<hidden-1>`, `<hidden-2>` … wherever it occurs. A field that is part of the stream's key
 * stays, and so does one that is called `key`: it tells records apart far more often than it
 * lets somebody in. So do times, URLs as such, and what the definition itself says.
 */
enum { HIDDEN_MAX = 4096, HIDDEN_BYTES_MIN = 8 };

struct hidden {
    const struct stream *stream;
    int count;
};

/* Values below HIDDEN_BYTES_MIN are left. ERR_INPUT: there are more than HIDDEN_MAX. */
bool hidden_find(struct hidden *hidden, struct str body, struct err *err) MUST_CHECK;

/* Of a text with URLs in it: a header's value, such as Link and Location. */
void hidden_find_params(struct hidden *hidden, struct str text);

/* The first member, at any depth, that is named like a credential and has a value; empty: there
 * is none. */
struct str hidden_member(struct value value);

#endif
