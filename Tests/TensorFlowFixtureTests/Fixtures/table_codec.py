"""The sorted-table container of checkpoint index files, in plain Python.

TensorFlow writes index files with one block size, one restart interval and no
compression. Its reader accepts more than that, so the fixtures that exercise
the rest are made here: `write_table` takes the block size, the restart
interval and whether to compress as options.
"""

from __future__ import annotations

import struct
from typing import Iterator

Entry = tuple[bytes, bytes]

MAGIC = 0xDB4775248B80FB57
FOOTER_SIZE = 48
TRAILER_SIZE = 5
MASK_DELTA = 0xA282EAD8


# Checksums


def _crc_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_CRC_TABLE = _crc_table()


def crc32c(data: bytes) -> int:
    """The CRC-32C (Castagnoli) of `data`."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """The CRC in the form in which files store it."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + MASK_DELTA) & 0xFFFFFFFF


# Varints


def varint(value: int) -> bytes:
    """`value` as a base-128 varint of minimal length."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The varint at `at`, and the position after it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


# Snappy


def _literal(data: bytes) -> bytes:
    """One Snappy literal element holding `data` (not empty)."""
    last = len(data) - 1
    if last < 60:
        return bytes([last << 2]) + data
    count = (last.bit_length() + 7) // 8
    return bytes([(59 + count) << 2]) + last.to_bytes(count, "little") + data


def _copy(offset: int, length: int) -> bytes:
    """Snappy copy elements that repeat `length` bytes from `offset` bytes back."""
    out = b""
    while length:
        part = min(length, 64)
        if 4 <= part <= 11 and offset < 2048:
            out += bytes([offset >> 8 << 5 | (part - 4) << 2 | 1, offset & 0xFF])
        elif offset < 65536:
            out += bytes([(part - 1) << 2 | 2]) + offset.to_bytes(2, "little")
        else:
            out += bytes([(part - 1) << 2 | 3]) + offset.to_bytes(4, "little")
        length -= part
    return out


def _match_length(data: bytes, start: int, at: int) -> int:
    """How many bytes from `at` on repeat those from `start` on."""
    length = 0
    while at + length < len(data) and data[start + length] == data[at + length]:
        length += 1
    return length


def snappy_compress(data: bytes) -> bytes:
    """`data` as a raw Snappy stream, by a greedy search for repeats."""
    out = bytearray(varint(len(data)))
    seen: dict[bytes, int] = {}
    literal = at = 0
    while at < len(data):
        window = data[at : at + 4]
        start = seen.get(window) if len(window) == 4 else None
        seen[window] = at
        if start is None:
            at += 1
            continue
        if literal < at:
            out += _literal(data[literal:at])
        length = _match_length(data, start, at)
        out += _copy(at - start, length)
        at += length
        literal = at
    if literal < len(data):
        out += _literal(data[literal:])
    return bytes(out)


# Reading


def block_entries(block: bytes) -> Iterator[Entry]:
    """The entries of one uncompressed block."""
    (restarts,) = struct.unpack("<I", block[-4:])
    end = len(block) - 4 * restarts - 4
    at, key = 0, b""
    while at < end:
        shared, at = read_varint(block, at)
        unshared, at = read_varint(block, at)
        size, at = read_varint(block, at)
        key = key[:shared] + block[at : at + unshared]
        at += unshared
        yield key, block[at : at + size]
        at += size


def _block_at(data: bytes, handle: bytes, at: int = 0) -> bytes:
    """The block that a handle names; only uncompressed ones are understood."""
    offset, at = read_varint(handle, at)
    size, _ = read_varint(handle, at)
    stored = data[offset : offset + size + 1]
    (crc,) = struct.unpack("<I", data[offset + size + 1 : offset + size + TRAILER_SIZE])
    if stored[-1] != 0 or crc != masked_crc32c(stored):
        raise ValueError("a compressed or damaged block")
    return stored[:-1]


def index_entries(data: bytes) -> list[Entry]:
    """The entries of the index block: a key and a handle per data block."""
    footer = data[-FOOTER_SIZE:]
    if struct.unpack("<Q", footer[-8:])[0] != MAGIC:
        raise ValueError("not a table")
    at = 0
    for _ in range(2):  # the handle of the metaindex block
        _, at = read_varint(footer, at)
    return list(block_entries(_block_at(data, footer, at)))


def read_table(data: bytes) -> list[Entry]:
    """All entries of an uncompressed table, in order."""
    return [
        entry
        for _, handle in index_entries(data)
        for entry in block_entries(_block_at(data, handle))
    ]


# Writing


def _encode_block(entries: list[Entry], restart_interval: int) -> bytes:
    """One block with prefix-compressed keys and its restart offsets."""
    out, restarts, previous = bytearray(), [0], b""
    for count, (key, value) in enumerate(entries):
        shared = 0
        if count % restart_interval:
            while shared < min(len(key), len(previous)) and key[shared] == previous[shared]:
                shared += 1
        elif count:
            restarts.append(len(out))
        out += varint(shared) + varint(len(key) - shared) + varint(len(value))
        out += key[shared:] + value
        previous = key
    out += b"".join(struct.pack("<I", restart) for restart in restarts)
    return bytes(out + struct.pack("<I", len(restarts)))


def _cut(entries: list[Entry], block_size: int, restart_interval: int) -> Iterator[list[Entry]]:
    """Cut entries into blocks; one that reaches `block_size` bytes is full."""
    block: list[Entry] = []
    for entry in entries:
        block.append(entry)
        if len(_encode_block(block, restart_interval)) >= block_size:
            yield block
            block = []
    if block:
        yield block


def write_table(
    entries: list[Entry],
    block_size: int = 262144,
    restart_interval: int = 16,
    snappy: bool = False,
) -> bytes:
    """A table whose index keys are the exact last keys of its blocks."""
    out = bytearray()

    def add_block(block: bytes) -> bytes:
        stored = snappy_compress(block) + b"\1" if snappy else block + b"\0"
        handle = varint(len(out)) + varint(len(stored) - 1)
        out.extend(stored + struct.pack("<I", masked_crc32c(stored)))
        return handle

    index = []
    for block in _cut(entries, block_size, restart_interval):
        index.append((block[-1][0], add_block(_encode_block(block, restart_interval))))
    footer = add_block(_encode_block([], 1)) + add_block(_encode_block(index, 1))
    return bytes(out + footer.ljust(FOOTER_SIZE - 8, b"\0") + struct.pack("<Q", MAGIC))
