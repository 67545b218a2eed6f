"""Make the checkpoint fixtures, and check each of them with TensorFlow.

    python make_fixtures.py OUTDIR

writes the checkpoints and OUTDIR/manifest.json, which says what TensorFlow
reads back from each. Needs TensorFlow 2.21 and numpy. A second run gives the
same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.python.training.py_checkpoint_reader import CheckpointReader

import tensor_values as values
from table_codec import index_entries, masked_crc32c, read_table, varint, write_table
from tensor_values import Extent, Value

# What one save operation writes: name, value, and the slice it is (or "").
Item = tuple[bytes, Value, str]
Parts = list[list[Extent]]
Listing = dict[bytes, tuple[tf.DType, tuple[int, ...] | None]]

# Of a fixture with more tensors than this the manifest lists every 100th.
MOST_LISTED = 1000
SAMPLING = 100

# The key of a slice: 00, the escaped name, 00 01, and the extents.
SLICE_KEY = re.compile(rb"\x00((?:[^\x00\xff]|\x00\xff|\xff\x00)+)\x00\x01", re.DOTALL)

DIRECTORIES = [
    "bigendian", "blocks", "dtypes", "many", "names", "object",
    "sharded", "slices", "snappy", "strings", "worked",
]  # fmt: skip


# TensorFlow's operations


def save(prefix: str, items: list[Item]) -> None:
    """Save all items with one operation, in order."""
    tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=[name for name, _, _ in items],
        shape_and_slices=[spec for _, _, spec in items],
        tensors=[value.tensor() for _, value, _ in items],
    )


def restore(prefix: str, requests: list[tuple[bytes, str, tf.DType]]) -> list[Value]:
    """Restore tensors or slices of them, given by name, slice and data type."""
    tensors = tf.raw_ops.RestoreV2(
        prefix=prefix,
        tensor_names=[name for name, _, _ in requests],
        shape_and_slices=[spec for _, spec, _ in requests],
        dtypes=[dtype for _, _, dtype in requests],
    )
    return [values.of_tensor(tensor) for tensor in tensors]


def listing(prefix: str) -> Listing:
    """TensorFlow's list of the tensors, with data types and shapes."""
    reader = tf.train.load_checkpoint(prefix)
    try:
        shapes = reader.get_variable_to_shape_map()
    except UnicodeDecodeError:
        return listing_of_bytes(reader)
    types = reader.get_variable_to_dtype_map()
    return {name.encode(): (types[name], tuple(shape)) for name, shape in shapes.items()}


def listing_of_bytes(reader: CheckpointReader) -> Listing:
    """The same if names are not UTF-8, and without the shapes of sliced tensors."""
    found = {}
    lines = re.findall(rb"(.*?) \((DT_\w+)\) \[([\d,]*)\]\n", reader.debug_string(), re.DOTALL)
    for name, dtype, shape in lines:
        sizes = tuple(int(size) for size in shape.split(b",") if size)
        if key := SLICE_KEY.match(name):
            name, sizes = re.sub(rb"(\x00)\xff|(\xff)\x00", rb"\1\2", key[1]), None
        found[name] = (tf.dtypes.as_dtype(types_pb2.DataType.Value(dtype.decode())), sizes)
    return found


# The manifest


class Recorder:
    """Verifies fixtures and collects what the manifest says about them."""

    def __init__(self, outdir: Path) -> None:
        self.outdir = outdir
        self.fixtures: list[dict] = []

    def prefix(self, name: str) -> str:
        """The path of a fixture."""
        return str(self.outdir / name)

    def check(
        self,
        name: str,
        expected: dict[bytes, Value] | None = None,
        slices: list[tuple[bytes, str, Value]] = (),
        whole: bool = True,
    ) -> None:
        """Read a fixture back, compare it with what was saved, and record it.

        `slices` are restored by slice as well. With `whole` false TensorFlow
        is known to refuse whole tensors, and the saved values are recorded.
        """
        prefix = self.prefix(name)
        listed = listing(prefix)
        if whole:
            requests = [(key, "", dtype) for key, (dtype, _) in listed.items()]
            found = dict(zip(listed, restore(prefix, requests)))
        else:
            found = expected
        assert found.keys() == listed.keys(), name
        for key, (dtype, shape) in listed.items():
            assert found[key].dtype == dtype and shape in (None, found[key].shape), name
        assert expected is None or found == expected, name
        requests = [(key, spec, value.dtype) for key, spec, value in slices]
        if requests:
            assert restore(prefix, requests) == [value for _, _, value in slices], name
        self._record(name, found, slices, whole)

    def _record(self, name: str, found: dict, slices: list, whole: bool) -> None:
        tensors = [described(key, value) for key, value in sorted(found.items())]
        fixture = {
            "prefix": name,
            "restorable_whole": whole,
            "count": len(tensors),
            "combined_sha256": combined_digest(tensors),
            "tensors": tensors if len(tensors) <= MOST_LISTED else tensors[::SAMPLING],
        }
        if slices:
            fixture["slices"] = [
                {**described(key, value), "slice": spec} for key, spec, value in slices
            ]
        self.fixtures.append(fixture)

    def write_manifest(self) -> None:
        """Write what was recorded, one tensor a line."""
        text = json.dumps(self.fixtures, indent=1, ensure_ascii=True)
        flat = re.sub(r"\{\s+(\"name[^{}]*?)\s+\}", _one_line, text)
        (self.outdir / "manifest.json").write_text(flat + "\n")


