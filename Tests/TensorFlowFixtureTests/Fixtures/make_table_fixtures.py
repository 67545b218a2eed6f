"""Make checkpoints of a table: an object of two tensors, of any number of entries.

    python make_table_fixtures.py OUTDIR

writes OUTDIR/table. Needs TensorFlow 2.21. `objects` is object-based: a model
with the table at `words`, beside a variable `w` = 1. `names` was saved by a
saver of TensorFlow 1, with the table under the name `words`. Both hold three
words and a number for each, in the order that the table has them in.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow as tf

v1 = tf.compat.v1
ENTRIES = {"cat": 7, "dog": -1, "日本": 3}


def make_table() -> tf.lookup.experimental.MutableHashTable:
    """A table without entries."""
    return tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, default_value=-1)


def numbers() -> tf.Tensor:
    """The numbers of the words."""
    return tf.constant(list(ENTRIES.values()), tf.int64)


def write_objects(prefix: str) -> None:
    """Write the object-based one, and see that TensorFlow restores it."""

    def make_model() -> tf.Module:
        model = tf.Module()
        model.w, model.words = tf.Variable(1.0), make_table()
        return model

    model = make_model()
    model.words.insert(list(ENTRIES), numbers())
    tf.train.Checkpoint(model=model).write(prefix)
    again = make_model()
    tf.train.Checkpoint(model=again).read(prefix).assert_consumed()
    assert again.words.lookup(tf.constant(list(ENTRIES))).numpy().tolist() == [7, -1, 3]


def write_names(prefix: str) -> None:
    """Write the name-based one."""
    with tf.Graph().as_default(), v1.Session() as session:
        table = make_table()
        variable = v1.get_variable("w", initializer=1.0)
        saver = v1.train.Saver({"w": variable, "words": table})
        session.run([variable.initializer, table.insert(list(ENTRIES), numbers())])
        saver.save(session, prefix, write_meta_graph=False, write_state=False)


def main(folder: Path) -> None:
    """Write both."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write_objects(str(folder / "objects"))
    write_names(str(folder / "names"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) / "table")
