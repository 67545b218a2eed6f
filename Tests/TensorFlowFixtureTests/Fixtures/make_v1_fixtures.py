"""Make the V1 checkpoint fixtures, and check each of them with TensorFlow.

    python make_v1_fixtures.py OUTDIR

writes the checkpoints to OUTDIR/v1 and OUTDIR/v1_manifest.json, which says what
TensorFlow reads back from each. Needs TensorFlow 2.21 and numpy. A second run
gives the same bytes.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import make_fixtures as v2
import numpy as np
import tensorflow as tf
import tensor_values as values
from make_fixtures import Item, Parts, counting, rows, slice_items, whole_items
from table_codec import read_table, write_table
from tensor_values import Value

# The data types that V1 can hold.
TYPES = [
    tf.dtypes.as_dtype(number) for number in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 17, 18, 19]
]


def save(path: str, items: list[Item]) -> None:
    """Save all items into one file, in order."""
    tf.raw_ops.SaveSlices(
        filename=path,
        tensor_names=[name for name, _, _ in items],
        shapes_and_slices=[spec for _, _, spec in items],
        data=[value.tensor() for _, value, _ in items],
    )


class Recorder(v2.Recorder):
    """Verifies fixtures; V1's own list of tensors is of few data types, so that it is not asked."""

    def check(
        self,
        name: str,
        expected: dict[bytes, Value] | None = None,
        slices: list[tuple[bytes, str, Value]] = (),
        whole: bool = True,
    ) -> None:
        """Restore what was saved, compare, and record it."""
        prefix = self.prefix(name)
        if whole:
            requests = [(key, "", value.dtype) for key, value in expected.items()]
            assert v2.restore(prefix, requests) == list(expected.values()), name
        requests = [(key, spec, value.dtype) for key, spec, value in slices]
        if requests:
            assert v2.restore(prefix, requests) == [value for _, _, value in slices], name
        self._record(name, expected, slices, whole)

    def write_manifest(self) -> None:
        """Write what was recorded."""
        manifest = self.outdir / "manifest.json"
        before = manifest.read_bytes()
        super().write_manifest()
        manifest.rename(self.outdir / "v1_manifest.json")
        manifest.write_bytes(before)


def make_worked(fixtures: Recorder) -> None:
    """A small file with a partitioned tensor, to be looked at byte by byte."""
    w = values.of_array(np.arange(15).reshape(5, 3) / 4)
    tensors = {
        b"b": values.of_array([7, 8]),
        b"global_step": values.of_array(0, tf.int64),
        b"w": w,
    }
    parts = slice_items(b"w", w, [[(0, 3), (0, 3)], [(3, 2), (0, 3)]])
    items = [*whole_items({k: tensors[k] for k in (b"b", b"global_step")}), *parts]
    save(fixtures.prefix("v1/worked"), items)
    fixtures.check("v1/worked", tensors, v2.as_slices(items))


def make_dtypes(fixtures: Recorder) -> None:
    """Every data type that can be saved, in four shapes."""
    tensors = {}
    for dtype in TYPES:
        for label, shape, skip in [
            ("scalar", (), 2), ("vector", (3,), 0), ("empty", (2, 0, 3), 0), ("matrix", (2, 3), 3),
        ]:  # fmt: skip
            tensors[f"{dtype.name}/{label}".encode()] = values.filled(dtype, shape, skip)
    save(fixtures.prefix("v1/dtypes"), whole_items(tensors))
    fixtures.check("v1/dtypes", tensors)


def make_names(fixtures: Recorder) -> None:
    """Names that trip up readers, one of them of a partitioned tensor."""
    tensors = {n.encode(): counting(2, start=10 * i) for i, n in enumerate(v2.ODD_NAMES)}
    sliced = "s\0l\u00efce".encode()
    items = whole_items(tensors) + slice_items(sliced, counting(4, 2), rows(3, 1))
    tensors[sliced] = counting(4, 2)
    save(fixtures.prefix("v1/names"), items)
    fixtures.check("v1/names", tensors)


CUTS: dict[bytes, Parts] = {
    b"even": rows(2, 2),
    b"uneven": [[(3, 2), (0, 3)], [(0, 3), (0, 3)]],
    b"grid": v2.grid(),
    b"explicit": [[(0, 2), (0, 2)]],
    b"vector": rows(63, 1, 64, 72, rank=1),
    b"columns": [[None, (0, 1)], [None, (1, 2)]],
    b"flags": rows(2, 2),
}


def sliced_tensors() -> dict[bytes, Value]:
    """The tensors that `CUTS` are of."""
    return {
        b"even": counting(4, 3),
        b"uneven": counting(5, 3, start=100),
        b"grid": counting(4, 6, 3, dtype=tf.int32, start=-20),
        b"explicit": counting(2, 2, start=7),
        b"vector": counting(200, dtype=tf.int64, start=-100),
        b"columns": counting(3, 3, dtype=tf.float64),
        b"flags": values.filled(tf.bool, (4, 3)),
    }


