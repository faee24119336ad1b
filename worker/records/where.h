#ifndef WORKER_RECORDS_WHERE_H
#define WORKER_RECORDS_WHERE_H

#include "core/template.h"
#include "worker/records/record.h"

/*
 * `where`, is a record kept, and `deleted`, does it say that it is gone? A name means, in this
 * order: `record`, the whole record as it was sent; what it means in every expression; a field
 * of the record (`value`, where the record is not an object). Which values mean yes is said by
 * value_holds (core/value.h).
 */
struct where {
    const char *key;                 /* of the definition, for messages */
    const struct template *template; /* NULL: there is no such condition */
    const struct expr_scope *scope;
    struct arena *scratch; /* reset for each record; NULL without a template */
};

/* False: err, ERR_INPUT. */
bool where_holds(const struct where *where, const struct record *record, bool *ret_holds,
                 struct err *err) MUST_CHECK;

#endif
