#ifndef BASE_UNESCAPE_H
#define BASE_UNESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/*
 * A text without one of its encodings, and where each byte of it was in the text that came
 * first. For searching: what is no escape stays as it is, so any text can be read.
 */
enum unescape_kind {
    UNESCAPE_PERCENT, /* %2F (RFC 3986, section 2.1) */
    UNESCAPE_JSON,    /* \/ \n \u002f and \x2f; surrogate pairs are one character */
    UNESCAPE_HTML,    /* &amp; &lt; &gt; &quot; &apos; &sol; &plus; &equals; &#47; &#x2f; */
    UNESCAPE_BASE64,  /* words of it, also of base64url, that hold text (RFC 4648) */
    UNESCAPE_UTF16,   /* the zero bytes of text in UTF-16 */
    UNESCAPE_KINDS,
};

/* The first text is made by hand: {.text = text}. */
struct unescaped {
    struct str text;
    size_t *starts; /* where each byte began, and the end; NULL: the text that came first */
};

/* False, with nothing made, where there is no such escape in it. */
bool unescape(const struct unescaped *from, enum unescape_kind kind, struct unescaped *ret);
void unescaped_done(struct unescaped *text);

/* Where the byte `at` began in the first text; also of the end. */
size_t unescaped_at(const struct unescaped *text, size_t at);

#endif
