#include "web/page.h"

#include <stdio.h>

#include "port/hash.h"
#include "port/unpack.h"

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

static const struct packed *file_of(const char *name)
{
    const struct packed *file = packed_page;
    while (!str_is(str_from(file->name), name))
        file++;
    return file;
}

bool page_answer(struct httpd_call *call, const struct httpd_request *request)
{
    size_t i = 0;
    while (i < COUNT_OF(files) && !str_is(request->path, files[i].path))
        i++;
    if (i == COUNT_OF(files) || !str_is(request->method, "GET"))
        return false;
    AUTO_BUF(text, MIB(1));
    char tag[32], headers[sizeof page_headers + 64];
    const struct packed *file = file_of(files[i].name);
    uint64_t hash =
        hash_bytes((struct str){(const char *)file->pack->bytes, file->pack->len}, 0);
    snprintf(tag, sizeof tag, "\"%016llx\"", (unsigned long long)hash);
    snprintf(headers, sizeof headers, "%sETag: %s\r\n", page_headers, tag);
    bool is_known = str_is(httpd_request_header(request, STR("if-none-match")), tag);
    if (!is_known)
        unpack(file, &text);
    httpd_answer(call, &(struct httpd_answer){.status = is_known ? 304 : 200,
                                              .type = files[i].type,
                                              .headers = headers,
                                              .caching = "no-cache",
                                              .body = buf_str(&text)});
    return true;
}
