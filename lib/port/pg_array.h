#ifndef PORT_PG_ARRAY_H
#define PORT_PG_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * PostgreSQL's array literal for a bigint[] parameter: {1,2}; {} for none. Put at the end of
 * the buffer, whose overflow is the caller's to look at: a number takes at most
 * PG_ARRAY_NUMBER_BYTES. Grammar: PostgreSQL's manual, "Array Input and Output Syntax".
 */
enum { PG_ARRAY_NUMBER_BYTES = 21 };

void pg_array_put(struct buf *buf, const int64_t *numbers, size_t count);

/*
 * What comes before the elements of an array in binary format (array_recv): one dimension of
 * `count` elements of the type with this OID (pg_type.dat). The elements
 * follow as the fields of a COPY BINARY tuple: a length in four bytes, then the bytes.
 */
enum { PG_ARRAY_HEAD_BYTES = 20 };
void pg_array_put_head(struct buf *buf, uint32_t type, size_t count);
void pg_array_set_count(struct buf *buf, size_t head, size_t count); /* of the head put there */
uint32_t pg_array_type(struct str bytes);
void pg_array_put_bigint(struct buf *buf, int64_t number); /* one such element */

/*
 * An array of bigint in binary format (array_send), of one dimension at most:
 *
 *     struct pg_array_rest rest = pg_array_open(pg_get_str(result, 0, 0));
 *     while (rest.count)
 *         is_null = !pg_array_take(&rest, &number);
 *
 * Of bytes that are no such array nothing is left to take.
 */
struct pg_array_rest {
    const char *at, *end;
    size_t count; /* elements that are still to come */
};

struct pg_array_rest pg_array_open(struct str bytes);

/* False: the element is null. */
bool pg_array_take(struct pg_array_rest *rest, int64_t *ret_number);

#endif
