#include <arpa/inet.h>
#include <string.h>

#include "base/ascii.h"
#include "base/hex.h"
#include "worker/values/encode.h"
#include "worker/values/form_internal.h"

/* --- bytea --- */

/* `\x` and an even number of digits, as PostgreSQL itself writes it. */
bool form_bytes_put(struct buf *rows, struct str text)
{
    if (!str_starts(text, STR("\\x")) || text.len % 2)
        return false;
    size_t begin = encode_begin(rows);
    size_t first = rows->len;
    char *room = buf_room(rows, text.len / 2 - 1);
    for (size_t i = 2; room && i < text.len; i += 2) {
        int byte = hex_byte(text.ptr + i);
        if (byte < 0) {
            buf_truncate(rows, begin);
            return false;
        }
        *room++ = (char)byte;
    }
    rows->len += room ? text.len / 2 - 1 : 0;
    if (str_starts((struct str){rows->ptr + first, rows->len - first}, FORM_ODD_MARK)) {
        buf_truncate(rows, begin);
        return false;
    }
    encode_end(rows, begin);
    return true;
}

void form_bytes_spell(struct buf *rows, struct str bytes)
{
    size_t begin = encode_begin(rows);
    buf_puts(rows, "\\x");
    char *room = buf_room(rows, 2 * bytes.len);
    if (room) {
        hex_write(bytes, room);
        rows->len += 2 * bytes.len;
    }
    encode_end(rows, begin);
}

/* --- inet --- */

/* Sources: PostgreSQL, src/include/utils/inet.h and network_recv of utils/adt/network.c. */
enum { FAMILY_4 = AF_INET, FAMILY_6 = AF_INET + 1, IS_CIDR = 0 };
enum { PLACE_FAMILY, PLACE_BITS, PLACE_IS_CIDR, PLACE_COUNT, HEAD_BYTES };
enum { ADDRESS_TEXT_MAX = INET6_ADDRSTRLEN };

static bool read_bits(struct str text, int most, int *ret)
{
    size_t digits = str_count_digits(text);
    if (digits == 0 || digits != text.len || digits > 3 || (digits > 1 && text.ptr[0] == '0'))
        return false;
    *ret = 0;
    for (size_t i = 0; i < digits; i++)
        *ret = *ret * 10 + (text.ptr[i] - '0');
    return *ret <= most;
}

/* With as many bits as the network has, or without, which are all. */
bool form_address_put(struct buf *rows, struct str text)
{
    char name[ADDRESS_TEXT_MAX], head[HEAD_BYTES];
    unsigned char bytes[sizeof(struct in6_addr)];
    struct str address;
    struct str prefix = str_split(text, '/', &address);
    bool is_6 = str_find_byte(address, ':') >= 0;
    int count = is_6 ? (int)sizeof(struct in6_addr) : (int)sizeof(struct in_addr);
    int bits = 8 * count;
    if (address.len >= sizeof name || (prefix.ptr && !read_bits(prefix, bits, &bits)))
        return false;
    memcpy(name, address.ptr, address.len);
    name[address.len] = 0;
    if (strlen(name) != address.len || inet_pton(is_6 ? AF_INET6 : AF_INET, name, bytes) != 1)
        return false;
    head[PLACE_FAMILY] = is_6 ? FAMILY_6 : FAMILY_4;
    head[PLACE_BITS] = (char)bits;
    head[PLACE_IS_CIDR] = IS_CIDR;
    head[PLACE_COUNT] = (char)count;
    size_t begin = encode_begin(rows);
    buf_put(rows, (struct str){head, sizeof head});
    buf_put(rows, (struct str){(const char *)bytes, (size_t)count});
    encode_end(rows, begin);
    return true;
}

void form_address_spell(struct buf *rows, struct str bytes)
{
    char name[ADDRESS_TEXT_MAX] = "";
    bool is_6 = bytes.ptr[PLACE_FAMILY] == FAMILY_6;
    inet_ntop(is_6 ? AF_INET6 : AF_INET, bytes.ptr + HEAD_BYTES, name, sizeof name);
    size_t begin = encode_begin(rows);
    buf_printf(rows, "%s/%d", name, (unsigned char)bytes.ptr[PLACE_BITS]);
    encode_end(rows, begin);
}