def _one_line(match: re.Match) -> str:
    return json.dumps(json.loads(match.group(0)))


def combined_digest(tensors: list[dict]) -> str:
    """The digest of the tensors' digests (32 bytes each), in order."""
    digests = b"".join(bytes.fromhex(tensor["sha256"]) for tensor in tensors)
    return hashlib.sha256(digests).hexdigest()


def described(name: bytes, value: Value) -> dict:
    """One tensor as the manifest has it."""
    try:
        key = {"name": name.decode("utf-8")}
    except UnicodeDecodeError:
        key = {"name_base64": base64.b64encode(name).decode()}
    return {
        **key,
        "dtype": value.dtype.name,
        "dtype_number": value.dtype.as_datatype_enum,
        "shape": list(value.shape),
        "sha256": value.sha256(),
    }


# Helpers to describe what to save


def whole_items(tensors: dict[bytes, Value]) -> list[Item]:
    """Items that save each tensor whole."""
    return [(name, value, "") for name, value in tensors.items()]


def slice_items(name: bytes, value: Value, parts: Parts) -> list[Item]:
    """Items that save one tensor as slices."""
    return [(name, value.part(extents), value.part_spec(extents)) for extents in parts]


def as_slices(items: list[Item]) -> list[tuple[bytes, str, Value]]:
    """The sliced ones among the items, as requests with their results."""
    return [(name, spec, value) for name, value, spec in items if spec]


def counting(*shape: int, dtype: tf.DType = tf.float32, start: int = 0) -> Value:
    """A tensor of ascending numbers."""
    count = int(np.prod(shape))
    return values.of_array(np.arange(start, start + count).reshape(shape), dtype)


def make_plain(fixtures: Recorder, name: str, tensors: dict[bytes, Value]) -> None:
    """Save whole tensors and record the fixture."""
    save(fixtures.prefix(name), whole_items(tensors))
    fixtures.check(name, tensors)


# Fixtures written by TensorFlow


def make_dtypes(fixtures: Recorder) -> None:
    """Every data type that can be saved, in four shapes."""
    tensors = {}
    for dtype in [*values.FIXED_SIZE_TYPES, tf.string]:
        for label, shape, skip in [
            ("scalar", (), 9), ("vector", (3,), 0), ("empty", (2, 0, 3), 0), ("matrix", (2, 3), 3),
        ]:  # fmt: skip
            tensors[f"{dtype.name}/{label}".encode()] = values.filled(dtype, shape, skip)
    make_plain(fixtures, "dtypes/all", tensors)


def make_strings(fixtures: Recorder) -> None:
    """Strings alone, and a variant: a list of two float vectors."""
    hello = {b"hello": values.of_strings([b"hello"])}
    make_plain(fixtures, "strings/scalar", hello)
    make_plain(fixtures, "strings/empty_vector", {b"none": values.of_strings([], 0)})
    handle = tf.raw_ops.TensorListFromTensor(
        tensor=tf.constant([[1.0, 2.0], [3.0, 4.0]]), element_shape=tf.constant([2])
    )
    tensors = {b"list": values.of_tensor(handle), b"after": counting(3)}
    make_plain(fixtures, "strings/tensor_list", tensors)


