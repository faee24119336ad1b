#include "worker/access/seal.h"

#include "base/macros.h"
#include "port/digest.h"

enum { TAG_BYTES = 16, ROUNDS = 100000, BLOCK_BYTES = DIGEST_SHA256_BYTES };

struct sealing_key {
    unsigned char bytes[DIGEST_SHA256_BYTES];
};

static struct str bytes_of(const unsigned char *bytes, size_t len)
{
    return (struct str){(const char *)bytes, len};
}

static struct sealing_key stretch(struct str key)
{
    static struct sealing_key stretched;
    static unsigned char known[DIGEST_SHA256_BYTES];
    static bool is_known;
    unsigned char digest[DIGEST_SHA256_BYTES];
    digest_sha256(key, digest);
    if (is_known && memcmp(digest, known, sizeof known) == 0)
        return stretched;
    digest_stretch(key, STR("pagetide checkpoint"), ROUNDS, stretched.bytes);
    memcpy(known, digest, sizeof known);
    is_known = true;
    return stretched;
}

static void make_tag(const struct sealing_key *key, struct str text, unsigned char *ret_tag)
{
    unsigned char digest[DIGEST_SHA256_BYTES];
    digest_hmac_sha256(bytes_of(key->bytes, sizeof key->bytes), text, digest);
    memcpy(ret_tag, digest, TAG_BYTES);
}

/* The same both ways. A stream's block is the HMAC of the tag and the block's number. */
static void mix(const struct sealing_key *key, const unsigned char *tag, struct str from,
                unsigned char *to)
{
    unsigned char input[1 + TAG_BYTES + 8] = {1}, block[BLOCK_BYTES];
    memcpy(input + 1, tag, TAG_BYTES);
    for (size_t at = 0; at < from.len; at++) {
        if (at % BLOCK_BYTES == 0) {
            uint64_t number = at / BLOCK_BYTES;
            for (int i = 0; i < 8; i++)
                input[1 + TAG_BYTES + i] = (unsigned char)(number >> 8 * i);
            digest_hmac_sha256(bytes_of(key->bytes, sizeof key->bytes),
                               bytes_of(input, sizeof input), block);
        }
        to[at] = (unsigned char)from.ptr[at] ^ block[at % BLOCK_BYTES];
    }
}

/* What the tag is made of begins in another way than what a block is made of. */
static struct str tagged(struct arena *arena, struct str text)
{
    char *copy = arena_alloc(arena, text.len + 1);
    copy[0] = 0;
    if (text.len)
        memcpy(copy + 1, text.ptr, text.len);
    return (struct str){copy, text.len + 1};
}

struct str seal_close(struct arena *arena, struct str key, struct str text)
{
    struct sealing_key stretched = stretch(key);
    unsigned char *sealed = (unsigned char *)arena_alloc(arena, TAG_BYTES + text.len);
    make_tag(&stretched, tagged(arena, text), sealed);
    mix(&stretched, sealed, text, sealed + TAG_BYTES);
    return digest_base64(arena, bytes_of(sealed, TAG_BYTES + text.len));
}

bool seal_open(struct arena *arena, struct str key, struct str sealed, struct str *ret_text)
{
    struct str bytes;
    unsigned char tag[TAG_BYTES], found[TAG_BYTES];
    if (!digest_base64_decode(arena, sealed, &bytes) || bytes.len < TAG_BYTES)
        return false;
    struct sealing_key stretched = stretch(key);
    struct str hidden = str_slice(bytes, TAG_BYTES, bytes.len);
    unsigned char *text = (unsigned char *)arena_alloc(arena, hidden.len + 1);
    memcpy(tag, bytes.ptr, TAG_BYTES);
    mix(&stretched, tag, hidden, text);
    *ret_text = bytes_of(text, hidden.len);
    make_tag(&stretched, tagged(arena, *ret_text), found);
    return memcmp(found, tag, TAG_BYTES) == 0;
}
