"""Writes the .meta files of `meta`, as TensorFlow's savers of graphs export them: as messages, and as text.

    python make_meta.py .

TensorFlow checks each: it restores the checkpoint that was saved with it, which is not kept.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from typing import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow as tf

v1 = tf.compat.v1


def variables() -> None:
    """Three variables, one of them not trained, one of integers."""
    v1.get_variable("w", [2, 3], initializer=v1.zeros_initializer())
    v1.get_variable("b", [3], dtype=tf.bfloat16, initializer=v1.ones_initializer())
    v1.train.get_or_create_global_step()
    v1.get_variable("hidden", [], collections=[v1.GraphKeys.LOCAL_VARIABLES])


def default() -> v1.train.Saver:
    """A saver as it is without arguments, of resource variables."""
    v1.enable_resource_variables()
    variables()
    return v1.train.Saver()


def references() -> v1.train.Saver:
    """The same of reference variables, with settings."""
    v1.disable_resource_variables()
    variables()
    return v1.train.Saver(max_to_keep=2, keep_checkpoint_every_n_hours=1.5)


def renamed() -> v1.train.Saver:
    """Variables under other names, one left out; another saver comes first."""
    v1.enable_resource_variables()
    variables()
    v1.train.Saver()
    named = {v.op.name: v for v in v1.global_variables()}
    return v1.train.Saver({"old/kernel": named["w"], "old/step": named["global_step"]})


def scoped() -> v1.train.Saver:
    """A saver in a name scope."""
    v1.enable_resource_variables()
    variables()
    with tf.name_scope("outer"):
        return v1.train.Saver()


def partitioned() -> v1.train.Saver:
    """A variable in two parts of unequal size, beside a whole one."""
    v1.disable_resource_variables()
    with v1.variable_scope("layer", partitioner=v1.fixed_size_partitioner(2)):
        v1.get_variable("w", [5, 3], initializer=v1.zeros_initializer())
    v1.get_variable("b", [3], initializer=v1.zeros_initializer())
    return v1.train.Saver()


def sharded() -> v1.train.Saver:
    """Two devices, so two shards."""
    v1.enable_resource_variables()
    with tf.device("/cpu:0"):
        v1.get_variable("w", [2, 3], initializer=v1.zeros_initializer())
    with tf.device("/cpu:1"):
        v1.get_variable("b", [3], initializer=v1.zeros_initializer())
    return v1.train.Saver(sharded=True)


def version_1() -> v1.train.Saver:
    """A saver that writes the first format."""
    v1.disable_resource_variables()
    variables_without_bfloat16()
    return v1.train.Saver(write_version=v1.train.SaverDef.V1)


def version_1_sharded() -> v1.train.Saver:
    """The same in shards."""
    v1.disable_resource_variables()
    variables_without_bfloat16()
    return v1.train.Saver(write_version=v1.train.SaverDef.V1, sharded=True)


def variables_without_bfloat16() -> None:
    """What the first format can hold."""
    v1.get_variable("w", [2, 3], initializer=v1.zeros_initializer())
    v1.train.get_or_create_global_step()


def make(directory: str, build: Callable[[], v1.train.Saver]) -> None:
    """Builds a graph, saves, restores, and keeps the .meta file."""
    name = build.__name__
    with tempfile.TemporaryDirectory() as scratch, v1.Graph().as_default():
        saver = build()
        config = v1.ConfigProto(device_count={"CPU": 2})
        with v1.Session(config=config) as session:
            session.run([v1.global_variables_initializer(), v1.local_variables_initializer()])
            prefix = saver.save(session, os.path.join(scratch, "model"))
            saver.restore(session, prefix)
        found = [f for f in os.listdir(scratch) if f.endswith(".meta")]
        shutil.copy(os.path.join(scratch, found[0]), os.path.join(directory, f"{name}.meta"))
        saver.export_meta_graph(os.path.join(directory, "text", f"{name}.meta"), as_text=True)


def no_saver(directory: str) -> None:
    """A graph without a saver, with tags."""
    with v1.Graph().as_default():
        variables()
        info = v1.MetaGraphDef.MetaInfoDef(tags=["serve", "gpu"])
        v1.train.export_meta_graph(os.path.join(directory, "no_saver.meta"), meta_info_def=info)
        text = os.path.join(directory, "text", "no_saver.meta")
        v1.train.export_meta_graph(text, meta_info_def=info, as_text=True)


def main() -> None:
    """Writes all files anew."""
    directory = os.path.join(sys.argv[1], "meta")
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(os.path.join(directory, "text"))
    builders = [default, references, renamed, scoped, partitioned, sharded]
    for build in builders + [version_1, version_1_sharded]:
        make(directory, build)
    no_saver(directory)


main()
