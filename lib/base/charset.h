#ifndef BASE_CHARSET_H
#define BASE_CHARSET_H

#include "base/buf.h"
#include "base/str.h"

/* The encodings of texts that are read besides UTF-8. */
enum charset {
    CHARSET_NONE, /* not named */
    CHARSET_UTF_8,
    CHARSET_LATIN_1, /* ISO 8859-1 */
    CHARSET_WINDOWS_1252,
    CHARSET_UTF_16LE, /* also what is called utf-16 and has no mark */
    CHARSET_UTF_16BE,
    CHARSET_OTHERS, /* and beyond: what iconv(3) reads, of bytes in which ASCII is ASCII */
};

/* By the names that are in use, in any case. NONE: the name is not known, or this machine's
 * iconv(3) lacks it. */
enum charset charset_parse(struct str name);

/* What the byte order mark at the begin says, and how long that is; NONE: there is none. */
enum charset charset_of_mark(struct str text, size_t *ret_bytes);

/*
 * Appends the text in UTF-8, at most three bytes for each of its own. What is no character
 * there becomes a byte that UTF-8 does not have, 0xFF: so it is seen as what it is, and only
 * what holds it is refused.
 */
void charset_put_utf8(struct buf *buf, struct str text, enum charset charset);

#endif
