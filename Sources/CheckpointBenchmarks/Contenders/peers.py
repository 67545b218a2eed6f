"""One of those that the library is compared with: prepares its data, then does one run for each line
of the standard input, and answers with what it took.

Started by checkpoint-benchmarks with a file that says what to do. Exits with 3 if it cannot be
imported.
"""

import gc
import json
import os
import resource
import shutil
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
ORDER = json.load(open(sys.argv[1]))
PEER, OPERATION = ORDER["peer"], ORDER["operation"]
NAMES, SHAPES = ORDER["names"], ORDER["shapes"]
MODELS = []  # that may be saving while nobody waits
MINE = ORDER["fixture"] + "-" + PEER.replace(" ", "-")

try:
    import numpy as np

    if PEER == "safetensors":
        import safetensors
        import safetensors.numpy
    else:
        import tensorflow as tf
except ImportError:
    sys.exit(3)


def arrays():
    return {name: np.full(shape, number, np.float32) for number, (name, shape) in enumerate(zip(NAMES, SHAPES))}


class Module(tf.Module if PEER != "safetensors" else object):
    """The same module as the library's: four variables, and modules below it."""

    def __init__(self):
        self.a, self.b, self.c, self.d = (tf.Variable(np.full(16, 1.5, np.float32)) for _ in range(4))
        self.layers = []


def tree(count):
    root = Module()
    parents, made = [root], 1
    while made < count:
        parent = parents.pop(0)
        for _ in range(min(10, count - made)):
            module = Module()
            parent.layers.append(module)
            parents.append(module)
            made += 1
    return root


def checkpoint():
    if ORDER["modules"]:
        return tf.train.Checkpoint(model=tree(ORDER["modules"]))
    return tf.train.Checkpoint(variables={name: tf.Variable(value) for name, value in arrays().items()})


def operation(output):
    """What is run, and whose files it reads."""
    save = OPERATION.startswith("save")
    if PEER == "TensorFlow Checkpoint":
        model = checkpoint()
        if OPERATION == "hold-up":
            background = tf.train.CheckpointOptions(experimental_enable_async_checkpoint=True)
            MODELS.append(model)
            return lambda: model.write(output, options=background), None
        if save:
            return lambda: model.write(output), None
        if not os.path.exists(MINE + ".index"):
            model.write(MINE)
        return lambda: model.read(MINE), MINE
    if PEER == "TensorFlow operation" and ORDER["parts"]:
        parts = [own_part(part, output) for part in ORDER["parts"]]
        return lambda: tf.raw_ops.MergeV2Checkpoints(
            checkpoint_prefixes=parts, destination_prefix=output, delete_old_dirs=False
        ), None
    if PEER == "TensorFlow operation":
        if save:
            values = [tf.constant(value) for value in arrays().values()]
            slices = [""] * len(NAMES)
            return lambda: tf.raw_ops.SaveV2(
                prefix=output, tensor_names=NAMES, shape_and_slices=slices, tensors=values
            ), None
        return lambda: tf.raw_ops.RestoreV2(
            prefix=ORDER["fixture"], tensor_names=NAMES, shape_and_slices=[""] * len(NAMES),
            dtypes=[tf.float32] * len(NAMES),
        ), ORDER["fixture"]
    if PEER == "TensorFlow reader":
        if OPERATION == "list":
            return lambda: tf.train.load_checkpoint(ORDER["fixture"]).get_variable_to_shape_map(), ORDER["fixture"]
        return lambda: tf.train.load_checkpoint(ORDER["fixture"]).get_tensor(ORDER["single"]), ORDER["fixture"]
    if save:
        values = arrays()
        return lambda: safetensors.numpy.save_file(values, output), None
    if not os.path.exists(MINE):
        safetensors.numpy.save_file(arrays(), MINE)
    if OPERATION == "list":
        def listing():
            with safetensors.safe_open(MINE, "np") as file:
                return [(key, file.get_slice(key).get_shape()) for key in file.keys()]
        return listing, MINE
    if ORDER["single"]:
        def single():
            with safetensors.safe_open(MINE, "np") as file:
                return file.get_tensor(ORDER["single"])
        return single, MINE
    return lambda: safetensors.numpy.load_file(MINE), MINE


def own_part(part, output):
    return os.path.join(output + "-parts", os.path.basename(part))


def link_parts(output):
    """Gives the parts that are merged names of this process's own: merging takes them away."""
    if ORDER["parts"]:
        os.makedirs(output + "-parts")
    for part in ORDER["parts"]:
        for suffix in (".index", ".data-00000-of-00001"):
            os.link(part + suffix, own_part(part, output) + suffix)


def files(prefix):
    folder, name = os.path.split(prefix)
    return [os.path.join(folder, file) for file in os.listdir(folder) if file == name or file.startswith(name + ".")]


def evict(prefix):
    for file in files(prefix):
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def status(field):
    for line in open("/proc/self/status"):
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


def processor_time():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def train(model):
    """A step of a training, so that the program has not slept until the call that is measured."""
    for variable in model.variables.values():
        variable.assign_add(tf.ones_like(variable))


def measure(run):
    gc.collect()
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    before, cpu, start = status("VmRSS"), processor_time(), time.perf_counter()
    result = run()
    seconds, cpu = time.perf_counter() - start, processor_time() - cpu
    peak = status("VmHWM")
    del result
    return {
        "seconds": seconds, "cpuSeconds": cpu, "peakByteCount": peak,
        "growthByteCount": max(0, peak - before),
    }


def main():
    output = ORDER["output"] + "-" + PEER.replace(" ", "-")
    run, source = operation(output)
    print(ORDER["ready"], flush=True)
    for _ in sys.stdin:
        if OPERATION == "restore cold":
            evict(source)
        for model in MODELS:
            train(model)
        link_parts(output)
        result = measure(run)
        for model in MODELS:
            model.sync()
        print(json.dumps(result), flush=True)
        if source is None:
            for file in files(output):
                os.remove(file)
            shutil.rmtree(output + "_temp", ignore_errors=True)
            shutil.rmtree(output + "-parts", ignore_errors=True)


main()
