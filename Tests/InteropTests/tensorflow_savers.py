"""TensorFlow's name-based savers, and its policy of cutting tensors for data files.

`restore` works without a graph, as programs do today. `save` and
`restore_partitioned` build one, since TensorFlow can save to several files,
and knows partitioned variables, only there.
"""

from __future__ import annotations

import tensorflow as tf
from tensorflow.python.checkpoint.sharding import sharding_policies, sharding_util

v1 = tf.compat.v1


def restore(path: str, zeros: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Restores variables from a checkpoint, by their names."""
    variables = {name: tf.Variable(value) for name, value in zeros.items()}
    v1.train.Saver(variables).restore(None, path)
    return {name: variable.read_value() for name, variable in variables.items()}


def save(command: dict, values: dict[str, tf.Tensor]) -> dict:
    """Saves variables that live on several devices.

    {"prefix": "/dir/m", "version": 2, "sharded": true,
     "variables": [{"name": "w", "device": "/cpu:1", ...}]}
    """
    arrays = {name: value.numpy() for name, value in values.items()}
    dtypes = {name: value.dtype for name, value in values.items()}
    with tf.Graph().as_default():
        variables = {}
        for item in command["variables"]:
            name = item["name"]
            with tf.device(item.get("device", "/cpu:0")):
                initial = v1.constant(arrays[name], dtypes[name])
                variables[name] = v1.get_variable(name, initializer=initial, use_resource=True)
        saver = v1.train.Saver(
            variables, sharded=command["sharded"], write_version=command["version"]
        )
        with session() as running:
            running.run(v1.global_variables_initializer())
            path = saver.save(running, command["prefix"], write_meta_graph=False)
    return {"path": path}


def save_partitioned(command: dict, value: tf.Tensor) -> dict:
    """Saves one variable that is partitioned along an axis."""
    array = value.numpy()
    with tf.Graph().as_default():

        def part(shape, dtype, partition_info):
            starts = partition_info.var_offset
            here = tuple(slice(start, start + size) for start, size in zip(starts, shape))
            return v1.constant(array[here], dtype)

        variable = partitioned(command, part, value.dtype)
        saver = v1.train.Saver(list(variable), write_version=command["version"])
        with session() as running:
            running.run(v1.global_variables_initializer())
            path = saver.save(running, command["prefix"], write_meta_graph=False)
    return {"path": path}


def restore_partitioned(command: dict, dtype: tf.DType) -> tf.Tensor:
    """Restores one variable that is partitioned along an axis."""
    with tf.Graph().as_default():
        variable = partitioned(command, v1.zeros_initializer(), dtype)
        saver = v1.train.Saver(list(variable))
        with session() as running:
            saver.restore(running, command["path"])
            array = running.run(variable.as_tensor())
    return tf.constant(array, dtype)


def partitioned(command: dict, initializer, dtype: tf.DType):
    """A variable of "count" parts along "axis"."""
    return v1.get_variable(
        command["name"],
        command["shape"],
        dtype,
        initializer=initializer,
        partitioner=v1.fixed_size_partitioner(command["count"], command["axis"]),
    )


def session():
    """A session of three devices."""
    return v1.Session(config=v1.ConfigProto(device_count={"CPU": 3}))


def shards(command: dict) -> dict:
    """How data files of a size at most are filled.

    {"max_bytes": 64, "tensors": [{"name": "w", "dtype": "float32", "shape": [5, 4]}]}

    Answers with the keys and slices of each file.
    """
    tensors = []
    for item in command["tensors"]:
        tensor = tf.zeros(item["shape"], item["dtype"])
        tensors.append(
            sharding_util.ShardableTensor(
                _tensor_save_spec=None,
                tensor=tensor,
                dtype=tensor.dtype,
                device="/cpu:0",
                name=item["name"],
                shape=tensor.shape,
                slice_spec="",
                checkpoint_key=item["name"],
                trackable=None,
            )
        )
    filled = sharding_policies.MaxShardSizePolicy(command["max_bytes"])(tensors)
    return {
        "shards": [
            [[key, spec] for key, slices in shard.items() for spec in slices] for shard in filled
        ]
    }


def save_table(command: dict) -> dict:
    """Saves a table of numbers by words under the name "words", beside a variable "a".

    {"prefix": "/dir/m", "version": 1, "entries": {"cat": 7}}
    """
    entries = command["entries"]
    with tf.Graph().as_default():
        table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
        insert = table.insert(list(entries), tf.constant(list(entries.values()), tf.int64))
        variable = v1.get_variable("a", initializer=1.0)
        saver = v1.train.Saver(
            {"a": variable, "words": table}, write_version=command["version"]
        )
        with session() as running:
            running.run([v1.global_variables_initializer(), insert])
            path = saver.save(running, command["prefix"], write_meta_graph=False)
    return {"path": path}


def restore_table(command: dict) -> dict:
    """Restores the table of `save_table`, and answers with its entries."""
    with tf.Graph().as_default():
        table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
        variable = v1.get_variable("a", initializer=0.0)
        saver = v1.train.Saver({"a": variable, "words": table})
        with session() as running:
            saver.restore(running, command["path"])
            keys, values = running.run(table.export())
    return {"entries": {key.decode(): int(value) for key, value in zip(keys, values)}}
