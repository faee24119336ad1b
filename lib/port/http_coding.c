#include "port/http_coding.h"

#define ZLIB_CONST
#include <zlib.h>

#include "base/mem.h"
#include "base/redact.h"

/*
 * Each inflater gives its output to the next one, the last one to the body. Its state:
 *
 *     FRESH ──begins as its coding does──> INSIDE ──end of a member──> BEHIND
 *       │                                    ^                         │   zero bytes: stays
 *       └──does not──> AS_IT_IS              └──gzip: another member───┘
 */
enum inflater_state { FRESH, INSIDE, BEHIND, AS_IT_IS };

struct http_inflater {
    bool is_gzip; /* else deflate */
    size_t taken; /* bytes that were given to it */
    enum inflater_state state;
    z_stream zlib;
};

/* One coding after the other, from the outside in. */
struct pipe {
    struct http_coding *coding;
    size_t stage;
    struct buf *out;
};

enum { GZIP_ID1 = 0x1f }; /* RFC 1952: the first byte of a member */

enum { PIECE_BYTES = 32 << 10, GZIP_BITS = 16 + MAX_WBITS, SHOWN_BYTES = 60 };

/* What is coded is not longer than its body by more than this: padding has an end. */
enum { CODED_SLACK_BYTES = 1 << 20 };

/* --- the names --- */

static bool is_gzip(struct str name)
{
    return str_eq_nocase(name, STR("gzip")) || str_eq_nocase(name, STR("x-gzip"));
}

static bool is_deflate(struct str name)
{
    return str_eq_nocase(name, STR("deflate"));
}

static bool is_libcurls(struct str name)
{
    return str_eq_nocase(name, STR("br")) || str_eq_nocase(name, STR("zstd"));
}

/* The next coding of a header field; false at its end. */
static bool next_name(struct str *rest, struct str *ret_name)
{
    while (rest->len) {
        struct str name;
        *rest = str_split(*rest, ',', &name);
        *ret_name = str_trim(name);
        if (ret_name->len)
            return true;
    }
    return false;
}

bool http_coding_is_libcurls(const struct http_header *headers, size_t count)
{
    struct str name;
    for (size_t i = 0; i < count; i++) {
        struct str rest = headers[i].value;
        while (str_is(headers[i].name, "content-encoding") && next_name(&rest, &name))
            if (is_libcurls(name))
                return true;
    }
    return false;
}

static struct http_inflater *inflater_new(bool is_gzip)
{
    struct http_inflater *inflater = mem_alloc(sizeof *inflater);
    *inflater = (struct http_inflater){
        .is_gzip = is_gzip, .zlib = {.zalloc = mem_zlib_alloc, .zfree = mem_zlib_free}};
    bool ok = inflateInit2(&inflater->zlib, is_gzip ? GZIP_BITS : MAX_WBITS) == Z_OK;
    return mem_checked(ok ? inflater : NULL);
}

static void note_unknown(struct http_coding *coding, struct arena *arena, struct str name)
{
    if (coding->note.len || str_eq_nocase(name, STR("identity")))
        return;
    coding->note = arena_printf(arena,
                                "the coding \"%.*s\" of Content-Encoding is not known: bodies "
                                "are taken as they are",
                                STR_ARG(redact_cut(arena, name, SHOWN_BYTES)));
}

static bool open_field(struct http_coding *coding, struct arena *arena, struct str field)
{
    struct str name;
    while (next_name(&field, &name)) {
        if (!is_gzip(name) && !is_deflate(name)) {
            note_unknown(coding, arena, name);
        } else if (coding->count == HTTP_CODINGS_MAX) {
            coding->problem = "it has too many content codings";
            return false;
        } else {
            coding->inflaters[coding->count++] = inflater_new(is_gzip(name));
        }
    }
    return true;
}

/* The last one that is named was applied last: it is undone first. */
static void turn_around(struct http_coding *coding)
{
    for (size_t i = 0; i < coding->count / 2; i++) {
        struct http_inflater *last = coding->inflaters[coding->count - 1 - i];
        coding->inflaters[coding->count - 1 - i] = coding->inflaters[i];
        coding->inflaters[i] = last;
    }
}

bool http_coding_open(struct http_coding *coding, struct arena *arena,
                      const struct http_header *headers, size_t count)
{
    *coding = (struct http_coding){.note = STR_NONE};
    for (size_t i = 0; i < count; i++)
        if (str_is(headers[i].name, "content-encoding") &&
            !open_field(coding, arena, headers[i].value))
            return false;
    turn_around(coding);
    return true;
}

void http_coding_done(struct http_coding *coding)
{
    for (size_t i = 0; i < coding->count; i++) {
        inflateEnd(&coding->inflaters[i]->zlib);
        mem_free(coding->inflaters[i]);
    }
    coding->count = 0;
}

/* --- the bytes --- */

static bool put_at(const struct pipe *pipe, struct str bytes);

