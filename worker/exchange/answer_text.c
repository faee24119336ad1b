#include "worker/exchange/answer_text.h"

enum { GROWTH = 3, SLACK_BYTES = 16, DECLARATION_BYTES = 200 };

/* --- its encoding --- */

/* The value behind `name=`, with or without quotes; empty: there is none. */
static struct str value_behind(struct str text, struct str name)
{
    for (size_t i = 0; i + name.len < text.len; i++) {
        if (!str_eq_nocase(str_slice(text, i, i + name.len), name))
            continue;
        struct str value = str_trim(str_slice(text, i + name.len, text.len));
        char quote = value.len ? value.ptr[0] : '\0';
        bool is_quoted = quote == '"' || quote == '\'';
        value = str_slice(value, is_quoted, value.len);
        size_t len = 0;
        while (len < value.len &&
               (is_quoted ? value.ptr[len] != quote : !strchr("; \t?>", value.ptr[len])))
            len++;
        return str_slice(value, 0, len);
    }
    return STR_NONE;
}

static struct str name_of_type(const struct http_answer *answer)
{
    const struct http_header *type = http_header_find(answer, STR("content-type"));
    return type ? value_behind(type->value, STR("charset=")) : STR_NONE;
}

static enum charset charset_of_type(const struct http_answer *answer)
{
    return charset_parse(name_of_type(answer));
}

/* <?xml version="1.0" encoding="ISO-8859-1"?> */
static struct str name_of_declaration(struct str body)
{
    struct str head;
    if (!str_starts(body, STR("<?xml")))
        return STR_NONE;
    str_split(str_slice(body, 0, DECLARATION_BYTES), '>', &head);
    return value_behind(head, STR("encoding="));
}

static enum charset charset_of_declaration(struct str body)
{
    enum charset charset = charset_parse(name_of_declaration(body));
    /* In UTF-16 it could not be read so. */
    bool is_of_units = charset == CHARSET_UTF_16LE || charset == CHARSET_UTF_16BE;
    return is_of_units ? CHARSET_UTF_8 : charset;
}

static bool is_of_bytes(enum charset charset)
{
    return charset == CHARSET_LATIN_1 || charset == CHARSET_WINDOWS_1252 ||
           charset >= CHARSET_OTHERS;
}

static enum charset find_charset(const struct http_answer *answer,
                                 const struct answer_form *form, size_t *ret_mark_bytes)
{
    enum charset charset = charset_of_mark(answer->body, ret_mark_bytes);
    if (charset != CHARSET_NONE)
        return charset;
    if (form->encoding != CHARSET_NONE)
        return form->encoding;
    charset = charset_of_type(answer);
    if (charset == CHARSET_NONE && form->format == ANSWER_XML)
        charset = charset_of_declaration(answer->body);
    return is_of_bytes(charset) && str_is_utf8(answer->body) ? CHARSET_UTF_8 : charset;
}

struct str answer_text_note(const struct http_answer *answer, const struct answer_form *form,
                            struct arena *arena)
{
    enum { ESCAPE = 0x1B, NAME_SHOWN_BYTES = 40 };
    struct str body = answer->body, name = name_of_type(answer);
    size_t mark_bytes = 0;
    if (charset_of_mark(body, &mark_bytes) != CHARSET_NONE || form->encoding != CHARSET_NONE ||
        charset_parse(name) != CHARSET_NONE)
        return STR_NONE;
    if (!name.len && form->format == ANSWER_XML)
        name = name_of_declaration(body);
    if (!name.len || charset_parse(name) != CHARSET_NONE)
        return STR_NONE;
    if (str_is_utf8(body) && str_find_byte(body, ESCAPE) < 0) /* last: it reads all of it */
        return STR_NONE;
    return arena_printf(arena,
                        "the answer names an encoding that is not known, \"%.*s\", and is "
                        "read as UTF-8, which it is not (`encoding` says which it is)",
                        STR_ARG(str_slice(name, 0, NAME_SHOWN_BYTES)));
}

/* --- what stands before it --- */

static size_t guard_bytes(struct str body, const struct answer_form *form)
{
    static const struct str guards[] = {STR_INIT(")]}',"),      STR_INIT(")]}'"),
                                        STR_INIT(")]}"),        STR_INIT("while(1);"),
                                        STR_INIT("while (1);"), STR_INIT("for(;;);"),
                                        STR_INIT("for (;;);")};
    bool is_json = form->format == ANSWER_JSON || form->format == ANSWER_NDJSON;
    for (size_t i = 0; i < COUNT_OF(guards) && is_json; i++)
        if (str_starts(body, guards[i]))
            return guards[i].len;
    return 0;
}

bool answer_text(const struct http_answer *answer, const struct answer_form *form,
                 struct buf *text, struct http_answer *ret_answer)
{
    struct str body = answer->body;
    size_t mark_bytes = 0;
    enum charset charset = find_charset(answer, form, &mark_bytes);
    bool is_utf8 = charset <= CHARSET_UTF_8;
    body = str_slice(body, mark_bytes, body.len);
    if (is_utf8 && !guard_bytes(body, form))
        return false;
    buf_init(text, body.len * GROWTH + SLACK_BYTES);
    if (!is_utf8) {
        charset_put_utf8(text, body, charset);
        body = buf_str(text);
    }
    size_t guard = guard_bytes(body, form);
    if (is_utf8)
        buf_put(text, str_slice(body, guard, body.len));
    else if (guard) {
        memmove(text->ptr, text->ptr + guard, text->len - guard);
        buf_truncate(text, text->len - guard);
    }
    *ret_answer = *answer;
    ret_answer->body = buf_str(text);
    ret_answer->storage = text;
    return true;
}
