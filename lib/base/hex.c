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
