#include "port/xml.h"

#define XML_DTD 1 /* libexpat is built with it: its bounds on entities are declared */
#include <expat.h>

#include "base/macros.h"
#include "base/mem.h"

enum { PIECE_BYTES = 1 << 20, GROWTH_MAX = 10, GROWTH_FROM_BYTES = 1 << 20 };

struct parsing {
    XML_Parser parser;
    const struct xml_handlers *handlers;
    const char *problem; /* ours; static text */
};

static void stop_unless(const struct parsing *parsing, bool goes_on)
{
    if (!goes_on)
        XML_StopParser(parsing->parser, XML_FALSE);
}

static void on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct parsing *parsing = ctx;
    stop_unless(parsing,
                parsing->handlers->on_start(parsing->handlers->ctx, str_from(name),
                                            (const char *const *)attributes,
                                            (size_t)XML_GetCurrentByteIndex(parsing->parser)));
}

static void on_end(void *ctx, const XML_Char *name)
{
    (void)name;
    struct parsing *parsing = ctx;
    size_t end = (size_t)XML_GetCurrentByteIndex(parsing->parser) +
                 (size_t)XML_GetCurrentByteCount(parsing->parser);
    stop_unless(parsing, parsing->handlers->on_end(parsing->handlers->ctx, end));
}

static void on_text(void *ctx, const XML_Char *text, int len)
{
    struct parsing *parsing = ctx;
    struct str piece = {text, (size_t)len};
    stop_unless(parsing, parsing->handlers->on_text(parsing->handlers->ctx, piece));
}

/* Left out in silence, a character would be missing from its text. */
static void on_skipped(void *ctx, const XML_Char *name, int is_parameter)
{
    (void)name;
    struct parsing *parsing = ctx;
    if (is_parameter)
        return;
    parsing->problem = "an entity is used that the text does not declare";
    stop_unless(parsing, false);
}

static int on_external(XML_Parser parser, const XML_Char *context, const XML_Char *base,
                       const XML_Char *system_id, const XML_Char *public_id)
{
    (void)parser, (void)context, (void)base, (void)system_id, (void)public_id;
    return XML_STATUS_ERROR;
}

static bool is_truncation(enum XML_Error code)
{
    return code == XML_ERROR_NO_ELEMENTS || code == XML_ERROR_UNCLOSED_TOKEN ||
           code == XML_ERROR_PARTIAL_CHAR || code == XML_ERROR_UNCLOSED_CDATA_SECTION;
}

static bool explain(const struct parsing *parsing, bool *ret_is_truncated, struct err *err)
{
    enum XML_Error code = XML_GetErrorCode(parsing->parser);
    *ret_is_truncated = is_truncation(code);
    return err_set(err, ERR_INPUT, "xml", (int)code, "line %lu, column %lu: %s",
                   (unsigned long)XML_GetCurrentLineNumber(parsing->parser),
                   (unsigned long)XML_GetCurrentColumnNumber(parsing->parser) + 1,
                   parsing->problem ? parsing->problem : XML_ErrorString(code));
}

bool xml_parse(struct str text, const struct xml_handlers *handlers, bool *ret_is_truncated,
               struct err *err)
{
    static const XML_Memory_Handling_Suite memory = {mem_lib_malloc, mem_lib_realloc, mem_free};
    struct parsing parsing = {.parser = XML_ParserCreate_MM("UTF-8", &memory, NULL),
                              .handlers = handlers};
    enum XML_Status status = XML_STATUS_OK;
    XML_SetUserData(parsing.parser, &parsing);
    XML_SetElementHandler(parsing.parser, on_start, on_end);
    XML_SetCharacterDataHandler(parsing.parser, on_text);
    XML_SetSkippedEntityHandler(parsing.parser, on_skipped);
    XML_SetExternalEntityRefHandler(parsing.parser, on_external);
    XML_SetBillionLaughsAttackProtectionMaximumAmplification(parsing.parser, GROWTH_MAX);
    XML_SetBillionLaughsAttackProtectionActivationThreshold(parsing.parser, GROWTH_FROM_BYTES);
    for (bool is_final = false; !is_final && status == XML_STATUS_OK;) {
        struct str piece = str_slice(text, 0, PIECE_BYTES);
        text = str_slice(text, piece.len, text.len);
        is_final = text.len == 0;
        status = XML_Parse(parsing.parser, piece.ptr, (int)piece.len, is_final);
    }
    bool is_good = status == XML_STATUS_OK || explain(&parsing, ret_is_truncated, err);
    XML_ParserFree(parsing.parser);
    return is_good;
}
