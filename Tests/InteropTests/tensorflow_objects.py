"""Structures of objects that TensorFlow saves and restores, for tests to compare with.

A structure is a function that makes objects with a `Maker` and returns a
checkpoint of them. The maker gives every variable the value that the function
says, or zeros if the values are to come from a checkpoint. The same structures
stand in ObjectStructures.swift, under the same names.
"""

from __future__ import annotations

import os
from collections import namedtuple
from typing import Any, Callable

import tensorflow as tf
from tensorflow.python.trackable.base import Trackable

v1 = tf.compat.v1.train

Point = namedtuple("Point", "x y")


class Maker:
    """Makes variables: with their values, or with zeros in their place."""

    def __init__(self, fresh: bool) -> None:
        self.fresh = fresh

    def variable(self, value: Any, name: str, dtype: tf.DType = tf.float32) -> tf.Variable:
        value = tf.constant(value, dtype)
        return tf.Variable(tf.zeros_like(value) if self.fresh else value, name=name)

    def layer(self, start: float) -> tf.Module:
        """A kernel of shape [2, 3] and a bias."""
        kernel = [[start + 3 * row + column for column in range(3)] for row in range(2)]
        return module(
            kernel=self.variable(kernel, "kernel"),
            bias=self.variable([start, -start], "bias"),
        )


