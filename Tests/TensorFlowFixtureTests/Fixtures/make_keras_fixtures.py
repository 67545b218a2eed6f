"""Make the checkpoints of Keras models and optimizers.

    python make_keras_fixtures.py OUTDIR

writes OUTDIR/keras: checkpoints of Keras 2 (tf_keras) and Keras 3 models. Needs
TensorFlow 2.21, tf_keras 2.21 and Keras 3. Every variable holds equal numbers,
so that a few suffice to know it: variable number i of the model holds i + 1,
variable i of the optimizer 100 + i, in the order in which Keras lists them.
Of a SavedModel the variables are kept, without the graph. The page "From Keras"
shows the calls that are marked.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras as keras3
import tensorflow as tf
import tf_keras
import tf_keras as keras2


def made(keras: ModuleType, optimizer: object) -> tf.keras.Model:
    """A trained model of three layers with weights."""
    layers = [
        keras.layers.Input((2,)),
        keras.layers.Dense(3, name="d1"),
        keras.layers.BatchNormalization(name="bn"),
        keras.layers.ReLU(name="relu"),
        keras.layers.Dense(1, name="d2"),
    ]
    model = keras.Sequential(layers, name="net")
    model.compile(optimizer, "mse")
    model.train_on_batch(tf.ones((4, 2)), tf.ones((4, 1)))
    return model


def number(variables: list, start: int) -> None:
    """Give each variable its number."""
    for place, variable in enumerate(variables, start):
        variable.assign(tf.cast(tf.fill(variable.shape, place), variable.dtype))


def listed(optimizer: object) -> list:
    """The variables of an optimizer, in Keras's order."""
    variables = optimizer.variables
    return variables() if callable(variables) else variables


def numbered(keras: ModuleType, optimizer: object) -> tf.keras.Model:
    """The same, every variable with its number."""
    model = made(keras, optimizer)
    number(model.weights, 1)
    number(listed(optimizer), 100)
    return model


def write_checkpoints() -> None:
    """What `tf.train.Checkpoint` makes of models and optimizers."""
    optimizers = {
        "keras2_legacy_adam": (keras2, keras2.optimizers.legacy.Adam(0.5)),
        "keras2_adam": (keras2, keras2.optimizers.Adam(0.5)),
        "keras3_adam": (keras3, keras3.optimizers.Adam(0.5)),
        "keras3_rmsprop": (keras3, keras3.optimizers.RMSprop(0.5, momentum=0.9)),
    }
    for name, (keras, optimizer) in optimizers.items():
        model = numbered(keras, optimizer)
        tf.train.Checkpoint(model=model, optimizer=optimizer).write(name)
        if name == "keras2_legacy_adam":
            model.save_weights("keras2_weights", save_format="tf")


def save_with_keras2(model: tf.keras.Model) -> None:
    """The ways in which models of Keras 2 save themselves."""
    # On the page:
    model.save_weights("weights/model", save_format="tf")  # weights/model.index
    model.save("saved", save_format="tf")  # saved/variables/variables.index
    callback = tf_keras.callbacks.ModelCheckpoint("run/ckpt-{epoch:02d}", save_weights_only=True)
    # Of one epoch without training:
    callback.set_model(model)
    callback.on_epoch_begin(0)
    callback.on_epoch_end(0)


def keep_variables(source: str, target: str) -> None:
    """Keep the variables of a SavedModel."""
    shutil.copytree(Path(source) / "variables", Path(target) / "variables")
    shutil.rmtree(source)


def main(directory: Path) -> None:
    """Write all checkpoints."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    os.chdir(directory)
    write_checkpoints()
    save_with_keras2(numbered(keras2, keras2.optimizers.Adam(0.5)))
    keep_variables("saved", "keras2_saved")
    shutil.rmtree("weights")  # as keras2_weights, with another optimizer
    Path("run").rename("keras2_callback")
    numbered(keras3, keras3.optimizers.Adam(0.5)).export("exported", verbose=False)
    keep_variables("exported", "keras3_export")
    numbered(keras2, keras2.optimizers.Adam(0.5)).export("exported")
    keep_variables("exported", "keras2_export")
    Path("checkpoint").unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) / "keras")
