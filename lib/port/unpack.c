#include "port/unpack.h"

#include <assert.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/mem.h"

enum { GZIP_WINDOW_BITS = 15 + 16 }; /* 32 KiB, in the form of gzip */

void unpack(const struct packed *file, struct buf *buf)
{
    z_stream stream = {.next_in = file->bytes,
                       .avail_in = (uInt)file->len,
                       .zalloc = mem_zlib_alloc,
                       .zfree = mem_zlib_free};
    char *room = buf_room(buf, file->text_len);
    assert(room);
    stream.next_out = (Bytef *)room;
    stream.avail_out = (uInt)file->text_len;
    int begun = inflateInit2(&stream, GZIP_WINDOW_BITS);
    int ended = inflate(&stream, Z_FINISH);
    assert(begun == Z_OK && ended == Z_STREAM_END && stream.avail_out == 0);
    inflateEnd(&stream);
    buf->len += file->text_len;
    buf->ptr[buf->len] = '\0';
}