ODD_NAMES = [
    "a", "a/", "a/b", "a/b/c", "a/b.c", "ab", "a b", " ", ".", "..", "/", "//", "/a", "../a",
    "caf\u00e9", "cafe\u0301", "\u6f22\u5b57/\U0001f600", "\u00fc:0", "tab\tname", "line\nbreak",
    'quote"back\\slash', "%s*?[x]", "\x7f", "inner\0zero", "trailing\0", "long/" + "x" * 295,
]  # fmt: skip

ODD_BYTES = [b"\xff", b"\xff\xff\xff", b"a\xffb", b"\xc3", b"\xf0\x9f\x98"]


def make_names(fixtures: Recorder) -> None:
    """Names that trip up readers, and a sliced tensor with such a name."""
    names = [name.encode() for name in ODD_NAMES]
    tensors = {name: counting(2, start=10 * i) for i, name in enumerate(names)}
    make_plain(fixtures, "names/odd", tensors)
    tensors |= {name: counting(2, start=1000 + i) for i, name in enumerate(ODD_BYTES)}
    sliced = b"s\0l\xffice"
    parts = slice_items(sliced, counting(4, 2), [[(0, 3), None], [(3, 1), None]])
    items = whole_items(tensors) + parts
    save(fixtures.prefix("names/not_utf8"), items)
    tensors[sliced] = counting(4, 2)
    fixtures.check("names/not_utf8", tensors, as_slices(items))


def make_many(fixtures: Recorder) -> None:
    """So many tensors, with so long names, that the index has several blocks."""
    tensors = {}
    for i in range(5000):
        digest = hashlib.sha256(str(i).encode()).hexdigest()
        name = f"{digest}/layer_{i:05d}/moving_average"
        tensors[name.encode()] = counting(start=i) if i % 4 else counting(2, start=i)
    make_plain(fixtures, "many/five_thousand", tensors)
    index = Path(fixtures.prefix("many/five_thousand.index")).read_bytes()
    assert len(index_entries(index)) >= 3


def rows(*lengths: int, rank: int = 2) -> Parts:
    """Slices along the first dimension, of the given lengths."""
    starts = np.cumsum([0, *lengths]).tolist()
    return [[(start, n), *[None] * (rank - 1)] for start, n in zip(starts, lengths)]


def grid() -> Parts:
    """A tensor of shape [4, 6, 3] cut in two in the first two dimensions."""
    return [
        [first, second, (0, 3)]
        for first in [(0, 2), (2, 2)]
        for second in [(0, 4), (4, 2)]
    ]


def make_slices(fixtures: Recorder) -> None:
    """Tensors cut in several ways, and one of every type cut in two."""
    tensors = {
        b"even": counting(4, 3),
        b"uneven": counting(5, 3, start=100),
        b"grid": counting(4, 6, 3, dtype=tf.int32, start=-20),
        b"full": counting(2, 2, start=7),
        b"vector": counting(200, dtype=tf.int64),
    }
    cuts = {
        b"even": rows(2, 2),
        b"uneven": [[(3, 2), (0, 3)], [(0, 3), (0, 3)]],
        b"grid": grid(),
        b"full": [[(0, 2), None]],
        b"vector": rows(63, 1, 64, 72, rank=1),
    }
    items: list[Item] = []
    for name, parts in cuts.items():
        items += slice_items(name, tensors[name], parts)
    items.append((b"bias", counting(), ""))
    save(fixtures.prefix("slices/partitioned"), items)
    extra = [(b"grid", "4 6 3 1,2:3,2:-", tensors[b"grid"].part([(1, 2), (3, 2), None]))]
    fixtures.check("slices/partitioned", tensors | {b"bias": counting()}, as_slices(items) + extra)
    make_slice_types(fixtures)


# Numbers of the types of which TensorFlow restores no whole tensor from slices.
UNJOINABLE = [7, 15, 16, 17, 19, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]


def make_slice_types(fixtures: Recorder) -> None:
    """Every type cut in two: those that TensorFlow can join, and the others."""
    for name, joinable in [("slices/joinable_types", True), ("slices/unjoinable_types", False)]:
        tensors, items = {}, []
        for dtype in [*values.FIXED_SIZE_TYPES, tf.string]:
            if (dtype.as_datatype_enum not in UNJOINABLE) == joinable:
                key = dtype.name.encode()
                shape, skip = ((3, 1), 1) if dtype == tf.string else ((5, 2), 0)
                tensors[key] = values.filled(dtype, shape, skip)
                items += slice_items(key, tensors[key], rows(2, shape[0] - 2))
        save(fixtures.prefix(name), items)
        fixtures.check(name, tensors, as_slices(items), whole=joinable)


