#include "core/expr/filter.h"

#include <string.h>

#include "core/expr/limits.h"
#include "core/expr/text.h"
#include "core/expr/tojson.h"
#include "port/digest.h"

/* Filters between text and other writings of it: JSON, URL, base64, digests. */

static bool filter_tojson(struct eval *ev, const struct call *call, struct value *ret)
{
    AUTO_BUF(buf, EXPR_TEXT_MAX);
    int64_t indent;
    if (!eval_check_result(ev, call->subject))
        return false;
    if (value_has_undefined(call->subject))
        return eval_fail(ev, "an undefined value has no JSON: %s",
                         eval_show(ev, call->subject));
    bool has_indent = call->given[0] && call->args[0].kind != VALUE_NULL;
    if (has_indent && !call_int(ev, call, 0, 0, &indent))
        return false;
    tojson_put(&buf, call->subject, has_indent ? (int)MIN(MAX(indent, 0), 16) : -1);
    return eval_take_text(ev, &buf, ret);
}

static bool filter_fromjson(struct eval *ev, const struct call *call, struct value *ret)
{
    struct err err = ERR_INIT;
    if (call->subject.kind != VALUE_STRING)
        return eval_fail(ev, "not a string: %s", eval_show(ev, call->subject));
    if (value_parse(ev->arena, call->subject.text, VALUE_WHOLE, ret, &err))
        return true;
    return eval_fail(ev, "not JSON: %s: %s", err.text, eval_show(ev, call->subject));
}

/* --- urlencode --- */

/* RFC 3986, section 2.3, and what the caller calls safe. */
static void put_quoted(struct buf *buf, struct str text, struct str safe, bool plus)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789_.-~";
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if ((c && strchr(unreserved, c)) || str_find_byte(safe, c) >= 0)
            buf_put_byte(buf, c);
        else if (c == ' ' && plus)
            buf_put_byte(buf, '+');
        else
            buf_printf(buf, "%%%02X", (unsigned char)c);
    }
}

static bool put_pair(struct eval *ev, struct buf *buf, struct value key, struct value value)
{
    struct str text;
    if (buf->len)
        buf_puts(buf, "&");
    if (!text_read(ev, key, &text))
        return false;
    put_quoted(buf, text, STR_NONE, true);
    buf_puts(buf, "=");
    if (!text_read(ev, value, &text))
        return false;
    put_quoted(buf, text, STR_NONE, true);
    return true;
}

static bool put_query(struct eval *ev, struct buf *buf, struct value subject)
{
    if (subject.kind == VALUE_MAP) {
        for (size_t i = 0; i < subject.map->count; i++)
            if (!put_pair(ev, buf, value_string(subject.map->members[i].key),
                          subject.map->members[i].value))
                return false;
        return true;
    }
    for (size_t i = 0; i < subject.list->count; i++) {
        const struct value_list *pair;
        if (!text_elements(ev, subject.list->items[i], &pair))
            return false;
        if (pair->count != 2)
            return eval_fail(ev, "needs pairs of key and value, not %s",
                             eval_show(ev, subject.list->items[i]));
        if (!put_pair(ev, buf, pair->items[0], pair->items[1]))
            return false;
    }
    return true;
}

static bool filter_urlencode(struct eval *ev, const struct call *call, struct value *ret)
{
    AUTO_BUF(buf, EXPR_TEXT_MAX);
    struct str text, safe;
    if (call->subject.kind == VALUE_LIST || call->subject.kind == VALUE_MAP) {
        if (!put_query(ev, &buf, call->subject))
            return false;
    } else {
        if (!call_text(ev, call, 0, STR("/"), &safe) || !text_read(ev, call->subject, &text))
            return false;
        put_quoted(&buf, text, safe, false);
    }
    return eval_take_text(ev, &buf, ret);
}

/* --- base64 and digests --- */

static bool defined_text(struct eval *ev, struct value value, struct str *ret)
{
    if (value.kind == VALUE_UNDEFINED || value.kind == VALUE_NULL)
        return eval_fail(ev, "needs a text, not %s", eval_show(ev, value));
    return text_read(ev, value, ret);
}

static bool filter_b64encode(struct eval *ev, const struct call *call, struct value *ret)
{
    struct str text;
    if (!defined_text(ev, call->subject, &text))
        return false;
    *ret = value_string(digest_base64(ev->arena, text));
    return true;
}

static bool filter_b64decode(struct eval *ev, const struct call *call, struct value *ret)
{
    struct str text, bytes;
    if (!defined_text(ev, call->subject, &text))
        return false;
    if (!digest_base64_decode(ev->arena, text, &bytes))
        return eval_fail(ev, "not base64: %s", eval_show(ev, call->subject));
    if (!str_is_utf8(bytes))
        return eval_fail(ev, "the decoded bytes are not text: %s",
                         eval_show(ev, call->subject));
    *ret = value_string(bytes);
    return true;
}

/* In hex, or in base64 where that is asked for. */
static bool take_digest(struct eval *ev, const struct call *call, size_t slot,
                        const unsigned char *digest, struct value *ret)
{
    struct str encoding, bytes = {(const char *)digest, DIGEST_SHA256_BYTES};
    if (!call_text(ev, call, slot, STR("hex"), &encoding))
        return false;
    if (str_is(encoding, "hex"))
        *ret = value_string(digest_hex(ev->arena, bytes));
    else if (str_is(encoding, "base64"))
        *ret = value_string(digest_base64(ev->arena, bytes));
    else
        return eval_fail(ev, "the encoding is hex or base64, not %.*s", STR_ARG(encoding));
    return true;
}

static bool filter_sha256(struct eval *ev, const struct call *call, struct value *ret)
{
    struct str text;
    unsigned char digest[DIGEST_SHA256_BYTES];
    if (!defined_text(ev, call->subject, &text))
        return false;
    digest_sha256(text, digest);
    return take_digest(ev, call, 0, digest, ret);
}

static bool filter_hmac(struct eval *ev, const struct call *call, struct value *ret)
{
    struct str text, key, algorithm;
    unsigned char digest[DIGEST_SHA256_BYTES];
    if (!defined_text(ev, call->subject, &text) || !defined_text(ev, call->args[0], &key) ||
        !call_text(ev, call, 1, STR("sha256"), &algorithm))
        return false;
    if (!str_is(algorithm, "sha256"))
        return eval_fail(ev, "hmac knows sha256 only, not %.*s", STR_ARG(algorithm));
    digest_hmac_sha256(key, text, digest);
    return take_digest(ev, call, 2, digest, ret);
}

const struct callable filter_code_table[] = {
    {"tojson", filter_tojson, {"indent"}, 1, 0},
    {"fromjson", filter_fromjson, {0}, 0, 0},
    {"urlencode", filter_urlencode, {"safe"}, 1, 0},
    {"b64encode", filter_b64encode, {0}, 0, 0},
    {"b64decode", filter_b64decode, {0}, 0, 0},
    {"sha256", filter_sha256, {"encoding"}, 1, 0},
    {"hmac", filter_hmac, {"key", "algorithm", "encoding"}, 3, 1},
    {0},
};
