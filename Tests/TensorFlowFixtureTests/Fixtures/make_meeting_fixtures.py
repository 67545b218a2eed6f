"""Make a checkpoint of two objects that a program may have made one of since.

    python make_meeting_fixtures.py OUTDIR

writes OUTDIR/meeting. Needs TensorFlow 2.21. Both objects, `a` and `b`, have
variables and an object `inner` of their own, and both have a variable `both`.
Before the files are kept, TensorFlow restores them into one object that stands
at both places: it gets the children of both, the value of `both` from `a`, and
`assert_consumed` passes.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow as tf


def variable(number: float) -> tf.Variable:
    """A scalar variable."""
    return tf.Variable(number, dtype=tf.float32)


def group(**children: tf.Variable) -> tf.train.Checkpoint:
    """An object with these children."""
    return tf.train.Checkpoint(**children)


def main(folder: Path) -> None:
    """Write the checkpoint, and see what TensorFlow makes of it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    a = group(one=variable(1), both=variable(10), inner=group(x=variable(3)))
    b = group(two=variable(2), both=variable(20), inner=group(y=variable(4)))
    prefix = tf.train.Checkpoint(a=a, b=b).write(str(folder / "two"))

    names = ("one", "two", "both")
    inner = group(x=variable(0), y=variable(0))
    met = group(inner=inner, **{name: variable(0) for name in names})
    tf.train.Checkpoint(a=met, b=met).read(prefix).assert_consumed()
    found = [getattr(met, name).numpy() for name in names]
    assert found == [1, 2, 10], found
    assert [inner.x.numpy(), inner.y.numpy()] == [3, 4]


if __name__ == "__main__":
    main(Path(sys.argv[1]) / "meeting")
