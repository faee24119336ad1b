#include "base/secret_name.h"

#include "base/macros.h"

enum { NAME_BYTES_MAX = 256 };

/* Words that a name may hold. */
static const struct str words[] = {
    STR_INIT("authorization"), STR_INIT("authorisation"), STR_INIT("authentication"),
    STR_INIT("oauth"),         STR_INIT("authkey"),       STR_INIT("authuser"),
    STR_INIT("cookie"),        STR_INIT("token"),         STR_INIT("secret"),
    STR_INIT("password"),      STR_INIT("passwd"),        STR_INIT("passphrase"),
    STR_INIT("passcode"),      STR_INIT("apikey"),        STR_INIT("accesskey"),
    STR_INIT("appkey"),        STR_INIT("licensekey"),    STR_INIT("masterkey"),
    STR_INIT("privatekey"),    STR_INIT("sharedkey"),     STR_INIT("subscriptionkey"),
    STR_INIT("credential"),    STR_INIT("signature"),     STR_INIT("sessionid"),
    STR_INIT("sessionkey"),    STR_INIT("jwt"),           STR_INIT("applicationkey"),
    STR_INIT("functionskey"),  STR_INIT("saskey"),        STR_INIT("consumerkey"),
    STR_INIT("clientkey"),     STR_INIT("signingkey"),    STR_INIT("encryptionkey"),
    STR_INIT("servicekey"),    STR_INIT("adminkey"),      STR_INIT("accesscode"),
    STR_INIT("sentryauth"),
};

/* Whole names. */
static const struct str names[] = {
    STR_INIT("auth"), STR_INIT("key"),      STR_INIT("pwd"),      STR_INIT("pass"),
    STR_INIT("sig"),  STR_INIT("xkey"),     STR_INIT("xsig"),     STR_INIT("session"),
    STR_INIT("sid"),  STR_INIT("xsession"), STR_INIT("xauth"),    STR_INIT("bearer"),
    STR_INIT("pw"),   STR_INIT("userkey"),  STR_INIT("xuserkey"),
};

/* Where a page is, as some APIs call it. */
static const struct str pages[] = {
    STR_INIT("pagetoken"),  STR_INIT("nexttoken"),         STR_INIT("pagingtoken"),
    STR_INIT("synctoken"),  STR_INIT("continuationtoken"), STR_INIT("continuetoken"),
    STR_INIT("skiptoken"),  STR_INIT("cursortoken"),       STR_INIT("paginationtoken"),
    STR_INIT("starttoken"),
};

/* Letters and digits alone, in lower case. */
static struct str fold(struct str name, char ret_text[NAME_BYTES_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < name.len && len < NAME_BYTES_MAX; i++) {
        char c = name.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            ret_text[len++] = c;
    }
    return (struct str){ret_text, len};
}

bool secret_name_is(struct str name)
{
    char text[NAME_BYTES_MAX];
    struct str folded = fold(name, text);
    for (size_t i = 0; i < COUNT_OF(pages); i++)
        if (str_find(folded, pages[i]) >= 0)
            return false;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (str_eq(folded, names[i]))
            return true;
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (str_find(folded, words[i]) >= 0)
            return true;
    return false;
}

const struct str *secret_name_word(size_t index, bool *ret_is_whole)
{
    *ret_is_whole = index >= COUNT_OF(words);
    if (!*ret_is_whole)
        return &words[index];
    index -= COUNT_OF(words);
    return index < COUNT_OF(names) ? &names[index] : NULL;
}

struct str secret_name_split(struct str value, struct str *ret_scheme)
{
    size_t end = 0;
    value = str_trim(value);
    while (end < value.len && value.ptr[end] != ' ' && value.ptr[end] != '\t')
        end++;
    bool has_scheme = end < value.len;
    *ret_scheme = has_scheme ? str_slice(value, 0, end) : STR_NONE;
    return has_scheme ? str_trim(str_slice(value, end, value.len)) : value;
}

bool secret_name_is_scheme(struct str value)
{
    static const struct str schemes[] = {
        STR_INIT("bearer"), STR_INIT("basic"),     STR_INIT("digest"),
        STR_INIT("token"),  STR_INIT("apikey"),    STR_INIT("negotiate"),
        STR_INIT("hawk"),   STR_INIT("sharedkey"), STR_INIT("dpop"),
    };
    struct str scheme;
    (void)secret_name_split(value, &scheme);
    if (str_starts(value, STR("AWS4-HMAC-")))
        return true;
    for (size_t i = 0; scheme.len && i < COUNT_OF(schemes); i++)
        if (str_eq_nocase(scheme, schemes[i]))
            return true;
    return false;
}
