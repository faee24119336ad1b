#include "web/answer.h"

#include "base/embedded.h"
#include "base/json_out.h"
#include "web/page.h"

const char *answer_query(const char *name)
{
    const struct embedded *file = embedded_queries;
    struct str wanted = str_from(name);
    while (!str_starts(str_from(file->name), wanted) ||
           !str_is(str_slice(str_from(file->name), wanted.len, SIZE_MAX), ".sql"))
        file++;
    return file->text;
}

void answer_json(struct httpd_call *call, int status, struct str json)
{
    httpd_answer(call, &(struct httpd_answer){.status = status,
                                              .type = "application/json",
                                              .headers = page_headers,
                                              .body = json});
}

void answer_refuse(struct httpd_call *call, int status, struct str why)
{
    AUTO_BUF(body, KIB(8));
    struct json_out out = {.buf = &body};
    json_out_open(&out, NULL, '{');
    json_out_str(&out, "error", str_slice(why, 0, KIB(1)));
    json_out_close(&out, '}');
    answer_json(call, status, buf_str(&body));
}

void answer_error(struct httpd_call *call, const struct err *err)
{
    struct str state = str_from(err->sqlstate);
    if (str_is(state, "57014"))
        answer_refuse(call, 504, STR("PostgreSQL took longer than 5 s"));
    else if (str_is(state, "55P03"))
        answer_refuse(call, 503, STR("a run is just being written; try again"));
    else if (str_starts(state, STR("22")))
        answer_refuse(call, 400, STR("a value cannot be read"));
    else if (err->kind == ERR_AGAIN || err->kind == ERR_STOPPED)
        answer_refuse(call, 503, STR("PostgreSQL does not answer; the log says why"));
    else
        answer_refuse(call, 500, STR("PostgreSQL refuses the question; its log says why"));
}

void answer_bytes(struct httpd_call *call, struct str bytes, int64_t id)
{
    AUTO_BUF(headers, KIB(2));
    buf_printf(&headers, "%sContent-Disposition: attachment; filename=\"reject-%lld\"\r\n",
               page_headers, (long long)id);
    httpd_answer(call, &(struct httpd_answer){.status = 200,
                                              .type = "application/octet-stream",
                                              .headers = headers.ptr,
                                              .body = bytes});
}
