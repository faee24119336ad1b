#include "worker/access/sigv4.h"

#include "base/date.h"
#include "port/digest.h"
#include "port/http_url.h"

enum { HEADERS_MAX = 64, PAIRS_MAX = 1024, TEXT_BYTES_MAX = 256 * 1024 };

struct signer {
    const struct sigv4 *sigv4;
    const struct http_request *http;
    struct arena *arena;
    struct http_url url;
    struct str stamp, day;                   /* 20150830T123600Z, 20150830 */
    struct http_header headers[HEADERS_MAX]; /* those that are signed, in lower case */
    size_t count;
};

static struct str hex_of(struct arena *arena, struct str bytes)
{
    unsigned char digest[DIGEST_SHA256_BYTES];
    digest_sha256(bytes, digest);
    return digest_hex(arena, (struct str){(const char *)digest, sizeof digest});
}

/* --- what is signed --- */

static struct str host_of(const struct signer *signer)
{
    const struct http_url *url = &signer->url;
    bool is_v6 = str_find_byte(url->host, ':') >= 0;
    bool is_usual = url->port == (str_is(url->scheme, "https") ? 443 : 80);
    struct str host =
        arena_printf(signer->arena, is_v6 ? "[%.*s]" : "%.*s", STR_ARG(url->host));
    return is_usual ? host : arena_printf(signer->arena, "%.*s:%d", STR_ARG(host), url->port);
}

static struct str lower_case(struct arena *arena, struct str name)
{
    char *text = arena_cstr(arena, name);
    for (char *c = text; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c | 32);
    return (struct str){text, name.len};
}

/* Inner blanks are one in what is signed. */
static struct str one_blank(struct arena *arena, struct str value)
{
    char *text = arena_cstr(arena, str_trim(value));
    size_t len = 0;
    for (const char *c = text; *c; c++)
        if (*c != ' ' || text[len ? len - 1 : 0] != ' ')
            text[len++] = *c;
    return (struct str){text, len};
}

static void take_header(struct signer *signer, struct str name, struct str value)
{
    name = lower_case(signer->arena, name);
    bool is_signed =
        str_is(name, "host") || str_is(name, "content-type") || str_starts(name, STR("x-amz-"));
    if (is_signed && signer->count < HEADERS_MAX)
        signer->headers[signer->count++] =
            (struct http_header){name, one_blank(signer->arena, value)};
}

static int compare_headers(const void *a, const void *b)
{
    const struct http_header *one = a, *other = b;
    return str_compare(one->name, other->name);
}

