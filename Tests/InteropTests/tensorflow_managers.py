"""TensorFlow's CheckpointManager and Saver, driven with a clock of the caller's.

Both keep and delete by times that they take from the `time` module, and both
save real checkpoints here. Answers name checkpoints by the numbers at the end
of their files' names.
"""

from __future__ import annotations

import contextlib
import os
import re
import types
from typing import Iterator

import tensorflow as tf
from tensorflow.python.checkpoint import checkpoint_management
from tensorflow.python.training import saver as saver_module


class Clock:
    """Stands for the `time` module."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now


@contextlib.contextmanager
def clock(module: types.ModuleType, now: float) -> Iterator[Clock]:
    """Lets a module tell the time by a clock of ours."""
    original, fake = module.time, Clock(now)
    module.time = fake
    try:
        yield fake
    finally:
        module.time = original


def numbers(directory: str) -> list[int]:
    """The numbers of the checkpoints that are there."""
    matches = (re.fullmatch(r".*-(\d+)\.index", name) for name in os.listdir(directory))
    return sorted(int(match.group(1)) for match in matches if match)


def number(path: str) -> int:
    return int(path.rsplit("-", 1)[1])


def variable() -> tf.Variable:
    return tf.Variable([1.0, 2.0], name="w")


def run_manager(command: dict) -> dict:
    """Saves once at each time; a manager of its own for each list of times.

    Each manager continues the directory, and restores first if asked to.
    """
    hours = command.get("hours")
    answers = []
    for times in command["runs"]:
        with clock(checkpoint_management, times[0]) as now:
            checkpoint = tf.train.Checkpoint(w=variable())
            manager = tf.train.CheckpointManager(
                checkpoint,
                command["directory"],
                max_to_keep=command.get("keep"),
                keep_checkpoint_every_n_hours=hours,
                checkpoint_name=command.get("name", "ckpt"),
            )
            if command.get("restore", True) and manager.latest_checkpoint:
                checkpoint.restore(manager.latest_checkpoint).expect_partial()
            for time in times[1:]:
                now.now = time
                manager.save()
            answers.append({
                "files": numbers(command["directory"]),
                "listed": [number(path) for path in manager.checkpoints],
                "last_preserved": manager._last_preserved_timestamp,
            })
    return {"runs": answers}


def run_saver(command: dict) -> dict:
    """Saves once at each time; the saver is created at the first of them."""
    times = command["times"]
    # In a graph: eagerly, a Saver would build new operations for every save.
    with clock(saver_module, times[0]) as now, tf.Graph().as_default():
        value = tf.compat.v1.get_variable("w", initializer=[1.0, 2.0])
        saver = tf.compat.v1.train.Saver(
            {"w": value},
            max_to_keep=command["keep"],
            keep_checkpoint_every_n_hours=command["hours"],
        )
        with tf.compat.v1.Session() as session:
            session.run(value.initializer)
            for step, time in enumerate(times[1:], start=1):
                now.now = time
                saver.save(
                    session,
                    os.path.join(command["directory"], "m"),
                    global_step=step,
                    write_meta_graph=False,
                )
    return {
        "files": numbers(command["directory"]),
        "listed": [number(path) for path in saver.last_checkpoints],
    }


def save_beside(command: dict) -> dict:
    """Saves many times, by a manager and a Saver in turn, while somebody else saves in the directory.

    All elements of all variables are the number of the save.
    """
    directory = command["directory"]
    variables = {name: tf.Variable(tf.zeros([1000]), name=name) for name in "abc"}
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(**variables), directory, max_to_keep=3, checkpoint_name="theirs")
    saver = tf.compat.v1.train.Saver(variables, max_to_keep=3)
    for step in range(1, command["count"] + 1):
        for variable in variables.values():
            variable.assign(tf.fill([1000], float(step)))
        manager.save()
        saver.save(None, os.path.join(directory, "their_saver"), global_step=step)
    return {"manager": [number(path) for path in manager.checkpoints]}
