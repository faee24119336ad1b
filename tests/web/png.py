"""Makes a screenshot small: PNG with a palette (PNG specification, second edition)."""
import struct
import zlib


def chunks(data):
    at = 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        yield kind, data[at + 8:at + 8 + size]
        at += size + 12


def paeth(a, b, c):
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def unfilter(raw, width, height, depth):
    stride, rows, before = width * depth, [], bytearray(width * depth)
    for y in range(height):
        kind, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for x in range(stride):
            a = line[x - depth] if x >= depth else 0
            b = before[x]
            c = before[x - depth] if x >= depth else 0
            line[x] = (line[x] + (0, a, b, (a + b) // 2, paeth(a, b, c))[kind]) & 255
        rows.append(line)
        before = line
    return rows


def choose(counts):
    """At most 256 colours: each is the most frequent one of those that share its upper bits."""
    bits = 8
    while True:
        shared = {}
        for colour, count in counts.items():
            key = bytes(part >> (8 - bits) for part in colour)
            if key not in shared or count > counts[shared[key]]:
                shared[key] = colour
        if len(shared) <= 256:
            return bits, shared
        bits -= 1


def shrink(data):
    parts = list(chunks(data))
    width, height, _, kind = struct.unpack(">IIBB", parts[0][1][:10])
    depth = {2: 3, 6: 4}[kind]
    raw = zlib.decompress(b"".join(body for name, body in parts if name == b"IDAT"))
    rows, counts = unfilter(raw, width, height, depth), {}
    for row in rows:
        for x in range(0, len(row), depth):
            colour = bytes(row[x:x + 3])
            counts[colour] = counts.get(colour, 0) + 1
    bits, shared = choose(counts)
    number = {key: at for at, key in enumerate(shared)}
    place = {colour: number[bytes(part >> (8 - bits) for part in colour)] for colour in counts}
    lines = b"".join(b"\0" + bytes(place[bytes(row[x:x + 3])] for x in range(0, len(row), depth))
                     for row in rows)

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
            + chunk(b"PLTE", b"".join(shared.values())) + chunk(b"IDAT", zlib.compress(lines, 9))
            + chunk(b"IEND", b""))
