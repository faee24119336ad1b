#include "base/hex.h"

void hex_write(struct str bytes, char *ret_digits)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.ptr[i];
        ret_digits[2 * i] = digits[byte >> 4];
        ret_digits[2 * i + 1] = digits[byte & 15];
    }
}

ptrdiff_t hex_undo_percent(struct str text, char *ret_bytes)
{
    ptrdiff_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_encoded = text.ptr[i] == '%';
        int byte = is_encoded ? hex_percent(str_slice(text, i, text.len)) : text.ptr[i];
        if (is_encoded && byte < 0)
            return -1;
        ret_bytes[len++] = (char)byte;
        i += is_encoded ? 2 : 0;
    }
    return len;
}
