"""Tables, messages and strings of V2 and V1, taken apart and put together again with right checksums.

Only what `damage` needs, and only of good files: the page FileFormat of the documentation says what every byte means.
Checksums, varints and Snappy streams are those of the program that made the fixtures.
"""

import itertools
import math
import struct
import sys

from toolchain import ROOT

FIXTURES = ROOT / "Tests/TensorFlowFixtureTests/Fixtures"
sys.path.append(str(FIXTURES))
from table_codec import FOOTER_SIZE, MAGIC, TRAILER_SIZE  # noqa: E402
from table_codec import block_entries, masked_crc32c, read_varint, snappy_compress, varint  # noqa: E402


# Tables


def sealed(block):
    """A stored block and its type, with their checksum."""
    return block + struct.pack("<I", masked_crc32c(block))


def encoded(entries):
    """A block of these entries, each of which has its whole key and a restart."""
    block, restarts = bytearray(), []
    for key, value in entries:
        restarts.append(len(block))
        block += b"\0" + varint(len(key)) + varint(len(value)) + key + value
    return bytes(block) + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def decompressed(stream):
    """What a Snappy stream stands for."""
    _, at = read_varint(stream, 0)
    out = bytearray()
    while at < len(stream):
        tag, at = stream[at], at + 1
        length = tag >> 2
        if tag & 3 == 0:
            width = max(length - 59, 0)
            length = int.from_bytes(stream[at:at + width], "little") if width else length
            at += width
            out += stream[at:at + length + 1]
            at += length + 1
            continue
        width = {1: 1, 2: 2, 3: 4}[tag & 3]
        offset = int.from_bytes(stream[at:at + width], "little")
        if tag & 3 == 1:
            offset, length = offset | tag >> 5 << 8, (length & 7) + 3
        at += width
        for _ in range(length + 1):
            out.append(out[-offset])
    return bytes(out)


class Table:
    """The blocks of a table, which are written again with others in their places."""

    def __init__(self, data):
        numbers, at = [], 0
        for _ in range(4):
            number, at = read_varint(data[-FOOTER_SIZE:], at)
            numbers.append(number)
        self.places = []
        index = data[numbers[2]:numbers[2] + numbers[3] + TRAILER_SIZE]
        self.keys, self.blocks = [], []
        for key, handle in block_entries(self.content(index)):
            offset, at = read_varint(handle, 0)
            size, _ = read_varint(handle, at)
            self.keys.append(key)
            self.places.append((offset, offset + size + TRAILER_SIZE))
            self.blocks.append(data[offset:offset + size + TRAILER_SIZE])

    @staticmethod
    def content(block):
        stored, kind = block[:-TRAILER_SIZE], block[-TRAILER_SIZE]
        return decompressed(stored) if kind == 1 else stored

    @staticmethod
    def like(block, content):
        """A block with this content, compressed if the other one is."""
        return sealed(snappy_compress(content) + b"\1" if block[-TRAILER_SIZE] == 1 else content + b"\0")

    def entries(self):
        """All entries, each with the number of its block."""
        return [(place, *entry) for place, block in enumerate(self.blocks) for entry in block_entries(self.content(block))]

    def written(self, place=None, block=None, damage=lambda index: index):
        """The table with a block in the place of one, or with a damaged index; all checksums are right."""
        out, handles = bytearray(), []

        def add(block):
            handle = varint(len(out)) + varint(len(block) - TRAILER_SIZE)
            out.extend(block)
            return handle

        for number, old in enumerate(self.blocks):
            handles.append(add(block if number == place else old))
        footer = add(sealed(struct.pack("<II", 0, 1) + b"\0"))
        footer += add(sealed(damage(encoded(zip(self.keys, handles))) + b"\0"))
        return bytes(out + footer.ljust(FOOTER_SIZE - 8, b"\0") + struct.pack("<Q", MAGIC))


# Messages


def fields(message):
    """The number, the wire type and the value of each field; empty if this is no message."""
    found, at = [], 0
    try:
        while at < len(message):
            tag, at = read_varint(message, at)
            number, wire = tag >> 3, tag & 7
            if wire == 0:
                value, at = read_varint(message, at)
            else:
                size, at = read_varint(message, at) if wire == 2 else ({1: 8, 5: 4}[wire], at)
                value, at = message[at:at + size], at + size
            if number == 0 or at > len(message):
                return []
            found.append([number, wire, value])
    except (IndexError, KeyError):
        return []
    return found


def message(found):
    out = b""
    for number, wire, value in found:
        out += varint(number << 3 | wire)
        out += varint(value) if wire == 0 else (varint(len(value)) if wire == 2 else b"") + value
    return out


class Entry:
    """What the index of V2 says of a tensor."""

    def __init__(self, value):
        self.fields = fields(value)
        self.known = {number: value for number, _, value in self.fields}
        self.dtype, self.shard = self.known.get(1, 0), self.known.get(3, 0)
        self.offset, self.size = self.known.get(4, 0), self.known.get(5, 0)
        sizes = [fields(size) for number, _, size in fields(self.known.get(2, b"")) if number == 2]
        self.count = math.prod(size[0][2] if size else 0 for size in sizes)

    def moved(self, offset, size, checksum):
        kept = [field for field in self.fields if field[0] not in (4, 5, 6)]
        new = [[4, 0, offset], [5, 0, size], [6, 5, struct.pack("<I", checksum)]]
        return message(sorted(kept + new, key=lambda field: field[0]))


def strings(payload, count):
    lengths, at = [], 0
    for _ in range(count):
        length, at = read_varint(payload, at)
        lengths.append(length)
    at += 4
    ends = list(itertools.accumulate(lengths, initial=at))
    return [payload[start:end] for start, end in itertools.pairwise(ends)]


def string_payload(texts, lengths):
    """The bytes of strings, whatever their lengths are said to be, and the right checksum of the entry."""
    fixed = b"".join(struct.pack("<I" if length < 2**32 else "<Q", length) for length in lengths)
    checksum = struct.pack("<I", masked_crc32c(fixed))
    data = b"".join(texts)
    return b"".join(map(varint, lengths)) + checksum + data, masked_crc32c(fixed + checksum + data)