static int compare_texts(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* By name, then by value: '=' is made to come before every other byte. */
static struct str sorted_query(const struct signer *signer)
{
    struct str pairs[PAIRS_MAX], rest = signer->url.query;
    size_t count = 0;
    while (rest.len && count < PAIRS_MAX) {
        struct str pair, name;
        rest = str_split(rest, '&', &pair);
        struct str value = str_split(pair, '=', &name);
        if (pair.len)
            pairs[count++] =
                arena_printf(signer->arena, "%.*s\1%.*s", STR_ARG(name), STR_ARG(value));
    }
    qsort(pairs, count, sizeof *pairs, compare_texts);
    AUTO_BUF(out, TEXT_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        struct str name, value = str_split(pairs[i], '\1', &name);
        buf_printf(&out, "%s%.*s=%.*s", i ? "&" : "", STR_ARG(name), STR_ARG(value));
    }
    return arena_str(signer->arena, buf_str(&out));
}

/* But for S3 the path, which is encoded, is encoded once more. */
static struct str canonical_path(const struct signer *signer)
{
    struct str path = signer->url.path.len ? signer->url.path : STR("/"), segment;
    if (str_is(signer->sigv4->service, "s3"))
        return path;
    AUTO_BUF(out, TEXT_BYTES_MAX);
    for (struct str rest = path; rest.ptr;) {
        bool is_first = rest.ptr == path.ptr;
        rest = str_split(rest, '/', &segment);
        buf_printf(&out, "%s%.*s", is_first ? "" : "/",
                   STR_ARG(http_url_encode(signer->arena, segment)));
    }
    return arena_str(signer->arena, buf_str(&out));
}

static struct str body_digest(const struct signer *signer)
{
    return hex_of(signer->arena, signer->http->has_body ? signer->http->body : STR(""));
}

static struct str canonical_request(const struct signer *signer, struct str names)
{
    AUTO_BUF(out, TEXT_BYTES_MAX);
    buf_printf(&out, "%.*s\n%.*s\n%.*s\n", STR_ARG(signer->http->method),
               STR_ARG(canonical_path(signer)), STR_ARG(sorted_query(signer)));
    for (size_t i = 0; i < signer->count; i++)
        buf_printf(&out, "%.*s:%.*s\n", STR_ARG(signer->headers[i].name),
                   STR_ARG(signer->headers[i].value));
    buf_printf(&out, "\n%.*s\n%.*s", STR_ARG(names), STR_ARG(body_digest(signer)));
    return arena_str(signer->arena, buf_str(&out));
}

/* --- the signature --- */

static struct str keyed(const struct signer *signer, struct str key, struct str text)
{
    unsigned char *digest = (unsigned char *)arena_alloc(signer->arena, DIGEST_SHA256_BYTES);
    digest_hmac_sha256(key, text, digest);
    return (struct str){(const char *)digest, DIGEST_SHA256_BYTES};
}

static struct str signature(const struct signer *signer, struct str scope, struct str names)
{
    const struct sigv4 *sigv4 = signer->sigv4;
    struct str to_sign = arena_printf(
        signer->arena, "AWS4-HMAC-SHA256\n%.*s\n%.*s\n%.*s", STR_ARG(signer->stamp),
        STR_ARG(scope), STR_ARG(hex_of(signer->arena, canonical_request(signer, names))));
    struct str key = arena_printf(signer->arena, "AWS4%.*s", STR_ARG(sigv4->secret_key));
    key = keyed(signer, key, signer->day);
    key = keyed(signer, key, sigv4->region);
    key = keyed(signer, key, sigv4->service);
    key = keyed(signer, key, STR("aws4_request"));
    return digest_hex(signer->arena, keyed(signer, key, to_sign));
}

static struct str signed_names(const struct signer *signer)
{
    struct str names = STR_NONE;
    for (size_t i = 0; i < signer->count; i++)
        names = arena_join(signer->arena, names, ";", signer->headers[i].name);
    return names;
}

static void set_time(struct signer *signer, int64_t now_us)
{
    struct date_civil civil;
    date_civil_from_us(now_us, &civil);
    signer->day =
        arena_printf(signer->arena, "%04d%02d%02d", civil.year, civil.month, civil.day);
    signer->stamp = arena_printf(signer->arena, "%.*sT%02d%02d%02dZ", STR_ARG(signer->day),
                                 civil.hour, civil.minute, civil.second);
}

bool sigv4_sign(const struct sigv4 *sigv4, const struct http_request *http, int64_t now_us,
                struct arena *arena, struct http_header *ret_headers, size_t *ret_count,
                struct err *err)
{
    struct signer *signer = ARENA_NEW(arena, struct signer);
    *signer = (struct signer){.sigv4 = sigv4, .http = http, .arena = arena};
    size_t count = 0;
    if (!http_url_parse(arena, http->url, &signer->url, err))
        return false;
    set_time(signer, now_us);
    ret_headers[count++] = (struct http_header){STR("X-Amz-Date"), signer->stamp};
    if (sigv4->session_token.len)
        ret_headers[count++] =
            (struct http_header){STR("X-Amz-Security-Token"), sigv4->session_token};
    if (str_is(sigv4->service, "s3"))
        ret_headers[count++] =
            (struct http_header){STR("X-Amz-Content-Sha256"), body_digest(signer)};
    take_header(signer, STR("host"), host_of(signer));
    for (size_t i = 0; i < http->header_count; i++)
        take_header(signer, http->headers[i].name, http->headers[i].value);
    for (size_t i = 0; i < count; i++)
        take_header(signer, ret_headers[i].name, ret_headers[i].value);
    qsort(signer->headers, signer->count, sizeof *signer->headers, compare_headers);
    struct str names = signed_names(signer);
    struct str scope = arena_printf(arena, "%.*s/%.*s/%.*s/aws4_request", STR_ARG(signer->day),
                                    STR_ARG(sigv4->region), STR_ARG(sigv4->service));
    ret_headers[count++] = (struct http_header){
        STR("Authorization"),
        arena_printf(arena,
                     "AWS4-HMAC-SHA256 Credential=%.*s/%.*s, SignedHeaders=%.*s, "
                     "Signature=%.*s",
                     STR_ARG(sigv4->access_key), STR_ARG(scope), STR_ARG(names),
                     STR_ARG(signature(signer, scope, names)))};
    *ret_count = count;
    return true;
}
