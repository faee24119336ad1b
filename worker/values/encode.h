#ifndef WORKER_VALUES_ENCODE_H
#define WORKER_VALUES_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "worker/records/jsontext.h"

/*
 * Values as the fields of a COPY BINARY tuple: a length in four bytes, then what the type's
 * receive function reads (PostgreSQL: src/backend/utils/adt, *_recv). Those that return bool
 * put nothing and return false where the text is not such a value. The text of numbers and
 * strings is that of the JSON; strings without their quotes.
 *
 * Past the buffer's ceiling nothing is put, `buf->has_overflowed` is set, and true is returned
 * all the same: the caller looks once, at the end of the page.
 */
enum { ENCODE_UUID_BYTES = 16, ENCODE_JSONB_VERSION = 1 };

/* 2000-01-01, where PostgreSQL's dates and times begin. */
enum { ENCODE_EPOCH_DAYS = 10957 };
#define ENCODE_EPOCH_US INT64_C(946684800000000)

void encode_null(struct buf *buf);
void encode_boolean(struct buf *buf, bool flag);
void encode_int2(struct buf *buf, int16_t number);
void encode_int4(struct buf *buf, int32_t number);
void encode_int8(struct buf *buf, int64_t number);
bool encode_bigint(struct buf *buf, struct str number) MUST_CHECK;

/* Any JSON number (RFC 8259, section 6) within the limits of core/scan.h: every digit is kept,
 * and so are trailing zeros of the fraction. */
bool encode_numeric(struct buf *buf, struct str number) MUST_CHECK;

/* The values of numeric that JSON has no number for. */
enum encode_special { ENCODE_NAN, ENCODE_INFINITY, ENCODE_MINUS_INFINITY };
void encode_numeric_special(struct buf *buf, enum encode_special special);

bool encode_is_number(struct str text) MUST_CHECK; /* what encode_numeric takes */

bool encode_timestamptz(struct buf *buf, struct str text) MUST_CHECK; /* RFC 3339 with offset */
bool encode_date(struct buf *buf, struct str text) MUST_CHECK;
void encode_uuid(struct buf *buf, const char uuid[ENCODE_UUID_BYTES]);
void encode_text(struct buf *buf, struct str text); /* as it is */

/* The text of a JSON string: escapes are resolved. Free of \u0000 and lone surrogates. */
void encode_unescaped(struct buf *buf, struct str inner);

/* A JSON value, with its keys as jsonb sorts them. */
void encode_jsonb(struct buf *buf, struct jsontext_sorter *sorter, struct str value);

/* 8-4-4-4-12 hexadecimal digits, either case. */
bool encode_parse_uuid(struct str text, char ret_uuid[ENCODE_UUID_BYTES]) MUST_CHECK;

/*
 * Fields of a row that may never be sent. Of an upsert whose probes say that most rows are in
 * the table already, a long value is not copied and sorted but named: the field holds where its
 * bytes are in the page's body. batch_settle writes it, before anything else reads it.
 *
 *     encode_later → batch_take_field passes over it → encode_waited
 */
enum later {
    LATER_JSONB,     /* a JSON value */
    LATER_TEXT,      /* as it is */
    LATER_UNESCAPED, /* what is between the quotes of a JSON string with escapes */
};

enum {
    LATER_BYTES = sizeof(struct str), /* behind the length */
    LATER_WORTH_BYTES = 64,           /* shorter values are written at once */
    LATER_GROWTH_MAX = 5,             /* a field's length, and jsonb's version */
};

/* Whether a field with this length is such a one. COPY has no length below -1. */
static inline bool encode_is_later(int32_t length)
{
    return length < -1;
}

/* `raw` is borrowed until encode_waited. */
void encode_later(struct buf *rows, enum later how, struct str raw);

/* The field that it stands for: at most LATER_GROWTH_MAX bytes longer than its raw text. */
void encode_waited(struct jsontext_sorter *sorter, struct buf *rows, int32_t length,
                   const char bytes[LATER_BYTES]);

/* Begins a field whose length is not known yet; encode_end writes the length. */
size_t encode_begin(struct buf *buf);
void encode_end(struct buf *buf, size_t begin);

#endif
