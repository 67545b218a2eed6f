"""Models of Keras 3 that save themselves, and restore what the library has saved.

The page "From Keras" shows the calls that are marked.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

import tensorflow as tf


@contextmanager
def below(directory: str) -> Iterator[None]:
    """Work in a directory, and print nothing where the answers go."""
    before = os.getcwd()
    os.chdir(directory)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.chdir(before)


def compiled(optimizer: str) -> tf.keras.Model:
    """The model of the page, with an optimizer that has its variables."""
    layers = tf.keras.layers
    # On the page:
    model = tf.keras.Sequential(
        [
            layers.Input((2,)),
            layers.Dense(3, name="d1"),
            layers.BatchNormalization(name="bn"),
            layers.ReLU(name="relu"),
            layers.Dense(1, name="d2"),
        ],
        name="net",
    )
    # Of each optimizer another form.
    optimizers = {
        "adam": tf.keras.optimizers.Adam(0.5),
        "amsgrad": tf.keras.optimizers.Adam(0.5, amsgrad=True),
        "sgd": tf.keras.optimizers.SGD(0.5, momentum=0.9),
        "rmsprop": tf.keras.optimizers.RMSprop(0.5, momentum=0.9, centered=True),
    }
    model.compile(optimizers[optimizer], "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def values(model: tf.keras.Model) -> dict:
    """All numbers of a model and its optimizer, in Keras's order."""
    return {
        "weights": [variable.numpy().ravel().tolist() for variable in model.weights],
        "optimizer": [variable.numpy().ravel().tolist() for variable in model.optimizer.variables],
    }


def save(command: dict) -> dict:
    """Train a model for three steps, and save it below a directory in the ways of the page."""
    model = compiled(command["optimizer"])
    inputs = tf.reshape(tf.range(8, dtype=tf.float32), (4, 2))
    for _ in range(3):
        model.train_on_batch(inputs, tf.reduce_sum(inputs, 1, keepdims=True))
    with below(command["directory"]):
        # On the page:
        checkpoint = tf.train.Checkpoint(model=model, optimizer=model.optimizer)
        checkpoint.write("keras/ckpt")
        model.export("keras/exported")
    return values(model)


def load(command: dict) -> dict:
    """Restore a new model from what the library has saved below a directory."""
    model = compiled(command["optimizer"])
    checkpoint = tf.train.Checkpoint(model=model, optimizer=model.optimizer)
    with below(command["directory"]):
        # On the page:
        checkpoint.read("swift/ckpt").assert_consumed()
    return values(model)
