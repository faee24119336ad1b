#include "tests/support/mock_gzip.h"

static const char gzip_head[10] = "\x1f\x8b\x08\0\0\0\0\0\0\xff";

static uint32_t crc32_of(struct str bytes)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= (unsigned char)bytes.ptr[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
    }
    return ~crc;
}

static void put_le(struct buf *out, uint32_t number, int size)
{
    for (int i = 0; i < size; i++)
        buf_put_byte(out, (char)(number >> 8 * i));
}

/* Stored blocks of RFC 1951, section 3.2.4. */
void mock_gzip(struct buf *out, struct str bytes)
{
    buf_put(out, (struct str){gzip_head, sizeof gzip_head});
    size_t at = 0;
    do {
        struct str block = str_slice(bytes, at, at + 0xffff);
        at += block.len;
        buf_put_byte(out, at == bytes.len);
        put_le(out, (uint32_t)block.len, 2);
        put_le(out, ~(uint32_t)block.len, 2);
        buf_put(out, block);
    } while (at < bytes.len);
    put_le(out, crc32_of(bytes), 4);
    put_le(out, (uint32_t)bytes.len, 4);
}

struct bits {
    struct buf *out;
    uint32_t held;
    int count;
};

/* Huffman codes go in from their highest bit on. */
static void put_code(struct bits *bits, uint32_t code, int length)
{
    for (int i = length - 1; i >= 0; i--) {
        bits->held |= (code >> i & 1) << bits->count++;
        if (bits->count < 8)
            continue;
        buf_put_byte(bits->out, (char)bits->held);
        bits->held = 0;
        bits->count = 0;
    }
}

/* One block of fixed codes (RFC 1951, section 3.2.6): a blank, then "258 more of the last". */
void mock_gzip_bomb(struct buf *out, int64_t size)
{
    buf_put(out, (struct str){gzip_head, sizeof gzip_head});
    struct bits bits = {.out = out};
    put_code(&bits, 6, 3);          /* last block, type 01 low bit first */
    put_code(&bits, 0x30 + ' ', 8); /* literal */
    for (int64_t done = 1; done < size; done += 258) {
        put_code(&bits, 0xc5, 8); /* length symbol 285 */
        put_code(&bits, 0, 5);    /* distance 1 */
    }
    put_code(&bits, 0, 7); /* end of block */
    put_code(&bits, 0, 7);
    put_le(out, 0, 4);
    put_le(out, (uint32_t)size, 4);
}