def merge(fixtures: Recorder, name: str, parts: list[list[Item]]) -> None:
    """Save parts and merge them into one checkpoint of as many shards."""
    target = fixtures.prefix(name)
    prefixes = [
        tf.raw_ops.ShardedFilename(basename=f"{target}_temp/part", shard=i, num_shards=len(parts))
        for i in range(len(parts))
    ]
    for prefix, items in zip(prefixes, parts):
        save(prefix, items)
    tf.raw_ops.MergeV2Checkpoints(
        checkpoint_prefixes=tf.stack(prefixes), destination_prefix=target, delete_old_dirs=True
    )


def make_sharded(fixtures: Recorder) -> None:
    """Merged checkpoints with tensors whose slices lie in different shards."""
    w, table = counting(5, 3), counting(6, 2, dtype=tf.float64, start=50)
    b, c = counting(2, start=1), counting(2, start=3)
    first = slice_items(b"w", w, [[(0, 3), (0, 3)]])
    second = slice_items(b"w", w, [[(3, 2), (0, 3)]])
    merge(fixtures, "sharded/two", [[(b"c", c, ""), *first], [(b"b", b, ""), *second]])
    fixtures.check("sharded/two", {b"w": w, b"b": b, b"c": c}, as_slices(first + second))

    pieces = slice_items(b"table", table, rows(1, 2, 3))
    words = values.of_strings([b"one", b"", b"three"], 3)
    parts = [
        [pieces[1], (b"b", b, ""), *second],
        [(b"words", words, ""), pieces[2]],
        [*first, (b"c", c, ""), pieces[0]],
    ]
    merge(fixtures, "sharded/three", parts)
    tensors = {b"w": w, b"b": b, b"c": c, b"table": table, b"words": words}
    fixtures.check("sharded/three", tensors, as_slices(pieces + first + second))


class Layer(tf.Module):
    """A module with two variables."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.kernel = tf.Variable(tf.range(start, start + 6) * tf.ones([6]), name="kernel")
        self.bias = tf.Variable([start, -start], name="bias")


class Model(tf.Module):
    """Modules, containers, shared variables and a cycle."""

    def __init__(self) -> None:
        super().__init__()
        self.zed = Layer(1.0)
        self.a = Layer(10.0)
        self.layers = [self.zed, self.a, tf.Variable(3.0, name="in_list")]
        self.tables = {
            "x": tf.Variable([1, 2, 3], name="in_dict"),
            "a.b/c": tf.Variable(b"text", name="odd"),
            "lst": [tf.Variable(True)],
        }
        self.pair = (self.zed.kernel, tf.Variable(4.0, tf.float64, name="in_tuple"))
        self.shared = self.zed.kernel
        self.me = self
        self.empty = []


def make_object(fixtures: Recorder) -> None:
    """An object checkpoint with an optimizer of the slot kind."""
    model = Model()
    optimizer = tf.compat.v1.train.AdamOptimizer(0.5)
    trained = [model.zed.kernel, model.a.bias]
    optimizer.apply_gradients([(tf.ones_like(v), v) for v in trained])
    step = tf.Variable(41, dtype=tf.int64, name="global_step")
    checkpoint = tf.train.Checkpoint(model=model, optimizer=optimizer, step=step)
    checkpoint.save(fixtures.prefix("object/nested"))
    fixtures.check("object/nested-1")


def make_worked(fixtures: Recorder) -> None:
    """Three very small checkpoints, to be looked at byte by byte."""
    two = {
        b"b": values.of_array([1.5, -2]),
        b"a": values.of_array(7, tf.int64),
    }
    make_plain(fixtures, "worked/two_tensors", two)
    w, bias = counting(4, 3), values.of_array(9.0)
    items = [*slice_items(b"w", w, rows(2, 2)), (b"bias", bias, "")]
    save(fixtures.prefix("worked/sliced"), items)
    fixtures.check("worked/sliced", {b"w": w, b"bias": bias}, as_slices(items))
    variable = tf.Variable([1.0, 2.0], name="v")
    tf.train.Checkpoint(v=variable).write(fixtures.prefix("worked/object"))
    fixtures.check("worked/object")


# Hand-built fixtures


def recode(source: str, target: str, **options: int | bool) -> None:
    """Copy a bundle, with its index encoded in another way."""
    index = read_table(Path(source + ".index").read_bytes())
    Path(target + ".index").write_bytes(write_table(index, **options))
    suffix = ".data-00000-of-00001"
    shutil.copyfile(source + suffix, target + suffix)


RECODINGS = {
    "blocks/size_64": {"block_size": 64},
    "blocks/size_64_restart_1": {"block_size": 64, "restart_interval": 1},
    "blocks/size_512": {"block_size": 512},
    "blocks/restart_1": {"restart_interval": 1},
    "blocks/restart_1000": {"restart_interval": 1000},
    "snappy/one_block": {"snappy": True},
    "snappy/size_512": {"block_size": 512, "snappy": True},
    "snappy/size_64": {"block_size": 64, "snappy": True},
}


def make_recoded(fixtures: Recorder) -> None:
    """One bundle with its index in other block sizes, intervals, compression."""
    tensors = {
        f"model/layer_{i:02d}/{part}".encode(): counting(2 + i % 3, start=i)
        for i in range(30)
        for part in ("bias", "kernel")
    }
    tensors[b"words"] = values.of_strings([b"alpha", b"", b"gamma"], 3)
    sliced = {b"w": counting(5, 3), b"x" * 80: counting(4, 2, dtype=tf.int64)}
    items = whole_items(tensors)
    for name, value in sliced.items():
        items += slice_items(name, value, rows(3, value.shape[0] - 3))
    with tempfile.TemporaryDirectory() as scratch:
        source = str(Path(scratch) / "source")
        save(source, items)
        for name, options in RECODINGS.items():
            recode(source, fixtures.prefix(name), **options)
            fixtures.check(name, tensors | sliced, as_slices(items))


def field(number: int, value: int | bytes) -> bytes:
    """One protobuf field: a number as a varint, bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def bundle_entry(value: Value, offset: int, size: int, masked_crc: int) -> bytes:
    """The index entry of a whole tensor in the first shard."""
    shape = b"".join(field(2, field(1, n) if n else b"") for n in value.shape)
    out = field(1, value.dtype.as_datatype_enum) + field(2, shape)
    out += field(4, offset) if offset else b""
    out += field(5, size) if size else b""
    return out + varint(6 << 3 | 5) + masked_crc.to_bytes(4, "little")


