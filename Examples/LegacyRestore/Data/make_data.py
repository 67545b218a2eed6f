"""Make the legacy checkpoints of the example, and what TensorFlow answers with them.

    python make_data.py .

writes v1/, partitioned/, objects/ and answers.json. Needs TensorFlow 2.21.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf  # noqa: E402

tf1 = tf.compat.v1
INPUTS, HIDDEN, OUTPUTS, WORDS, SEED = 4, 6, 3, 10, 7
SAMPLE = [0.5, -1.0, 0.25, 2.0]
WORD = 7


def one_thread() -> tf1.ConfigProto:
    """One thread, so that a second run gives the same numbers."""
    return tf1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)


def dense(x: tf.Tensor, name: str, outputs: int, seed: int) -> tf.Tensor:
    """A fully connected layer with the variables NAME/kernel and NAME/bias."""
    with tf1.variable_scope(name):
        start = tf1.random_uniform_initializer(-1, 1, seed=seed)
        kernel = tf1.get_variable("kernel", [x.shape[1], outputs], initializer=start)
        bias = tf1.get_variable("bias", [outputs], initializer=start)
    return tf.matmul(x, kernel) + bias


def network(x: tf.Tensor) -> tf.Tensor:
    """Two layers with a relu between them."""
    return dense(tf.nn.relu(dense(x, "hidden", HIDDEN, SEED)), "output", OUTPUTS, SEED + 1)


def make_v1(directory: Path) -> list[float]:
    """The file format of TensorFlow 0.x and 1.0, which is one sorted table."""
    with tf.Graph().as_default(), tf1.Session(config=one_thread()) as session:
        answer = network(tf.constant([SAMPLE]))
        step = tf1.train.get_or_create_global_step()
        session.run(tf1.global_variables_initializer())
        session.run(step.assign(100))
        saver = tf1.train.Saver(write_version=tf1.train.SaverDef.V1, save_relative_paths=True)
        saver.save(session, str(directory / "model.ckpt"), global_step=step, write_meta_graph=False)
        return session.run(answer)[0].tolist()


def make_partitioned(directory: Path) -> list[float]:
    """A checkpoint of TensorFlow 1: an embedding in three parts, and Adam's slot variables."""
    with tf.Graph().as_default(), tf1.Session(config=one_thread()) as session:
        with tf1.variable_scope("ranker"):
            table = tf1.get_variable(
                "embedding",
                [WORDS, INPUTS],
                partitioner=tf1.fixed_size_partitioner(3),
                initializer=tf1.random_uniform_initializer(-1, 1, seed=SEED + 2),
            )
            answer = network(tf1.nn.embedding_lookup(list(table), [WORD], partition_strategy="div"))
        step = tf1.train.get_or_create_global_step()
        loss = tf.reduce_sum(tf.square(answer - 1))
        train = tf1.train.AdamOptimizer(0.01).minimize(loss, global_step=step)
        session.run(tf1.global_variables_initializer())
        for _ in range(25):
            session.run(train)
        saver = tf1.train.Saver(save_relative_paths=True)
        saver.save(session, str(directory / "model.ckpt"), global_step=step, write_meta_graph=False)
        return session.run(answer)[0].tolist()


class Dense(tf.Module):
    """A layer whose variables have names of their own, besides their places."""

    def __init__(self, name: str, inputs: int, outputs: int, seed: int) -> None:
        super().__init__()
        random = tf.random.Generator.from_seed(seed)
        self.kernel = tf.Variable(random.uniform([inputs, outputs], -1, 1), name=f"{name}/kernel")
        self.bias = tf.Variable(random.uniform([outputs], -1, 1), name=f"{name}/bias")

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        return tf.matmul(x, self.kernel) + self.bias


def make_objects(directory: Path) -> list[float]:
    """A checkpoint of TensorFlow 2: keys are places in the graph of objects."""
    layers = [
        Dense("hidden", INPUTS, HIDDEN, SEED + 3),
        Dense("output", HIDDEN, OUTPUTS, SEED + 4),
    ]
    step = tf.Variable(300, dtype=tf.int64, name="global_step")
    checkpoint = tf.train.Checkpoint(layers=layers, step=step)
    checkpoint.save(str(directory / "ckpt"))
    return layers[1](tf.nn.relu(layers[0](tf.constant([SAMPLE]))))[0].numpy().tolist()


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python make_data.py OUTDIR")
    answers = {}
    for name, make in [
        ("v1", make_v1), ("partitioned", make_partitioned), ("objects", make_objects)
    ]:
        directory = Path(sys.argv[1]) / name
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        answers[name] = make(directory)
    text = json.dumps(answers, indent=2) + "\n"
    (Path(sys.argv[1]) / "answers.json").write_text(text)


if __name__ == "__main__":
    main()