static bool refuse(const struct pipe *pipe, const char *problem)
{
    pipe->coding->problem = problem;
    return false;
}

/* What a body begins with: of gzip ID1; of deflate CM and FCHECK (RFC 1950), or none of
 * them. */
static bool begins(struct http_inflater *inflater, struct str bytes)
{
    unsigned first = (unsigned char)bytes.ptr[0];
    if (inflater->is_gzip)
        return first == GZIP_ID1;
    if (first == '{' || first == '[')
        return false;
    if ((first & 0x0f) != Z_DEFLATED)
        inflateReset2(&inflater->zlib, -MAX_WBITS);
    return true;
}

/* Passes on all that the input gives; stops at the end of a member. */
static bool inflate_on(const struct pipe *pipe, struct http_inflater *inflater)
{
    unsigned char piece[PIECE_BYTES];
    z_stream *zlib = &inflater->zlib;
    int result = Z_OK;
    while (result == Z_OK && (zlib->avail_in || !zlib->avail_out)) {
        zlib->next_out = piece;
        zlib->avail_out = sizeof piece;
        result = inflate(zlib, Z_NO_FLUSH);
        struct str got = {(char *)piece, sizeof piece - zlib->avail_out};
        if (!put_at(&(struct pipe){pipe->coding, pipe->stage + 1, pipe->out}, got))
            return false;
    }
    if (result == Z_STREAM_END)
        inflater->state = BEHIND;
    else if (result != Z_OK && result != Z_BUF_ERROR)
        return refuse(pipe, inflater->is_gzip ? "its gzip coding is broken"
                                              : "its deflate coding is broken");
    return true;
}

static bool take_behind(const struct pipe *pipe, struct http_inflater *inflater)
{
    z_stream *zlib = &inflater->zlib;
    for (; zlib->avail_in && !*zlib->next_in; zlib->next_in++)
        zlib->avail_in--;
    if (!zlib->avail_in)
        return true;
    if (!inflater->is_gzip || *zlib->next_in != GZIP_ID1)
        return refuse(pipe, "other bytes follow the end of its coding");
    inflateReset(zlib);
    inflater->state = INSIDE;
    return true;
}

static bool inflate_all(const struct pipe *pipe, struct http_inflater *inflater,
                        struct str bytes)
{
    z_stream *zlib = &inflater->zlib;
    zlib->next_in = (const unsigned char *)bytes.ptr;
    zlib->avail_in = (unsigned)bytes.len;
    while (zlib->avail_in) {
        bool ok = inflater->state == BEHIND ? take_behind(pipe, inflater)
                                            : inflate_on(pipe, inflater);
        if (!ok)
            return false;
    }
    return true;
}

/* The body itself is a file in gzip. */
static void look_for_file(struct http_coding *coding, struct str bytes)
{
    bool is_gzip_file = !coding->has_begun && (unsigned char)bytes.ptr[0] == GZIP_ID1;
    coding->has_begun = true;
    if (is_gzip_file && coding->count < HTTP_CODINGS_MAX)
        coding->inflaters[coding->count++] = inflater_new(true);
}

static bool put_at(const struct pipe *pipe, struct str bytes)
{
    struct http_coding *coding = pipe->coding;
    if (!bytes.len)
        return true;
    if (pipe->stage == coding->count)
        look_for_file(coding, bytes);
    if (pipe->stage == coding->count) {
        if (coding->may_put && !coding->may_put(coding->ctx, bytes.len))
            return false;
        buf_put(pipe->out, bytes);
        return !pipe->out->has_overflowed;
    }
    struct http_inflater *inflater = coding->inflaters[pipe->stage];
    inflater->taken += bytes.len;
    if (inflater->taken > pipe->out->max + CODED_SLACK_BYTES)
        pipe->out->has_overflowed = true;
    if (pipe->out->has_overflowed)
        return false;
    if (inflater->state == FRESH)
        inflater->state = begins(inflater, bytes) ? INSIDE : AS_IT_IS;
    if (inflater->state == AS_IT_IS) {
        coding->note = STR("Content-Encoding names a coding that the body has not: bodies are "
                           "taken as they are");
        return put_at(&(struct pipe){coding, pipe->stage + 1, pipe->out}, bytes);
    }
    return inflate_all(pipe, inflater, bytes);
}

bool http_coding_put(struct http_coding *coding, struct str bytes, struct buf *out)
{
    return put_at(&(struct pipe){coding, 0, out}, bytes);
}

bool http_coding_is_whole(const struct http_coding *coding)
{
    for (size_t i = 0; i < coding->count; i++)
        if (coding->inflaters[i]->state == INSIDE)
            return false;
    return true;
}

bool http_coding_has_ended(const struct http_coding *coding)
{
    for (size_t i = 0; i < coding->count; i++)
        if (coding->inflaters[i]->state == BEHIND)
            return true;
    return false;
}