class PythonState(tf.train.experimental.PythonState):
    """A state that is text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def serialize(self) -> str:
        return self.text

    def deserialize(self, text: str | bytes) -> None:
        self.text = text.decode() if isinstance(text, bytes) else text


def module(**attributes: Any) -> tf.Module:
    """A module with these attributes, assigned in order."""
    made = tf.Module()
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def trained(optimizer: v1.Optimizer, slots: dict[str, float], variables: list) -> v1.Optimizer:
    """An optimizer that has slot variables of these values; the variables keep theirs."""
    values = [variable.numpy() for variable in variables]
    optimizer.apply_gradients([(tf.ones_like(variable), variable) for variable in variables])
    for variable, value in zip(variables, values):
        variable.assign(value)
        for name, number in slots.items():
            optimizer.get_slot(variable, name).assign(tf.fill(value.shape, number))
    return optimizer


def trained_adam(make: Maker, variables: list) -> v1.Optimizer:
    """The same for Adam, which has variables of its own besides."""
    numbers = (0.0, 0.0, 0.0, 0.0) if make.fresh else (0.25, 0.5, 0.75, 0.875)
    slots = {"m": numbers[0], "v": numbers[1]}
    optimizer = trained(v1.AdamOptimizer(0.5), slots, variables)
    for variable, number in zip(optimizer._get_beta_accumulators(), numbers[2:]):
        variable.assign(number)
    return optimizer


def trained_momentum(make: Maker, number: float, variables: list) -> v1.Optimizer:
    """The same for momentum; a fresh one makes its slot variables while they are restored."""
    optimizer = v1.MomentumOptimizer(0.5, 0.9)
    return optimizer if make.fresh else trained(optimizer, {"momentum": number}, variables)


def minimal(make: Maker) -> tf.train.Checkpoint:
    return tf.train.Checkpoint(v=make.variable([1, 2], "v"))


def nested(make: Maker) -> tf.train.Checkpoint:
    model = module(
        hidden=module(first=make.layer(1), second=make.layer(2)),
        scale=make.variable(0.5, "scale", tf.float64),
    )
    return tf.train.Checkpoint(step=make.variable(7, "step", tf.int64), model=model)


def dtypes(make: Maker) -> tf.train.Checkpoint:
    values = {
        "flag": (True, tf.bool),
        "text": ([b"one", b"", b"\xff\x00"], tf.string),
        "bytes": ([1, 2, 255], tf.uint8),
        "half": ([1.5, -2], tf.float16),
        "brain": ([1.5, -2], tf.bfloat16),
        "complex": ([1 + 2j], tf.complex64),
        "none": ([], tf.float32),
    }
    variables = {}
    for name, (value, dtype) in values.items():
        if make.fresh and dtype == tf.string:
            variables[name] = tf.Variable(["", "", ""], name=name)
        else:
            variables[name] = make.variable(value, name, dtype)
    return tf.train.Checkpoint(**variables)


def lists(make: Maker) -> tf.train.Checkpoint:
    inner = [7, make.variable(3, "c")]
    model = module(
        mixed=[make.variable(1, "a"), 5, make.variable(2, "b"), "x", inner],
        layers=[make.layer(1), make.layer(2)],
    )
    return tf.train.Checkpoint(model=model)


def dictionaries(make: Maker) -> tf.train.Checkpoint:
    model = module(
        table={
            "a": make.variable(1, "a"),
            "a.b/c": make.variable(2, "b"),
            "plain": 3,
            "z": {"k": make.variable(3, "c")},
        },
        ordered={
            "z": make.variable(4, "d"),
            "m": make.variable(5, "e"),
            "a": make.variable(6, "f"),
        },
    )
    return tf.train.Checkpoint(model=model)


def tuples(make: Maker) -> tf.train.Checkpoint:
    model = module(
        pair=(make.variable(1, "a"), 3, make.variable(2, "b")),
        point=Point(x=make.variable(3, "c"), y=make.variable(4, "d")),
        plain=(1, 2),
    )
    return tf.train.Checkpoint(model=model)


def shared(make: Maker) -> tf.train.Checkpoint:
    zed, other = make.layer(1), make.layer(2)
    model = module(zed=zed, again=zed, other=other, shared=zed.kernel)
    return tf.train.Checkpoint(model=model, bias=other.bias)


def cycle(make: Maker) -> tf.train.Checkpoint:
    parent = module(w=make.variable(1, "w"))
    parent.me = parent
    parent.child = module(w=make.variable(2, "u"), parent=parent)
    return tf.train.Checkpoint(model=parent)


def empty(make: Maker) -> tf.train.Checkpoint:
    model = module(w=make.variable(1, "w"), list=[], numbers=[1, 2], table={}, nested=[[], {}])
    return tf.train.Checkpoint(model=model)


def names(make: Maker) -> tf.train.Checkpoint:
    odd = ["a.b", "c/d", "e f", "é", "e\u0301", "日本", ".", "..S", "/", "_w", "x/.S.", "🙂"]
    return tf.train.Checkpoint(
        **{name: make.variable(number, f"v{number}") for number, name in enumerate(odd, 1)}
    )


def chain(make: Maker) -> tf.train.Checkpoint:
    node = module(w=make.variable(1, "w"))
    for _ in range(1500):
        node = module(n=node)
    return tf.train.Checkpoint(model=node)


def wide(make: Maker) -> tf.train.Checkpoint:
    layers = [make.layer(number) for number in range(1, 101)]
    return tf.train.Checkpoint(model=module(layers=layers))


def attached(make: Maker) -> tf.train.Checkpoint:
    root = module(b=make.variable(1, "b"), a=make.layer(1))
    return tf.train.Checkpoint(root, z=make.variable(2, "z"), c=make.variable(3, "c"), b=root.b)


def attached_save(make: Maker) -> tf.train.Checkpoint:
    return attached(make)


def root_variable(make: Maker) -> tf.train.Checkpoint:
    variable = tf.Variable(5.0, name="v")  # a root has to be true: not zero
    if make.fresh:
        variable.assign(1.0)
    return tf.train.Checkpoint(variable, w=make.variable(2, "w"))


def root_counter(make: Maker) -> tf.train.Checkpoint:
    return tf.train.Checkpoint(module(save_counter=make.variable(7, "mine", tf.int64)))


def state(make: Maker) -> tf.train.Checkpoint:
    text = "{}" if make.fresh else '{"epoch":3,"path":"a/b"}'
    return tf.train.Checkpoint(a=PythonState(text), w=make.variable(1, "w"))


def momentum(make: Maker) -> tf.train.Checkpoint:
    model = make.layer(1)
    optimizer = trained_momentum(make, 0.25, [model.kernel, model.bias])
    return tf.train.Checkpoint(model=model, optimizer=optimizer)


def optimizer_root(make: Maker) -> tf.train.Checkpoint:
    w = make.variable([1, 2], "w")
    return tf.train.Checkpoint(trained_momentum(make, 0.25, [w]), w=w)


def adam(make: Maker) -> tf.train.Checkpoint:
    model = module(a=make.layer(1), zed=make.layer(2))
    optimizer = trained_adam(make, [model.zed.kernel, model.a.bias])
    return tf.train.Checkpoint(model=model, optimizer=optimizer)


def two_optimizers(make: Maker) -> tf.train.Checkpoint:
    w = make.layer(1)
    first = trained_momentum(make, 0.25, [w.kernel, w.bias])
    second = trained_momentum(make, 0.5, [w.bias])
    return tf.train.Checkpoint(w=w, first=first, second=second)


def everything(make: Maker) -> tf.train.Checkpoint:
    zed, a = make.layer(1), make.layer(10)
    text = tf.Variable("" if make.fresh else b"text", name="odd")
    model = module(
        zed=zed,
        a=a,
        layers=[zed, a, make.variable(3, "in_list")],
        tables={
            "x": make.variable([1, 2, 3], "in_dict", tf.int32),
            "a.b/c": text,
            "lst": [make.variable(True, "Variable", tf.bool)],
        },
        pair=(zed.kernel, make.variable(4, "in_tuple", tf.float64)),
        shared=zed.kernel,
    )
    model.me = model
    model.empty = []
    model.cfg = {"n": 3}
    optimizer = trained_adam(make, [zed.kernel, a.bias])
    step = make.variable(41, "global_step", tf.int64)
    return tf.train.Checkpoint(model=model, optimizer=optimizer, step=step)


def twice(make: Maker) -> tf.train.Checkpoint:
    return minimal(make)


def later(make: Maker) -> tf.train.Checkpoint:
    return minimal(make)


class Quantizer(Trackable):
    """An object of two tensors under attribute names of its own."""

    def __init__(self, make: Maker) -> None:
        self.offsets = make.variable([1, 2, 3], "offsets")
        self.scale = make.variable(0.5, "scale", tf.float64)

    def _trackable_children(self, *args: Any, **options: Any) -> dict:
        return {}  # the variables are no children: their values are attributes

    def _serialize_to_tensors(self) -> dict[str, tf.Tensor]:
        return {"offsets": self.offsets.read_value(), "scale": self.scale.read_value()}

    def _restore_from_tensors(self, tensors: dict[str, tf.Tensor]) -> None:
        self.offsets.assign(tensors["offsets"])
        self.scale.assign(tensors["scale"])


def attributes(make: Maker) -> tf.train.Checkpoint:
    model = module(quantizer=Quantizer(make), w=make.variable(1, "w"))
    return tf.train.Checkpoint(model=model)


def table(make: Maker) -> tf.train.Checkpoint:
    words = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    nothing = tf.lookup.experimental.MutableHashTable(tf.int64, tf.float32, 0)
    if not make.fresh:  # one entry: more have no order that can be known
        words.insert(tf.constant(["cat"]), tf.constant([7], tf.int64))
    model = module(w=make.variable(1, "w"), words=words, nothing=nothing)
    return tf.train.Checkpoint(model=model, last=make.variable(2, "last"))


STRUCTURES: dict[str, Callable[[Maker], tf.train.Checkpoint]] = {
    function.__name__: function
    for function in (
        minimal, nested, dtypes, lists, dictionaries, tuples, shared, cycle, empty, names, chain,
        wide, attached, attached_save, root_variable, root_counter, state, momentum,
        optimizer_root, adam, two_optimizers, everything, twice, later, attributes, table,
    )
}  # fmt: skip


class KeySum(tf.train.experimental.ShardingCallback):
    """A rule of a program's own: the sum of a key's bytes says which of three files it goes to."""

    description = "the sum of the bytes of the key, modulo 3"

    def __call__(self, tensors: list) -> list[dict]:
        shards: list[dict] = [{}, {}, {}]
        for tensor in tensors:
            shard = shards[sum(tensor.checkpoint_key.encode()) % 3]
            shard.setdefault(tensor.checkpoint_key, {})[tensor.slice_spec] = tensor.tensor
        return [shard for shard in shards if shard]


def save_sharded(command: dict) -> dict:
    """Save a structure under a prefix over several data files, by "max_bytes" or by `KeySum`."""
    tf.compat.v1.reset_default_graph()
    if "max_bytes" in command:
        policy = tf.train.experimental.MaxShardSizePolicy(command["max_bytes"])
    else:
        policy = KeySum()
    options = tf.train.CheckpointOptions(experimental_sharding_callback=policy)
    checkpoint = STRUCTURES[command["structure"]](Maker(fresh=False))
    return {"prefix": checkpoint.write(command["prefix"], options)}


def save(name: str, prefix: str) -> str:
    """Save a structure with its values, as its name says."""
    tf.compat.v1.reset_default_graph()  # names of slot variables are made unique in it
    make = Maker(fresh=False)
    checkpoint = STRUCTURES[name](make)
    match name:
        case "attached_save" | "everything" | "root_counter":
            return checkpoint.save(prefix)
        case "twice":
            checkpoint.save(prefix)
            return checkpoint.save(prefix)
        case "later":
            checkpoint.save(prefix)
            checkpoint.a = make.variable(3, "a")
            return checkpoint.save(prefix)
    return checkpoint.write(prefix)


def build(command: dict) -> dict:
    """Save the structure of a name."""
    return {"prefix": save(command["structure"], command["prefix"])}


def restore(command: dict) -> dict:
    """Restore a structure without values, and write what it has then to another prefix."""
    tf.compat.v1.reset_default_graph()
    name, make = command["structure"], Maker(fresh=True)
    checkpoint = STRUCTURES[name](make)
    if name == "later":
        checkpoint.save_counter  # made now, so that it stands before the other one
        checkpoint.a = make.variable(3, "a")
    numbered = name in ("attached_save", "everything", "root_counter", "twice", "later")
    load = checkpoint.restore if numbered else checkpoint.read
    load(command["prefix"]).assert_consumed()
    os.makedirs(os.path.dirname(command["again"]), exist_ok=True)
    return {"prefix": checkpoint.write(command["again"])}


def restore_variables(prefix: str, zeros: dict[str, tf.Tensor]) -> tuple[dict, int]:
    """Restore variables of a checkpoint by their names in it; also says how often it was saved."""
    variables = {name: tf.Variable(value) for name, value in zeros.items()}
    checkpoint = tf.train.Checkpoint(**variables)
    checkpoint.restore(prefix).assert_consumed()
    values = {name: variable.read_value() for name, variable in variables.items()}
    return values, int(checkpoint.save_counter.numpy())
