#include "web/page.h"

#include <stdio.h>

#include "base/embedded.h"
#include "port/hash.h"

const char page_headers[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n";

static const struct {
    const char *path, *name, *type;
} files[] = {
    {"/", "index.html", "text/html; charset=utf-8"},
    {"/app.js", "app.js", "text/javascript; charset=utf-8"},
    {"/style.css", "style.css", "text/css; charset=utf-8"},
    {"/icon.svg", "icon.svg", "image/svg+xml"},
};

static struct str text_of(const char *name)
{
    const struct embedded *file = embedded_page;
    while (!str_is(str_from(file->name), name))
        file++;
    return str_from(file->text);
}

bool page_answer(struct httpd_call *call, const struct httpd_request *request)
{
    size_t i = 0;
    while (i < COUNT_OF(files) && !str_is(request->path, files[i].path))
        i++;
    if (i == COUNT_OF(files) || !str_is(request->method, "GET"))
        return false;
    char tag[32], headers[sizeof page_headers + 64];
    struct str text = text_of(files[i].name);
    snprintf(tag, sizeof tag, "\"%016llx\"", (unsigned long long)hash_bytes(text, 0));
    snprintf(headers, sizeof headers, "%sETag: %s\r\n", page_headers, tag);
    bool is_known = str_is(httpd_request_header(request, STR("if-none-match")), tag);
    httpd_answer(call, &(struct httpd_answer){.status = is_known ? 304 : 200,
                                              .type = files[i].type,
                                              .headers = headers,
                                              .caching = "no-cache",
                                              .body = is_known ? STR_NONE : text});
    return true;
}
