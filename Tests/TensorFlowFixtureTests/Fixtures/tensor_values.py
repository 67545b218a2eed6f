"""Values for the fixtures, and the digests by which tests compare them.

A tensor is described here by its data type, its shape and its *elements*:
for fixed-size types the little-endian bytes in row-major order, for strings
and variants a list of byte strings, one per element.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from table_codec import masked_crc32c, read_varint, varint

Elements = bytes | list[bytes]
Extent = tuple[int, int] | None


@dataclass(frozen=True)
class Value:
    """A tensor as plain bytes."""

    dtype: tf.DType
    shape: tuple[int, ...]
    elements: Elements

    def sha256(self) -> str:
        """The digest that the manifest records."""
        if isinstance(self.elements, bytes):
            return hashlib.sha256(self.elements).hexdigest()
        parts = (struct.pack("<Q", len(item)) + item for item in self.elements)
        return hashlib.sha256(b"".join(parts)).hexdigest()

    def tensor(self) -> tf.Tensor:
        """The TensorFlow tensor, of any data type."""
        proto = tensor_pb2.TensorProto(dtype=self.dtype.as_datatype_enum)
        for size in self.shape:
            proto.tensor_shape.dim.add().size = size
        if self.dtype == tf.string:
            proto.string_val.extend(self.elements)
        elif self.dtype == tf.variant:
            for item in self.elements:
                proto.variant_val.add().ParseFromString(item)
        else:
            proto.tensor_content = self.elements
        return tf.io.parse_tensor(proto.SerializeToString(), self.dtype)

    def part(self, extents: list[Extent]) -> Value:
        """A slice: per dimension a start and a length, or None for all of it."""
        index = tuple(slice(e[0], e[0] + e[1]) if e else slice(None) for e in extents)
        if isinstance(self.elements, bytes):
            cut = np.frombuffer(self.elements, f"V{self.dtype.size}").reshape(self.shape)[index]
            return Value(self.dtype, cut.shape, cut.tobytes())
        items = np.empty(len(self.elements), object)
        items[:] = self.elements
        cut = items.reshape(self.shape)[index]
        return Value(self.dtype, cut.shape, list(cut.reshape(-1)))

    def part_spec(self, extents: list[Extent]) -> str:
        """The text by which save and restore operations name a slice."""
        parts = ":".join(f"{e[0]},{e[1]}" if e else "-" for e in extents)
        return " ".join([*map(str, self.shape), parts])


def of_tensor(tensor: tf.Tensor) -> Value:
    """The value of an eager tensor of any data type."""
    shape = tuple(tensor.shape)
    if tensor.dtype == tf.variant:
        return Value(tensor.dtype, shape, _variant_elements(tensor))
    if tensor.dtype == tf.string:
        return Value(tensor.dtype, shape, list(tf.reshape(tensor, [-1]).numpy()))
    return Value(tensor.dtype, shape, tensor.numpy().tobytes())


def of_array(array: object, dtype: tf.DType = tf.float32) -> Value:
    """The value of a numpy array or of nested lists of numbers."""
    numbers = np.asarray(array, dtype.as_numpy_dtype)
    return Value(dtype, numbers.shape, numbers.tobytes())


def of_strings(items: list[bytes], *shape: int) -> Value:
    """A string tensor of the given sizes; a scalar without them."""
    return Value(tf.string, shape, items)


def _variant_elements(tensor: tf.Tensor) -> list[bytes]:
    """The serialized VariantTensorDataProto of each element."""
    proto = tensor_pb2.TensorProto.FromString(tf.io.serialize_tensor(tensor).numpy())
    content, at, sizes = proto.tensor_content, 0, []
    for _ in range(tensor.shape.num_elements()):
        size, at = read_varint(content, at)
        sizes.append(size)
    items = []
    for size in sizes:
        items.append(content[at : at + size])
        at += size
    return items


# Edge values of every data type

FIXED_SIZE_TYPES = [
    tf.dtypes.as_dtype(number)
    for number in [*range(1, 20), *range(22, 34)]
    if number != tf.string.as_datatype_enum
]

_LONG_STRING = bytes((i * 31 + i // 256) % 256 for i in range(70_000))

EDGE_STRINGS = [
    b"",
    b"plain",
    b"\xff\xfe\x00\x80not UTF-8",
    "Ünï©ödé \N{SNOWMAN} \N{GRINNING FACE}".encode(),
    _LONG_STRING,
    b"\0",
]

# Bit patterns by number format: zero, minus zero, one, smallest subnormal,
# largest finite, lowest, then infinities and a NaN as far as they exist.
_FLOAT_BITS = {
    tf.float32: (4, [0, 1 << 31, 0x3F800000, 1, 0x7F7FFFFF, 0xFF7FFFFF,
                     0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC01234]),
    tf.float64: (8, [0, 1 << 63, 0x3FF << 52, 1, 0x7FEFFFFFFFFFFFFF, 0xFFEFFFFFFFFFFFFF,
                     0x7FF << 52, 0xFFF << 52, 0x7FF8 << 48, 0xFFF8000000001234]),
    tf.bfloat16: (2, [0, 0x8000, 0x3F80, 1, 0x7F7F, 0xFF7F, 0x7F80, 0xFF80, 0x7FC0, 0xFFC1]),
    tf.float16: (2, [0, 0x8000, 0x3C00, 1, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00, 0xFE01]),
    tf.dtypes.as_dtype(24): (1, [0, 0x80, 0x3C, 1, 0x7B, 0xFB, 0x7C, 0xFC, 0x7E, 0xFE]),
    tf.dtypes.as_dtype(25): (1, [0, 0x80, 0x38, 1, 0x7E, 0xFE, 0x7F, 0xFF]),
    tf.dtypes.as_dtype(26): (1, [0, 0x40, 1, 0x7F, 0xFF, 0x80]),
    tf.dtypes.as_dtype(27): (1, [0, 0x58, 1, 0x7F, 0xFF, 0x80]),
    tf.dtypes.as_dtype(28): (1, [0, 0x40, 1, 0x7F, 0xFF, 0x80]),
    tf.dtypes.as_dtype(33): (1, list(range(16))),
}

_SUB_BYTE_BITS = {
    tf.dtypes.as_dtype(29): 4,
    tf.dtypes.as_dtype(30): 4,
    tf.dtypes.as_dtype(31): 2,
    tf.dtypes.as_dtype(32): 2,
}


def edge_values(dtype: tf.DType) -> list[bytes]:
    """The little-endian bytes of interesting values of a fixed-size type."""
    if dtype in _FLOAT_BITS:
        size, patterns = _FLOAT_BITS[dtype]
        return [bits.to_bytes(size, "little") for bits in patterns]
    if dtype in _SUB_BYTE_BITS:
        return [bytes([bits]) for bits in range(1 << _SUB_BYTE_BITS[dtype])]
    if dtype.is_complex:
        parts = edge_values(tf.float32 if dtype == tf.complex64 else tf.float64)
        return [a + b for a, b in zip(parts, reversed(parts))]
    if dtype == tf.bool:
        return [b"\0", b"\1"]
    return _integer_edges(dtype)


def _integer_edges(dtype: tf.DType) -> list[bytes]:
    """Zero, one, the last bit pattern (-1 or the maximum), and the extremes."""
    bits = 8 * dtype.size
    patterns = [0, 1, (1 << bits) - 1, (1 << bits - 1) - 1, 1 << bits - 1, 0x5A]
    return [pattern.to_bytes(dtype.size, "little") for pattern in patterns]


def filled(dtype: tf.DType, shape: tuple[int, ...], skip: int = 0) -> Value:
    """A tensor that cycles through the edge values, without the first `skip`."""
    count = int(np.prod(shape, dtype=np.int64))
    edges = EDGE_STRINGS if dtype == tf.string else edge_values(dtype)
    items = [edges[(skip + i) % len(edges)] for i in range(count)]
    return Value(dtype, shape, items if dtype == tf.string else b"".join(items))


# Payloads of hand-built bundles


def big_endian_payload(value: Value) -> tuple[bytes, bytes]:
    """The payload in big-endian order, and the bytes its CRC is taken of."""
    if isinstance(value.elements, bytes):
        unit = value.dtype.size // (2 if value.dtype.is_complex else 1)
        payload = np.frombuffer(value.elements, f"V{unit}").reshape(-1)
        swapped = b"".join(item.tobytes()[::-1] for item in payload)
        return swapped, swapped
    return _big_endian_strings(value.elements)


def _big_endian_strings(items: list[bytes]) -> tuple[bytes, bytes]:
    lengths = b"".join(struct.pack(">I", len(item)) for item in items)
    tail = struct.pack(">I", masked_crc32c(lengths)) + b"".join(items)
    return b"".join(varint(len(item)) for item in items) + tail, lengths + tail