def make_slices(fixtures: Recorder) -> None:
    """Tensors cut in several ways, and one of every type cut in two."""
    tensors = sliced_tensors()
    items: list[Item] = []
    for name, parts in CUTS.items():
        items += slice_items(name, tensors[name], parts)
    items.append((b"bias", counting(), ""))
    save(fixtures.prefix("v1/partitioned"), items)
    extra = [(b"grid", "4 6 3 1,2:3,2:-", tensors[b"grid"].part([(1, 2), (3, 2), None]))]
    tensors[b"bias"] = counting()
    fixtures.check("v1/partitioned", tensors, v2.as_slices(items) + extra)
    for name, joinable in [("v1/joinable_types", True), ("v1/unjoinable_types", False)]:
        tensors, items = {}, []
        for dtype in TYPES:
            if (dtype.as_datatype_enum not in v2.UNJOINABLE) == joinable:
                key = dtype.name.encode()
                shape, skip = ((3, 1), 1) if dtype == tf.string else ((5, 2), 0)
                tensors[key] = values.filled(dtype, shape, skip)
                items += slice_items(key, tensors[key], rows(2, shape[0] - 2))
        save(fixtures.prefix(name), items)
        fixtures.check(name, tensors, v2.as_slices(items), whole=joinable)


def make_sharded(fixtures: Recorder) -> None:
    """Two and three shards, with tensors whose slices lie in several."""
    w, table = counting(5, 3), counting(6, 2, dtype=tf.float64, start=50)
    b, words = counting(2, start=1), values.of_strings([b"one", b"", b"three"], 3)
    parts = slice_items(b"w", w, [[(0, 3), (0, 3)], [(3, 2), (0, 3)]])
    pieces = slice_items(b"table", table, rows(1, 2, 3))
    for name, shards in [
        ("v1/two", [[parts[0]], [(b"b", b, ""), parts[1]]]),
        ("v1/three", [[pieces[2], (b"words", words, "")], [(b"b", b, ""), parts[1], pieces[0]],
                      [parts[0], pieces[1]]]),
    ]:  # fmt: skip
        for number, items in enumerate(shards):
            shard = f"{name}-{number:05d}-of-{len(shards):05d}"
            save(fixtures.prefix(shard), items)
        tensors = {b"w": w, b"b": b}
        if len(shards) == 3:
            tensors |= {b"table": table, b"words": words}
        slices = [item for items in shards for item in items if item[2]]
        fixtures.check(f"{name}-?????-of-{len(shards):05d}", tensors, v2.as_slices(slices))


def make_large(fixtures: Recorder) -> None:
    """Records on both sides of the sizes at which blocks end."""
    sizes = [10, 66_000, 400, 131_100, 3]
    # Constant, so that the repository holds little: its objects are compressed.
    tensors = {
        f"layer_{i}".encode(): values.of_array(np.full(size, i, np.float32))
        for i, size in enumerate(sizes)
    }
    save(fixtures.prefix("v1/blocks"), whole_items(tensors))
    fixtures.check("v1/blocks", tensors)


def make_snappy(fixtures: Recorder) -> None:
    """Hand-built: the blocks of a file that TensorFlow wrote, compressed and small."""
    tensors = sliced_tensors()
    items: list[Item] = []
    for name, parts in CUTS.items():
        items += slice_items(name, tensors[name], parts)
    path = Path(fixtures.prefix("v1/snappy"))
    save(str(path), items)
    path.write_bytes(write_table(read_table(path.read_bytes()), block_size=512, snappy=True))
    fixtures.check("v1/snappy", tensors, v2.as_slices(items))


def make_saver(fixtures: Recorder) -> None:
    """What a saver of a graph writes: V1, sharded, with a partitioned variable."""
    compat = tf.compat.v1
    with tf.Graph().as_default():
        start = np.full((5, 2), 2.5, np.float32)
        compat.get_variable(
            "kernel", [5, 2], initializer=compat.constant_initializer(2.5),
            partitioner=compat.fixed_size_partitioner(2), use_resource=False,
        )  # fmt: skip
        compat.get_variable("step", initializer=tf.constant(41, tf.int64), use_resource=False)
        saver = compat.train.Saver(
            sharded=True, write_version=compat.train.SaverDef.V1, save_relative_paths=True
        )
        with compat.Session() as session:
            session.run(compat.global_variables_initializer())
            saver.save(
                session, fixtures.prefix("v1/saver/model.ckpt"), global_step=41,
                write_meta_graph=False,
            )  # fmt: skip
    tensors = {b"kernel": values.of_array(start), b"step": values.of_array(41, tf.int64)}
    fixtures.check("v1/saver/model.ckpt-41-?????-of-00001", tensors)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python make_v1_fixtures.py OUTDIR")
    fixtures = Recorder(Path(sys.argv[1]))
    shutil.rmtree(fixtures.outdir / "v1", ignore_errors=True)
    (fixtures.outdir / "v1/saver").mkdir(parents=True)
    for make in [
        make_worked, make_dtypes, make_names, make_slices, make_sharded, make_large, make_snappy,
        make_saver,
    ]:  # fmt: skip
        make(fixtures)
    fixtures.write_manifest()
    print(f"{len(fixtures.fixtures)} fixtures made and read back")


if __name__ == "__main__":
    main()
