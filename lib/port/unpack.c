#include "port/unpack.h"

#include <assert.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/mem.h"

enum { GZIP_WINDOW_BITS = 15 + 16 }; /* 32 KiB, in the form of gzip */

void unpack(const struct packed *file, struct buf *buf)
{
    const struct pack *pack = file->pack;
    z_stream stream = {.next_in = pack->bytes,
                       .avail_in = (uInt)pack->len,
                       .zalloc = mem_zlib_alloc,
                       .zfree = mem_zlib_free};
    char *text = mem_alloc(pack->text_len);
    stream.next_out = (Bytef *)text;
    stream.avail_out = (uInt)pack->text_len;
    int begun = inflateInit2(&stream, GZIP_WINDOW_BITS);
    int ended = inflate(&stream, Z_FINISH);
    assert(begun == Z_OK && ended == Z_STREAM_END && stream.avail_out == 0);
    inflateEnd(&stream);
    assert(file->from + file->text_len <= pack->text_len);
    buf_put(buf, (struct str){text + file->from, file->text_len});
    mem_free(text);
}
