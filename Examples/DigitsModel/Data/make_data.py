"""Make the files of the examples: the digits and a TensorFlow checkpoint.

    python make_data.py OUTDIR

writes

    OUTDIR/digits.bin                              1,797 samples of 65 bytes
    OUTDIR/tensorflow/digits-mlp-STEP.index        a TensorFlow V2 checkpoint
    OUTDIR/tensorflow/digits-mlp-STEP.data-00000-of-00001
    OUTDIR/tensorflow/checkpoint                   names the newest checkpoint

Needs TensorFlow 2.21, numpy and scikit-learn. A run takes a few seconds on a
CPU, and a second run on the same machine gives the same bytes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

tf1 = tf.compat.v1

SEED = 7
PIXELS = 64
HIDDEN = 128
CLASSES = 10
TRAIN_SAMPLES = 1437
BATCH = 32
STEPS = 6000
NOISE = 0.3
LEARNING_RATE = 0.001


class Model(NamedTuple):
    """The tensors of the graph that training and testing use."""

    pixels: tf.Tensor
    labels: tf.Tensor
    correct: tf.Tensor
    step: tf.Variable
    train: tf.Operation


def digits_file() -> bytes:
    """All samples in their original order: 64 pixels of 0...16, then the label."""
    digits = load_digits()
    rows = np.column_stack([digits.data, digits.target]).astype(np.uint8)
    return rows.tobytes()


def parse_digits(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Read the digits file back: pixels scaled to 0...1, and labels."""
    rows = np.frombuffer(data, np.uint8).reshape(-1, PIXELS + 1)
    return rows[:, :PIXELS].astype(np.float32) / 16, rows[:, PIXELS].astype(np.int64)


def dense(x: tf.Tensor, name: str, outputs: int) -> tf.Tensor:
    """A fully connected layer with the variables NAME/kernel and NAME/bias."""
    inputs = x.shape[1]
    limit = (6 / (inputs + outputs)) ** 0.5
    with tf1.variable_scope(name):
        kernel = tf1.get_variable(
            "kernel",
            [inputs, outputs],
            initializer=tf1.random_uniform_initializer(-limit, limit, seed=SEED),
        )
        bias = tf1.get_variable("bias", [outputs], initializer=tf1.zeros_initializer())
    return tf.matmul(x, kernel) + bias


def build_model() -> Model:
    """64 pixels -> 128 relu units -> 10 scores, trained with Adam."""
    pixels = tf1.placeholder(tf.float32, [None, PIXELS])
    labels = tf1.placeholder(tf.int64, [None])
    scores = dense(tf.nn.relu(dense(pixels, "hidden", HIDDEN)), "output", CLASSES)
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=scores)
    )
    step = tf1.train.get_or_create_global_step()
    train = tf1.train.AdamOptimizer(LEARNING_RATE).minimize(loss, global_step=step)
    hits = tf.equal(tf.argmax(scores, axis=1), labels)
    return Model(pixels, labels, tf.reduce_sum(tf.cast(hits, tf.int64)), step, train)


def train(session: tf1.Session, model: Model, x: np.ndarray, y: np.ndarray) -> None:
    """Run STEPS Adam steps over random batches with noisy pixels, from a fixed seed."""
    random = np.random.RandomState(SEED)
    for _ in range(STEPS):
        batch = random.randint(0, len(x), BATCH)
        noise = random.normal(0, NOISE, [BATCH, PIXELS])
        session.run(model.train, {model.pixels: x[batch] + noise, model.labels: y[batch]})


def report(session: tf1.Session, model: Model, part: str, x: np.ndarray, y: np.ndarray) -> None:
    """Print how many samples of one part the model gets right."""
    right = int(session.run(model.correct, {model.pixels: x, model.labels: y}))
    print(f"{part}: {right} of {len(y)} right ({100 * right / len(y):.2f} %)")


def single_thread() -> tf1.ConfigProto:
    """One thread, so that sums are always formed in the same order."""
    return tf1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)


def make_checkpoint(directory: Path, data: bytes) -> None:
    """Train on the first samples, test on the rest, and save."""
    x, y = parse_digits(data)
    first, rest = slice(None, TRAIN_SAMPLES), slice(TRAIN_SAMPLES, None)
    with tf.Graph().as_default():
        model = build_model()
        saver = tf1.train.Saver(save_relative_paths=True)
        with tf1.Session(config=single_thread()) as session:
            session.run(tf1.global_variables_initializer())
            train(session, model, x[first], y[first])
            report(session, model, "training part", x[first], y[first])
            report(session, model, "test part", x[rest], y[rest])
            path = saver.save(
                session,
                str(directory / "digits-mlp"),
                global_step=model.step,
                write_meta_graph=False,
            )
    print("saved", Path(path).name)


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python make_data.py OUTDIR")
    outdir = Path(sys.argv[1])
    checkpoints = outdir / "tensorflow"
    checkpoints.mkdir(parents=True, exist_ok=True)
    data = digits_file()
    (outdir / "digits.bin").write_bytes(data)
    make_checkpoint(checkpoints, data)


if __name__ == "__main__":
    main()
