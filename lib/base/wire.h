#ifndef BASE_WIRE_H
#define BASE_WIRE_H

#include <assert.h>
#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

/* Integers as PostgreSQL's wire formats have them: big-endian, at any place. buf.h and
 * values/encode.h write them. */

static inline int16_t wire_int2(const char *at)
{
    uint16_t wire;
    memcpy(&wire, at, sizeof wire);
    return (int16_t)be16toh(wire);
}

static inline int32_t wire_int4(const char *at)
{
    uint32_t wire;
    memcpy(&wire, at, sizeof wire);
    return (int32_t)be32toh(wire);
}

static inline int64_t wire_int8(const char *at)
{
    uint64_t wire;
    memcpy(&wire, at, sizeof wire);
    return (int64_t)be64toh(wire);
}

/* Of a field that is one integer: smallint, integer or bigint, by its length. */
static inline int64_t wire_integer(struct str bytes)
{
    if (bytes.len == sizeof(int16_t))
        return wire_int2(bytes.ptr);
    if (bytes.len == sizeof(int32_t))
        return wire_int4(bytes.ptr);
    assert(bytes.len == sizeof(int64_t));
    return wire_int8(bytes.ptr);
}

#endif
