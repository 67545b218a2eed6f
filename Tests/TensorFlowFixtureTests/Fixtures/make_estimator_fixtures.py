"""Make the checkpoints of a program of TensorFlow 1.

    python make_estimator_fixtures.py OUTDIR

writes OUTDIR/estimator, the directory of a training with Adam for three steps,
and OUTDIR/hub, the variables of a module of TensorFlow Hub's first format. Needs
TensorFlow 2.21, which has no `tf.estimator` any more: the training runs in what an
Estimator trains in, a `MonitoredTrainingSession`, and the module is saved as
tensorflow_hub/native_module.py does it, by a `Saver` of the names inside of the
module. Every variable holds equal numbers: its place in the sorted list of names,
from 1 on, but for `global_step`.
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


def dense(inputs: tf.Tensor, outputs: int, name: str) -> tf.Tensor:
    """A dense layer, as `tf.layers` names its variables."""
    with v1.variable_scope(name):
        kernel = v1.get_variable("kernel", (inputs.shape[-1], outputs))
        bias = v1.get_variable("bias", (outputs,))
    return tf.matmul(inputs, kernel) + bias


def numbering() -> tf.Operation:
    """Gives each variable its number."""
    step = v1.train.get_global_step()
    variables = [variable for variable in v1.global_variables() if variable is not step]
    variables.sort(key=lambda variable: variable.name)
    numbers = [
        v1.assign(variable, tf.fill(variable.shape, float(place)))
        for place, variable in enumerate(variables, 1)
    ]
    return tf.group(numbers)


def train(directory: Path) -> None:
    """Three steps, with a checkpoint at the end."""
    step = v1.train.create_global_step()
    outputs = dense(dense(tf.ones((4, 2)), 3, "hidden"), 1, "output")
    optimizer = v1.train.AdamOptimizer(0.1)
    training = optimizer.minimize(tf.reduce_sum(outputs**2), global_step=step)
    numbers = numbering()
    scaffold = v1.train.Scaffold(saver=v1.train.Saver(max_to_keep=1))
    with v1.train.MonitoredTrainingSession(
        checkpoint_dir=str(directory),
        scaffold=scaffold,
        save_checkpoint_steps=1000,
        save_summaries_steps=None,
        save_summaries_secs=None,
    ) as session:
        for _ in range(3):
            session.run(training)
        session.run(numbers)
    for path in directory.iterdir():
        if path.suffix in (".meta", ".pbtxt") or path.name.startswith("events"):
            path.unlink()


def export_module(directory: Path) -> None:
    """The variables of a module."""
    dense(dense(tf.ones((4, 2)), 3, "hidden"), 1, "output")
    numbers = numbering()
    (directory / "variables").mkdir(parents=True)
    with v1.Session() as session:
        session.run(numbers)
        v1.train.Saver().save(
            session,
            str(directory / "variables" / "variables"),
            write_meta_graph=False,
            write_state=False,
        )


def main(directory: Path) -> None:
    """Write both."""
    v1.logging.set_verbosity(v1.logging.ERROR)
    for name, write in (("estimator", train), ("hub", export_module)):
        shutil.rmtree(directory / name, ignore_errors=True)
        with tf.Graph().as_default():
            write(directory / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
