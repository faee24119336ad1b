#include "web/definition.h"

#include "base/json_out.h"
#include "base/redact.h"
#include "config/credential.h"
#include "config/source.h"

/* A larger one would keep the loop from everything else for too long. */
enum { SPEC_SHOWN_MAX = 512 << 10, SPEC_BYTES_MAX = 8 << 20 };

struct hiding {
    struct arena *arena;
    struct str text;
};

/* Every string of the JSON text that is the value: it may stand in several places. */
static void hide(void *ctx, struct str place, struct str value)
{
    (void)place;
    struct hiding *hiding = ctx;
    AUTO_BUF(quoted, SPEC_BYTES_MAX);
    AUTO_BUF(shown, SPEC_BYTES_MAX);
    json_out_quote(&quoted, value);
    struct str left = hiding->text;
    for (ptrdiff_t at; (at = str_find(left, buf_str(&quoted))) >= 0;) {
        buf_put(&shown, str_slice(left, 0, (size_t)at));
        buf_puts(&shown, "\"<hidden>\"");
        left = str_slice(left, (size_t)at + quoted.len, left.len);
    }
    buf_put(&shown, left);
    hiding->text = shown.has_overflowed ? STR_NONE : arena_str(hiding->arena, buf_str(&shown));
}

struct str definition_show(struct arena *arena, struct str spec)
{
    struct stream *stream;
    struct err err = ERR_INIT;
    struct hiding hiding = {arena, spec};
    if (spec.len > SPEC_SHOWN_MAX || !source_parse_spec(arena, spec, &stream, &err))
        return STR_NONE;
    credential_find(stream, hide, &hiding);
    return redact_str(arena, hiding.text);
}
