#ifndef WORKER_RECORDS_RECORD_SOURCE_H
#define WORKER_RECORDS_RECORD_SOURCE_H

#include "worker/records/records.h"

/*
 * A body that is nothing but records, one behind the other: lines, rows. records.h opens one
 * where the format is such, and reads the body by it instead of along a path.
 *
 * `next` gives the records as records_next does, with their position, `raw` and `sent`. What
 * stands where a record should be, and is none, is given too: `sent` is its bytes, `problem`
 * says why. RECORDS_BAD (err, ERR_INPUT): of such a body no end can be found.
 */
struct record_source {
    enum records_result (*next)(struct record_source *source, struct record *ret_record,
                                struct err *err);
    bool is_truncated; /* after RECORDS_BAD */
};

#endif