BIG_ENDIAN_HEADER = field(1, 1) + field(2, 1) + field(3, field(1, 1))


def write_big_endian(prefix: str, tensors: dict[bytes, Value]) -> None:
    """A bundle as a big-endian machine writes it."""
    data, entries = b"", [(b"", BIG_ENDIAN_HEADER)]
    for name, value in tensors.items():
        payload, checked = values.big_endian_payload(value)
        crc = masked_crc32c(checked)
        entries.append((name, bundle_entry(value, len(data), len(payload), crc)))
        data += payload
    Path(prefix + ".data-00000-of-00001").write_bytes(data)
    Path(prefix + ".index").write_bytes(write_table(sorted(entries)))


def make_big_endian(fixtures: Recorder) -> None:
    """Every type that TensorFlow reads from a big-endian bundle."""
    tensors = {}
    for dtype in values.FIXED_SIZE_TYPES:
        if dtype.as_datatype_enum < 24:
            tensors[f"{dtype.name}/matrix".encode()] = values.filled(dtype, (2, 3), 1)
    tensors[b"int64/scalar"] = values.of_array(0x0102030405060708, tf.int64)
    tensors[b"float32/empty"] = values.filled(tf.float32, (0, 2))
    tensors[b"string/vector"] = values.of_strings([b"first", b"", b"x" * 300], 3)
    tensors[b"string/scalar"] = values.of_strings([b"hello"])
    tensors[b"string/empty"] = values.of_strings([], 0)
    write_big_endian(fixtures.prefix("bigendian/all"), tensors)
    fixtures.check("bigendian/all", tensors)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python make_fixtures.py OUTDIR")
    fixtures = Recorder(Path(sys.argv[1]))
    for directory in DIRECTORIES:
        shutil.rmtree(fixtures.outdir / directory, ignore_errors=True)
        (fixtures.outdir / directory).mkdir(parents=True)
    for make in [
        make_worked, make_dtypes, make_strings, make_names, make_many, make_slices,
        make_sharded, make_object, make_recoded, make_big_endian,
    ]:  # fmt: skip
        make(fixtures)
    fixtures.write_manifest()
    print(f"{len(fixtures.fixtures)} fixtures made and read back")


if __name__ == "__main__":
    main()
