#ifndef CORE_XML_JSON_H
#define CORE_XML_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/path.h"

/*
 * XML as a JSON text, so that all that reads JSON reads it: {"root": …}. An element is an
 * object of its attributes ("@name") and elements; its text is "#text", or the value itself
 * where there is nothing else. Elements of one name are a list, in their order. An element
 * without anything, or with xsi:nil="true", is null; white space between elements is left out.
 *
 * What `path` names is a list, however many they are: the elements at its end, and those
 * before a [*]. Where the element around those at its end has none, they are an empty list:
 * XML has no other way to say it.
 *
 * Prefixes of names, and xmlns, are left out unless `keeps_prefixes`.
 */
struct xml_span {
    size_t from, to; /* bytes of the text */
};

struct xml_json {
    /* in */
    const struct path *path;
    const struct path *const
        *others; /* at most XML_OTHERS_MAX; what they name is a list, too */
    size_t other_count;
    bool keeps_prefixes;
    struct arena *arena; /* for `records` */
    /* out */
    struct xml_span *records; /* each element at the end of `path`, in order */
    size_t record_count, record_capacity;
    bool is_truncated; /* where it failed: the text ended too early */
};

/*
 * Deeper elements than XML_DEPTH_MAX, more than json->max bytes, and more elements and
 * attributes at once, names or records than these are ERR_INPUT, as is what is no XML. The time
 * is that of the length, the memory besides `json` that of one record. A text is read in one
 * go: these bounds are what keeps that short.
 */
enum {
    XML_OTHERS_MAX = 63,
    XML_DEPTH_MAX = 500,
    XML_HELD_MAX = 1000000, /* in one record, or outside of records */
    XML_NAMES_MAX = 1 << 16,
    XML_RECORDS_MAX = 1000000,
};

bool xml_json_write(struct xml_json *xml, struct str text, struct buf *json,
                    struct err *err) MUST_CHECK;

#endif
