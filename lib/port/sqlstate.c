#include "port/sqlstate.h"

#include <string.h>

#include "base/macros.h"

static bool has_class(const char *sqlstate, const char *classes)
{
    for (const char *at = classes; *at; at += 2)
        if (strncmp(sqlstate, at, 2) == 0)
            return true;
    return false;
}

/* The COPY data and the table's types disagree: nothing is wrong with a single record. */
static bool is_copy_format(const char *sqlstate)
{
    return strcmp(sqlstate, "22P03") == 0 || strcmp(sqlstate, "22P04") == 0;
}

enum err_kind sqlstate_kind(const char *sqlstate)
{
    bool is_replica = strcmp(sqlstate, "25006") == 0;
    if (!*sqlstate || is_replica || has_class(sqlstate, "084053555758"))
        return ERR_AGAIN;
    if (is_copy_format(sqlstate) || has_class(sqlstate, "0A283D3F42"))
        return ERR_CONFIG;
    if (has_class(sqlstate, "222354") || strcmp(sqlstate, "P0001") == 0)
        return ERR_INPUT;
    return ERR_BUG;
}

bool sqlstate_is_refusal(const char *sqlstate, const char *source)
{
    static const char *const again[] = {"25006", "55P03", "57014"};
    enum err_kind kind = sqlstate_kind(sqlstate);
    for (size_t i = 0; i < COUNT_OF(again); i++)
        if (strcmp(sqlstate, again[i]) == 0)
            return false;
    return strcmp(source, "exec_stmt_raise") == 0 && (kind == ERR_AGAIN || kind == ERR_BUG) &&
           !has_class(sqlstate, "4053PT");
}

bool sqlstate_is_schema(const char *sqlstate)
{
    return is_copy_format(sqlstate) || has_class(sqlstate, "420A");
}

const char *sqlstate_refuses(const char *sqlstate)
{
    static const struct {
        const char *sqlstate, *what;
    } refusals[] = {
        {"25006", "writes"},          {"42501", "what our role may not do"},
        {"53100", "more disk space"}, {"53200", "more memory"},
        {"53300", "more sessions"},   {"53400", "more than a limit of its configuration"},
        {"58030", "to use its disk"},
    };
    for (size_t i = 0; i < COUNT_OF(refusals); i++)
        if (strcmp(refusals[i].sqlstate, sqlstate) == 0)
            return refusals[i].what;
    return NULL;
}
