#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "config/settings.h"
#include "port/httpd.h"
#include "port/loop.h"

/*
 * The dashboard (docs/dashboard.md): the page, the API that it reads and gives orders by, and
 * the events that keep it up to date.
 *
 *     httpd_open → web_new → … → httpd_close → web_free
 *
 * PostgreSQL is asked in two sessions of its own, which are open only while somebody looks: one
 * that cannot write, for whatever a GET asks, and one for orders. A GET changes nothing. An
 * order must come from the same origin and with a header that no page of another origin can
 * send; the token, where there is one, is the listener's affair.
 */
struct web;

/* Takes the calls of `httpd`; `settings` is borrowed. */
struct web *web_new(struct loop *loop, const struct settings *settings,
                    struct httpd *httpd) MUST_CHECK;
void web_free(struct web *web); /* after httpd_close; NULL is fine */

/* The page's own paths, which need no token; up to NULL. */
#define WEB_PAGE_PATHS "/", "/app.js", "/style.css", "/icon.svg"

#endif
