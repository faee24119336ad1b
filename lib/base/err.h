#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

/*
 * Errors. A function that can fail returns bool (true: done) and takes `struct err *err` as
 * its last argument, never NULL. Success leaves *err alone; failure leaves every ret_ output
 * alone. The kind says what the caller may do; nobody above a port looks at a library's code.
 *
 * Each level that knows a noun adds it once, outermost first:
 *     run 7: shop.orders: page 4: GET https://h/x?page=4: status 503
 */
enum err_kind {
    ERR_NONE = 0,
    ERR_AGAIN,   /* the same call may succeed later: network, server restart, timeout */
    ERR_INPUT,   /* what came from outside cannot be used: a body, a message, a record */
    ERR_CONFIG,  /* the user must change a setting or a definition */
    ERR_STOPPED, /* cancelled by us: shutdown, a lost job */
    ERR_BUG,     /* cannot happen; a promise inside the program is broken */
};

enum { ERR_TEXT_BYTES = 2048 };

struct err {
    enum err_kind kind;
    const char *origin; /* static: the module or library that refused: "http", "pg" */
    int code;           /* the origin's own number (HTTP status, errno), 0 if none */
    char sqlstate[6];   /* PostgreSQL's five characters, or "" */
    bool is_lack;       /* this machine's own: base/lack.h */
    char text[ERR_TEXT_BYTES];
};

/* An empty error to start with. */
#define ERR_INIT                                                                               \
    {                                                                                          \
        .kind = ERR_NONE                                                                       \
    }

/*
 * Fills *err. Always returns false, so that a failing function ends with
 * `return err_set(err, ERR_INPUT, "link", 0, "no '>' after byte %zu", at);`
 * Text longer than the buffer is cut at a UTF-8 boundary.
 */
bool err_set(struct err *err, enum err_kind kind, const char *origin, int code, const char *fmt,
             ...) PRINTF_LIKE(5, 6);

/* Puts "<noun>: " before the text. Always returns false. */
bool err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

#ifdef __clang_analyzer__
/* What the prose above says, for a reader that sees one file at a time. */
#define err_set(...)  ((err_set)(__VA_ARGS__), false)
#define err_wrap(...) ((err_wrap)(__VA_ARGS__), false)
#endif

#endif
