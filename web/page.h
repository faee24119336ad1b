#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include "port/httpd.h"

/*
 * The page itself: index.html, app.js, style.css and icon.svg, built into the binary. They hold
 * nothing of anybody, so they are given without a token; what they show comes from the API.
 */

/* Answers a GET of one of them; false: the path is none of theirs. */
bool page_answer(struct httpd_call *call, const struct httpd_request *request);

/*
 * Header lines of everything that web/ answers: nothing but the page's own two files is loaded,
 * nobody is asked but us, no frame of others shows it, no form leaves it (CSP level 3).
 */
extern const char page_headers[];

#endif
